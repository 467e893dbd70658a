"""Who has a finding in hand: a courtesy among officers, which lapses by itself. Not a lock, and never on the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from truceline.store.database import Database
from truceline.store.schema import work

LAPSES_MS: Final = 30 * 60_000


def take(database: Database, finding_id: str, name: str, now_ms: int) -> None:
    """Somebody begins, or takes over."""
    with database.writing() as connection:
        connection.execute(sa.delete(work).where(work.c.finding_id == finding_id))
        connection.execute(sa.insert(work), {"finding_id": finding_id, "name": name, "since_ms": now_ms})


def leave(database: Database, finding_ids: Sequence[str]) -> None:
    """It is out of hand."""
    with database.writing() as connection:
        connection.execute(sa.delete(work).where(work.c.finding_id.in_(finding_ids)))


def in_hand(database: Database, finding_ids: Sequence[str], now_ms: int) -> dict[str, tuple[str, int]]:
    """finding id -> (account, since), of those that have not lapsed."""
    query = sa.select(work).where(work.c.finding_id.in_(finding_ids), work.c.since_ms > now_ms - LAPSES_MS)
    with database.reading() as connection:
        return {row.finding_id: (row.name, row.since_ms) for row in connection.execute(query)}
