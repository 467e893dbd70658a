"""Checkpoints (C2SP tlog-checkpoint, no extension lines) and the commit point, a file that holds one.

The commit point is `state/commit`: the signed checkpoint of the last acknowledged state, replaced atomically under the
sequencer's lock. It is one signed note and nothing else, so that each of its bytes is vouched for.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path

from truceline.errors import LogError
from truceline.log.files import write_durably
from truceline.log.notes import SigningKey, VerifierKey, open_note


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Size and root of a log, and the note that says so; nothing at all for a log without entries."""

    size: int
    root: bytes
    note: bytes


EMPTY = Checkpoint(0, b"", b"")


def sign_checkpoint(key: SigningKey, size: int, root: bytes) -> Checkpoint:
    """The checkpoint of a log whose key bears its origin as a name."""
    text = f"{key.name}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
    return Checkpoint(size, root, key.sign(text))


def open_checkpoint(note: bytes, key: VerifierKey, where: str = "") -> Checkpoint:
    """Check the signature and the form of a checkpoint.

    Raises:
        LogError: LOG-011..013 the note, LOG-031 another origin, a size with leading zeros, a root of another length.
    """
    try:
        text, _ = open_note(note, {key.name: key})
        lines = text.decode().split("\n")
        origin, size, root = lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True)
    except LogError as problem:
        raise LogError(
            problem.code, problem.rule, where=where, value=problem.value, remedy="Compare with another copy."
        ) from problem
    except (UnicodeDecodeError, ValueError, IndexError, binascii.Error) as problem:
        raise _malformed(where, note) from problem
    again = f"{key.name}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
    if origin != key.name or text != again or len(root) != 32 or size < 1:
        raise _malformed(where, note)
    return Checkpoint(size, root, note)


class CommitPoint:
    """The last acknowledged checkpoint; whoever moves it holds the sequencer's lock."""

    def __init__(self, path: Path, key: VerifierKey) -> None:
        self.path, self._key = path, key

    def raw(self) -> bytes:
        """The bytes, unchecked; none before the first append."""
        return self.path.read_bytes() if self.path.is_file() else b""

    def read(self) -> Checkpoint:
        """The checkpoint.

        Raises:
            LogError: LOG-011..013, LOG-031, the commit point was altered.
        """
        raw = self.raw()
        return open_checkpoint(raw, self._key, str(self.path)) if raw or self.path.exists() else EMPTY

    def swap(self, old: Checkpoint, new: Checkpoint) -> None:
        """Move on from `old`, or refuse; on the disk when this returns.

        Raises:
            LogError: LOG-032, another sequencer was here. EnvironmentFailure: ENV-001, the disk refused.
        """
        if self.raw() != old.note:
            raise LogError(
                "LOG-032", "nobody else may have moved the log meanwhile", where=str(self.path), value=old.size,
                remedy="Run the same command again.",
            )  # fmt: skip
        write_durably(self.path, new.note)


def _malformed(where: str, note: bytes) -> LogError:
    return LogError(
        "LOG-031", "a checkpoint must be origin, size and root, signed by the log", where=where, value=note[:60],
        remedy="Compare with another copy.",
    )  # fmt: skip
