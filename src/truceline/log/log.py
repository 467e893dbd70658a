"""The log on disk: one sequencer, the order of durability, and reading back.

0 blobs and payloads are the caller's. 1 staging is written and synced. 2 it is read back, the root recomputed, signed.
3 the commit point is replaced: the entries are recorded. 4 tiles, then the checkpoint file; then staging can go.
Whatever opens the log first after a crash finishes step 4, or drops what never came to step 3.

In memory are the right edge of the tree and the last partial bundle; everything else is read when it is asked for, and
authenticated by the signed root.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, overload

from truceline.errors import EnvironmentFailure, LogError
from truceline.log import staging
from truceline.log.chain import Chain
from truceline.log.checkpoints import EMPTY, Checkpoint, CommitPoint, read_checkpoint, sign_checkpoint
from truceline.log.cosignatures import Cosignature, CosignerKey
from truceline.log.entries import NOTHING_SEEN, Entry, Seen, entry_id, sign_entry, unchecked
from truceline.log.files import sync_folder, unfinished, write_all_durably, write_durably
from truceline.log.index import Index
from truceline.log.levels import keep_levels, known_cosigners, merge, split
from truceline.log.locking import locked
from truceline.log.merkle import leaf_hash, verify_consistency
from truceline.log.notes import SigningKey, VerifierKey
from truceline.log.sources import DiskSource
from truceline.log.tiles import WIDTH, join_bundle, path_of
from truceline.log.tree import TileTree

_CHAIN_EVERY = 4096  # entries after which keys and authors are kept again
_CATCH_UP = 4096


class Notes(Sequence[bytes]):
    """The notes of a log, read and authenticated when asked for."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._held: OrderedDict[int, list[bytes]] = OrderedDict()

    def __len__(self) -> int:
        return self._log.size

    @overload
    def __getitem__(self, at: int) -> bytes: ...
    @overload
    def __getitem__(self, at: slice) -> list[bytes]: ...
    def __getitem__(self, at: int | slice) -> bytes | list[bytes]:
        """Raises LogError LOG-030, LOG-037, LOG-039."""
        if isinstance(at, slice):
            return [self[index] for index in range(*at.indices(len(self)))]
        index = range(len(self))[at]
        return self._bundle(index // WIDTH)[index % WIDTH]

    def _bundle(self, number: int) -> list[bytes]:
        wanted = min(WIDTH, len(self) - number * WIDTH)
        held = self._held.get(number)
        if held is None or len(held) < wanted:
            held = self._held[number] = self._log.bundle(number)
            if len(self._held) > 4:
                self._held.popitem(last=False)
        self._held.move_to_end(number)
        return held

    def forget(self) -> None:
        self._held.clear()


class Log:
    """An append-only log in `folder`; use `create` or `open`."""

    def __init__(self, folder: Path, key: VerifierKey, signer: SigningKey | None) -> None:
        self.folder, self.origin, self.key, self._signer = folder, key.name, key, signer
        self.commit_point = CommitPoint(folder / "state" / "commit", key)
        self._staging = folder / "state" / "staging"
        self.source = DiskSource(folder / "log")
        self._seen: tuple[bytes, Seen] | None = None
        self._gathered: tuple[int, list[Cosignature]] = (0, [])
        self._held = 0
        self._open_index: Index | None = None
        self._indexed = 0  # entries that the index is known to hold
        self.notes = Notes(self)
        self._forget()

    def _forget(self) -> None:
        self._at = EMPTY
        self._tree = TileTree(self.source)
        self._tip: list[bytes] = []  # the last, partial bundle
        self._chain: Chain | None = None
        self.notes.forget()

    @classmethod
    def create(cls, folder: Path, key: SigningKey) -> Log:
        """A new, empty log; the name of its key is its origin.

        Raises:
            LogError: LOG-033, there is one. EnvironmentFailure: ENV-001.
        """
        if (folder / "log").exists():
            raise LogError(
                "LOG-033", "the folder must not hold a log yet", where=str(folder),
                remedy="Choose an empty folder.",
            )  # fmt: skip
        log = cls(folder, key.vkey, key)
        (folder / "log").mkdir(parents=True)
        write_durably(folder / "state" / "origin", origin_file(log.key))
        sync_folder(folder)
        return log

    @classmethod
    def open(cls, folder: Path, key: SigningKey | None = None) -> Log:
        """Open and, after a crash, finish what the commit point had acknowledged.

        Args:
            key: the log's own, needed to append.
        Raises:
            LogError: LOG-036 no log here; LOG-011..013, LOG-030, LOG-031, LOG-037..039, LOG-042 it was altered.
            EnvironmentFailure: ENV-001, ENV-003.
        """
        log = cls(folder, read_origin(folder), key)
        if log.is_unfinished:
            with log.writing():
                return log
        with locked(_lock(folder), shared=True):
            log._load(log.committed())
        return log

    # Reading

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
        return self._staging.exists() or any(self._unfinished())

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

    def refresh(self) -> None:
        """Hold what others appended meanwhile. Raises LogError and EnvironmentFailure as `open`."""
        if self._held:
            self._settle()
            return
        if self.is_unfinished:
            with self.writing():
                return
        with locked(_lock(self.folder), shared=True):
            at = self.committed()
            if at != self._at:
                self._load(at)

    @property
    def index(self) -> Index:
        """The table of ids and kinds, which holds what this object holds."""
        if self._open_index is None or self._indexed < self.size:
            try:
                self._catch_up()
            except sqlite3.DatabaseError:  # whatever is wrong with it, it can be made again
                self._discard_index()
                self._catch_up()
        assert self._open_index is not None
        self._indexed = max(self._indexed, self.size)
        return self._open_index

    def _catch_up(self) -> None:
        """Bring the index to the size of this object; under the lock, so that it is nobody's future."""
        if self._open_index is None:
            self._open_index = Index(self.folder / "views" / "log-index.sqlite")
        index = self._open_index
        with contextlib.nullcontext() if self._held else locked(_lock(self.folder), shared=True):
            newest = self._at.size if self._held else self.committed().size
            if index.size > newest or (
                0 < index.size <= self.size and self._tree.root_at(index.size) != index.root
            ):
                index.clear()
        while (first := index.size) < self.size:
            upto = min(self.size, first // WIDTH * WIDTH + _CATCH_UP)
            rows = [(entry_id(note), unchecked(self.origin, note)) for note in self.notes[first:upto]]
            index.add(first, rows, self._tree.root_at(upto))

    def _discard_index(self) -> None:
        if self._open_index is not None:
            self._open_index.close()
            self._open_index, self._indexed = None, 0
        for suffix in ("", "-wal", "-shm"):
            (self.folder / "views" / f"log-index.sqlite{suffix}").unlink(missing_ok=True)

    # Writing

    @property
    def can_append(self) -> bool:
        """Whether this object holds the log's key."""
        return self._signer is not None

    def unlock(self, key: SigningKey) -> None:
        """Take the log's key, so that `append` can sign."""
        self._signer = key

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only sequencer, and hold what the others appended; may be nested.

        Raises:
            EnvironmentFailure: ENV-001; ENV-003, another program is writing. LogError: as `open`.
        """
        if self._held:
            yield
            return
        with locked(_lock(self.folder)):
            self._settle()
            self._held += 1
            try:
                yield
            finally:
                self._held -= 1

    def append(
        self, notes: Sequence[bytes], *, fault: Callable[[str], None] = lambda step: None
    ) -> list[int]:
        """Append signed notes; durable when this returns. The same id keeps its index.

        `fault` is called with the name of each step, so that a test can end the process there.

        Raises:
            LogError: LOG-034 no key; LOG-032 others appended since these notes were signed; LOG-010..013, LOG-021,
                LOG-022, LOG-040 a note that `verify` would refuse; LOG-035. EnvironmentFailure: ENV-001, ENV-003.
        """
        known = self.size
        with self.writing():
            self._must_sign()
            if self.size != known:
                raise LogError(
                    "LOG-032", "nobody else may have moved the log meanwhile", where=str(self.folder),
                    value=known, remedy="Run the same command again.",
                )  # fmt: skip
            chain = self.chain.copy()
            indices: list[int] = []
            fresh: dict[str, bytes] = {}
            places: dict[str, int] = {}
            entries: list[tuple[str, Entry]] = []
            for note in notes:
                ident = entry_id(note)
                place = places.get(ident)
                if place is None and self.size:
                    place = self.index_of(ident)
                if place is not None:
                    chain.check(
                        note
                    )  # a known id answers with its index, but only to whoever has the signature
                else:
                    entries.append((ident, chain.admit(note)))
                    place = self.size + len(fresh)
                    fresh[ident] = note
                places[ident] = place
                indices.append(place)
            self.append_admitted(list(fresh.values()), entries, chain, fault=fault)
            return indices

    def append_admitted(
        self, notes: Sequence[bytes], entries: Sequence[tuple[str, Entry]], chain: Chain,
        *, fault: Callable[[str], None] = lambda step: None,
    ) -> None:  # fmt: skip
        """Append notes that a copy of this log's chain has just admitted; within `writing`.

        Args:
            entries: id and entry of each note.
            chain: the copy, after the last of them.
        Raises:
            LogError: LOG-034, LOG-035. EnvironmentFailure: ENV-001.
        """
        signer = self._must_sign()
        if not notes:
            return
        first, index = self.size, self.index
        self._sequence(list(notes), signer, fault)
        self._chain = chain
        due = first == 0 or self.size // _CHAIN_EVERY > first // _CHAIN_EVERY
        with contextlib.suppress(sqlite3.Error):  # it is made again when it is behind
            index.add(first, entries, self._tree.root(), chain.dump() if due else None)
            self._indexed = index.size

    def attach(self, at: Checkpoint, made: Sequence[Cosignature]) -> list[str]:
        """Publish cosignatures over a checkpoint of this log, and keep the levels that it reaches with them.

        The published checkpoint is rewritten while it is still that one; a level counts even if the log has gone on.

        Returns:
            the levels that it reaches.
        Raises:
            LogError: LOG-051..053, a policy. EnvironmentFailure: ENV-001, ENV-003.
        """
        if not at.size:
            return []
        with self.writing():
            known = known_cosigners(self.folder)
            held = [*self._cosignatures(at, known), *made]
            self._gathered = at.size, held
            note = merge(at.note, held, known)
            path = self.folder / "log" / "checkpoint"
            if at == self._at and (not path.is_file() or path.read_bytes() != note):
                write_durably(path, note)
            return keep_levels(self.folder, note)

    def _cosignatures(self, at: Checkpoint, known: Sequence[CosignerKey]) -> list[Cosignature]:
        """What has come so far for a checkpoint."""
        if self._gathered[0] == at.size:
            return self._gathered[1]
        try:
            published, made = split(self.source.checkpoint(), self.key, known, "log/checkpoint")
        except LogError:
            return []  # they are asked for again
        return made if published.size == at.size and published.root == at.root else []

    def _must_sign(self) -> SigningKey:
        if self._signer is None:
            raise LogError(
                "LOG-034", "appending needs the log's key", where=str(self.folder),
                remedy="Give the folder of keys with --keys.",
            )  # fmt: skip
        return self._signer

    def _sequence(self, notes: list[bytes], signer: SigningKey, fault: Callable[[str], None]) -> None:
        first = self.size
        staging.stage(self._staging, first, notes)
        fault("staged")
        if staging.staged(self._staging) != (first, notes):
            raise LogError(
                "LOG-035", "what was staged must read back the same", where=str(self._staging),
                remedy="Nothing was recorded. The disk or the memory of this machine is failing.",
            )  # fmt: skip
        tree = self._tree.copy()
        files = tree.extend(map(leaf_hash, notes))
        made = sign_checkpoint(signer, tree.size, tree.root())
        fault("signed")
        self.commit_point.swap(self._at, made)
        fault("committed")
        files |= self._adopt(notes, tree)
        self._at = made
        # From here on the entries are recorded. If the disk is full now, the next one to open the log publishes them.
        with contextlib.suppress(EnvironmentFailure):
            self._publish(files)
            fault("published")
            self._drop_staging()

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
            if behind >= _CHAIN_EVERY:
                with contextlib.suppress(sqlite3.Error):
                    self.index.keep_chain(self.size, chain.dump())
        return self._chain

    def _kept_chain(self) -> Chain | None:
        try:
            kept = self.index.chain()
            chain = Chain.load(self.key, self.root_at, kept) if kept else None
        except (sqlite3.Error, ValueError, KeyError, TypeError, LogError):
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

    def _settle(self) -> None:
        """Finish or drop what a crash left, then hold the state of the commit point."""
        at, waiting, leftover = self.committed(), staging.staged(self._staging), list(self._unfinished())
        if waiting is not None:
            first, notes = waiting
            if first > at.size or first < at.size != first + len(notes):
                raise staging.unfit(self._staging)
            if first < at.size:
                self._finish(at, first, notes)
            self._drop_staging()
        for path in leftover:
            path.unlink(missing_ok=True)
        if at != self._at:
            self._load(at)

    def _finish(self, at: Checkpoint, first: int, notes: list[bytes]) -> None:
        """Publish what the commit point acknowledged and staging holds."""
        tree = TileTree(self.source)
        try:
            if first:
                # the signed root of that size is gone; that of `at` vouches for the edge, once the notes are on it
                tree = TileTree.edge_at(self.source, first)
            files = tree.extend(map(leaf_hash, notes))
            if tree.root() != at.root:
                raise staging.unfit(self._staging)
        except LogError as problem:
            self._forget()
            if problem.code == "LOG-042":
                raise
            raise staging.unfit(self._staging) from problem
        before = self._tip_of(first) if first % WIDTH else []
        self._chain = None
        self._tip = before
        files |= self._adopt(notes, tree)
        self._at = at
        self._publish(files)

    def _tip_of(self, size: int) -> list[bytes]:
        old = TileTree.edge_at(self.source, size)
        return old.bundle(size // WIDTH)

    def _unfinished(self) -> Iterator[Path]:
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

    def _adopt(self, notes: Sequence[bytes], tree: TileTree) -> dict[str, bytes]:
        """Take the notes that `tree` ends with; path -> bytes of their bundles."""
        first, files = tree.size - len(notes), {}
        tip = [*self._tip, *notes]
        start = first // WIDTH * WIDTH
        for at in range(0, len(tip), WIDTH):
            bundle = tip[at : at + WIDTH]
            files[path_of("entries", (start + at) // WIDTH, len(bundle))] = join_bundle(bundle)
        self._tip = tip[len(tip) // WIDTH * WIDTH :]
        self._tree = tree
        return files

    def _publish(self, files: dict[str, bytes]) -> None:
        """Tiles, then the checkpoint; then the partial tiles that a full one replaced can go."""
        published = self.folder / "log"
        write_all_durably({published / name: content for name, content in files.items()})
        write_durably(published / "checkpoint", self._at.note)
        drop_replaced(published, files)

    def _drop_staging(self) -> None:
        with _disk(self._staging):
            self._staging.unlink(missing_ok=True)


def drop_replaced(published: Path, names: Iterable[str]) -> None:
    """Remove the partial tiles of which the full one is among `names`. Raises EnvironmentFailure ENV-001."""
    with _disk(published):
        for name in names:
            stale = published / f"{name}.p"
            if not name.rpartition("/")[0].endswith(".p") and stale.is_dir():
                for part in stale.iterdir():
                    part.unlink()
                stale.rmdir()


class Author:
    """Signs records for one key and keeps its `seq` and `prev`."""

    def __init__(self, key: SigningKey, log: Log) -> None:
        self._key, self._log = key, log
        self._seq, self._prev = log.chain.next_of(key.name)

    def note(
        self, kind: str, body: dict[str, Any], at: str, beside: Sequence[SigningKey] = (),
        new_key: SigningKey | None = None,
    ) -> bytes:  # fmt: skip
        """The next signed note of this author; append it at once.

        Args:
            beside: who signs too.
            new_key: the key that a key entry brings in, which signs last.
        """
        entry = self.entry(kind, body, at, [one.name for one in beside])
        last = () if new_key is None else (new_key,)
        note = sign_entry(self._log.origin, entry, self._key, *beside, *last)
        self._seq, self._prev = self._seq + 1, entry_id(note)
        return note

    def entry(self, kind: str, body: dict[str, Any], at: str, signers: Sequence[str] = ()) -> Entry:
        """The next entry of this author, unsigned."""
        return Entry(kind, self._key.name, self._seq, self._prev, self._log.seen(), at, body, tuple(signers))


def origin_file(key: VerifierKey) -> bytes:
    """The bytes of `state/origin`: the origin, and the log's key."""
    return f"{key.name}\n{key}\n".encode()


def read_origin(folder: Path) -> VerifierKey:
    """The log's key, whose name is the origin, that this copy pins.

    Raises:
        LogError: LOG-036, there is no log here, or its origin was altered.
    """
    path = folder / "state" / "origin"
    try:
        raw = path.read_bytes()
        key = VerifierKey.parse(raw.decode().split("\n")[1])
    except (OSError, ValueError, IndexError, LogError) as problem:
        raise _no_origin(path) from problem
    if raw != origin_file(key):
        raise _no_origin(path)
    return key


def _no_origin(path: Path) -> LogError:
    return LogError(
        "LOG-036", "the folder must hold a log, with its origin and key", where=str(path),
        remedy="Check the path; if this is the mission, the file was altered or lost: compare with another copy.",
    )  # fmt: skip


def _lock(folder: Path) -> Path:
    return folder / "state" / "origin"


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise EnvironmentFailure(
            "ENV-001", "the disk must take the change", where=str(path), value=problem.strerror,
            remedy="Check the folder and its rights, then run the same command again.",
        ) from problem  # fmt: skip
