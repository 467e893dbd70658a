"""One engine for SQLite (the default, no server) and PostgreSQL (by a URL), with the same SQL.

SQLite runs in WAL mode with a busy timeout, and a transaction that writes begins as `IMMEDIATE`: two writers wait for
each other instead of failing. The database holds views and accounts; the log stays the truth, so every view can be dropped.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truceline.errors import EnvironmentFailure
from truceline.store.schema import METADATA, SCHEMA_VERSION, settings

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

BUSY_MS = 10_000
MIGRATIONS: dict[int, tuple[str, ...]] = {1: ("ALTER TABLE observations ADD COLUMN source_id VARCHAR",)}
"""Version -> what leads to the next one, beyond the tables that are new (those are made anyway). Accounts are kept."""


class Database:
    """Connections to the mission's database; `reading` and `writing` are its two ways in."""

    def __init__(self, url: str) -> None:
        """Connect and make the tables that are missing.

        Args:
            url: of SQLAlchemy, e.g. `sqlite:///views/desk.sqlite` or `postgresql+psycopg://localhost/mission`.
        Raises:
            EnvironmentFailure: ENV-040 no such server, ENV-041 a database of another version.
        """
        import sqlalchemy as sa

        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        try:
            self.engine: Engine = sa.create_engine(url, pool_pre_ping=not self.is_sqlite)
            if self.is_sqlite:
                sa.event.listen(self.engine, "connect", _on_connect)
                sa.event.listen(self.engine, "begin", _on_begin)
            METADATA.create_all(self.engine)
            self._check_version()
        except EnvironmentFailure:
            self.engine.dispose()
            raise
        except (sa.exc.SQLAlchemyError, ModuleNotFoundError) as problem:
            raise EnvironmentFailure(
                "ENV-040", "the database must answer", where=sa.engine.make_url(url).render_as_string(),
                value=str(getattr(problem, "orig", problem)),
                remedy="Start the server, or leave --database out to use the file in the mission's folder.",
            ) from problem  # fmt: skip

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all of it or nothing."""
        options = {"writes": True} if self.is_sqlite else {}
        with self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    def _check_version(self) -> None:
        import sqlalchemy as sa

        with self.writing() as connection:
            found = connection.execute(
                sa.select(settings.c.value).where(settings.c.name == "schema_version")
            ).scalar()
            if found is None:
                connection.execute(
                    sa.insert(settings), {"name": "schema_version", "value": str(SCHEMA_VERSION)}
                )
            elif found.isdecimal() and int(found) < SCHEMA_VERSION:
                for version in range(int(found), SCHEMA_VERSION):
                    for statement in MIGRATIONS[version]:
                        connection.exec_driver_sql(statement)
                connection.execute(
                    sa.update(settings)
                    .where(settings.c.name == "schema_version")
                    .values(value=str(SCHEMA_VERSION))
                )
                connection.execute(
                    sa.delete(settings).where(settings.c.name == "made_from")
                )  # the views are filled again
            elif found != str(SCHEMA_VERSION):
                raise EnvironmentFailure(
                    "ENV-041", "the database must not be of a newer version", where=self.engine.url.render_as_string(),
                    value=found, remedy="Install the Truceline that made it; or give an empty database: views are made again, accounts are not.",
                )  # fmt: skip


def sqlite_url(path: Path) -> str:
    """The URL of a database file."""
    return f"sqlite:///{path.resolve()}"


def _on_connect(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # transactions are ours: `_on_begin`
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
