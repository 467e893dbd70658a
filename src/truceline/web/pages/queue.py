"""The officers' queue: alleged breaches that wait for two persons."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from truceline.errors import UsageError
from truceline.records.reviews import OPEN, STATES
from truceline.store import reading
from truceline.web.answers import page
from truceline.web.paging import position, read_position
from truceline.web.reader import desk_of, who

router = APIRouter()


@router.get("/queue", name="queue")
def queue(request: Request, state: str = "", after: str = "") -> HTMLResponse:
    """The page."""
    desk = desk_of(request)
    chosen = (state,) if state in STATES else OPEN
    rows = reading.queue(desk.database, states=chosen, before=read_position(after))
    found = {row["incident_id"]: reading.incident(desk.database, row["incident_id"]) for row in rows}
    last = rows[-1] if len(rows) == reading.PAGE else None
    following = ""
    if last is not None:
        incident = found[last["incident_id"]]
        following = position({"midpoint_ms": incident["midpoint_ms"] if incident else 0} | last, "finding_id")
    return page(
        request, "queue.html", rows=rows, incidents=found, counted=reading.states(desk.database), chosen=state,
        states=STATES, following=following, said={row["finding_id"]: desk.reviews(row["finding_id"]) for row in rows},
    )  # fmt: skip


@router.post("/findings/review", name="review")
def review(
    request: Request, finding_id: Annotated[str, Form()], word: Annotated[str, Form()], reason: Annotated[str, Form(max_length=2000)] = ""
) -> Response:  # fmt: skip
    """One officer's word on one finding; the second officer's makes it stand."""
    desk, reader = desk_of(request), who(request)
    try:
        desk.review(finding_id, role=reader.signs_as, word=word, reason=reason)
    except UsageError as problem:
        raise HTTPException(422, str(problem)) from problem
    incident_id = finding_id.rpartition("/")[0]
    return RedirectResponse(
        str(request.app.url_path_for("incident", incident_id=incident_id)) + "#findings", 303
    )
