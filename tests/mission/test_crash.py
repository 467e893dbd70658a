"""A mission whose program is killed while it records and seals, and several programs at work in one mission."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from truceline.errors import EnvironmentFailure
from truceline.log import locking
from truceline.log.locking import locked
from truceline.mission.mission import Mission
from truceline.mission.verifying import verify
from truceline.mission.views import Views
from truceline.records.kinds import Correction, Genesis

ROUNDS = int(os.environ.get("TRUCELINE_CRASH_ROUNDS", "3"))
WORKER = """
import sys
from pathlib import Path
from truceline.mission.mission import Mission
from truceline.records.kinds import Correction, Observation
mission = Mission.open(Path(sys.argv[1]))
name, count = sys.argv[2], int(sys.argv[3])
for number in range(count):
    one = mission.record(Correction(f"{name}-{number}", "f", "1", "2", "counted twice", "operator", "2031-03-04T00:00:00Z"))
    print("recorded", one.index, one.id, flush=True)
    if number % 2:
        said = {"source_id": f"post-{number % 3}", "source_kind": "post", "obs_id": f"{name}-{number}", "exercise": True,
                "observed_from_ms": 1930270080000, "observed_to_ms": 1930270140000, "time_precision": "interval",
                "stance": "report", "place_kind": "unknown", "act": "shot"}
        mission.seal([Observation(said)])
        print("sealed", f"{name}-{number}", "-", flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    genesis = Genesis(
        name="EXERCISE: kills",
        exercise=True,
        parties=(),
        alignments=(),
        actors=(),
        keys={},
        settings={"batch_size": 4},
    )
    Mission.create(tmp_path / "mission", genesis)
    return tmp_path / "mission"


def worker(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder), name, str(count)],
        env=os.environ | {"PYTHONPATH": ":".join(sys.path)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def held(folder: Path) -> tuple[set[str], set[str]]:
    """Entries by index and id, and the ids of sealed observations, with every observer's numbers checked."""
    mission = Mission.open(folder)
    opened = Views(mission, folder.parent / f"views-{time.monotonic_ns()}").observed().observations
    return (
        {f"{one.index} {one.id}" for one in mission.entries()},
        {str(ident).rpartition("truceline-")[2] for ident in opened["obs_id"].to_pylist()},
    )


def check(folder: Path, said: list[str]) -> None:
    verify(folder)
    entries, sealed = held(folder)
    for line in said:
        word, one, two = line.split()
        assert f"{one} {two}" in entries if word == "recorded" else one in sealed


def test_killed_at_random_moments_nothing_said_is_lost_and_no_observer_has_a_gap(folder: Path) -> None:
    choice, said = random.Random(11), list[str]()
    for number in range(ROUNDS):
        child = worker(folder, f"round{number}", 10_000)
        assert child.stdout is not None
        said += [child.stdout.readline() for _ in range(choice.randrange(1, 9))]
        time.sleep(choice.random() * 0.1)
        child.send_signal(signal.SIGKILL)
        rest, _ = child.communicate()
        said += [line for line in rest.splitlines(keepends=True) if line.endswith("\n")]
        check(folder, said)
    after = worker(folder, "after", 4)
    check(folder, said + after.communicate()[0].splitlines())
    assert after.returncode == 0


def test_two_programs_at_work_at_once(folder: Path) -> None:
    children = [worker(folder, name, 6) for name in ("one", "two")]
    said = [child.communicate()[0].splitlines() for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert [len(lines) for lines in said] == [9, 9]
    check(folder, [*said[0], *said[1]])


def test_a_notice_does_not_wait_for_an_import_but_a_second_import_does(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, other = Mission.open(folder), Mission.open(folder)
    correction = Correction("c", "f", "1", "2", "counted twice", "operator", "2031-03-04T00:00:00Z")
    monkeypatch.setattr(locking, "WAIT_S", 0.05)
    with busy.working():
        other.record(correction)
        with pytest.raises(EnvironmentFailure, match="ENV-003"), other.working():
            pass
        assert busy.record(correction).index == other.log.size
    with other.working():
        assert other.log.size == busy.log.size
    verify(folder)


def test_the_lock_of_a_program_that_ended_is_free(folder: Path) -> None:
    child = worker(folder, "one", 10_000)
    assert child.stdout is not None
    child.stdout.readline()
    child.kill()
    child.communicate()
    with locked(folder, wait_s=0.0), locked(folder / "state" / "origin", wait_s=0.0):
        pass
