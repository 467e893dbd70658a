"""The officers' queue: alleged breaches that wait for two persons."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from truceline.errors import UsageError
from truceline.mission.clock import from_iso, now_ms
from truceline.records.kinds import Findings
from truceline.records.reviews import OPEN, STATES, WORDS
from truceline.store import reading, working
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
    names = [row["finding_id"] for row in rows]
    said = {name: desk.reviews(name) for name in names}
    assessed = desk.mission.of(Findings)
    first = from_iso(assessed[-1][0].at) if assessed else 0
    since = {name: from_iso(held[-1][0].at) if held else first for name, held in said.items()}
    now = desk.mission.clock_ms()
    return page(
        request, "queue.html", rows=rows, incidents=found, counted=reading.states(desk.database), chosen=state, words=WORDS,
        states=STATES, following=following, said=said, hands=working.in_hand(desk.database, names, now_ms()),
        waits_h={name: max(0, now - at) // 3_600_000 for name, at in since.items()},
    )  # fmt: skip


@router.post("/findings/review-batch", name="review_batch")
def review_batch(
    request: Request, finding_id: Annotated[list[str], Form(max_length=500)], word: Annotated[str, Form()],
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:  # fmt: skip
    """One officer's word on a batch; the second officer's on the same makes them stand."""
    desk_of(request).review_many(finding_id, role=who(request).signs_as, word=word, reason=reason)
    return RedirectResponse(str(request.app.url_path_for("queue")) + "?state=in_review", 303)


@router.post("/findings/take", name="take_finding")
def take_finding(request: Request, finding_id: Annotated[str, Form(max_length=200)]) -> Response:
    """Say that one has it in hand, so that two do not read the same at once."""
    desk = desk_of(request)
    found = reading.finding(desk.database, finding_id)
    if found is None:
        raise HTTPException(404, "No finding has this id.")
    working.take(desk.database, finding_id, who(request).name, now_ms())
    return RedirectResponse(
        str(request.app.url_path_for("incident", incident_id=found["incident_id"])) + "#findings", 303
    )


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
