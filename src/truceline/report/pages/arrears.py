"""Page 5: coverage in arrears, by sector and complete week. Nothing about a week that is still running."""

from __future__ import annotations

from typing import Any, Final

from truceline.report.days import week_end_ms
from truceline.report.figures import sector_ids
from truceline.report.pages.common import UNWATCHED_BELOW_E4, Day
from truceline.report.view import View
from truceline.report.words import floor_percent, number, tenths

WEEKS_SHOWN: Final = 6
_CELL = dict[str, Any]


def complete_weeks(view: View) -> tuple[str, ...]:
    """The ISO weeks that were over at the cut-off, and older than the delay, in order."""
    until = view.day_to_ms if view.as_of_ms is None else min(view.day_to_ms, view.as_of_ms - view.delay_ms)
    weeks = sorted(set(view.coverage["week"].to_pylist()))
    return tuple(week for week in weeks if week_end_ms(week, view.zone) <= until)


def last_week(view: View) -> str | None:
    """The newest complete week."""
    weeks = complete_weeks(view)
    return weeks[-1] if weeks else None


def unwatched(view: View) -> frozenset[str]:
    """Sectors to hatch: watched less than `UNWATCHED_BELOW_E4` of the hours of the newest complete week."""
    week = last_week(view)
    return frozenset(
        row["sector_id"]
        for row in view.coverage.to_pylist()
        if row["week"] == week
        and row["hours_total_e1"]
        and row["hours_watched_e1"] * 10_000 < UNWATCHED_BELOW_E4 * row["hours_total_e1"]
    )


def watched_shares(view: View) -> dict[str, str]:
    """Per cent of the hours of the newest complete week that were watched, per sector."""
    week = last_week(view)
    rows = [row for row in view.coverage.to_pylist() if row["week"] == week]
    shares = {row["sector_id"]: floor_percent(row["hours_watched_e1"], row["hours_total_e1"]) for row in rows}
    return {name: f"{shares[name]}%" for name in sector_ids(view) if shares.get(name) is not None}


def arrears_page(day: Day) -> dict[str, Any]:
    """Share of hours watched, day and night, and refusals of access, per sector and week."""
    weeks = complete_weeks(day.view)[-WEEKS_SHOWN:]
    cells = {(row["sector_id"], row["week"]): row for row in day.view.coverage.to_pylist()}
    rows = []
    for sector in day.sectors():
        row = [_cell(cells.get((sector, week))) for week in weeks]
        rows.append({"id": sector, "sector": day.sector(sector), "cells": row})
    totals = []
    for week in weeks:
        found = [cells[key] for key in cells if key[1] == week]
        totals.append(_cell({name: sum(row[name] for row in found) for name in _SUMMED} if found else None))
    return {
        "weeks": list(weeks), "rows": rows, "totals": totals,
        "note": "Shares of sector-hours that anybody of the mission watched, by complete week. A watched hour is not "
        "an hour in which everything was seen. Weeks still running, posts, patrols and their rhythm are never published.",
        "why": _why(day), "empty": "" if weeks else "No complete week has passed the delay yet.",
    }  # fmt: skip


_REASONS: Final = {
    "nobody": "nobody there", "access_denied": "access denied", "delayed": "delayed", "jammed": "jammed", "out_of_order": "out of order",
    "weather": "weather",
}  # fmt: skip


def _why(day: Day) -> dict[str, Any]:
    """Why hours of the newest complete week went unwatched, by sector: only reasons that there were, and only whole weeks."""
    week, table = last_week(day.view), day.view.unwatched
    rows = [] if week is None or table is None else [row for row in table.to_pylist() if row["week"] == week]
    reasons = [name for name in _REASONS if any(row["reason"] == name for row in rows)]
    held = {(row["sector_id"], row["reason"]): row["hours_e1"] for row in rows}
    hours = {
        row["sector_id"]: row["hours_total_e1"]
        for row in day.view.coverage.to_pylist()
        if row["week"] == week
    }
    return {
        "week": week or "", "reasons": [_REASONS[name] for name in reasons],
        "rows": [
            {
                "sector": day.sector(sector), "of": f"{tenths(hours[sector])} h",
                "cells": [tenths(held[sector, name]) if (sector, name) in held else "" for name in reasons],
            }
            for sector in day.sectors() if sector in hours
        ] if reasons else [],
    }  # fmt: skip


_SUMMED: Final = ("hours_total_e1", "hours_watched_e1", "night_total_e1", "night_watched_e1", "access_denied")


def _cell(row: dict[str, Any] | None) -> _CELL:
    if row is None:
        return {"all": "–", "night": "–", "denied": "–", "hours": "–", "shade": 0, "low": False}
    share = floor_percent(row["hours_watched_e1"], row["hours_total_e1"])
    night = floor_percent(row["night_watched_e1"], row["night_total_e1"])
    return {
        "all": "–" if share is None else f"{share}%",
        "night": "–" if night is None else f"{night}%",
        "denied": number(row["access_denied"]) if row["access_denied"] else "",
        "hours": f"{tenths(row['hours_watched_e1'])} of {tenths(row['hours_total_e1'])} h",
        "shade": 0 if share is None else min(4, share // 20),
        "low": share is not None and share * 100 < UNWATCHED_BELOW_E4,
    }
