"""Which reports are worth comparing: those that lie within each other's error in space and in time.

A ladder of cell sizes: a pair is looked for at the step of the member that is coarser in space, so that precise reports
never meet the whole map and vague ones are not forgotten. Within a cell reports stand by how long they reach in time,
then by time, and every asker slides a window over them. A report that fits more than `MOST` others says too little to
be linked by place and time.
"""

# Kernels take many columns, whose types numba infers.
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from truceline.fusion.compiled import compiled
from truceline.fusion.stats import gain
from truceline.fusion.threads import chunks, each
from truceline.geo.points import BoolArray, Float64Array, Int64Array

CELLS_M: Final = np.array([2_500.0, 5_000.0, 9_000.0, 20_000.0, 64_000.0, 256_000.0, 1_024_000.0])
LONG_S: Final = np.array(
    [60.0, 240.0, 1_000.0, 4_000.0, 16_000.0, 50_000.0, 100_000.0, 400_000.0, 2_000_000.0]
)
REACH: Final = 3.5
MOST: Final = 400
HOPELESS: Final = -2.0
_KEY: Final = 1 << 31


@dataclass(frozen=True, slots=True, eq=False)
class Extents:
    """Places and times of m reports or groups.

    Attributes:
        x, y: (m,) metres. var_m2: (m,) variance along the long axis.
        middle_s: (m,) time. box_s: (m,) half-width of a box of time, 0 for a Gaussian. var_s2: (m,) variance, 0 for a box.
    """

    x: Float64Array
    y: Float64Array
    var_m2: Float64Array
    middle_s: Float64Array
    box_s: Float64Array
    var_s2: Float64Array

    def long_s(self) -> Float64Array:
        """How far each reaches in time."""
        return self.box_s + REACH * np.sqrt(self.var_s2)

    def step(self) -> Int64Array:
        """Lowest step of the ladder of cells that holds the reach of two such; the highest where none does."""
        reach = REACH * np.sqrt(2.0 * self.var_m2)
        return np.minimum(np.searchsorted(CELLS_M, reach), len(CELLS_M) - 1).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Members sorted by (cell, reach in time, time): `row[start[cell * lengths + length]:...]`.

    Attributes:
        beside: (cells, 9) numbers of the cells around each, -1 where empty.
        reach_s: (lengths,) the longest reach of each class of length.
    """

    row: Int64Array
    start: Int64Array
    beside: Int64Array
    lengths: int
    reach_s: Float64Array
    x: Float64Array
    y: Float64Array
    var_m2: Float64Array
    middle_s: Float64Array
    box_s: Float64Array
    var_s2: Float64Array

    @property
    def cells(self) -> int:
        return len(self.beside)

    def columns(self) -> tuple[Float64Array, ...]:
        return self.x, self.y, self.var_m2, self.middle_s, self.box_s, self.var_s2


def into_cells(extents: Extents, members: Int64Array, cell_m: float, beside_of: Cells | None = None) -> Cells:
    """Members in cells of a size; with `beside_of`, `beside` numbers the cells of that other set instead."""
    x, y = extents.x[members], extents.y[members]
    keys = _keys(x, y, cell_m)
    distinct, cell = np.unique(keys, return_inverse=True)
    long_s = extents.long_s()[members]
    classes = np.minimum(np.searchsorted(LONG_S, long_s), len(LONG_S) - 1).astype(np.int64)
    present, length = np.unique(classes, return_inverse=True)
    lengths = max(len(present), 1)
    group = np.reshape(cell, -1) * lengths + np.reshape(length, -1)
    middle = extents.middle_s[members]
    order = np.lexsort((members, middle, group))
    start = np.searchsorted(group[order], np.arange(len(distinct) * lengths + 1)).astype(np.int64)
    reach = np.zeros(lengths)
    np.maximum.at(reach, np.reshape(length, -1), long_s)
    row = members[order]
    other = (
        distinct
        if beside_of is None
        else _keys(beside_of.x[_firsts(beside_of)], beside_of.y[_firsts(beside_of)], cell_m)
    )
    return Cells(
        row, start, _beside(distinct, other), lengths, reach, extents.x[row], extents.y[row], extents.var_m2[row],
        extents.middle_s[row], extents.box_s[row], extents.var_s2[row],
    )  # fmt: skip


def _firsts(cells: Cells) -> Int64Array:
    """The first member of each cell."""
    return cells.start[: -1 : cells.lengths]


def _keys(x: Float64Array, y: Float64Array, cell_m: float) -> Int64Array:
    east, north = (np.floor(v / cell_m).astype(np.int64) + (_KEY >> 1) for v in (x, y))
    keys: Int64Array = east * _KEY + north
    return keys


def _beside(keys: Int64Array, other: Int64Array) -> Int64Array:
    around = np.array([east * _KEY + north for east in (-1, 0, 1) for north in (-1, 0, 1)], dtype=np.int64)
    wanted = keys[:, None] + around[None, :]
    if not len(other):
        return np.full(wanted.shape, -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(other, wanted), len(other) - 1)
    return np.where(other[at] == wanted, at, -1).astype(np.int64)


def near_pairs(
    extents: Extents, members: Int64Array, said: Float64Array, rates: Float64Array, ln_area: float,
    once: Int64Array, marked: tuple[BoolArray, float], most: int = MOST, hopeless: float = HOPELESS,
) -> tuple[Int64Array, Int64Array]:  # fmt: skip
    """Pairs (i, j) of members, i < j, that lie within each other's reach and may be about one incident.

    Args:
        said, rates: see `stats.gain`, by row.
        once: (n,) number of a source that reports an incident once, -1 for others.
        marked: (n,) rows that have words or numbers to compare, and what those may add at most.
        hopeless: pairs of less gain are left out.
    """
    step = extents.step()
    over = np.zeros(len(said), dtype=np.bool_)
    found: list[tuple[Int64Array, Int64Array]] = []
    for level in np.unique(step[members]).tolist():
        held = members[step[members] <= level]
        cells = into_cells(extents, held, float(CELLS_M[level]))
        asks = step[cells.row] == level
        for again in (False, True):
            if again and not over.any():
                break
            found += each(
                _scan, chunks(cells.start[:: cells.lengths]), cells.row, cells.start, cells.beside, cells.lengths,
                cells.reach_s, cells.columns(), asks, said, rates, ln_area, once, marked[0], marked[1], most, hopeless, over,
                again,
            )  # fmt: skip
    if not found:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    return np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found])


@compiled
def _scan(
    first, last, row, start, beside, lengths, reach_s, columns, asks, said, rates, ln_area, once, marks_any, marks_most,
    most, hopeless, over, again,
):  # fmt: skip
    """Pairs of the askers of cells first..last. The first time round those that fit too many are marked in `over`.

    The second time round the others find the ones marked, which did not ask.
    """
    x, y, var_m2, middle_s, box_s, var_s2 = columns
    room = 1024
    a, b = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    count = 0
    low = np.zeros(9 * lengths, dtype=np.int64)
    for cell in range(first, last):
        for length in range(lengths):
            begin, end = start[cell * lengths + length], start[cell * lengths + length + 1]
            if begin == end:
                continue
            for side in range(9):
                for other in range(lengths):
                    near = beside[cell, side]
                    low[side * lengths + other] = start[near * lengths + other] if near >= 0 else 0
            for i in range(begin, end):
                if not asks[i]:
                    continue
                me = row[i]
                if again and over[me]:
                    continue
                before, fits = count, 0
                for side in range(9):
                    near = beside[cell, side]
                    if near < 0 or fits > most:
                        continue
                    for other in range(lengths):
                        stop = start[near * lengths + other + 1]
                        window = reach_s[length] + reach_s[other]
                        j = low[side * lengths + other]
                        while j < stop and middle_s[j] < middle_s[i] - window:
                            j += 1
                        low[side * lengths + other] = j
                        while j < stop and middle_s[j] <= middle_s[i] + window and fits <= most:
                            it = row[j]
                            gap = abs(middle_s[i] - middle_s[j])
                            east, north = x[i] - x[j], y[i] - y[j]
                            if (
                                it != me
                                and east * east + north * north <= 12.25 * (var_m2[i] + var_m2[j])
                                and gap <= box_s[i] + box_s[j] + 3.5 * np.sqrt(var_s2[i] + var_s2[j])
                            ):
                                fits += 1
                                mine = not asks[j] or me < it
                                if again:
                                    mine = asks[j] and it < me and over[it]
                                if mine and not (once[me] >= 0 and once[me] == once[it]):
                                    value = gain(said[me], said[it], rates[me], rates[it], ln_area)
                                    if marks_any[me] and marks_any[it]:
                                        value += marks_most
                                    if value > hopeless:
                                        if count == room:
                                            room *= 2
                                            more_a, more_b = (
                                                np.empty(room, dtype=np.int64),
                                                np.empty(room, dtype=np.int64),
                                            )
                                            more_a[:count], more_b[:count] = a[:count], b[:count]
                                            a, b = more_a, more_b
                                        a[count], b[count] = min(me, it), max(me, it)
                                        count += 1
                            j += 1
                if fits > most and not again:
                    over[me] = True
                    count = before
    return a[:count].copy(), b[:count].copy()
