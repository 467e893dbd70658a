"""What somebody tries who means harm: each test is named for the attack."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

import pytest

pytest.importorskip("fastapi", reason="the extra `serve` is not installed: pip install 'truceline[serve]'")

import pyotp
from fastapi.testclient import TestClient

from truceline.mission.clock import now_ms
from truceline.mission.desk import Desk
from truceline.records.kinds import Review
from truceline.store import accounts, reading
from truceline.web import security
from truceline.web.reader import COOKIE

LogIn = Callable[[str], TestClient]
Csrf = Callable[[TestClient], str]
PASSWORD = "four words make one"


def finding(desk: Desk) -> str:
    return str(reading.queue(desk.database, states=("alleged",))[0]["finding_id"])


def test_csrf_a_form_of_another_site_changes_nothing(log_in: LogIn, desk: Desk) -> None:
    client, size = log_in("officer"), desk.mission.log.size
    form = {"finding_id": finding(desk), "word": "verified", "reason": "seen"}
    assert client.post("/findings/review", data=form).status_code == 403
    assert client.post("/findings/review", data=form | {"csrf": "guessed"}).status_code == 403
    assert client.post("/api/v1/reviews", json=form).status_code == 403
    assert desk.mission.log.size == size


def test_login_csrf_a_form_of_another_site_logs_nobody_in(log_in: LogIn) -> None:
    form = {"name": "officer", "password": PASSWORD}
    assert (
        log_in("public").post("/login", data=form, headers={"sec-fetch-site": "cross-site"}).status_code
        == 403
    )


def test_csrf_the_secret_of_another_session_does_not_fit(log_in: LogIn, csrf: Csrf, desk: Desk) -> None:
    secret = csrf(log_in("second officer"))
    form = {"finding_id": finding(desk), "word": "verified", "reason": "seen", "csrf": secret}
    assert log_in("officer").post("/findings/review", data=form).status_code == 403


def test_session_fixation_a_cookie_from_before_the_login_is_worth_nothing(log_in: LogIn, desk: Desk) -> None:
    chosen = log_in("public")
    chosen.cookies.set(COOKIE, "chosen-by-somebody")
    chosen.post("/login", data={"name": "officer", "password": PASSWORD})
    assert accounts.session(desk.database, "chosen-by-somebody", now_ms()) is None
    client = log_in("officer")
    first = client.cookies[COOKIE]
    assert accounts.session(desk.database, first, now_ms()) is not None
    client.post("/login", data={"name": "officer", "password": PASSWORD})
    assert accounts.session(desk.database, first, now_ms()) is None


def test_the_cookie_is_for_this_site_and_no_script(log_in: LogIn) -> None:
    answer = log_in("public").post("/login", data={"name": "officer", "password": PASSWORD})
    said = answer.headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=strict" in said


def test_a_stolen_database_opens_no_session(log_in: LogIn, desk: Desk) -> None:
    cookie = log_in("officer").cookies[COOKIE]
    with desk.database.reading() as connection:
        everything = str(connection.exec_driver_sql("select * from sessions").all())
        hashes = connection.exec_driver_sql("select password_hash from people").scalars().all()
    assert cookie not in everything
    assert all(one.startswith("$argon2id$") for one in hashes)


def test_sessions_end_by_idleness_by_age_and_with_the_account(log_in: LogIn, desk: Desk) -> None:
    cookie = log_in("officer").cookies[COOKIE]
    now = now_ms()
    assert accounts.session(desk.database, cookie, now) is not None
    assert accounts.session(desk.database, cookie, now + accounts.IDLE_MS + 1000) is None
    assert accounts.session(desk.database, cookie, now + accounts.SESSION_MS + 1000) is None
    accounts.change_person(desk.database, "officer", disabled=True)
    assert accounts.session(desk.database, cookie, now) is None


def test_guessing_passwords_is_slowed_down(log_in: LogIn) -> None:
    client = log_in("public")
    guesses = [
        client.post("/login", data={"name": "officer", "password": "wrong"}).status_code for _ in range(11)
    ]
    assert guesses == [401] * 10 + [429]
    assert client.post("/login", data={"name": "officer", "password": PASSWORD}).status_code == 429
    assert client.post("/login", data={"name": "auditor", "password": PASSWORD}).status_code == 303


def test_timing_of_login_a_name_that_is_not_there_is_hashed_too(
    log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same work is done, whatever the name; counted, since clocks of a shared machine prove nothing."""
    asked: list[str] = []
    true = security._HASHER.verify

    class Counting:
        def verify(self, hashed: str, password: str) -> bool:
            asked.append(hashed[:10])
            return true(hashed, password)

        def hash(self, password: str) -> str:
            return security._nobody.__wrapped__()

    security._nobody()
    monkeypatch.setattr(security, "_HASHER", Counting())
    client = log_in("public")
    texts = {
        client.post("/login", data={"name": name, "password": "wrong"}).text for name in ("officer", "nobody")
    }
    assert asked == ["$argon2id$"] * 2
    assert len(texts) == 1


def test_a_one_time_code_counts_once(log_in: LogIn, desk: Desk) -> None:
    secret = pyotp.random_base32()
    accounts.change_person(desk.database, "officer", totp_secret=secret)
    code = pyotp.TOTP(secret).at(time.time())
    client = log_in("public")
    form = {"name": "officer", "password": PASSWORD}
    assert client.post("/login", data=form).status_code == 401
    assert client.post("/login", data=form | {"code": code}).status_code == 303
    assert client.post("/login", data=form | {"code": code}).status_code == 401


def test_role_escalation_an_officer_adds_no_account(log_in: LogIn, csrf: Csrf, desk: Desk) -> None:
    client = log_in("officer")
    form = {"act": "add", "name": "x", "role": "admin", "password": PASSWORD, "csrf": csrf(client)}
    assert client.post("/administration", data=form).status_code == 403
    assert accounts.person(desk.database, "x") is None


def test_one_officer_does_not_verify_alone(log_in: LogIn, csrf: Csrf, desk: Desk) -> None:
    """R24, and nobody signs for another: the name in the form is not asked for."""
    name, client = finding(desk), log_in("officer")
    form = {
        "finding_id": name,
        "word": "verified",
        "reason": "seen",
        "csrf": csrf(client),
        "signs_as": "officer-2",
    }
    for _ in range(2):
        assert client.post("/findings/review", data=form).status_code == 303
    found = reading.finding(desk.database, name)
    assert found
    assert found["state"] == "in_review"
    assert {body.reviewer_role for one, body in desk.mission.of(Review) if body.finding_id == name} == {
        "officer-1"
    }
    second = log_in("second officer")
    assert second.post("/findings/review", data=form | {"csrf": csrf(second)}).status_code == 303
    found = reading.finding(desk.database, name)
    assert found
    assert found["state"] == "verified"


def test_idor_a_liaison_replies_for_its_own_party_only(log_in: LogIn, csrf: Csrf, desk: Desk) -> None:
    from truceline.records.kinds import Notice, Reply

    client = log_in("liaison")
    notice = next(body for _, body in desk.mission.of(Notice) if "party-1" in body.to)
    form = {
        "notice_id": notice.notice_id,
        "position": "contests",
        "text": "not so",
        "party": "party-2",
        "csrf": csrf(client),
    }
    assert client.post("/notices/reply", data=form).status_code == 303
    entry, last = desk.mission.of(Reply)[-1]
    assert (entry.author, last.party) == ("party-1", "party-1")


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def test_xss_what_people_type_is_text(log_in: LogIn, csrf: Csrf, desk: Desk) -> None:
    name, client = finding(desk), log_in("officer")
    form = {"finding_id": name, "word": "verified", "reason": HOSTILE, "csrf": csrf(client)}
    assert client.post("/findings/review", data=form).status_code == 303
    liaison = log_in("liaison")
    from truceline.records.kinds import Notice

    notice = next(body for _, body in desk.mission.of(Notice) if "party-1" in body.to)
    liaison.post(
        "/notices/reply",
        data={"notice_id": notice.notice_id, "position": "contests", "text": HOSTILE, "csrf": csrf(liaison)},
    )
    admin = log_in("admin")
    admin.post(
        "/administration",
        data={
            "act": "add",
            "name": HOSTILE[:40],
            "role": "observer",
            "password": PASSWORD,
            "csrf": csrf(admin),
        },
    )
    pages = [
        client.get(f"/incidents/{name.rpartition('/')[0]}"), client.get("/queue"), liaison.get("/notices"), admin.get("/administration"),
        client.get("/incidents", params={"day": HOSTILE, "sector": HOSTILE, "word": HOSTILE}), client.get("/statements", params={"speaker": HOSTILE}),
        client.get("/queue", params={"state": HOSTILE}), client.get(f"/{HOSTILE}", headers={"accept": "text/html"}),
    ]  # fmt: skip
    for page in pages:
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert "unsafe-inline" not in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/log/../state/commit",
        "/log/..%2fstate%2fcommit",
        "/log/%2e%2e/state/origin",
        "/log/tile/../../keys",
        "/static/../serving.py",
        "/static/%2e%2e/serving.py",
        "/reports/..%2f..%2f/x",
        "/reports/2031-04-15/..%2fcheckpoint",
    ],
)
def test_path_traversal_finds_nothing(log_in: LogIn, path: str) -> None:
    assert log_in("officer").get(path).status_code == 404


def test_a_body_too_large_is_refused_unread(log_in: LogIn) -> None:
    answer = log_in("public").post(
        "/login", content=b"x" * (1 << 20 | 1), headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 413


def test_a_token_is_shown_once_and_can_be_revoked(log_in: LogIn, csrf: Csrf, desk: Desk) -> None:
    client = log_in("officer")
    text = client.post("/account/token", data={"label": "script", "csrf": csrf(client)}).text
    token = text.split("<code>")[1].split("</code>")[0]
    assert token not in client.get("/account").text
    bare = log_in("public")
    headers = {"authorization": f"Bearer {token}"}
    assert bare.get("/api/v1/queue", headers=headers).status_code == 200
    basic = base64.b64encode(b"officer:x").decode()
    assert bare.get("/api/v1/queue", headers={"authorization": f"Basic {basic}"}).status_code == 401
    assert log_in("auditor").post("/account/token/revoke", data={"label": "script"}).status_code == 403
    other = log_in("auditor")
    assert (
        other.post("/account/token/revoke", data={"label": "script", "csrf": csrf(other)}).status_code == 404
    )
    assert bare.get("/api/v1/queue", headers=headers).status_code == 200
    answer = client.post("/account/token/revoke", data={"label": "script", "csrf": csrf(client)})
    assert answer.status_code == 200
    assert bare.get("/api/v1/queue", headers=headers).status_code == 401


def test_problems_of_the_api_are_problem_json(log_in: LogIn) -> None:
    for path in ("/api/v1/incidents/none", "/api/v1/incidents?limit=0", "/api/v1/queue", "/api/v1/nothing"):
        answer = log_in("public").get(path)
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert {"title", "status", "detail"} <= set(answer.json())
