"""Denials go to the incident that they fit best, quiet reports to every incident inside them."""

# Kernels take many columns, whose types numba infers.
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from __future__ import annotations

from typing import Any, Final

import numpy as np

from truceline.fusion.compiled import compiled
from truceline.fusion.near import CELLS_M, Cells, into_cells
from truceline.fusion.sheet import Sheet
from truceline.fusion.stats import KNOWN, PXX, PXY, PYY, VAR, X, Y
from truceline.fusion.work import Grouped, Work
from truceline.geo.points import BoolArray, Int64Array
from truceline.records.codes import STANCES

FITS: Final = 6.0
_QUIET: Final = STANCES.index("quiet")


def oppose(sheet: Sheet, work: Work, label: Int64Array, against: BoolArray) -> tuple[Int64Array, Int64Array]:
    """(row, group) of what contradicts, sorted; groups by their lowest rows."""
    rows = np.flatnonzero(against & sheet.known)
    none = np.empty(0, dtype=np.int64)
    if not len(rows) or not (label >= 0).any():
        return none, none
    groups = Grouped.of(label, work)
    extents, k = groups.extents(), np.arange(len(groups.heads))
    steps, group_steps = work.extents.step(), extents.step()
    found = []
    level = np.maximum(steps[rows], int(group_steps.max()))
    for height in np.unique(level).tolist():
        held = into_cells(extents, k, float(CELLS_M[height]))
        asks = into_cells(work.extents, rows[level == height], float(CELLS_M[height]), held)
        found.append(_fit(asks, held, sheet, groups.said))
    row, group, score = (np.concatenate(part) for part in zip(*found, strict=True))
    quiet = sheet.stance[row] == _QUIET
    order = np.lexsort((group, score, row))
    row, group, quiet = row[order], group[order], quiet[order]
    best = np.r_[True, row[1:] != row[:-1]] if len(row) else np.empty(0, dtype=bool)
    row, group = row[quiet | best], group[quiet | best]
    order = np.lexsort((group, row))
    return row[order], groups.heads[group[order]]


def _fit(asks: Cells, held: Cells, sheet: Sheet, said: Any) -> tuple[Any, Any, Any]:
    width = (sheet.to_ms - sheet.from_ms) / 2e3
    found: tuple[Any, Any, Any] = _look(
        asks.row, asks.start, asks.beside, asks.lengths, held.row, held.start, held.lengths, held.middle_s, held.reach_s,
        said, sheet.mean_m, sheet.cov_m2, work_middle(sheet), work_half(sheet), width, sheet.stance == _QUIET,
    )  # fmt: skip
    return found


def work_middle(sheet: Sheet) -> Any:
    """Middle of each row's time."""
    return sheet.extents()[1]


def work_half(sheet: Sheet) -> Any:
    """Half-width or standard deviation of each row's time."""
    return sheet.extents()[2]


@compiled
def _look(
    row, start, beside, lengths, held_row, held_start, held_lengths, held_middle, held_reach, said, mean, cov, middle,
    half, width, quiet,
):  # fmt: skip
    rows, groups, scores = [0], [0], [0]
    for cell in range(len(beside)):
        for i in range(start[cell * lengths], start[(cell + 1) * lengths]):
            me = row[i]
            window = max(width[me], 60.0) + 2 * half[me] + 3_600.0
            for side in range(9):
                near = beside[cell, side]
                if near < 0:
                    continue
                for other in range(held_lengths):
                    low, high = (
                        held_start[near * held_lengths + other],
                        held_start[near * held_lengths + other + 1],
                    )
                    reach = window + 2 * held_reach[other]
                    j = low + np.searchsorted(held_middle[low:high], middle[me] - reach)
                    while j < high and held_middle[j] <= middle[me] + reach:
                        one = said[held_row[j]]
                        gap = abs(middle[me] - held_middle[j])
                        spread = np.sqrt(one[VAR]) if one[VAR] < np.inf else (one[8] - one[7]) / 2
                        if quiet[me]:
                            fits = gap <= max(width[me], 60.0) and spread <= max(2 * width[me], 3_600.0)
                        else:
                            fits = gap <= 2 * half[me] + 2 * spread + 3_600.0
                        if fits and one[KNOWN] > 0:
                            sxx, sxy, syy = (
                                one[PXX] + cov[me, 0, 0], one[PXY] + cov[me, 0, 1], one[PYY] + cov[me, 1, 1],
                            )  # fmt: skip
                            east, north = one[X] - mean[me, 0], one[Y] - mean[me, 1]
                            det = sxx * syy - sxy * sxy
                            square = (syy * east * east - 2 * sxy * east * north + sxx * north * north) / det
                            if square <= FITS:
                                score = 0.5 * square + 0.5 * np.log(det) + gap / (half[me] + spread)
                                rows.append(me)
                                groups.append(held_row[j])
                                scores.append(int(np.rint(score * 1048576.0)))
                        j += 1
    return np.array(rows[1:]), np.array(groups[1:]), np.array(scores[1:])
