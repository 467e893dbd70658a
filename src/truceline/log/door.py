"""The local socket of a sequencer, `views/sequencer.sock`: other programs of the same machine hand their entries in.

A frame is 4 bytes of length, then `?` and an author's name, or `!` and a note; the answer is JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from truceline.errors import EnvironmentFailure, LogError, TrucelineError
from truceline.log.entries import Seen
from truceline.log.sequencer import Sequencer

MAX_FRAME = 70_000
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
        while (frame := _receive(other)) is not None:
            if frame[:1] == b"?":
                seq, prev, seen = sequencer.next_of(frame[1:].decode())
                said: dict[str, object] = {"seq": seq, "prev": prev, "seen": [seen.size, seen.root]}
            else:
                said = _outcome(sequencer, frame[1:])
            _send(other, json.dumps(said).encode())


def _outcome(sequencer: Sequencer, note: bytes) -> dict[str, object]:
    try:
        made = sequencer.submit(note).result()
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

    def next_of(self, author: str) -> tuple[int, str, Seen]:
        """`seq`, `prev` and `seen` of an author's next entry."""
        said = self._ask(b"?" + author.encode())
        return int(said["seq"]), str(said["prev"]), Seen(int(said["seen"][0]), str(said["seen"][1]))

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
