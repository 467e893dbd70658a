"""One root over the rows of a file, so that one row can be shown without its neighbours.

    leaf_i = SHA-256(0x00 || salt_i || row digest_i)       salt_i: 32 bytes of the AES-256-CTR stream of a secret

The tree is RFC 6962's, so a row's proof is checked like any entry's.
"""

from __future__ import annotations

import hashlib
import itertools

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from truceline.errors import EvidenceError
from truceline.records.digests import hash_rows

UInt8Array = npt.NDArray[np.uint8]


class RowTree:
    """Built by `extend`, in the order of the rows; holds one node a level, whatever the number of rows."""

    def __init__(self, secret: bytes, *, proving: bool = False) -> None:
        """`secret`: 32 bytes; `proving` keeps the leaves, 32 bytes a row, so that `prove` can be asked."""
        self._stream = Cipher(algorithms.AES(secret), modes.CTR(bytes(16))).encryptor()
        self._waiting: list[UInt8Array] = []  # level by level, the node that has no right neighbour yet
        self._leaves: list[UInt8Array] | None = [] if proving else None
        self.size = 0

    def extend(self, row_digests: UInt8Array) -> None:
        """Add rows: uint8 (n, 32)."""
        rows = len(row_digests)
        salted = np.zeros((rows, 65), np.uint8)
        salted[:, 1:33] = np.frombuffer(self._stream.update(bytes(32 * rows)), np.uint8).reshape(-1, 32)
        salted[:, 33:] = row_digests
        nodes = hash_rows(salted)
        if self._leaves is not None:
            self._leaves.append(nodes)
        self.size += rows
        for level in itertools.count():
            if not len(nodes):
                return
            if level == len(self._waiting):
                self._waiting.append(np.zeros((0, 32), np.uint8))
            nodes = np.concatenate([self._waiting[level], nodes])
            paired = len(nodes) - len(nodes) % 2
            self._waiting[level] = nodes[paired:].copy()
            nodes = _parents(nodes[:paired])

    def root(self) -> str:
        """Hex root; of no rows, SHA-256 of nothing."""
        right: UInt8Array | None = None
        for node in self._waiting:
            if len(node):
                right = node if right is None else _parents(np.concatenate([node, right]))
        return hashlib.sha256().hexdigest() if right is None else right.tobytes().hex()

    def prove(self, row: int) -> list[str]:
        """Inclusion proof of a row, leaf to root, in hex; of a tree made with `proving`.

        Raises:
            EvidenceError: EVI-020, no such row.
        """
        if self._leaves is None or not 0 <= row < self.size:
            raise EvidenceError(
                "EVI-020",
                "a proof needs a row of the file",
                value=row,
                remedy="Give the number of a row of that file, from 0.",
            )
        level, proof = np.concatenate(self._leaves), []
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
