"""Columns of incidents as arrays: words as codes, shares of the sides, nothing row by row."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.agreement.ground import Bools, Floats


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A column of words: `words[codes[row]]`."""

    codes: npt.NDArray[np.int32]
    words: tuple[str, ...]

    @classmethod
    def of(cls, column: pa.ChunkedArray, blank: str) -> Coded:
        """From a column of text; null and "" become `blank`."""
        filled = column.cast(pa.string()).fill_null(blank)
        found = _whole(pc.if_else(pc.equal(filled, ""), blank, filled)).dictionary_encode()
        return cls(
            found.indices.to_numpy(zero_copy_only=False).astype(np.int32), tuple(found.dictionary.to_pylist())
        )

    def isin(self, words: Collection[str]) -> Bools:
        """Whether each word is one of `words`."""
        return np.array([word in words for word in self.words], dtype=bool)[self.codes]

    def __getitem__(self, row: int) -> str:
        return self.words[int(self.codes[row])]


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Columns of incidents as arrays, (n,) each; calibre nan where not said.

    vouched: more than "reported", the word for what only parties say or others retell.
    """

    n: int
    from_ms: npt.NDArray[np.int64]
    to_ms: npt.NDArray[np.int64]
    act: Coded
    weapon: Coded
    calibre_um: Floats
    existence: tuple[Floats, Floats]
    shares: dict[str, Floats]
    side: Coded
    vouched: Bools

    @classmethod
    def of(cls, incidents: pa.Table) -> Sheet:
        """From a table of `records.columns.INCIDENTS`."""
        chance = numbers(incidents, "probability_e4") / 1e4
        return cls(
            incidents.num_rows,
            incidents.column("from_ms").to_numpy(),
            incidents.column("to_ms").to_numpy(),
            Coded.of(incidents.column("act"), "unknown"),
            Coded.of(incidents.column("weapon"), "unknown"),
            numbers(incidents, "calibre_um"),
            (np.nan_to_num(chance, nan=0.0), np.nan_to_num(chance, nan=1.0)),
            _shares(incidents),
            Coded.of(incidents.column("side"), "undetermined"),
            ~Coded.of(incidents.column("word"), "unknown").isin(("reported",)),
        )


def numbers(table: pa.Table, name: str) -> Floats:
    """A column of numbers as floats, nan where null."""
    values: Floats = table.column(name).cast(pa.float64()).fill_null(float("nan")).to_numpy().copy()
    return values


def _shares(incidents: pa.Table) -> dict[str, Floats]:
    listed = _whole(incidents.column("sides"))
    parent = pc.list_parent_indices(listed).to_numpy(zero_copy_only=False)
    flat = pc.list_flatten(listed)
    side = flat.field("id").dictionary_encode()
    part = flat.field("e4").cast(pa.float64()).fill_null(0).to_numpy(zero_copy_only=False) / 1e4
    codes = side.indices.to_numpy(zero_copy_only=False)
    return {
        name: np.bincount(
            parent[codes == code], weights=part[codes == code], minlength=incidents.num_rows
        ).astype(np.float64)
        for code, name in enumerate(side.dictionary.to_pylist())
        if name != "undetermined"
    }


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
