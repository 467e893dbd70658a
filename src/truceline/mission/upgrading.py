"""Bring a mission of an older version up to date: what is added is an entry, what was there stays and stays verifiable."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from truceline import agreement as agreements
from truceline.mission import keys
from truceline.mission.handing_in import hand_in
from truceline.mission.keyring import KeyRing, default_folder
from truceline.mission.mission import Mission
from truceline.mission.verifying import verify
from truceline.records.kinds import AgreementVersion

AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What was done, and what needs somebody's key."""

    log_size: int
    done: tuple[str, ...]
    left: tuple[str, ...]


def upgrade(root: Path, ring_folder: Path | None = None, passphrase: str | None = None) -> Upgraded:
    """Encrypt keys that lay open, enrol an auditor's key where there is none; then verify everything.

    Args:
        passphrase: for keys that lay open; this account's key when None.
    Raises:
        as `Mission.open` and `verify`; UsageError: MIS-003, MIS-007, LOG-120..122.
    """
    done, left = [], []
    ring = KeyRing(ring_folder or default_folder(root))
    if ring.folder.is_dir() and ring.store.protection == "none" and ring.held():
        ring.store.protect(passphrase)
        done.append(f"private keys in {ring.folder} are encrypted now")
    mission = Mission.open(root, ring_folder)
    real = not mission.setting("record_only")
    if real and AUDITOR not in mission.log.chain.keys:
        if {*mission.log.chain.authorities} <= set(mission.keys.held()) and mission.keys.holds_log_key:
            index = hand_in(mission, keys.enrol(mission, AUDITOR))
            keys.settle(mission, AUDITOR)
            done.append(f"the auditor has a signing key: entry {index}")
        else:
            left.append(f"enrol a signing key for the auditor: `truceline key new {root} {AUDITOR}`")
    for _, body in mission.of(AgreementVersion):
        filled = agreements.unpack(mission.blobs.read(body.blob)).filled
        if filled:
            left.append(
                f"agreement {body.agreement_id} {body.version} was packed by an older version and is read as it stands"
                f" ({'; '.join(filled)}); complete its folder and adopt it: `truceline agreement adopt {root} AGREEMENT`"
            )
    return Upgraded(
        verify(root, disclosed_only=not (root / "sealed").exists()).log_size, tuple(done), tuple(left)
    )
