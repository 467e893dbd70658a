"""The log on disk: one sequencer, the order of durability, and reading back.

0 blobs and payloads are the caller's. 1 staging is written and synced. 2 it is read back, the root recomputed, signed.
3 the commit point is replaced: the entries are recorded. 4 tiles, then the checkpoint file; then staging can go.
Whatever opens the log first after a crash finishes step 4, or drops what never came to step 3.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from truceline.errors import EnvironmentFailure, LogError
from truceline.log import staging, tiles
from truceline.log.chain import Chain
from truceline.log.checkpoints import EMPTY, Checkpoint, CommitPoint, sign_checkpoint
from truceline.log.entries import NOTHING_SEEN, Entry, Seen, entry_id, sign_entry, unchecked
from truceline.log.files import sync_folder, unfinished, write_durably
from truceline.log.locking import locked
from truceline.log.merkle import CompactRange, leaf_hash, prove_consistency, prove_inclusion, root_of
from truceline.log.notes import SigningKey, VerifierKey


class Log:
    """An append-only log in `folder`; use `create` or `open`."""

    def __init__(self, folder: Path, key: VerifierKey, signer: SigningKey | None) -> None:
        self.folder, self.origin, self.key, self._signer = folder, key.name, key, signer
        self.commit_point = CommitPoint(folder / "state" / "commit", key)
        self._staging = folder / "state" / "staging"
        self._held = 0
        self._forget()

    def _forget(self) -> None:
        self.notes: list[bytes] = []
        self._at = EMPTY
        self._tree = CompactRange()
        self._index: dict[str, int] = {}
        self._chain: Chain | None = None

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
        return len(self.notes)

    @property
    def root(self) -> bytes:
        return self._tree.root()

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

    def entries(self, start: int = 0) -> Iterator[tuple[int, str, Entry]]:
        """Index, id and entry, without checking signatures again (`verify` does)."""
        for index in range(start, self.size):
            note = self.notes[index]
            yield index, entry_id(note), unchecked(self.origin, note)

    def prove_inclusion(self, index: int) -> list[bytes]:
        return prove_inclusion([leaf_hash(note) for note in self.notes], index)

    def prove_consistency(self, old_size: int) -> list[bytes]:
        return prove_consistency([leaf_hash(note) for note in self.notes], old_size)

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
            if self._signer is None:
                raise LogError(
                    "LOG-034", "appending needs the log's key", where=str(self.folder),
                    remedy="Give the folder of keys with --keys.",
                )  # fmt: skip
            if self.size != known:
                raise LogError(
                    "LOG-032", "nobody else may have moved the log meanwhile", where=str(self.folder),
                    value=known, remedy="Run the same command again.",
                )  # fmt: skip
            chain = self.chain
            for note in notes:
                if self.size:
                    chain.check(note)
            fresh = {entry_id(note): note for note in notes if entry_id(note) not in self._index}
            if fresh:
                try:
                    for note in fresh.values():
                        chain.admit(note)
                    self._sequence(list(fresh.values()), self._signer, fault)
                except BaseException:
                    self._chain = None  # it went ahead of the log
                    raise
            return [self._index[entry_id(note)] for note in notes]

    def _sequence(self, notes: list[bytes], signer: SigningKey, fault: Callable[[str], None]) -> None:
        first = self.size
        staging.stage(self._staging, first, notes)
        fault("staged")
        if staging.staged(self._staging) != (first, notes):
            raise LogError(
                "LOG-035", "what was staged must read back the same", where=str(self._staging),
                remedy="Nothing was recorded. The disk or the memory of this machine is failing.",
            )  # fmt: skip
        tree = CompactRange()
        tree.size, tree._stack = self._tree.size, list(self._tree._stack)
        tree.extend(map(leaf_hash, notes))
        made = sign_checkpoint(signer, tree.size, tree.root())
        fault("signed")
        self.commit_point.swap(self._at, made)
        fault("committed")
        self._adopt(notes)
        self._at = made
        # From here on the entries are recorded. If the disk is full now, the next one to open the log publishes them.
        with contextlib.suppress(EnvironmentFailure):
            self._publish(first)
            fault("published")
            self._drop_staging()

    @property
    def chain(self) -> Chain:
        """Keys and authors after what this object holds."""
        if self._chain is None:
            self._chain = Chain(self.key, self.root_at)
            for note in self.notes:
                self._chain.follow(note)
        return self._chain

    def index_of(self, ident: str) -> int | None:
        """Where the entry of that id stands."""
        return self._index.get(ident)

    def root_at(self, size: int) -> bytes:
        """The root over the first `size` entries."""
        return root_of([leaf_hash(note) for note in self.notes[:size]])

    def seen(self) -> Seen:
        """What an author who holds this log may say to have seen: its genesis."""
        return Seen(1, leaf_hash(self.notes[0]).hex()) if self.notes else NOTHING_SEEN

    def _settle(self) -> None:
        """Finish or drop what a crash left, then hold the state of the commit point."""
        at, waiting = self.committed(), staging.staged(self._staging)
        if waiting is not None:
            first, notes = waiting
            if first > at.size or first < at.size != first + len(notes):
                raise staging.unfit(self._staging)
            if first < at.size:
                self._forget()
                self._adopt(read_bundles(self.folder, first))
                self._adopt(notes)
                if self.root != at.root:
                    self._forget()
                    raise staging.unfit(self._staging)
                self._at = at
                self._publish(first)
            self._drop_staging()
        for path in self._unfinished():
            path.unlink(missing_ok=True)
        if at != self._at:
            self._load(at)

    def _unfinished(self) -> Iterator[Path]:
        for folder in ("log", "state"):
            yield from unfinished(self.folder / folder)

    def _load(self, at: Checkpoint) -> None:
        notes = read_bundles(self.folder, at.size)
        if notes[: self.size] != self.notes:
            raise LogError(
                "LOG-043", "the log may only grow", where=str(self.folder), value=at.size,
                remedy="An older copy was put in its place: keep this folder as it is, and compare with another copy.",
            )  # fmt: skip
        self._adopt(notes[self.size :])
        self._at, self._chain = at, None
        if at.size and self.root != at.root:
            self._forget()
            raise LogError(
                "LOG-039", "the entries must hash to the signed root", where=f"size {at.size}",
                remedy="The log was altered: `truceline log verify` names the place.",
            )  # fmt: skip

    def _adopt(self, notes: Sequence[bytes]) -> None:
        for note in notes:
            self._index[entry_id(note)] = len(self.notes)
            self.notes.append(note)
        self._tree.extend(map(leaf_hash, notes))

    def _publish(self, start: int) -> None:
        """Tiles, then the checkpoint; then the partial tiles that fuller ones replaced can go."""
        for name, content in tiles.publish(self.notes, start).items():
            write_durably(self.folder / "log" / name, content)
        write_durably(self.folder / "log" / "checkpoint", self._at.note)
        with _disk(self.folder / "log"):
            for stale in (self.folder / "log").rglob("*.p"):
                full = stale.with_suffix("")
                newest = max((int(part.name) for part in stale.iterdir()), default=0)
                for part in stale.iterdir():
                    if full.exists() or int(part.name) != newest:
                        part.unlink()
                if not any(stale.iterdir()):
                    stale.rmdir()

    def _drop_staging(self) -> None:
        with _disk(self._staging):
            self._staging.unlink(missing_ok=True)


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


def read_bundles(folder: Path, size: int) -> list[bytes]:
    """The first `size` notes from the entry bundles.

    Raises:
        LogError: LOG-030, LOG-037, a bundle is missing or short.
    """
    notes: list[bytes] = []
    for first in range(0, size, tiles.WIDTH):
        path = _bundle(folder / "log", first // tiles.WIDTH, min(size - first, tiles.WIDTH))
        try:
            notes += tiles.split_bundle(path.read_bytes())
        except LogError as problem:
            raise LogError(
                problem.code, problem.rule, where=str(path), value=problem.value,
                remedy="Fetch the file from another copy.",
            ) from problem  # fmt: skip
        if len(notes) < min(size, first + tiles.WIDTH):
            raise _missing(path)
        del notes[first + tiles.WIDTH :]
    return notes[:size]


def _bundle(folder: Path, number: int, width: int) -> Path:
    """The bundle of that many entries; after a crash, the smallest fuller one."""
    exact = folder / tiles.path_of("entries", number, width)
    if exact.is_file():
        return exact
    whole = folder / tiles.path_of("entries", number, tiles.WIDTH)
    parts = whole.parent.glob(f"{whole.name}.p/*")
    fuller = sorted(int(one.name) for one in parts if one.name.isdecimal() and one.is_file())
    for held in (*fuller, tiles.WIDTH):
        path = folder / tiles.path_of("entries", number, held)
        if held > width and path.is_file():
            return path
    raise _missing(exact)


def _missing(base: Path) -> LogError:
    return LogError(
        "LOG-037", "every entry bundle must be there and full", where=str(base),
        remedy="Fetch the file from another copy.",
    )  # fmt: skip


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
