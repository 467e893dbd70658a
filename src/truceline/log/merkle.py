"""RFC 6962 hashing: roots, inclusion and consistency proofs (section 2.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from truceline.errors import LogError


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class CompactRange:
    """The roots of the full subtrees of a growing tree: O(log n) memory."""

    def __init__(self) -> None:
        self.size = 0
        self._stack: list[bytes] = []

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Append leaf hashes in order."""
        for node in leaf_hashes:
            carried, count = node, self.size
            while count & 1:
                carried = node_hash(self._stack.pop(), carried)
                count >>= 1
            self._stack.append(carried)
            self.size += 1

    def root(self) -> bytes:
        """The root; of nothing, SHA-256 of nothing."""
        if not self._stack:
            return hashlib.sha256().digest()
        root = self._stack[-1]
        for left in reversed(self._stack[:-1]):
            root = node_hash(left, root)
        return root


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes."""
    tree = CompactRange()
    tree.extend(leaf_hashes)
    return tree.root()


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def prove_inclusion(leaf_hashes: Sequence[bytes], index: int) -> list[bytes]:
    """PATH(m, D[n]), leaf to root."""
    if not 0 <= index < len(leaf_hashes):
        raise LogError(
            "LOG-001",
            "a proof needs an index inside the tree",
            value=index,
            remedy="Ask for what lies inside the published size.",
        )
    if len(leaf_hashes) == 1:
        return []
    k = _split(len(leaf_hashes))
    if index < k:
        return [*prove_inclusion(leaf_hashes[:k], index), root_of(leaf_hashes[k:])]
    return [*prove_inclusion(leaf_hashes[k:], index - k), root_of(leaf_hashes[:k])]


def prove_consistency(leaf_hashes: Sequence[bytes], old_size: int) -> list[bytes]:
    """PROOF(m, D[n])."""
    if not 0 < old_size <= len(leaf_hashes):
        raise LogError(
            "LOG-001",
            "a consistency proof needs 0 < old size <= size",
            value=old_size,
            remedy="Ask for what lies inside the published size.",
        )
    return _subproof(leaf_hashes, old_size, True)


def _subproof(leaves: Sequence[bytes], m: int, whole: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [root_of(leaves)]
    k = _split(len(leaves))
    if m <= k:
        return [*_subproof(leaves[:k], m, whole), root_of(leaves[k:])]
    return [*_subproof(leaves[k:], m - k, False), root_of(leaves[:k])]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise LogError LOG-002 unless `proof` leads from the leaf hash to `root` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or any(len(node) != 32 for node in (leaf, root, *proof)):
        raise LogError(
            "LOG-002",
            "an inclusion proof must fit its tree",
            value=(index, size),
            remedy="Fetch the proof again, from another copy.",
        )
    fn, sn, seen = index, size - 1, leaf
    for node in proof:
        if sn == 0:
            raise LogError(
                "LOG-002",
                "an inclusion proof must not be longer than its path",
                remedy="Fetch the proof again, from another copy.",
            )
        if fn & 1 or fn == sn:
            seen = node_hash(node, seen)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            seen = node_hash(seen, node)
        fn, sn = fn >> 1, sn >> 1
    if sn or seen != root:
        raise LogError(
            "LOG-002",
            "an inclusion proof must lead to the root",
            remedy="Fetch the proof again, from another copy.",
        )


def verify_consistency(
    old_size: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes
) -> None:
    """Raise LogError LOG-003 unless the larger tree extends the smaller (RFC 9162, 2.1.4.2)."""
    wrong = LogError(
        "LOG-003",
        "a consistency proof must connect both roots",
        value=(old_size, size),
        remedy="Keep both checkpoints: together they show that the history was rewritten, or the proof is another's.",
    )
    if not 0 < old_size <= size:
        raise wrong
    if old_size == size:
        if proof or old_root != root:
            raise wrong
        return
    if any(len(node) != 32 for node in (old_root, root, *proof)):
        raise wrong
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise wrong
    fn, sn = old_size - 1, size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for node in path[1:]:
        if sn == 0:
            raise wrong
        if fn & 1 or fn == sn:
            fr, sr = node_hash(node, fr), node_hash(node, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, node)
        fn, sn = fn >> 1, sn >> 1
    if sn or fr != old_root or sr != root:
        raise wrong
