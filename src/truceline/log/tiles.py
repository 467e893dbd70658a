"""The published layout (C2SP tlog-tiles): hash tiles and entry bundles of 256, as bytes by path."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from truceline.errors import LogError

WIDTH = 256


def _number(n: int) -> str:
    parts = [f"{n % 1000:03d}"]
    while n := n // 1000:
        parts.append(f"x{n % 1000:03d}")
    return "/".join(reversed(parts))


def path_of(level: str, n: int, width: int) -> str:
    """Where tile or bundle `n` of a level stands when it holds `width` hashes or entries."""
    return f"tile/{level}/{_number(n)}" + (f".p/{width}" if width < WIDTH else "")


def join_bundle(notes: Sequence[bytes]) -> bytes:
    """An entry bundle: each note behind its length (2 bytes, big-endian)."""
    return b"".join(struct.pack(">H", len(note)) + note for note in notes)


def split_bundle(raw: bytes) -> list[bytes]:
    """The notes of an entry bundle.

    Raises:
        LogError: LOG-030, cut short.
    """
    notes, at = [], 0
    while at < len(raw):
        if at + 2 > len(raw):
            raise LogError(
                "LOG-030",
                "a bundle must hold whole entries",
                value=len(raw),
                remedy="Fetch the file again, from another copy.",
            )
        (length,) = struct.unpack_from(">H", raw, at)
        if at + 2 + length > len(raw):
            raise LogError(
                "LOG-030",
                "a bundle must hold whole entries",
                value=len(raw),
                remedy="Fetch the file again, from another copy.",
            )
        notes.append(raw[at + 2 : at + 2 + length])
        at += 2 + length
    return notes
