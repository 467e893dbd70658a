"""What stands in the open on the log, for everybody: statements, agreement, plan."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from truceline import agreement as agreements
from truceline.errors import UsageError
from truceline.mission import computing, planning
from truceline.records.kinds import Appeal, Signal, Statement
from truceline.web.answers import page
from truceline.web.reader import desk_of

router = APIRouter()


@router.get("/statements", name="statements")
def statements(request: Request, speaker: str = "", article: str = "") -> HTMLResponse:
    """Statements, signals and appeals, each with who said it, who reported it and where it can be read."""
    mission = desk_of(request).mission
    said = [
        (one, body)
        for one, body in mission.of(Statement)
        if speaker in ("", body.speaker) and article in ("", body.article)
    ]
    return page(
        request, "statements.html", said=said, signals=mission.of(Signal), appeals=mission.of(Appeal),
        speakers=sorted({body.speaker for _, body in mission.of(Statement)}), speaker=speaker, article=article,
    )  # fmt: skip


@router.get("/plan", name="plan")
def plan(request: Request) -> HTMLResponse:
    """Every step with its computed state; of a mission of record what its sources said, for nothing is computed about real parties."""
    mission = desk_of(request).mission
    now = mission.clock_ms()
    if mission.setting("record_only"):
        return page(request, "plan.html", steps=planning.told_rows(mission, now), expected={}, title="")
    known = planning.planned(mission)
    rows = planning.rows_of(known, now)
    expected = {one["id"]: one for one in planning.what_if(known, now, {})} if rows else {}
    return page(request, "plan.html", steps=rows, expected=expected, title=known.plan.title)


@router.get("/agreement", name="agreement")
def agreement(request: Request) -> HTMLResponse:
    """The articles in force, restated, and the versions before."""
    mission = desk_of(request).mission
    try:
        entry, version = computing.active_agreement(mission)
    except UsageError:
        return page(request, "agreement.html", agreement=None, version=None, entry=None)
    return page(
        request,
        "agreement.html",
        agreement=agreements.unpack(mission.blobs.read(version.blob)),
        version=version,
        entry=entry,
    )
