"""The tree of a log, held by its right edge alone; everything left of it is read from tiles and authenticated.

What is in memory is at most 255 hashes a level, however large the log. A full tile is believed once its own root stands
in the tile above it, and so on up to the edge, which hashes to the signed root.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Protocol

from truceline.errors import LogError
from truceline.log.merkle import CompactRange, leaf_hash, node_hash
from truceline.log.tiles import WIDTH, join_bundle, path_of, split_bundle

_HELD_TILES = 32


class Source(Protocol):
    """Where published files come from: a folder, or a web server."""

    def checkpoint(self) -> bytes:
        """The published checkpoint. Raises LogError LOG-037, EnvironmentFailure."""

    def tile(self, level: str, number: int, width: int) -> bytes:
        """A tile or bundle that holds at least `width` hashes or entries. Raises LogError LOG-037, EnvironmentFailure."""


class Nowhere:
    """The source of a tree that nothing was published of."""

    def checkpoint(self) -> bytes:
        raise _absent("checkpoint")

    def tile(self, level: str, number: int, width: int) -> bytes:
        raise _absent(path_of(level, number, width))


class TileTree:
    """An append-only tree over published tiles."""

    def __init__(self, source: Source | None = None) -> None:
        self._source: Source = source or Nowhere()
        self._edge: list[list[bytes]] = [[]]
        self._held: OrderedDict[tuple[int, int], list[bytes]] = OrderedDict()
        self.size = 0

    @classmethod
    def load(cls, source: Source, size: int, root: bytes) -> TileTree:
        """The tree of a signed root.

        Raises:
            LogError: LOG-037 a tile is missing or short, LOG-039 the tiles do not hash to the root.
        """
        made = cls.edge_at(source, size)
        if size and made.root() != root:
            raise LogError(
                "LOG-039", "the entries must hash to the signed root", where=f"size {size}",
                remedy="The log was altered: `truceline log verify` names the place.",
            )  # fmt: skip
        return made

    @classmethod
    def edge_at(cls, source: Source, size: int) -> TileTree:
        """The tree of so many entries, its root unchecked. Raises LogError LOG-037."""
        made = cls(source)
        made.size, made._edge, level = size, [], 0
        while size >> (8 * level):
            width, number = (size >> (8 * level)) & 255, size >> (8 * (level + 1))
            made._edge.append(made._read(level, number, width)[:width] if width else [])
            level += 1
        made._edge = made._edge or [[]]
        return made

    def copy(self) -> TileTree:
        """The same tree, to try what comes next."""
        made = TileTree(self._source)
        made.size, made._edge = self.size, [list(level) for level in self._edge]
        return made

    def extend(self, leaf_hashes: Iterable[bytes]) -> dict[str, bytes]:
        """Append leaf hashes; path -> bytes of the tiles that came or grew."""
        files: dict[str, bytes] = {}
        grown = 0
        for leaf in leaf_hashes:
            grown = max(grown, self._push(leaf, files))
        for level in range(grown):
            if self._edge[level]:
                number = self.size >> (8 * (level + 1))
                files[path_of(str(level), number, len(self._edge[level]))] = b"".join(self._edge[level])
        return files

    def push(self, leaf: bytes) -> dict[str, bytes]:
        """Append one leaf hash; path -> bytes of the tiles that it filled."""
        files: dict[str, bytes] = {}
        self._push(leaf, files)
        return files

    def _push(self, leaf: bytes, files: dict[str, bytes]) -> int:
        level, node = 0, leaf
        self.size += 1
        while True:
            if level == len(self._edge):
                self._edge.append([])
            self._edge[level].append(node)
            if len(self._edge[level]) < WIDTH:
                return level + 1
            full = self._edge[level]
            files[path_of(str(level), (self.size >> (8 * (level + 1))) - 1, WIDTH)] = b"".join(full)
            node, self._edge[level] = tile_root(full), []
            level += 1

    def edge_files(self) -> dict[str, bytes]:
        """Path -> bytes of the partial tiles of this size."""
        return {
            path_of(str(level), self.size >> (8 * (level + 1)), len(hashes)): b"".join(hashes)
            for level, hashes in enumerate(self._edge)
            if hashes
        }

    def root(self) -> bytes:
        """The root; of nothing, SHA-256 of nothing."""
        nodes: list[bytes] = []
        for hashes in reversed(self._edge):
            first = 0
            for bit in (128, 64, 32, 16, 8, 4, 2, 1):
                if len(hashes) & bit:
                    nodes.append(tile_root(hashes[first : first + bit]))
                    first += bit
        if not nodes:
            return CompactRange().root()
        root = nodes.pop()
        while nodes:
            root = node_hash(nodes.pop(), root)
        return root

    def root_at(self, size: int) -> bytes:
        """The root over the first `size` entries. Raises LogError LOG-001, LOG-037, LOG-039."""
        if not 0 <= size <= self.size:
            raise LogError(
                "LOG-001",
                "a root needs a size inside the tree",
                value=size,
                remedy="Ask for what lies inside the published size.",
            )
        if size == self.size:
            return self.root()
        return self.range_root(0, size) if size else CompactRange().root()

    def leaf(self, index: int) -> bytes:
        """The leaf hash of an entry, as the tree has it. Raises LogError LOG-001, LOG-037, LOG-039."""
        if not 0 <= index < self.size:
            raise LogError(
                "LOG-001",
                "a leaf needs an index inside the tree",
                value=index,
                remedy="Ask for what lies inside the published size.",
            )
        return self.node(0, index)

    def node(self, height: int, number: int) -> bytes:
        """The root of a full subtree of 2^height entries, the `number`th of them. Raises LogError LOG-037, LOG-039."""
        level, rest = divmod(height, 8)
        first = number << rest
        hashes = self._hashes(level, first // WIDTH)
        at = first % WIDTH
        return tile_root(hashes[at : at + (1 << rest)])

    def prove_inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """PATH(m, D[n]), leaf to root. Raises LogError LOG-001, LOG-037, LOG-039."""
        size = self.size if size is None else size
        if not 0 <= index < size <= self.size:
            raise LogError(
                "LOG-001",
                "a proof needs an index inside the tree",
                value=index,
                remedy="Ask for what lies inside the published size.",
            )
        path: list[bytes] = []
        start, end = 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self.range_root(middle, end))
                end = middle
            else:
                path.append(self.range_root(start, middle))
                start = middle
        return path[::-1]

    def prove_consistency(self, old_size: int, size: int | None = None) -> list[bytes]:
        """PROOF(m, D[n]). Raises LogError LOG-001, LOG-037, LOG-039."""
        size = self.size if size is None else size
        if not 0 < old_size <= size <= self.size:
            raise LogError(
                "LOG-001",
                "a consistency proof needs 0 < old size <= size",
                value=old_size,
                remedy="Ask for what lies inside the published size.",
            )
        path: list[bytes] = []
        start, end, whole = 0, size, True
        while old_size != end:
            middle = start + _split(end - start)
            if old_size <= middle:
                path.append(self.range_root(middle, end))
                end = middle
            else:
                path.append(self.range_root(start, middle))
                start, whole = middle, False
        if not whole:
            path.append(self.range_root(start, end))
        return path[::-1]

    def bundle(self, number: int) -> list[bytes]:
        """The notes of an entry bundle, as far as the tree has them; each is the one that the root covers.

        Raises:
            LogError: LOG-001, LOG-030, LOG-037, LOG-039.
        """
        width = min(WIDTH, self.size - number * WIDTH)
        if width < 1:
            raise LogError(
                "LOG-001",
                "a bundle needs an index inside the tree",
                value=number,
                remedy="Ask for what lies inside the published size.",
            )
        where = path_of("entries", number, width)
        try:
            notes = split_bundle(self._source.tile("entries", number, width))
        except LogError as problem:
            raise LogError(
                problem.code, problem.rule, where=problem.where or where, value=problem.value,
                remedy="Fetch the file from another copy.",
            ) from problem  # fmt: skip
        if len(notes) < width:
            raise _absent(where)
        del notes[width:]
        if list(map(leaf_hash, notes)) != self._hashes(0, number)[:width]:
            raise _altered(where)
        return notes

    def range_root(self, start: int, end: int) -> bytes:
        """The root over the entries [start, end), where `start` is a multiple of the smallest power of two that is not below its length.

        Raises:
            LogError: LOG-037, LOG-039.
        """
        nodes: list[bytes] = []
        while start < end:
            height = (end - start).bit_length() - 1
            nodes.append(self.node(height, start >> height))
            start += 1 << height
        root = nodes.pop()
        while nodes:
            root = node_hash(nodes.pop(), root)
        return root

    def _hashes(self, level: int, number: int) -> list[bytes]:
        """A tile that the root covers: the partial one at the edge, or a full one."""
        if level < len(self._edge) and number == self.size >> (8 * (level + 1)):
            return self._edge[level]
        held = self._held.get((level, number))
        if held is None:
            held = self._read(level, number, WIDTH)
            if tile_root(held) != self._hashes(level + 1, number // WIDTH)[number % WIDTH]:
                raise _altered(path_of(str(level), number, WIDTH))
            self._held[level, number] = held
            if len(self._held) > _HELD_TILES:
                self._held.popitem(last=False)
        else:
            self._held.move_to_end((level, number))
        return held

    def _read(self, level: int, number: int, width: int) -> list[bytes]:
        raw = self._source.tile(str(level), number, width)
        if len(raw) < 32 * width or len(raw) % 32 or len(raw) > 32 * WIDTH:
            raise _absent(path_of(str(level), number, width))
        return [raw[at : at + 32] for at in range(0, 32 * width, 32)]


def publish(notes: Sequence[bytes]) -> dict[str, bytes]:
    """Path -> bytes of every tile and bundle of a small log."""
    files = {
        path_of("entries", first // WIDTH, len(bundle)): join_bundle(bundle)
        for first in range(0, len(notes), WIDTH)
        for bundle in (notes[first : first + WIDTH],)
    }
    return files | TileTree().extend(map(leaf_hash, notes))


def tile_root(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes."""
    nodes = list(hashes)
    while len(nodes) > 1:
        nodes = [node_hash(nodes[at], nodes[at + 1]) for at in range(0, len(nodes), 2)]
    return nodes[0]


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def _absent(where: str) -> LogError:
    return LogError(
        "LOG-037", "every tile and bundle must be there and full", where=where,
        remedy="Fetch the file from another copy.",
    )  # fmt: skip


def _altered(where: str) -> LogError:
    return LogError(
        "LOG-039", "the entries must hash to the signed root", where=where,
        remedy="The log was altered: keep this copy as it is, and compare with another one.",
    )  # fmt: skip
