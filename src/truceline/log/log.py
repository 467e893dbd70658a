"""The log on disk: one sequencer, and the order of durability.

0 blobs and payloads are the caller's. 1 staging is written and synced. 2 it is read back, the root recomputed, signed.
3 the commit point is replaced: the entries are recorded. 4 tiles, then the checkpoint file; then staging can go.
Whatever opens the log first after a crash finishes step 4, or drops what never came to step 3.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from truceline.errors import EnvironmentFailure, LogError
from truceline.log import staging
from truceline.log.chain import Chain
from truceline.log.checkpoints import Checkpoint, sign_checkpoint
from truceline.log.cosignatures import Cosignature
from truceline.log.entries import Entry, entry_id
from truceline.log.files import sync_folder, write_durably
from truceline.log.levels import keep_levels, known_cosigners, merge
from truceline.log.locking import locked
from truceline.log.merkle import leaf_hash
from truceline.log.notes import SigningKey, VerifierKey
from truceline.log.origins import lock_of, origin_file, read_origin
from truceline.log.publishing import disk, publish
from truceline.log.reading import CHAIN_EVERY, Reading
from truceline.log.tiles import WIDTH, join_bundle, path_of
from truceline.log.tree import TileTree


class Log(Reading):
    """An append-only log in `folder`; use `create` or `open`."""

    def __init__(self, folder: Path, key: VerifierKey, signer: SigningKey | None) -> None:
        super().__init__(folder, key)
        self._signer = signer
        self._held = 0
        self._one_thread = threading.RLock()

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
        with locked(lock_of(folder), shared=True):
            log._load(log.committed())
        return log

    def refresh(self) -> None:
        """Hold what others appended meanwhile. Raises LogError and EnvironmentFailure as `open`."""
        if self._held:
            self._settle()
            return
        if self.is_unfinished:
            with self.writing():
                return
        with locked(lock_of(self.folder), shared=True):
            at = self.committed()
            if at != self._at:
                self._load(at)

    @contextmanager
    def steady(self) -> Iterator[int]:
        """As `Reading.steady`; whoever holds the lock need not wait for it."""
        if self._held:
            yield self.size
        else:
            with super().steady() as size:
                yield size

    @property
    def can_append(self) -> bool:
        """Whether this object holds the log's key."""
        return self._signer is not None

    @property
    def is_held(self) -> bool:
        """Whether this object is just writing."""
        return self._held > 0

    def unlock(self, key: SigningKey) -> None:
        """Take the log's key, so that `append` can sign."""
        self._signer = key

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only sequencer, and hold what the others appended; may be nested.

        Raises:
            EnvironmentFailure: ENV-001; ENV-003, another program is writing. LogError: as `open`.
        """
        with self._one_thread:
            if self._held:
                yield
                return
            with locked(lock_of(self.folder)):
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
        *, recorded: Callable[[], None] = lambda: None, fault: Callable[[str], None] = lambda step: None,
    ) -> None:  # fmt: skip
        """Append notes that a copy of this log's chain has just admitted; within `writing`.

        Args:
            entries: id and entry of each note.
            chain: the copy, after the last of them.
            recorded: called once they are durable, before they are published.
        Raises:
            LogError: LOG-034, LOG-035. EnvironmentFailure: ENV-001.
        """
        signer = self._must_sign()
        if not notes:
            recorded()
            return
        first = self.size
        self._lookup.index()  # caught up, so that it can take what comes
        self._sequence(list(notes), chain, signer, recorded, fault)
        due = first == 0 or self.size // CHAIN_EVERY > first // CHAIN_EVERY
        self._lookup.add(first, entries, self._tree.root(), chain.dump() if due else None)

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

    def _must_sign(self) -> SigningKey:
        if self._signer is None:
            raise LogError(
                "LOG-034", "appending needs the log's key", where=str(self.folder),
                remedy="Give the folder of keys with --keys.",
            )  # fmt: skip
        return self._signer

    def _sequence(
        self, notes: list[bytes], chain: Chain, signer: SigningKey, recorded: Callable[[], None], fault: Callable[[str], None]
    ) -> None:  # fmt: skip
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
        self._at, self._chain = made, chain
        recorded()
        # From here on the entries are recorded. If the disk is full now, the next one to open the log publishes them.
        with contextlib.suppress(EnvironmentFailure):
            publish(self.folder / "log", files, self._at.note)
            fault("published")
            self._drop_staging()

    def _settle(self) -> None:
        """Finish or drop what a crash left, then hold the state of the commit point."""
        at, waiting, leftover = self.committed(), staging.staged(self._staging), list(self._leftover())
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
        publish(self.folder / "log", files, self._at.note)

    def _tip_of(self, size: int) -> list[bytes]:
        old = TileTree.edge_at(self.source, size)
        return old.bundle(size // WIDTH)

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

    def _drop_staging(self) -> None:
        with disk(self._staging):
            self._staging.unlink(missing_ok=True)
