"""A mapping file: how the columns of any table become observations, without code.

YAML, checked before a row is read. The shipped ones stand in `mappings/`. Reference: docs/reference/formats.md.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.compute as pc
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from truceline.errors import IntakeError
from truceline.intake import words
from truceline.intake.chunks import CODED, Block, Faults, Format, Translated, mask_of
from truceline.intake.gazetteer import Gazetteer
from truceline.intake.values import (
    I32_MAX,
    decimal,
    each,
    micro_degrees,
    moments,
    scaled,
    to_utc,
    truth,
    whole,
    zone_of,
)
from truceline.records import codes
from truceline.records.columns import OBSERVATIONS

SHIPPED: Final = Path(__file__).with_name("mappings")
_TIMES: Final = frozenset({"observed_from_ms", "observed_to_ms", "time_precision", "received_at_ms"})
_SPANS: Final = ("count", "killed", "injured")
_DEGREES: Final = {"lon_deg": ("lon_udeg", 180), "lat_deg": ("lat_udeg", 90)}
_FIELDS: Final = frozenset(OBSERVATIONS.names) - _TIMES - {"obs_id", "lon_udeg", "lat_udeg"} | {
    *_SPANS,
    *_DEGREES,
}
_MAX_BYTES: Final = 1 << 20


def _lower(name: str) -> str:
    return " ".join(name.split()).lower()


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cell(_Strict):
    """Where the value of a field comes from: the first of `columns` that is filled, by way of `table`."""

    columns: tuple[str, ...] = Field(min_length=1)
    table: dict[str, str | int] | None = None
    otherwise: str | int | None = None  # for a word outside the table; without it such a row is refused
    ignore_other: bool = False  # leave the field empty for a word outside the table
    scale: float | None = None

    @field_validator("columns", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("columns")
    @classmethod
    def _folded(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_lower(name) for name in value)

    @field_validator("table", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {_word(key): word for key, word in value.items()}

    @model_validator(mode="after")
    def _one_way(self) -> Cell:
        if self.table is None and (self.otherwise is not None or self.ignore_other):
            raise ValueError("otherwise and ignore_other need a table")
        if self.table is not None and self.scale is not None:
            raise ValueError("scale does not go with a table")
        return self


class Time(_Strict):
    """When it was observed: from and to, or a date with a time of day in words."""

    from_: str = Field(default="", alias="from")
    to: str = ""
    date: str = ""
    clock: str = ""
    formats: tuple[str, ...] = ()  # strptime patterns, tried in turn; none reads ISO 8601
    zone: str | None = None  # default of the setting zone, for times without an offset; null must be given
    precision: str = ""

    @model_validator(mode="after")
    def _either(self) -> Time:
        if bool(self.from_) == bool(self.date):
            raise ValueError("give either from (and to) or date (and clock)")
        if (self.to and not self.from_) or (self.clock and not self.date):
            raise ValueError("to goes with from, clock goes with date")
        if self.precision and self.precision not in codes.PRECISIONS:
            raise ValueError(f"precision must be one of {', '.join(codes.PRECISIONS)}")
        return self


class Place(_Strict):
    """Coordinates by name: from the list here, then from the mission's geometry."""

    lookup: tuple[str, ...] = Field(min_length=1)
    places: dict[str, tuple[float, float] | tuple[float, float, int]] = {}

    @field_validator("lookup", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class Mapping(_Strict):
    """One mapping file."""

    truceline_mapping: Literal[1]
    id: str = Field(pattern=r"^[a-z][a-z0-9-]{2,40}$")
    version: int = Field(ge=1)
    title: str = ""
    public: bool = False
    key: tuple[str, ...] = ()
    time: Time
    constants: dict[str, str | int | bool] = {}
    fields: dict[str, Cell] = {}
    place: Place | None = None

    @field_validator("key", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("fields", mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        """`field: column` and `field: [a, b]` are short for `field: {columns: ...}`."""
        if not isinstance(value, dict):
            return value
        return {
            name: {"columns": cell} if isinstance(cell, str | list) else cell for name, cell in value.items()
        }

    @model_validator(mode="after")
    def _known(self) -> Mapping:
        for name in (*self.fields, *self.constants):
            if name not in _FIELDS:
                raise ValueError(f"{name} is not a field; known: {', '.join(sorted(_FIELDS))}")
        if twice := set(self.fields) & set(self.constants):
            raise ValueError(f"{min(twice)} stands under fields and under constants")
        if "source_id" not in self.fields and "source_id" not in self.constants:
            raise ValueError("source_id must be given, under fields or constants")
        for name, value in self.constants.items():
            _check_word(name, value)
        for name, cell in self.fields.items():
            for value in (cell.table or {}).values():
                _check_word(name, value)
            if cell.otherwise is not None:
                _check_word(name, cell.otherwise)
        return self

    def columns(self) -> frozenset[str]:
        """Every column that the mapping names, lower case."""
        times = {self.time.from_, self.time.to, self.time.date, self.time.clock} - {""}
        looked = set(self.place.lookup) if self.place else set()
        cells = {name for cell in self.fields.values() for name in cell.columns}
        return frozenset(_lower(name) for name in {*times, *looked, *cells, *self.key})


def load(source: Path | str) -> Format:
    """The format that a mapping file describes. `Format.family` and `Format.id` are the mapping's id.

    Args:
        source: path of a mapping file, or the name of a shipped one (see `shipped`).
    Raises:
        IntakeError: INT-012 not a valid mapping file, with the line; INT-001 no such file.
    """
    return _format(parse(*_read(source)))


def digest(source: Path | str) -> str:
    """Hex SHA-256 of the bytes of a mapping file."""
    return hashlib.sha256(raw_bytes(source)).hexdigest()


def raw_bytes(source: Path | str) -> bytes:
    """The bytes of a mapping file, to keep beside what was read with it. Raises as `load`."""
    return _read(source)[0]


def shipped() -> tuple[str, ...]:
    """Names of the mapping files that ship."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml")))


def parse(raw: bytes, name: str) -> Mapping:
    """Check a mapping file. Raises IntakeError INT-012 with file, line and field."""
    try:
        text = raw.decode("utf-8")
        plain, tree = yaml.safe_load(text), yaml.compose(text, yaml.SafeLoader)
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError, ValueError) as problem:
        mark = getattr(problem, "problem_mark", None)
        where = name if mark is None else f"{name}:{mark.line + 1}"
        said = getattr(problem, "problem", None) or str(problem)
        raise _refusal(where, "a mapping must be YAML in UTF-8", said) from problem
    try:
        return Mapping.model_validate(plain)
    except ValidationError as problems:
        first = problems.errors()[0]
        path = [part for part in first["loc"] if part != "[key]"]
        where = f"{name}:{_line(tree, path)}" + (f", {'.'.join(map(str, path))}" if path else "")
        rule = first["msg"].removeprefix("Value error, ")
        shown = first.get("input") if isinstance(first.get("input"), str | int | float | bool) else None
        raise _refusal(where, rule[0].lower() + rule[1:], shown) from problems


def _read(source: Path | str) -> tuple[bytes, str]:
    path = Path(source)
    if str(source) in shipped():
        path = SHIPPED / f"{source}.yaml"
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise _refusal(
                path.name, f"a mapping must be shorter than {_MAX_BYTES} bytes", path.stat().st_size
            )
        return path.read_bytes(), path.name
    except OSError as problem:
        raise IntakeError(
            "INT-001", "the mapping file must exist and be readable", where=str(source), value=problem.strerror,
            remedy=f"Shipped: {', '.join(shipped())}.",
        ) from problem  # fmt: skip


def _line(tree: Any, path: list[Any]) -> int:
    """The line of the deepest node on the way to `path`."""
    line = 1
    for part in path:
        if isinstance(tree, yaml.MappingNode):
            found = [(key, node) for key, node in tree.value if str(key.value) == str(part)]
        elif isinstance(tree, yaml.SequenceNode) and isinstance(part, int) and part < len(tree.value):
            found = [(tree.value[part], tree.value[part])]
        else:
            found = []
        if not found:
            break
        line, tree = found[0][0].start_mark.line + 1, found[0][1]
    return line


def _refusal(where: str, rule: str, value: object) -> IntakeError:
    return IntakeError(
        "INT-012", rule, where=where, value=value, remedy="See docs/reference/formats.md, mapping files."
    )


def _word(value: object) -> str:
    """A YAML key as a cell writes it: true, 1 and Yes are texts here."""
    return _lower("true" if value is True else "false" if value is False else str(value))


def _check_word(name: str, value: object) -> None:
    if name in _SPANS or name in _DEGREES:
        return
    column = OBSERVATIONS.field(name)
    if name in CODED:
        known = getattr(codes, column.metadata[b"codes"].decode())
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, not {value}")
    elif pa.types.is_int32(column.type):
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > I32_MAX:
            raise ValueError(f"{name} must be a whole number, not {value}")
    elif pa.types.is_boolean(column.type):
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be true or false, not {value}")
    elif not isinstance(value, str):
        raise ValueError(f"{name} must be text (put quotes around it), not {value}")


def _format(mapping: Mapping) -> Format:
    return Format(
        id=mapping.id, version=mapping.version, public=mapping.public, container=("csv", "xlsx", "json"),
        needs=mapping.columns(), translate=_Mapped(mapping), family=mapping.id,
        settings={"zone": mapping.time.zone, "geometry": ""},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Mapped:
    """The pure function that a mapping stands for."""

    mapping: Mapping

    def __call__(self, block: Block, settings: dict[str, Any], faults: Faults) -> Translated:
        mapping, rows = self.mapping, block.table.num_rows
        columns: dict[str, pa.Array] = {}
        for name, value in mapping.constants.items():
            columns.update(_spread(name, value, rows))
        for name, cell in mapping.fields.items():
            columns.update(_column(name, cell, block, faults))
        columns.update(_interval(mapping.time, block, settings["zone"], faults))
        if mapping.place is not None:
            columns.update(_looked_up(mapping.place, block, settings["geometry"], columns))
        if "place_kind" not in columns:
            columns["place_kind"] = _place_kind(columns, rows)
        return Translated(columns, _key(mapping.key, block, faults))


def _spread(name: str, value: str | int | bool, rows: int) -> dict[str, pa.Array]:
    if name in _SPANS:
        span = words.count(str(value)) or (None, None)
        ends = zip((f"{name}_min", f"{name}_max"), span, strict=True)
        return {end: pa.repeat(pa.scalar(number, pa.int64()), rows) for end, number in ends}
    if name in _DEGREES:
        return {_DEGREES[name][0]: pa.repeat(pa.scalar(round(float(value) * 1e6), pa.int64()), rows)}
    return {name: pa.repeat(pa.scalar(value, OBSERVATIONS.field(name).type), rows)}


def _first(block: Block, names: tuple[str, ...]) -> pa.Array:
    arrays = [block.text(_lower(name)) for name in names]
    return arrays[0] if len(arrays) == 1 else pc.coalesce(*arrays)


def _column(name: str, cell: Cell, block: Block, faults: Faults) -> dict[str, pa.Array]:
    array = _first(block, cell.columns)
    if cell.table is not None:
        array = _tabled(name, cell, array, faults)
    if name in _SPANS:
        spans = each(array, _pair, pa.list_(pa.int64(), 2))
        bad = mask_of(array.is_valid()) & mask_of(spans.is_null())
        faults.add(
            bad, "INT-106", f"{name} must be a number or a word for one", array, "E.g. 5, 30+, at least 2."
        )
        return {f"{name}_min": pc.list_element(spans, 0), f"{name}_max": pc.list_element(spans, 1)}
    if name in _DEGREES:
        target, limit = _DEGREES[name]
        return {target: micro_degrees(array, faults, name, limit)}
    kind = OBSERVATIONS.field(name).type
    if pa.types.is_boolean(kind):
        return {name: truth(array, faults, name)}
    if pa.types.is_int32(kind):
        if cell.scale is None:
            return {name: whole(array, faults, name)}
        numbers = scaled(decimal(array, faults, name), cell.scale)
        return {name: whole(numbers, faults, name)}
    return {name: pc.utf8_lower(pc.utf8_trim_whitespace(array)) if name in CODED else array}


def _tabled(name: str, cell: Cell, array: pa.Array, faults: Faults) -> pa.Array:
    table = cell.table or {}

    def one(text: str) -> str | None:
        found = table.get(_lower(text), cell.otherwise)
        return None if found is None else str(found)

    translated = each(array, one, pa.string())
    missed = mask_of(array.is_valid()) & mask_of(translated.is_null())
    if not cell.ignore_other:
        listed = ", ".join(sorted(table))
        faults.add(
            missed,
            "INT-107",
            f"{name} must be a word of the mapping's table",
            array,
            f"Known: {listed}."[:300],
        )
    return translated


def _pair(text: str) -> list[int | None] | None:
    span = words.count(text)
    return None if span is None else list(span)


def _key(names: tuple[str, ...], block: Block, faults: Faults) -> pa.Array | None:
    if not names:
        return None
    parts = [pc.utf8_trim_whitespace(block.text(_lower(name))) for name in names]
    if len(parts) == 1:
        faults.add(
            mask_of(parts[0].is_null()), "INT-105", f"{names[0]} must be given", remedy="Fill in the cell."
        )
        return parts[0]
    return pc.binary_join_element_wise(*parts, "/", null_handling="replace", null_replacement="")


def _interval(time: Time, block: Block, zone: str, faults: Faults) -> dict[str, pa.Array]:
    place = zone_of(zone) if zone else None
    rows = block.table.num_rows
    first = _as_iso(_lower(time.from_ or time.date), time.formats, block, faults)
    start, end, dated = moments(first, faults, time.from_ or time.date, place)
    kinds = pa.array(["day" if day else "exact" for day in dated.tolist()], pa.string())
    if time.to:
        last = _as_iso(_lower(time.to), time.formats, block, faults)
        _from, until, _day = moments(last, faults, time.to, place)
        end, kinds = pc.coalesce(until, end), pc.if_else(last.is_valid(), pa.scalar("interval"), kinds)
    elif time.clock:
        start, end, kinds = _on_the_clock(block.text(_lower(time.clock)), first, zone, faults, kinds)
    if time.precision:
        kinds = pa.repeat(pa.scalar(time.precision), rows)
    return {"observed_from_ms": start, "observed_to_ms": end, "time_precision": kinds}


def _on_the_clock(
    clock: pa.Array, date: pa.Array, zone: str, faults: Faults, kinds: pa.Array
) -> tuple[pa.Array, pa.Array, pa.Array]:
    day = moments(date, faults, "date", zone_of("UTC"))[0]
    spans = each(clock, _span, pa.list_(pa.int64(), 2))
    bad = mask_of(clock.is_valid()) & mask_of(spans.is_null())
    faults.add(bad, "INT-109", "a time of day must be readable", clock, "E.g. 14:05, after 12:00, evening.")
    first, last = (
        pc.fill_null(pc.list_element(spans, 0), 0),
        pc.fill_null(pc.list_element(spans, 1), 86_399_999),
    )
    gone = mask_of(day.is_null())
    local = pc.fill_null(day, 0)
    start = to_utc(pc.add(local, first).to_numpy(zero_copy_only=False), zone_of(zone))[0]
    end = to_utc(pc.add(local, last).to_numpy(zero_copy_only=False), zone_of(zone))[1]
    said = pc.coalesce(each(clock, _kind, pa.string()), kinds)
    return pa.array(start, mask=gone), pa.array(end, mask=gone), said


def _span(text: str) -> list[int] | None:
    found = words.time_of_day(text)
    return None if found is None else [found[0], found[1]]


def _kind(text: str) -> str | None:
    found = words.time_of_day(text)
    return None if found is None else found[2]


def _as_iso(name: str, formats: tuple[str, ...], block: Block, faults: Faults) -> pa.Array:
    """The column, its times rewritten from `formats` to ISO 8601."""
    array = block.text(name)
    if not formats:
        return array
    rewritten = each(array, _rewriter(formats), pa.string())
    bad = mask_of(array.is_valid()) & mask_of(rewritten.is_null())
    faults.add(
        bad, "INT-109", f"{name} must be a time as the mapping says", array, f"Formats: {', '.join(formats)}."
    )
    return rewritten


def _rewriter(formats: tuple[str, ...]) -> Callable[[str], str | None]:
    import datetime as dt

    timed = [re.search(r"%[HIsfXcT]", form) is not None for form in formats]

    def one(text: str) -> str | None:
        for form, clock in zip(formats, timed, strict=True):
            try:
                moment = dt.datetime.strptime(" ".join(text.split()), form)
            except ValueError:
                continue
            return moment.isoformat(timespec="milliseconds") if clock else moment.date().isoformat()
        return None

    return one


def _looked_up(
    place: Place, block: Block, gazetteer: Gazetteer, columns: dict[str, pa.Array]
) -> dict[str, pa.Array]:
    """Coordinates by name; what the columns give stays."""
    listed = {_lower(name): triple for name, triple in place.places.items()}
    name = _first(block, place.lookup)

    def find(text: str) -> tuple[int, int, int | None] | None:
        triple = listed.get(_lower(text))
        if triple is not None:
            return round(triple[0] * 1e6), round(triple[1] * 1e6), int(triple[2]) if len(triple) > 2 else None
        found = gazetteer.find(text)
        return None if found is None else (found.lon_udeg, found.lat_udeg, found.error_m)

    made = {}
    for index, target in enumerate(("lon_udeg", "lat_udeg", "error_m")):
        array = each(name, lambda text, index=index: (find(text) or (None,) * 3)[index], pa.int64())
        made[target] = pc.coalesce(columns[target].cast(pa.int64()), array) if target in columns else array
    if "place_name" not in columns:
        made["place_name"] = name
    return made


def _place_kind(columns: dict[str, pa.Array], rows: int) -> pa.Array:
    def given(name: str) -> pa.Array:
        return columns[name].is_valid() if name in columns else pa.repeat(pa.scalar(False), rows)

    kind = pa.repeat(pa.scalar("unknown"), rows)
    for word, mask in (
        ("point", given("lon_udeg")), ("named", given("place_name")), ("area", given("area_id")),
        ("footprint", pc.and_(given("lon_udeg"), given("scan_m"))),
        ("sector", pc.and_(given("lon_udeg"), given("bearing_mdeg"))),
    ):  # fmt: skip
        kind = pc.if_else(mask, pa.scalar(word), kind)
    return kind
