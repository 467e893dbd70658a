"""Entries on their way: written before the commit point moves, so that publishing can be finished after a crash.

Bytes: SHA-256 of the rest (32), index of the first entry (8, big-endian), then an entry bundle.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from pathlib import Path

from truceline.errors import LogError
from truceline.log.files import write_durably
from truceline.log.tiles import join_bundle, split_bundle


def stage(path: Path, first: int, notes: Sequence[bytes]) -> None:
    """Write notes that begin at index `first`. Raises EnvironmentFailure ENV-001."""
    body = struct.pack(">Q", first) + join_bundle(notes)
    write_durably(path, hashlib.sha256(body).digest() + body)


def staged(path: Path) -> tuple[int, list[bytes]] | None:
    """First index and notes; None where nothing is staged.

    Raises:
        LogError: LOG-042, the bytes are not what was staged.
    """
    if not path.exists():
        return None
    raw = path.read_bytes()
    if len(raw) < 40 or hashlib.sha256(raw[32:]).digest() != raw[:32]:
        raise unfit(path)
    (first,) = struct.unpack_from(">Q", raw, 32)
    return int(first), split_bundle(raw[40:])


def unfit(path: Path) -> LogError:
    """What is staged is not what the commit point acknowledged."""
    return LogError(
        "LOG-042", "what is staged must be whole and fit the commit point", where=str(path),
        remedy="The file was altered: keep this folder as it is, and compare with another copy.",
    )  # fmt: skip
