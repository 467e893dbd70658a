"""A log as it is read: by the signed root, the tiles under it, and a table that finds entries.

In memory are the right edge of the tree and the last partial bundle; everything else is read when it is asked for, and
authenticated by the signed root.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from truceline.errors import LogError
from truceline.log.bundles import Notes
from truceline.log.chain import Chain
from truceline.log.checkpoints import EMPTY, Checkpoint, CommitPoint, read_checkpoint
from truceline.log.cosignatures import Cosignature, CosignerKey
from truceline.log.entries import NOTHING_SEEN, Entry, Seen, entry_id, unchecked
from truceline.log.files import unfinished
from truceline.log.index import Index
from truceline.log.levels import known_cosigners, merge, split
from truceline.log.locking import locked
from truceline.log.lookup import Lookup
from truceline.log.merkle import verify_consistency
from truceline.log.notes import VerifierKey
from truceline.log.origins import lock_of
from truceline.log.sources import DiskSource
from truceline.log.tiles import WIDTH
from truceline.log.tree import TileTree

CHAIN_EVERY = 4096  # entries after which keys and authors are kept again


class Reading:
    """What `folder` holds, up to one checkpoint."""

    def __init__(self, folder: Path, key: VerifierKey) -> None:
        self.folder, self.origin, self.key = folder, key.name, key
        self.commit_point = CommitPoint(folder / "state" / "commit", key)
        self.source = DiskSource(folder / "log")
        self._staging = folder / "state" / "staging"
        self._seen: tuple[bytes, Seen] | None = None
        self._gathered: tuple[int, list[Cosignature]] = (0, [])
        self._lookup = Lookup(self)
        self.notes = Notes(lambda: self.size, self.bundle)
        self._forget()

    def _forget(self) -> None:
        self._at = EMPTY
        self._tree = TileTree(self.source)
        self._tip: list[bytes] = []  # the last, partial bundle
        self._chain: Chain | None = None
        self.notes.forget()

    @property
    def size(self) -> int:
        return self._at.size

    @property
    def root(self) -> bytes:
        return self._tree.root()

    @property
    def tree(self) -> TileTree:
        """The tree over what this object holds."""
        return self._tree

    @property
    def at(self) -> Checkpoint:
        """The committed checkpoint that this object holds, as the log alone signed it."""
        return self._at

    @property
    def checkpoint(self) -> bytes:
        """The signed checkpoint over what this object holds."""
        return self._at.note

    @property
    def is_unfinished(self) -> bool:
        """Whether a crash left something to finish or to drop."""
        return self._staging.exists() or any(self._leftover())

    def committed(self) -> Checkpoint:
        """The checkpoint at the commit point; `EMPTY` before the first append.

        Raises:
            LogError: LOG-011..013, LOG-031, it was altered, or is not there though entries were published.
        """
        at = self.commit_point.read()
        published = self.folder / "log"
        if not at.size and (not published.is_dir() or any(published.iterdir())):
            raise LogError(
                "LOG-031", "a log with entries must have its commit point", where=str(self.commit_point.path),
                remedy="Keep this folder as it is, and fetch the file from another copy of the same size.",
            )  # fmt: skip
        return at

    def bundle(self, number: int) -> list[bytes]:
        """The notes of a bundle, authenticated. Raises LogError LOG-030, LOG-037, LOG-039."""
        if number == self.size // WIDTH:
            return list(self._tip)
        return self._tree.bundle(number)

    def entries(self, start: int = 0) -> Iterator[tuple[int, str, Entry]]:
        """Index, id and entry, without checking signatures again (`verify` does)."""
        for index in range(start, self.size):
            yield self.entry(index)

    def entry(self, index: int) -> tuple[int, str, Entry]:
        """Index, id and entry. Raises LogError LOG-030, LOG-037, LOG-039, IndexError."""
        note = self.notes[index]
        return index, entry_id(note), unchecked(self.origin, note)

    def of_kind(self, kind: str, start: int = 0) -> Iterator[tuple[int, str, Entry]]:
        """The entries of one kind, from index `start` on."""
        for index in self.index.of_kind(kind, start, self.size):
            made = self.entry(index)
            if made[2].kind == kind:
                yield made

    def newest_ms(self) -> int:
        """The newest time that an entry says, in milliseconds UTC."""
        return self.index.newest_ms

    def index_of(self, ident: str) -> int | None:
        """Where the entry of that id stands."""
        for index in self.index.find(ident):
            if index < self.size and entry_id(self.notes[index]) == ident:
                return index
        return None

    def prove_inclusion(self, index: int) -> list[bytes]:
        return self._tree.prove_inclusion(index)

    def prove_consistency(self, old_size: int) -> list[bytes]:
        return self._tree.prove_consistency(old_size)

    def prove_between(self, old_size: int, at: Checkpoint) -> list[bytes]:
        """The proof from a smaller size to a checkpoint that this object held, checked before it is given away.

        Raises:
            LogError: LOG-001, LOG-003, LOG-037, LOG-039.
        """
        proof = self._tree.prove_consistency(old_size, at.size)
        verify_consistency(old_size, at.size, proof, self._tree.root_at(old_size), at.root)
        return proof

    def cosigned_note(self) -> bytes:
        """The checkpoint with what cosignatures have come for it. Raises LogError LOG-038, LOG-051, LOG-052."""
        known = known_cosigners(self.folder)
        return merge(self._at.note, self._cosignatures(self._at, known), known)

    @property
    def index(self) -> Index:
        """The table of ids and kinds, which holds what this object holds."""
        return self._lookup.index()

    @contextmanager
    def steady(self) -> Iterator[int]:
        """How many entries are committed; nobody commits more meanwhile. Raises EnvironmentFailure, LogError as `committed`."""
        with locked(lock_of(self.folder), shared=True):
            yield self.committed().size

    @property
    def chain(self) -> Chain:
        """Keys and authors after what this object holds."""
        if self._chain is None:
            chain = self._kept_chain() if self.size else None
            if chain is None:
                chain = Chain(self.key, self.root_at)
            behind = self.size - chain.size
            for index in range(chain.size, self.size):
                chain.follow(self.notes[index])
            self._chain = chain
            if behind >= CHAIN_EVERY:
                self._lookup.keep_chain(self.size, chain.dump())
        return self._chain

    def _kept_chain(self) -> Chain | None:
        try:
            kept = self._lookup.chain()
            chain = Chain.load(self.key, self.root_at, kept) if kept else None
        except (ValueError, KeyError, TypeError, LogError):
            return None
        return chain if chain is not None and chain.size <= self.size else None

    def root_at(self, size: int) -> bytes:
        """The root over the first `size` entries; nothing where there are not so many."""
        return self._tree.root_at(size) if size <= self.size else b""

    def seen(self) -> Seen:
        """What an author who holds this log may say to have seen: the newest receipt, else its genesis.

        Raises:
            LogError: LOG-011..013, LOG-031, the receipt was altered.
        """
        if not self.size:
            return NOTHING_SEEN
        path = self.folder / "state" / "receipt"
        note = path.read_bytes() if path.is_file() else b""
        if self._seen is None or self._seen[0] != note:
            at = (
                read_checkpoint(note, self.key, str(path))[0]
                if note
                else Checkpoint(1, self._tree.leaf(0), b"")
            )
            self._seen = note, Seen(at.size, at.root.hex())
        return self._seen[1]

    def next_of(self, author: str) -> tuple[int, str]:
        """`seq` and `prev` of an author's next entry."""
        return self.chain.next_of(author)

    def _cosignatures(self, at: Checkpoint, known: Sequence[CosignerKey]) -> list[Cosignature]:
        """What has come so far for a checkpoint."""
        if self._gathered[0] == at.size:
            return self._gathered[1]
        try:
            published, made = split(self.source.checkpoint(), self.key, known, "log/checkpoint")
        except LogError:
            return []  # they are asked for again
        return made if published.size == at.size and published.root == at.root else []

    def _leftover(self) -> Iterator[Path]:
        yield from unfinished(self.folder / "state")
        if (self.folder / "log" / ".checkpoint.new").is_file():
            yield self.folder / "log" / ".checkpoint.new"
        if self._staging.exists():  # tiles are written only while something is staged
            yield from unfinished(self.folder / "log")

    def _load(self, at: Checkpoint) -> None:
        if at.size < self.size or (at.size == self.size and at.root != self._at.root):
            raise self._shrunk(at)
        tree = TileTree.load(self.source, at.size, at.root)
        if self.size and tree.root_at(self.size) != self._at.root:
            raise self._shrunk(at)
        self._tip = tree.bundle(at.size // WIDTH) if at.size % WIDTH else []
        self._tree, self._at, self._chain = tree, at, None

    def _shrunk(self, at: Checkpoint) -> LogError:
        return LogError(
            "LOG-043", "the log may only grow", where=str(self.folder), value=at.size,
            remedy="An older copy was put in its place: keep this folder as it is, and compare with another copy.",
        )  # fmt: skip
