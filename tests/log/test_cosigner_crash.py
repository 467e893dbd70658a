"""Cosigners that are killed, or whose disk fails, between two steps: nothing is cosigned that was not kept, nothing is lost."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.log.test_tlog_mirror import Pushed
from tests.log.test_witness import LOG_KEY, NORTH, World, request, say

from truceline.errors import EnvironmentFailure
from truceline.log import checkpoints, witness
from truceline.log.mirroring import Mirror, begin
from truceline.log.sources import DiskSource
from truceline.log.verifying import verify
from truceline.log.witness import Witness


class Killed(BaseException):
    """The process ends here: nothing after it runs, no handler catches it."""


def killed(*arguments: object, **named: object) -> None:
    raise Killed


def failed(*arguments: object, **named: object) -> None:
    raise EnvironmentFailure("ENV-001", "the disk must take the file", value="Input/output error", remedy="-")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.parametrize(("fault", "raised"), [(killed, Killed), (failed, EnvironmentFailure)])
def test_a_witness_that_ends_between_its_transaction_and_its_mark_goes_on(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Any, raised: type[BaseException]
) -> None:
    north = world.witnesses["north"]
    with monkeypatch.context() as patched:
        patched.setattr(witness, "write_durably", fault)
        with pytest.raises(raised):  # no answer: nothing was cosigned
            north.add_checkpoint(request(world.log, 1))
    assert not (tmp_path / "north" / "mark").exists()
    again = Witness(tmp_path / "north" / "state", NORTH, tmp_path / "north" / "mark")
    again.refuse_rollback()  # ahead of the mark is no roll-back
    assert again.watched()[0].size == 5
    assert again.add_checkpoint(request(world.log, 1)).body == b"5\n"
    assert again.add_checkpoint(request(world.log, 5)).status == 200
    assert (tmp_path / "north" / "mark").read_text().startswith(f"{LOG_KEY.name} 5 ")
    assert "receipt" in world.collector.collect()


def test_a_witness_whose_transaction_fails_cosigns_nothing_and_keeps_what_it_had(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    north = world.witnesses["north"]

    class Failing(sqlite3.Connection):
        def execute(self, text: str, *values: Any) -> sqlite3.Cursor:
            if text == "commit":
                raise sqlite3.OperationalError("disk I/O error")
            return super().execute(text, *values)

    real = north._connect
    with monkeypatch.context() as patched:
        patched.setattr(
            north, "_connect", lambda: sqlite3.connect(north._path, isolation_level=None, factory=Failing)
        )
        with pytest.raises(EnvironmentFailure, match="ENV-001"):
            north.add_checkpoint(request(world.log, 1))
    assert real().execute("select size from logs").fetchone() == (1,)
    assert north.add_checkpoint(request(world.log, 1)).status == 200


@pytest.mark.parametrize("more", [0, 3, 300])
def test_a_mirror_killed_between_its_tiles_and_its_commit_point_recovers(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    source = DiskSource(world.folder / "log")
    begin(tmp_path / "copy", LOG_KEY.vkey, world.genesis)
    Mirror(tmp_path / "copy").update(source)
    say(world.log, 2)
    with monkeypatch.context() as patched:
        patched.setattr(checkpoints.CommitPoint, "swap", killed)
        with pytest.raises(Killed):
            Mirror(tmp_path / "copy").update(source)
    assert verify(tmp_path / "copy") == 5  # what was not committed does not count, and does not disturb
    again = Mirror(tmp_path / "copy")
    assert again.log.size == 5
    say(world.log, more)
    assert again.update(source).size == 7 + more
    assert verify(tmp_path / "copy") == 7 + more


def test_a_mirror_killed_while_it_takes_an_upload_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Pushed(tmp_path, 300)
    one.announce()
    with monkeypatch.context() as patched:
        patched.setattr(checkpoints.CommitPoint, "swap", killed)
        with pytest.raises(Killed):
            one.push()
    one.start()
    assert one.mirror.log.size == 0
    say(one.log, 5)
    assert one.announce(300).status == 200
    assert one.good(one.push())
    assert verify(one.folder) == 305
