"""Everything a witness does, by a stick that travels: nothing is trusted because it is on the stick."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from truceline.errors import CheckFailed, LogError
from truceline.log import stick as sticks
from truceline.log.authors import Author
from truceline.log.cosignatures import CosignerKey
from truceline.log.log import Log
from truceline.log.notes import SigningKey
from truceline.log.verifying import verify
from truceline.log.witness import Witness

AT = "2031-03-03T00:00:00Z"
LOG, OFFICER = SigningKey("truceline.test/stick", b"\x01" * 32), SigningKey("officer", b"\x02" * 32)
NORTH = SigningKey("north.example/witness", b"\x03" * 32)


def build(folder: Path, size: int, text: str = "a") -> Log:
    log = Log.create(folder, LOG)
    log.append([Author(LOG, log).note("genesis", {"keys": {"officer": str(OFFICER.vkey)}}, AT)])
    grow(log, size - 1, text)
    return log


def grow(log: Log, count: int, text: str = "a") -> None:
    author = Author(OFFICER, log)
    log.append([author.note("decision", {text: n}, AT) for n in range(count)])


@pytest.fixture
def log(tmp_path: Path) -> Log:
    made = build(tmp_path / "mission", 300)
    (made.folder / "policy").mkdir()
    policy = f"log {LOG.vkey}\nwitness north {CosignerKey.of(NORTH)}\nquorum north\n"
    (made.folder / "policy" / "receipt.policy").write_text(policy)
    return made


def witness(folder: Path, log: Log) -> Witness:
    made = Witness(folder, NORTH, folder / "mark", lambda: 1_900_000_000.0)
    made.watch(LOG.vkey, log.tree.leaf(0))
    return made


def test_a_stick_travels_there_and_back_and_the_receipt_is_what_authors_have_seen(
    log: Log, tmp_path: Path
) -> None:
    stick, north = tmp_path / "stick", witness(tmp_path / "north", log)
    for size in (300, 301, 700):
        if size > log.size:
            grow(log, size - log.size)
        assert sticks.export(log.folder, stick).size == size
        assert sticks.check(stick, sticks.watched(north, LOG.name)).checkpoint.size == size
        assert sticks.cosign_stick(stick, north, LOG.name).checkpoint.size == size
        ((checkpoint, made),) = sticks.collect(stick, LOG.vkey, [CosignerKey.of(NORTH)])
        assert [one.key.name for one in made] == [NORTH.name]
        assert log.attach(checkpoint, made) == ["receipt"]
        assert (log.seen().size, log.seen().root) == (size, log.root.hex())
    grow(log, 1)
    assert log.entry(700)[2].seen.size == 700  # not older than what north cosigned
    verify(log.folder)


def test_nothing_is_trusted_on_first_use(log: Log, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    sticks.export(log.folder, stick)
    nobody = Witness(tmp_path / "nobody", NORTH, tmp_path / "mark")
    with pytest.raises(LogError, match="LOG-058"):
        sticks.cosign_stick(stick, nobody, LOG.name)
    nobody.watch(LOG.vkey, bytes(32))
    with pytest.raises(LogError, match="LOG-044"):
        sticks.cosign_stick(stick, nobody, LOG.name)
    assert not (stick / "cosignatures").exists()


def test_a_fork_on_the_stick_is_not_cosigned(log: Log, tmp_path: Path) -> None:
    stick, north = tmp_path / "stick", witness(tmp_path / "north", log)
    sticks.export(log.folder, stick)
    sticks.cosign_stick(stick, north, LOG.name)
    fork = Log.create(tmp_path / "fork", LOG)
    fork.append(log.notes[:1])
    fork.append(log.notes[1:200])
    grow(fork, 200, "b")
    shutil.rmtree(stick)
    sticks.export(fork.folder, stick)
    with pytest.raises(LogError, match="LOG-044"):
        sticks.cosign_stick(stick, north, LOG.name)
    assert not (stick / "cosignatures").exists()


def test_a_roll_back_on_the_stick_is_not_cosigned(log: Log, tmp_path: Path) -> None:
    stick, north, old = tmp_path / "stick", witness(tmp_path / "north", log), tmp_path / "old"
    sticks.export(log.folder, old)
    grow(log, 5)
    sticks.export(log.folder, stick)
    sticks.cosign_stick(stick, north, LOG.name)
    with pytest.raises(LogError, match="LOG-043"):
        sticks.cosign_stick(old, north, LOG.name)


def test_any_altered_byte_on_the_stick_is_refused(log: Log, tmp_path: Path) -> None:
    stick, held = tmp_path / "stick", sticks.watched(witness(tmp_path / "north", log), LOG.name)
    sticks.export(log.folder, stick)
    for path in sorted(one for one in (stick / "log").rglob("*") if one.is_file()):
        raw = path.read_bytes()
        for at in {0, 5, len(raw) // 2, len(raw) - 1}:
            path.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
            with pytest.raises(CheckFailed):
                sticks.check(stick, held)
        path.write_bytes(raw)
    assert sticks.check(stick, held).checkpoint.size == 300


def test_a_cosignature_of_a_stranger_or_an_altered_one_is_refused(log: Log, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    sticks.export(log.folder, stick)
    sticks.cosign_stick(stick, witness(tmp_path / "north", log), LOG.name)
    with pytest.raises(LogError, match="LOG-135"):
        sticks.collect(stick, LOG.vkey, [])
    (path,) = (stick / "cosignatures").iterdir()
    raw = path.read_bytes()
    path.write_bytes(raw.replace(raw.splitlines()[1], b"299"))
    with pytest.raises(LogError):
        sticks.collect(stick, LOG.vkey, [CosignerKey.of(NORTH)])
