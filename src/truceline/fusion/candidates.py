"""Which reports are worth comparing: those that lie within each other's error in space and in time.

A ladder of grids: a pair is looked for at the step of its coarser member, in space and in time, so that precise reports
never meet the whole map and vague ones are not forgotten. A report that fits more than `MOST` others says too little to
be linked by place and time; equal texts still find each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from truceline.geo.points import BoolArray, Float64Array, Int64Array

CELLS_M = (4_000.0, 9_000.0, 20_000.0, 64_000.0, 256_000.0, 1_024_000.0)
BINS_S = (1_800.0, 7_200.0, 24_000.0, 90_000.0, 360_000.0, 1_209_600.0, 7_257_600.0)
REACH = 3.5
MOST = 400
AT_ONCE = 2_000_000
_KEY = np.int64(1) << np.int64(20)


@dataclass(frozen=True, slots=True, eq=False)
class _Extent:
    """(n,) each: step of the ladder in space and in time; error of place; half-width of a box of time; error of time."""

    space: Int64Array
    time: Int64Array
    var_m2: Float64Array
    box_s: Float64Array
    var_s2: Float64Array

    def near(self, i: Int64Array, j: Int64Array, s: int, t: int) -> BoolArray:
        """Whether the coarser member of each pair stands at step (s, t)."""
        answer: BoolArray = (
            (np.maximum(self.space[i], self.space[j]) == s)
            & (np.maximum(self.time[i], self.time[j]) == t)
            & (i != j)
        )
        return answer


def ladder(reach: Float64Array, steps: tuple[float, ...]) -> Int64Array:
    """Lowest step of the ladder that holds two reaches; the highest where none does."""
    return np.minimum(np.searchsorted(np.array(steps), 2.0 * reach), len(steps) - 1).astype(np.int64)


def expand(starts: Int64Array, counts: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Row numbers and members of ranges [start, start + count)."""
    total = int(counts.sum())
    owner = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    return owner, np.repeat(starts, counts) + within


def near_pairs(
    mean_m: Float64Array,
    sigma_m: Float64Array,
    middle_s: Float64Array,
    half_s: Float64Array,
    boxed: BoolArray,
    most: int = MOST,
) -> tuple[Int64Array, Int64Array]:
    """Pairs (i, j), i < j, that may be about one incident, sorted.

    Args:
        mean_m, sigma_m: (n, 2) and (n,) place and the standard deviation along its long axis.
        middle_s, half_s, boxed: (n,) time, and its half-width where it is a box, else its standard deviation.
        most: a report that fits more others than this at its step of the ladder gets none there.
    """
    n = len(mean_m)
    half_root = REACH / np.sqrt(2.0)  # two equal errors differ by sqrt(2) times one
    space = ladder(half_root * sigma_m, CELLS_M)
    time = ladder(np.where(boxed, 1.0, REACH) * half_s, BINS_S)
    extent = _Extent(space, time, sigma_m**2, np.where(boxed, half_s, 0.0), np.where(boxed, 0.0, half_s) ** 2)
    found: list[Int64Array] = []
    for s in np.unique(space).tolist():
        for t in np.unique(time).tolist():
            asks = np.flatnonzero((space <= s) & (time <= t) & ((space == s) | (time == t)))
            if not ((space[asks] == s).any() and (time[asks] == t).any()):
                continue
            holds = np.flatnonzero((space <= s) & (time <= t))
            found.append(_step(mean_m, middle_s, extent, asks, holds, s, t, most))
    if not found:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    keys = distinct(np.concatenate(found))
    return keys // n, keys % n


def _step(
    mean_m: Float64Array,
    middle_s: Float64Array,
    extent: _Extent,
    asks: Int64Array,
    holds: Int64Array,
    s: int,
    t: int,
    most: int,
) -> Int64Array:
    """Keys low * n + high of the pairs whose coarser member stands at step (s, t)."""
    n = len(mean_m)
    cell = np.floor(mean_m / CELLS_M[s]).astype(np.int64) + (_KEY >> 1)
    slot = np.floor(middle_s / BINS_S[t]).astype(np.int64) + (_KEY >> 1)
    key = (cell[:, 0] * _KEY + cell[:, 1]) * _KEY + slot
    order = holds[np.argsort(key[holds], kind="stable")]
    ordered = key[order]
    around = np.array([(east * _KEY + north) * _KEY for east in (-1, 0, 1) for north in (-1, 0, 1)])
    wanted = key[asks][:, None] + around[None, :]
    start = np.searchsorted(ordered, wanted - 1, side="left")  # three slots in a row
    count = np.searchsorted(ordered, wanted + 1, side="right") - start
    found = []
    for part in _portions(count.sum(axis=1)):
        owner, position = expand(start[part].ravel(), count[part].ravel())
        i, j = asks[part][owner // len(around)], order[position]
        near = extent.near(i, j, s, t)
        near[near] = _close(mean_m, middle_s, extent, i[near], j[near])
        i, j = i[near], j[near]
        few = np.bincount(i, minlength=n)[i] <= most
        i, j = i[few], j[few]
        found.append(np.minimum(i, j) * n + np.maximum(i, j))
    return distinct(np.concatenate(found))


def _close(
    mean_m: Float64Array, middle_s: Float64Array, extent: _Extent, i: Int64Array, j: Int64Array
) -> BoolArray:
    """Whether two reports lie within each other's reach in place and time."""
    step = mean_m[i] - mean_m[j]
    apart = step[:, 0] ** 2 + step[:, 1] ** 2 <= REACH**2 * (extent.var_m2[i] + extent.var_m2[j])
    gap = np.abs(middle_s[i] - middle_s[j])
    late = gap <= extent.box_s[i] + extent.box_s[j] + REACH * np.sqrt(extent.var_s2[i] + extent.var_s2[j])
    answer: BoolArray = apart & late
    return answer


def _portions(load: Int64Array) -> list[slice]:
    """Runs of rows of at most about AT_ONCE candidates each."""
    total = np.cumsum(load)
    cuts = np.searchsorted(total, np.arange(AT_ONCE, int(total[-1]) + AT_ONCE, AT_ONCE), side="left") + 1
    edges = [0, *np.unique(np.minimum(cuts, len(load))).tolist()]
    return [slice(a, b) for a, b in pairwise(edges) if b > a]


def distinct(numbers: Int64Array) -> Int64Array:
    """Each number once, in order."""
    ordered = np.sort(numbers)
    return ordered[np.r_[True, ordered[1:] != ordered[:-1]]] if len(ordered) else ordered


def equal_pairs(
    number: Int64Array, middle_s: Float64Array, half_s: Float64Array, within_s: float
) -> tuple[Int64Array, Int64Array]:
    """Neighbours in time with the same number (>= 0), each with the next three, no further apart than `within_s`."""
    rows = np.flatnonzero(number >= 0)
    rows = rows[np.lexsort((rows, middle_s[rows], number[rows]))]
    first, second = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for step in (1, 2, 3):
        a, b = rows[:-step], rows[step:]
        gap = middle_s[b] - middle_s[a] <= within_s + half_s[a] + half_s[b]
        same = (number[a] == number[b]) & gap
        first.append(np.minimum(a, b)[same])
        second.append(np.maximum(a, b)[same])
    return np.concatenate(first), np.concatenate(second)
