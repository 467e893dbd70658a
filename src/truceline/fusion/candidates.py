"""Which reports are worth comparing: those that lie within each other's error in space and in time.

A ladder of grids: a pair is looked for at the step of its coarser member, in space and in time, so that precise reports
never meet the whole map and vague ones are not forgotten. A report that has more than `MOST` others within reach says
too little to be linked by place and time; equal texts still find each other.
"""

from __future__ import annotations

import numpy as np

from truceline.geo.points import Float64Array, Int64Array

CELLS_M = (4_000.0, 16_000.0, 64_000.0, 256_000.0, 1_024_000.0)
BINS_S = (1_800.0, 7_200.0, 43_200.0, 172_800.0, 1_209_600.0, 7_257_600.0)
REACH = 3.5
MOST = 400
_KEY = np.int64(1) << np.int64(20)


def ladder(width: Float64Array, steps: tuple[float, ...]) -> Int64Array:
    """Lowest step of the ladder that holds twice the reach of each width; the highest where none does."""
    return np.minimum(np.searchsorted(np.array(steps), 2 * REACH * width * 0.71), len(steps) - 1).astype(
        np.int64
    )


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
    most: int = MOST,
) -> tuple[Int64Array, Int64Array]:
    """Pairs (i, j), i < j, that may be about one incident, sorted.

    Args:
        mean_m, sigma_m: (n, 2) and (n,) place and the standard deviation along its long axis.
        middle_s, half_s: (n,) time and its standard deviation or half-width.
        most: a report with more candidates than this at its step of the ladder gets none there.
    """
    n = len(mean_m)
    space, time = ladder(sigma_m, CELLS_M), ladder(half_s, BINS_S)
    found: list[Int64Array] = []
    for s in np.unique(space).tolist():
        for t in np.unique(time).tolist():
            asks = np.flatnonzero((space <= s) & (time <= t) & ((space == s) | (time == t)))
            if len(asks) < 2 or not ((space[asks] == s).any() and (time[asks] == t).any()):
                continue
            holds = np.flatnonzero((space <= s) & (time <= t))
            found.append(_step(mean_m, middle_s, space, time, asks, holds, s, t, most))
    if not found:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    keys = distinct(np.concatenate(found))
    return keys // n, keys % n


def _step(
    mean_m: Float64Array,
    middle_s: Float64Array,
    space: Int64Array,
    time: Int64Array,
    asks: Int64Array,
    holds: Int64Array,
    s: int,
    t: int,
    most: int,
) -> Int64Array:
    n = len(mean_m)
    cell = np.floor(mean_m / CELLS_M[s]).astype(np.int64) + (_KEY >> 1)
    slot = np.floor(middle_s / BINS_S[t]).astype(np.int64) + (_KEY >> 1)
    key = (cell[:, 0] * _KEY + cell[:, 1]) * _KEY + slot
    order = holds[np.argsort(key[holds], kind="stable")]
    ordered = key[order]
    starts, ends, who = [], [], []
    for east in (-1, 0, 1):
        for north in (-1, 0, 1):
            wanted = key[asks] + (np.int64(east) * _KEY + np.int64(north)) * _KEY
            starts.append(np.searchsorted(ordered, wanted - 1, side="left"))  # three slots in a row
            ends.append(np.searchsorted(ordered, wanted + 1, side="right"))
            who.append(asks)
    start, end, ask = np.concatenate(starts), np.concatenate(ends), np.concatenate(who)
    load = np.bincount(ask, weights=end - start, minlength=n)
    kept = load[ask] <= most
    owner, position = expand(start[kept], (end - start)[kept])
    i, j = ask[kept][owner], order[position]
    exact = (np.maximum(space[i], space[j]) == s) & (np.maximum(time[i], time[j]) == t) & (i != j)
    low, high = np.minimum(i, j)[exact], np.maximum(i, j)[exact]
    return distinct(low * n + high)


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
