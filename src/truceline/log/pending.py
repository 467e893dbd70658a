"""What was pushed to a mirror and is not in its copy yet (C2SP tlog-mirror): checkpoints, and entries proven under them.

    pending/checkpoints/<size>    the last few checkpoints that extended each other, as the log signed them
    pending/entries/<number>      bundles from the edge of the copy on, each from its first entry

All entries here are authenticated: each package was proven under a pending checkpoint before it was kept, and the pending
checkpoints extend each other and the copy. None of it is published, and none of it counts before `Mirror.take` has
checked every entry and moved the commit point.
"""

from __future__ import annotations

import threading
from pathlib import Path

from truceline.errors import LogError
from truceline.log.checkpoints import Checkpoint, read_checkpoint
from truceline.log.files import write_durably
from truceline.log.log import Log
from truceline.log.merkle import leaf_hash, root_of, verify_consistency
from truceline.log.packages import Package
from truceline.log.requests import AddCheckpoint
from truceline.log.subtrees import verify_subtree
from truceline.log.tiles import WIDTH, join_bundle, split_bundle

KEPT = 8
"""Pending checkpoints under which an upload may still end."""


class Pending:
    """The pending state of a mirror whose copy is `log`; `genesis` is the root that was pinned."""

    def __init__(self, log: Log, genesis: bytes) -> None:
        self._log, self._genesis = log, genesis
        self._folder = log.folder / "pending"
        self._lock = threading.Lock()

    def newest(self) -> tuple[int, bytes]:
        """Size and root that the next checkpoint must extend: pending, the copy's, or the genesis that was pinned.

        Raises:
            LogError: LOG-031, the state is not whole.
        """
        at = max(self._checkpoints().values(), key=lambda one: one.size, default=None)
        if at is not None and at.size > self._log.size:
            return at.size, at.root
        return (self._log.size, self._log.root) if self._log.size else (1, self._genesis)

    def known(self, size: int) -> Checkpoint | None:
        """The pending checkpoint of that size, or that of the copy; None where there is none, or the copy is beyond it."""
        if size < self._log.size:
            return None
        return self._log.at if size and size == self._log.size else self._checkpoints().get(size)

    def add(self, request: AddCheckpoint, new: Checkpoint) -> int | None:
        """Compare and keep, in one step, as a witness does.

        Returns:
            None where it was kept, else the size that is pending: the request begins elsewhere, or is a fork of that size.
        Raises:
            LogError: LOG-003, the proof does not hold. EnvironmentFailure: ENV-001.
        """
        with self._lock:
            size, root = self.newest()
            if request.old_size != size or (new.size == size and new.root != root):
                return size
            verify_consistency(size, new.size, request.proof, root, new.root)
            write_durably(self._folder / "checkpoints" / f"{new.size:019d}", new.note)
            return None

    def following(self) -> int:
        """The first entry that is neither in the copy nor here."""
        return self._following(self._log.size)

    def _following(self, size: int) -> int:
        number = size // WIDTH
        while True:
            held = len(self._held(number))
            if number * WIDTH + held <= size or not held:
                return max(size, number * WIDTH)
            if held < WIDTH:
                return number * WIDTH + held
            number += 1

    def keep(self, package: Package, under: Checkpoint) -> None:
        """Authenticate a package, and keep it; what is here or in the copy already is not kept again.

        Raises:
            LogError: LOG-147 it is not what the checkpoint covers, LOG-037 entries before it are missing.
                EnvironmentFailure: ENV-001.
        """
        number = package.start // WIDTH
        before = self.bundle(number, package.start - package.aligned)
        notes = [*before, *package.notes]
        verify_subtree(
            package.aligned, package.end, under.size, package.proof, root_of(list(map(leaf_hash, notes))), under.root
        )  # fmt: skip
        with self._lock:
            if package.end > self._log.size and len(notes) > len(self._held(number)):
                write_durably(self._path(number), join_bundle(notes))

    def bundle(self, number: int, width: int) -> list[bytes]:
        """The first entries of a bundle, from here or from the copy. Raises LogError LOG-037, LOG-039."""
        if not width:
            return []
        copied = min(WIDTH, max(0, self._log.size - number * WIDTH))
        notes = self._log.tree.bundle(number) if copied >= width else self._held(number)
        if len(notes) < width:
            raise LogError(
                "LOG-037", "every tile and bundle must be there and full", where=str(self._path(number)), value=len(notes),
                remedy="Upload the entries before these first.",
            )  # fmt: skip
        return notes[:width]

    def clear(self) -> None:
        """Drop what the copy has now, and checkpoints beyond the last few."""
        size = self._log.size
        with self._lock:
            kept = sorted(self._checkpoints())
            for one in kept[:-KEPT] + [one for one in kept[-KEPT:] if one < size]:
                (self._folder / "checkpoints" / f"{one:019d}").unlink(missing_ok=True)
            for path in (self._folder / "entries").glob("*"):
                if path.name.isdecimal() and (int(path.name) + 1) * WIDTH <= size:
                    path.unlink(missing_ok=True)

    def _checkpoints(self) -> dict[int, Checkpoint]:
        found = {}
        for path in (self._folder / "checkpoints").glob("*"):
            if path.name.isdecimal():
                at = read_checkpoint(path.read_bytes(), self._log.key, str(path))[0]
                found[at.size] = at
        return found

    def _path(self, number: int) -> Path:
        return self._folder / "entries" / f"{number:016d}"

    def _held(self, number: int) -> list[bytes]:
        path = self._path(number)
        return split_bundle(path.read_bytes()) if path.is_file() else []
