"""Exchange names everywhere: if nobody is favoured, the results come out with the names exchanged and nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import msgspec
import pyarrow as pa

from truceline.records.canonical import canonical
from truceline.records.parties import Alignment, Party
from truceline.simulate.exercise import Exercise

Names = dict[str, str]


def exchanged(made: Exercise) -> Names:
    """The ids of the alignments the other way round, and of the parties too."""
    alignments, parties = [one.id for one in made.alignments], [one.id for one in made.parties]
    return dict(zip(alignments, reversed(alignments), strict=True)) | dict(
        zip(parties, reversed(parties), strict=True)
    )


def relabel(value: Any, names: Names) -> Any:
    """A plain value with every id of `names` exchanged, as a whole string or as a word within one."""
    if not names:
        return value
    return _walk(value, re.compile(r"(?<![\w-])(" + "|".join(map(re.escape, names)) + r")(?![\w-])"), names)


def relabel_exercise(made: Exercise, names: Names) -> Exercise:
    """The same exercise under other names; every seed, place and time stays."""
    return replace(
        made,
        parties=msgspec.convert(relabel(msgspec.to_builtins(made.parties), names), tuple[Party, ...]),
        alignments=msgspec.convert(relabel(msgspec.to_builtins(made.alignments), names), tuple[Alignment, ...]),
        geometry=relabel(made.geometry, names),
        observer_rows=relabel_table(made.observer_rows, names),
        feeds={name: relabel_table(table, names) for name, table in made.feeds.items()},
        watches=relabel_table(made.watches, names),
        records=(),
    )  # fmt: skip


def relabel_packed(packed: bytes, names: Names) -> bytes:
    """A packed agreement under other names."""
    return canonical(relabel(json.loads(packed), names))


def relabel_table(table: pa.Table, names: Names) -> pa.Table:
    """Ids exchanged in all text columns but the names of rows."""
    for index, field in enumerate(table.schema):
        if field.type == pa.string() and field.name not in ("obs_id", "watch_id"):
            table = table.set_column(
                index, field, pa.array(relabel(table.column(index).to_pylist(), names), field.type)
            )
    return table


def relabel_rows(rows: list[dict[str, Any]], names: Names) -> list[dict[str, Any]]:
    """Result rows under other names; what is sorted by id is sorted again."""

    def sorted_again(row: dict[str, Any]) -> dict[str, Any]:
        again = {name: sorted(row[name], key=canonical) for name in ("sides", "accused_by") if row.get(name)}
        return row | again

    return [sorted_again(row) for row in relabel(rows, names)]


def first_difference(what: str, one: list[dict[str, Any]], two: list[dict[str, Any]]) -> str:
    """Where two lists of rows differ first, in words; "" where they do not."""
    if len(one) != len(two):
        return f"{len(one)} and {len(two)} {what}s"
    for number, (left, right) in enumerate(zip(one, two, strict=True)):
        for name in left:
            if left[name] != right[name]:
                return f"{what} {number}, {name}: {left[name]!r} and {right[name]!r}"
    return ""


def _walk(value: Any, pattern: re.Pattern[str], names: Names) -> Any:
    match value:
        case str():
            return pattern.sub(lambda found: names[found.group(1)], value)
        case dict():
            return {_walk(key, pattern, names): _walk(item, pattern, names) for key, item in value.items()}
        case list() | tuple():
            return [_walk(item, pattern, names) for item in value]
        case _:
            return value
