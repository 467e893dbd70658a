"""The sequencer killed at random moments, two of them at once, and a disk that fills up."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from truceline.errors import EnvironmentFailure, LogError
from truceline.log import locking
from truceline.log.authors import Author
from truceline.log.log import Log
from truceline.log.notes import SigningKey
from truceline.log.verifying import verify

LOG_KEY, OFFICER = SigningKey("truceline.test/one", b"\x01" * 32), SigningKey("officer", b"\x02" * 32)
AT = "2031-03-03T00:00:00Z"
ROUNDS = int(os.environ.get("TRUCELINE_CRASH_ROUNDS", "6"))
APPENDER = """
import sys
from pathlib import Path
from truceline.log.entries import entry_id
from truceline.log.authors import Author
from truceline.log.log import Log
from truceline.log.notes import SigningKey
folder, count, many = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
log = Log.open(folder, SigningKey("truceline.test/one", b"\\x01" * 32))
for number in range(count):
    with log.writing():
        author = Author(SigningKey("officer", b"\\x02" * 32), log)
        notes = [author.note("decision", {"n": number, "from": sys.argv[4]}, "2031-03-04T00:00:00Z") for _ in range(many)]
        indices = log.append(notes)
    for index, note in zip(indices, notes, strict=True):
        print(index, entry_id(note), flush=True)
"""


def build(folder: Path, size: int) -> Log:
    log = Log.create(folder, LOG_KEY)
    log.append([Author(LOG_KEY, log).note("genesis", {"keys": {"officer": str(OFFICER.vkey)}}, AT)])
    say(log, size - 1)
    return log


def say(log: Log, count: int = 1) -> list[int]:
    author = Author(OFFICER, log)
    return log.append([author.note("decision", {"n": n}, AT) for n in range(count)])


def appender(folder: Path, count: int, many: int = 1, name: str = "one") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", APPENDER, str(folder), str(count), str(many), name],
        env=os.environ | {"PYTHONPATH": ":".join(sys.path)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_killed_at_random_moments_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """The log grows over several tiles while its sequencer is killed again and again."""
    build(tmp_path, 200)
    choice, acknowledged = random.Random(2026), dict[int, str]()
    for killed in range(ROUNDS):
        child = appender(tmp_path, 10_000, many=choice.choice((1, 1, 40)))
        assert child.stdout is not None
        for _ in range(choice.randrange(1, 12)):
            index, ident = child.stdout.readline().split()
            acknowledged[int(index)] = ident
        time.sleep(choice.random() * 0.03)
        child.send_signal(signal.SIGKILL)
        rest, _ = child.communicate()
        for line in rest.splitlines(keepends=True):
            if line.endswith("\n"):
                acknowledged[int(line.split()[0])] = line.split()[1]
        if killed % 2:
            verify(tmp_path)  # what comes first after the kill: an audit, or the next one to write
        log = Log.open(tmp_path, LOG_KEY)
        held = {index: ident for index, ident, _ in log.entries()}
        assert {index: held.get(index) for index in acknowledged} == acknowledged
        say(log)
        verify(tmp_path)


def test_two_programs_append_at_once_and_both_are_heard(tmp_path: Path) -> None:
    build(tmp_path, 240)
    children = [appender(tmp_path, 12, many=2, name=name) for name in ("one", "two")]
    said = [child.communicate()[0].splitlines() for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert [len(lines) for lines in said] == [24, 24]
    verify(tmp_path)
    held = {f"{index} {ident}" for index, ident, _ in Log.open(tmp_path).entries()}
    assert set(said[0]) | set(said[1]) <= held
    assert len(held) == 240 + 48


def test_who_waits_too_long_is_told_and_may_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, 2)
    one, two = Log.open(tmp_path, LOG_KEY), Log.open(tmp_path, LOG_KEY)
    monkeypatch.setattr(locking, "WAIT_S", 0.05)
    with one.writing():
        for attempt in (lambda: say(two), lambda: Log.open(tmp_path), lambda: verify(tmp_path)):
            with pytest.raises(EnvironmentFailure, match="ENV-003"):
                attempt()
        say(one)
    with two.writing():
        assert say(two) == [3]
    verify(tmp_path)


def test_notes_signed_before_others_appended_are_refused(tmp_path: Path) -> None:
    build(tmp_path, 2)
    one, two = Log.open(tmp_path, LOG_KEY), Log.open(tmp_path, LOG_KEY)
    late = Author(OFFICER, two).note("late", {}, AT)
    say(one)
    with pytest.raises(LogError, match="LOG-032"):
        two.append([late])
    verify(tmp_path)


class FullDisk:
    """Lets so many syncs and renames pass, and says that the disk is full from then on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, passing: int) -> None:
        self.left, real = passing, os.fsync

        def fsync(number: int) -> None:
            self.left -= 1
            if self.left < 0:
                raise (
                    OSError(5, "Input/output error")
                    if passing % 2
                    else OSError(28, "No space left on device")
                )
            real(number)

        monkeypatch.setattr("os.fsync", fsync)


@pytest.mark.parametrize("passing", range(14))  # more than the syncs of one append over a full bundle
def test_a_disk_that_fills_up_at_any_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passing: int
) -> None:
    log = build(tmp_path, 255)
    with monkeypatch.context() as patch:
        FullDisk(patch, passing)
        author = Author(OFFICER, log)
        notes = [author.note("late", {"n": n}, AT) for n in range(4)]
        try:
            recorded = log.append(notes) == [255, 256, 257, 258]
        except EnvironmentFailure:
            recorded = False
    if recorded:  # acknowledged: there, whatever became of the tiles
        assert Log.open(tmp_path).size == 259
    with log.writing():  # the same object, and a new one, go on when there is space again
        assert log.size in ((259,) if recorded else (255, 259))
        say(log, 3)
    verify(tmp_path)
    again = Log.open(tmp_path, LOG_KEY)
    say(again, 5)
    verify(tmp_path)


def test_a_full_disk_after_the_commit_point_is_finished_by_the_next_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = build(tmp_path, 255)
    with monkeypatch.context() as patch:
        FullDisk(patch, 4)  # two syncs of staging, two of the commit point
        assert say(log, 3) == [255, 256, 257]
        assert (tmp_path / "state" / "staging").exists()
        with pytest.raises(EnvironmentFailure, match="ENV-001"):
            verify(tmp_path)
    verify(tmp_path)
    assert not (tmp_path / "state" / "staging").exists()


def test_writes_that_a_power_loss_tore_are_dropped(tmp_path: Path) -> None:
    """A file is written beside its place and renamed; whatever half of it is left beside counts for nothing."""
    log = build(tmp_path, 260)
    whole = {name: (tmp_path / name).read_bytes() for name in ("state/commit", "log/checkpoint")}
    for name in ("state/.commit.new", "state/.staging.new", "log/.checkpoint.new"):
        for content in (b"", whole["state/commit"][:40], whole["log/checkpoint"][:-1]):
            (tmp_path / name).write_bytes(content)
            verify(tmp_path)
            assert not (tmp_path / name).exists()
    say(log, 3)
    assert verify(tmp_path) == 263


def test_the_sequencer_refuses_what_verify_would_refuse(tmp_path: Path) -> None:
    log = build(tmp_path, 3)
    stranger = SigningKey("stranger", b"\x09" * 32)
    forged = Author(SigningKey("officer", b"\x09" * 32), log).note("late", {}, AT)
    author = Author(OFFICER, log)
    first, second = author.note("a", {}, AT), author.note("b", {}, AT)
    for notes, code in (
        ([Author(stranger, log).note("late", {}, AT)], "LOG-012"),
        ([forged], "LOG-012"),
        ([first[:-3] + b"?=\n"], "LOG-011"),
        ([first.replace(b'"kind":"a"', b'"kind":"z"')], "LOG-013"),
        ([second], "LOG-040"),
        ([first, first.replace(b'"a"', b'"c"'), second], "LOG-013"),
    ):
        with pytest.raises(LogError) as caught:
            log.append(notes)
        assert caught.value.code == code
        assert log.size == 3
    assert log.append([first, second, first]) == [3, 4, 3]
    verify(tmp_path)


def test_a_log_whose_making_was_cut_short_can_be_begun(tmp_path: Path) -> None:
    Log.create(tmp_path, LOG_KEY)
    with pytest.raises(LogError, match="LOG-031"):
        verify(tmp_path)
    log = Log.open(tmp_path, LOG_KEY)
    assert log.size == 0
    log.append([Author(LOG_KEY, log).note("genesis", {"keys": {}}, AT)])
    verify(tmp_path)
