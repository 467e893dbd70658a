"""Forms and signatures of many notes at once: one process a core, which ends when its pipe does.

A thread would do, were there not so little to do between two calls that let go of the interpreter: half of the time
would go into taking it back. The processes are started when there is enough to check for the first time.
"""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO, TypeAlias

import msgspec

from truceline.errors import LogError
from truceline.log.chain import Facts, check_note
from truceline.log.entries import unchecked
from truceline.log.notes import DASH, VerifierKey

TOGETHER = 64  # notes that a process gets at a time
_WORTH_IT = 2 * TOGETHER  # fewer are checked here
_AHEAD = 2  # batches on their way to a process
_WORK = "from truceline.log.checking import work; work()"
Known: TypeAlias = Mapping[str, Sequence[VerifierKey]]
_Asked: TypeAlias = tuple[str, list[bytes], dict[str, list[bytes]]]
_Found: TypeAlias = list[tuple[str, list[bytes]] | None]
_read_asked, _read_found = msgspec.msgpack.Decoder(_Asked), msgspec.msgpack.Decoder(_Found)


class Checkers:
    """Checks notes of one origin; use it as a context, from one thread."""

    def __init__(self, origin: str, cores: int) -> None:
        self._origin, self._cores = origin, cores
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Checkers:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def check(self, notes: Sequence[bytes], ever: Known) -> list[Facts | None]:
        """Of each note what `check_note` finds; None where it refuses it, or by these keys cannot tell yet.

        Args:
            ever: every key that a name had.
        """
        if self._cores < 2 or len(notes) < _WORTH_IT:
            return [_facts(self._origin, note, ever) for note in notes]
        if not self._running:
            self._running = [_start() for _ in range(self._cores)]
            return [_facts(self._origin, note, ever) for note in notes]  # while they begin
        try:
            return self._check_elsewhere(notes, ever)
        except OSError:  # a process ended: whoever ended it slows us down, and no more
            self._end()
            self._cores = 1
            return [_facts(self._origin, note, ever) for note in notes]

    def _check_elsewhere(self, notes: Sequence[bytes], ever: Known) -> list[Facts | None]:
        some = [notes[at : at + TOGETHER] for at in range(0, len(notes), TOGETHER)]
        found: list[Facts | None] = []
        asked = 0
        for number, ours in enumerate(some):
            while asked < min(len(some), number + _AHEAD * self._cores):
                _send(self._running[asked % self._cores].stdin, self._question(some[asked], ever))
                asked += 1
            raw = _receive(self._running[number % self._cores].stdout)
            if not raw:
                raise BrokenPipeError
            answer = _read_found.decode(raw)
            found += [
                None if one is None else Facts(one[0], unchecked(self._origin, note), tuple(one[1]))
                for note, one in zip(ours, answer, strict=True)
            ]
        return found

    def _question(self, notes: Sequence[bytes], ever: Known) -> bytes:
        """The notes, and the keys that their signature lines name."""
        names = {
            line.partition(" ")[0]
            for note in notes
            for line in note.rpartition(b"\n\n")[2].decode(errors="replace").split(DASH)
        }
        keys = {name: [key.key for key in ever[name]] for name in names if name in ever}
        return msgspec.msgpack.encode((self._origin, notes, keys))

    def _end(self) -> None:
        for one in self._running:
            for pipe in (one.stdin, one.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        for one in self._running:
            one.wait()
        self._running = []


def work() -> None:
    """What a process does until its pipe ends."""
    while question := _receive(sys.stdin.buffer):
        origin, notes, keys = _read_asked.decode(question)
        ever = {name: [VerifierKey(name, key) for key in held] for name, held in keys.items()}
        made = [_facts(origin, note, ever) for note in notes]
        found = [None if one is None else (one.id, one.key_ids) for one in made]
        _send(sys.stdout.buffer, msgspec.msgpack.encode(found))


def _facts(origin: str, note: bytes, ever: Known) -> Facts | None:
    try:
        return check_note(origin, note, ever)
    except LogError:
        return None


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own text
        [sys.executable, "-c", _WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip


def _send(pipe: IO[bytes] | None, raw: bytes) -> None:
    assert pipe is not None
    pipe.write(struct.pack(">I", len(raw)) + raw)
    pipe.flush()


def _receive(pipe: IO[bytes] | None) -> bytes:
    """The next message; nothing where the pipe ended while waiting for one. Raises OSError: in the middle of one."""
    assert pipe is not None
    head = pipe.read(4)
    if not head:
        return b""
    (length,) = struct.unpack(">I", head)
    raw = pipe.read(length)
    if len(raw) < length:
        raise BrokenPipeError
    return raw
