"""`truceline learn`: parameters from a mission's own reports and audits, on the log, used by the next fuse."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from truceline.cli.main import main
from truceline.mission import computing
from truceline.mission.mission import Mission
from truceline.mission.replaying import replay
from truceline.records.kinds import Decision, Parameters

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["truceline", *map(str, words)])
        code = main()
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_audits_move_the_next_fuse_and_the_replay_agrees(own_copy: Path, tmp_path: Path, run: Run) -> None:
    before = computing.newest_incidents(Mission.open(own_copy)).table
    audits = tmp_path / "audits.csv"
    lines = [f"{supports[0]},no" for supports in before["supports"].to_pylist()[:40]]
    audits.write_text("\n".join(["obs_id,happened", *lines]), encoding="utf-8")
    code, out, err = run("learn", own_copy, "--audits", audits, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["audited"] == len(lines)
    mission = Mission.open(own_copy)
    learned = mission.of(Parameters)[-1][1]
    assert learned.values == json.loads(out)["parameters"]
    assert learned.values["prior_e3"] < mission.of(Parameters)[0][1].values["prior_e3"]
    after = computing.fuse(mission).table
    assert sum(after["probability_e4"].to_pylist()) < sum(before["probability_e4"].to_pylist())
    assert replay(Mission.open(own_copy)).identical


@pytest.mark.parametrize(
    ("text", "said"),
    [("obs_id,happened\nx,perhaps", "CLI-010"), ("obs_id,happened\n,yes", "CLI-010"), ("\udcff", "CLI-009")],
)
def test_audits_that_say_nothing_are_refused(
    own_copy: Path, tmp_path: Path, run: Run, text: str, said: str
) -> None:
    audits = tmp_path / "audits.csv"
    audits.write_bytes(text.encode("utf-8", "surrogateescape"))
    size = Mission.open(own_copy).log.size
    code, out, err = run("learn", own_copy, "--audits", audits)
    assert (code, out) == (2, "")
    assert said in err
    assert Mission.open(own_copy).log.size == size


def test_a_decision_on_an_incident_that_changed_is_flagged(own_copy: Path, tmp_path: Path, run: Run) -> None:
    mission = Mission.open(own_copy)
    first = computing.newest_incidents(mission).table
    incident = first["supports"].to_pylist()[0][0], first["incident_id"][0].as_py()
    mission.record(Decision("D-1", f"{incident[1]}/3(1)", "noted", {}), "operator")
    code, out, _ = run("fuse", own_copy, "--json")
    assert (code, json.loads(out)["decided_changed"]) == (0, [])
    audits = tmp_path / "audits.csv"
    audits.write_text(f"obs_id,happened\n{incident[0]},no\n", encoding="utf-8")
    assert run("learn", own_copy, "--audits", audits)[0] == 0
    code, out, _ = run("fuse", own_copy, "--json")
    (told,) = [one for one in json.loads(out)["decided_changed"] if one["incident_id"] == incident[1]]
    assert code == 0
    assert told["now"] == incident[1]
    assert told["probability_e4"] < 0
    code, out, _ = run("fuse", own_copy, "--json")
    assert told in json.loads(out)["decided_changed"], "it stays so until somebody decides anew"
    for kept in (own_copy / "views").glob("incidents-*.parquet"):
        kept.unlink()
    assert told in json.loads(run("fuse", own_copy, "--json")[1])["decided_changed"], "and is recomputed"
    Mission.open(own_copy).record(Decision("D-2", f"{incident[1]}/3(1)", "noted", {}), "operator")
    assert told not in json.loads(run("fuse", own_copy, "--json")[1])["decided_changed"]
