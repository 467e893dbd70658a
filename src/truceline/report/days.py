"""The reporting day: from the cut-off on D-1 to the cut-off on D, in the mission's zone, daylight saving included."""

from __future__ import annotations

import datetime as dt
import zoneinfo

from truceline.errors import ReportError


def zone_named(name: str) -> zoneinfo.ZoneInfo:
    """The time zone of that IANA name.

    Raises:
        ReportError: RPT-004 no such zone.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise ReportError(
            "RPT-004", "the zone must be an IANA name", where="zone", value=name, remedy="E.g. Europe/Kyiv."
        ) from problem


def reporting_day(date: str, cutoff: str, zone: str) -> tuple[int, int]:
    """The half-open bounds (from_ms, to_ms), UTC, of the reporting day that the cut-off on `date` closes.

    Args:
        date: YYYY-MM-DD, local. cutoff: HH:MM, local. zone: IANA name.
    Returns:
        23, 24 or 25 hours apart. A cut-off that the clock skips or repeats is read with the earlier offset.
    Raises:
        ReportError: RPT-001 the date, RPT-004 the zone, RPT-007 the cut-off.
    """
    where = zone_named(zone)
    day = day_named(date)
    try:
        clock = dt.datetime.strptime(cutoff, "%H:%M").time()
    except ValueError as problem:
        raise ReportError(
            "RPT-007", "the cut-off must be HH:MM", where="reporting_cutoff", value=cutoff,
            remedy="E.g. 19:30.",
        ) from problem  # fmt: skip

    def at(of: dt.date) -> int:
        return int(dt.datetime.combine(of, clock, tzinfo=where).timestamp()) * 1000

    try:
        return at(day - dt.timedelta(days=1)), at(day)
    except OverflowError as problem:
        raise _no_day(date) from problem


def day_named(date: str) -> dt.date:
    """The day of that name.

    Raises:
        ReportError: RPT-001 not YYYY-MM-DD, or no day of the calendar.
    """
    try:
        day = dt.date.fromisoformat(date)
    except ValueError as problem:
        raise _no_day(date) from problem
    if day.isoformat() != date:
        raise _no_day(date)
    return day


def day_before(date: str) -> str:
    """The date before that one. Raises ReportError RPT-001."""
    try:
        return (day_named(date) - dt.timedelta(days=1)).isoformat()
    except OverflowError as problem:
        raise _no_day(date) from problem


def _no_day(date: str) -> ReportError:
    return ReportError(
        "RPT-001", "the date must be a day, YYYY-MM-DD", where="date", value=date,
        remedy="Give the local date of the cut-off that closes the day.",
    )  # fmt: skip


def reporting_date(at_ms: int, cutoff: str, zone: str) -> str:
    """The date of the reporting day that holds `at_ms`: that of the first cut-off after it."""
    day = local(at_ms, zone).date()
    while reporting_day(day.isoformat(), cutoff, zone)[1] <= at_ms:
        day += dt.timedelta(days=1)
    return day.isoformat()


def local(at_ms: int, zone: str) -> dt.datetime:
    """`at_ms` on the mission's clock."""
    return dt.datetime.fromtimestamp(at_ms / 1000, tz=zone_named(zone))


def utc(at_ms: int) -> dt.datetime:
    """`at_ms` in UTC."""
    return dt.datetime.fromtimestamp(at_ms / 1000, tz=dt.timezone.utc)  # noqa: UP017


def week_of(at_ms: int, zone: str) -> str:
    """The ISO week of a moment on the mission's clock, e.g. 2031-W12."""
    year, number, _ = local(at_ms, zone).isocalendar()
    return f"{year}-W{number:02d}"


def week_end_ms(week: str, zone: str) -> int:
    """The end (local midnight after Sunday) of an ISO week such as 2031-W12.

    Raises:
        ReportError: RPT-008 not an ISO week.
    """
    try:
        year, number = week.split("-W")
        after = dt.date.fromisocalendar(int(year), int(number), 7) + dt.timedelta(days=1)
    except ValueError as problem:
        raise ReportError(
            "RPT-008", "a week must be YYYY-Www", where="coverage.week", value=week, remedy="E.g. 2031-W12."
        ) from problem
    return int(dt.datetime.combine(after, dt.time(), tzinfo=zone_named(zone)).timestamp()) * 1000
