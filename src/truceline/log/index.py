"""Where an entry stands, by id, kind and author: a table beside the log that nothing trusts and anybody can rebuild.

It holds the size and the root that it was made for. One that does not fit the log is thrown away; a hit is compared with
the entry itself; and an author's numbers refuse a duplicate even where a look-up failed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from truceline.log.entries import Entry

_SCHEMA = """
create table if not exists entries (n integer primary key, id blob not null, kind integer not null, at_ms integer not null);
create index if not exists by_id on entries (id);
create index if not exists by_kind on entries (kind, n);
create table if not exists words (number integer primary key, word text not null unique);
create table if not exists state (one integer primary key check (one = 1), size integer, root blob, newest_ms integer, chain text);
"""
_VERSION = 1
_ID_BYTES = 16  # of 32: a hit is compared with the entry
Row = tuple[str, Entry]


class Index:
    """The table in `path`, or in a temporary file where the folder cannot be written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._words: dict[str, int] = {}
        self._db = self._connect()

    def _connect(self) -> sqlite3.Connection:
        for attempt in (self._path, self._path, Path()):
            try:
                if attempt.name:
                    attempt.parent.mkdir(parents=True, exist_ok=True)
                db = sqlite3.connect(
                    str(attempt) if attempt.name else "", isolation_level=None, timeout=30, check_same_thread=False
                )  # fmt: skip
                if db.execute("pragma user_version").fetchone()[0] not in (0, _VERSION):
                    raise sqlite3.DatabaseError("another version")
                db.execute("pragma journal_mode = wal")
                db.execute("pragma synchronous = normal")
                db.executescript(_SCHEMA)
                db.execute(f"pragma user_version = {_VERSION}")
            except (sqlite3.Error, OSError) as problem:
                if "locked" in str(problem):  # somebody else makes it: it is whole
                    continue
                for suffix in ("", "-wal", "-shm"):
                    try:
                        attempt.with_name(attempt.name + suffix).unlink(missing_ok=True)
                    except (OSError, ValueError):
                        break
                continue
            return db
        raise sqlite3.OperationalError(
            "no place for a table"
        )  # pragma: no cover - a temporary one can be had

    @property
    def size(self) -> int:
        """For how many entries it was made."""
        return int(self._state("size") or 0)

    @property
    def root(self) -> bytes:
        """For which root it was made."""
        return bytes(self._state("root") or b"")

    @property
    def newest_ms(self) -> int:
        """The newest time that any entry says, in milliseconds UTC."""
        return int(self._state("newest_ms") or 0)

    def chain(self) -> dict[str, Any] | None:
        """The state of keys and authors that was kept last; None where there is none, or it is not what was kept."""
        digest, _, text = (self._state("chain") or "").partition(" ")
        return dict(json.loads(text)) if text and _digest(text) == digest else None

    def keep_chain(self, size: int, chain: dict[str, Any]) -> None:
        """Keep the state of keys and authors after `size` entries."""
        with self._transaction():
            if self.size >= size:
                self._db.execute("update state set chain = ?", (_sealed(chain),))

    def clear(self) -> None:
        """Forget everything."""
        with self._transaction():
            self._db.execute("delete from entries")
            self._db.execute("delete from state")

    def add(self, first: int, rows: Sequence[Row], root: bytes, chain: dict[str, Any] | None = None) -> None:
        """Take (id, entry) from index `first` on, unless somebody else did.

        Args:
            root: over everything up to the last one.
            chain: keys and authors after it, to be kept.
        """
        with self._transaction():
            if self.size != first:
                return
            newest = self.newest_ms
            made = []
            for number, (ident, entry) in enumerate(rows, first):
                at_ms = _ms(entry.at)
                newest = max(newest, at_ms)
                made.append((number, bytes.fromhex(ident)[:_ID_BYTES], self._number(entry.kind), at_ms))
            self._db.executemany("insert or replace into entries values (?, ?, ?, ?)", made)
            kept = _sealed(chain) if chain is not None else self._state("chain")
            self._db.execute(
                "insert or replace into state values (1, ?, ?, ?, ?)", (first + len(rows), root, newest, kept)
            )

    def find(self, ident: str) -> list[int]:
        """Where entries with such an id may stand."""
        rows = self._db.execute("select n from entries where id = ?", (bytes.fromhex(ident)[:_ID_BYTES],))
        return [int(n) for (n,) in rows]

    def of_kind(self, kind: str, start: int, before: int) -> Iterator[int]:
        """The indices of the entries of a kind, start <= index < before."""
        rows = self._db.execute(
            "select n from entries join words on kind = number where word = ? and n >= ? and n < ? order by n",
            (kind, start, before),
        ).fetchall()
        return (int(n) for (n,) in rows)

    def close(self) -> None:
        self._db.close()

    def _state(self, column: str) -> Any:
        row = self._db.execute(f"select {column} from state").fetchone()  # noqa: S608 - our own names
        return row[0] if row else None

    def _number(self, word: str) -> int:
        if word not in self._words:
            self._db.execute("insert or ignore into words (word) values (?)", (word,))
            row = self._db.execute("select number from words where word = ?", (word,)).fetchone()
            self._words[word] = int(row[0])
        return self._words[word]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._words.clear()
            self._db.execute("rollback")
            raise
        self._db.execute("commit")


def _sealed(chain: dict[str, Any]) -> str:
    text = json.dumps(chain)
    return f"{_digest(text)} {text}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _ms(at: str) -> int:
    return round(dt.datetime.fromisoformat(at).timestamp() * 1000)
