"""One sequencer for many submitters, through a socket too; two of them, and one that is killed while many wait."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from truceline.errors import EnvironmentFailure, LogError
from truceline.log.authors import Author
from truceline.log.door import Submitter
from truceline.log.entries import Entry, Seen, entry_id, sign_entry
from truceline.log.log import Log
from truceline.log.notes import SigningKey
from truceline.log.sequencer import Sequencer
from truceline.log.verifying import verify

LOG_KEY = SigningKey("truceline.test/one", b"\x01" * 32)
AUTHORS = [SigningKey(f"author-{n}", bytes([n + 2]) * 32) for n in range(8)]
AT = "2031-03-03T00:00:00Z"
SERVER = """
import sys, threading
from pathlib import Path
from truceline.log.door import serve
from truceline.log.log import Log
from truceline.log.notes import SigningKey
from truceline.log.sequencer import Sequencer
key = SigningKey("truceline.test/one", b"\\x01" * 32)
with Sequencer(Log.open(Path(sys.argv[1]), key), key, lambda: "2031-03-03T00:00:00Z", batch_s=0.02) as running:
    print("runs", flush=True)
    serve(running, threading.Event())
"""


def build(folder: Path) -> Log:
    log = Log.create(folder, LOG_KEY)
    log.append(
        [Author(LOG_KEY, log).note("genesis", {"keys": {one.name: str(one.vkey) for one in AUTHORS}}, AT)]
    )
    return log


def notes(key: SigningKey, seen: Seen, count: int, seq: int = 0, prev: str = "") -> list[bytes]:
    made = []
    for n in range(seq, seq + count):
        made.append(sign_entry(LOG_KEY.name, Entry("decision", key.name, n, prev, seen, AT, {"n": n}), key))
        prev = entry_id(made[-1])
    return made


def serving(folder: Path) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert child.stdout is not None
    child.stdout.readline()
    for _ in range(200):
        with contextlib.suppress(EnvironmentFailure):
            Submitter(folder).close()
            break
        time.sleep(0.02)
    return child


def test_many_submitters_are_heard_in_few_batches_and_each_gets_its_index(tmp_path: Path) -> None:
    log, batches = build(tmp_path), []
    with Sequencer(log, LOG_KEY, lambda: AT, batch_s=0.05, after=lambda: batches.append(1)) as running:
        waiting = [running.submit(note) for key in AUTHORS for note in notes(key, log.seen(), 40)]
        indices = [one.result(60).index for one in waiting]
        again = [running.submit(note).result(60).index for note in notes(AUTHORS[0], log.seen(), 3)]
    assert sorted(indices) == list(range(1, 321))
    assert again == indices[:3]  # the same submission, the same index
    assert len(batches) < 40
    assert verify(tmp_path) == 321


def test_a_refused_submission_holds_up_nobody_and_is_named_on_the_log(tmp_path: Path) -> None:
    log = build(tmp_path)
    good = notes(AUTHORS[0], log.seen(), 3)
    gap = notes(AUTHORS[1], log.seen(), 3)
    forged = notes(SigningKey("author-2", b"\x63" * 32), log.seen(), 1)[0]
    with Sequencer(log, LOG_KEY, lambda: AT, batch_s=0.2) as running:
        made = [
            one.result(60)
            for one in [running.submit(note) for note in (good[0], gap[1], forged, good[1], good[2])]
        ]
    assert [one.index for one in made] == [1, None, None, 2, 3]
    assert [one.problem.code if one.problem else "" for one in made] == ["", "LOG-040", "LOG-012", "", ""]
    (said,) = [
        entry.body
        for _, _, entry in log.entries()
        if entry.author == LOG_KEY.name and entry.kind != "genesis"
    ]
    assert [one["code"] for one in said["refused"]] == ["LOG-040"]
    assert said["unsigned"] == 1
    verify(tmp_path)


def test_an_operator_that_starts_two_sequencers_gets_one_and_no_fork(tmp_path: Path) -> None:
    build(tmp_path)
    child = serving(tmp_path)
    try:
        second = Sequencer(Log.open(tmp_path, LOG_KEY), LOG_KEY, lambda: AT)
        with pytest.raises(EnvironmentFailure, match="ENV-003"):
            second.__enter__()
        other = Submitter(tmp_path)
        assert other.submit(notes(AUTHORS[0], Log.open(tmp_path).seen(), 1)[0]) == 1
        assert other.next_of("author-0")[0] == 1
        with pytest.raises(LogError, match="LOG-040"):
            other.submit(notes(AUTHORS[1], Log.open(tmp_path).seen(), 2)[1])
        other.close()
    finally:
        child.kill()
        child.communicate()
    with Sequencer(Log.open(tmp_path, LOG_KEY), LOG_KEY, lambda: AT):
        pass  # the lock went with its process
    with pytest.raises(EnvironmentFailure, match="ENV-033"):
        Submitter(tmp_path)
    verify(tmp_path)


def test_killed_while_many_wait_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    seen = build(tmp_path).seen()
    choice, acknowledged = random.Random(7), dict[int, str]()
    for _ in range(int(os.environ.get("TRUCELINE_CRASH_ROUNDS", "4"))):
        child = serving(tmp_path)
        before = len(acknowledged)

        def say(key: SigningKey) -> None:
            with contextlib.suppress(EnvironmentFailure, OSError), Submitter(tmp_path) as other:
                seq, prev = other.next_of(key.name)
                for note in notes(key, seen, 200, seq, prev):
                    acknowledged[other.submit(note)] = entry_id(note)

        with ThreadPoolExecutor(len(AUTHORS)) as pool:
            for key in AUTHORS:
                pool.submit(say, key)
            for _ in range(500):
                if len(acknowledged) > before:
                    break
                time.sleep(0.02)
            time.sleep(choice.random() * 0.3)
            child.send_signal(signal.SIGKILL)
            child.communicate()
        log = Log.open(tmp_path, LOG_KEY)
        held = {index: ident for index, ident, _ in log.entries()}
        assert {index: held.get(index) for index in acknowledged} == acknowledged
        verify(tmp_path)
    assert acknowledged


def test_a_disk_that_refused_once_is_not_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = build(tmp_path)
    first, second = notes(AUTHORS[0], log.seen(), 2)
    with Sequencer(log, LOG_KEY, lambda: AT) as running:
        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", lambda number: (_ for _ in ()).throw(OSError(5, "Input/output error")))
            with pytest.raises(EnvironmentFailure, match="ENV-001"):
                running.submit(first).result(60)
        with pytest.raises(EnvironmentFailure, match="ENV-001"):
            running.submit(second).result(60)
    assert verify(tmp_path) == 1
    assert threading.active_count() < 20
