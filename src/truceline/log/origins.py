"""Which log a folder holds: its origin and key, which every copy pins; the same file is the lock of whoever writes."""

from __future__ import annotations

from pathlib import Path

from truceline.errors import LogError
from truceline.log.notes import VerifierKey


def lock_of(folder: Path) -> Path:
    """The file that whoever reads or writes a log locks."""
    return folder / "state" / "origin"


def origin_file(key: VerifierKey) -> bytes:
    """The bytes of `state/origin`: the origin, and the log's key."""
    return f"{key.name}\n{key}\n".encode()


def read_origin(folder: Path) -> VerifierKey:
    """The log's key, whose name is the origin, that this copy pins.

    Raises:
        LogError: LOG-036, there is no log here, or its origin was altered.
    """
    path = folder / "state" / "origin"
    try:
        raw = path.read_bytes()
        key = VerifierKey.parse(raw.decode().split("\n")[1])
    except (OSError, ValueError, IndexError, LogError) as problem:
        raise _no_origin(path) from problem
    if raw != origin_file(key):
        raise _no_origin(path)
    return key


def _no_origin(path: Path) -> LogError:
    return LogError(
        "LOG-036", "the folder must hold a log, with its origin and key", where=str(path),
        remedy="Check the path; if this is the mission, the file was altered or lost: compare with another copy.",
    )  # fmt: skip
