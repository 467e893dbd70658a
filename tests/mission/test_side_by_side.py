"""A sequencer runs, and the command line works beside it: real processes, one folder, no fork and nothing lost."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from truceline.errors import EnvironmentFailure, UsageError
from truceline.log import door
from truceline.mission import handing_in
from truceline.mission import keys as acts
from truceline.mission.mission import Mission
from truceline.mission.verifying import verify
from truceline.records.kinds import Commitments, Genesis, Key, Reply, Statement
from truceline.records.parties import Party

PROGRAM = (sys.executable, "-m", "truceline")


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


@pytest.fixture
def mission(tmp_path: Path) -> Mission:
    parties = tuple(Party(one, {"en": one}) for one in ("north", "south"))
    return Mission.create(
        tmp_path / "m", Genesis("m", False, parties, (), (), {}, {}), keys=tmp_path / "keys"
    )


def sequencing(mission: Mission) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [*PROGRAM, "log", "sequence", str(mission.root), "--keys", str(mission.keys.folder), "--batch-ms", "10"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    until = time.monotonic() + 60
    while time.monotonic() < until and child.poll() is None:
        with contextlib.suppress(EnvironmentFailure):
            door.Submitter(mission.root).close()
            return child
        time.sleep(0.05)
    raise AssertionError(child.communicate())


@pytest.fixture
def sequencer(mission: Mission) -> Iterator[subprocess.Popen[str]]:
    child = sequencing(mission)
    yield child
    child.kill()
    child.communicate()


@pytest.fixture
def guest(mission: Mission, tmp_path: Path) -> Mission:
    """The same mission as somebody opens it who lacks the log's key, so that only the sequencer can write for them."""
    folder = tmp_path / "guest-keys"
    shutil.copytree(mission.keys.folder, folder)
    (path,) = folder.glob("log.key")
    path.unlink()
    return Mission.open(mission.root, folder)


def said(number: int) -> Statement:
    return Statement(
        f"s{number}", "Speaker", "north", "agency", "2031-03-03", "2031-03-03", f"words {number}"
    )


@pytest.mark.usefixtures("sequencer")
def test_records_go_through_the_sequencer_that_runs(mission: Mission, guest: Mission) -> None:
    made = [guest.record(said(0)), *guest.record_many([("operator", said(n), None) for n in range(1, 4)])]
    assert [one.index for one in made] == [1, 2, 3, 4]
    assert [one.body for one in made] == [said(n) for n in range(4)]
    assert mission.record(said(4)).index == 5  # whoever has the log's key need not use it
    verify(mission.root)


@pytest.mark.usefixtures("sequencer")
def test_programs_that_sign_with_one_key_at_once_each_get_their_number(mission: Mission) -> None:
    def work(worker: int) -> list[int]:
        mine = Mission.open(mission.root, mission.keys.folder)
        return [mine.record(said(10 * worker + n)).index for n in range(5)]

    with ThreadPoolExecutor(4) as pool:
        indices = [index for some in pool.map(work, range(4)) for index in some]
    assert sorted(indices) == list(range(1, 21))
    assert {one.author for one in Mission.open(mission.root).entries()[1:]} == {
        "operator"
    }  # nothing was refused
    verify(mission.root)


@pytest.mark.usefixtures("sequencer")
def test_keys_are_enrolled_rotated_and_revoked_from_the_command_line_beside_it(guest: Mission) -> None:
    for arguments in (("new", "helper"), ("rotate", "helper", "--reason", "due"), ("revoke", "helper")):
        command, *rest = arguments
        done = subprocess.run(
            [*PROGRAM, "key", command, str(guest.root), *rest, "--keys", str(guest.keys.folder), "--json"],
            capture_output=True, text=True, check=False, env=environment(),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    guest.log.refresh()
    assert [body.act for _, body in guest.of(Key)] == ["enrol", "rotate", "revoke"]
    assert [one.state for one in acts.states(guest) if one.name == "helper"] == ["rotated", "revoked"]
    verify(guest.root)


@pytest.mark.usefixtures("sequencer")
def test_the_sequencer_keeps_the_rules_of_the_mission_whatever_is_handed_in(mission: Mission) -> None:
    forged = handing_in.prepare(
        mission, "south", Reply("r1", "x", "north", "accepts", "not theirs to say", "2031-03-03T00:00:00Z")
    )
    (made,) = handing_in.submit(mission, [forged])
    assert made.index is None
    assert isinstance(made.problem, UsageError)
    assert made.problem.code == "MIS-005"


@pytest.mark.usefixtures("sequencer")
def test_of_two_sequencers_one_ends(mission: Mission) -> None:
    second = subprocess.run(
        [*PROGRAM, "log", "sequence", str(mission.root), "--keys", str(mission.keys.folder)],
        capture_output=True, text=True, check=False, env=environment(), timeout=60,
    )  # fmt: skip
    assert second.returncode == 3
    assert "ENV-003" in second.stderr
    assert mission.record(said(0)).index == 1  # the first goes on


def test_a_sequencer_that_is_killed_or_ends_loses_nothing_and_holds_up_nobody(mission: Mission) -> None:
    indices = []
    for number, how in enumerate((signal.SIGKILL, signal.SIGTERM)):
        child = sequencing(mission)
        indices.append(mission.record(said(2 * number)).index)
        child.send_signal(how)
        child.communicate()
        assert child.returncode == (-signal.SIGKILL if how == signal.SIGKILL else 0)
        indices.append(mission.record(said(2 * number + 1)).index)  # by this program itself
    assert indices == [1, 2, 3, 4]
    verify(mission.root)


def test_the_sequencer_keeps_the_cadence_of_a_mission(tmp_path: Path) -> None:
    settings: dict[str, str | int | bool] = {"commit_cadence_ms": 1000, "batch_size": 4}
    made = Mission.create(
        tmp_path / "m", Genesis("m", False, (), (), (), {}, settings), keys=tmp_path / "keys"
    )
    child = sequencing(made)
    try:
        until = time.monotonic() + 60
        while len(made.of(Commitments)) < 2 and time.monotonic() < until:
            time.sleep(0.1)
            made.log.refresh()
    finally:
        child.terminate()
        said = child.communicate()[1]
    assert [len(body.commitments) for _, body in made.of(Commitments)][:2] == [4, 4], said
    assert len({entry.at[:19] for entry, _ in made.of(Commitments)}) == len(
        made.of(Commitments)
    )  # one a tick
    verify(made.root)


def test_the_sequencer_ends_while_an_entry_is_on_its_way_and_the_same_entry_is_appended_once(
    mission: Mission, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = sequencing(mission)
    whole = door.Submitter.submit_all

    def cut(self: door.Submitter, notes: list[bytes]) -> list[object]:
        whole(self, notes)
        child.kill()
        child.communicate()
        raise door._ended()

    monkeypatch.setattr(door.Submitter, "submit_all", cut)
    assert mission.record(said(0)).index == 1
    assert mission.log.size == 2
    verify(mission.root)
    assert json.loads((mission.root / "log" / "checkpoint").read_text().split("\n")[1]) == 2
