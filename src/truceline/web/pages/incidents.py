"""Incidents: the list, and one incident with what supports and contradicts it; outsiders read the disclosed form."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from truceline.mission import regrouping
from truceline.mission.clock import now_ms
from truceline.mission.wording import draft_finding
from truceline.records.kinds import Decision, Notice, Reply
from truceline.report import reporting_date
from truceline.store import reading, working
from truceline.web.answers import page
from truceline.web.pages.notices import words_for
from truceline.web.paging import position, read_position
from truceline.web.reader import desk_of, signer, who

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
    acts = acts_about(request, {incident_id, *(one["finding_id"] for one in findings)})
    return page(
        request, "incident.html", row=row, findings=findings,
        supporting=[one for one in observations if one["obs_id"] not in against],
        contradicting=[one for one in observations if one["obs_id"] in against], copies=copies,
        reviews={one["finding_id"]: desk.reviews(one["finding_id"]) for one in findings},
        words=lambda reply: words_for(request, reader, reply), acts=acts,
        drafts={one["finding_id"]: _draft(request, row, one, acts) for one in findings if one["verdict"] == "breach"},
        hands=working.in_hand(desk.database, [one["finding_id"] for one in findings], now_ms()),
    )  # fmt: skip


def _draft(request: Request, row: dict[str, Any], finding: dict[str, Any], acts: list[tuple[Any, Any]]) -> str:  # fmt: skip
    mission = desk_of(request).mission
    cutoff, zone = (str(mission.setting(f"reporting_{name}")) for name in ("cutoff", "zone"))
    due = next((body.answer_by for _, body in reversed(acts) if isinstance(body, Notice) and body.answer_by), "")  # fmt: skip
    return draft_finding(row, finding, day=reporting_date(row["midpoint_ms"], cutoff, zone), answer_by=due)


@router.post("/incidents/merge", name="merge")
def merge(
    request: Request, incident_id: Annotated[str, Form(max_length=200)], other: Annotated[str, Form(max_length=200)],
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:  # fmt: skip
    """Two incidents are one: fusion obeys it from then on."""
    rows = [_incident(request, name.strip()) for name in (incident_id, other)]
    ids = [row["incident_id"] for row in rows]
    desk_of(request).act(regrouping.merge, ids, role=signer(request), reason=reason)
    return RedirectResponse(str(request.app.url_path_for("incident", incident_id=ids[0])), 303)


@router.post("/incidents/split", name="split")
def split(
    request: Request, incident_id: Annotated[str, Form(max_length=200)], apart: Annotated[list[str], Form(max_length=500)],
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:  # fmt: skip
    """The reports that are chosen are about another incident than the rest: fusion obeys it from then on."""
    row = _incident(request, incident_id)
    chosen = [name for name in row["members"] if name in set(apart)]
    rest = [name for name in row["members"] if name not in set(apart)]
    desk_of(request).act(regrouping.split, [rest, chosen], role=signer(request), reason=reason)
    return RedirectResponse(str(request.app.url_path_for("incident", incident_id=row["incident_id"])), 303)


def _incident(request: Request, incident_id: str) -> dict[str, Any]:
    row = reading.incident(desk_of(request).database, incident_id)
    if row is None:
        raise HTTPException(404, "No incident has this id.")
    return row


def acts_about(request: Request, names: set[str]) -> list[tuple[Any, Any]]:
    """Notices, replies and decisions about an incident or its findings, in the order of the log."""
    mission = desk_of(request).mission
    notices = [(one, body) for one, body in mission.of(Notice) if names & set(body.about)]
    ids = names | {body.notice_id for _, body in notices}
    replies = [(one, body) for one, body in mission.of(Reply) if body.to in ids]
    decisions = [(one, body) for one, body in mission.of(Decision) if body.about in ids]
    return sorted([*notices, *replies, *decisions], key=lambda act: act[0].index)
