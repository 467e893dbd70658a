"""A witness: it cosigns a log's checkpoint when that extends the one it cosigned before, and remembers it first.

Its state is one table. Comparing the old size and keeping the new one is one transaction, on the disk before anything is
signed. Nothing is trusted on first use: a log is added with its key and the root of its genesis entry, so even the first
checkpoint must be proven to extend that.

A second note of the newest size, the mark, stands beside the private key. When the state is behind the mark, it was put
back from an older copy: the witness refuses until it is given a checkpoint that it cosigned itself.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from truceline.errors import EnvironmentFailure, LogError
from truceline.log.checkpoints import Checkpoint, read_checkpoint
from truceline.log.cosignatures import CosignerKey, check_cosignatures, cosign
from truceline.log.files import write_durably
from truceline.log.merkle import verify_consistency
from truceline.log.notes import SigningKey, VerifierKey
from truceline.log.requests import SIZE_TYPE, AddCheckpoint, dump_size

_SCHEMA = """
create table if not exists logs (
    origin text primary key, vkey text not null, size integer not null, root blob not null, checkpoint blob not null);
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: status, body, content type; `why` is for the witness's own record."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    why: str = ""


@dataclass(frozen=True, slots=True)
class Watched:
    """A log that a witness watches, and the newest checkpoint that it cosigned (size 1, the genesis, before the first)."""

    key: VerifierKey
    size: int
    root: bytes
    checkpoint: bytes


class Witness:
    """The state of one witness in `folder`; its key signs nothing but cosignatures."""

    def __init__(
        self, folder: Path, signer: SigningKey, mark: Path, clock: Callable[[], float] = time.time
    ) -> None:
        """Raises EnvironmentFailure ENV-001."""
        self.key, self._signer, self._mark, self._clock = CosignerKey.of(signer), signer, mark, clock
        self._path, self._marking = folder / "witness.sqlite", threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with closing(self._connect()) as db:
                db.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as problem:
            raise _disk(self._path, problem) from problem

    def watch(self, key: VerifierKey, genesis_root: bytes) -> None:
        """Add a log, by its key and the root of its first entry; adding it again must say the same.

        Raises:
            LogError: LOG-058, the log is known by another key or genesis. EnvironmentFailure: ENV-001.
        """
        marks = self._marks()
        try:
            with closing(self._connect()) as db:
                db.execute("begin immediate")
                row = db.execute("select vkey from logs where origin = ?", (key.name,)).fetchone()
                if row is None and key.name in marks:
                    raise _rolled_back(key.name, 0, marks[key.name][0])
                if row is None:
                    db.execute(
                        "insert into logs values (?, ?, 1, ?, x'')", (key.name, str(key), genesis_root)
                    )
                elif row[0] != str(key):
                    raise LogError(
                        "LOG-058", "a log must keep its key and its genesis", where=key.name, value=str(key),
                        remedy="Somebody gives you another log under the same name. Compare with the other parties.",
                    )  # fmt: skip
                db.execute("commit")
        except sqlite3.Error as problem:
            raise _disk(self._path, problem) from problem

    def watched(self) -> list[Watched]:
        """The logs, in order of their origins. Raises EnvironmentFailure ENV-001."""
        try:
            with closing(self._connect()) as db:
                rows = db.execute("select vkey, size, root, checkpoint from logs order by origin").fetchall()
        except sqlite3.Error as problem:
            raise _disk(self._path, problem) from problem
        return [Watched(VerifierKey.parse(vkey), size, root, note) for vkey, size, root, note in rows]

    def refuse_rollback(self) -> None:
        """Compare the state with the mark. Raises LogError LOG-059, the state is older than what was cosigned."""
        marks = self._marks()  # first: another request may go on meanwhile
        held = {one.key.name: one for one in self.watched()}
        for origin, (size, root) in marks.items():
            one = held.get(origin)
            if one is None or one.size < size or (one.size == size and one.root != root):
                raise _rolled_back(origin, one.size if one else 0, size)

    def catch_up(self, note: bytes) -> int:
        """Take the state from a checkpoint that this witness itself cosigned, after its own state was lost.

        Returns:
            its size.
        Raises:
            LogError: LOG-011..013, LOG-031, LOG-051, LOG-058 a log that is not watched; LOG-059 it is not cosigned by this
                witness, or older than the mark. EnvironmentFailure: ENV-001.
        """
        origin = note.partition(b"\n")[0].decode("utf-8", "replace")
        one = next((one for one in self.watched() if one.key.name == origin), None)
        if one is None:
            raise LogError(
                "LOG-058",
                "a log must be watched before it is cosigned",
                value=origin,
                remedy="Add it with --log and --genesis.",
            )
        checkpoint, text, lines = read_checkpoint(note, one.key)
        size, root = self._marks().get(origin, (0, b""))
        if (
            not check_cosignatures(text, lines, [self.key])
            or checkpoint.size < max(size, one.size)
            or (checkpoint.size == size and checkpoint.root != root)
        ):
            raise _rolled_back(origin, checkpoint.size, size)
        self._persist(one, checkpoint)
        return checkpoint.size

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer a request; what is answered with 200 was kept before.

        Raises:
            LogError: LOG-059, the state was put back. EnvironmentFailure: ENV-001, nothing was cosigned.
        """
        try:
            request = AddCheckpoint.parse(body)
        except LogError as problem:
            return _refused(400, problem)
        self.refuse_rollback()
        origin = request.checkpoint.partition(b"\n")[0].decode("utf-8", "replace")
        one = next((one for one in self.watched() if one.key.name == origin), None)
        if one is None:
            return Answer(404, b"unknown log\n", why=f"unknown log {origin[:80]}")
        try:
            checkpoint, text, _ = read_checkpoint(request.checkpoint, one.key)
        except LogError as problem:
            return _refused(403 if problem.code in ("LOG-012", "LOG-013") else 400, problem)
        if request.old_size > checkpoint.size:
            return Answer(400, b"the old size is above the new one\n", why="old size above the new one")
        try:
            return self._compare_and_keep(request, checkpoint, text, one.key)
        except sqlite3.Error as problem:
            raise _disk(self._path, problem) from problem

    def _compare_and_keep(
        self, request: AddCheckpoint, new: Checkpoint, text: bytes, key: VerifierKey
    ) -> Answer:
        with closing(self._connect()) as db:
            db.execute("begin immediate")
            size, root = db.execute("select size, root from logs where origin = ?", (key.name,)).fetchone()
            if request.old_size != size:
                return Answer(
                    409, dump_size(size), SIZE_TYPE, f"old size {request.old_size}, cosigned {size}"
                )
            if new.size == size and new.root != root:
                return Answer(409, dump_size(size), SIZE_TYPE, f"FORK: another root at size {size}")
            try:
                verify_consistency(size, new.size, request.proof, root, new.root)
            except LogError as problem:
                return _refused(422, problem)
            db.execute(
                "update logs set size = ?, root = ?, checkpoint = ? where origin = ?",
                (new.size, new.root, new.note, key.name),
            )
            db.execute("commit")
        self._write_mark(key.name, new.size, new.root)
        return Answer(200, cosign(text, self._signer, int(self._clock())), why=f"cosigned size {new.size}")

    def _persist(self, one: Watched, checkpoint: Checkpoint) -> None:
        try:
            with closing(self._connect()) as db:
                db.execute(
                    "update logs set size = ?, root = ?, checkpoint = ? where origin = ? and size <= ?",
                    (checkpoint.size, checkpoint.root, checkpoint.note, one.key.name, checkpoint.size),
                )
        except sqlite3.Error as problem:
            raise _disk(self._path, problem) from problem
        self._write_mark(one.key.name, checkpoint.size, checkpoint.root)

    def _marks(self) -> dict[str, tuple[int, bytes]]:
        try:
            lines = self._mark.read_text(encoding="utf-8").splitlines() if self._mark.exists() else []
            return {
                origin: (int(size), bytes.fromhex(root))
                for origin, size, root in (line.rsplit(" ", 2) for line in lines)
            }
        except (OSError, ValueError) as problem:
            raise LogError(
                "LOG-059", "the mark beside the key must be whole", where=str(self._mark),
                remedy="Fetch a checkpoint that this witness cosigned, remove the mark, and start with --from CHECKPOINT.",
            ) from problem  # fmt: skip

    def _write_mark(self, origin: str, size: int, root: bytes) -> None:
        with self._marking:
            marks = self._marks()
            if marks.get(origin, (0, b""))[0] <= size:
                marks[origin] = size, root
                text = "".join(f"{name} {n} {digest.hex()}\n" for name, (n, digest) in sorted(marks.items()))
                write_durably(self._mark, text.encode(), mode=0o600)

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, isolation_level=None, timeout=10)
        db.execute("pragma synchronous = full")
        return db


def _refused(status: int, problem: LogError) -> Answer:
    return Answer(status, f"{problem.rule} ({problem.code})\n".encode(), why=f"{problem.code} {problem.rule}")


def _rolled_back(origin: str, size: int, marked: int) -> LogError:
    return LogError(
        "LOG-059", "a witness must not sign from a state older than what it cosigned", where=origin,
        value=f"size {size}, cosigned {marked}",
        remedy="Its state was put back or lost. Fetch the newest checkpoint that it cosigned, compare it with the other parties, then start with --from CHECKPOINT.",
    )  # fmt: skip


def _disk(path: Path, problem: Exception) -> EnvironmentFailure:
    return EnvironmentFailure(
        "ENV-001", "the disk must take the file", where=str(path), value=str(problem),
        remedy="Free space or fix the folder, then run the same command again.",
    )  # fmt: skip
