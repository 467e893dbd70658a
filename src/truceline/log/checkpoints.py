"""Checkpoints (C2SP tlog-checkpoint, no extension lines) and the commit point, a file that holds one.

The commit point is `state/commit`: the signed checkpoint of the last acknowledged state, replaced atomically under the
sequencer's lock. It is one signed note and nothing else, so that each of its bytes is vouched for.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path

from truceline.errors import LogError
from truceline.log.files import write_durably
from truceline.log.notes import SignatureLine, SigningKey, VerifierKey, open_note, split_note


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Size and root of a log, and the note that says so; nothing at all for a log without entries."""

    size: int
    root: bytes
    note: bytes


_SIZE = re.compile(rb"[1-9][0-9]{0,18}")
EMPTY = Checkpoint(0, b"", b"")


def sign_checkpoint(key: SigningKey, size: int, root: bytes) -> Checkpoint:
    """The checkpoint of a log whose key bears its origin as a name."""
    text = f"{key.name}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
    return Checkpoint(size, root, key.sign(text))


def open_checkpoint(note: bytes, key: VerifierKey, where: str = "") -> Checkpoint:
    """Check a checkpoint that bears the log's signature and nothing else.

    Raises:
        LogError: LOG-011..013 the note, LOG-031 another origin, a size with leading zeros, a root of another length.
    """
    try:
        text, _ = open_note(note, {key.name: key})
    except LogError as problem:
        raise LogError(
            problem.code, problem.rule, where=where, value=problem.value, remedy="Compare with another copy."
        ) from problem
    size, root = _read(text, key, where)
    return Checkpoint(size, root, note)


def read_checkpoint(
    note: bytes, key: VerifierKey, where: str = ""
) -> tuple[Checkpoint, bytes, tuple[SignatureLine, ...]]:
    """Check the log's signature of a checkpoint that others may have cosigned.

    Returns:
        the checkpoint, its text, and all its signature lines; those of others are unchecked.
    Raises:
        LogError: LOG-011 the note, LOG-012 the log did not sign it, LOG-013, LOG-031.
    """
    text, lines = split_note(note)
    own = [line for line in lines if (line.name, line.key_id) == (key.name, key.id)]
    size, root = _read(text, key, where)
    if not own:
        raise LogError(
            "LOG-012", "a checkpoint must be signed by its log", where=where, value=key.name,
            remedy="Compare with another copy.",
        )  # fmt: skip
    if not all(key.verify(text, line.signature) for line in own):
        raise LogError(
            "LOG-013", f"the signature of {key.name} must fit the text", where=where,
            remedy="Compare with another copy.",
        )  # fmt: skip
    return Checkpoint(size, root, note), text, lines


def _read(text: bytes, key: VerifierKey, where: str) -> tuple[int, bytes]:
    parts = text.split(b"\n")
    if len(parts) != 4 or parts[3] or parts[0] != key.name.encode() or not _SIZE.fullmatch(parts[1]):
        raise _malformed(where, text)
    try:
        root = base64.b64decode(parts[2], validate=True)
    except ValueError as problem:
        raise _malformed(where, text) from problem
    if len(root) != 32 or base64.b64encode(root) != parts[2]:
        raise _malformed(where, text)
    return int(parts[1]), root


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
