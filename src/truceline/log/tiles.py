"""The published layout (C2SP tlog-tiles): hash tiles and entry bundles of 256, as bytes by path."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from truceline.errors import LogError
from truceline.log.merkle import leaf_hash, node_hash

WIDTH = 256


def _number(n: int) -> str:
    parts = [f"{n % 1000:03d}"]
    while n := n // 1000:
        parts.append(f"x{n % 1000:03d}")
    return "/".join(reversed(parts))


def path_of(level: str, n: int, width: int) -> str:
    """Where tile or bundle `n` of a level stands when it holds `width` hashes or entries."""
    return f"tile/{level}/{_number(n)}" + (f".p/{width}" if width < WIDTH else "")


def publish(notes: Sequence[bytes], start: int = 0) -> dict[str, bytes]:
    """Path -> bytes of every tile and bundle of the tree that a tree of `start` entries did not have."""
    files: dict[str, bytes] = {}
    for first in range(start // WIDTH * WIDTH, len(notes), WIDTH):
        bundle = notes[first : first + WIDTH]
        files[path_of("entries", first // WIDTH, len(bundle))] = join_bundle(bundle)
    hashes, level = [leaf_hash(note) for note in notes], 0
    while hashes:
        for first in range(start // WIDTH * WIDTH, len(hashes), WIDTH):
            tile = hashes[first : first + WIDTH]
            files[path_of(str(level), first // WIDTH, len(tile))] = b"".join(tile)
        full = len(hashes) // WIDTH
        hashes = [_tile_root(hashes[n * WIDTH : (n + 1) * WIDTH]) for n in range(full)]
        start, level = start // WIDTH, level + 1
    return files


def _tile_root(tile: list[bytes]) -> bytes:
    while len(tile) > 1:
        tile = [node_hash(tile[i], tile[i + 1]) for i in range(0, len(tile), 2)]
    return tile[0]


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
            raise LogError("LOG-030", "a bundle must hold whole entries", value=len(raw))
        (length,) = struct.unpack_from(">H", raw, at)
        if at + 2 + length > len(raw):
            raise LogError("LOG-030", "a bundle must hold whole entries", value=len(raw))
        notes.append(raw[at + 2 : at + 2 + length])
        at += 2 + length
    return notes
