"""Learning parameters from the observations themselves: a separate act, whose result goes on the log as integers.

Two passes: fuse, count what stayed unmatched and what watchers detected, shrink towards the defaults, fuse again. Only
kinds of source learn; nothing is ever learned about a party, an alignment or a single source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.fusion.association import associate
from truceline.fusion.audits import calibrate
from truceline.fusion.coding import dictionary
from truceline.fusion.existence import Watched
from truceline.fusion.fuse import Fused, fuse
from truceline.fusion.marks import worth_of
from truceline.fusion.parameters import BANDS, DEFAULTS, Parameters
from truceline.fusion.sheet import Sheet, read
from truceline.fusion.theatre import settled
from truceline.geo.lines import Line
from truceline.geo.sectors import Sectors
from truceline.records.codes import SOURCE_KINDS
from truceline.records.parties import Alignment

WEIGHT_OF_DEFAULT = 30.0
PASSES = 2
LEAST_UNMATCHED = 0.8  # of the default: matches that were made must not call for ever more of them


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

    A share of unmatched reports never falls below 80 % of its default: matches that were made must not call for more
    of them, or learning would feed on itself.

    Args:
        observations, exposure, line, sectors, alignments: as for `fuse`.
        audits: see `audits.calibrate`; without them the weights of kinds keep their defaults.
    Returns:
        A whole set; what these observations cannot teach keeps its default.
    Raises:
        FusionError: as `fuse`.
    """
    if not observations.num_rows:
        return DEFAULTS
    parameters = settled(observations, DEFAULTS, line=line, sectors=sectors)
    origin = np.zeros(observations.num_rows, dtype=np.int64)
    for _ in range(PASSES):
        sheet = read(
            observations, origin, parameters=parameters, sectors=sectors, alignments=alignments, line=line
        )
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
            unmatched[kind] = min(
                9_500, max(round(LEAST_UNMATCHED * DEFAULTS.unmatched_e4[kind]), round(share * 1e4))
            )
        rate = round(1e3 * float(np.log((size > 0).sum() / core.sum())))
        parameters = replace(
            parameters, unmatched_e4=unmatched, rate_e3=rate, alike_e3=_alike(sheet),
            theatre_rate_e3=parameters.theatre_rate_e3 + rate - parameters.rate_e3,
        )  # fmt: skip
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
    sector, names = dictionary(incidents.column("sector_id"))
    share = Watched(exposure).here(sector, names, incidents.column("midpoint_ms").to_numpy()) / 1e4
    listed = incidents.column("source_kinds").combine_chunks()
    seen = np.zeros(share.shape, dtype=bool)
    kinds = pc.index_in(listed.flatten(), value_set=pa.array(SOURCE_KINDS)).to_numpy()
    seen[pc.list_parent_indices(listed).to_numpy(), kinds] = True
    chance = incidents.column("probability_e4").to_numpy()[:, None] / 1e4
    others = (seen.sum(axis=1)[:, None] - seen) > 0
    chances = (chance * share * others).sum(axis=0)
    detected = (chance * seen * (share > 0) * others).sum(axis=0)
    detection = {}
    for index, kind in enumerate(SOURCE_KINDS):
        prior = WEIGHT_OF_DEFAULT * DEFAULTS.detection_e4[kind] / 1e4
        found = float(detected[index] + prior) / float(chances[index] + WEIGHT_OF_DEFAULT)
        detection[kind] = min(8_000, round(1e4 * found))
    return detection


def _alike(sheet: Sheet) -> dict[str, int]:
    """What each band of likeness of two texts is worth here."""
    worth = worth_of(sheet.marks, sheet.name, sheet.act, sheet.extents()[1])
    return dict(zip(BANDS, np.rint(worth * 1e3).astype(int).tolist(), strict=True))
