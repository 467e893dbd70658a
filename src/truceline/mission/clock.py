"""The only clock of the program, and times as the log writes them."""

from __future__ import annotations

import datetime as dt
import time


def now_ms() -> int:
    """Milliseconds UTC."""
    return time.time_ns() // 1_000_000


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
