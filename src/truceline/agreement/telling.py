"""Reasons and needs of many findings: each distinct sentence is made once, and distances are set into it by column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.agreement.ground import Bools, Floats
from truceline.agreement.words import Row, needs_of, place_words, reason_of

Ints = npt.NDArray[np.int64]
_PLACE = "\x00"
_MIX = np.uint64(0x9E3779B97F4A7C15)


def tell(
    marks: list[npt.NDArray[Any]], row_of: Callable[[int], Row], edge: Floats, sd: Floats, placed: Bools
) -> tuple[pa.Array, pa.Array]:
    """Reasons and needs, (n,) each.

    Args:
        marks: columns that together decide the sentence apart from the distance; rows with equal marks share it.
        row_of: what words need of a row, with `place` left as it is set here.
    """
    first, index = groups(marks)
    before, after, needs = [], [], []
    for row in first.tolist():
        told = row_of(row)
        head, _, tail = reason_of(told).partition(_PLACE)
        before.append(head)
        after.append(tail)
        needs.append(needs_of(told))
    where = _places(edge, sd, placed)
    chosen = pa.array(index)

    def taken(words: list[str]) -> pa.Array:
        return pa.array(words, pa.string()).take(chosen)

    return pc.binary_join_element_wise(taken(before), where, taken(after), ""), taken(needs)


def placeholder(placed: bool) -> str:
    """What stands for the distance in a sentence that is made once."""
    return _PLACE if placed else ""


def groups(marks: list[npt.NDArray[Any]]) -> tuple[Ints, Ints]:
    """First row of each distinct combination, and the number of each row's combination.

    Combinations are told apart by a 64-bit mix, and checked: a clash falls back to the exact, slower way.
    """
    n = len(marks[0])
    if not n:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    columns = [np.ascontiguousarray(mark).astype(np.int64).view(np.uint64) for mark in marks]
    mixed = np.zeros(n, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column in columns:
            mixed = (mixed ^ column) * _MIX
            mixed ^= mixed >> np.uint64(29)
    _, first, index = np.unique(mixed, return_index=True, return_inverse=True)
    if all(np.array_equal(column[first][index], column) for column in columns):
        return first.astype(np.int64), index.astype(np.int64)
    _, first, index = np.unique(np.stack(columns, axis=1), axis=0, return_index=True, return_inverse=True)
    return first.astype(np.int64), index.reshape(-1).astype(np.int64)


def _places(edge: Floats, sd: Floats, placed: Bools) -> pa.Array:
    def rounded(metres: Floats) -> Ints:
        far = metres >= 1000
        return np.where(far, np.rint(metres / 100) + 1_000_000, np.rint(metres / 10)).astype(np.int64)

    edges, wide = np.where(placed, edge, 0.0), np.where(placed, sd, 0.0)
    first, index = groups([placed, edges >= 0, rounded(np.abs(edges)), rounded(wide)])
    words = [
        place_words(float(edges[row]), float(wide[row])) if placed[row] else "" for row in first.tolist()
    ]
    return pa.array(words, pa.string()).take(pa.array(index))
