"""Two databases of views, row by row: what stands in one and not in the other, or otherwise."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from truceline.store.database import Database
from truceline.store.schema import disclosed, documents, findings, incidents, observations

VIEWS: Final = (incidents, findings, observations, disclosed, documents)


@dataclass(frozen=True, slots=True)
class Compared:
    """One view: rows as made again, and how those that stood differ from them."""

    view: str
    rows: int
    missing: int  # made again and did not stand
    extra: int  # stood and is not made again
    altered: int

    @property
    def same(self) -> bool:
        return not (self.missing or self.extra or self.altered)


def compare(standing: Database, made: Database) -> list[Compared]:
    """Every view of `standing` held against `made`."""
    told = []
    for table in VIEWS:
        was, now = (_digests(database, table) for database in (standing, made))
        both = was.keys() & now.keys()
        altered = sum(was[key] != now[key] for key in both)
        told.append(Compared(table.name, len(now), len(now.keys() - both), len(was.keys() - both), altered))
    return told


def _digests(database: Database, table: sa.Table) -> dict[str, bytes]:
    key = next(iter(table.primary_key.columns))
    with database.reading() as connection:
        found = connection.execution_options(stream_results=True).execute(sa.select(key, *table.columns))
        return {
            str(row[0]): hashlib.blake2b(repr(tuple(row)[1:]).encode(), digest_size=16).digest()
            for row in found
        }
