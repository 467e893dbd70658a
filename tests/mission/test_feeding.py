"""Feeds against a server of ours on loopback that answers as sources do: conditionally, in pages, late, wrongly, revised."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

pytest.importorskip("httpx", reason="the extra `serve` is not installed: pip install 'truceline[serve]'")

from truceline.errors import IntakeError
from truceline.intake.feeds import Feed, read_feeds
from truceline.mission import computing, feeding
from truceline.mission.feeding import run_feeds
from truceline.mission.mission import Mission
from truceline.mission.views import Views
from truceline.records.kinds import Decision, Genesis
from truceline.records.parties import Party

HEADER = (
    "obs_id,source_id,source_kind,stance,observed_from,observed_to,lon_deg,lat_deg,act,count_min,exercise\n"
)


def row(name: str, count: int = 1) -> str:
    return f"EXERCISE-{name},EXERCISE-outlet,media,report,2031-03-03T21:40:00Z,2031-03-03T21:45:00Z,-30.0,46.0,explosion,{count},true\n"


class Source(BaseHTTPRequestHandler):
    """Answers by path; counts what it was asked."""

    answers: ClassVar[dict[str, tuple[int, str, dict[str, str]]]] = {}
    asked: ClassVar[list[tuple[str, dict[str, str]]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        status, text, headers = self.answers.get(self.path, (404, "", {}))
        if status == 200 and self.headers.get("If-None-Match") == headers.get("ETag", "none"):
            status, text = 304, ""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def source() -> Iterator[str]:
    Source.answers, Source.asked = {}, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Source)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def mission(tmp_path: Path) -> Mission:
    parties = (Party("party-1", {"en": "One"}), Party("party-2", {"en": "Two"}))
    return Mission.create(tmp_path / "mission", Genesis("EXERCISE: feeds", True, parties, (), (), {}, {}))


def one(mission: Mission, feed: Feed, **named: Any) -> feeding.Fed:
    (done,) = run_feeds(mission, [feed], **named)
    return done


def test_only_what_changed_is_fetched_and_only_when_due(mission: Mission, source: str) -> None:
    feed = Feed(id="list", url=f"{source}/list.csv", format="truceline-csv")
    Source.answers["/list.csv"] = (200, HEADER + row("a") + row("b"), {"ETag": '"1"'})
    first = one(mission, feed)
    assert (first.status, first.accepted) == ("new", 2)
    assert one(mission, feed).status == "waiting"
    assert len(Source.asked) == 1
    size = mission.log.size
    assert one(mission, feed, now=True).status == "unchanged"
    assert Source.asked[-1][1]["if-none-match"] == '"1"'
    assert mission.log.size == size


def test_a_revision_supersedes_and_a_withdrawal_is_told_with_the_decisions_they_touch(
    mission: Mission, source: str
) -> None:
    feed = Feed(id="list", url=f"{source}/list.csv", format="truceline-csv", complete=True)
    Source.answers["/list.csv"] = (200, HEADER + row("a") + row("b") + row("c"), {})
    assert one(mission, feed).touched == []
    computing.fuse(mission)
    members = {
        obs: line["incident_id"]
        for line in computing.newest_incidents(mission).table.to_pylist()
        for obs in line["members"]
    }
    incident = members["EXERCISE-a"]
    mission.record(
        Decision("EXERCISE-d1", f"{incident}/1", "noted", {}, decided="2031-03-05T00:00:00Z"), "commission"
    )
    Source.answers["/list.csv"] = (200, HEADER + row("a", 9) + row("b"), {})
    done = one(mission, feed, now=True)
    assert (done.status, done.accepted, done.superseded, done.withdrawn) == ("new", 0, 1, ["EXERCISE-c"])
    assert f"decision EXERCISE-d1 about {incident}/1" in done.touched
    assert f"incident {incident}" in done.touched
    assert f"incident {members['EXERCISE-c']}" in done.touched
    standing = {
        line["obs_id"]: line["count_min"] for line in Views(mission).observed().observations.to_pylist()
    }
    assert standing == {"EXERCISE-a": 9, "EXERCISE-b": 1, "EXERCISE-c": 1}


def test_failures_are_asked_more_and_more_seldom_and_retry_after_is_kept(
    mission: Mission, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Feed(id="list", url=f"{source}/list.csv", format="truceline-csv", every_min=10)
    clock = [1_900_000_000_000]
    monkeypatch.setattr(Mission, "clock_ms", lambda self: clock[0])
    waits = []
    for _ in range(4):
        Source.answers["/list.csv"] = (503, "", {})
        done = one(mission, feed)
        assert (done.status, "503" in done.problem) == ("failed", True)
        waits.append((done.next_ms - clock[0]) // 60_000)
        clock[0] = done.next_ms
    assert waits == [10, 20, 40, 80]
    Source.answers["/list.csv"] = (429, "", {"Retry-After": "36000"})
    done = one(mission, feed)
    assert done.next_ms - clock[0] == 36_000_000
    clock[0] = done.next_ms
    Source.answers["/list.csv"] = (200, HEADER + row("a"), {})
    done = one(mission, feed)
    assert (done.status, done.next_ms - clock[0]) == ("new", 600_000)


def test_pages_are_asked_until_one_is_empty_with_the_users_own_credentials(
    mission: Mission, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWN_TOKEN", "very-secret")
    feed = Feed(
        id="paged", url=f"{source}/read?page={{page}}", format="truceline-csv", bearer_env="OWN_TOKEN"
    )
    for number, text in ((1, HEADER + row("a")), (2, HEADER + row("b")), (3, HEADER)):
        Source.answers[f"/read?page={number}"] = (200, text, {"ETag": f'"{number}"'})
    assert one(mission, feed).accepted == 2
    assert [path for path, _ in Source.asked] == [f"/read?page={number}" for number in (1, 2, 3)]
    assert {headers["authorization"] for _, headers in Source.asked} == {"Bearer very-secret"}
    assert "very-secret" not in json.dumps(
        [path.read_text() for path in (mission.root / "state" / "feeds").iterdir()]
    )


def test_a_key_in_the_address_is_never_told(
    mission: Mission, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Feed(
        id="fires",
        source="firms",
        url=f"{source}/{{key}}/{{part}}/{{area}}/{{days}}",
        area="-31,45,-29,47",
        parts=("NRT", "SP"),
    )
    for done in run_feeds(mission, [feed]):
        assert (done.status, "FIRMS_MAP_KEY" in done.problem) == ("failed", True)
    monkeypatch.setenv("FIRMS_MAP_KEY", "k3y")
    header = "latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,confidence,version,bright_ti5,frp,daynight\n"
    Source.answers["/k3y/NRT/-31,45,-29,47/2"] = (
        200,
        header + "46.0,-30.0,330.1,0.4,0.4,2031-03-03,2140,N20,VIIRS,n,2.0NRT,290.1,5.5,N\n",
        {},
    )
    fires, standard = run_feeds(mission, [feed], now=True)
    assert (fires.status, fires.accepted) == ("new", 1)
    assert (standard.status, "k3y" in standard.problem) == ("failed", False)


def test_an_answer_that_is_no_file_of_the_format_fails_and_is_asked_again(
    mission: Mission, source: str
) -> None:
    feed = Feed(id="list", url=f"{source}/list.csv", format="truceline-csv")
    Source.answers["/list.csv"] = (200, "<html>maintenance</html>", {"ETag": '"x"'})
    size = mission.log.size
    assert one(mission, feed).status == "failed"
    assert mission.log.size == size
    assert (
        one(mission, Feed(id="gone", url="http://127.0.0.1:9/x", format="truceline-csv")).status == "failed"
    )
    Source.answers["/list.csv"] = (200, HEADER + row("a"), {"ETag": '"x"'})
    assert one(mission, feed, now=True).status == "new"


@pytest.mark.parametrize(
    "text",
    [
        "feeds", "feeds: 3", "feeds: [{id: A}]", "feeds: [{id: a, url: 'http://example.org'}]", "feeds: [{id: a, url: 'https://x', colour: red}]",
        "feeds: [{id: a, source: firms}]", "feeds: [{id: a, url: 'https://x'}, {id: a, url: 'https://y'}]", "\x00", "feeds: [{id: a, url: 'https://x/{page}', complete: true}]",
    ],
)  # fmt: skip
def test_a_list_that_makes_no_sense_is_one_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text(text)
    with pytest.raises(IntakeError, match="INT-034"):
        read_feeds(path)
