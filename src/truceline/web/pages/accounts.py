"""Login and logout, one's own account, and the administration of accounts."""

from __future__ import annotations

import time
from typing import Annotated

import pyotp
from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from truceline.errors import UsageError
from truceline.mission.clock import now_ms
from truceline.mission.staff import MIN_PASSWORD, add_account
from truceline.records.roles import ROLES
from truceline.store import accounts
from truceline.web.answers import page
from truceline.web.reader import COOKIE, desk_of, who
from truceline.web.security import Limiter, code_step, is_password

router = APIRouter()


@router.get("/login", name="login_form")
def login_form(request: Request) -> HTMLResponse:
    """The form."""
    return page(request, "login.html", failed=False)


@router.post("/login", name="login")
def login(
    request: Request, name: Annotated[str, Form(max_length=64)], password: Annotated[str, Form(max_length=256)],
    code: Annotated[str, Form(max_length=10)] = "",
) -> Response:  # fmt: skip
    """Open a session under a new cookie; one answer for every way of failing."""
    database = desk_of(request).database
    peer = request.client.host if request.client else ""
    tries: Limiter = request.app.state.tries
    if not tries.allows(key := f"{peer}~{name}"):
        raise HTTPException(429, "Too many tries. Wait five minutes.", {"Retry-After": "300"})
    person = accounts.person(database, name)
    good = (
        is_password(person.password_hash if person else "", password)
        and person is not None
        and not person.disabled
    )
    if good and person is not None and person.totp_secret:
        step = code_step(person.totp_secret, code, time.time())
        good = step is not None and accounts.use_code(database, name, step)
    if not good:
        tries.failed(key)
        return page(request, "login.html", status=401, failed=True)
    if held := request.cookies.get(COOKIE):
        accounts.close_session(database, held)  # never go on with a cookie from before the login
    cookie, _ = accounts.open_session(database, name, now_ms())
    answer = RedirectResponse(str(request.app.url_path_for("situation")), 303)
    answer.set_cookie(
        COOKIE, cookie, max_age=accounts.SESSION_MS // 1000, httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return answer


@router.post("/logout", name="logout")
def logout(request: Request) -> Response:
    """End the session."""
    if held := request.cookies.get(COOKIE):
        accounts.close_session(desk_of(request).database, held)
    answer = RedirectResponse(str(request.app.url_path_for("situation")), 303)
    answer.delete_cookie(COOKIE)
    return answer


@router.get("/account", name="account")
def account(request: Request) -> HTMLResponse:
    """One's own account."""
    return page(request, "account.html", token="", revoked="")


@router.post("/account/token", name="new_token")
def new_token(request: Request, label: Annotated[str, Form(min_length=1, max_length=60)]) -> HTMLResponse:
    """A token for a device or a script; shown once."""
    reader = who(request)
    token = accounts.make_token(desk_of(request).database, reader.name, label, now_ms())
    return page(request, "account.html", token=token, revoked="")


@router.post("/account/token/revoke", name="revoke_token")
def revoke_token(request: Request, label: Annotated[str, Form(min_length=1, max_length=60)]) -> HTMLResponse:
    """End one's own tokens of that label at once, e.g. those of a device that was lost."""
    if not accounts.revoke_token(desk_of(request).database, who(request).name, label):
        raise HTTPException(404, "You have no token of that label that is still good.")
    return page(request, "account.html", token="", revoked=label)


@router.get("/administration", name="administration")
def administration(request: Request) -> HTMLResponse:
    """All accounts."""
    return _administration(request)


@router.post("/administration", name="change_account")
def change_account(
    request: Request, act: Annotated[str, Form()], name: Annotated[str, Form(max_length=64)], role: Annotated[str, Form()] = "",
    party: Annotated[str, Form(max_length=64)] = "", signs_as: Annotated[str, Form(max_length=64)] = "",
    password: Annotated[str, Form(max_length=256)] = "",
) -> HTMLResponse:  # fmt: skip
    """Add, disable or enable an account, or give it a second factor."""
    desk = desk_of(request)
    shown = ""
    try:
        if act == "add":
            add_account(desk, name=name, role=role, party=party, signs_as=signs_as, password=password)
        elif act in ("disable", "enable"):
            accounts.change_person(desk.database, name, disabled=act == "disable")
        elif act == "totp":
            secret = pyotp.random_base32()
            accounts.change_person(desk.database, name, totp_secret=secret, totp_last_step=0)
            shown = pyotp.TOTP(secret).provisioning_uri(
                name=name, issuer_name=f"Truceline {desk.mission.genesis.name}"
            )
        else:
            raise HTTPException(422, "This is no act of the administration.")
    except UsageError as problem:
        raise HTTPException(422, str(problem)) from problem
    return _administration(request, shown=shown, about=name)


def _administration(request: Request, *, shown: str = "", about: str = "") -> HTMLResponse:
    desk = desk_of(request)
    return page(
        request, "administration.html", people=accounts.all_people(desk.database), roles=ROLES[1:], shown=shown, about=about,
        parties=[one.id for one in desk.mission.genesis.parties], keys=sorted(desk.mission.genesis.keys), least=MIN_PASSWORD,
    )  # fmt: skip
