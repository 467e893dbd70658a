"""JSON files that hold one long array (GeoJSON `features`, or records) to blocks, an element at a time.

Memory stays at a few megabytes and one block, however long the array. An element that is not JSON, or not text, is
refused alone. Numbers keep the digits they were written with.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa

from truceline.errors import IntakeError
from truceline.intake.chunks import RAW_LIMIT, Block, Rejected

PIECE_BYTES: Final = 1 << 20
ELEMENT_LIMIT: Final = 16 << 20
BLOCK_ROWS: Final = 20_000
_PREAMBLE_LIMIT: Final = 4 << 20
_ARRAY_NAMES: Final = ("features", "data", "records", "results")
_ARRAY: Final = re.compile(rf'"(?:{"|".join(_ARRAY_NAMES)})"\s*:\s*\[')
_SPACE: Final = re.compile(r"[ \t\r\n,]*")
_TOKEN: Final = re.compile(r'[{}\[\]]|"(?:[^"\\]|\\.)*"', re.DOTALL)


class _TwiceError(ValueError):
    """A key stands twice in an object: which value was meant, nobody can tell (RFC 8259, section 4)."""


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    object_ = dict(members)
    if len(object_) != len(members):
        names = [name for name, _value in members]
        twice = next(name for name in object_ if names.count(name) > 1)
        raise _TwiceError(f"the key {twice[:40]!r} stands twice")
    return object_


_DECODER: Final = json.JSONDecoder(
    parse_float=str, parse_int=str, parse_constant=str, strict=False, object_pairs_hook=_once
)

Flatten = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Elements:
    """A JSON file with an array of objects.

    Args:
        flatten: object -> cells; raises ValueError with a sentence when it cannot be a row.
    """

    path: Path
    flatten: Flatten

    def blocks(self) -> Iterator[Block]:
        """The objects as rows of strings. Raises IntakeError INT-015 where the array itself is broken."""
        rows: list[dict[str, str | None]] = []
        lines: list[int] = []
        rejected: list[Rejected] = []
        for line, element, raw in elements(self.path):
            try:
                if isinstance(element, Rejected):
                    rejected.append(element)
                elif not isinstance(element, dict):
                    raise ValueError("an element must be an object")
                else:
                    cells = {key: _cell(value) for key, value in self.flatten(element).items()}
                    rows.append(cells)
                    lines.append(line)
            except ValueError as problem:
                remedy = "Correct the element."
                rejected.append(Rejected(line, "INT-114", str(problem), "", remedy, raw[:RAW_LIMIT]))
            if len(rows) + len(rejected) >= BLOCK_ROWS:
                yield _block(rows, lines, rejected)
                rows, lines, rejected = [], [], []
        if rows or rejected:
            yield _block(rows, lines, rejected)


def as_is(element: dict[str, Any]) -> dict[str, Any]:
    """The members of an object as cells, names lower case. Raises ValueError where two differ in case only."""
    return _once([(key.lower(), value) for key, value in element.items()])


def feature(element: dict[str, Any]) -> dict[str, Any]:
    """The properties of a GeoJSON feature as cells, with lon_deg and lat_deg from a Point (RFC 7946, section 3.1.2)."""
    if element.get("type") != "Feature":
        raise ValueError("an element of features must be a Feature")
    properties = element.get("properties") or {}
    if not isinstance(properties, dict):
        raise ValueError("properties must be an object")
    cells = as_is(properties)
    geometry = element.get("geometry")
    if geometry is not None:
        place = geometry.get("coordinates") if isinstance(geometry, dict) else None
        point = isinstance(geometry, dict) and geometry.get("type") == "Point"
        if not point or not isinstance(place, list) or len(place) < 2:
            raise ValueError("the geometry of an observation must be a Point or null")
        cells["lon_deg"], cells["lat_deg"] = place[0], place[1]
    if "obs_id" not in cells and isinstance(element.get("id"), str):
        cells["obs_id"] = element["id"]
    return cells


def first_element(path: Path) -> tuple[bool, dict[str, Any]]:
    """Whether the file is a FeatureCollection, and its first object ({} where the array is empty).

    Raises:
        IntakeError: INT-015, no array of objects.
    """
    with path.open("rb") as stream:
        start = stream.read(_PREAMBLE_LIMIT).decode("utf-8", "replace")
    collection = re.search(r'"type"\s*:\s*"(FeatureCollection|Feature)"', start) is not None
    for _line, element, _raw in elements(path):
        if isinstance(element, dict):
            return collection, element
    return collection, {}


def elements(path: Path) -> Iterator[tuple[int, Any, str]]:
    """(line, element or Rejected, raw text) of the array, in order.

    Raises:
        IntakeError: INT-002 empty, INT-015 no array, or cut off, or trailing text that is not JSON.
    """
    with path.open("rb") as stream:
        source = _Source(path, stream)
        source.enter()
        while (found := source.following()) is not None:
            yield found


class _Source:
    """A window on the text; lines are counted as the window moves on."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self.path, self.stream = path, stream
        self.decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self.window, self.at, self.line, self.done = "", 0, 1, False
        self.within = True  # an object; or the array is the file

    def more(self) -> bool:
        """Widen the window; False at the end of the file."""
        if self.done:
            return False
        piece = self.stream.read(PIECE_BYTES)
        if not piece:
            self.done = True
        self.window = self.window[self.at :] + self.decoder.decode(piece, not piece)
        self.at = 0
        return not self.done

    def advance(self, to: int) -> None:
        """Move on; `line` is the line at `at`."""
        self.line += self.window.count("\n", self.at, to)
        self.at = to

    def enter(self) -> None:
        while True:
            start = self.window.lstrip("\ufeff \t\r\n")
            if start.startswith("["):
                self.advance(self.window.index("[") + 1)
                self.within = False
                return
            found = _ARRAY.search(self.window) if start.startswith("{") else None
            if found is not None:
                self.advance(found.end())
                return
            if (start and start[0] not in "[{") or len(self.window) > _PREAMBLE_LIMIT or not self.more():
                break
        if not self.window.strip():
            raise IntakeError(
                "INT-002",
                "a file must hold at least a header",
                where=self.path.name,
                remedy="Check that the file was fetched whole.",
            )
        raise IntakeError(
            "INT-015", "a JSON file must hold one array of objects", where=self.path.name, value=self.window[:40],
            remedy="Name the array features, data, records or results.",
        )  # fmt: skip

    def following(self) -> tuple[int, Any, str] | None:
        while True:
            skipped = _SPACE.match(self.window, self.at)
            start = skipped.end() if skipped is not None else self.at
            if start < len(self.window):
                break
            self.advance(start)
            if not self.more() and self.at >= len(self.window):
                raise self._cut_off()
        self.advance(start)
        if self.window[start] != "]":
            return self._element()
        self._leave()
        return None

    def _leave(self) -> None:
        """What follows the array must end the file: a second array would be rows that nobody counts."""
        self.advance(self.at + 1)
        while len(self.window) - self.at <= _PREAMBLE_LIMIT and self.more():
            pass
        rest = self.window[self.at :].strip(" \t\r\n")
        try:
            after = _DECODER.decode("{" + rest.removeprefix(",")) if self.within else {}
        except (json.JSONDecodeError, RecursionError, _TwiceError):
            after = None
        if after is None or (rest and not self.within) or _another(after):
            raise IntakeError(
                "INT-015", "after the array the file must end, with no second array",
                where=f"{self.path.name}:{self.line}", value=rest[:40],
                remedy="One array a file: split it, or fetch it again.",
            )  # fmt: skip

    def _element(self) -> tuple[int, Any, str]:
        while True:
            line = self.line
            try:
                element, end = _DECODER.raw_decode(self.window, self.at)
            except (json.JSONDecodeError, RecursionError, _TwiceError) as problem:
                end = self._balanced()
                if end < 0 and len(self.window) - self.at <= ELEMENT_LIMIT and self.more():
                    continue
                if end < 0:
                    raise self._cut_off() from problem
                raw = self.window[self.at : end]
                rule = (
                    "a key must stand once" if isinstance(problem, _TwiceError) else "an element must be JSON"
                )
                element = self._refused(line, raw, "INT-114", rule, str(problem)[:80])
            else:
                if (
                    not isinstance(element, dict | list | bool | None)
                    and end == len(self.window)
                    and self.more()
                ):
                    continue
            raw = self.window[self.at : end]
            if not raw.isascii() and _escaped(raw):
                element = self._refused(line, raw, "INT-102", "an element must be UTF-8", "")
            self.advance(end)
            return line, element, raw

    def _balanced(self) -> int:
        """Where the brackets that open here close again, or -1."""
        depth, end = 0, -1
        for token in _TOKEN.finditer(self.window, self.at):
            sign = token[0]
            if sign in "{[":
                depth += 1
            elif sign in "}]":
                depth -= 1
                if depth <= 0:
                    end = token.end()
                    break
        return end

    def _refused(self, line: int, raw: str, code: str, rule: str, value: str) -> Rejected:
        shown = raw[:RAW_LIMIT].encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return Rejected(line, code, rule, value, "Correct the element.", shown)

    def _cut_off(self) -> IntakeError:
        return IntakeError(
            "INT-015", "the array must be closed", where=f"{self.path.name}:{self.line}", value=self.window[self.at :][:40],
            remedy="The file is cut off or damaged here; fetch it again.",
        )  # fmt: skip


def _another(after: dict[str, Any]) -> bool:
    return any(isinstance(value, list) and name in _ARRAY_NAMES for name, value in after.items())


def _escaped(raw: str) -> bool:
    try:
        raw.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _cell(value: Any) -> str | None:
    match value:
        case None | "":
            return None
        case bool():
            return "true" if value else "false"
        case str():
            try:
                value.encode("utf-8")
            except UnicodeEncodeError as problem:
                raise ValueError("text must not hold half of a surrogate pair") from problem
            return value
        case _:
            return json.dumps(value, ensure_ascii=False)


def _block(rows: list[dict[str, str | None]], lines: list[int], rejected: list[Rejected]) -> Block:
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not names:
        table = pa.table({"obs_id": pa.nulls(len(rows), pa.string())})
    else:
        table = pa.table(
            [pa.array([row.get(name) for row in rows], pa.string()) for name in names], names=names
        )
    return Block(table, np.asarray(lines, np.int64), tuple(rejected))
