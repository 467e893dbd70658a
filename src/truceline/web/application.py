"""The application: routes under the policy, headers on every answer, one translation of errors."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import Mount

import truceline
from truceline.errors import TrucelineError
from truceline.mission.desk import Desk
from truceline.web import api, live
from truceline.web.answers import FOLDER, problem
from truceline.web.pages import (
    accounts,
    commission,
    field,
    incidents,
    language,
    notices,
    observers,
    openrosa,
    publications,
    queue,
    records,
    signals,
    situation,
)
from truceline.web.policy import POLICY
from truceline.web.reader import guard
from truceline.web.security import HEADERS, Limiter

ROOMS = (
    field,
    openrosa,
    situation,
    incidents,
    language,
    queue,
    notices,
    signals,
    commission,
    records,
    observers,
    publications,
    accounts,
    live,
    api,
)
MAX_BODY: int = 1 << 20
_LOG = logging.getLogger("truceline.web")


def create_app(desk: Desk) -> FastAPI:
    """The server of one mission. The caller keeps the desk and closes it."""
    watcher = live.Watcher(desk)

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        watcher.start()
        yield
        watcher.stop()

    app = FastAPI(
        title="Truceline", version=truceline.__version__, lifespan=running, docs_url=None, redoc_url=None, openapi_url=None,
        dependencies=[Depends(guard)],
        summary="The mission server: what pages do, as JSON. Roles and layers: docs/reference/roles.md.",
    )  # fmt: skip
    app.state.desk, app.state.watcher, app.state.tries = desk, watcher, Limiter(failures=10, seconds=300)
    for room in ROOMS:
        app.include_router(room.router, include_in_schema=room is api)
    _operation(app, desk, watcher)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    _errors(app, desk)
    _check(app)
    return app


def _operation(app: FastAPI, desk: Desk, watcher: live.Watcher) -> None:
    registry = CollectorRegistry()
    answered = Counter(
        "truceline_requests_total", "Requests by route and status.", ["route", "status"], registry=registry
    )
    took = Histogram(
        "truceline_request_seconds", "Seconds to the first byte, by route.", ["route"], registry=registry
    )

    @app.get("/healthz", name="healthz", include_in_schema=False)
    def healthz() -> JSONResponse:
        """Whether the log and the views can be read."""
        with desk.database.reading():
            pass
        bad = watcher.problem
        return JSONResponse(
            {
                "ok": not bad,
                "log_size": desk.mission.log.size,
                "version": truceline.__version__,
                "problem": bad,
            },
            status_code=503 if bad else 200,
        )

    @app.get("/metrics", name="metrics", include_in_schema=False)
    def metrics() -> Response:
        """For Prometheus."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    @app.get("/openapi.json", name="openapi", include_in_schema=False)
    def openapi() -> JSONResponse:
        """OpenAPI 3.1 of the API."""
        return JSONResponse(app.openapi())

    @app.middleware("http")
    async def around(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        started = time.perf_counter()
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > (
            most := openrosa.MOST_BYTES if request.url.path.startswith("/openrosa/") else MAX_BODY
        ):
            answer = problem(request, 413, f"A request may have at most {most:,} bytes.")
        else:
            answer = await go_on(request)
        name = getattr(request.scope.get("route"), "name", "none")
        answered.labels(name, str(answer.status_code)).inc()
        took.labels(name).observe(time.perf_counter() - started)
        for header, value in HEADERS.items():
            answer.headers.setdefault(header, value)
        _LOG.info(
            "answered",
            extra={
                "route": name,
                "status": answer.status_code,
                "ms": round((time.perf_counter() - started) * 1e3, 1),
            },
        )
        return answer


def _errors(app: FastAPI, desk: Desk) -> None:
    @app.exception_handler(StarletteHTTPException)
    async def refused(request: Request, problem_: StarletteHTTPException) -> Response:
        answer = problem(request, problem_.status_code, str(problem_.detail))
        answer.headers.update(problem_.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, problem_: RequestValidationError) -> Response:
        told = [{"where": ".".join(map(str, one["loc"])), "rule": one["msg"]} for one in problem_.errors()]
        return problem(request, 422, "; ".join(f"{one['where']}: {one['rule']}" for one in told), errors=told)

    @app.exception_handler(TrucelineError)
    async def ours(request: Request, problem_: TrucelineError) -> Response:
        here = str(desk.mission.root)
        remedy = "" if here in problem_.remedy else f" {problem_.remedy}"  # no path of this machine goes out
        status = 422 if problem_.exit_code != 3 else 503
        return problem(request, status, f"{problem_.code}: {problem_.rule}.{remedy}", code=problem_.code)


def _check(app: FastAPI) -> None:
    """Refuse an application with a route that has no policy, or a policy without its route."""
    names = {str(getattr(route, "name", "")) for room in ROOMS for route in room.router.routes}
    names |= {str(getattr(route, "name", "")) for route in app.routes if not isinstance(route, Mount)} - {""}
    lacking, idle = names - set(POLICY), set(POLICY) - names
    if lacking or idle:
        raise RuntimeError(
            f"routes without a policy: {sorted(lacking)}; policies without a route: {sorted(idle)}"
        )
