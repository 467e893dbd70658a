"""Which share of each sector's line was watched, hour by hour, by each kind of source and by any of the mission's own.

A stretch that two watch is watched once: the union is taken over points along the line and over instants, exactly in
time and to `SPACING_M` along the line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from truceline.coverage.sun import NIGHT_BELOW_DEG, elevation_deg
from truceline.errors import RecordError, UsageError
from truceline.geo import Frame, Line, Sectors
from truceline.records.codes import MISSION_KINDS, SOURCE_KINDS, WATCH_OUTCOMES

ANY: Final = "any"
"""In `source_kind`: watched by one or more of the mission's own kinds. Satellites and imagery pass by; they do not watch."""

SPACING_M: Final = 250.0
HOUR_MS: Final = 3_600_000
_CHUNK_HOURS: Final = 240

EXPOSURE: Final = pa.schema(
    [
        ("sector_id", pa.string()),
        ("hour_ms", pa.int64()),  # start of a UTC hour
        ("source_kind", pa.string()),  # one of SOURCE_KINDS, or ANY
        ("watched_e4", pa.int32()),  # share of the sector's line, averaged over the hour
        ("night", pa.bool_()),
        ("line_m", pa.int32()),  # length of the line in the sector
        (
            "access_denied",
            pa.int32(),
        ),  # watches that were refused, counted in the hour they were to begin; on ANY only
    ]
)
"""Sealed: finer than what may be published (`summary`). Every sector with a stretch of the line has a row for every
hour and every kind that occurs among the watches. Metadata `zone` names the time zone of weeks and days."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Track:
    """Points along the line, SPACING_M apart, and the sector of each."""

    frame: Frame
    xy: Floats  # (p, 2)
    sector: Ints  # (p,) index into ids, in order of ids
    ids: tuple[str, ...]  # sectors that hold some of the line
    centres: Floats  # (s, 2) degrees
    metres: Ints  # (s,)


def exposure(
    watches: pa.Table, *, sectors: Sectors, line: Line, from_ms: int, to_ms: int, zone: str
) -> pa.Table:
    """Exposure (`EXPOSURE`) from watches (`records.columns.WATCHES`).

    Args:
        from_ms, to_ms: UTC ms, widened to whole UTC hours.
        zone: IANA name; kept with the table, for weeks.
    Returns:
        Sorted by hour, then sector in the order of `sectors`, then kind with ANY first. A watch covers the points of
        the line within its radius (and, where given, its angle); without a place, the line in its sector; with a place
        but no radius, nothing.
    Raises:
        UsageError: COV-001 an unknown zone, COV-002 a period that does not run forwards.
        RecordError: COV-003 a watch that ends before it starts, COV-004 an unknown outcome or kind.
    """
    zone_named(zone)
    if not from_ms < to_ms:
        raise UsageError(
            "COV-002", "a period must run forwards", value=(from_ms, to_ms), remedy="Swap the times."
        )
    _check(watches)
    first, last = from_ms // HOUR_MS, -(-to_ms // HOUR_MS)
    hours = np.arange(first, last) * HOUR_MS
    track = _track(sectors, line)
    starts, ends = watches["from_ms"].to_numpy(), watches["to_ms"].to_numpy()
    kinds = np.array(watches["source_kind"].to_pylist(), dtype="U16")
    watched = np.array(watches["outcome"].to_pylist(), dtype="U16") == "watched"
    fields = _fields(watches, track)
    present = [kind for kind in SOURCE_KINDS if (kinds == kind).any()]
    groups = [np.isin(kinds, list(MISSION_KINDS)), *(kinds == kind for kind in present)]
    shares = np.zeros((len(hours), len(track.ids), len(groups)), dtype=np.int32)
    for begin in range(0, len(hours), _CHUNK_HOURS):
        part = hours[begin : begin + _CHUNK_HOURS]
        for index, group in enumerate(groups):
            rows = np.flatnonzero(group & watched & (ends > part[0]) & (starts < part[-1] + HOUR_MS))
            if len(rows):
                shares[begin : begin + len(part), :, index] = _shares(
                    part, starts[rows], ends[rows], fields[rows], track
                )
    denied = np.zeros((len(hours), len(track.ids)), dtype=np.int32)
    for hour, sector in _denied(watches, track, sectors):
        if 0 <= hour - first < len(hours):
            denied[hour - first, sector] += 1
    return _table(hours, track, [ANY, *present], shares, denied, zone)


def zone_of(exposed: pa.Table) -> ZoneInfo:
    """The time zone that an exposure table carries.

    Raises:
        UsageError: COV-001, COV-005 the table was not made by `exposure`.
    """
    kept = (exposed.schema.metadata or {}).get(b"zone")
    if kept is None or not set(EXPOSURE.names) <= set(exposed.column_names):
        raise UsageError(
            "COV-005", "the table must come from coverage.exposure", value=exposed.column_names,
            remedy="Keep its columns and its metadata.",
        )  # fmt: skip
    return zone_named(kept.decode())


def zone_named(name: str) -> ZoneInfo:
    """The zone of an IANA name; UsageError COV-001 where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise UsageError(
            "COV-001", "the zone must be an IANA time zone", value=name, remedy="Give e.g. Europe/Kyiv."
        ) from problem


def _check(watches: pa.Table) -> None:
    for name, known in (("outcome", set(WATCH_OUTCOMES)), ("source_kind", set(SOURCE_KINDS))):
        for row, word in enumerate(watches[name].to_pylist()):
            if word not in known:
                raise RecordError(
                    "COV-004", f"a watch must have a known {name}", where=f"watches, row {row}", value=word,
                    remedy=f"Known: {', '.join(sorted(known))}.",
                )  # fmt: skip
    for name in ("from_ms", "to_ms"):
        if watches[name].null_count:
            raise RecordError("COV-003", "a watch must have a start and an end", where="watches", value=name)
    back = np.flatnonzero(watches["to_ms"].to_numpy() < watches["from_ms"].to_numpy())
    if len(back):
        raise RecordError(
            "COV-003", "a watch must not end before it starts", where=f"watches, row {back[0]}",
            value=(watches["from_ms"][int(back[0])].as_py(), watches["to_ms"][int(back[0])].as_py()),
        )  # fmt: skip


def _track(sectors: Sectors, line: Line) -> _Track:
    frame = line.frame()
    path = line.xy(frame)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    count = max(1, round(float(along[-1]) / SPACING_M))
    at = (np.arange(count) + 0.5) * along[-1] / count
    xy = np.column_stack([np.interp(at, along, path[:, k]) for k in (0, 1)])
    names = sectors.of(frame.to_lonlat(xy))
    ids = tuple(name for name in sectors.ids if name in set(names))
    rank = {name: index for index, name in enumerate(ids)}
    sector = np.array([rank[name] for name in names if name is not None], dtype=np.int64)
    order = np.argsort(sector, kind="stable")
    held = np.bincount(sector, minlength=len(ids))
    return _Track(
        frame, xy[order], sector[order], ids, np.array([sectors.centre(name) for name in ids]).reshape(-1, 2),
        np.rint(held * along[-1] / count).astype(np.int64),
    )  # fmt: skip


def _fields(watches: pa.Table, track: _Track) -> Bools:
    """Which points of the line each watch covers, (w, p)."""
    size = watches.num_rows
    fields = np.zeros((size, len(track.xy)), dtype=np.bool_)
    lon, lat, radius, bearing, width = (
        watches[name].cast(pa.float64()).fill_null(float("nan")).to_numpy()
        for name in ("lon_udeg", "lat_udeg", "radius_m", "bearing_mdeg", "width_mdeg")
    )
    placed = ~np.isnan(lon) & ~np.isnan(lat)
    rows = np.flatnonzero(placed & ~np.isnan(radius))
    stand = track.frame.to_xy(np.column_stack([lon[rows], lat[rows]]) / 1e6)
    for row, xy in zip(rows.tolist(), stand, strict=True):
        gap = track.xy - xy
        inside = np.hypot(gap[:, 0], gap[:, 1]) <= radius[row]
        if not np.isnan(bearing[row]) and not np.isnan(width[row]):
            towards = np.degrees(np.arctan2(gap[:, 0], gap[:, 1]))
            off = np.abs((towards - bearing[row] / 1e3 + 180.0) % 360.0 - 180.0)
            inside &= off <= width[row] / 2e3
        fields[row] = inside
    names = watches["sector_id"].to_pylist()
    for row in np.flatnonzero(~placed).tolist():
        if names[row] in track.ids:
            fields[row] = track.sector == track.ids.index(names[row])
    return fields


def _shares(hours: Ints, starts: Ints, ends: Ints, fields: Bools, track: _Track) -> npt.NDArray[np.int32]:
    """(h, s) in units of 1e-4, exact integers until the last division."""
    low, high = int(hours[0]), int(hours[-1]) + HOUR_MS
    starts, ends = np.clip(starts, low, high), np.clip(ends, low, high)
    edges = np.unique(np.concatenate([hours, [high], starts, ends]))
    grid = np.zeros((len(edges) - 1, len(track.xy)), dtype=np.bool_)
    begin, end = np.searchsorted(edges, starts), np.searchsorted(edges, ends)
    for row in range(len(starts)):
        grid[begin[row] : end[row]] |= fields[row]
    first_point = np.searchsorted(track.sector, np.arange(len(track.ids)))
    points = np.add.reduceat(grid, first_point, axis=1, dtype=np.int64)
    held = np.bincount(track.sector, minlength=len(track.ids))
    weighted = points * np.diff(edges)[:, None]
    by_hour = np.add.reduceat(weighted, np.searchsorted(edges, hours), axis=0)
    whole = HOUR_MS * held[None, :]
    return np.asarray((by_hour * 10_000 + whole // 2) // whole, dtype=np.int32)


def _denied(watches: pa.Table, track: _Track, sectors: Sectors) -> list[tuple[int, int]]:
    """Hour number and sector of every watch that was refused."""
    found: list[tuple[int, int]] = []
    refused = [row for row, word in enumerate(watches["outcome"].to_pylist()) if word == "access_denied"]
    part = watches.take(pa.array(refused, type=pa.int64()))
    for row in part.select(["from_ms", "sector_id", "lon_udeg", "lat_udeg"]).to_pylist():
        name = row["sector_id"]
        if name is None and row["lon_udeg"] is not None and row["lat_udeg"] is not None:
            name = sectors.of(np.array([[row["lon_udeg"] / 1e6, row["lat_udeg"] / 1e6]]))[0]
        if name in track.ids:
            found.append((row["from_ms"] // HOUR_MS, track.ids.index(name)))
    return found


def _table(
    hours: Ints,
    track: _Track,
    kinds: list[str],
    shares: npt.NDArray[np.int32],
    denied: npt.NDArray[np.int32],
    zone: str,
) -> pa.Table:
    h, s, k = shares.shape
    middle = hours + HOUR_MS // 2
    night = (
        elevation_deg(middle[:, None], track.centres[None, :, 0], track.centres[None, :, 1]) < NIGHT_BELOW_DEG
    )
    refused = np.zeros((h, s, k), dtype=np.int32)
    refused[:, :, 0] = denied

    def words(values: list[str], index: Any) -> Any:
        return pa.array(values, type=pa.string()).take(pa.array(index))

    columns = [
        words(list(track.ids), np.tile(np.repeat(np.arange(s), k), h)), pa.array(np.repeat(hours, s * k)),
        words(kinds, np.tile(np.arange(k), h * s)), pa.array(shares.ravel()), pa.array(np.repeat(night.ravel(), k)),
        pa.array(np.tile(np.repeat(track.metres.astype(np.int32), k), h)), pa.array(refused.ravel()),
    ]  # fmt: skip
    return pa.Table.from_arrays(columns, schema=EXPOSURE.with_metadata({"zone": zone}))
