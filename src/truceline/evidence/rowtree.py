"""One root over the rows of a file, so that one row can be shown without its neighbours.

    leaf_i = SHA-256(0x00 || salt_i || row digest_i)       salt_i: 32 bytes of the AES-256-CTR stream of a secret

The tree is RFC 6962's, so a row's proof is checked like any entry's. 64 bytes a row while it is built.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from truceline.errors import EvidenceError
from truceline.records.digests import hash_rows

UInt8Array = npt.NDArray[np.uint8]


class RowTree:
    """Built by `extend`, in the order of the rows; `secret` is 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        self._stream = Cipher(algorithms.AES(secret), modes.CTR(bytes(16))).encryptor()
        self._parts: list[UInt8Array] = []
        self.size = 0

    def extend(self, row_digests: UInt8Array) -> None:
        """Add rows: uint8 (n, 32)."""
        rows = len(row_digests)
        leaves = np.zeros((rows, 65), np.uint8)
        leaves[:, 1:33] = np.frombuffer(self._stream.update(bytes(32 * rows)), np.uint8).reshape(-1, 32)
        leaves[:, 33:] = row_digests
        self._parts.append(hash_rows(leaves))
        self.size += rows

    def root(self) -> str:
        """Hex root; of no rows, SHA-256 of nothing."""
        if not self.size:
            return hashlib.sha256().hexdigest()
        level = np.concatenate(self._parts)
        while len(level) > 1:
            level = _parents(level)
        return level.tobytes().hex()

    def prove(self, row: int) -> list[str]:
        """Inclusion proof of a row, leaf to root, in hex.

        Raises:
            EvidenceError: EVI-020, no such row.
        """
        if not 0 <= row < self.size:
            raise EvidenceError("EVI-020", "a proof needs a row of the file", value=row)
        level, proof = np.concatenate(self._parts), []
        while len(level) > 1:
            beside = row ^ 1
            if beside < len(level):
                proof.append(level[beside].tobytes().hex())
            level, row = _parents(level), row // 2
        return proof


def _parents(level: UInt8Array) -> UInt8Array:
    """One level up; an odd last node moves up as it is, which is RFC 6962's split at a power of two."""
    pairs = len(level) // 2
    nodes = np.ones((pairs, 65), np.uint8)
    nodes[:, 1:33], nodes[:, 33:] = level[0 : 2 * pairs : 2], level[1 : 2 * pairs : 2]
    up = hash_rows(nodes)
    return np.concatenate([up, level[-1:]]) if len(level) % 2 else up
