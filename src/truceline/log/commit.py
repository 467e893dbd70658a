"""The commit point: one SQLite row, synchronous=FULL, moved by compare-and-swap."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from truceline.errors import EnvironmentFailure, LogError


class CommitPoint:
    """Holds the size and the checkpoint of the last acknowledged state."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=10)
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def create(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._connect()) as connection:
            connection.execute(
                "CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER, checkpoint BLOB)"
            )
            connection.execute("INSERT INTO head VALUES (1, 0, x'')")

    def read(self) -> tuple[int, bytes]:
        """Size and checkpoint.

        Raises:
            LogError: LOG-031, the commit point is damaged.
        """
        try:
            with closing(self._connect()) as connection:
                size, checkpoint = connection.execute("SELECT size, checkpoint FROM head").fetchone()
        except (sqlite3.DatabaseError, TypeError) as problem:
            raise LogError("LOG-031", "the commit point must be readable", value=str(problem)) from problem
        return int(size), bytes(checkpoint)

    def swap(self, old_size: int, size: int, checkpoint: bytes) -> None:
        """Move from `old_size`, or refuse.

        Raises:
            LogError: LOG-032, another sequencer was here. EnvironmentFailure: ENV-001, the disk refused.
        """
        try:
            with closing(self._connect()) as connection:
                moved = connection.execute(
                    "UPDATE head SET size=?, checkpoint=? WHERE size=?", (size, checkpoint, old_size)
                ).rowcount
        except sqlite3.OperationalError as problem:
            raise EnvironmentFailure(
                "ENV-001", "the disk must take the commit", value=str(problem)
            ) from problem
        if moved != 1:
            raise LogError("LOG-032", "only one sequencer may move the log", value=old_size)
