"""Files of who moved where: tracks of patrols as GPX, GeoJSON or CSV, and passes of satellites as a plain table.

A track is sealed information: it is read whole or refused with one error, and what is made of it goes under seal. Pure
but for reading the file.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pyarrow as pa

from truceline.errors import IntakeError
from truceline.records.codes import WATCH_OUTCOMES

LIMIT_BYTES: Final = 64 << 20
_NAMES: Final = {
    "source_id": ("source_id", "source", "patrol", "satellite", "name"), "time": ("time", "at", "timestamp", "datetime", "time_utc"),
    "lon": ("lon_deg", "lon", "longitude", "x"), "lat": ("lat_deg", "lat", "latitude", "y"), "outcome": ("outcome",),
    "swath_m": ("swath_m",), "clear": ("clear",),
}  # fmt: skip
_CLEAR: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}

Fix = dict[str, Any]


def read_tracks(path: Path, *, source_id: str = "") -> pa.Table:
    """The fixes of a file, in its order: source_id, at_ms, lon_udeg, lat_udeg, outcome; of passes swath_m and clear besides.

    Args:
        source_id: whose track it is, where the file does not say.
    Raises:
        IntakeError: COV-010 a file that is no track, COV-011 a fix that cannot be read.
    """
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= LIMIT_BYTES else b""
    except OSError as problem:
        raise _no_track(path, problem.strerror) from problem
    bare = raw.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not bare:
        raise _no_track(path, f"{size:,} bytes")
    read = _gpx if bare[:1] == b"<" else _geojson if bare[:1] in (b"{", b"[") else _table
    rows = [_fix(path, where, fix, source_id) for where, fix in read(path, raw)]
    if not rows:
        raise _no_track(path, "no fixes")
    passes = "swath_m" in rows[0]
    schema = [("source_id", pa.string()), ("at_ms", pa.int64()), ("lon_udeg", pa.int32()), ("lat_udeg", pa.int32()), ("outcome", pa.string())]  # fmt: skip
    schema += [("swath_m", pa.int32()), ("clear", pa.bool_())] if passes else []
    return pa.Table.from_pylist(rows, schema=pa.schema(schema))


def _gpx(path: Path, raw: bytes) -> Iterator[tuple[str, Fix]]:
    """GPX 1.0 and 1.1: the points of tracks. A document type could name other files or grow without end, so none is taken."""
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise _no_track(path, "a document type")
    try:
        root = ElementTree.fromstring(raw)  # noqa: S314 - no document type, no entities
    except ElementTree.ParseError as problem:
        raise _no_track(path, str(problem)) from problem
    number = 0
    for track in _children(root, "trk"):
        name = next((one.text for one in _children(track, "name")), "")
        for segment in _children(track, "trkseg"):
            for point in _children(segment, "trkpt"):
                number += 1
                when = next((one.text for one in _children(point, "time")), None)
                yield f"point {number}", {"name": (name or "").strip(), "time": when, "lon": point.get("lon"), "lat": point.get("lat")}  # fmt: skip


def _children(element: Any, name: str) -> Iterator[Any]:
    return (one for one in element if str(one.tag).rpartition("}")[2] == name)


def _geojson(path: Path, raw: bytes) -> Iterator[tuple[str, Fix]]:
    """Points with a `time`, or lines with one time a position in `coordTimes` (or `coordinateProperties.times`)."""
    try:
        document = json.loads(raw.decode("utf-8-sig"))
        features = document["features"] if document.get("type") == "FeatureCollection" else [document]
        for number, feature in enumerate(features, 1):
            said, geometry = dict(feature["properties"] or {}), feature["geometry"]
            more = said.get("coordinateProperties")
            times = said.get("coordTimes") or (more.get("times") if isinstance(more, dict) else None)
            kind, at = geometry["type"], geometry["coordinates"]
            if kind == "Point":
                yield f"feature {number}", said | {"lon": at[0], "lat": at[1]}
                continue
            lines, listed = ([at], times and [times]) if kind == "LineString" else (at, times)
            if kind not in ("LineString", "MultiLineString") or not listed or [*map(len, lines)] != [*map(len, listed)]:  # fmt: skip
                raise _no_fix(path, f"feature {number}", "a line must have one time a position, in `coordTimes`", kind)  # fmt: skip
            for line, when in zip(lines, listed, strict=True):
                for index, (place, moment) in enumerate(zip(line, when, strict=True), 1):
                    yield f"feature {number}, position {index}", said | {"time": moment, "lon": place[0], "lat": place[1]}  # fmt: skip
    except (UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as problem:  # fmt: skip
        raise _no_track(path, f"{type(problem).__name__}: {problem}") from problem


def _table(path: Path, raw: bytes) -> Iterator[tuple[str, Fix]]:
    try:
        rows = csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True)
        rows.fieldnames = [" ".join(str(name).split()).lower() for name in rows.fieldnames or ()]
        if not any(name in rows.fieldnames for name in _NAMES["time"]):
            raise _no_track(path, ", ".join(rows.fieldnames))
        for row in rows:
            if None in row or None in row.values():
                raise _no_fix(path, f"line {rows.line_num}", f"a row must have {len(rows.fieldnames)} cells", None)  # fmt: skip
            yield f"line {rows.line_num}", row
    except (UnicodeDecodeError, csv.Error) as problem:
        raise _no_track(path, str(problem)) from problem


def _fix(path: Path, where: str, said: Fix, source_id: str) -> Fix:
    def cell(name: str) -> Any:
        return next((said[key] for key in _NAMES[name] if said.get(key) not in (None, "")), None)

    source = source_id or cell("source_id")
    if not source:
        raise _no_fix(
            path, where, "a track must say whose it is", None, "Give --source, or a column `source_id`."
        )
    made = {"source_id": str(source), "at_ms": _moment(path, where, cell("time")), "outcome": str(cell("outcome") or "watched")}  # fmt: skip
    for name, most in (("lon", 180.0), ("lat", 90.0)):
        made[f"{name}_udeg"] = round(1e6 * _number(path, where, name, cell(name), most))
    if made["outcome"] not in WATCH_OUTCOMES:
        raise _no_fix(path, where, f"`outcome` must be of {', '.join(WATCH_OUTCOMES)}", made["outcome"])
    if "swath_m" in said:
        made["swath_m"] = round(_number(path, where, "swath_m", cell("swath_m"), 5_000_000.0, 1.0))
        clear = str(cell("clear")).strip().lower()
        if clear not in _CLEAR:
            raise _no_fix(path, where, "a pass must say whether the sky was clear, yes or no", cell("clear"))
        made["clear"] = _CLEAR[clear]
    return made


def _moment(path: Path, where: str, value: Any) -> int:
    try:
        when = dt.datetime.fromisoformat(str(value).strip())
    except ValueError:
        when = None
    if when is None or when.utcoffset() is None:
        raise _no_fix(path, where, "a fix must have a time with its offset from UTC", value, "E.g. 2031-03-12T09:00:00+04:00.")  # fmt: skip
    return int((when - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(milliseconds=1))


def _number(path: Path, where: str, name: str, value: Any, most: float, least: float | None = None) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    low = -most if least is None else least
    if not low <= number <= most:
        raise _no_fix(path, where, f"`{name}` must be a number from {low:,.0f} to {most:,.0f}", value)
    return number


def _no_track(path: Path, value: object) -> IntakeError:
    return IntakeError(
        "COV-010", f"a track must be GPX, GeoJSON or CSV in UTF-8, with fixes, of at most {LIMIT_BYTES >> 20} MB", where=path.name,
        value=value, remedy="docs/how-to/import-tracks-and-passes.md shows each form.",
    )  # fmt: skip


def _no_fix(path: Path, where: str, rule: str, value: object, remedy: str = "Correct it; nothing of the file was taken.") -> IntakeError:  # fmt: skip
    return IntakeError("COV-011", rule, where=f"{path.name}, {where}", value=value, remedy=remedy)
