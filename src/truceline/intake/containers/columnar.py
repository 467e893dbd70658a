"""Parquet files to blocks; columns keep their types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from truceline.errors import IntakeError
from truceline.intake.chunks import Block

BLOCK_ROWS: Final = 65_536


@dataclass(frozen=True, slots=True)
class Columnar:
    """A Parquet file whose footer has been read. Lines are row numbers, 1 the first."""

    path: Path
    names: tuple[str, ...]

    def blocks(self) -> Iterator[Block]:
        """Row groups in turn. Raises IntakeError INT-016 where a page is damaged."""
        line = 1
        try:
            with pq.ParquetFile(self.path) as parquet:
                for batch in parquet.iter_batches(BLOCK_ROWS):
                    table = pa.Table.from_batches([batch]).rename_columns(list(self.names))
                    yield Block(_plain(table), np.arange(line, line + table.num_rows, dtype=np.int64))
                    line += table.num_rows
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as problem:
            raise _damaged(self.path, str(problem)) from problem


def look(path: Path) -> Columnar:
    """Read the footer.

    Raises:
        IntakeError: INT-005 a column twice, INT-016 not a readable Parquet file, or a column that is not plain.
    """
    try:
        with pq.ParquetFile(path) as parquet:
            schema = parquet.schema_arrow
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as problem:
        raise _damaged(path, str(problem)) from problem
    if len(set(schema.names)) < len(schema.names):
        raise IntakeError(
            "INT-005",
            "every column must have a name of its own",
            where=path.name,
            value=schema.names,
            remedy="Rename one of them.",
        )
    for column in schema:
        if not _is_plain(column.type):
            raise _damaged(path, f"{column.name}: {column.type}")
    return Columnar(path, tuple(schema.names))


def _is_plain(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    if pa.types.is_timestamp(kind):
        return bool(kind.tz is not None)
    tests = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_null, _is_text)
    return any(test(kind) for test in tests)


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _plain(table: pa.Table) -> pa.Table:
    """Text as strings with empty ones null, as in text files; times as milliseconds."""
    for index, field in enumerate(table.schema):
        column = table.column(index)
        if _is_text(field.type) or pa.types.is_dictionary(field.type) or pa.types.is_null(field.type):
            column = column.cast(pa.string())
            column = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
        elif pa.types.is_timestamp(field.type):
            column = column.cast(pa.timestamp("ms", "UTC"), safe=False).cast(pa.int64())
        else:
            continue
        table = table.set_column(index, field.name, column)
    return table


def _damaged(path: Path, what: str) -> IntakeError:
    return IntakeError(
        "INT-016", "a Parquet file must be whole and of plain columns", where=path.name, value=what[:80],
        remedy="Write it again.",
    )  # fmt: skip
