"""Every route by every role: denied unless the table here says otherwise, and never more than a role's layer (R12, R17, R19)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra `serve` is not installed: pip install 'truceline[serve]'")

from fastapi.testclient import TestClient

from truceline.mission.desk import Desk
from truceline.records.roles import ROLES
from truceline.store import reading
from truceline.web.application import ROOMS, create_app
from truceline.web.policy import POLICY

LogIn = Callable[[str], TestClient]
Csrf = Callable[[TestClient], str]
OUTSIDE = ("public", "observer", "commissioner", "liaison", "mediator", "admin")
INSIDE = ("officer", "auditor")

READ: dict[str, tuple[str, ...]] = {
    "/": ROLES, "/incidents": ROLES, "/statements": ROLES, "/plan": ROLES, "/agreement": ROLES, "/reports": ROLES,
    "/field": ROLES, "/field/worker.js": ROLES, "/field/manifest.webmanifest": ROLES, "/log": ROLES, "/log/checkpoint": ROLES, "/login": ROLES, "/healthz": ROLES, "/metrics": ROLES, "/openapi.json": ROLES,
    "/data/days": ROLES, "/data/sectors?day_from=2031-01-01&day_to=2031-12-31": ROLES, "/api/v1/incidents": ROLES,
    "/api/v1/statements": ROLES, "/api/v1/reports": ROLES, "/api/v1/signals": ROLES, "/api/v1/coverage": ROLES,
    "/api/v1/plan": ROLES, "/api/v1/decisions": ROLES, "/api/v1/notices": ("officer", "auditor", "commissioner", "liaison", "mediator"),
    "/signals": ROLES, "/commission": ROLES, "/observers": ROLES, "/coverage": ROLES, "/mechanism": ROLES,
    "/mechanism/EXERCISE-mechanism-line.png": ("officer", "auditor", "commissioner", "liaison", "mediator"),
    "/data/places?day_from=2031-01-01&day_to=2031-12-31": INSIDE, "/queue": INSIDE, "/devices": INSIDE, "/api/v1/queue": INSIDE,
    "/notices": ("officer", "auditor", "commissioner", "liaison", "mediator"),
    "/account": tuple(role for role in ROLES if role != "public"), "/administration": ("admin",),
}  # fmt: skip
CALL = {
    "from_actor": "mediator-1", "to_actor": "party-1", "channel": "phone", "held_from": "2031-04-10T10:00Z", "reported_by": "mediator-1",
    "content": "a call",
}  # fmt: skip
DEVICES: dict[str, dict[str, Any]] = {
    "/field/profile": {}, "/field/enrolment": {"public_key": "0" * 64}, "/field/pair": {"text": "x", "signature": "0" * 128},
    "/field/envelopes": {"envelopes": []},
}  # fmt: skip
"""Whoever asks, a device shows its own token, and no login is one."""
CHANGE: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "/findings/review": (("officer",), {"finding_id": "none", "word": "verified", "reason": "seen"}),
    "/notices": (("officer",), {"content": "one text to all", "hours": "6"}),
    "/notices/escalate": (("officer",), {"notice_id": "none", "to": "commission"}),
    "/notices/receipt": (("liaison",), {"notice_id": "none"}),
    "/signals": (("officer", "mediator"), CALL),
    "/signals/private": (("mediator",), CALL),
    "/signals/release": (("mediator",), {"sealed_id": "none"}),
    "/observers/consent": (("liaison",), {"subject": "EXERCISE: posts and patrols", "given": "true"}),
    "/observers/assign": (
        ("officer",),
        {"team": "t", "task": "t", "observers": "x:2", "from_time": "2031-04-20T00:00Z"},
    ),
    "/mechanism/stance": (("liaison",), {"proposal_id": "none", "stance": "accepted"}),
    "/commission": (
        ("commissioner",),
        {"held": "2031-04-20T10:00Z", "agenda": "item", "present-party-1": "1", "quorum": "1"},
    ),
    "/commission/draft": (("commissioner",), {"meeting_id": "none", "about": "item", "outcome": "upheld"}),
    "/commission/sign": (("commissioner",), {"decision_id": "none"}),
    "/commission/withdraw": (("commissioner",), {"decision_id": "none"}),
    "/findings/review-batch": (
        ("officer",),
        {"finding_id": ["none", "none2"], "word": "verified", "reason": "seen"},
    ),
    "/findings/take": (("officer",), {"finding_id": "none"}),
    "/incidents/merge": (("officer",), {"incident_id": "none", "other": "none2", "reason": "one bang"}),
    "/incidents/split": (("officer",), {"incident_id": "none", "apart": ["none"], "reason": "two bangs"}),
    "/notices/reply": (("liaison",), {"notice_id": "none", "position": "contests", "text": "no"}),
    "/account/token/revoke": (tuple(role for role in ROLES if role != "public"), {"label": "none"}),
    "/account/token": (tuple(role for role in ROLES if role != "public"), {"label": "script"}),
    "/administration": (("admin",), {"act": "disable", "name": "nobody"}),
}


@pytest.mark.parametrize("role", ROLES)
def test_every_page_is_denied_unless_the_table_allows_it(
    log_in: LogIn, csrf: Csrf, desk: Desk, role: str
) -> None:
    (desk.mission.root / "mechanism").mkdir()
    (desk.mission.root / "mechanism" / "EXERCISE-mechanism-line.png").write_bytes(b"\x89PNG")
    client = log_in(role)
    for path, allowed in READ.items():
        status = client.get(path).status_code
        assert status == (200 if role in allowed else 401 if role == "public" else 403), (path, status)
    secret = csrf(client) if role != "public" else ""
    for path, (allowed, form) in CHANGE.items():
        status = client.post(path, data=form | {"csrf": secret}).status_code
        if role in allowed:
            assert status in (200, 303, 404, 422), (path, status)
        else:
            assert status == (401 if role == "public" else 403), (path, status)


@pytest.mark.parametrize("role", ["public", "observer", "officer", "admin"])
def test_no_login_is_a_device(log_in: LogIn, csrf: Csrf, role: str) -> None:
    client = log_in(role)
    headers = {"x-csrf-token": csrf(client)} if role != "public" else {}
    for path, body in DEVICES.items():
        for token in ("", "guessed"):
            told = headers | {"x-device-token": token}
            answer = client.post(path, json=body, headers=told) if body else client.get(path, headers=told)
            assert answer.status_code == 404, path


def test_the_table_forgets_no_route() -> None:
    told = {path.partition("?")[0] for path in (*READ, *CHANGE, *DEVICES)} | {"/live", "/logout"}
    for room in ROOMS:
        for route in room.router.routes:
            path = str(route.path)  # type: ignore[attr-defined]
            assert path in told or "{" in path or path in ("/api/v1/reviews", "/api/v1/observations"), path


def test_a_route_without_a_policy_stops_the_application(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(POLICY, "queue")
    with pytest.raises(RuntimeError, match="queue"):
        create_app(desk)


SEALED = (
    "source_id",
    "lon_udeg",
    "cov_ee_m2",
    "obs_id",
    "explanation",
    "line_distance_m",
    "post_id",
    "sides",
    "accused_by",
)


@pytest.mark.parametrize("role", OUTSIDE)
def test_who_stands_outside_reads_the_disclosed_form_only(log_in: LogIn, desk: Desk, role: str) -> None:
    client = log_in(role)
    told = client.get("/api/v1/incidents?limit=500").json()
    assert told["layer"] == "disclosed"
    assert told["incidents"]
    for row in told["incidents"]:
        assert not set(SEALED) & set(row)
    sources = {
        row["source_id"]
        for one in reading.incident_page(desk.database, reading.Wanted(limit=200))
        for row in reading.observations_of(desk.database, one["incident_id"])
    }
    assert sources
    name = told["incidents"][0]["incident_id"]
    seen = [
        client.get(path).text
        for path in ("/", "/incidents", f"/incidents/{name}", "/log", f"/api/v1/incidents/{name}")
    ]
    for text in seen:
        assert not [source for source in sources if source in text]


def test_all_outside_read_the_same(log_in: LogIn) -> None:
    """R8, R19: no party and no mediator sees more than another, or sooner."""
    answers = {role: log_in(role).get("/api/v1/incidents?limit=500").content for role in OUTSIDE}
    answers["other liaison"] = log_in("other liaison").get("/api/v1/incidents?limit=500").content
    assert len(set(answers.values())) == 1


def test_an_incident_by_guessing_its_id_stays_in_the_layer(log_in: LogIn, desk: Desk) -> None:
    row = reading.incident_page(desk.database, reading.Wanted(limit=1))[0]
    answer = log_in("liaison").get(f"/api/v1/incidents/{row['incident_id']}").json()
    assert set(answer) == {"incident"}
    assert not set(SEALED) & set(answer["incident"])
    member = row["members"][-1]
    if member != row["incident_id"]:
        assert log_in("liaison").get(f"/api/v1/incidents/{member}").status_code == 404
