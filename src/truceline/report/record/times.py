"""Times of facts as their sources give them: the day always, the clock only where it is on record."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from truceline.records.kinds import AgreedText, Appeal, Kind, PlanStep, Proposal, Signal, Stance, Statement

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class When:
    """An interval, ms UTC, and in words on the clock of its source; `words` is "" where only the day is on record.

    Attributes:
        day: the last day of it: a fact cannot have been known earlier.
    """

    day: dt.date
    from_ms: int
    to_ms: int
    words: str = ""


def when(body: Kind) -> When:
    """The time of a record."""
    match body:
        case Statement():
            return _interval(body.said_from, body.said_to)
        case Signal():
            return _interval(body.held_from, body.held_to)
        case Appeal() | Proposal():
            return _day(body.made)
        case Stance() | PlanStep():
            return _day(body.at)
        case AgreedText():
            at = dt.datetime.fromisoformat(body.in_force_from)
            return When(at.date(), _ms(at), _ms(at), clock(body.in_force_from))
        case _:
            raise TypeError(f"{body!r} has no time of its own")


def clock(text: str) -> str:
    """One moment on its own clock with UTC beside it: "10 October 2020, 12:00 (UTC+4), 08:00 UTC"."""
    at = dt.datetime.fromisoformat(text)
    utc = at.astimezone(dt.UTC)
    other = "" if utc.date() == at.date() else f"{day_words(utc.date())} "
    return f"{day_words(at.date())} {at.year}, {at:%H:%M} (UTC{offset(at)}); {other}{utc:%H:%M} UTC"


def day_words(day: dt.date) -> str:
    """14 October."""
    return f"{day.day} {MONTHS[day.month - 1]}"


def offset(at: dt.datetime) -> str:
    """+4, −4, +5:30, or nothing for UTC itself."""
    minutes = round((at.utcoffset() or dt.timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return (f"{'+' if minutes > 0 else '−'}{hours}" + (f":{rest:02d}" if rest else "")) if minutes else ""


def _day(text: str) -> When:
    day = dt.date.fromisoformat(text)
    start = _ms(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC))
    return When(day, start, start + 86_399_999)


def _interval(start: str, end: str) -> When:
    if len(start) == 10:
        return _day(end)
    first, last = dt.datetime.fromisoformat(start), dt.datetime.fromisoformat(end)
    whole_days = (f"{first:%H:%M}", f"{last:%H:%M}") == ("00:00", "23:59")
    one_day, days = first.date() == last.date(), f"{day_words(first.date())} and {day_words(last.date())}"
    words = f"between {first:%H:%M} and {last:%H:%M}, UTC{offset(last)}"
    if whole_days:
        words = "" if one_day else f"on a day between {days}"
    elif not one_day:
        words = f"between {day_words(first.date())} {first:%H:%M} and {day_words(last.date())} {last:%H:%M}, UTC{offset(last)}"
    return When(last.date(), _ms(first), _ms(last), words)


def _ms(at: dt.datetime) -> int:
    return round(at.timestamp() * 1000)
