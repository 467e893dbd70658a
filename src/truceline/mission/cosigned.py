"""Checkpoints that somebody cosigned, kept beside the log: `cosigned/<size>`, one a size, with every line that came."""

from __future__ import annotations

from pathlib import Path

from truceline.errors import LogError
from truceline.log.checkpoints import Checkpoint, read_checkpoint
from truceline.log.files import write_durably
from truceline.log.notes import VerifierKey
from truceline.log.refilling import bare_note

FOLDER = "cosigned"


def keep(root: Path, key: VerifierKey, checkpoint: Checkpoint, line: bytes) -> Path:
    """Add a checked cosignature to what is kept; where.

    Raises:
        LogError: LOG-137, another root of that size was cosigned: two histories. EnvironmentFailure: ENV-001.
    """
    path = root / FOLDER / f"{checkpoint.size:019d}"
    note = path.read_bytes() if path.exists() else bare_note(checkpoint.note, key.name)
    if read_checkpoint(note, key, str(path))[0].root != checkpoint.root:
        raise LogError(
            "LOG-137", "two cosigned checkpoints of one size must have one root", where=str(path), value=checkpoint.size,
            remedy="The log showed two histories. Keep both notes: they prove it to everybody.",
        )  # fmt: skip
    if line not in note.splitlines(keepends=True):
        write_durably(path, note + line)
    return path
