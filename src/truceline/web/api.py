"""The API under /api/v1: what the pages do, as JSON, by a token or a session; problems as RFC 9457."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from truceline.errors import UsageError
from truceline.records.kinds import Report, Statement, encode
from truceline.records.reviews import OPEN
from truceline.store import reading
from truceline.web.paging import position, read_position
from truceline.web.reader import desk_of, who

router = APIRouter(prefix="/api/v1")
Limit = Annotated[int, Query(ge=1, le=reading.MOST, description="Rows of one page.")]
After = Annotated[str, Query(max_length=200, description="`next` of the page before.")]


class ReviewIn(BaseModel):
    """One officer's word on one finding."""

    model_config = ConfigDict(extra="forbid")
    finding_id: str = Field(max_length=200)
    word: str = Field(max_length=40, examples=["verified"])
    reason: str = Field(min_length=1, max_length=2000)


@router.get("/incidents", name="api_incidents")
def incidents(
    request: Request, day: Annotated[str, Query(max_length=10)] = "", sector: Annotated[str, Query(max_length=100)] = "",
    word: Annotated[str, Query(max_length=20)] = "", act: Annotated[str, Query(max_length=40)] = "", alleged: bool = False,
    after: After = "", limit: Limit = reading.PAGE,
) -> Response:  # fmt: skip
    """Incidents, newest first: whole for the mission, the disclosed form for all others."""
    database, reader = desk_of(request).database, who(request)
    if reader.everything:
        rows = reading.incident_page(
            database, reading.Wanted(day, sector, word, act, alleged, read_position(after), limit)
        )
        following = position(rows[-1], "incident_id") if len(rows) == limit else None
    else:
        rows = reading.disclosed_page(database, day=day, sector=sector, after=after, limit=limit)
        following = rows[-1]["incident_id"] if len(rows) == limit else None
    return _tagged(
        request,
        {"incidents": rows, "next": following, "layer": "sealed" if reader.everything else "disclosed"},
    )


@router.get("/incidents/{incident_id:path}", name="api_incident")
def incident(request: Request, incident_id: str) -> Response:
    """One incident; for the mission with its findings and observations."""
    database, reader = desk_of(request).database, who(request)
    row = (reading.incident if reader.everything else reading.disclosed_row)(database, incident_id)
    if row is None:
        raise HTTPException(404, "No incident of this id is known to your role.")
    told: dict[str, Any] = {"incident": row}
    if reader.everything:
        told["findings"] = reading.findings_of(database, row["incident_id"])
        told["observations"] = reading.observations_of(database, row["incident_id"])
    return _tagged(request, told)


@router.get("/queue", name="api_queue")
def queue(request: Request, after: After = "", limit: Limit = reading.PAGE) -> Response:
    """Alleged breaches that wait for two persons."""
    rows = reading.queue(desk_of(request).database, states=OPEN, before=read_position(after), limit=limit)
    return _tagged(request, {"findings": rows, "states": reading.states(desk_of(request).database)})


@router.post("/reviews", name="api_review", status_code=201)
def review(request: Request, given: ReviewIn) -> dict[str, str]:
    """Record one officer's word; the answer says where the finding stands now."""
    try:
        state = desk_of(request).review(
            given.finding_id, role=who(request).signs_as, word=given.word, reason=given.reason
        )
    except UsageError as problem:
        raise HTTPException(422, str(problem)) from problem
    return {"finding_id": given.finding_id, "state": state}


@router.get("/statements", name="api_statements")
def statements(request: Request) -> Response:
    """Statements with their sources."""
    return _tagged(
        request, {"statements": [encode(body) for _, body in desk_of(request).mission.of(Statement)]}
    )


@router.get("/reports", name="api_reports")
def reports(request: Request) -> Response:
    """Published reports, the digests of their files, and the log's size that they rest on."""
    return _tagged(request, {"reports": [encode(body) for _, body in desk_of(request).mission.of(Report)]})


def _tagged(request: Request, body: Any) -> Response:
    """A JSON answer with an ETag; 304 where the asker holds it."""
    raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    tag = f'"{hashlib.sha256(raw).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(raw, media_type="application/json", headers=headers)
