"""Columns of words as columns of numbers, without a Python object a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.errors import FusionError
from truceline.geo.points import BoolArray, Int64Array
from truceline.records.parties import Alignment, alignment_of


def coded(table: pa.Table, name: str, words: Sequence[str]) -> Int64Array:
    """A coded column as indices into its list.

    Raises:
        FusionError: FUS-003 a word is not in the list.
    """
    found = pc.index_in(table.column(name), value_set=pa.array(words, pa.string()))
    if found.null_count:
        wrong = table.column(name).filter(pc.is_null(found))[0].as_py()
        raise FusionError(
            "FUS-003", f"`{name}` must be a word of its code list", where="observations", value=wrong,
            remedy="See docs/reference/codes.md.",
        )  # fmt: skip
    numbers: Int64Array = found.to_numpy().astype(np.int64)
    return numbers


def dictionary(values: Any) -> tuple[Int64Array, list[Any]]:
    """(n,) indices, -1 for null, into the distinct values in order of first appearance."""
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    coded_array = array.dictionary_encode()
    if isinstance(coded_array, pa.ChunkedArray):  # an empty chunked array combines to one
        coded_array = pa.array([], array.type).dictionary_encode()
    indices: Int64Array = coded_array.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return indices, coded_array.dictionary.to_pylist()


def equal_numbers(values: Any) -> Int64Array:
    """Equal values get equal numbers, -1 for null."""
    return dictionary(values)[0]


def is_one_of(number: Int64Array, words: Sequence[str], some: Sequence[str] | frozenset[str]) -> BoolArray:
    """Whether indices into `words` are of `some`."""
    chosen: BoolArray = np.array([word in some for word in words], dtype=bool)[number]
    return chosen


def aligned(
    values: Any, at_ms: Int64Array, alignments: tuple[Alignment, ...], out: dict[str, int]
) -> Int64Array:
    """Number in `out` of the alignment that holds each party at its time, -1 for null; `out` grows as needed."""
    indices, names = dictionary(values)
    found = np.full(len(indices), -1, dtype=np.int64)
    moments = sorted({m for a in alignments for m in (a.from_ms, a.until_ms) if m is not None})
    span = np.searchsorted(np.array(moments, dtype=np.int64), at_ms, side="right")
    for number, party in enumerate(names):
        rows = np.flatnonzero(indices == number) if len(names) > 1 else np.flatnonzero(indices >= 0)
        for part in np.unique(span[rows]).tolist():
            moment = moments[part - 1] if part else (moments[0] - 1 if moments else 0)
            name = alignment_of(alignments, party, moment)
            found[rows[span[rows] == part]] = out.setdefault(name, len(out))
    return found
