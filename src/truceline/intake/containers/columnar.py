"""Parquet files to blocks; columns keep their types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
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
    """Read the footer. Raises IntakeError INT-005 a column twice, INT-016 not a readable Parquet file."""
    try:
        with pq.ParquetFile(path) as parquet:
            names = parquet.schema_arrow.names
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as problem:
        raise _damaged(path, str(problem)) from problem
    if len(set(names)) < len(names):
        raise IntakeError("INT-005", "every column must have a name of its own", where=path.name, value=names)
    return Columnar(path, tuple(names))


def _plain(table: pa.Table) -> pa.Table:
    """Dictionary and large string columns as strings; empty strings as null, as in text files."""
    for index, field in enumerate(table.schema):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            column = table.column(index).cast(pa.string())
            table = table.set_column(index, field.name, _no_empty(column))
    return table


def _no_empty(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow.compute as pc

    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)


def _damaged(path: Path, what: str) -> IntakeError:
    return IntakeError(
        "INT-016", "a Parquet file must be whole and of plain columns", where=path.name, value=what[:80],
        remedy="Write it again.",
    )  # fmt: skip
