"""Observers and consent, coverage, and the mechanism that the parties work out."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from truceline.mission import mechanism, roster
from truceline.store import reading
from truceline.web.answers import page
from truceline.web.reader import desk_of, signer, who

router = APIRouter()
PICTURES = "mechanism"
_PICTURE = re.compile(r"(?:EXERCISE|PROPOSAL)-mechanism-(line|measures|one-more)\.png")


@router.get("/observers", name="observers")
def observers(request: Request) -> HTMLResponse:
    """Each party's consent, for everybody; the roster for the mission only, since patrol plans never leave it."""
    desk, reader = desk_of(request), who(request)
    mission, now = desk.mission, desk.mission.clock_ms()
    rows = roster.roster(mission, now) if reader.everything and mission.vault.can_open else None
    return page(
        request, "observers.html", parties=[one.id for one in mission.genesis.parties], rows=rows,
        consents=roster.consent_table(mission, now), subjects=roster.SUBJECTS, sources=_sources(request) if reader.everything else [],
        mine=reader.party if reader.role == "liaison" else "",
    )  # fmt: skip


def _sources(request: Request) -> list[tuple[str, str, int]]:
    """(source, kind, reports) of the mission's own posts, patrols and sensors."""
    from truceline.records.codes import MISSION_KINDS

    return reading.sources(desk_of(request).database, tuple(sorted(MISSION_KINDS)))


@router.post("/observers/consent", name="consent")
def consent(
    request: Request, subject: Annotated[str, Form(min_length=1, max_length=200)], given: Annotated[bool, Form()],
    until: Annotated[str, Form(max_length=40)] = "", conditions: Annotated[str, Form(max_length=2000)] = "",
) -> Response:  # fmt: skip
    """A party's consent or its withdrawal, signed with that party's key."""
    desk_of(request).act(
        roster.consent, who(request).party, subject.strip(), given, until_time=_time(until), conditions=conditions
    )  # fmt: skip
    return RedirectResponse(str(request.app.url_path_for("observers")), 303)


@router.post("/observers/assign", name="assign")
def assign(
    request: Request, team: Annotated[str, Form(min_length=1, max_length=64)], task: Annotated[str, Form(min_length=1, max_length=200)],
    observers: Annotated[str, Form(max_length=400)], from_time: Annotated[str, Form(max_length=40)],
    sensors: Annotated[str, Form(max_length=200)] = "", places: Annotated[str, Form(max_length=400)] = "",
    until_time: Annotated[str, Form(max_length=40)] = "",
) -> Response:  # fmt: skip
    """Put a team on the roster, sealed; refused without the consent of every party to all of it."""
    counted: dict[str, int] = {}
    for part in observers.split():
        name, _, number = part.partition(":")
        if not number.isdecimal() or not 0 < int(number) < 1000:
            raise HTTPException(422, "Observers are given as nationality:number, e.g. xx:2 yy:2.")
        counted[name] = int(number)
    posting = roster.Posting(team, task, counted, tuple(sensors.split()), tuple(places.split()))
    signer(request)
    desk_of(request).act(roster.assign, posting, _time(from_time, must=True), _time(until_time))
    return RedirectResponse(str(request.app.url_path_for("observers")), 303)


def _time(text: str, *, must: bool = False) -> str:
    from truceline.mission.clock import from_iso, iso

    if not text.strip() and not must:
        return ""
    try:
        return iso(from_iso(text.strip()))
    except (ValueError, OverflowError) as problem:
        raise HTTPException(422, "A time is written as ISO 8601 with an offset, e.g. 2026-11-24T14:05+04:00.") from problem  # fmt: skip


@router.get("/coverage", name="coverage")
def coverage(request: Request) -> HTMLResponse:
    """Who watched what when: by sector and week and in arrears for everybody; what silence is worth now for the mission only."""
    desk, reader = desk_of(request), who(request)
    told: dict[str, Any] = reading.document(desk.database, "coverage") or {"weeks": [], "sealed": None}
    weeks = sorted({row["week"] for row in told["weeks"]})[-10:]
    at = {(row["sector_id"], row["week"]): row for row in told["weeks"]}
    return page(
        request, "coverage.html", weeks=weeks, sectors=sorted({row["sector_id"] for row in told["weeks"]}), at_=at,
        sealed=told["sealed"] if reader.everything else None,
        delay_h=int(desk.mission.setting("disclosure_delay_ms")) // 3_600_000,
    )  # fmt: skip


@router.get("/mechanism", name="mechanism")
def mechanism_page(request: Request) -> HTMLResponse:
    """Each element, who proposes what, where every party stands, what is agreed; and the designer's comparisons."""
    mission, reader = desk_of(request).mission, who(request)
    folder = mission.root / PICTURES
    drawn = sorted(one.name for one in folder.glob("*.png") if _PICTURE.fullmatch(one.name)) if folder.is_dir() else []  # fmt: skip
    return page(
        request, "mechanism.html", told=mechanism.status(mission, mission.clock_ms()), pictures=drawn if reader.may("mechanism_picture") else [],
        parties=[one.id for one in mission.genesis.parties], terms=mechanism.TERMS, stances=("offered", "accepted", "conditional", "rejected"),
        mine=reader.party if reader.role == "liaison" else "",
    )  # fmt: skip


@router.get("/mechanism/{name}", name="mechanism_picture")
def mechanism_picture(request: Request, name: str) -> Response:
    """A picture that `truceline mechanism compare --out FOLDER/mechanism` drew; for those who negotiate."""
    path = desk_of(request).mission.root / PICTURES / name
    if not _PICTURE.fullmatch(name) or not path.is_file():
        raise HTTPException(404, "No such picture was drawn.")
    return FileResponse(path, media_type="image/png", headers={"Cache-Control": "private, no-cache"})


@router.post("/mechanism/stance", name="take_stance")
def take_stance(
    request: Request,
    proposal_id: Annotated[str, Form(max_length=100)],
    stance: Annotated[str, Form(max_length=20)],
) -> Response:
    """Where a party stands on a proposal, signed with that party's key."""
    desk_of(request).act(mechanism.take_stance, proposal_id, who(request).party, stance)
    return RedirectResponse(str(request.app.url_path_for("mechanism")), 303)
