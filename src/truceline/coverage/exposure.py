"""Which share of each sector's line was watched, hour by hour, by each kind of source and by any of the mission's own.

A stretch that two watch is watched once: the union is taken over points along the line and over instants, exactly in
time and to `SPACING_M` along the line. What was not watched is data too, with the reason.
"""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa

from truceline.coverage.detection import MICRO, Detection
from truceline.coverage.sun import NIGHT_BELOW_DEG, elevation_deg
from truceline.coverage.track import SPACING_M, Bools, Floats, Ints, Track, fields, sweep
from truceline.errors import RecordError, UsageError
from truceline.geo import Line, Sectors
from truceline.records.codes import MISSION_KINDS, SOURCE_KINDS, WATCH_OUTCOMES

__all__ = [
    "ANY",
    "EXPOSURE",
    "HOUR_MS",
    "NOBODY",
    "SPACING_M",
    "UNWATCHED",
    "Floats",
    "Ints",
    "exposure",
    "unwatched",
]

ANY: Final = "any"
"""In `source_kind`: watched by one or more of the mission's own kinds. Satellites and imagery pass by; they do not watch."""

NOBODY: Final = "nobody"
"""In `reason`: no watch of the mission's own was to be there."""

HOUR_MS: Final = 3_600_000

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
        ),  # watches that were refused, in the hour they were to begin; on ANY only
        (
            "noticed_e4",
            pa.int32(),
        ),  # chance that an incident there and then is noticed; null without a detection
    ]
)
"""Sealed: finer than what may be published (`summary`). Every sector with a stretch of the line has a row for every
hour and every kind that occurs among the watches. Metadata `zone` names the time zone of weeks and days."""

UNWATCHED: Final = pa.schema(
    [
        ("sector_id", pa.string()), ("hour_ms", pa.int64()), ("reason", pa.string()),
        ("unwatched_e4", pa.int32()), ("night", pa.bool_()), ("line_m", pa.int32()),
    ]
)  # fmt: skip
"""Sealed. The share of a sector's line that none of the mission's own watched, by reason: `NOBODY`, or the outcome of the
watch that was to be there. Where several were, the one that stands first in WATCH_OUTCOMES counts. With `watched_e4` of
ANY the shares of an hour sum to 10000."""


def exposure(
    watches: pa.Table, *, sectors: Sectors, line: Line, from_ms: int, to_ms: int, zone: str,
    detection: Detection | None = None,
) -> pa.Table:  # fmt: skip
    """Exposure (`EXPOSURE`) from watches (`records.columns.WATCHES`).

    Args:
        from_ms, to_ms: UTC ms, widened to whole UTC hours.
        zone: IANA name; kept with the table, for weeks.
        detection: with it, `noticed_e4` is filled: the chance that an incident at a random point of the sector's line
            and a random instant of the hour is noticed by the kind, from beyond the stated field too.
    Returns:
        Sorted by hour, then sector in the order of `sectors`, then kind with ANY first. A watch covers the points of
        the line within its radius (and, where given, its angle); without a place, the line in its sector; with a place
        but no radius, nothing.
    Raises:
        UsageError: COV-001 an unknown zone, COV-002 a period that does not run forwards.
        RecordError: COV-003 a watch that ends before it starts, COV-004 an unknown outcome or kind.
    """
    zone_named(zone)
    swept = _Swept(watches, sectors, line, from_ms, to_ms, detection)
    return swept.exposure(watches, sectors, zone, detection is not None)


def unwatched(watches: pa.Table, *, sectors: Sectors, line: Line, from_ms: int, to_ms: int) -> pa.Table:
    """What none of the mission's own watched, and why (`UNWATCHED`); sorted by hour, sector, reason.

    Raises:
        UsageError: COV-002. RecordError: COV-003, COV-004.
    """
    return _Swept(watches, sectors, line, from_ms, to_ms, None).unwatched()


class _Swept:
    """Watches added up over points and hours."""

    def __init__(
        self, watches: pa.Table, sectors: Sectors, line: Line, from_ms: int, to_ms: int, detection: Detection | None
    ) -> None:  # fmt: skip
        if not from_ms < to_ms:
            raise UsageError(
                "COV-002", "a period must run forwards", value=(from_ms, to_ms), remedy="Swap the times."
            )
        _check(watches)
        first, last = from_ms // HOUR_MS, -(-to_ms // HOUR_MS)
        self.hours: Ints = np.arange(first, last) * HOUR_MS
        self.track = Track.of(sectors, line)
        kinds = watches["source_kind"].to_pylist()
        self.present = [kind for kind in SOURCE_KINDS if kind in set(kinds)]
        rank = {kind: index + 1 for index, kind in enumerate(self.present)}
        middle = self.hours + HOUR_MS // 2
        centres = self.track.centres
        self.night: Bools = (
            elevation_deg(middle[None, :], centres[:, 0, None], centres[:, 1, None]) < NIGHT_BELOW_DEG
        )
        reached = fields(watches, self.track, detection)
        self.seen, self.noticed, self.blocked = sweep(
            reached.first, reached.watch, reached.inside, reached.missed, self.track.sector,
            watches["from_ms"].to_numpy(), watches["to_ms"].to_numpy(),
            np.array([rank[kind] for kind in kinds], dtype=np.int64), np.isin(kinds, list(MISSION_KINDS)),
            np.array([WATCH_OUTCOMES.index(word) for word in watches["outcome"].to_pylist()], dtype=np.int64),
            self.night, _joint(detection), first * HOUR_MS, HOUR_MS, len(self.present) + 1, len(WATCH_OUTCOMES),
        )  # fmt: skip
        self.whole: Ints = HOUR_MS * np.bincount(self.track.sector, minlength=len(self.track.ids))

    def exposure(self, watches: pa.Table, sectors: Sectors, zone: str, learned: bool) -> pa.Table:
        """(h, s, k) in the order of rows."""
        s, h, k = self.seen.shape
        denied = np.zeros((h, s, k), dtype=np.int32)
        first = int(self.hours[0]) // HOUR_MS
        for hour, sector in _denied(watches, self.track, sectors):
            if 0 <= hour - first < h:
                denied[hour - first, sector, 0] += 1
        shares = _share(self.seen, self.whole[:, None, None])
        noticed = _share(self.noticed, MICRO * self.whole[:, None, None])
        ids = list(self.track.ids)
        columns = [
            _words(ids, np.tile(np.repeat(np.arange(s), k), h)), pa.array(np.repeat(self.hours, s * k)),
            _words([ANY, *self.present], np.tile(np.arange(k), h * s)), pa.array(shares.transpose(1, 0, 2).ravel()),
            pa.array(np.repeat(self.night.T.ravel(), k)),
            pa.array(np.tile(np.repeat(self.track.metres.astype(np.int32), k), h)), pa.array(denied.ravel()),
            pa.array(noticed.transpose(1, 0, 2).ravel()) if learned else pa.nulls(h * s * k, pa.int32()),
        ]  # fmt: skip
        return pa.Table.from_arrays(columns, schema=EXPOSURE.with_metadata({"zone": zone}))

    def unwatched(self) -> pa.Table:
        """Reasons in the order of WATCH_OUTCOMES, NOBODY last; only shares above nought."""
        shares = _share(self.blocked, self.whole[:, None, None])
        rest = 10_000 - _share(self.seen[:, :, :1], self.whole[:, None, None])[:, :, 0]
        for reason in range(1, len(WATCH_OUTCOMES)):  # rounding never makes more than there is
            shares[:, :, reason] = np.minimum(shares[:, :, reason], rest)
            rest -= shares[:, :, reason]
        shares = np.concatenate([shares[:, :, 1:], rest[:, :, None]], axis=2).transpose(1, 0, 2)
        hour, sector, why = np.nonzero(shares)
        names = [*WATCH_OUTCOMES[1:], NOBODY]
        columns = [
            _words(list(self.track.ids), sector), pa.array(self.hours[hour]), _words(names, why),
            pa.array(shares[hour, sector, why].astype(np.int32)), pa.array(self.night.T[hour, sector]),
            pa.array(self.track.metres[sector].astype(np.int32)),
        ]  # fmt: skip
        return pa.Table.from_arrays(columns, schema=UNWATCHED)


def _joint(detection: Detection | None) -> Floats:
    return np.array(
        [1.0, 1.0] if detection is None else [detection.day_joint_e4 / 1e4, detection.night_joint_e4 / 1e4]
    )


def _share(part: Ints, whole: Ints) -> Any:
    """Integers to units of 1e-4, rounded half up; exact until here, and 1e4 times a part may not fit: divide twice."""
    units, rest = part // whole, part % whole
    tenth, left = rest * 100 // whole, rest * 100 % whole
    return (units * 10_000 + tenth * 100 + (left * 100 + whole // 2) // whole).astype(np.int32)


def _words(values: list[str], index: Any) -> Any:
    return pa.array(values, type=pa.string()).take(pa.array(index))


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
            raise RecordError(
                "COV-003",
                "a watch must have a start and an end",
                where="watches",
                value=name,
                remedy="Give both ends of the watch, the earlier one first.",
            )
    back = np.flatnonzero(watches["to_ms"].to_numpy() < watches["from_ms"].to_numpy())
    if len(back):
        raise RecordError(
            "COV-003", "a watch must not end before it starts", where=f"watches, row {back[0]}",
            value=(watches["from_ms"][int(back[0])].as_py(), watches["to_ms"][int(back[0])].as_py()),
         remedy="Give both ends of the watch, the earlier one first.")  # fmt: skip


def _denied(watches: pa.Table, track: Track, sectors: Sectors) -> list[tuple[int, int]]:
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
