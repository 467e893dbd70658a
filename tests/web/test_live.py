"""Observations handed in by a token: sealed, fused, on the mission's own screens at once, and nowhere else; the API holds to its schema."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

pytest.importorskip("fastapi", reason="the extra `serve` is not installed: pip install 'truceline[serve]'")

from fastapi.testclient import TestClient

from truceline.mission import computing
from truceline.mission.clock import iso
from truceline.mission.desk import Desk
from truceline.mission.verifying import verify
from truceline.mission.views import Views
from truceline.records.kinds import Parameters
from truceline.store import accounts, reading

LogIn = Callable[[str], TestClient]


def token(desk: Desk, name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {accounts.make_token(desk.database, name, 'device', 1)}"}


def seen(desk: Desk, name: str = "EXERCISE-seen-1") -> dict[str, Any]:
    at = desk.mission.clock_ms() - 3_600_000
    middle = next(f for f in desk.mission.geometry["features"] if f["properties"].get("role") == "line")[
        "geometry"
    ]["coordinates"]
    lon, lat = middle[len(middle) // 2][:2]
    return {
        "obs_id": name, "source_kind": "patrol", "means": "saw", "act": "explosion", "stance": "report", "place_kind": "point",
        "lon_deg": lon, "lat_deg": lat, "error_m": 100, "observed_from": iso(at), "observed_to": iso(at + 60_000),
    }  # fmt: skip


def test_an_observation_is_fused_on_the_missions_own_screens_and_nowhere_else(log_in: LogIn, desk: Desk) -> None:  # fmt: skip
    desk.keep_up()  # as the server does when it starts
    assert not desk.keep_up()
    client = log_in("public")
    shown = log_in("public").get("/api/v1/incidents?limit=500").content
    headers, body = token(desk, "observer"), {"observations": [seen(desk)]}
    started = time.perf_counter()
    answer = client.post("/api/v1/observations", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json()["obs_ids"] == ["EXERCISE-seen-1"]
    assert desk.keep_up()
    assert time.perf_counter() - started < 60  # a gross limit only; figures are in the benchmarks
    row = reading.incident(desk.database, "EXERCISE-seen-1")
    assert row is not None
    assert "EXERCISE-seen-1" in row["members"]
    day = desk.reporting_days(
        pa.table({"incident_id": [row["incident_id"]], "midpoint_ms": [row["midpoint_ms"]]})
    )
    placed = log_in("officer").get(
        "/data/places", params=dict.fromkeys(("day_from", "day_to"), day[row["incident_id"]])
    )
    assert row["incident_id"] in placed.text
    assert "EXERCISE-patrol-99" in log_in("officer").get(f"/incidents/{row['incident_id']}").text
    assert log_in("public").get("/api/v1/incidents?limit=500").content == shown
    again = client.post("/api/v1/observations", json=body, headers=headers)
    assert (again.json()["obs_ids"], again.json()["duplicates"]) == ([], 1)
    verify(desk.mission.root)


def test_what_stands_live_is_what_fusing_everything_gives(log_in: LogIn, desk: Desk) -> None:
    desk.keep_up()
    client, headers = log_in("public"), token(desk, "observer")
    for number in range(3):
        given = {"observations": [seen(desk, f"EXERCISE-seen-{number}")]}
        assert client.post("/api/v1/observations", json=given, headers=headers).status_code == 201
        desk.keep_up()
    live = {row["incident_id"]: row["members"] for row in _all(desk)}
    views = Views(desk.mission)
    body = computing.newest_incidents(desk.mission).entry.body
    used = next(one for entry, one in desk.mission.of(Parameters) if entry.id == body.parameters)  # type: ignore[attr-defined]
    whole = computing.incidents_of(desk.mission, views.observed(), views.watches(), used)
    assert live == {row["incident_id"]: row["members"] for row in whole.to_pylist()}


def _all(desk: Desk) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    before = None
    while page := reading.incident_page(desk.database, reading.Wanted(limit=500, before=before)):
        rows += page
        before = (page[-1]["midpoint_ms"], page[-1]["incident_id"])
    return rows


def test_nobody_reports_as_another_source_and_bad_fields_are_one_error(log_in: LogIn, desk: Desk) -> None:
    client, size = log_in("public"), desk.mission.log.size
    headers = token(desk, "observer")
    for wrong in (
        {"source_id": "EXERCISE-camera-01"},
        {"act": "magic"},
        {"lat_deg": 123.0},
        {"observed_from": "soon"},
    ):
        answer = client.post(
            "/api/v1/observations", json={"observations": [seen(desk) | wrong]}, headers=headers
        )
        assert answer.status_code == 422, (wrong, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
    assert client.post("/api/v1/observations", json={"observations": []}, headers=headers).status_code == 422
    for role in ("officer", "liaison", "admin"):
        answer = client.post("/api/v1/observations", json={"observations": [seen(desk)]}, headers=token(desk, role))  # fmt: skip
        assert answer.status_code == 403
    assert client.post("/api/v1/observations", json={"observations": [seen(desk)]}).status_code == 401
    assert desk.mission.log.size == size


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_api_holds_to_its_schema(desk: Desk) -> None:
    """Schemathesis: no server error, every answer of a documented status, type and schema; as officer and as observer."""
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed: ./dev setup")
    from hypothesis import HealthCheck, Phase, settings

    from truceline.web.application import create_app

    app = create_app(desk)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    from schemathesis import checks

    wanted = [
        checks.not_a_server_error, schemathesis.specs.openapi.checks.status_code_conformance,
        schemathesis.specs.openapi.checks.content_type_conformance, schemathesis.specs.openapi.checks.response_schema_conformance,
    ]  # fmt: skip
    headers = {role: token(desk, role) for role in ("officer", "observer")}
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        strategy = operation.as_strategy()

        @settings(
            max_examples=8, deadline=None, phases=[Phase.generate], database=None,
            suppress_health_check=list(HealthCheck), derandomize=True,
        )  # fmt: skip
        @__import__("hypothesis").given(case=strategy)
        def once(case: Any) -> None:
            for role in headers:
                case.call_and_validate(headers=headers[role], checks=wanted)

        once()
        tried += 1
    assert tried >= 10
