"""One Parquet file a view, replaced whole: either the old one stands or the new one."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from truceline.errors import EnvironmentFailure


class TableWriter:
    """Writes a view in pieces; it takes its name only when all of it is there.

    Raises:
        EnvironmentFailure: ENV-001, the disk refused; the old view stays.
    """

    def __init__(self, path: Path, schema: pa.Schema, distinct: Collection[str] = ()) -> None:
        """`distinct` names the columns whose values hardly repeat: a dictionary of them would only cost time."""
        self._path, self._temporary = path, path.with_name(f".{path.name}.new")
        repeating = [name for name in schema.names if name not in distinct]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(
                self._temporary, schema, compression="zstd", compression_level=1, use_dictionary=repeating,
                write_statistics=repeating,
            )  # fmt: skip
        except OSError as problem:
            raise _refused(path, problem) from problem
        self.rows = 0

    def add(self, table: pa.Table) -> None:
        """Append rows."""
        try:
            self._writer.write_table(table)
        except OSError as problem:
            raise _refused(self._path, problem) from problem
        self.rows += table.num_rows

    def keep(self) -> None:
        """Finish and take the name."""
        try:
            self._writer.close()
            self._temporary.replace(self._path)
        except OSError as problem:
            raise _refused(self._path, problem) from problem

    def close(self) -> None:
        """Finish without taking the name yet; `keep` may follow, or the file is dropped by `drop`."""
        try:
            self._writer.close()
        except OSError as problem:
            raise _refused(self._path, problem) from problem

    def drop(self) -> None:
        """Throw away what was written."""
        self._writer.close()
        self._temporary.unlink(missing_ok=True)

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._temporary.exists():
            self.drop()


def write_table(path: Path, table: pa.Table, metadata: dict[str, str] | None = None) -> None:
    """Replace a view by `table`; `metadata` is kept beside the columns."""
    if metadata:
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), **metadata})
    with TableWriter(path, table.schema) as writer:
        writer.add(table)
        writer.keep()


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """A view as it was written."""
    return pq.read_table(path, columns=columns, memory_map=False)


def is_whole(path: Path) -> bool:
    """Whether a view stands at `path` with its end; a machine that stops may leave less."""
    try:
        pq.read_metadata(path)
    except (OSError, pa.ArrowInvalid):
        return False
    return True


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of a view; empty where it has none, or is not whole."""
    if not is_whole(path):
        return {}
    return {key.decode(): value.decode() for key, value in (pq.read_schema(path).metadata or {}).items()}


def _refused(path: Path, problem: OSError) -> EnvironmentFailure:
    return EnvironmentFailure(
        "ENV-001", "the disk must take the file", where=str(path), value=problem.strerror or str(problem),
        remedy="Free space or fix the folder, then run the same command again.",
    )  # fmt: skip
