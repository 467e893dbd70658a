"""OpenRosa for ODK clients: every address carries the token of a device."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from email.utils import formatdate
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from truceline.errors import CheckFailed
from truceline.field import openrosa
from truceline.mission import submitting_forms
from truceline.mission.device_list import Device, by_token
from truceline.mission.mission import Mission
from truceline.web.reader import desk_of

router = APIRouter()
MOST_BYTES = 32 << 20
INSTANCE = "xml_submission_file"
PART = "*isIncomplete*"


@router.get("/openrosa/{token}/formList", name="openrosa_forms")
def form_list(request: Request, token: str) -> Response:
    """The forms of the mission."""
    with desk_of(request).alone() as mission:
        _device(mission, token)
        held = submitting_forms.forms_of(mission)
    return _answer(200, openrosa.form_list(held.values(), _here(request, token)))


@router.get("/openrosa/{token}/forms/{form}", name="openrosa_form")
def form(request: Request, token: str, form: str) -> Response:
    """One form, an XForm."""
    with desk_of(request).alone() as mission:
        _device(mission, token)
        held = submitting_forms.forms_of(mission).get(form)
    if held is None:
        raise HTTPException(404, "The mission has no such form.")
    return _answer(200, held.xml.decode())


@router.get("/openrosa/{token}/forms/{form}/manifest", name="openrosa_manifest")
def manifest(request: Request, token: str, form: str) -> Response:
    """The files of a form: none."""
    with desk_of(request).alone() as mission:
        _device(mission, token)
        if form not in submitting_forms.forms_of(mission):
            raise HTTPException(404, "The mission has no such form.")
    return _answer(200, openrosa.manifest())


@router.head("/openrosa/{token}/submission", name="openrosa_ready")
def ready(request: Request, token: str) -> Response:
    """Where to send a submission, and how large it may be."""
    with desk_of(request).alone() as mission:
        _device(mission, token)
    return _answer(204, "", Location=f"{_here(request, token)}/submission")


@router.post("/openrosa/{token}/submission", name="openrosa_submission")
async def submission(request: Request, token: str) -> Response:
    """201 something new is kept, 202 nothing new, 4xx it cannot be taken; chunked bodies too."""
    try:
        parts = await MultiPartParser(request.headers, _counted(request), max_files=40, max_fields=20).parse()
        files = {name: await one.read() for name, one in parts.multi_items() if isinstance(one, UploadFile)}
        fields = {name: str(one) for name, one in parts.multi_items() if not isinstance(one, UploadFile)}
        named = {
            one.filename or name: files[name]
            for name, one in parts.multi_items()
            if isinstance(one, UploadFile) and name != INSTANCE
        }
    except (MultiPartException, KeyError, ValueError) as problem:
        return _answer(
            400,
            openrosa.response("A submission is multipart/form-data.", "submit_error"),
            problem=str(problem)[:60],
        )
    raw = files.get(INSTANCE, fields.get(INSTANCE, "").encode())
    complete = fields.get(PART, "no").lower() not in ("yes", "true")
    return await run_in_threadpool(_submit, request, token, raw, named, complete)


def _submit(request: Request, token: str, raw: bytes, files: dict[str, bytes], complete: bool) -> Response:
    try:
        with desk_of(request).alone() as mission:
            done = submitting_forms.submit(mission, _device(mission, token), raw, files, complete=complete)
    except CheckFailed as problem:
        status = {"INT-033": 409, "EVI-062": 413}.get(problem.code, 400)
        return _answer(status, openrosa.response(str(problem), "submit_error"))
    words = {
        "created": (201, "Received."), "again": (202, "It was received before."),
        "kept": (202, "Received; it breaks a rule of the form, and an officer will look at it."),
    }  # fmt: skip
    status, message = words[done]
    return _answer(status, openrosa.response(message), Location=f"{_here(request, token)}/submission")


async def _counted(request: Request) -> AsyncGenerator[bytes, None]:
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > MOST_BYTES:
            raise HTTPException(
                413, f"A submission may have at most {MOST_BYTES:,} bytes: send files in parts."
            )
        yield piece


def _device(mission: Mission, token: str) -> Device:
    device = by_token(mission, token)
    if device is None or device.revoked:
        raise HTTPException(404, "No device has this token.")
    return device


def _here(request: Request, token: str) -> str:
    return f"{str(request.base_url).rstrip('/')}/openrosa/{token}"


def _answer(status: int, text: str, **headers: Any) -> Response:
    told = openrosa.HEADERS | {
        "X-OpenRosa-Accept-Content-Length": str(MOST_BYTES),
        "Date": formatdate(usegmt=True),
    }
    return Response(
        text,
        status_code=status,
        headers=told | {name: str(value) for name, value in headers.items() if name == "Location"},
    )
