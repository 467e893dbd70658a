"""Running it: configuration, a graceful stop, logs without persons, views made again from the log."""

from __future__ import annotations

import configparser
import json
import signal
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra `serve` is not installed: pip install 'truceline[serve]'")

from truceline.cli import serve as command
from truceline.errors import UsageError
from truceline.mission.desk import Desk
from truceline.mission.rebuilding import rebuild
from truceline.store import reading

ROOT = Path(__file__).parents[2]


def test_views_made_again_from_the_log_are_those_that_stood(root: Path) -> None:
    made = rebuild(root, check=True)
    assert made.results == {"incidents": True, "findings": True}
    assert made.same
    assert not made.replaced
    assert {one.view for one in made.views} == {
        "incidents",
        "findings",
        "observations",
        "disclosed",
        "documents",
    }
    assert all(one.rows for one in made.views)


def test_what_somebody_did_to_the_database_shows_and_is_put_right(root: Path) -> None:
    desk = Desk(root)
    with desk.database.writing() as connection:
        connection.exec_driver_sql("update incidents set word = 'corroborated', probability_e4 = 9999")
        connection.exec_driver_sql("delete from disclosed where incident_id in (select incident_id from disclosed limit 3)")  # fmt: skip
    counted = reading.counts(desk.database)
    desk.close()
    made = rebuild(root)
    told = {one.view: one for one in made.views}
    assert told["incidents"].altered > 0
    assert told["disclosed"].missing == 3
    assert not made.same
    assert made.replaced
    desk = Desk(root)
    assert reading.counts(desk.database)["disclosed"] == counted["disclosed"] + 3
    assert len(desk.mission.of(type(desk.mission.genesis))) == 1
    desk.close()
    assert rebuild(root, check=True).same


def test_a_result_that_the_log_does_not_vouch_for_replaces_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    from truceline.mission import rebuilding

    monkeypatch.setattr(rebuilding, "result_digest", lambda rows: "0" * 64)
    made = rebuild(root)
    assert made.results == {"incidents": False, "findings": False}
    assert not made.replaced


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("port = 'x'", "WEB-001"),
        ("prot = 1", "WEB-001"),
        ("port = 70000", "WEB-001"),
        ("port = true", "WEB-001"),
        ("host =", "WEB-002"),
    ],
)
def test_a_setting_that_cannot_be_is_one_error(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "server.toml").write_text(text)
    with pytest.raises(UsageError, match=code):
        command._settings(tmp_path / "server.toml")
    with pytest.raises(UsageError, match="WEB-002"):
        command._settings(tmp_path / "absent.toml")


def test_the_files_for_operators_hold_together() -> None:
    told = command._settings(ROOT / "deploy" / "server.toml")
    assert told == {"host": "127.0.0.1", "port": 8080}
    assert set(tomllib.loads((ROOT / "deploy" / "server.toml").read_text())) <= set(command.SETTINGS)
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / "deploy" / "truceline.service")
    assert "truceline serve" in unit["Service"]["ExecStart"]
    assert "--config" in unit["Service"]["ExecStart"]
    container = (ROOT / "deploy" / "Containerfile").read_text()
    assert "requirements/server.txt" in container
    assert (ROOT / "requirements" / "server.txt").is_file()


@pytest.mark.slow
def test_a_signal_ends_it_gracefully_and_its_log_names_nobody(root: Path, tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text('host = "127.0.0.1"\nport = 0\n')
    server = subprocess.Popen(
        [sys.executable, "-m", "truceline", "serve", str(root), "--config", str(tmp_path / "server.toml")],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr
    line = server.stderr.readline()
    place = line.split("open at ")[1].split()[0].rstrip("/")
    for _ in range(200):
        try:
            urllib.request.urlopen(f"{place}/healthz", timeout=5).read()
            break
        except OSError:
            time.sleep(0.1)
    stream = urllib.request.urlopen(f"{place}/live", timeout=20)
    assert b"retry" in stream.readline()
    name = "EXERCISE-who-asked"
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{place}/incidents/{name}", timeout=20)
    server.send_signal(signal.SIGTERM)
    _, said = server.communicate(timeout=60)
    assert server.returncode in (0, -signal.SIGTERM)  # by the signal, after what was under way
    stream.close()
    lines = [json.loads(one) for one in said.splitlines() if one.startswith("{")]
    assert any(one.get("route") == "incident" and one["status"] == 404 for one in lines)
    assert "127.0.0.1" not in said
    assert name not in said
    assert all(set(one) <= {"at", "level", "said", "route", "status", "ms", "trace"} for one in lines)
