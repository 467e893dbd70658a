"""The table beside a log, kept at the log's size: made, caught up, and made again whatever is wrong with it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from truceline.log.entries import Entry, entry_id, unchecked
from truceline.log.index import Index
from truceline.log.tiles import WIDTH

_CATCH_UP = 4096


class Indexed(Protocol):
    """What is looked up: a log."""

    folder: Path
    origin: str
    notes: Sequence[bytes]

    @property
    def size(self) -> int: ...
    def root_at(self, size: int) -> bytes: ...
    def steady(self) -> AbstractContextManager[int]: ...


class Lookup:
    """Where the entries of a log stand."""

    def __init__(self, log: Indexed) -> None:
        self._log = log
        self._open: Index | None = None
        self._upto = 0  # entries that the table is known to hold

    def index(self) -> Index:
        """The table, which holds what the log holds."""
        if self._open is None or self._upto < self._log.size:
            try:
                self._catch_up()
            except sqlite3.DatabaseError:  # whatever is wrong with it, it can be made again
                self._discard()
                self._catch_up()
        assert self._open is not None
        self._upto = max(self._upto, self._log.size)
        return self._open

    def add(
        self, first: int, entries: Sequence[tuple[str, Entry]], root: bytes, chain: dict[str, Any] | None
    ) -> None:
        """Take (id, entry) from index `first` on, just appended; keys and authors after them, if they are to be kept."""
        assert self._open is not None
        with contextlib.suppress(sqlite3.Error):  # it is made again when it is behind
            self._open.add(first, entries, root, chain)
            self._upto = self._open.size

    def chain(self) -> dict[str, Any] | None:
        """The state of keys and authors that was kept last; None where there is none, or it is not what was kept."""
        try:
            return self.index().chain()
        except sqlite3.Error:
            return None

    def keep_chain(self, size: int, chain: dict[str, Any]) -> None:
        """Keep the state of keys and authors after `size` entries, if the table lets itself be written."""
        with contextlib.suppress(sqlite3.Error):
            self.index().keep_chain(size, chain)

    def _catch_up(self) -> None:
        """Bring the table to the size of the log; while that is steady, so that it is nobody's future."""
        log = self._log
        if self._open is None:
            self._open = Index(log.folder / "views" / "log-index.sqlite")
        index = self._open
        with log.steady() as newest:
            if index.size > newest or (0 < index.size <= log.size and log.root_at(index.size) != index.root):
                index.clear()
        while (first := index.size) < log.size:
            upto = min(log.size, first // WIDTH * WIDTH + _CATCH_UP)
            rows = [(entry_id(note), unchecked(log.origin, note)) for note in log.notes[first:upto]]
            index.add(first, rows, log.root_at(upto))

    def _discard(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open, self._upto = None, 0
        for suffix in ("", "-wal", "-shm"):
            (self._log.folder / "views" / f"log-index.sqlite{suffix}").unlink(missing_ok=True)
