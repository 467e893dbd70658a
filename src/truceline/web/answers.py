"""How answers are made: pages from templates, problems as a page or as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from pathlib import Path
from typing import Any

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

import truceline
from truceline.mission.clock import from_iso
from truceline.records.codes import probability_word
from truceline.web.languages import LANGUAGES, environment, language_of
from truceline.web.reader import desk_of, who

FOLDER = Path(__file__).parent
TITLES = {
    "situation": "Situation", "incident_list": "Incidents", "queue": "Queue", "notices": "Notices", "signals": "Signals", "commission": "Commission", "agreement": "Agreement",
    "plan": "Plan", "observers": "Observers", "coverage": "Coverage", "mechanism": "Mechanism", "statements": "Statements", "reports": "Reports", "log_page": "Log", "devices": "Devices", "administration": "Administration",
}  # fmt: skip

_JINJA = environment(FOLDER / "templates")


@jinja2.pass_context
def _words(context: jinja2.runtime.Context, code: Any) -> str:
    """A code in words of the reader's language, or in English where no catalogue has it."""
    return str(context["say"](str(code or "").replace("_", " ")))


_JINJA.filters["words"] = _words
_JINJA.filters["share"] = lambda e4: "" if e4 is None else f"{e4 / 100:.0f} %"
_JINJA.filters["likely"] = lambda e4: "" if e4 is None else probability_word(int(e4))


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page in the frame that all pages share."""
    desk, reader = desk_of(request), who(request)
    mission, language = desk.mission, language_of(request)
    zone = zoneinfo.ZoneInfo(str(mission.setting("reporting_zone")))

    def local(at_ms: int | None) -> str:
        """Local time of the mission beside UTC."""
        if at_ms is None:
            return ""
        at = dt.datetime.fromtimestamp(at_ms / 1000, tz=dt.UTC)
        return f"{language.moment(at.astimezone(zone))} ({at:%H:%M} UTC)"

    def at(text: str) -> str:
        """A time of a record, likewise; a bare date stays one, for nobody knows its hour."""
        return local(from_iso(text)) if "T" in text else text

    html = _JINJA.get_template(template).render(
        reader=reader, mission=mission.genesis.name, exercise=mission.genesis.exercise, local=local, at=at, say=language.say,
        language=language, languages=LANGUAGES.values(), path=request.url.path,
        links=[(name, title, request.app.url_path_for(name)) for name, title in TITLES.items() if reader.may(name)],
        here=request.scope["route"].name, release=truceline.__version__, zone=str(zone), url=request.app.url_path_for,
        **values,
    )  # fmt: skip
    return HTMLResponse(
        html, status_code=status, headers={"Cache-Control": "no-store", "Vary": "Cookie, Accept-Language"}
    )


def wants_page(request: Request) -> bool:
    """Whether a person looks at the answer, and not a program."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def problem(request: Request, status: int, detail: str, **more: Any) -> Response:
    """One error, as the asker reads it."""
    if wants_page(request) and "route" in request.scope:
        return page(request, "problem.html", status=status, detail=detail, number=status)
    body = {
        "type": "about:blank",
        "title": _TITLE.get(status, "Error"),
        "status": status,
        "detail": detail,
        **more,
    }
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


_TITLE = {
    400: "Bad request", 401: "Log in first", 403: "Not allowed", 404: "Not found", 405: "Method not allowed",
    409: "Conflict", 413: "Too large", 422: "Not valid", 429: "Too many tries", 503: "Not available",
}  # fmt: skip
