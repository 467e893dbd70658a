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
from truceline.fusion.existence import Watched
from truceline.fusion.fuse import Fused, fuse
from truceline.fusion.parameters import DEFAULTS, Parameters
from truceline.fusion.sheet import read
from truceline.geo.lines import Line
from truceline.geo.sectors import Sectors
from truceline.records.codes import SOURCE_KINDS
from truceline.records.parties import Alignment

WEIGHT_OF_DEFAULT = 30.0
PASSES = 2
FEWEST_UNMATCHED_E4 = (
    5_000  # matches that were made must not call for more of them: learning would feed on itself
)


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

    A share of unmatched reports grows and never falls below its default: matches that were made must not call for more
    of them, or learning would feed on itself.

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
            unmatched[kind] = min(9_500, max(DEFAULTS.unmatched_e4[kind], round(share * 1e4)))
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
        parameters = replace(parameters, detection_e4=_detection(fused().incidents, exposure, parameters))
    if audits:
        for _ in range(PASSES):  # which report of a group counts for it depends on the weights
            parameters = calibrate(fused().incidents, audits, parameters)
    return parameters


def _detection(incidents: pa.Table, exposure: pa.Table, parameters: Parameters) -> dict[str, int]:
    """Share of the incidents before the eyes of a kind that it reports, counted on those that another kind reports.

    Capture and recapture: a kind's own false alarms, and what nobody else saw, teach nothing about what it misses.
    """
    watched = Watched(exposure)
    detected = dict.fromkeys(SOURCE_KINDS, 0.0)
    chances = dict.fromkeys(SOURCE_KINDS, 0.0)
    names = ("sector_id", "midpoint_ms", "source_kinds", "probability_e4")
    for sector, at_ms, kinds, e4 in zip(*(incidents.column(n).to_pylist() for n in names), strict=True):
        for kind, share in watched.here(sector, at_ms).items():
            if kind in chances and set(kinds) - {kind}:
                chances[kind] += e4 / 1e4 * share / 1e4
                detected[kind] += e4 / 1e4 * (kind in kinds) * (share > 0)
    detection = {}
    for kind in SOURCE_KINDS:
        prior = WEIGHT_OF_DEFAULT * DEFAULTS.detection_e4[kind] / 1e4
        found = (detected[kind] + prior) / (chances[kind] + WEIGHT_OF_DEFAULT)
        detection[kind] = min(8_000, round(1e4 * found))
    return detection
