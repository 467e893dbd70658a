"""Notices: one text to all parties at one moment, each party's receipt, answer and clock, and what follows when it runs out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from truceline.mission import notifying
from truceline.records.kinds import Reply
from truceline.web.answers import page
from truceline.web.reader import Reader, desk_of, signer, who

router = APIRouter()
SHOWN = 200


@router.get("/notices", name="notices")
def notices(request: Request, about: str = "") -> HTMLResponse:
    """All notices with every party's receipt and answer, the newest first."""
    desk, reader = desk_of(request), who(request)
    rows = list(reversed(notifying.given(desk.mission)))
    mine = reader.party if reader.role == "liaison" else ""
    return page(
        request, "notices.html", rows=rows[:SHOWN], more=max(len(rows) - SHOWN, 0), mine=mine, about=about,
        positions=notifying.POSITIONS, words=lambda reply: words_for(request, reader, reply),
        next_up=["commission", *(one.id for one in desk.mission.genesis.actors)],
    )  # fmt: skip


def words_for(request: Request, reader: Reader, reply: Reply) -> str | None:
    """The text of an answer; None where it is confidential and the reader is neither its party nor inside the mission."""
    if not reply.sealed:
        return reply.text
    if reader.everything or (reader.role == "liaison" and reader.party == reply.party):
        return notifying.confidential_text(desk_of(request).mission, reply)
    return None


@router.post("/notices", name="give_notice")
def give_notice(
    request: Request, content: Annotated[str, Form(max_length=4000)], hours: Annotated[int, Form(ge=0, le=720)] = 0,
    urgent: Annotated[bool, Form()] = False, about: Annotated[str, Form(max_length=200)] = "",
) -> Response:  # fmt: skip
    """Give one notice to all parties."""
    names = tuple(about.split())
    desk_of(request).act(
        notifying.give, content, role=signer(request), hours=hours, urgent=urgent, about=names
    )
    return _back(request)


@router.post("/notices/receipt", name="acknowledge")
def acknowledge(request: Request, notice_id: Annotated[str, Form()]) -> Response:
    """A party's receipt, signed with that party's key."""
    desk_of(request).act(notifying.acknowledge, notice_id, who(request).party)
    return _back(request, notice_id)


@router.post("/notices/reply", name="reply")
def reply(
    request: Request, notice_id: Annotated[str, Form()], position: Annotated[str, Form()],
    text: Annotated[str, Form(min_length=1, max_length=4000)], confidential: Annotated[bool, Form()] = False,
) -> Response:  # fmt: skip
    """A party's answer, signed with that party's key."""
    desk_of(request).act(
        notifying.reply, notice_id, who(request).party, position, text, confidential=confidential
    )
    return _back(request, notice_id)


@router.post("/notices/escalate", name="escalate")
def escalate(
    request: Request, notice_id: Annotated[str, Form()], to: Annotated[str, Form(max_length=64)],
    because: Annotated[str, Form(max_length=2000)] = "",
) -> Response:  # fmt: skip
    """Take a notice whose clock ran out to the next."""
    desk_of(request).act(notifying.escalate, notice_id, to, because, role=signer(request))
    return _back(request, notice_id)


def _back(request: Request, notice_id: str = "") -> Response:
    return RedirectResponse(str(request.app.url_path_for("notices")) + (f"#{notice_id}" if notice_id else ""), 303)  # fmt: skip
