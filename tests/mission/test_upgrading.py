"""An older mission: keys in the open, entries of the first form, no auditor's key. It stays verifiable and goes on."""

from __future__ import annotations

from pathlib import Path

from truceline.log.entries import Entry, Seen, sign_entry
from truceline.log.log import Log
from truceline.log.notes import SigningKey
from truceline.mission.keyring import KeyRing, default_folder
from truceline.mission.mission import DEFAULTS, Mission
from truceline.mission.upgrading import upgrade
from truceline.mission.verifying import verify
from truceline.records.kinds import Consent, Genesis, encode
from truceline.records.parties import Party

AT = "2026-11-01T00:00:00Z"


def old_mission(root: Path) -> None:
    """As version 0.1.0 wrote it before keys were entries: `seen` a size, private keys as plain lines."""
    ring = KeyRing(default_folder(root))
    roles = ("operator", "commission", "intake", "registrar", "officer-1", "officer-2", "north")
    ring.make(roles)
    origin = KeyRing(root.with_name("origin.keys"))
    origin.make(["truceline"])
    key = SigningKey("truceline.invalid/old/1", origin.signing("truceline").seed)
    ring.save_log_key(key)
    plain = {path.name: ring.store.read(path.name) for path in ring.folder.iterdir() if path.name != "ring"}
    (ring.folder / "ring").unlink()
    for name, content in plain.items():
        (ring.folder / name).write_bytes(content)
    log = Log.create(root, key)
    settings = DEFAULTS | {f"age_recipient_{role}": line for role, line in ring.recipients().items()}
    genesis = Genesis(
        "old",
        False,
        (Party("north", {"en": "North"}),),
        (),
        (),
        {role: str(ring.signing(role).vkey) for role in roles},
        settings,
    )
    log.append(
        [
            sign_entry(
                key.name, Entry("genesis", key.name, 0, "", Seen(0, ""), AT, encode(genesis), version=1), key
            )
        ]
    )
    said = Entry(
        "consent",
        "north",
        0,
        "",
        Seen(1, ""),
        AT,
        encode(Consent("c1", "north", "patrol", True, AT)),
        version=1,
    )
    log.append([sign_entry(key.name, said, ring.signing("north"))])


def test_an_old_mission_verifies_is_brought_up_to_date_and_goes_on(tmp_path: Path) -> None:
    root = tmp_path / "old"
    old_mission(root)
    assert verify(root).log_size == 2
    before = Log.open(root).notes[:2]
    made = upgrade(root)
    assert len(made.done) == 2
    assert made.left == ()
    assert all(path.read_bytes().startswith(b"age-encryption") for path in default_folder(root).iterdir())
    mission = Mission.open(root)
    assert mission.log.notes[:2] == before
    assert "auditor" in mission.log.chain.keys
    mission.record(Consent("c2", "north", "patrol", False, AT), "north")
    assert verify(root).log_size == 4
    again = upgrade(root)
    assert (again.done, again.left) == ((), ())
