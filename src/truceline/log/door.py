"""The local socket of a sequencer, `views/sequencer.sock`: other programs of the same machine hand their entries in.

A frame is 4 bytes of length, then `?` and an author's name, or `+` and a note that more follow, or `!` and the last note;
`?` and `!` are answered, in JSON. Whoever is to sign holds the door's turn from its question to the answer, so that no two
programs sign the same number of an author.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from truceline.errors import EnvironmentFailure, LogError, TrucelineError, UsageError
from truceline.log.entries import NOTHING_SEEN, Seen
from truceline.log.locking import locked
from truceline.log.origins import read_origin
from truceline.log.sequencer import Sequencer
from truceline.log.submitting import Outcome

MAX_FRAME = 70_000
_TOGETHER = 128  # notes that are answered together
_SOCKET = "sequencer.sock"


def serve(sequencer: Sequencer, until: threading.Event) -> None:
    """Answer other programs of this machine until `until` is set. Raises EnvironmentFailure ENV-001."""
    folder = sequencer.log.folder / "views"
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
            threading.Thread(target=_answer, args=(sequencer, other), daemon=True).start()
        path.unlink(missing_ok=True)


def _answer(sequencer: Sequencer, other: socket.socket) -> None:
    with other, contextlib.suppress(OSError, ValueError):
        other.settimeout(60)
        waiting: list[Future[Outcome]] = []
        while (frame := _receive(other)) is not None:
            if frame[:1] == b"?":
                seq, prev = sequencer.next_of(frame[1:].decode())
                seen = sequencer.seen()
                _send(other, json.dumps({"seq": seq, "prev": prev, "seen": [seen.size, seen.root]}).encode())
                continue
            waiting.append(sequencer.submit(frame[1:]))
            if frame[:1] == b"!":
                _send(other, json.dumps([_said(one) for one in waiting]).encode())
                waiting = []


def _said(waiting: Future[Outcome]) -> dict[str, object]:
    try:
        made = waiting.result()
    except TrucelineError as problem:
        return {"problem": problem.as_dict(), "exit": problem.exit_code}
    said: dict[str, object] = {"id": made.id, "index": made.index, "unsigned": made.unsigned}
    return (
        said
        if made.problem is None
        else said | {"problem": made.problem.as_dict(), "exit": made.problem.exit_code}
    )


class Submitter:
    """The other end of the socket: hands notes to the sequencer that runs."""

    def __init__(self, folder: Path) -> None:
        """Raises EnvironmentFailure ENV-033, no sequencer runs here; LogError LOG-036, nor is there a log."""
        self._folder, self._seen = folder, NOTHING_SEEN
        self.origin = read_origin(folder).name
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

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be the only program that signs for this sequencer. Raises EnvironmentFailure ENV-003."""
        with locked(self._folder / "views"):
            self._seen = NOTHING_SEEN
            yield

    def next_of(self, author: str) -> tuple[int, str]:
        """`seq` and `prev` of an author's next entry."""
        said = json.loads(self._ask(b"?" + author.encode()))
        self._seen = Seen(int(said["seen"][0]), str(said["seen"][1]))
        return int(said["seq"]), str(said["prev"])

    def seen(self) -> Seen:
        """What an author may say to have seen, as of the last question."""
        return self._seen

    def submit(self, note: bytes) -> int:
        """The index of a note, once it is durable. Raises TrucelineError what it was refused for, EnvironmentFailure."""
        (made,) = self.submit_all([note])
        if made.problem is not None:
            raise made.problem
        assert made.index is not None
        return made.index

    def submit_all(self, notes: Sequence[bytes]) -> list[Outcome]:
        """What became of each note, once those that were taken are durable.

        Raises:
            EnvironmentFailure: ENV-033, the sequencer ended: some may be recorded, and keep their index when handed in again;
                what the disk said.
        """
        made: list[Outcome] = []
        for at in range(0, len(notes), _TOGETHER):
            *some, last = notes[at : at + _TOGETHER]
            for note in some:
                self._tell(b"+" + note)
            made += [_outcome(one) for one in json.loads(self._ask(b"!" + last))]
        return made

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Submitter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _tell(self, frame: bytes) -> None:
        try:
            _send(self._socket, frame)
        except OSError as problem:
            raise _ended() from problem

    def _ask(self, frame: bytes) -> bytes:
        self._tell(frame)
        try:
            raw = _receive(self._socket)
        except OSError as problem:
            raise _ended() from problem
        if raw is None:
            raise _ended()
        return raw


def running(folder: Path) -> Submitter | None:
    """The way to the sequencer that runs for a folder; None where none does."""
    try:
        return Submitter(folder)
    except EnvironmentFailure:
        return None


def _outcome(said: dict[str, Any]) -> Outcome:
    """Raises EnvironmentFailure what the disk said there."""
    if "problem" not in said:
        return Outcome(said["id"], int(said["index"]))
    one = said["problem"]
    kind = {2: UsageError, 3: EnvironmentFailure}.get(said["exit"], LogError)
    problem = kind(
        one["code"], one["rule"], where=one["where"], value=one["value"] or None, remedy=one["remedy"]
    )
    if isinstance(problem, EnvironmentFailure):
        raise problem
    return Outcome(said["id"], problem=problem, unsigned=said["unsigned"])


def _ended() -> EnvironmentFailure:
    return EnvironmentFailure(
        "ENV-033", "a sequencer must run for the folder", value="it ended",
        remedy="Look whether the entry was recorded, then run the same command again: the same entry keeps its index.",
    )  # fmt: skip


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
