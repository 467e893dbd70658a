"""Notices: one text to all parties at one moment, each party's answer and its clock."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from truceline.mission.clock import from_iso, iso
from truceline.records.kinds import Notice, Reply
from truceline.web.answers import page
from truceline.web.reader import desk_of, who

router = APIRouter()
POSITIONS = ("accepts", "contests", "partly", "informs")


@router.get("/notices", name="notices")
def notices(request: Request) -> HTMLResponse:
    """All notices with every party's answer, the newest first."""
    desk, reader = desk_of(request), who(request)
    answers: dict[str, dict[str, list[Reply]]] = {}
    for _, reply in desk.mission.of(Reply):
        answers.setdefault(reply.to, {}).setdefault(reply.party, []).append(reply)
    now = desk.mission.clock_ms()
    rows = []
    for one, notice in reversed(desk.mission.of(Notice)):
        due = from_iso(notice.answer_by) if notice.answer_by else None
        told = [
            {
                "party": party, "replies": answers.get(notice.notice_id, {}).get(party, []),
                "late": due is not None and now > due and party not in answers.get(notice.notice_id, {}),
            }
            for party in notice.to
        ]  # fmt: skip
        rows.append(
            {
                "entry": one,
                "notice": notice,
                "released_ms": from_iso(notice.released),
                "due_ms": due,
                "told": told,
            }
        )
    mine = reader.party if reader.role == "liaison" else ""
    return page(
        request, "notices.html", rows=rows[:200], more=max(len(rows) - 200, 0), mine=mine, positions=POSITIONS
    )


@router.post("/notices/reply", name="reply")
def reply(
    request: Request, notice_id: Annotated[str, Form()], position: Annotated[str, Form()],
    text: Annotated[str, Form(min_length=1, max_length=4000)],
) -> Response:  # fmt: skip
    """A party's answer, signed with that party's key."""
    desk, reader = desk_of(request), who(request)
    found = next((body for _, body in desk.mission.of(Notice) if body.notice_id == notice_id), None)
    if found is None or reader.party not in found.to:
        raise HTTPException(404, "No notice of this id was given to your party.")
    if position not in POSITIONS:
        raise HTTPException(422, f"A position is one of {', '.join(POSITIONS)}.")
    exercise = desk.mission.genesis.exercise
    name = f"{'EXERCISE-' if exercise else ''}reply-{secrets.token_hex(6)}"
    said = f"EXERCISE: {text}" if exercise and not text.startswith("EXERCISE") else text
    desk.record(
        Reply(name, notice_id, reader.party, position, said, iso(desk.mission.clock_ms())), reader.signs_as
    )
    return RedirectResponse(str(request.app.url_path_for("notices")) + f"#{notice_id}", 303)
