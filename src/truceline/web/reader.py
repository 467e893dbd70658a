"""Who asks: from a session's cookie or a token, checked against the policy before a route runs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from fastapi import HTTPException, Request

from truceline.mission.clock import now_ms
from truceline.mission.desk import Desk
from truceline.store import accounts
from truceline.web.policy import may, sees_everything

COOKIE = "truceline_session"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody with a role; `name` is empty for the public."""

    role: str = "public"
    name: str = ""
    party: str = ""
    signs_as: str = ""
    csrf: str = ""

    @property
    def everything(self) -> bool:
        return sees_everything(self.role)

    def may(self, route: str) -> bool:
        """Whether to show a link or a button."""
        return may(self.role, route)


def desk_of(request: Request) -> Desk:
    """The desk that this server stands at."""
    desk: Desk = request.app.state.desk
    return desk


def who(request: Request) -> Reader:
    """The reader of a request; whoever is not known is the public."""
    held: Reader | None = getattr(request.state, "reader", None)
    if held is None:
        held = request.state.reader = _who(request)
    return held


def _who(request: Request) -> Reader:
    database = desk_of(request).database
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        person = accounts.bearer(database, token.strip())
        if person is None:
            raise HTTPException(
                401, "The token is not known, or was revoked.", {"WWW-Authenticate": "Bearer"}
            )
        return Reader(person.role, person.name, person.party, person.signs_as)
    cookie = request.cookies.get(COOKIE, "")
    session = accounts.session(database, cookie, now_ms()) if cookie else None
    if session is None:
        return Reader()
    one = session.person
    return Reader(one.role, one.name, one.party, one.signs_as, session.csrf)


def signer(request: Request) -> str:
    """The key that the reader's acts are signed with; whoever has none does nothing that stands on the log."""
    name = who(request).signs_as
    if not name:
        raise HTTPException(422, "This account has no key, so nothing can be signed with it. The administration can give it one.")  # fmt: skip
    return name


async def guard(request: Request) -> None:
    """Every route depends on this: the policy, and for whatever changes something the secret of the session's forms."""
    reader = who(request)
    route: Any = request.scope["route"]
    if not may(reader.role, route.name):
        raise HTTPException(403 if reader.name else 401, "This is not for your role.")
    if request.method not in SAFE and request.headers.get("sec-fetch-site", "none") not in (
        "same-origin",
        "none",
    ):
        raise HTTPException(403, "The form came from another site.")
    if request.method not in SAFE and reader.csrf and route.name != "login":
        given = request.headers.get("x-csrf-token") or str((await request.form()).get("csrf", ""))
        if not secrets.compare_digest(given, reader.csrf):
            raise HTTPException(403, "The form is too old, or came from another site. Load the page again.")
