"""Incidents: the list, and one incident with what supports and contradicts it; outsiders read the disclosed form."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from truceline.records.kinds import Decision, Notice, Reply
from truceline.store import reading
from truceline.web.answers import page
from truceline.web.pages.notices import words_for
from truceline.web.paging import position, read_position
from truceline.web.reader import desk_of, who

router = APIRouter()


@router.get("/incidents", name="incident_list")
def incident_list(
    request: Request, day: str = "", sector: str = "", word: str = "", act: str = "", alleged: bool = False, after: str = ""
) -> HTMLResponse:  # fmt: skip
    """The list, a page at a time."""
    desk, reader = desk_of(request), who(request)
    if reader.everything:
        wanted = reading.Wanted(day, sector, word, act, alleged, read_position(after))
        rows = reading.incident_page(desk.database, wanted)
        following = position(rows[-1], "incident_id") if len(rows) == reading.PAGE else ""
    else:
        rows = reading.disclosed_page(desk.database, day=day, sector=sector, after=after)
        following = rows[-1]["incident_id"] if len(rows) == reading.PAGE else ""
    names = [
        f["properties"] for f in desk.mission.geometry["features"] if f["properties"].get("role") == "sector"
    ]
    asked = {"day": day, "sector": sector, "word": word, "act": act, "alleged": alleged}
    return page(request, "incidents.html", rows=rows, following=following, asked=asked, sectors=names)


@router.get("/incidents/{incident_id:path}", name="incident")
def incident(request: Request, incident_id: str) -> Response:
    """One incident. An id that another incident took over leads there."""
    desk, reader = desk_of(request), who(request)
    if not reader.everything:
        shown = reading.disclosed_row(desk.database, incident_id)
        if shown is None:
            raise HTTPException(404, "No incident of this id is disclosed.")
        return page(request, "incident_disclosed.html", row=shown)
    row = reading.incident(desk.database, incident_id)
    if row is None:
        raise HTTPException(404, "No incident has this id.")
    if row["incident_id"] != incident_id:
        return RedirectResponse(
            str(request.app.url_path_for("incident", incident_id=row["incident_id"])), 301
        )
    findings = reading.findings_of(desk.database, incident_id)
    observations = reading.observations_of(desk.database, incident_id)
    against, copies = set(row["contradicts"]), set(row["copies"])
    return page(
        request, "incident.html", row=row, findings=findings,
        supporting=[one for one in observations if one["obs_id"] not in against],
        contradicting=[one for one in observations if one["obs_id"] in against], copies=copies,
        reviews={one["finding_id"]: desk.reviews(one["finding_id"]) for one in findings},
        words=lambda reply: words_for(request, reader, reply), acts=acts_about(request, {incident_id, *(one["finding_id"] for one in findings)}),
    )  # fmt: skip


def acts_about(request: Request, names: set[str]) -> list[tuple[Any, Any]]:
    """Notices, replies and decisions about an incident or its findings, in the order of the log."""
    mission = desk_of(request).mission
    notices = [(one, body) for one, body in mission.of(Notice) if names & set(body.about)]
    ids = names | {body.notice_id for _, body in notices}
    replies = [(one, body) for one, body in mission.of(Reply) if body.to in ids]
    decisions = [(one, body) for one, body in mission.of(Decision) if body.about in ids]
    return sorted([*notices, *replies, *decisions], key=lambda act: act[0].index)
