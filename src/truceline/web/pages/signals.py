"""Signals: the ledger of calls between parties, mediators and the mission; and the mediators' sealed part of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from truceline.mission import signalling
from truceline.records.kinds import Appeal
from truceline.web.answers import page
from truceline.web.reader import desk_of, signer, who

router = APIRouter()


class CallIn(BaseModel):
    """One call, as somebody notes it down."""

    model_config = ConfigDict(extra="ignore")
    from_actor: str = Field(max_length=64)
    to_actor: str = Field(max_length=64)
    channel: str = Field(max_length=20)
    held_from: str = Field(max_length=40)
    held_to: str = Field("", max_length=40)
    reported_by: str = Field(max_length=64)
    content: str = Field(min_length=1, max_length=4000)
    confirmed: str = Field("unknown", pattern="yes|no|unknown")
    mirrors: str = Field("", max_length=100)


@router.get("/signals", name="signals")
def signals(request: Request) -> HTMLResponse:
    """The ledger, the newest first."""
    mission, reader = desk_of(request).mission, who(request)
    held = signalling.private(mission) if reader.may("keep_private") else []
    return page(
        request, "signals.html", exchanges=list(reversed(signalling.ledger(mission))), private=list(reversed(held)),
        channels=signalling.CHANNELS, appeals=mission.of(Appeal),
        ends=[*(one.id for one in mission.genesis.parties), *(one.id for one in mission.genesis.actors), "mission"],
    )  # fmt: skip


@router.post("/signals", name="note_signal")
def note_signal(request: Request, call: Annotated[CallIn, Form()]) -> Response:
    """Note a call in the open."""
    desk_of(request).act(signalling.signal, call.model_dump(), role=signer(request))
    return _back(request)


@router.post("/signals/private", name="keep_private")
def keep_private(request: Request, call: Annotated[CallIn, Form()]) -> Response:
    """Seal a private call to the mediators."""
    desk_of(request).act(signalling.keep_private, call.model_dump(), role=signer(request))
    return _back(request)


@router.post("/signals/release", name="release_signal")
def release_signal(request: Request, sealed_id: Annotated[str, Form(max_length=100)]) -> Response:
    """Put a private call into the open, deliberately and for good."""
    desk_of(request).act(signalling.release, sealed_id, role=signer(request))
    return _back(request)


def _back(request: Request) -> Response:
    return RedirectResponse(str(request.app.url_path_for("signals")), 303)
