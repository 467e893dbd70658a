"""The field form and what it talks to: a page that holds nothing, and four calls of devices that show their token.

A device has no session and no cookie. Nothing here can be read back: a device sends, and hears what was taken.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from functools import cache
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, HTTPException, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from truceline.errors import LogError
from truceline.mission import devices, receiving
from truceline.mission.device_list import Device, all_devices, by_token
from truceline.mission.mission import Mission
from truceline.web.answers import FOLDER, page
from truceline.web.reader import desk_of
from truceline.web.security import HEADERS

router = APIRouter()
SHELL: Final = FOLDER / "static" / "field"
OWN_HEADERS: Final = {
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace("worker-src", "manifest-src 'self'; worker-src"),
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(self)",
    "Cache-Control": "no-cache",
}  # fmt: skip
Key32 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Enrolling(BaseModel):
    """The public half of a device's new key, hex."""

    public_key: Key32


class Pairing(BaseModel):
    """The text of the enrolment and the device's signature over it, hex."""

    text: Annotated[str, Field(max_length=8192)]
    signature: Annotated[str, Field(pattern="^[0-9a-f]{128}$")]


class Envelope(BaseModel):
    """One envelope: an id that the device drew by lot, and the sealed bytes in base64."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    sealed: Annotated[str, Field(max_length=1 << 20)]


class Envelopes(BaseModel):
    """What a device has in its queue, the oldest first."""

    envelopes: Annotated[list[Envelope], Field(max_length=200)]


@router.get("/field", name="field")
def form() -> HTMLResponse:
    """The form; the same for everybody, since what makes it a device lies on the phone."""
    return HTMLResponse((SHELL / "field.html").read_text(encoding="utf-8"), headers=OWN_HEADERS)


@router.get("/field/worker.js", name="field_worker")
def worker() -> Response:
    """The service worker, with the list and the digest of what it keeps for the time without a network."""
    head = f"const VERSION = {json.dumps(_digest())};\nconst FILES = {json.dumps(_files())};\n"
    text = head + (SHELL / "worker.js").read_text(encoding="utf-8")
    return Response(
        text, media_type="text/javascript", headers=OWN_HEADERS | {"Service-Worker-Allowed": "/field"}
    )


@router.get("/field/manifest.webmanifest", name="field_manifest")
def manifest() -> Response:
    """What makes it installable."""
    told = {
        "name": "Field form", "short_name": "Field", "start_url": "/field", "scope": "/field", "display": "standalone",
        "background_color": "#ffffff", "theme_color": "#000000", "orientation": "portrait",
        "icons": [{"src": "/static/field/icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"}],
    }  # fmt: skip
    return Response(json.dumps(told), media_type="application/manifest+json", headers=OWN_HEADERS)


@router.get("/field/profile", name="field_profile")
def profile(request: Request) -> dict[str, Any]:
    """What a device needs to work without a network, and the time."""
    with desk_of(request).alone() as mission:
        device = _device(request, mission)
        return devices.profile(mission, device) | {"now_ms": mission.clock_ms(), "state": device.state}


@router.post("/field/enrolment", name="field_enrolment")
def enrolment(request: Request, said: Enrolling) -> dict[str, str]:
    """The text that a new device signs."""
    with desk_of(request).alone() as mission, mission.working():
        device = _device(request, mission)
        return {"text": devices.enrolment(mission, device, bytes.fromhex(said.public_key)).decode()}


@router.post("/field/pair", name="field_pair")
def pair(request: Request, said: Pairing) -> dict[str, str]:
    """The device signed: it is enrolled, and may send."""
    with desk_of(request).alone() as mission:
        device = _device(request, mission)
        try:
            done = devices.pair(mission, device, said.text.encode(), bytes.fromhex(said.signature))
        except LogError as problem:
            raise HTTPException(422, str(problem)) from problem
        return {"device": done.name}


@router.post("/field/envelopes", name="field_envelopes")
def envelopes(request: Request, said: Annotated[Envelopes, Body()]) -> dict[str, Any]:
    """Take envelopes; what is answered is durable. The same envelope may come any number of times."""
    try:
        held = [(one.id, base64.b64decode(one.sealed, validate=True)) for one in said.envelopes]
    except binascii.Error as problem:
        raise HTTPException(422, "An envelope must be base64.") from problem
    with desk_of(request).alone() as mission:
        device = _device(request, mission)
        if not device.vkey:
            raise HTTPException(409, "The device must be paired first.")
        return receiving.receive(mission, device, held).as_dict()


@router.get("/devices", name="devices")
def listing(request: Request) -> HTMLResponse:
    """Devices with their check-ins, for the mission's officers."""
    with desk_of(request).alone() as mission:
        now, rows = mission.clock_ms(), []
        for one in all_devices(mission):
            told = receiving.last(mission, one)
            rows.append(
                {
                    "device": one, "taken": receiving.taken(mission, one), "heard_ms": told.get("heard_ms"),
                    "due_ms": told.get("next_ms"), "overdue": receiving.is_overdue(one, told, now), "duress": told.get("duress_at", ""),
                }
            )  # fmt: skip
        kept, drafts = (len(receiving.held(mission, place)) for place in ("kept", "drafts"))
    return page(request, "devices.html", rows=rows, kept=kept, drafts=drafts)


def _device(request: Request, mission: Mission) -> Device:
    device = by_token(mission, request.headers.get("x-device-token", ""))
    if device is None:
        raise HTTPException(404, "No device has this token.")
    return device


@cache
def _files() -> list[str]:
    return [
        "/field",
        "/field/manifest.webmanifest",
        *sorted(
            f"/static/field/{one.name}"
            for one in SHELL.iterdir()
            if one.name not in ("field.html", "worker.js")
        ),
    ]


@cache
def _digest() -> str:
    sha = hashlib.sha256()
    for one in sorted(SHELL.iterdir()):
        sha.update(one.read_bytes())
    return sha.hexdigest()[:16]
