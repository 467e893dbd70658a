import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import EnvironmentFailure, LogError
from truceline.log import merkle
from truceline.log.authors import Author
from truceline.log.log import Log
from truceline.log.notes import SigningKey, VerifierKey
from truceline.log.verifying import verify

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "merkle"
LOG_KEY, OFFICER = SigningKey("truceline.test/one", b"\x01" * 32), SigningKey("officer", b"\x02" * 32)
AT = "2031-03-03T00:00:00Z"


def build(folder: Path, size: int) -> Log:
    log = Log.create(folder, LOG_KEY)
    genesis = Author(LOG_KEY, log).note("genesis", {"keys": {"officer": str(OFFICER.vkey)}}, AT)
    log.append([genesis])
    author = Author(OFFICER, log)
    log.append([author.note("decision", {"n": n}, AT) for n in range(size - 1)])
    return log


@pytest.mark.parametrize("size", [1, 2, 255, 257, 600])
def test_a_log_verifies_and_reopens_with_the_same_root(tmp_path: Path, size: int) -> None:
    log = build(tmp_path, size)
    verify(tmp_path)
    assert Log.open(tmp_path).root == log.root
    assert log.size == size


def test_every_flipped_byte_class_is_refused(tmp_path: Path) -> None:
    build(tmp_path, 300)
    for path in sorted(p for p in (tmp_path / "log").rglob("*") if p.is_file()):
        raw = path.read_bytes()
        for at in {0, 5, len(raw) // 3, len(raw) // 2, len(raw) - 1}:
            path.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
            with pytest.raises(LogError):
                verify(tmp_path)
        path.write_bytes(raw)
    verify(tmp_path)


def test_an_added_file_is_refused(tmp_path: Path) -> None:
    build(tmp_path, 3)
    (tmp_path / "log" / "tile" / "extra").write_bytes(b"x")
    with pytest.raises(LogError, match="LOG-038"):
        verify(tmp_path)


def test_the_same_entry_keeps_its_index(tmp_path: Path) -> None:
    log = build(tmp_path, 5)
    assert log.append([log.notes[3], log.notes[3]]) == [3, 3]
    assert log.size == 5


def test_two_sequencers_cannot_fork(tmp_path: Path) -> None:
    build(tmp_path, 2)
    one, two = Log.open(tmp_path, LOG_KEY), Log.open(tmp_path, LOG_KEY)
    one.append([Author(OFFICER, one).note("a", {}, AT)])
    with pytest.raises(LogError, match="LOG-032"):
        two.append([Author(OFFICER, two).note("b", {}, AT)])


CRASH = """
import os, sys
from pathlib import Path
from truceline.log.authors import Author
from truceline.log.log import Log
from truceline.log.notes import SigningKey
folder, step = Path(sys.argv[1]), sys.argv[2]
log = Log.open(folder, SigningKey("truceline.test/one", b"\\x01" * 32))
note = Author(SigningKey("officer", b"\\x02" * 32), log).note("decision", {"late": 1}, "2031-03-04T00:00:00Z")
log.append([note], fault=lambda at: os._exit(9) if at == step else None)
"""


@pytest.mark.parametrize(
    ("step", "size"), [("staged", 300), ("signed", 300), ("committed", 301), ("published", 301)]
)
def test_a_kill_at_any_step_loses_nothing_acknowledged(tmp_path: Path, step: str, size: int) -> None:
    build(tmp_path, 300)
    killed = subprocess.run(
        [sys.executable, "-c", CRASH, str(tmp_path), step],
        env=os.environ | {"PYTHONPATH": ":".join(sys.path)},
        check=False,
    )
    assert killed.returncode == 9
    assert Log.open(tmp_path, LOG_KEY).size == size
    verify(tmp_path)


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = build(tmp_path, 4)

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(EnvironmentFailure, match="ENV-001"):
            log.append([Author(OFFICER, log).note("a", {}, AT)])
    verify(tmp_path)
    assert Log.open(tmp_path).size == 4


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_proofs_verify_and_altered_ones_do_not(leaves: list[bytes], random: object) -> None:
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    root, size = merkle.root_of(hashes), len(hashes)
    for index in range(size):
        proof = merkle.prove_inclusion(hashes, index)
        merkle.verify_inclusion(hashes[index], index, size, proof, root)
        with pytest.raises(LogError):
            merkle.verify_inclusion(merkle.leaf_hash(b"other-leaf"), index, size, proof, root)
    for old in range(1, size + 1):
        proof = merkle.prove_consistency(hashes, old)
        merkle.verify_consistency(old, size, proof, merkle.root_of(hashes[:old]), root)
        with pytest.raises(LogError):
            merkle.verify_consistency(old, size, [*proof, root], merkle.root_of(hashes[:old]), root)


def test_verifier_keys_round_trip() -> None:
    assert VerifierKey.parse(str(OFFICER.vkey)) == OFFICER.vkey
    with pytest.raises(LogError, match="LOG-010"):
        VerifierKey.parse(str(OFFICER.vkey)[:-2])


def _bytes(value: str | None) -> bytes:
    return base64.b64decode(value or "")


@pytest.mark.skipif(not VECTORS.exists(), reason="the published Merkle vectors are not on this machine")
@pytest.mark.parametrize("name", ["inclusion", "consistency"])
def test_published_merkle_vectors(name: str) -> None:
    vectors = json.loads((VECTORS / f"merkle_{name}.json").read_text())
    assert len(vectors) == 98
    for vector in vectors:
        proof = [_bytes(node) for node in vector["proof"] or []]
        try:
            if name == "inclusion":
                merkle.verify_inclusion(
                    _bytes(vector["leafHash"]),
                    vector["leafIdx"],
                    vector["treeSize"],
                    proof,
                    _bytes(vector["root"]),
                )
            else:
                merkle.verify_consistency(
                    vector["size1"], vector["size2"], proof, _bytes(vector["root1"]), _bytes(vector["root2"])
                )
        except LogError:
            assert vector["wantErr"], vector["desc"]
        else:
            assert not vector["wantErr"], vector["desc"]
