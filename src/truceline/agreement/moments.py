"""Local times with their zone, as bounds in UTC milliseconds.

A text that can be read in several ways gives several readings; the bounds are the earliest and the latest of them.
A local time without any zone may mean any zone on Earth: UTC+14 to UTC-12.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from truceline.errors import AgreementError

_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+){0,2}")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EARLIEST_ZONE, _LATEST_ZONE = dt.timedelta(hours=14), dt.timedelta(hours=-12)


@dataclass(frozen=True, slots=True)
class Bounds:
    """A moment known to lie from `earliest_ms` to `latest_ms`, UTC; equal where the text leaves no doubt."""

    earliest_ms: int
    latest_ms: int

    def later(self, other: Bounds) -> Bounds:
        """The later of two moments."""
        return Bounds(max(self.earliest_ms, other.earliest_ms), max(self.latest_ms, other.latest_ms))

    def earlier(self, other: Bounds) -> Bounds:
        """The earlier of two moments."""
        return Bounds(min(self.earliest_ms, other.earliest_ms), min(self.latest_ms, other.latest_ms))


def bounds_of(local: str, zone: str | None, where: str = "") -> Bounds:
    """Bounds of one local time.

    Args:
        local: "2031-03-03T00:00", seconds optional.
        zone: IANA name, or None where the text names none.
    Raises:
        AgreementError: AGR-010 no such local time, or one that occurs twice; AGR-011 no such zone.
    """
    naive = _parse(local, where)
    if zone is None:
        return Bounds(_ms(naive, _EARLIEST_ZONE), _ms(naive, _LATEST_ZONE))
    known = _zone(zone, where)
    first, second = naive.replace(tzinfo=known, fold=0), naive.replace(tzinfo=known, fold=1)
    if first.utcoffset() != second.utcoffset():
        raise AgreementError(
            "AGR-010",
            "a local time must occur exactly once in its zone",
            where=where,
            value=f"{local} {zone}",
            remedy="The clocks change then; give another time, or one of a fixed zone such as Etc/GMT-4.",
        )
    offset = first.utcoffset()
    assert offset is not None
    exact = _ms(naive, offset)
    return Bounds(exact, exact)


def _parse(local: str, where: str) -> dt.datetime:
    try:
        if _LOCAL.fullmatch(local):
            return dt.datetime.fromisoformat(local)
    except ValueError:
        pass
    raise AgreementError(
        "AGR-010",
        "a time must be written as a local time of the calendar",
        where=where,
        value=local,
        remedy="Write it as 2031-03-03T00:00; the zone stands beside it.",
    )


def _zone(name: str, where: str) -> ZoneInfo:
    try:
        if _ZONE.fullmatch(name):
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    raise AgreementError(
        "AGR-011",
        "a time zone must be a name of the IANA database",
        where=where,
        value=name,
        remedy="For example Europe/Kyiv, or Etc/GMT-4 for UTC+4.",
    )


def _ms(naive: dt.datetime, offset: dt.timedelta) -> int:
    return (naive.replace(tzinfo=dt.UTC) - offset - _EPOCH) // dt.timedelta(milliseconds=1)


def add_months(local: dt.datetime, months: int) -> dt.datetime:
    """The same day of a later month, or the last one where it has no such day."""
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    days = [
        31,
        29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28,
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ]
    return local.replace(year=year, month=month + 1, day=min(local.day, days[month]))


def later_by(bounds: Bounds, duration: tuple[int, int], zone: str = "Etc/UTC") -> Bounds:
    """A moment after a duration of (milliseconds, calendar months); months go by the calendar of `zone`."""
    span_ms, months = duration

    def moved(at_ms: int) -> int:
        if abs(at_ms) >= 2**52:
            return at_ms
        if not months:
            return at_ms + span_ms
        known = ZoneInfo(zone)
        local = dt.datetime.fromtimestamp(at_ms / 1000, known).replace(tzinfo=None)
        return int(add_months(local, months).replace(tzinfo=known).timestamp() * 1000) + span_ms

    return Bounds(moved(bounds.earliest_ms), moved(bounds.latest_ms))
