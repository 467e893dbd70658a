"""Accounts of the mission server: a function, a role, and for those whose acts are signed a key of the mission."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from truceline.errors import UsageError
from truceline.records.roles import MAY_SIGN, ROLES, SIGNING

if TYPE_CHECKING:
    from truceline.mission.desk import Desk

MIN_PASSWORD: Final = 12
_SOURCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def add_account(
    desk: Desk, *, name: str, role: str, password: str, party: str = "", signs_as: str = ""
) -> None:
    """A new account, checked against the mission.

    Args:
        name: of the function, e.g. "officer north"; never a person's.
        party: of a liaison, who signs with the key of that party.
        signs_as: the key of an officer, which no other has (R24); a commissioner may have that of a party or of the
            commission, a mediator that of an actor. Of an observer it is the source that it reports as.
    Raises:
        UsageError: MIS-180 the name, MIS-181 the role, MIS-182 the party, MIS-183 the key, MIS-184 the password,
            STO-001 the name is taken.
    """
    from argon2 import PasswordHasher

    from truceline.store import accounts

    genesis = desk.mission.genesis
    if not name.strip() or name != name.strip():
        raise UsageError("MIS-180", "an account must have a name", where="name", value=name, remedy="Name the function, not the person.")  # fmt: skip
    if role not in ROLES[1:]:
        raise UsageError("MIS-181", "an account must have a role", where="role", value=role, remedy=f"Known: {', '.join(ROLES[1:])}.")  # fmt: skip
    parties = sorted(one.id for one in genesis.parties)
    if (role == "liaison") != (party in parties) or (party and role != "liaison"):
        raise UsageError(
            "MIS-182", "a liaison, and only a liaison, must be of a party of the mission", where="party", value=party,
            remedy=f"Parties: {', '.join(parties)}.",
        )  # fmt: skip
    signs = party if role == "liaison" else signs_as
    parts = {
        "liaison": set(parties), "commissioner": {"commission", *parties}, "mediator": {one.id for one in genesis.actors},
        "officer": set(genesis.keys) - set(parties) - {one.id for one in genesis.actors} - {"commission", "auditor"},
    }  # fmt: skip
    usable = sorted(parts.get(role, set()) & set(genesis.keys))
    reports = role == "observer" and signs not in genesis.keys and _SOURCE.fullmatch(signs) is not None
    if (role in SIGNING and not signs) or (signs and signs not in usable and not reports):
        raise UsageError(
            "MIS-183", "an account must sign with a key of the mission that is for its role", where="signs_as", value=signs,
            remedy=f"Keys for this role: {', '.join(usable)}." if role in MAY_SIGN else "Only officers, liaisons, commissioners and mediators sign.",
        )  # fmt: skip
    held = [
        one for one in accounts.all_people(desk.database) if one.role == "officer" and one.signs_as == signs
    ]
    if role == "officer" and held:
        raise UsageError(
            "MIS-183", "two officers must not sign with one key", where="signs_as", value=signs,
            remedy="Two persons review a finding: give each a key of its own.",
        )  # fmt: skip
    if len(password) < MIN_PASSWORD:
        raise UsageError(
            "MIS-184", f"a password must have at least {MIN_PASSWORD} characters", where="password",
            remedy="A sentence of several words is easy to keep.",
        )  # fmt: skip
    hashed = PasswordHasher().hash(password)
    accounts.add_person(desk.database, accounts.Person(name, role, signs, party, hashed))
