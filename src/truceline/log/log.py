"""The log on disk: one sequencer, the order of durability, and reading back.

0 blobs and payloads are the caller's. 1 staging is written and synced. 2 it is read back, the root recomputed, signed.
3 the checkpoint is swapped in SQLite: the commit point. 4 tiles, then the checkpoint file; staging can go.
On opening: staging that the commit point covers is published again, staging that it does not is dropped.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from truceline.errors import LogError
from truceline.log import tiles
from truceline.log.commit import CommitPoint
from truceline.log.entries import Entry, entry_id, parse_entry, sign_entry
from truceline.log.files import write_durably
from truceline.log.merkle import CompactRange, leaf_hash, prove_consistency, prove_inclusion
from truceline.log.notes import SigningKey, VerifierKey, open_note


def checkpoint_text(origin: str, size: int, root: bytes) -> bytes:
    """C2SP tlog-checkpoint without extension lines."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode()


class Log:
    """An append-only log in `folder`; `key` is the log's own, needed to append."""

    def __init__(self, folder: Path, origin: str, key: SigningKey | None) -> None:
        self.folder, self.origin, self._key = folder, origin, key
        self._commit = CommitPoint(folder / "state" / "commit.sqlite")
        self._staging = folder / "state" / "staging"
        self.notes: list[bytes] = []
        self._tree = CompactRange()
        self._index: dict[str, int] = {}

    @classmethod
    def create(cls, folder: Path, origin: str, key: SigningKey) -> Log:
        """A new, empty log."""
        if (folder / "log").exists():
            raise LogError("LOG-033", "the folder must not hold a log yet", value=str(folder))
        log = cls(folder, origin, key)
        log._commit.create()
        write_durably(folder / "state" / "origin", f"{origin}\n{key.vkey}\n".encode())
        (folder / "log").mkdir()
        return log

    @classmethod
    def open(cls, folder: Path, key: SigningKey | None = None) -> Log:
        """Open and, after a crash, finish what the commit point had acknowledged."""
        origin, _ = read_origin(folder)
        log = cls(folder, origin, key)
        size, _ = log._commit.read()
        if log._staging.exists():
            staged = log._staging.read_bytes()
            (first,) = struct.unpack_from(">Q", staged)
            if first < size:
                log._load(first)
                log._adopt(tiles.split_bundle(staged[8:]))
                log._publish(first)
            log._staging.unlink()
        if log.size != size:
            log._load(size)
        return log

    @property
    def size(self) -> int:
        return len(self.notes)

    @property
    def root(self) -> bytes:
        return self._tree.root()

    @property
    def checkpoint(self) -> bytes:
        """The signed checkpoint at the commit point."""
        return self._commit.read()[1]

    def append(
        self, notes: Sequence[bytes], *, fault: Callable[[str], None] = lambda step: None
    ) -> list[int]:
        """Append signed notes; durable when this returns. The same id keeps its index.

        `fault` is called with the name of each step, so that a test can end the process there.
        """
        if self._key is None:
            raise LogError("LOG-034", "appending needs the log's key", value=str(self.folder))
        fresh = {entry_id(note): note for note in notes if entry_id(note) not in self._index}
        if fresh:
            first, added = self.size, list(fresh.values())
            packed = b"".join(struct.pack(">H", len(note)) + note for note in added)
            write_durably(self._staging, struct.pack(">Q", first) + packed)
            fault("staged")
            staged = tiles.split_bundle(self._staging.read_bytes()[8:])
            if staged != added:
                raise LogError("LOG-035", "what was staged must read back the same", where=str(self._staging))
            tree = CompactRange()
            tree.size, tree._stack = self._tree.size, list(self._tree._stack)
            tree.extend(map(leaf_hash, staged))
            signed = self._key.sign(checkpoint_text(self.origin, tree.size, tree.root()))
            fault("signed")
            self._commit.swap(first, tree.size, signed)
            fault("committed")
            self._adopt(staged)
            self._publish(first)
            fault("published")
            self._staging.unlink()
        return [self._index[entry_id(note)] for note in notes]

    def _adopt(self, notes: Sequence[bytes]) -> None:
        for note in notes:
            self._index[entry_id(note)] = len(self.notes)
            self.notes.append(note)
        self._tree.extend(map(leaf_hash, notes))

    def _publish(self, start: int) -> None:
        for name, content in tiles.publish(self.notes, start).items():
            write_durably(self.folder / "log" / name, content)
        for stale in (self.folder / "log").rglob("*.p"):
            full = stale.with_suffix("")
            newest = max(int(part.name) for part in stale.iterdir())
            for part in stale.iterdir():
                if full.exists() or int(part.name) != newest:
                    part.unlink()
            if not any(stale.iterdir()):
                stale.rmdir()
        write_durably(self.folder / "log" / "checkpoint", self._commit.read()[1])

    def _load(self, size: int) -> None:
        self.notes, self._tree, self._index = [], CompactRange(), {}
        self._adopt(read_bundles(self.folder, size))

    def entries(self, start: int = 0) -> Iterator[tuple[int, str, Entry]]:
        """Index, id and entry, without checking signatures again (`verify` does)."""
        for index in range(start, self.size):
            note = self.notes[index]
            yield index, entry_id(note), unchecked(self.origin, note)

    def prove_inclusion(self, index: int) -> list[bytes]:
        return prove_inclusion([leaf_hash(note) for note in self.notes], index)

    def prove_consistency(self, old_size: int) -> list[bytes]:
        return prove_consistency([leaf_hash(note) for note in self.notes], old_size)


class Author:
    """Signs records for one key and keeps its `seq` and `prev`."""

    def __init__(self, key: SigningKey, log: Log) -> None:
        self._key, self._log = key, log
        own = [(ident, entry) for _, ident, entry in log.entries() if entry.author == key.name]
        self._seq, self._prev = (own[-1][1].seq + 1, own[-1][0]) if own else (0, "")

    def note(self, kind: str, body: dict[str, Any], at: str) -> bytes:
        """The next signed note of this author; append it at once."""
        entry = Entry(kind, self._key.name, self._seq, self._prev, self._log.size, at, body)
        note = sign_entry(self._log.origin, entry, self._key)
        self._seq, self._prev = self._seq + 1, entry_id(note)
        return note


def unchecked(origin: str, note: bytes) -> Entry:
    """The entry of a note that `verify` has checked or will check."""
    text = note.rpartition(b"\n\n")[0]
    return Entry(**json.loads(text.partition(b"\n")[2]))


def read_origin(folder: Path) -> tuple[str, VerifierKey]:
    """Origin and log key that this copy pins.

    Raises:
        LogError: LOG-036, there is no log here.
    """
    path = folder / "state" / "origin"
    try:
        origin, vkey = path.read_text().splitlines()
    except (OSError, ValueError) as problem:
        raise LogError("LOG-036", "the folder must hold a log", where=str(path)) from problem
    return origin, VerifierKey.parse(vkey)


def read_bundles(folder: Path, size: int) -> list[bytes]:
    """The first `size` notes from the entry bundles.

    Raises:
        LogError: LOG-037, a bundle is missing or short.
    """
    notes: list[bytes] = []
    for number in range(-(-size // tiles.WIDTH)):
        base = folder / "log" / tiles._name("entries", number, tiles.WIDTH)
        parts = (
            [base]
            if base.exists()
            else sorted(base.parent.glob(f"{base.name}.p/*"), key=lambda p: int(p.name))
        )
        if not parts:
            raise LogError("LOG-037", "every entry bundle must be there", where=f"entry {len(notes)}")
        notes += tiles.split_bundle(parts[-1].read_bytes())
    if len(notes) < size:
        raise LogError("LOG-037", "every entry bundle must be there", where=f"entry {len(notes)}")
    return notes[:size]


def verify(folder: Path) -> None:
    """Check every published byte, signature, sequence and the root against the commit point.

    Raises:
        LogError: LOG-011..013, LOG-021, LOG-022 an entry; LOG-030, LOG-037 a bundle; LOG-038 a published file differs;
            LOG-039 the root differs; LOG-040 an author's sequence is broken.
    """
    origin, log_key = read_origin(folder)
    size, checkpoint = CommitPoint(folder / "state" / "commit.sqlite").read()
    notes = read_bundles(folder, size)
    tree = CompactRange()
    keys: dict[str, VerifierKey] = {}
    last: dict[str, tuple[int, str]] = {}
    for index, note in enumerate(notes):
        if index == 0:
            keys = {log_key.name: log_key} | {
                name: VerifierKey.parse(line) for name, line in _genesis_keys(origin, note).items()
            }
        try:
            entry = parse_entry(origin, note, keys)
        except LogError as problem:
            raise LogError(
                problem.code, problem.rule, where=f"entry {index}", value=problem.value,
                remedy="The log was altered: compare with another copy.",
            ) from problem  # fmt: skip
        seq, prev = last.get(entry.author, (0, ""))
        if (entry.seq, entry.prev) != (seq, prev):
            raise LogError(
                "LOG-040",
                "an author's entries must follow each other",
                where=f"entry {index}",
                value=entry.seq,
            )
        last[entry.author] = (seq + 1, entry_id(note))
        tree.extend([leaf_hash(note)])
    text, _ = open_note(checkpoint, {log_key.name: log_key})
    if text != checkpoint_text(origin, size, tree.root()):
        raise LogError("LOG-039", "the entries must hash to the signed root", where=f"size {size}")
    expected = tiles.publish(notes) | {"checkpoint": checkpoint}
    published = {
        p.relative_to(folder / "log").as_posix(): p for p in (folder / "log").rglob("*") if p.is_file()
    }
    for name in sorted(expected.keys() | published.keys()):
        if name not in published or name not in expected or published[name].read_bytes() != expected[name]:
            raise LogError(
                "LOG-038", "a published file must be what the commit point implies", where=f"log/{name}",
                remedy="The log was altered: compare with another copy.",
            )  # fmt: skip


def _genesis_keys(origin: str, note: bytes) -> dict[str, str]:
    try:
        body = unchecked(origin, note).body
        return {str(name): str(line) for name, line in body["keys"].items()}
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise LogError("LOG-022", "the genesis entry must be readable", where="entry 0") from problem
