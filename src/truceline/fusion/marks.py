"""What two reports say besides place, time and kind: their words, their tolls, whom they blame.

All are weak: reports of one incident often give different tolls, and reports of different ones use the same words. How
much a likeness of words is worth depends on how often reports more than two days apart are just as alike: where
everyone writes to a form, it is worth nothing. `learn` counts that; the worth of each band stands in the parameters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from truceline.fusion.coding import equal_numbers
from truceline.fusion.compiled import compiled
from truceline.fusion.texts import Texts
from truceline.geo.points import BoolArray, Float64Array, Int64Array, column

EDGES: Final = np.array([0.04, 0.1, 0.2, 0.35, 0.6, 0.85])
SAME: Final = np.array([0.20, 0.17, 0.15, 0.13, 0.12, 0.11, 0.12])
APART: Final = np.array([0.64, 0.18, 0.08, 0.04, 0.03, 0.02, 0.01])
APART_COUNTS: Final = 60.0
FARTHEST: Final = (-1.0, 2.8)
GAP_S: Final = 2 * 86_400.0
BLAMED_SAME: Final = 0.2
BLAMED_OTHER: Final = -1.5
TOLL_EQUAL: Final = 1.0
TOLL_MEET: Final = 0.3
TOLL_APART: Final = -0.7
RARER: Final = 0.4
FEWEST_WORDS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """What rows are compared by; one row of zeros stands for all where nobody says anything.

    Attributes:
        any: (n,) whether the row says anything of the kind.
        start, words, weights: words of row i stand at start[i] to start[i + 1], sorted; weights have unit length.
        tongue: (n,) number of the language. blamed: (n,) number of the accused, -1 for none.
        tolls: (n, 4) killed and injured, at least and at most, nan where not said.
        worth: (7,) ln likelihood ratio of each band of likeness.
    """

    any: BoolArray
    start: Int64Array
    words: Int64Array
    weights: Float64Array
    tongue: Int64Array
    blamed: Int64Array
    tolls: Float64Array
    worth: Float64Array

    def columns(
        self,
    ) -> tuple[Int64Array, Int64Array, Float64Array, Int64Array, Int64Array, Float64Array, Float64Array]:
        """As the kernels take them."""
        return self.start, self.words, self.weights, self.tongue, self.blamed, self.tolls, self.worth


def marks(table: pa.Table, texts: Texts, accused: Int64Array, worth: Float64Array) -> Marks:
    """See `Marks`."""
    n = table.num_rows
    count = np.diff(texts.start)
    long = count >= FEWEST_WORDS
    kept = np.repeat(long, count)
    start = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.where(long, count, 0), out=start[1:])
    tolls = np.full((n, 4), np.nan)
    for place, what in ((0, "killed"), (2, "injured")):
        low, high = column(table, f"{what}_min"), column(table, f"{what}_max")
        tolls[:, place] = np.where(np.isnan(low), high, low)
        tolls[:, place + 1] = np.where(np.isnan(high), tolls[:, place], high)
    says = long | (accused >= 0) | ~np.isnan(tolls[:, [0, 2]]).all(axis=1)
    return Marks(
        says, start, texts.words[kept], _unit(texts.weights[kept], start), equal_numbers(table.column("lang")), accused, tolls,
        worth,
    )  # fmt: skip


def _unit(weights: Float64Array, start: Int64Array) -> Float64Array:
    count = np.diff(start)
    total = np.zeros(len(count))
    some = count > 0
    if some.any():
        total[some] = np.add.reduceat(weights**2, start[:-1][some])
    unit: Float64Array = weights / np.repeat(np.sqrt(np.where(total > 0, total, 1.0)), count)
    return unit


@compiled
def alike(i: int, j: int, start: Int64Array, words: Int64Array, weights: Float64Array) -> float:
    """Cosine of the words of two rows, rounded so that the bands are the same on every machine."""
    a, b, total = start[i], start[j], 0.0
    while a < start[i + 1] and b < start[j + 1]:
        if words[a] == words[b]:
            total += weights[a] * weights[b]
            a, b = a + 1, b + 1
        elif words[a] < words[b]:
            a += 1
        else:
            b += 1
    return round(total * 1e9) / 1e9


@compiled
def band(likeness: float) -> int:
    """Which band of `EDGES` a likeness lies in."""
    found = 0
    while found < len(EDGES) and likeness >= EDGES[found]:
        found += 1
    return found


@compiled
def mark(
    i: int, j: int, start: Int64Array, words: Int64Array, weights: Float64Array, tongue: Int64Array,
    blamed: Int64Array, tolls: Float64Array, worth: Float64Array,
) -> float:  # fmt: skip
    """ln likelihood ratio of rows i and j being about one incident, from words, tolls and blame alone."""
    total = 0.0
    if start[i + 1] > start[i] and start[j + 1] > start[j] and tongue[i] == tongue[j]:
        total += worth[band(alike(i, j, start, words, weights))]
    for at in (0, 2):
        low, high, other, most = tolls[i, at], tolls[i, at + 1], tolls[j, at], tolls[j, at + 1]
        if not (np.isnan(low) or np.isnan(other)):
            if low == other and high == most:
                total += TOLL_EQUAL + RARER * math.log(min(max(low, 1.0), 100.0))
            elif low <= most and other <= high:
                total += TOLL_MEET
            else:
                total += TOLL_APART
    if blamed[i] >= 0 and blamed[j] >= 0:
        total += BLAMED_SAME if blamed[i] == blamed[j] else BLAMED_OTHER
    return total


def worth_of(found: Marks, name: Int64Array, act: Int64Array, middle_s: Float64Array) -> Float64Array:
    """ln likelihood ratio (7,) of each band, from how alike reports of one act lie that are days apart."""
    rows = np.flatnonzero(np.diff(found.start) > 0)
    rows = rows[np.lexsort((rows, middle_s[rows], name[rows], act[rows], found.tongue[rows]))]
    counts = APART_COUNTS * APART
    for step in (1, 2, 5, 11):
        one, two = rows[:-step], rows[step:]
        far = (
            (np.abs(middle_s[one] - middle_s[two]) > GAP_S)
            & (found.tongue[one] == found.tongue[two])
            & (act[one] == act[two])
        )
        counts = counts + _bands(one[far], two[far], found.start, found.words, found.weights)
    worth: Float64Array = np.clip(np.log(SAME / (counts / counts.sum())), *FARTHEST)
    return worth


@compiled
def _bands(
    one: Int64Array, two: Int64Array, start: Int64Array, words: Int64Array, weights: Float64Array
) -> Int64Array:
    counts = np.zeros(len(EDGES) + 1, dtype=np.int64)
    for index in range(len(one)):
        counts[band(alike(one[index], two[index], start, words, weights))] += 1
    return counts
