"""Vague reports join the precise group that has more than half of the chance; otherwise the shares are kept.

Each vague group looks at the precise groups as they were before any joined, so who joins first makes no difference.
"""

# Kernels take many columns, whose types numba infers.
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from truceline.fusion.compiled import compiled
from truceline.fusion.growing import quantised, shared_cost
from truceline.fusion.marks import mark
from truceline.fusion.near import CELLS_M, MOST, Extents, into_cells
from truceline.fusion.stats import NEVER, gain
from truceline.fusion.threads import chunks, each
from truceline.geo.points import Float64Array, Int64Array

SHARE: Final = 0.5
SOFT: Final = 0.05
KEPT: Final = 20
NEVER_TWICE: Final = 1e9
COUNTED: Final = -8.0


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """What the vague groups fit.

    Attributes:
        into: (v,) number of the precise group that each joins, -1 for none.
        vague, group, share: (s,) further groups that a vague one which joined none may belong to, and the shares.
        mass: (v,) chance that a group which joined none belongs to one of them all the same.
    """

    into: Int64Array
    vague: Int64Array
    group: Int64Array
    share: Float64Array
    mass: Float64Array


def join(
    extents: Extents, precise: Int64Array, vague: Int64Array, said: Float64Array, rates: Float64Array, ln_area: float,
    first: Int64Array, after: Int64Array, source: Int64Array, cost: Float64Array, marked: Any,
    bonus: tuple[Int64Array, float], most: int = MOST, settle: bool = True,
) -> Joined:  # fmt: skip
    """See the module. All arrays are by group; `precise` and `vague` are numbers of groups.

    Args:
        first, after: the first row of each group, and the next row of the same group by row, -1 at the end.
        source, cost, marked, bonus: by row, see `growing.grow`.
        settle: whether any joins; otherwise only `mass` is found.
    """
    none = np.empty(0, dtype=np.int64)
    if not len(precise) or not len(vague):
        return Joined(np.full(len(vague), -1, dtype=np.int64), none, none, np.empty(0), np.zeros(len(vague)))
    step = extents.step()
    least = int(step[precise].max())
    level = np.maximum(step[vague], least)
    best = np.full((len(vague), KEPT), NEVER)
    which = np.full((len(vague), KEPT), -1, dtype=np.int64)
    total = np.zeros(len(vague))
    number = np.full(len(said), -1, dtype=np.int64)
    number[vague] = np.arange(len(vague))
    for height in np.unique(level).tolist():
        held = into_cells(extents, precise, float(CELLS_M[height]))
        asks = into_cells(extents, vague[level == height], float(CELLS_M[height]), held)
        each(
            _look, chunks(asks.start[:: asks.lengths]), asks.row, asks.start, asks.beside, asks.lengths, asks.reach_s, asks.columns(), held.row, held.start, held.lengths, held.reach_s, held.columns(), said, rates, ln_area, first, after, source, cost, marked.any, marked.columns(), bonus[0], bonus[1], number, most, best, which, total,
        )  # fmt: skip
    share = np.where(which >= 0, np.exp(np.minimum(best, 60.0)), 0.0) / (1.0 + total)[:, None]
    if not settle:
        return Joined(np.full(len(vague), -1, dtype=np.int64), none, none, np.empty(0), total / (1.0 + total))
    into = _settle(best, which, share, vague, first, after, source, cost, int(source.max(initial=0)) + 1)
    row, place = np.nonzero((share >= SOFT) & (which >= 0) & (into < 0)[:, None])
    mass = np.where(into < 0, total / (1.0 + total), 0.0)
    return Joined(into, vague[row], which[row, place], share[row, place], mass)


@compiled
def _look(
    low, high, row, start, beside, lengths, reach_s, columns, other_row, other_start, other_lengths, other_reach_s,
    other_columns, said, rates, ln_area, first, after, source, cost, marks_any, marks, origin, origin_bonus, number, most, best,
    which, total,
):  # fmt: skip
    x, y, var_m2, middle_s, box_s, var_s2 = columns
    ox, oy, ovar_m2, omiddle_s, obox_s, ovar_s2 = other_columns
    kept = best.shape[1]
    at = np.zeros(9 * other_lengths, dtype=np.int64)
    for cell in range(low, high):
        for length in range(lengths):
            for side in range(9):
                for other in range(other_lengths):
                    near = beside[cell, side]
                    at[side * other_lengths + other] = (
                        other_start[near * other_lengths + other] if near >= 0 else 0
                    )
            for i in range(start[cell * lengths + length], start[cell * lengths + length + 1]):
                me = row[i]
                mine = number[me]
                fits = 0
                for side in range(9):
                    near = beside[cell, side]
                    if near < 0:
                        continue
                    for other in range(other_lengths):
                        stop = other_start[near * other_lengths + other + 1]
                        window = reach_s[length] + other_reach_s[other]
                        j = at[side * other_lengths + other]
                        while j < stop and omiddle_s[j] < middle_s[i] - window:
                            j += 1
                        at[side * other_lengths + other] = j
                        while j < stop and omiddle_s[j] <= middle_s[i] + window and fits <= most:
                            gap = abs(middle_s[i] - omiddle_s[j])
                            east, north = x[i] - ox[j], y[i] - oy[j]
                            if east * east + north * north <= 12.25 * (
                                var_m2[i] + ovar_m2[j]
                            ) and gap <= box_s[i] + obox_s[j] + 3.5 * np.sqrt(var_s2[i] + ovar_s2[j]):
                                fits += 1
                                it = other_row[j]
                                value = NEVER
                                if it != me:
                                    value = gain(said[me], said[it], rates[me], rates[it], ln_area)
                                if value > COUNTED and _excludes(first[me], first[it], after, source, cost):
                                    value = NEVER
                                if value > NEVER:
                                    value += _between(
                                        first[me], first[it], after, marks_any, marks, origin, origin_bonus
                                    )
                                    value = quantised(value) / 1048576.0
                                    total[mine] += np.exp(min(value, 60.0))
                                    place = kept
                                    while place > 0 and (
                                        which[mine, place - 1] < 0
                                        or value > best[mine, place - 1]
                                        or (value == best[mine, place - 1] and it < which[mine, place - 1])
                                    ):
                                        place -= 1
                                    if place < kept:
                                        for back in range(kept - 1, place, -1):
                                            best[mine, back], which[mine, back] = (
                                                best[mine, back - 1],
                                                which[mine, back - 1],
                                            )
                                        best[mine, place], which[mine, place] = value, it
                            j += 1
                if fits > most:  # too vague to say which, not whether
                    best[mine, :] = NEVER
                    which[mine, :] = -1


@compiled
def _excludes(first, other, after, source, cost):
    """Whether two groups hold a source that reports an incident once."""
    i = first
    while i >= 0:
        j = other
        while j >= 0:
            if source[i] == source[j] and cost[i] >= NEVER_TWICE:
                return True
            j = after[j]
        i = after[i]
    return False


@compiled
def _between(first, other, after, marks_any, marks, origin, origin_bonus):
    """Mean of the marks between the rows of two groups that have any, and the bonus of an origin that both repeat."""
    total, count, bonus = 0.0, 0, 0.0
    i = first
    while i >= 0:
        j = other
        while j >= 0:
            if marks_any[i] and marks_any[j]:
                total += mark(i, j, marks[0], marks[1], marks[2], marks[3], marks[4], marks[5], marks[6])
                count += 1
            if origin[i] >= 0 and origin[i] == origin[j]:
                bonus = origin_bonus
            j = after[j]
        i = after[i]
    return bonus + (total / count if count else 0.0)


@compiled
def _settle(best, which, share, vague, first, after, source, cost, sources):
    """Who joins whom: the best offers first; a second report of one source must still be worth its cost."""
    into = np.full(len(vague), -1, dtype=np.int64)
    wants = np.flatnonzero((best[:, 0] > 0) & (share[:, 0] > 0.5))
    order = wants[np.argsort(-best[wants, 0], kind="mergesort")]
    stamp, paid = np.zeros(sources, dtype=np.int64), np.zeros(sources)
    opening = first.copy()
    chain = after.copy()
    for token in range(1, len(order) + 1):
        index = order[token - 1]
        target = which[index, 0]
        value = best[index, 0] - shared_cost(
            opening[target], first[vague[index]], chain, source, cost, stamp, paid, token
        )
        if value > 0:
            into[index] = target
            tail = first[vague[index]]
            while chain[tail] >= 0:
                tail = chain[tail]
            chain[tail] = opening[target]
            opening[target] = first[vague[index]]
    return into
