"""Deadlines as an iCalendar file (RFC 5545): one entry a step, the same bytes from the same plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]


def calendar(rows: Sequence[Row], *, title: str, as_of_ms: int, exercise: bool) -> str:
    """A VCALENDAR with a VEVENT at the deadline of every step that has one.

    Args:
        rows: as `truceline plan --json` gives them.
        as_of_ms: ms UTC, the time stamp of all entries.
    """
    stamp = _utc(dt.datetime.fromtimestamp(as_of_ms / 1000, dt.UTC).isoformat())
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Truceline//plan//EN", f"X-WR-CALNAME:{_text(title)}",
    ]  # fmt: skip
    for row in rows:
        if not row["deadline"]:
            continue
        mark = "EXERCISE " if exercise and "EXERCISE" not in row["title"] else ""
        words = [f"Owner: {row['owner'] or 'not said'}"]
        if row["computed"]:
            words.append(f"State when exported: {row['state'].replace('_', ' ')}")
        words += [f"Waits for: {', '.join(row['after'])}"] * bool(row["after"])
        words += [f"While: {', '.join(row['while'])}"] * bool(row["while"])
        words += [f"Amended: {one['before']} before, {one['after']} now" for one in row["amendments"]]
        lines += [
            "BEGIN:VEVENT", f"UID:{_text(row['id'])}@truceline.plan", f"DTSTAMP:{stamp}",
            *_when(row["deadline"]), f"SUMMARY:{_text(mark + row['title'])}", f"DESCRIPTION:{_text(chr(10).join(words))}",
            f"SEQUENCE:{len(row['amendments'])}", "TRANSP:TRANSPARENT", "END:VEVENT",
        ]  # fmt: skip
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _when(deadline: str) -> list[str]:
    if len(deadline) == len("2020-11-25"):
        return [f"DTSTART;VALUE=DATE:{deadline.replace('-', '')}"]
    return [f"DTSTART:{_utc(deadline)}"]


def _utc(text: str) -> str:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(words: str) -> str:
    for sign, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r", ""), ("\n", "\\n")):
        words = words.replace(sign, escaped)
    return words


def _folded(line: str) -> str:
    """At most 75 octets a line, cut between characters; what follows begins with a space."""
    made, width = "", 0
    for sign in line:
        octets = len(sign.encode())
        if width + octets > 75:
            made, width = f"{made}\r\n ", 1
        made, width = made + sign, width + octets
    return made
