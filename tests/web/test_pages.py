"""What pages and the API say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra `serve` is not installed: pip install 'truceline[serve]'")

from fastapi.testclient import TestClient

from truceline.mission import computing
from truceline.mission.desk import Desk
from truceline.store import filling, reading

LogIn = Callable[[str], TestClient]


def test_exercise_stands_on_every_page_and_in_every_row(log_in: LogIn) -> None:
    client = log_in("officer")
    for path in (
        "/",
        "/incidents",
        "/queue",
        "/notices",
        "/plan",
        "/agreement",
        "/statements",
        "/reports",
        "/log",
        "/login",
    ):
        text = client.get(path).text
        assert "EXERCISE: everything here is simulated" in text
        assert "<title>EXERCISE" in text
    assert all(row["exercise"] for row in client.get("/api/v1/incidents").json()["incidents"])


def test_lists_page_through_everything_once(log_in: LogIn, desk: Desk) -> None:
    for role, path in (("officer", "/api/v1/incidents"), ("public", "/api/v1/incidents")):
        client, after, seen = log_in(role), "", []
        while True:
            told = client.get(path, params={"limit": 40, "after": after}).json()
            seen += [row["incident_id"] for row in told["incidents"]]
            after = told["next"] or ""
            if not after:
                break
        assert len(seen) == len(set(seen)) == reading.counts(desk.database)["incidents"]


def test_an_answer_that_is_held_already_is_not_sent_again(log_in: LogIn) -> None:
    client = log_in("public")
    first = client.get("/api/v1/incidents")
    again = client.get("/api/v1/incidents", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_views_are_what_the_log_says_and_can_be_thrown_away(desk: Desk) -> None:
    before = reading.incident_page(desk.database, reading.Wanted(limit=500))
    states = reading.states(desk.database)
    assert not desk.refresh()
    assert desk.refresh(again=True)
    assert reading.incident_page(desk.database, reading.Wanted(limit=500)) == before
    assert reading.states(desk.database) == states
    findings = computing.newest_findings(desk.mission)
    assert filling.made_from(desk.database) == findings.entry.id


def test_an_id_that_another_incident_took_over_leads_there(log_in: LogIn, desk: Desk) -> None:
    row = next(
        one
        for one in reading.incident_page(desk.database, reading.Wanted(limit=500))
        if len(one["members"]) > 1
    )
    member = next(name for name in row["members"] if name != row["incident_id"])
    answer = log_in("officer").get(f"/incidents/{member}")
    assert answer.status_code == 301
    assert answer.headers["location"].endswith(row["incident_id"])


def test_the_log_is_served_byte_for_byte(log_in: LogIn, desk: Desk) -> None:
    client, folder = log_in("public"), desk.mission.root / "log"
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 2
    for path in files:
        answer = client.get(f"/log/{path.relative_to(folder).as_posix()}")
        assert answer.content == path.read_bytes()


def test_published_reports_are_served_by_digest(log_in: LogIn, desk: Desk) -> None:
    from truceline.records.kinds import Report

    _, report = desk.mission.of(Report)[-1]
    client = log_in("public")
    for name, digest in report.files.items():
        answer = client.get(f"/reports/{report.date}/{name}")
        assert answer.content == desk.mission.blobs.read(digest)
        assert "sandbox" in answer.headers["content-security-policy"]


def test_pages_hold_together_before_anything_was_computed(tmp_path: Path) -> None:
    from truceline.mission.exercise import open_exercise
    from truceline.simulate import build
    from truceline.web.application import create_app

    open_exercise(tmp_path / "empty", build(1, 0.1))
    desk = Desk(tmp_path / "empty")
    assert not desk.refresh()
    client = TestClient(create_app(desk))
    for path in (
        "/",
        "/incidents",
        "/statements",
        "/plan",
        "/agreement",
        "/reports",
        "/log",
        "/data/days",
        "/api/v1/incidents",
    ):
        assert client.get(path).status_code == 200, path
    desk.close()


def test_metrics_tell_nothing_of_the_mission(log_in: LogIn) -> None:
    client = log_in("officer")
    client.get("/incidents/EXERCISE-secret")
    text = client.get("/metrics").text
    assert 'truceline_requests_total{route="incident",status="404"}' in text
    assert "secret" not in text
    assert "officer" not in text
