"""Situation: the days, the map, and what came last; for the mission by place, for all others by sector and after the delay."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from truceline.store import reading
from truceline.web.answers import page
from truceline.web.reader import desk_of, who

router = APIRouter()
SHOWN_ROLES = frozenset({"line", "sector", "place", "zone", "disengagement_area"})


@router.get("/", name="situation")
def situation(request: Request, day_from: str = "", day_to: str = "") -> HTMLResponse:
    """The page."""
    desk, reader = desk_of(request), who(request)
    counted = reading.days(desk.database, everything=reader.everything)
    every = sorted({day for day, _, _ in counted})
    last = day_to if day_to in every else (every[-1] if every else "")
    first = day_from if day_from in every else (every[max(len(every) - 7, 0)] if every else "")
    within: dict[str, int] = {}
    for day, word, number in counted:
        if first <= day <= last:
            within[word] = within.get(word, 0) + number
    latest = (
        reading.incident_page(desk.database, reading.Wanted(limit=12))
        if reader.everything
        else reading.disclosed_page(desk.database, limit=12)
    )
    return page(
        request, "situation.html", days=every, first=first, last=last, within=within, latest=latest,
        states=reading.states(desk.database) if reader.may("queue") else {}, size=desk.mission.log.size,
        delay_h=int(desk.mission.setting("disclosure_delay_ms")) // 3_600_000,
    )  # fmt: skip


@router.get("/data/days", name="days")
def days(request: Request) -> dict[str, Any]:
    """Incidents by reporting day and word, as columns for the timeline."""
    counted = reading.days(desk_of(request).database, everything=who(request).everything)
    every = sorted({day for day, _, _ in counted})
    at = {day: index for index, day in enumerate(every)}
    words: dict[str, list[int]] = {}
    for day, word, number in counted:
        words.setdefault(word, [0] * len(every))[at[day]] = number
    return {"days": every, "words": words}


@router.get("/data/sectors", name="sectors")
def sectors(request: Request, day_from: str, day_to: str) -> dict[str, Any]:
    """The public features with the number of incidents of each sector."""
    desk = desk_of(request)
    counted = reading.sectors(desk.database, day_from, day_to, everything=who(request).everything)
    features = []
    for feature in desk.mission.geometry["features"]:
        if feature["properties"].get("role") in SHOWN_ROLES:
            told = dict(feature["properties"])
            told["incidents"] = counted.get(str(told.get("id", "")), 0)
            features.append({"type": "Feature", "properties": told, "geometry": feature["geometry"]})
    withheld = counted.get("", 0)
    return {"type": "FeatureCollection", "features": features, "withheld": withheld}


@router.get("/data/places", name="places")
def places(request: Request, day_from: str, day_to: str) -> dict[str, Any]:
    """Uncertain places as columns, with covariances in square metres, for the mission only; the page draws them."""
    return desk_of(request).places(day_from, day_to)
