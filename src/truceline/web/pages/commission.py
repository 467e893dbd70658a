"""The joint commission: sittings, the pack that its members take along, and decisions that wait for signatures."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from truceline.mission import deciding, mechanism, notifying
from truceline.records.kinds import Decision, Meeting
from truceline.store import reading
from truceline.web.answers import page
from truceline.web.pages.notices import words_for
from truceline.web.reader import desk_of, signer, who

router = APIRouter()


@router.get("/commission", name="commission")
def commission(request: Request) -> HTMLResponse:
    """Sittings and decisions, the newest first."""
    mission, reader = desk_of(request).mission, who(request)
    return page(
        request, "commission.html", meetings=list(reversed(mission.of(Meeting))), decisions=list(reversed(mission.of(Decision)))[:200],
        drafts=deciding.drafts(mission) if reader.may("meeting") else [], parties=[one.id for one in mission.genesis.parties],
        quorum=mechanism.terms(mission, "quorum", mission.clock_ms()) or {},
    )  # fmt: skip


@router.get("/commission/{meeting_id}", name="meeting")
def meeting(request: Request, meeting_id: str) -> HTMLResponse:
    """The pack of a sitting, to be printed: for every item what is disclosed, notices, answers, and what was decided."""
    desk, reader = desk_of(request), who(request)
    found = next(((one, body) for one, body in desk.mission.of(Meeting) if body.meeting_id == meeting_id), None)  # fmt: skip
    if found is None:
        raise HTTPException(404, "No sitting has this id.")
    given = notifying.given(desk.mission)
    items: list[dict[str, Any]] = []
    for name in found[1].agenda:
        incident_id, _, article = name.rpartition("/")
        finding = reading.finding(desk.database, name) if article else None
        items.append(
            {
                "name": name, "article": article if finding else "", "state": finding["state"] if finding else "",
                "verdict": finding["verdict"] if finding else "", "probability_e4": finding["probability_e4"] if finding else None,
                "row": reading.disclosed_row(desk.database, incident_id or name),
                "notices": [one for one in given if {name, incident_id} & set(one.notice.about) or one.notice.notice_id == name],
                "decisions": [pair for pair in desk.mission.of(Decision) if pair[1].about == name],
            }
        )  # fmt: skip
    return page(
        request, "meeting.html", entry=found[0], meeting=found[1], items=items, outcomes=deciding.OUTCOMES, votes=deciding.VOTES,
        parties=[one.id for one in desk.mission.genesis.parties], words=lambda reply: words_for(request, reader, reply),
        there=sum(1 for one in desk.mission.genesis.parties if found[1].present.get(one.id)),
    )  # fmt: skip


@router.post("/commission", name="call_meeting")
async def call_meeting(request: Request) -> Response:
    """Call a sitting; `present-PARTY` says how many members of each are there."""
    desk, form = desk_of(request), await request.form()
    present = {
        name.removeprefix("present-"): int(str(value))
        for name, value in form.items() if name.startswith("present-") and str(value).isdecimal() and len(str(value)) < 4
    }  # fmt: skip
    quorum = str(form.get("quorum", "0"))
    desk.act(
        deciding.call_meeting, str(form.get("held", "")), str(form.get("agenda", ""))[:10_000].splitlines(), present,
        quorum=int(quorum) if quorum.isdecimal() and len(quorum) < 4 else -1, place=str(form.get("place", ""))[:200], role=signer(request),
    )  # fmt: skip
    return RedirectResponse(str(request.app.url_path_for("commission")), 303)


@router.post("/commission/draft", name="draft_decision")
async def draft_decision(request: Request) -> Response:
    """Draft a decision; `vote-PARTY`, `dissent-PARTY` and `view-PARTY` say what each party said."""
    form = await request.form()
    if signer(request) != deciding.CHAIR:
        raise HTTPException(403, "Only the chair of the commission drafts its decisions.")

    def by_party(mark: str) -> dict[str, str]:
        return {name.removeprefix(mark): str(value)[:4000] for name, value in form.items() if name.startswith(mark)}  # fmt: skip

    def text(name: str) -> str:
        return str(form.get(name, ""))[:4000]

    desk_of(request).act(
        deciding.draft, text("meeting_id"), text("about"), text("outcome"), by_party("vote-"), agreed=text("agreed"), disputed=text("disputed"),
        perceptions=by_party("view-"), dissent=by_party("dissent-"), path=text("path"),
    )  # fmt: skip
    return RedirectResponse(str(request.app.url_path_for("commission")) + "#drafts", 303)


@router.post("/commission/sign", name="sign_decision")
def sign_decision(request: Request, decision_id: Annotated[str, Form(max_length=100)]) -> Response:
    """Sign the record of a decision with the key of one's party."""
    desk_of(request).act(deciding.sign, decision_id, signer(request))
    return RedirectResponse(str(request.app.url_path_for("commission")), 303)


@router.post("/commission/withdraw", name="withdraw_draft")
def withdraw_draft(request: Request, decision_id: Annotated[str, Form(max_length=100)]) -> Response:
    """Drop a draft."""
    if signer(request) != deciding.CHAIR:
        raise HTTPException(403, "Only the chair of the commission withdraws a draft.")
    desk_of(request).act(deciding.withdraw, decision_id)
    return RedirectResponse(str(request.app.url_path_for("commission")), 303)
