"""What travels through intake: a block of strings in, a chunk of observations out, and what was refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from truceline.records.columns import NEVER_NULL, OBSERVATIONS

BoolArray = npt.NDArray[np.bool_]
Int64Array = npt.NDArray[np.int64]
UInt64Array = npt.NDArray[np.uint64]
UInt8Array = npt.NDArray[np.uint8]

CODED = frozenset(field.name for field in OBSERVATIONS if b"codes" in (field.metadata or {}))
RAW_LIMIT = 2000
_QUOTED = re.compile(r'[,"\r\n]')


@dataclass(frozen=True, slots=True)
class Rejected:
    """One row that was not taken, and why; `line` is the physical line where the row starts (1 is the first)."""

    line: int
    code: str
    rule: str
    value: str
    remedy: str
    raw: str


@dataclass(frozen=True, slots=True)
class Block:
    """Rows as they stand in the file: every column a string, empty cells null.

    Args:
        table: all columns string; names as in the file, stripped.
        lines: int64 (n,) line or row number of each row.
        rejected: rows of this stretch that could not be split into cells.
    """

    table: pa.Table
    lines: Int64Array
    rejected: tuple[Rejected, ...] = ()

    def text(self, name: str) -> pa.Array:
        """The column `name`, all null where the file has none."""
        if name not in self.table.column_names:
            return pa.nulls(self.table.num_rows, pa.string())
        column = self.table.column(name)
        return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()

    def raws(self, rows: list[int]) -> list[str]:
        """The cells of rows joined by commas, as evidence in the file of rejected rows."""
        chosen = self.table.take(pa.array(rows, pa.int64()))
        columns = [column.to_pylist() for column in chosen.columns]
        return [",".join(map(_quoted, cells))[:RAW_LIMIT] for cells in zip(*columns, strict=True)]


def _quoted(cell: Any) -> str:
    text = "" if cell is None else str(cell)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


class Faults:
    """Which rows of a block are refused; the first reason found for a row is the one that is said."""

    def __init__(self, rows: int) -> None:
        self.bad: BoolArray = np.zeros(rows, dtype=np.bool_)
        self.reasons: dict[int, tuple[str, str, str, str]] = {}

    def add(self, mask: BoolArray, code: str, rule: str, values: Any = None, remedy: str = "") -> None:
        """Refuse the rows of `mask`; `values` is an Arrow array (or None) that shows what was found."""
        for row in np.flatnonzero(mask & ~self.bad).tolist():
            value = "" if values is None else str(values[row].as_py())
            self.reasons[row] = (code, rule, value[:200], remedy)
        self.bad |= mask

    def rejected(self, block: Block) -> list[Rejected]:
        """The refused rows, in order."""
        rows = sorted(self.reasons)
        if not rows:
            return []
        lines = block.lines[rows].tolist()
        return [
            Rejected(line, *self.reasons[row], raw)
            for row, line, raw in zip(rows, lines, block.raws(rows), strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Translated:
    """What a format makes of a block.

    Args:
        columns: column name of OBSERVATIONS -> array of n rows; what is missing is null, or "unknown" where coded.
        key: string array that names the thing a row is about within its source, or None where its content is.
    """

    columns: dict[str, pa.Array]
    key: pa.Array | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """One format that intake knows.

    Args:
        id: stable word on the log.
        version: raised whenever the same file would translate differently.
        public: whether the original may stand in the open unless the mission says otherwise.
        container: csv, xlsx, geojson, json or parquet; several where the suffix decides.
        needs: columns by which it is recognised and without which it is refused.
        translate: pure function from a block of strings and the settings to columns.
        family: prefix of keys and of derived ids; the own formats share one.
        settings: what may be set, with its default; None means that it must be given.
    """

    id: str
    version: int
    public: bool
    container: tuple[str, ...]
    needs: frozenset[str]
    translate: Callable[[Block, dict[str, Any], Faults], Translated]
    family: str
    settings: dict[str, Any] = field(default_factory=dict)
    known: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of accepted observations.

    Args:
        observations: schema OBSERVATIONS, n rows.
        keys: uint64 (n, 2), 128-bit name of what the row is about; equal keys are versions of one row.
        digests: uint8 (n, 32), SHA-256 of the canonical row.
        lines: int64 (n,).
        rejected: the rows of this stretch that were refused.
    """

    observations: pa.Table
    keys: UInt64Array
    digests: UInt8Array
    lines: Int64Array
    rejected: list[Rejected]


def assemble(columns: dict[str, pa.Array], rows: int) -> pa.Table:
    """Columns in the order and types of OBSERVATIONS; coded columns become "unknown" where nothing was said."""
    arrays = []
    for column in OBSERVATIONS:
        array = columns.get(column.name)
        if array is None:
            array = _absent(column, rows)
        elif column.name in CODED and array.null_count:
            array = array.fill_null("unknown")
        elif column.name == "exercise" and array.null_count:
            array = array.fill_null(False)
        arrays.append(array if array.type == column.type else array.cast(column.type))
    return pa.table(arrays, schema=OBSERVATIONS)


def _absent(column: Any, rows: int) -> pa.Array:
    if column.name in CODED:
        return constant("unknown", rows)
    if column.name == "exercise":
        return pa.repeat(pa.scalar(False), rows)
    return pa.nulls(rows, column.type)


def constant(value: str, rows: int) -> pa.Array:
    """The same text in every row."""
    return pa.repeat(pa.scalar(value, pa.string()), rows)


def mask_of(array: Any) -> BoolArray:
    """A boolean Arrow array as numpy, null counted as false."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    mask: BoolArray = np.asarray(array.fill_null(False).to_numpy(zero_copy_only=False), dtype=np.bool_)
    return mask


__all__ = [
    "CODED", "NEVER_NULL", "Block", "Chunk", "Faults", "Format", "Rejected", "Translated", "assemble", "constant",
    "mask_of",
]  # fmt: skip
