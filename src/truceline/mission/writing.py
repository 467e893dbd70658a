"""Records that people write: what a file of them says, before the mission judges it.

One record, or a list of them, in YAML or JSON: `kind`, `author` where it is not who the kind says, and the fields of
the kind. Watches are written in degrees and ISO times and become rows of `columns.WATCHES`; a roster of them may be CSV.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from truceline.agreement.documents import parse
from truceline.errors import UsageError
from truceline.mission.clock import from_iso, iso
from truceline.records.codes import SOURCE_KINDS, WATCH_OUTCOMES
from truceline.records.columns import WATCHES

BY_HAND: Final = (
    "observation", "watch", "complaint", "statement", "signal", "appeal", "stance", "notice", "reply", "consent",
    "review", "decision", "correction", "grouping", "withdrawal", "fact",
)  # fmt: skip
"""Kinds that people write; the others come from commands of their own."""

_OF_COMMANDS: Final = {
    "genesis": "truceline init", "key": "truceline key", "import": "truceline import", "plan_step": "truceline step",
    "agreement": "truceline agreement adopt", "parameters": "truceline learn", "incidents": "truceline fuse",
    "findings": "truceline assess", "report": "truceline report",
}  # fmt: skip
TEMPLATE: Final = Path(__file__).parent / "records.template.yaml"
"""One record of the kinds that are written most, to fill in."""
_FARTHEST_M: Final = 200_000
_LIMIT_BYTES: Final = 16 << 20
_TIMES: Final = {"from": "from_ms", "to": "to_ms"}
_DEGREES: Final = {
    "lon_deg": ("lon_udeg", 1_000_000, 180), "lat_deg": ("lat_udeg", 1_000_000, 90),
    "bearing_deg": ("bearing_mdeg", 1000, 360), "width_deg": ("width_mdeg", 1000, 360),
}  # fmt: skip
_WORDS: Final = {"source_kind": SOURCE_KINDS, "outcome": WATCH_OUTCOMES}
_MUST: Final = ("watch_id", "source_id", "source_kind", "from_ms", "to_ms", "outcome")


@dataclass(frozen=True, slots=True)
class Written:
    """One record as it was written."""

    where: str  # file:line
    kind: str
    author: str  # "" where the kind says who
    fields: dict[str, Any]


def read(path: Path) -> list[Written]:
    """The records of a file, in its order.

    Raises:
        UsageError: MIS-010 no such file, MIS-110 it holds no records, MIS-111 a kind that is not written by hand.
        AgreementError: AGR-004 not plain YAML or JSON, AGR-005 a key given twice.
    """
    if not path.is_file():
        raise UsageError("MIS-010", "the file must exist", where=str(path), remedy="Check the path.")
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    if not text.strip() or len(raw) > _LIMIT_BYTES:
        raise UsageError(
            "MIS-110", f"a file of records must be YAML or JSON in UTF-8, of at most {_LIMIT_BYTES >> 20} MB", where=path.name,
            remedy="Long tables of observations go in with `truceline import`.",
        )  # fmt: skip
    if path.suffix.lower() == ".csv":
        return _roster(path.name, text)
    document = parse(path.name, text)
    listed = document.value if isinstance(document.value, list) else [document.value]
    found = []
    for index, one in enumerate(listed):
        where = document.where((index,) if isinstance(document.value, list) else ())
        if not isinstance(one, dict):
            raise UsageError(
                "MIS-110",
                "a record must be a map with `kind`",
                where=where,
                value=one,
                remedy="Correct the line; `truceline template` prints an example.",
            )
        fields = dict(one)
        kind, author = fields.pop("kind", None), fields.pop("author", "")
        if kind not in BY_HAND:
            known = f"Known: {', '.join(BY_HAND)}."
            remedy = f"Use `{_OF_COMMANDS[kind]}`." if kind in _OF_COMMANDS else known
            raise UsageError("MIS-111", "a record must be of a kind that people write", where=where, value=kind, remedy=remedy)  # fmt: skip
        found.append(Written(where, str(kind), str(author or ""), fields))
    return found


def _roster(name: str, text: str) -> list[Written]:
    """Watches of a table, one a line."""
    stream = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [" ".join(cell.split()).lower() for cell in next(stream)]
        if "watch_id" not in header or len(set(header)) < len(header):
            raise UsageError(
                "MIS-110", "a table of records must be a roster of watches, each column named once", where=f"{name}:1",
                value=", ".join(header), remedy="The columns are the fields of a watch; other kinds are written in YAML or JSON.",
            )  # fmt: skip
        found = []
        for cells in stream:
            where = f"{name}:{stream.line_num}"
            if not any(cells):
                continue
            if len(cells) != len(header):
                raise UsageError(
                    "MIS-110",
                    f"a row must have {len(header)} cells as the header has",
                    where=where,
                    value=len(cells),
                    remedy="Correct the line; `truceline template` prints an example.",
                )
            fields: dict[str, Any] = {key: cell for key, cell in zip(header, cells, strict=True) if cell}
            for key in ("radius_m",):
                if fields.get(key, "").isdecimal():
                    fields[key] = int(fields[key])
            found.append(Written(where, "watch", fields.pop("author", ""), fields))
    except csv.Error as problem:
        raise UsageError(
            "MIS-110",
            "a roster must be CSV",
            where=f"{name}:{stream.line_num}",
            value=str(problem),
            remedy="Correct the line; `truceline template` prints an example.",
        ) from problem
    return found


def roster(table: pa.Table) -> pa.Table:
    """Watches (schema `columns.WATCHES`) as such a table: times and degrees as people write them; the inverse of reading."""
    shown: dict[str, list[Any]] = {}
    said = {column: name for name, column in _TIMES.items()} | {
        column: (name, scale) for name, (column, scale, _most) in _DEGREES.items()
    }
    for column in table.column_names:
        values = table[column].to_pylist()
        match said.get(column):
            case None:
                shown[column] = values
            case (str(name), int(scale)):
                shown[name] = [None if one is None else f"{Decimal(one) / scale:f}" for one in values]
            case name:
                shown[str(name)] = [None if one is None else iso(one) for one in values]
    return pa.table(shown)


def watch_row(written: Written, exercise: bool) -> dict[str, Any]:
    """A watch as a row of `columns.WATCHES`.

    Raises:
        UsageError: MIS-112, a field is unknown, absent or impossible.
    """
    row: dict[str, Any] = {"exercise": exercise}
    for name, value in written.fields.items():
        if value is None:
            continue
        if name == "exercise":
            if value not in (exercise, str(exercise).lower()):
                raise wrong(
                    written.where,
                    f"exercise must be {str(exercise).lower()} in this mission",
                    value,
                    "Real and simulated never meet.",
                )
            continue
        if name in _TIMES:
            row[_TIMES[name]] = moment_ms(written.where, name, value)
        elif name in _DEGREES:
            column, scale, most = _DEGREES[name]
            row[column] = _scaled(written.where, name, value, scale, most)
        elif name in WATCHES.names and not name.endswith(("_ms", "_udeg", "_mdeg")):
            row[name] = value
        else:
            known = [
                *_TIMES,
                *_DEGREES,
                *(n for n in WATCHES.names if not n.endswith(("_ms", "_udeg", "_mdeg"))),
            ]
            raise wrong(
                written.where, "a watch must have known fields only", name, f"Known: {', '.join(known)}."
            )
    for name in _MUST:
        if name not in row:
            said = next((said for said, column in _TIMES.items() if column == name), name)
            raise wrong(written.where, f"a watch must have `{said}`", None, "Add it.")
    for name, words in _WORDS.items():
        if row[name] not in words:
            raise wrong(
                written.where,
                f"{name} must be a word of its code list",
                row[name],
                f"Known: {', '.join(words)}.",
            )
    if row["to_ms"] <= row["from_ms"]:
        raise wrong(
            written.where,
            "a watch must end after it begins",
            written.fields["to"],
            "Swap or correct the times.",
        )
    radius = row.get("radius_m")
    if radius is not None and not (type(radius) is int and 0 < radius <= _FARTHEST_M):
        raise wrong(written.where, f"radius_m must be whole metres, 1 to {_FARTHEST_M}", radius)
    if ("lon_udeg" in row) != ("lat_udeg" in row):
        raise wrong(
            written.where, "a place must have lon_deg and lat_deg", None, "Give both, or a sector_id."
        )
    if "lon_udeg" not in row and "sector_id" not in row:
        raise wrong(
            written.where,
            "a watch must say where",
            None,
            "Give lon_deg, lat_deg and radius_m, or a sector_id.",
        )
    for name, value in row.items():
        if pa.types.is_string(WATCHES.field(name).type) and not isinstance(value, str):
            raise wrong(written.where, f"{name} must be text", value, "Put it in quotes.")
    return row


def moment_ms(where: str, name: str, value: Any) -> int:
    """Milliseconds UTC of a written time. Raises UsageError MIS-112 without an offset."""
    try:
        text = str(value)
        if "T" not in text or not (text.endswith("Z") or "+" in text[10:] or "-" in text[10:]):
            raise ValueError(text)
        return from_iso(text)
    except (ValueError, OverflowError):
        raise wrong(
            where,
            f"{name} must be a time with its offset from UTC",
            value,
            "Write e.g. 2026-11-23T14:05:00+04:00.",
        ) from None


def wrong(where: str, rule: str, value: Any, remedy: str = "") -> UsageError:
    """What a field must be."""
    return UsageError("MIS-112", rule, where=where, value=value, remedy=remedy)


def one_of(where: str, name: str, value: Any, known: Iterable[str]) -> None:
    """Raises UsageError MIS-112 where `value` is none of the known."""
    listed = list(known)
    if value not in listed:
        shown = ", ".join(listed[:20]) or "none yet"
        raise wrong(where, f"{name} must be known to the mission", value, f"Known: {shown}.")


def _scaled(where: str, name: str, value: Any, scale: int, most: int) -> int:
    try:
        number = Decimal(str(value))
        if not number.is_finite() or abs(number) > most:
            raise ValueError
    except (InvalidOperation, ValueError):
        raise wrong(where, f"{name} must be degrees, at most {most}", value) from None
    return int((number * scale).to_integral_value())
