"""Who may log in: people by function, their sessions and their tokens. Only digests of secrets are kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from truceline.errors import UsageError
from truceline.store.database import Database
from truceline.store.schema import people, sessions, tokens

SESSION_MS: Final = 12 * 3_600_000
IDLE_MS: Final = 2 * 3_600_000


@dataclass(frozen=True, slots=True)
class Person:
    """One who may log in. `signs_as` names the key with which acts are signed."""

    name: str
    role: str
    signs_as: str
    party: str = ""
    password_hash: str = ""
    totp_secret: str = ""
    totp_last_step: int = 0
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """An open session: who, and the secret that every form must carry."""

    person: Person
    csrf: str


def add_person(database: Database, person: Person) -> None:
    """A new account. Raises UsageError STO-001, the name is taken."""
    try:
        with database.writing() as connection:
            connection.execute(sa.insert(people), _values(person))
    except sa.exc.IntegrityError as problem:
        raise UsageError(
            "STO-001", "a name must belong to one account", where="name", value=person.name,
            remedy="Choose another name, or change that account.",
        ) from problem  # fmt: skip


def change_person(database: Database, name: str, **values: str | int | bool) -> None:
    """Change an account; all its sessions end. Raises UsageError STO-002, there is none."""
    with database.writing() as connection:
        changed = connection.execute(sa.update(people).where(people.c.name == name).values(**values))
        if not changed.rowcount:
            raise UsageError(
                "STO-002",
                "the account must exist",
                where="name",
                value=name,
                remedy="`truceline account list FOLDER` names them.",
            )
        connection.execute(sa.delete(sessions).where(sessions.c.name == name))


def person(database: Database, name: str) -> Person | None:
    """An account by name."""
    with database.reading() as connection:
        found = connection.execute(sa.select(people).where(people.c.name == name)).mappings().first()
    return Person(**found) if found else None


def all_people(database: Database) -> list[Person]:
    """All accounts by name."""
    with database.reading() as connection:
        return [
            Person(**row) for row in connection.execute(sa.select(people).order_by(people.c.name)).mappings()
        ]


def use_code(database: Database, name: str, step: int) -> bool:
    """Whether the one-time code of this step is used for the first time; a code and all before it count once."""
    with database.writing() as connection:
        changed = connection.execute(
            sa.update(people)
            .where(people.c.name == name, people.c.totp_last_step < step)
            .values(totp_last_step=step)
        )
    return bool(changed.rowcount)


def open_session(database: Database, name: str, now_ms: int) -> tuple[str, str]:
    """A new session. Returns the cookie and the secret of its forms."""
    cookie, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    with database.writing() as connection:
        connection.execute(sa.delete(sessions).where(sessions.c.expires_ms < now_ms))
        connection.execute(
            sa.insert(sessions),
            {"digest": _digest(cookie), "name": name, "csrf": csrf, "expires_ms": now_ms + SESSION_MS, "seen_ms": now_ms},
        )  # fmt: skip
    return cookie, csrf


def session(database: Database, cookie: str, now_ms: int) -> Session | None:
    """The session of a cookie, if it is open, not idle for too long, and its account stands."""
    query = sa.select(people, sessions.c.csrf, sessions.c.expires_ms, sessions.c.seen_ms).join_from(
        sessions, people
    )
    with database.reading() as connection:
        found = connection.execute(query.where(sessions.c.digest == _digest(cookie))).mappings().first()
    if found is None or found["disabled"] or now_ms >= min(found["expires_ms"], found["seen_ms"] + IDLE_MS):
        return None
    if now_ms - found["seen_ms"] > 60_000:
        with database.writing() as connection:
            connection.execute(
                sa.update(sessions).where(sessions.c.digest == _digest(cookie)).values(seen_ms=now_ms)
            )
    return Session(Person(**{column.name: found[column.name] for column in people.columns}), found["csrf"])


def close_session(database: Database, cookie: str) -> None:
    """Log out."""
    with database.writing() as connection:
        connection.execute(sa.delete(sessions).where(sessions.c.digest == _digest(cookie)))


def make_token(database: Database, name: str, label: str, now_ms: int) -> str:
    """A token for a device or a script, with the rights of its account; shown once."""
    token = f"tl_{secrets.token_urlsafe(32)}"
    with database.writing() as connection:
        connection.execute(
            sa.insert(tokens),
            {"digest": _digest(token), "name": name, "label": label, "made_ms": now_ms, "revoked": False},
        )
    return token


def bearer(database: Database, token: str) -> Person | None:
    """The account of a token that was not revoked."""
    query = (
        sa.select(people)
        .join_from(tokens, people)
        .where(tokens.c.digest == _digest(token), ~tokens.c.revoked)
    )
    with database.reading() as connection:
        found = connection.execute(query).mappings().first()
    return Person(**found) if found and not found["disabled"] else None


def revoke_token(database: Database, name: str, label: str) -> bool:
    """Whether a token of that label was there to revoke."""
    with database.writing() as connection:
        changed = connection.execute(
            sa.update(tokens)
            .where(tokens.c.name == name, tokens.c.label == label, ~tokens.c.revoked)
            .values(revoked=True)
        )
    return bool(changed.rowcount)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _values(person: Person) -> dict[str, object]:
    return {name: getattr(person, name) for name in Person.__slots__}
