import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import EnvironmentFailure, EvidenceError
from truceline.evidence import Blobs, RowTree, SealedRecord, Vault, disclosed_observations, verify_wraps
from truceline.log import merkle
from truceline.records.columns import NEVER_NULL, OBSERVATIONS

MISSION, PARTY = (pyrage.x25519.Identity.generate() for _ in range(2))
RECORDS = [
    SealedRecord(b"north post, bearing 30", b"sector 4"),
    SealedRecord(b"x" * 5000, b"sector 5"),
    SealedRecord(b""),
]


def vault(folder: Path, identity: object = MISSION) -> Vault:
    return Vault(folder, [str(MISSION.to_public())], str(identity) if identity else None)


def test_a_batch_opens_to_what_was_sealed_and_is_padded_with_dummies(tmp_path: Path) -> None:
    batch = vault(tmp_path).seal_batch(RECORDS, 8)
    opened = vault(tmp_path).open_batch(batch.payloads_digest, batch.commitments)
    assert [one.record for one in opened[:3]] == RECORDS
    assert [one.is_dummy for one in opened] == [False] * 3 + [True] * 5
    assert len(set(batch.commitments)) == 8  # equal dummies differ by their salts


def test_the_ciphertext_shows_neither_content_nor_fine_size(tmp_path: Path) -> None:
    one = vault(tmp_path / "a").seal_batch([SealedRecord(b"secret place", b"")], 4)
    two = vault(tmp_path / "b").seal_batch([SealedRecord(b"a much longer secret place" * 9, b"")], 4)
    first, second = (
        Blobs(tmp_path / name / "payloads").read(batch.payloads_digest)
        for name, batch in (("a", one), ("b", two))
    )
    assert b"secret" not in first
    assert len(first) == len(second)


def test_who_has_no_key_cannot_open(tmp_path: Path) -> None:
    batch = vault(tmp_path).seal_batch(RECORDS, 4)
    for identity in (None, PARTY):
        with pytest.raises(EvidenceError, match="EVI-011"):
            vault(tmp_path, identity).open_batch(batch.payloads_digest, batch.commitments)


def test_a_deleted_wrap_keeps_the_payload_closed_for_ever(tmp_path: Path) -> None:
    batch = vault(tmp_path).seal_batch(RECORDS, 4)
    next((tmp_path / "keys").glob(f"{batch.payloads_digest}.*.age")).unlink()
    with pytest.raises(EvidenceError, match="EVI-011"):
        vault(tmp_path).open_batch(batch.payloads_digest, batch.commitments)


def test_a_record_cannot_be_passed_off_as_another(tmp_path: Path) -> None:
    batch = vault(tmp_path).seal_batch(RECORDS, 4)
    swapped = (batch.commitments[1], batch.commitments[0], *batch.commitments[2:])
    with pytest.raises(EvidenceError, match="EVI-012"):
        vault(tmp_path).open_batch(batch.payloads_digest, swapped)


def test_too_many_records_for_a_batch_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="EVI-010"):
        vault(tmp_path).seal_batch(RECORDS, 2)


def test_a_sealed_file_opens_with_its_secret(tmp_path: Path) -> None:
    source = tmp_path / "feed.csv"
    source.write_bytes(b"a,b\n1,2\n" * 40_000)
    digest = vault(tmp_path / "v").seal_file(source, b"salt")
    target = tmp_path / "again.csv"
    assert vault(tmp_path / "v").open_file(digest, target) == b"salt"
    assert target.read_bytes() == source.read_bytes() == vault(tmp_path / "v").read_file(digest)
    assert vault(tmp_path / "v").files.verify([digest]) == []
    verify_wraps(tmp_path / "v" / "keys", [digest])


def test_an_altered_blob_is_refused_and_an_absent_one_named(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    digest = blobs.put(b"original")
    assert blobs.put(b"original") == digest
    assert blobs.verify([digest]) == []
    assert blobs.verify() == [digest]  # whole, but nobody names it
    blobs.path(digest).write_bytes(b"originaL")
    with pytest.raises(EvidenceError, match="EVI-002"):
        blobs.read(digest)
    with pytest.raises(EvidenceError, match="EVI-001"):
        blobs.read("0" * 64)


def test_nothing_else_may_stand_among_the_originals(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    digest = blobs.put(b"original")
    for name in ("note.txt", f"{digest[:2]}/note.txt", f"zz/{digest}", digest):
        path = blobs.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"original")
        with pytest.raises(EvidenceError, match="EVI-003"):
            blobs.verify()
        path.unlink()
        if path.parent.name == "zz":
            path.parent.rmdir()
    assert blobs.verify([digest]) == []


def test_half_written_files_of_ended_programs_are_swept_and_of_running_ones_kept(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    gone, going = tmp_path / f".{ended.pid}-1f.new", tmp_path / f".{os.getpid()}-1f.new"
    for path in (gone, going):
        path.write_bytes(b"half")
    blobs = Blobs(tmp_path)
    assert blobs.verify() == []
    blobs.sweep()
    assert not gone.exists()
    assert going.exists()


def test_an_altered_wrap_is_found_without_any_key(tmp_path: Path) -> None:
    batch = vault(tmp_path).seal_batch(RECORDS, 4)
    keys = tmp_path / "keys"
    (wrap,) = keys.iterdir()
    raw = wrap.read_bytes()
    for at in (0, len(raw) // 2, len(raw) - 1):
        wrap.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        with pytest.raises(EvidenceError, match="EVI-013"):
            verify_wraps(keys, [batch.payloads_digest])
        with pytest.raises(EvidenceError, match="EVI-013"):
            vault(tmp_path).open_batch(batch.payloads_digest, batch.commitments)
    wrap.write_bytes(raw)
    verify_wraps(keys, [batch.payloads_digest])
    (keys / "note").write_bytes(b"x")
    with pytest.raises(EvidenceError, match="EVI-003"):
        verify_wraps(keys, [batch.payloads_digest])
    (keys / "note").unlink()
    wrap.unlink()
    with pytest.raises(EvidenceError, match="EVI-001"):
        verify_wraps(keys, [batch.payloads_digest])
    keys.rmdir()
    verify_wraps(keys, [batch.payloads_digest])  # a copy without any wraps, as parties hold it


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(EnvironmentFailure, match="ENV-001"):
        Blobs(tmp_path).put(b"x")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@given(st.integers(1, 70), st.data())
def test_row_proofs_verify_like_entries(rows: int, data: st.DataObject) -> None:
    digests = np.random.default_rng(rows).integers(0, 256, (rows, 32), dtype=np.uint8)
    tree = RowTree(b"\x07" * 32, proving=True)
    light = RowTree(b"\x07" * 32)
    cuts = sorted(data.draw(st.lists(st.integers(0, rows), max_size=4)))
    for start, end in itertools.pairwise([0, *cuts, rows]):
        tree.extend(digests[start:end])
        light.extend(digests[start:end])
    assert tree._leaves is not None
    leaves = [leaf.tobytes() for part in tree._leaves for leaf in part]
    assert tree.root() == light.root() == merkle.root_of(leaves).hex()
    row = data.draw(st.integers(0, rows - 1))
    merkle.verify_inclusion(
        leaves[row], row, rows, [bytes.fromhex(node) for node in tree.prove(row)], bytes.fromhex(tree.root())
    )


def test_another_secret_gives_another_root() -> None:
    digests = np.zeros((3, 32), np.uint8)
    roots = set()
    for secret in (b"\x01" * 32, b"\x02" * 32):
        tree = RowTree(secret)
        tree.extend(digests)
        roots.add(tree.root())
    assert len(roots) == 2
    with pytest.raises(EvidenceError, match="EVI-020"):
        tree.prove(3)


def observation(**given: object) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(OBSERVATIONS.names)
    row |= dict.fromkeys(NEVER_NULL, "unknown")
    return row | {"obs_id": "o1", "observed_from_ms": 0, "observed_to_ms": 1, "exercise": True} | given


def test_the_disclosed_form_holds_no_sealed_value() -> None:
    canary = {"text": "CANARY", "bearing_mdeg": 31337, "range_min_m": 31337, "range_max_m": 31337,
              "lon_udeg": 31337, "lat_udeg": 31337, "error_m": 31337, "place_name": "CANARY", "description": "outgoing",
              "direction_mdeg": 31337, "received_at_ms": 31337, "source_id": "CANARY-post"}  # fmt: skip
    table = pa.Table.from_pylist(
        [observation(**canary, observed_from_ms=5_400_000, observed_to_ms=5_400_001)], OBSERVATIONS
    )
    coarse = disclosed_observations(table, ["S4"], b"k").to_pylist()[0]
    assert not {"CANARY", 31337, "outgoing", "CANARY-post"} & set(coarse.values())
    assert (coarse["observed_from_ms"], coarse["observed_to_ms"]) == (3_600_000, 7_200_000)
    assert coarse["area_id"] == "S4"


def test_pseudonyms_hold_for_a_week_and_then_change() -> None:
    week = 7 * 86_400_000
    rows = [observation(source_id="p", observed_from_ms=t, observed_to_ms=t) for t in (0, 3_600_000, week)]
    names = disclosed_observations(pa.Table.from_pylist(rows, OBSERVATIONS), [None] * 3, b"k")[
        "source_id"
    ].to_pylist()
    assert names[0] == names[1] != names[2]
