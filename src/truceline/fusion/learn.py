"""Learning parameters from the observations themselves: a separate act, whose result goes on the log as integers.

Two passes: fuse, count what stayed unmatched and what watchers detected, shrink towards the defaults, fuse again. Only
kinds of source learn; nothing is ever learned about a party, an alignment or a single source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa

from truceline.fusion.association import associate
from truceline.fusion.audits import calibrate
from truceline.fusion.fuse import Fused, fuse
from truceline.fusion.parameters import DEFAULTS, Parameters
from truceline.fusion.sheet import read
from truceline.geo.lines import Line
from truceline.geo.sectors import Sectors
from truceline.records.codes import SOURCE_KINDS
from truceline.records.parties import Alignment

WEIGHT_OF_DEFAULT = 30.0
PASSES = 2


def learn(
    observations: pa.Table,
    exposure: pa.Table | None = None,
    *,
    line: Line | None = None,
    sectors: Sectors | None = None,
    alignments: tuple[Alignment, ...] = (),
    audits: Mapping[str, bool] | None = None,
) -> Parameters:
    """Shares of unmatched reports, incidents per report, and shares of detection, for each kind of source.

    Args:
        observations, exposure, line, sectors, alignments: as for `fuse`.
        audits: see `audits.calibrate`; without them the weights of kinds keep their defaults.
    Returns:
        A whole set; what these observations cannot teach keeps its default.
    Raises:
        FusionError: as `fuse`.
    """
    parameters = DEFAULTS
    origin = np.zeros(observations.num_rows, dtype=np.int64)
    for _ in range(PASSES):
        sheet = read(observations, origin, parameters=parameters, sectors=sectors, alignments=alignments)
        found = associate(sheet, parameters)
        core = (found.label >= 0) & ~found.copy
        if not core.any():
            return parameters
        size = np.bincount(found.label[core], minlength=len(sheet))
        alone = size[np.maximum(found.label, 0)] == 1
        unmatched = {}
        for index, kind in enumerate(SOURCE_KINDS):
            rows = core & (sheet.kind == index)
            prior = DEFAULTS.unmatched_e4[kind] / 1e4
            share = (float((rows & alone).sum()) + WEIGHT_OF_DEFAULT * prior) / (
                float(rows.sum()) + WEIGHT_OF_DEFAULT
            )
            unmatched[kind] = min(9_500, max(3_000, round(share * 1e4)))
        rate = round(1e3 * float(np.log((size > 0).sum() / core.sum())))
        parameters = replace(parameters, unmatched_e4=unmatched, rate_e3=rate)
    if exposure is None and not audits:
        return parameters

    def fused() -> Fused:
        return fuse(
            observations, origin=origin, parameters=parameters, line=line, sectors=sectors, alignments=alignments,
            exposure=exposure,
        )  # fmt: skip

    if exposure is not None:
        parameters = replace(parameters, detection_e4=_detection(fused().detections, parameters))
    return calibrate(fused().incidents, audits, parameters) if audits else parameters


def _detection(counts: pa.Table, parameters: Parameters) -> dict[str, int]:
    """Share of the incidents that a kind watched and reported; an incident that was not watched teaches nothing."""
    detection = dict(parameters.detection_e4)
    kinds = np.array(counts.column("source_kind").to_pylist(), dtype="U16")
    detected = counts.column("detected").to_numpy().astype(np.float64)
    expected = counts.column("expected_e4").to_numpy() / 1e4
    watched = counts.column("watched_e4").fill_null(0).to_numpy() / 1e4
    for kind in SOURCE_KINDS:
        rows = (kinds == kind) & (watched > 0)
        chances = float((expected[rows] * watched[rows]).sum())
        prior = DEFAULTS.detection_e4[kind] / 1e4
        share = (float(detected[rows].sum()) + WEIGHT_OF_DEFAULT * prior) / (chances + WEIGHT_OF_DEFAULT)
        detection[kind] = min(8_000, round(1e4 * share))
    return detection
