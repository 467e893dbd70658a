"""Learning parameters from the observations themselves: a separate act, whose result goes on the log as integers.

Two passes: fuse, count what stayed unmatched and what watchers detected, shrink towards the defaults, fuse again. Only
kinds of source learn; nothing is ever learned about a party, an alignment or a single source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa

from truceline.fusion.assembly import described
from truceline.fusion.association import Association, associate
from truceline.fusion.audits import calibrate
from truceline.fusion.fuse import Fused, fuse
from truceline.fusion.marks import worth_of
from truceline.fusion.parameters import BANDS, DEFAULTS, Parameters
from truceline.fusion.sheet import Sheet, read
from truceline.fusion.stats import NARROW_M, NARROW_S
from truceline.fusion.theatre import settled
from truceline.fusion.tiling import DAY_MS, middles_ms
from truceline.geo.lines import Line
from truceline.geo.points import BoolArray
from truceline.geo.sectors import Sectors
from truceline.records.codes import MISSION_KINDS, SOURCE_KINDS
from truceline.records.parties import Alignment

WEIGHT_OF_DEFAULT = 30.0
PASSES = 3
LEAST_VAGUE = 0.3
MOST_DETECTED = 0.95
LEARN_FROM = 150_000
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
    if not audits:
        observations = _some_days(observations)
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
        alone = np.where(size[np.maximum(found.label, 0)] == 1, 1.0 - found.mass, 0.0)
        unmatched, vague = {}, _mostly_vague(sheet)
        for index, kind in enumerate(SOURCE_KINDS):
            rows = core & (sheet.kind == index)
            prior = DEFAULTS.unmatched_e4[kind] / 1e4
            share = (float(alone[rows].sum()) + WEIGHT_OF_DEFAULT * prior) / (
                float(rows.sum()) + WEIGHT_OF_DEFAULT
            )
            unmatched[kind] = min(
                9_500,
                max(
                    round((LEAST_VAGUE if vague[index] else LEAST_UNMATCHED) * DEFAULTS.unmatched_e4[kind]),
                    round(share * 1e4),
                ),
            )
        rate = round(1e3 * float(np.log((size > 0).sum() / core.sum())))
        parameters = replace(
            parameters, unmatched_e4=unmatched, rate_e3=rate, alike_e3=_alike(sheet),
            theatre_rate_e3=parameters.theatre_rate_e3 + rate - parameters.rate_e3,
        )  # fmt: skip
    parameters = _detection(sheet, found, exposure, parameters)
    if not audits:
        return parameters

    def fused() -> Fused:
        return fuse(
            observations, origin=origin, parameters=parameters, line=line, sectors=sectors, alignments=alignments,
            exposure=exposure, tile_days=0,
        )  # fmt: skip

    if audits:
        for _ in range(PASSES):  # which report of a group counts for it depends on the weights
            parameters = calibrate(fused().incidents, audits, parameters)
    return parameters


def _some_days(observations: pa.Table) -> pa.Table:
    """Pairs of days, evenly spread, that hold about as many rows as are worth learning from."""
    every = -(-observations.num_rows // LEARN_FROM)
    if every < 2:
        return observations
    _, window = np.unique(middles_ms(observations) // (2 * DAY_MS), return_inverse=True)
    return observations.filter(pa.array(window % every == 0))


def _detection(
    sheet: Sheet, found: Association, exposure: pa.Table | None, parameters: Parameters
) -> Parameters:
    """Shares of detection from recapture: of what others report before a kind's eyes, how much it reports too.

    Needs no label: what two kinds report did nearly always happen. Source: Petersen 1896, Lincoln 1930.
    """
    if exposure is None or not exposure.num_rows:
        return parameters
    seen = described(sheet, found, parameters, exposure)
    k, kinds = len(seen.members.start) - 1, len(SOURCE_KINDS)
    spoke = np.zeros((k, kinds), dtype=bool)
    rows = seen.members.rows[seen.members.chosen]
    spoke[seen.members.group[seen.members.chosen], sheet.kind[rows]] = True
    shown = np.array([kind in MISSION_KINDS for kind in SOURCE_KINDS])
    detection = dict(parameters.detection_e4)
    for index, kind in enumerate(SOURCE_KINDS):
        if not seen.watched_e4[:, index].any():
            continue
        others = spoke.copy()
        others[:, index] = False
        held = others[:, shown].any(axis=1)
        prior = DEFAULTS.detection_e4[kind] / 1e4
        told = (spoke[held, index] & (seen.watched_e4[held, index] > 0)).sum() + WEIGHT_OF_DEFAULT * prior
        tried = seen.watched_e4[held, index].sum() / 1e4 + WEIGHT_OF_DEFAULT
        detection[kind] = round(1e4 * min(float(told / tried), MOST_DETECTED))
    return replace(parameters, detection_e4=detection)


def _mostly_vague(sheet: Sheet) -> BoolArray:
    """Kinds (by number) whose place or time is mostly too wide to say which incident they tell of."""
    sigma, _, half = sheet.extents()
    wide = (sigma > NARROW_M) | (half > NARROW_S) | ~sheet.known
    kinds = len(SOURCE_KINDS)
    told = np.bincount(sheet.kind, minlength=kinds)
    share = np.bincount(sheet.kind, weights=wide, minlength=kinds) > 0.8 * np.maximum(told, 1)
    return np.asarray(share)


def _alike(sheet: Sheet) -> dict[str, int]:
    """What each band of likeness of two texts is worth here."""
    worth = worth_of(sheet.marks, sheet.name, sheet.act, sheet.extents()[1])
    return dict(zip(BANDS, np.rint(worth * 1e3).astype(int).tolist(), strict=True))
