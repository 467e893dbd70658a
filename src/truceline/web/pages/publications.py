"""What anybody may take away: the published reports, and the log as static files with its checkpoints."""

from __future__ import annotations

import re

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from truceline.records.kinds import Correction, Report
from truceline.records.kinds import word_of as kind_of
from truceline.web.answers import page
from truceline.web.reader import desk_of

router = APIRouter()
_TYPES = {
    ".html": "text/html; charset=utf-8", ".pdf": "application/pdf", ".csv": "text/csv; charset=utf-8",
    ".geojson": "application/geo+json", ".json": "application/json", ".png": "image/png",
}  # fmt: skip
_LOG_FILE = re.compile(r"checkpoint|tile/(?:[0-9]{1,2}|entries)(?:/x?[0-9]{3})+(?:\.p/[0-9]{1,3})?")


@router.get("/reports", name="reports")
def reports(request: Request) -> HTMLResponse:
    """Every report that was published, and every correction."""
    mission = desk_of(request).mission
    return page(
        request,
        "reports.html",
        reports=list(reversed(mission.of(Report))),
        corrections=mission.of(Correction),
    )


@router.get("/reports/{date}/{name}", name="report_file")
def report_file(request: Request, date: str, name: str) -> Response:
    """One file of a published report, by the digest that the log holds: never by a path that somebody typed."""
    mission = desk_of(request).mission
    for _, body in reversed(mission.of(Report)):
        if body.date == date and name in body.files:
            suffix = f".{name.rpartition('.')[2]}"
            return Response(
                mission.blobs.read(body.files[name]), media_type=_TYPES.get(suffix, "application/octet-stream"),
                headers={"ETag": f'"{body.files[name]}"', "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"},
            )  # fmt: skip
    raise HTTPException(404, "No such file was published.")


@router.get("/log", name="log_page")
def log_page(request: Request, before: int | None = None) -> HTMLResponse:
    """The newest entries, the checkpoint, and how to check both."""
    mission = desk_of(request).mission
    entries = mission.entries()
    end = len(entries) if before is None else max(0, min(before, len(entries)))
    shown = [(one, kind_of(one.body)) for one in reversed(entries[max(0, end - 100) : end])]
    return page(
        request, "log.html", checkpoint=mission.log.checkpoint.decode(), size=mission.log.size, shown=shown,
        before=max(0, end - 100), key=str(mission.log.key),
    )  # fmt: skip


@router.get("/log/{path:path}", name="log_file")
def log_file(request: Request, path: str) -> Response:
    """A file of the log as any static web server would give it."""
    if not _LOG_FILE.fullmatch(path):
        raise HTTPException(404, "The log has no such file.")
    file = desk_of(request).mission.root / "log" / path
    if not file.is_file():
        raise HTTPException(404, "The log has no such file.")
    lasting = path != "checkpoint" and ".p/" not in path
    return FileResponse(
        file, media_type="text/plain; charset=utf-8" if path == "checkpoint" else "application/octet-stream",
        headers={"Cache-Control": "public, max-age=31536000, immutable" if lasting else "no-cache", "Access-Control-Allow-Origin": "*"},
    )  # fmt: skip
