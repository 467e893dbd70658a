"""One sequencer for many submitters: what arrives within a short while is one step of the log.

A submission is answered once it is durable. Other programs of the same machine submit through a local socket in `views/`
(4 bytes of length, then JSON and bytes); only one process can be the sequencer of a folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import queue
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truceline.errors import EnvironmentFailure, LogError, TrucelineError
from truceline.log.chain import Facts, check_note
from truceline.log.log import Log
from truceline.log.notes import SigningKey, VerifierKey
from truceline.log.submitting import Judge, Outcome, submit

BATCH_S, MAX_BATCH = 0.1, 4096
MAX_FRAME = 70_000
_SOCKET = "sequencer.sock"


@dataclass(slots=True)
class _Waiting:
    note: bytes
    answer: Future[Outcome]
    facts: Facts | None = None


class Sequencer:
    """Appends for everybody, in batches; use it as a context."""

    def __init__(
        self, log: Log, log_key: SigningKey, clock: Callable[[], str], *, judge: Judge = lambda entry: None,
        batch_s: float = BATCH_S, after: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        """
        Args:
            clock: the time that an entry about refusals says.
            batch_s: how long the first submission of a batch waits for others, seconds.
            after: called after each batch, in a thread of its own; a slow one holds nothing up.
        """
        self.log, self._key, self._clock, self._judge = log, log_key, clock, judge
        self._batch_s, self._after = batch_s, after
        self._waiting: queue.Queue[_Waiting | None] = queue.Queue(maxsize=4 * MAX_BATCH)
        self._checked: queue.Queue[_Waiting | None] = queue.Queue(maxsize=4 * MAX_BATCH)
        self._ever: Mapping[str, Sequence[VerifierKey]] = {}
        self._appended = threading.Event()
        self._ended = threading.Event()
        self._broken: TrucelineError | None = None
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Sequencer:
        self._alone = open_alone(self.log.folder)
        with self.log.writing():
            self._ever = self.log.chain.ever
        self._threads = [
            threading.Thread(target=self._check, name="checks", daemon=True),
            threading.Thread(target=self._run, name="sequencer", daemon=True),
            threading.Thread(target=self._follow, name="after", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.put(None)
        self._threads[1].join()
        self._ended.set()
        self._appended.set()
        self._threads[2].join(timeout=1)
        os.close(self._alone)

    def submit(self, note: bytes) -> Future[Outcome]:
        """Hand in a note; the outcome is there when it is durable, refused, or the disk refused."""
        answer: Future[Outcome] = Future()
        if self._broken is not None:
            answer.set_exception(self._broken)
        else:
            self._waiting.put(_Waiting(note, answer))
        return answer

    def _check(self) -> None:
        """Form and signatures as submissions come, while the batch before is made durable."""
        while (one := self._waiting.get()) is not None:
            with contextlib.suppress(
                LogError
            ):  # perhaps its key comes in the same batch: `submit` says what is wrong
                one.facts = check_note(self.log.origin, one.note, self._ever)
            self._checked.put(one)
        self._checked.put(None)

    def _run(self) -> None:
        while True:
            first = self._checked.get()
            if first is None:
                return
            batch, until, ending = [first], time.monotonic() + self._batch_s, False
            while len(batch) < MAX_BATCH:
                try:
                    more = self._checked.get(timeout=max(0.0, until - time.monotonic()))
                except queue.Empty:
                    break
                if more is None:
                    ending = True
                    break
                batch.append(more)
            self._append(batch)
            if ending:
                return

    def _append(self, batch: list[_Waiting]) -> None:
        try:
            checked = {one.note: one.facts for one in batch if one.facts is not None}
            notes = [one.note for one in batch]
            made = submit(self.log, notes, self._key, self._clock(), self._judge, checked)
            self._ever = self.log.chain.ever
        except TrucelineError as problem:
            if isinstance(problem, EnvironmentFailure) and problem.code == "ENV-001":
                self._broken = (
                    problem  # a disk that refused once is not asked again: the next start looks what counts
                )
            for one in batch:
                one.answer.set_exception(problem)
            return
        for one, outcome in zip(batch, made, strict=True):
            one.answer.set_result(outcome)
        self._appended.set()

    def _follow(self) -> None:
        while True:
            self._appended.wait()
            self._appended.clear()
            if self._ended.is_set():
                return
            with contextlib.suppress(TrucelineError):  # its own state says what is wrong
                self._after()

    def repeat(self, every_s: float, until: threading.Event) -> None:
        """Call `after` again every so many seconds, since a witness may be back."""
        while not until.wait(every_s):
            self._appended.set()

    # The local socket

    def serve(self, until: threading.Event) -> None:
        """Answer other programs of this machine until `until` is set. Raises EnvironmentFailure ENV-001."""
        folder = self.log.folder / "views"
        folder.mkdir(exist_ok=True)
        with _short(folder) as near, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            path = near / _SOCKET
            try:
                path.unlink(missing_ok=True)
                listening.bind(str(path))
                path.chmod(0o600)
            except OSError as problem:
                raise EnvironmentFailure(
                    "ENV-001", "the folder must take the socket", where=str(folder), value=problem.strerror,
                    remedy="Check the rights of the folder.",
                ) from problem  # fmt: skip
            listening.listen(128)
            listening.settimeout(0.2)
            while not until.is_set():
                try:
                    other, _ = listening.accept()
                except TimeoutError:
                    continue
                threading.Thread(target=self._answer, args=(other,), daemon=True).start()
            path.unlink(missing_ok=True)

    def _answer(self, other: socket.socket) -> None:
        with other, contextlib.suppress(OSError, ValueError):
            other.settimeout(60)
            while (frame := _receive(other)) is not None:
                if frame[:1] == b"?":
                    with self.log.writing():
                        seq, prev = self.log.chain.next_of(frame[1:].decode())
                        seen = self.log.seen()
                    said: dict[str, object] = {"seq": seq, "prev": prev, "seen": [seen.size, seen.root]}
                else:
                    said = self._outcome(frame[1:])
                _send(other, json.dumps(said).encode())

    def _outcome(self, note: bytes) -> dict[str, object]:
        try:
            made = self.submit(note).result()
        except TrucelineError as problem:
            return {"problem": problem.as_dict(), "exit": problem.exit_code}
        if made.problem is not None:
            return {"problem": made.problem.as_dict(), "exit": made.problem.exit_code}
        return {"index": made.index, "id": made.id}


class Submitter:
    """The other end of the socket: hands notes to the sequencer that runs."""

    def __init__(self, folder: Path) -> None:
        """Raises EnvironmentFailure ENV-033, no sequencer runs here."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with _short(folder / "views") as near:
                self._socket.connect(str(near / _SOCKET))
        except OSError as problem:
            self._socket.close()
            raise EnvironmentFailure(
                "ENV-033", "a sequencer must run for the folder", where=str(folder), value=problem.strerror,
                remedy="Start it with `truceline log sequence`, or let the command write by itself.",
            ) from problem  # fmt: skip

    def next_of(self, author: str) -> tuple[int, str, tuple[int, str]]:
        """`seq`, `prev` and `seen` of an author's next entry."""
        said = self._ask(b"?" + author.encode())
        return int(said["seq"]), str(said["prev"]), (int(said["seen"][0]), str(said["seen"][1]))

    def submit(self, note: bytes) -> int:
        """The index of a note, once it is durable. Raises LogError what it was refused for, EnvironmentFailure."""
        said = self._ask(b"!" + note)
        if "problem" in said:
            one = said["problem"]
            kind = EnvironmentFailure if said["exit"] == 3 else LogError
            raise kind(
                one["code"], one["rule"], where=one["where"], value=one["value"] or None, remedy=one["remedy"]
            )
        return int(said["index"])

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Submitter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, frame: bytes) -> dict[str, Any]:
        _send(self._socket, frame)
        raw = _receive(self._socket)
        if raw is None:
            raise EnvironmentFailure(
                "ENV-033", "a sequencer must run for the folder", value="it ended",
                remedy="Look whether the entry was recorded, then run the same command again: the same entry keeps its index.",
            )  # fmt: skip
        return dict(json.loads(raw))


def open_alone(folder: Path) -> int:
    """Become the one sequencer of a folder; the file stays locked as long as it is open.

    Raises:
        EnvironmentFailure: ENV-003, there is one.
    """
    (folder / "views").mkdir(exist_ok=True)
    file = os.open(folder / "views" / "sequencer.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        os.close(file)
        raise EnvironmentFailure(
            "ENV-003", "only one sequencer may run for a folder", where=str(folder),
            remedy="Another one runs: submit through it, or end it first.",
        ) from problem  # fmt: skip
    return file


@contextmanager
def _short(folder: Path) -> Iterator[Path]:
    """A path to a folder that is short enough for a socket's address."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        yield Path(f"/proc/self/fd/{opened}") if Path("/proc/self/fd").is_dir() else folder
    finally:
        os.close(opened)


def _send(to: socket.socket, frame: bytes) -> None:
    to.sendall(struct.pack(">I", len(frame)) + frame)


def _receive(other: socket.socket) -> bytes | None:
    head = _exactly(other, 4)
    if head is None:
        return None
    (length,) = struct.unpack(">I", head)
    return _exactly(other, length) if 0 < length <= MAX_FRAME else None


def _exactly(other: socket.socket, length: int) -> bytes | None:
    held = b""
    while len(held) < length:
        piece = other.recv(length - len(held))
        if not piece:
            return None
        held += piece
    return held
