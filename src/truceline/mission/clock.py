"""The only clock of the program, and times as the log writes them."""

from __future__ import annotations

import datetime as dt
import time


def now_ms() -> int:
    """Milliseconds UTC."""
    return time.time_ns() // 1_000_000


FARTHEST = (dt.timedelta(hours=14), dt.timedelta(hours=12))
"""How far local time runs ahead of UTC, and behind it, at most."""


def iso(at_ms: int) -> str:
    """ISO 8601 in UTC with milliseconds."""
    return (
        dt.datetime.fromtimestamp(at_ms / 1000, tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        + f"{at_ms % 1000:03d}Z"
    )


def from_iso(text: str) -> int:
    """The inverse of `iso`; accepts any ISO 8601 time with an offset."""
    moment = dt.datetime.fromisoformat(text)
    return round(moment.timestamp() * 1000)


def earliest_ms(text: str) -> int:
    """The time; of a bare date the first moment anywhere on Earth; 0 of nothing."""
    return _moment(text, last=False)


def latest_ms(text: str) -> int:
    """The time; of a bare date the last moment anywhere on Earth; 0 of nothing."""
    return _moment(text, last=True)


def _moment(text: str, *, last: bool) -> int:
    if not text:
        return 0
    if len(text) > len("2020-11-25"):
        return from_iso(text)
    start = dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), dt.UTC)
    moment = start + dt.timedelta(days=1) + FARTHEST[1] if last else start - FARTHEST[0]
    return round(moment.timestamp() * 1000)
