"""Commit now, disclose later: one 32-byte commitment a record.

    sealed leaf    SHA-256(0x00 || salt_s || sealed bytes)
    disclosed leaf SHA-256(0x00 || salt_d || disclosed bytes)
    commitment     SHA-256(0x01 || sealed leaf || disclosed leaf)

So the disclosed form can be shown with its salt and the other leaf, and the sealed one stays closed. Salts are 32 random
bytes: without them a small grid of coordinates could be guessed. A dummy is a record that says so.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

DUMMY: Final = b'{"dummy":true}'
SMALLEST_BUCKET: Final = 2048


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """The two forms of one record, as bytes."""

    sealed: bytes
    disclosed: bytes = b""


@dataclass(frozen=True, slots=True)
class Opened:
    """One record of an opened batch, with what is needed to show its disclosed form."""

    commitment: str
    record: SealedRecord
    sealed_leaf: bytes
    disclosed_salt: bytes
    is_shredded: bool = False

    @property
    def is_dummy(self) -> bool:
        return self.record.sealed == DUMMY


def leaf(salt: bytes, content: bytes) -> bytes:
    """SHA-256(0x00 || salt || content)."""
    return hashlib.sha256(b"\x00" + salt + content).digest()


def commitment_of(sealed_leaf: bytes, disclosed_leaf: bytes) -> str:
    """Hex SHA-256(0x01 || sealed leaf || disclosed leaf)."""
    return hashlib.sha256(b"\x01" + sealed_leaf + disclosed_leaf).hexdigest()


def padded(content: bytes) -> bytes:
    """Length, content and zeros up to a bucket (powers of two from 2 KiB), so that size says little."""
    whole = len(content).to_bytes(4, "big") + content
    bucket = max(SMALLEST_BUCKET, 1 << (len(whole) - 1).bit_length())
    return whole.ljust(bucket, b"\x00")


def unpadded(content: bytes) -> bytes:
    """The inverse of `padded`."""
    return content[4 : 4 + int.from_bytes(content[:4], "big")]
