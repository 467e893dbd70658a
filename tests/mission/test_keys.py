"""Keys of a mission: encrypted at rest, enrolled, rotated, revoked; acts that several sign."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from truceline.cli.main import main
from truceline.errors import LogError, UsageError
from truceline.log import keystore
from truceline.log.authors import Author
from truceline.log.notes import SigningKey
from truceline.log.verifying import verify
from truceline.mission import handing_in, keys
from truceline.mission.keyring import KeyRing
from truceline.mission.mission import Mission
from truceline.records.kinds import Consent, Genesis, Refused
from truceline.records.parties import Party

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["truceline", *map(str, words)])
        code = main()
        said = capsys.readouterr()
        return code, said.out or said.err

    return call


def begin(root: Path) -> Mission:
    genesis = Genesis(
        "m", False, tuple(Party(one, {"en": one}) for one in ("north", "south")), (), (), {}, {}
    )
    return Mission.create(root, genesis)


def consent(party: str, number: int = 1) -> Consent:
    return Consent(f"c{number}", party, "patrol", True, "2031-03-03T00:00:00Z")


def seeds(ring: KeyRing) -> list[str]:
    return [ring.signing(role).seed.hex() for role in ring.held()] + [str(ring.identity())]


def test_no_private_key_lies_open_or_is_readable_by_others_or_is_shown(tmp_path: Path, run: Run) -> None:
    mission = begin(tmp_path / "m")
    mission.seal([])
    secrets = seeds(mission.keys)
    files = list(mission.keys.folder.iterdir())
    assert len(files) > 10
    for path in files:
        assert path.stat().st_mode & 0o077 == 0
        assert path.read_bytes().startswith(b"age-encryption.org/v1\n")
        assert not any(secret.encode() in path.read_bytes() for secret in secrets)
    assert mission.keys.folder.stat().st_mode & 0o077 == 0
    said = run("key", "list", tmp_path / "m", "--json")[1] + repr(mission.keys.signing("north"))
    assert not any(secret in said for secret in secrets)


def test_a_copy_of_the_keys_opens_nothing_without_the_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = begin(tmp_path / "m").keys
    monkeypatch.setenv("TRUCELINE_ACCOUNT_KEY", str(tmp_path / "another"))
    monkeypatch.setattr(keystore, "_opened", {})
    with pytest.raises(UsageError, match="LOG-122"):
        ring.signing("north")


def test_a_passphrase_opens_by_variable_and_by_descriptor_and_nothing_else_does(
    tmp_path: Path, run: Run
) -> None:
    begin(tmp_path / "m")
    os.environ["TRUCELINE_NEW_PASSPHRASE"] = "correct horse"
    try:
        assert run("key", "protect", tmp_path / "m")[0] == 0
    finally:
        del os.environ["TRUCELINE_NEW_PASSPHRASE"]
    program = [sys.executable, "-m", "truceline", "key", "revoke", str(tmp_path / "m"), "north", "--json"]
    start = os.environ | {"PYTHONPATH": ":".join(sys.path)}
    for given, code in ({}, "LOG-120"), ({"TRUCELINE_PASSPHRASE": "wrong"}, "LOG-121"):
        made = subprocess.run(
            program, env=start | given, capture_output=True, check=False, stdin=subprocess.DEVNULL
        )
        assert (made.returncode, json.loads(made.stdout)["error"]["code"]) == (2, code)
    read, write = os.pipe()
    os.write(write, b"correct horse\n")
    os.close(write)
    given = {"TRUCELINE_PASSPHRASE_FD": str(read)}
    made = subprocess.run(program, env=start | given, capture_output=True, check=False, pass_fds=[read])
    assert json.loads(made.stdout)["done"] == "revoked"
    assert run("log", "show", tmp_path / "m")[0] == 0  # reading asks for nothing
    assert run("key", "list", tmp_path / "m")[0] == 0


def test_keys_of_an_older_version_open_and_are_encrypted_on_demand(tmp_path: Path, run: Run) -> None:
    mission = begin(tmp_path / "m")
    ring = mission.keys
    plain = {path.name: ring.store.read(path.name) for path in ring.folder.iterdir() if path.name != "ring"}
    for path in ring.folder.iterdir():
        path.unlink()
    for name, content in plain.items():
        (ring.folder / name).write_bytes(content)
    assert Mission.open(tmp_path / "m").record(consent("north"), "north").index == 1
    assert "NOT encrypted" in run("key", "list", tmp_path / "m")[1]
    assert run("key", "protect", tmp_path / "m", "--account")[0] == 0
    assert all(path.read_bytes().startswith(b"age-encryption") for path in ring.folder.iterdir())
    assert Mission.open(tmp_path / "m").record(consent("south"), "south").index == 2


def test_a_key_is_made_rotated_and_revoked_by_command(tmp_path: Path, run: Run) -> None:
    begin(tmp_path / "m")
    for words, index in (
        (("new", "mediator"), 1),
        (("rotate", "north"), 2),
        (("revoke", "south"), 3),
        (("new", "south"), 4),
    ):
        code, said = run("key", words[0], tmp_path / "m", words[1], "--json")
        assert (code, json.loads(said)["entry"]) == (0, index)
    mission = Mission.open(tmp_path / "m")
    for party in ("north", "south"):
        mission.record(consent(party), party)
    listed = json.loads(run("key", "list", tmp_path / "m", "--json")[1])["keys"]
    assert [(one["name"], one["state"]) for one in listed if one["name"] in ("north", "south", "mediator")] == [
        ("north", "rotated"), ("south", "revoked"), ("mediator", "valid"), ("north", "valid"), ("south", "valid"),
    ]  # fmt: skip
    assert run("key", "revoke", tmp_path / "m", "nobody")[0] == 2
    assert run("log", "verify", tmp_path / "m")[0] == 0


def test_a_rotation_that_was_cut_short_is_finished_by_the_next_to_sign(tmp_path: Path) -> None:
    mission = begin(tmp_path / "m")
    handing_in.hand_in(mission, keys.rotate(mission, "north"))  # and killed before the ring was settled
    again = Mission.open(tmp_path / "m")
    assert again.keys.waiting() == ["north"]
    again.record(consent("north"), "north")
    assert again.keys.waiting() == []


def test_a_party_makes_its_key_on_its_own_machine(tmp_path: Path, run: Run) -> None:
    begin(tmp_path / "m")
    line = run("key", "make", "east", "--keys", tmp_path / "theirs")[1].strip()
    paper = tmp_path / "enrol.note"
    _, said = run("key", "new", tmp_path / "m", "east", "--vkey", line, "--out", paper, "--json")
    assert json.loads(said)["missing"] == ["east"]
    assert run("log", "submit", tmp_path / "m", paper)[0] == 1
    assert run("log", "sign", tmp_path / "m", paper, "--as", "east", "--keys", tmp_path / "theirs")[0] == 0
    assert run("log", "submit", tmp_path / "m", paper)[0] == 0
    there = Mission.open(tmp_path / "m", tmp_path / "theirs")
    note = handing_in.prepare(there, "east", consent("east"))
    assert handing_in.hand_in(Mission.open(tmp_path / "m"), note) == 2


def test_refused_submissions_are_named_and_unsigned_ones_counted(tmp_path: Path) -> None:
    mission = begin(tmp_path / "m")
    good, for_south = (handing_in.prepare(mission, "north", consent(party)) for party in ("north", "south"))
    stranger = SigningKey("north", b"\x09" * 32).sign(good.rpartition(b"\n\n")[0] + b"\n")
    late = handing_in.prepare(mission, "south", consent("south"))
    handing_in.hand_in(mission, keys.revoke(mission, "south"))
    outcomes = handing_in.submit(mission, [good, for_south, stranger, late, good])
    assert [one.index for one in outcomes] == [2, None, None, None, 2]
    codes = [one.problem.code if one.problem else "" for one in outcomes]
    assert codes == ["", "MIS-005", "LOG-012", "LOG-115", ""]
    ((entry, refused),) = mission.of(Refused)
    assert (entry.author, entry.index, refused.unsigned) == (mission.log.origin, 3, 1)
    assert [(one.author, one.code) for one in refused.refused] == [("north", "MIS-005"), ("south", "LOG-115")]
    assert [one.index for one in handing_in.submit(mission, [late, good, stranger])] == [None, 2, None]
    assert len(mission.of(Refused)) == 1  # once named is enough
    verify(tmp_path / "m")


def test_nobody_hands_in_what_the_log_itself_says(tmp_path: Path) -> None:
    mission = begin(tmp_path / "m")
    forged = Author(mission.keys.log_key(), mission.log).note(
        "refused", {"refused": []}, "2031-03-03T00:00:00Z"
    )
    (outcome,) = handing_in.submit(mission, [forged])
    assert isinstance(outcome.problem, LogError)
    assert outcome.problem.code == "LOG-118"


def test_a_role_is_handed_over_in_a_folder_of_its_own(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    mission = begin(tmp_path / "m")
    monkeypatch.setenv("TRUCELINE_NEW_PASSPHRASE", "over the telephone")
    assert run("key", "export", tmp_path / "m", "auditor", "--to", tmp_path / "auditor")[0] == 0
    assert sorted(path.name for path in (tmp_path / "auditor").iterdir()) == [
        "auditor.age",
        "auditor.key",
        "ring",
    ]
    monkeypatch.setenv("TRUCELINE_PASSPHRASE", "over the telephone")
    theirs = KeyRing(tmp_path / "auditor")
    assert theirs.signing("auditor") == mission.keys.signing("auditor")
    with pytest.raises(UsageError, match="MIS-003"):
        theirs.signing("north")
    assert run("key", "export", tmp_path / "m", "auditor", "--to", tmp_path / "auditor")[0] == 2
