"""Subtrees of a tree, and proofs that they belong to it (draft-ietf-plants-merkle-tree-certs-02, Subtree Consistency Proofs).

A subtree is the root over entries [start, end) where `start` is a multiple of the smallest power of two that is not below
`end - start`. With start 0 its proof is the consistency proof of RFC 6962; with one entry, the inclusion proof.
"""

from __future__ import annotations

from collections.abc import Sequence

from truceline.errors import LogError
from truceline.log.merkle import node_hash
from truceline.log.proofs import MAX_HASHES
from truceline.log.tree import TileTree


def is_subtree(start: int, end: int) -> bool:
    """Whether [start, end) is one."""
    return 0 <= start < end and start % (1 << (end - start - 1).bit_length()) == 0


def prove_subtree(tree: TileTree, start: int, end: int, size: int) -> list[bytes]:
    """The proof that [start, end) is a subtree of the tree's first `size` entries.

    Raises:
        LogError: LOG-001, it is none; LOG-037, LOG-039.
    """
    if not is_subtree(start, end) or not end <= size <= tree.size:
        raise LogError(
            "LOG-001", "a subtree must be aligned and inside the tree", value=(start, end, size),
            remedy="Ask for what lies inside the published size.",
        )  # fmt: skip
    path: list[bytes] = []
    low, high, whole = 0, size, True
    while (low, high) != (start, end):
        middle = low + (1 << ((high - low - 1).bit_length() - 1))
        if end <= middle:
            path.append(tree.range_root(middle, high))
            high = middle
        elif start >= middle:
            path.append(tree.range_root(low, middle))
            low = middle
        else:  # it begins with `low` and reaches into the right half: only that half's part remains to be shown
            path.append(tree.range_root(low, middle))
            low = start = middle
            whole = False
    if not whole:
        path.append(tree.range_root(low, high))
    return path[::-1]


def verify_subtree(
    start: int, end: int, size: int, proof: Sequence[bytes], subtree: bytes, root: bytes
) -> None:
    """Raise LogError LOG-147 unless [start, end) with root `subtree` is a subtree of `size` entries with `root`."""
    wrong = LogError(
        "LOG-147", "a subtree proof must connect the entries with the checkpoint", value=(start, end, size),
        remedy="Upload the entries again, with proofs from the log's own tiles.",
    )  # fmt: skip
    if not is_subtree(start, end) or end > size or len(proof) > MAX_HASHES:
        raise wrong
    if any(len(node) != 32 for node in (subtree, root, *proof)):
        raise wrong
    first, last, edge = start, end - 1, size - 1
    while first != last and (last == edge or last & 1):
        first, last, edge = first >> 1, last >> 1, edge >> 1
    rest = list(proof)
    if first != last and not rest:
        raise wrong
    old = new = subtree if first == last else rest.pop(0)
    for node in rest:
        if not edge:
            raise wrong
        if last & 1 or last == edge:
            if first < last:
                old = node_hash(node, old)
            new = node_hash(node, new)
            while not last & 1:
                first, last, edge = first >> 1, last >> 1, edge >> 1
        else:
            new = node_hash(new, node)
        first, last, edge = first >> 1, last >> 1, edge >> 1
    if edge or old != subtree or new != root:
        raise wrong
