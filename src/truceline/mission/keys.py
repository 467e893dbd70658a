"""Enrol, rotate, revoke: the acts on keys, and the list of what the log says about them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from truceline.errors import UsageError
from truceline.log.keystore import KeyStore
from truceline.log.notes import VerifierKey
from truceline.mission.handing_in import by_authorities, prepare
from truceline.mission.keyring import KeyRing
from truceline.mission.mission import Mission
from truceline.records.kinds import Key


@dataclass(frozen=True, slots=True)
class KeyState:
    """One key as the log has it; `held`: its private half is in the folder of keys at hand."""

    name: str
    role: str
    state: str  # valid, rotated, revoked
    since: int
    until: int | None
    vkey: str
    held: bool


def states(mission: Mission) -> list[KeyState]:
    """Every key of the log, in the order in which they came; asks for no passphrase."""
    held = set(mission.keys.held()) | ({mission.log.origin} if mission.keys.holds_log_key else set())
    return [
        KeyState(one.name, one.role, one.ended or "valid", one.since, one.until, one.vkey, one.name in held and not one.ended)
        for one in mission.log.chain.history()
    ]  # fmt: skip


def enrol(mission: Mission, name: str, role: str = "", vkey: str = "") -> bytes:
    """The entry that gives `name` a key: made here, or made elsewhere and given as a verifier key line.

    Signed by whoever of operator, commission and the new key is at hand; others countersign.

    Raises:
        UsageError: MIS-003, MIS-007, MIS-008, LOG-120..122. LogError: LOG-010.
    """
    if not vkey:
        new = mission.keys.next_key(name)
        return by_authorities(mission, Key("enrol", name, str(new.vkey), role or name), new)
    return by_authorities(mission, Key("enrol", name, str(VerifierKey.parse(vkey)), role or name), None)


def rotate(mission: Mission, name: str, reason: str = "") -> bytes:
    """The entry by which `name` changes to a new key, signed by the old and the new one.

    Raises:
        UsageError: MIS-003, MIS-007, LOG-120..122.
    """
    new = mission.keys.next_key(name)
    return prepare(mission, name, Key("rotate", name, str(new.vkey), "", reason), new_key=new)


def revoke(mission: Mission, name: str, reason: str = "") -> bytes:
    """The entry by which the key of `name` ends: signed by its holder where that key is at hand, else by the authorities.

    Raises:
        UsageError: MIS-003, MIS-007, MIS-053 the name has no key, LOG-120..122.
    """
    valid = mission.log.chain.keys.get(name)
    if valid is None:
        raise UsageError(
            "MIS-053",
            "the name must have a valid key",
            value=name,
            remedy="`truceline key list` shows which names have.",
        )
    body = Key("revoke", name, str(valid), "", reason)
    if name in mission.keys.held() and mission.signing(name).vkey == valid:
        return prepare(mission, name, body)
    return by_authorities(mission, body, None)


def settle(mission: Mission, name: str) -> None:
    """Finish in the ring what the log took: the new key is the key now. Raises UsageError MIS-003, MIS-007, LOG-120..122."""
    mission.keys.signing(name, mission.log.chain.keys.get(name))


def export(ring: KeyRing, role: str, folder: Path, passphrase: str | None) -> list[str]:
    """Put what one role holds into a new folder of keys of its own, to hand over; the names of the files.

    Raises:
        UsageError: MIS-003 the ring holds nothing of that role, MIS-051 the folder is not empty; MIS-007, LOG-120..122.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(
            "MIS-051",
            "keys must be handed over in an empty folder",
            where=str(folder),
            remedy="Choose another folder.",
        )
    names = [f"{role}.{kind}" for kind in ("key", "age") if (ring.folder / f"{role}.{kind}").is_file()]
    if not names:
        ring.signing(role)
    theirs = KeyStore(folder)
    theirs.create(passphrase)
    for name in names:
        theirs.write(name, ring.store.read(name))
    return names
