"""The API under /api/v1: what the pages do, as JSON, by a token or a session; problems as RFC 9457."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from truceline.errors import UsageError
from truceline.mission import notifying, planning, signalling, submitting
from truceline.records.kinds import Decision, Report, Statement, encode
from truceline.records.reviews import OPEN
from truceline.store import reading
from truceline.web.paging import position, read_position
from truceline.web.reader import desk_of, signer, who

_PROBLEM: Final[dict[str, Any]] = {
    "type": "object", "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"},
        "code": {"type": "string", "description": "Of ours, e.g. MIS-221; docs/reference/errors."},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}  # fmt: skip
_SAID: Final = {
    400: "Not a request of ours.", 401: "Nobody, or a token that is not known.", 403: "Not for this role.", 404: "Not known to this role.",
    413: "Too large.", 422: "Not valid; nothing was done.", 503: "The log or the database cannot be had.",
}  # fmt: skip
router = APIRouter(
    prefix="/api/v1",
    responses={
        status: {"description": said, "content": {"application/problem+json": {"schema": _PROBLEM}}}
        for status, said in _SAID.items()
    },
)
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


class ObservationsIn(BaseModel):
    """Observations of the account's own source, as fields of Truceline's own table (docs/reference/formats.md)."""

    model_config = ConfigDict(extra="forbid")
    observations: list[dict[str, str | int | float | bool]] = Field(
        min_length=1, max_length=submitting.MOST,
        examples=[[{"observed_from": "2026-11-24T14:05:00+04:00", "act": "explosion", "means": "heard", "source_kind": "post"}]],
    )  # fmt: skip


class Taken(BaseModel):
    """What became of them; sealed and durable on the log."""

    obs_ids: list[str]
    duplicates: int
    log_size: int


@router.post("/observations", name="api_observations", status_code=201)
def observations(request: Request, given: ObservationsIn) -> Taken:
    """Hand in observations; fused, they stand on the mission's own screens within two seconds."""
    desk = desk_of(request)
    made = desk.act(submitting.submit, signer(request), given.observations)
    return Taken(obs_ids=made.ids, duplicates=made.duplicates, log_size=desk.mission.log.size)


@router.get("/notices", name="api_notices")
def notices(request: Request) -> Response:
    """Notices with receipts, answers (confidential ones without their words) and escalations."""
    rows = [
        {
            "notice": encode(one.notice), "entry": one.entry.index, "same": one.same, "overdue": list(one.overdue),
            "told": [
                {"party": told.party, "receipt": encode(told.receipt) if told.receipt else None, "replies": [encode(r) for r in told.replies], "late": told.late}
                for told in one.told
            ],
            "escalations": [encode(each) for each in one.escalations],
        }
        for one in notifying.given(desk_of(request).mission)
    ]  # fmt: skip
    return _tagged(request, {"notices": rows})


@router.get("/signals", name="api_signals")
def signals(request: Request) -> Response:
    """The ledger of calls, by exchange."""
    rows = [
        {
            "calls": [encode(call.signal) for call in one.calls], "reached": list(one.reached), "not_reached": list(one.not_reached),
            "gap_min": one.gap_min, "differences": list(one.differences),
        }
        for one in signalling.ledger(desk_of(request).mission)
    ]  # fmt: skip
    return _tagged(request, {"exchanges": rows})


@router.get("/coverage", name="api_coverage")
def coverage(request: Request) -> Response:
    """Coverage by sector and week, in arrears."""
    told = reading.document(desk_of(request).database, "coverage") or {"weeks": []}
    return _tagged(request, {"weeks": told["weeks"]})


@router.get("/plan", name="api_plan")
def plan(request: Request) -> Response:
    """The plan as computed; of a mission of record as its sources tell it."""
    mission = desk_of(request).mission
    now = mission.clock_ms()
    record = mission.setting("record_only")
    rows = planning.told_rows(mission, now) if record else planning.rows_of(planning.planned(mission), now)
    return _tagged(request, {"steps": rows})


@router.get("/decisions", name="api_decisions")
def decisions(request: Request) -> Response:
    """Decisions of the commission, with votes and dissent."""
    return _tagged(
        request, {"decisions": [encode(body) for _, body in desk_of(request).mission.of(Decision)]}
    )


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
