"""A file opened for reading: blocks of its cells become chunks of observations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from truceline.intake.checks import check
from truceline.intake.chunks import Block, Chunk, Faults, Format, assemble
from truceline.intake.rows import hex_ids, row_digests, row_keys


class Container(Protocol):
    """What a file shape offers: its rows, a block at a time."""

    def blocks(self) -> Iterator[Block]:
        """The rows."""
        ...


@dataclass(frozen=True, slots=True)
class Reader:
    """An opened file. Iterating reads it from the start, in bounded memory; it may be iterated again.

    Args:
        format, format_version: what it was read as.
        mapping_digest: hex SHA-256 of the mapping file, "" where none was used.
        public: whether the original may stand in the open unless the mission says otherwise.
        settings: what the format was told, defaults included; with the file it determines every chunk.
    """

    path: Path
    format: str
    format_version: int
    mapping_digest: str
    public: bool
    settings: Mapping[str, str]
    made_of: tuple[Format, Container, Mapping[str, Any]]

    def __iter__(self) -> Iterator[Chunk]:
        return map(self.read, self.blocks())

    def blocks(self) -> Iterator[Block]:
        """The cells of the file, a block at a time. Raises IntakeError where it cannot be read on."""
        return self.made_of[1].blocks()

    def read(self, block: Block) -> Chunk:
        """What the format makes of a block; pure, so blocks may be read elsewhere while the next is fetched."""
        fmt, _container, settings = self.made_of
        return read_block(fmt, block, dict(settings))


def read_block(fmt: Format, block: Block, settings: dict[str, Any]) -> Chunk:
    """Translate, check, name and digest the rows of one block."""
    rows = block.table.num_rows
    faults = Faults(rows)
    translated = fmt.translate(block, settings, faults)
    columns = dict(translated.columns)
    key = columns["obs_id"] = _named(fmt, block, translated.key)
    table = assemble(columns, rows)
    check(table, faults)
    lines = block.lines
    if faults.bad.any():
        keep = pa.array(~faults.bad)
        table, key, lines = table.filter(keep).combine_chunks(), key.filter(keep), lines[~faults.bad]
    rejected = sorted((*block.rejected, *faults.rejected(block)), key=lambda one: one.line)
    return Chunk(table, row_keys(fmt.family, key), row_digests(table), lines, rejected)


def _named(fmt: Format, block: Block, key: pa.Array | None) -> pa.Array:
    """obs_id: the source's own id after the family's prefix, or the digest of the cells as they stand in the file."""
    own = fmt.family == "truceline"
    if key is not None and not own:
        key = pc.binary_join_element_wise(pa.scalar(fmt.family + "-"), key, "")
    if key is not None and not key.null_count:
        return key
    derived = hex_ids(fmt.family + "-", row_digests(_text_only(block.table)))
    return derived if key is None else pc.coalesce(key, derived)


def _text_only(table: pa.Table) -> pa.Table:
    """Columns that a canonical row cannot hold (floats, times) as text."""
    for index, column in enumerate(table.schema):
        plain = (
            pa.types.is_string(column.type)
            or pa.types.is_integer(column.type)
            or pa.types.is_boolean(column.type)
        )
        if not plain:
            table = table.set_column(index, column.name, table.column(index).cast(pa.string()))
    return table
