"""Commit now, disclose later, shred: what is shown is what was committed, and what is gone is gone."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest
from msgspec.structs import replace as with_fields

from truceline.cli.main import main
from truceline.errors import EvidenceError, UsageError
from truceline.evidence.showing import read_shown
from truceline.mission import auditing, computing, evidence
from truceline.mission import sealing as module
from truceline.mission.mission import Mission
from truceline.mission.replaying import replay, replay_folder
from truceline.mission.shredded import Shredded
from truceline.mission.verifying import verify
from truceline.records.canonical import canonical
from truceline.records.kinds import (
    Audit,
    Commitments,
    Custody,
    Disclosure,
    Import,
    Observation,
    Shred,
    decode,
)

OFFICERS = ("officer-1", "officer-2")
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["truceline", *map(str, words)])
        code = main()
        said = capsys.readouterr()
        return code, said.out or said.err

    return call


def secrets_of(mission: Mission, digest: str) -> bytes:
    return mission.vault._unwrap(digest)


def everything_readable(root: Path, mission: Mission) -> bytes:
    """All bytes under a folder, and what opens of them with the mission's and the auditor's identities."""
    identities = [
        pyrage.x25519.Identity.from_str(str(mission.keys._identity(role))) for role in ("mission", "auditor")
    ]
    found = []
    for path in sorted(one for one in root.rglob("*") if one.is_file()):
        raw = path.read_bytes()
        found.append(raw)
        if raw.startswith(b"age-encryption"):
            for identity in identities:
                try:
                    found.append(pyrage.decrypt(raw, [identity]))
                except pyrage.DecryptError:
                    continue
    return b"".join(found)


def test_a_disclosure_proves_that_what_is_shown_was_committed(tiny: Path) -> None:
    mission = Mission.open(tiny)
    made = evidence.disclose(mission)
    assert made
    assert evidence.disclose(mission) == []  # once
    shown = mission.of(Disclosure)[-1][1]
    batch = next((one, body) for one, body in mission.of(Commitments) if one.id == shown.of)
    rows = evidence.disclosed(mission, *batch)
    assert len(rows) == shown.rows > 0
    raw = mission.blobs.read(shown.blob)
    line = json.loads(raw.splitlines()[0])
    for change in (
        {"disclosed": line["disclosed"] | {"area_id": "elsewhere"}}, {"record": (line["record"] + 1) % 64}, {"record": -1},
        {"salt": "00" * 32}, {"sealed_leaf": "00" * 32}, {"salt": "00"}, {"disclosed": []}, {"record": 10_000},
    ):  # fmt: skip
        with pytest.raises(EvidenceError, match="EVI-030"):
            read_shown(canonical(line | change) + b"\n", batch[1].commitments, "x")
    with pytest.raises(EvidenceError, match="EVI-030"):
        read_shown(raw + raw, batch[1].commitments, "x")


def test_a_false_disclosure_fails_the_public_replay(tiny: Path) -> None:
    mission = Mission.open(tiny)
    evidence.disclose(mission)
    batch = next(one for one, _ in mission.of(Commitments))
    blob = mission.blobs.put(
        b'{"disclosed":{},"record":0,"salt":"' + b"00" * 32 + b'","sealed_leaf":"' + b"00" * 32 + b'"}\n'
    )
    mission.record(Disclosure(batch.id, blob, 1, blob), "intake")
    shutil.rmtree(tiny / "sealed")
    again = replay_folder(tiny, tiny / "no-keys")
    assert not again.identical
    assert again.difference.startswith("EVI-030")


def test_nobody_gets_a_disclosure_before_the_delay(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mission = Mission.open(tiny)
    body, _ = next(iter(_observations(mission)))
    mission.seal([replace_id(body)])
    newest = mission.of(Commitments)[-1][0]
    with pytest.raises(UsageError, match="MIS-063"):
        evidence.disclose(mission, str(newest.index))
    oldest = mission.of(Commitments)[0][0]
    assert len(evidence.disclose(mission, oldest.id)) == 1
    with pytest.raises(UsageError, match="MIS-063"):
        evidence.disclose(mission, oldest.id)


def test_the_auditor_opens_all_and_signs_without_telling_how_much_is_real(tiny: Path, run: Run) -> None:
    code, said = run("evidence", "audit", tiny, "--json")
    told = json.loads(said)
    assert (code, told["replayed"], told["problems"]) == (0, True, [])
    assert told["records"] + told["dummies"] == 64 * told["batches"]
    mission = Mission.open(tiny)
    ((entry, body),) = mission.of(Audit)
    assert entry.author == "auditor"
    assert (body.size, body.replayed, body.problems) == (entry.index, True, ())
    assert str(told["records"]) not in json.dumps(mission.log.notes[entry.index].decode())


def test_an_auditor_elsewhere_writes_a_file_that_the_operator_hands_in(
    tiny: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUCELINE_NEW_PASSPHRASE", "word")
    assert run("key", "export", tiny, "auditor", "--to", tmp_path / "theirs")[0] == 0
    monkeypatch.setenv("TRUCELINE_PASSPHRASE", "word")
    assert run("evidence", "audit", tiny, "--keys", tmp_path / "theirs", "--out", tmp_path / "a.note")[0] == 0
    assert run("log", "submit", tiny, tmp_path / "a.note")[0] == 0
    assert len(Mission.open(tiny).of(Audit)) == 1


def test_the_auditor_finds_a_coarse_form_that_is_not_what_was_sealed(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mission = Mission.open(tiny)
    body, when = next((one, at) for one, at in _observations(mission) if one.row.get("place_kind") == "point")
    monkeypatch.setattr(module, "coarse_rows", lambda *args: [canonical({"area_id": "a lie"})])
    mission.seal([replace_id(body)], [when])
    found = auditing.audit(Mission.open(tiny))
    assert {one["code"] for one in found.problems} == {"EVI-033"}


def _observations(mission: Mission):  # type: ignore[no-untyped-def]
    for entry, batch in mission.of(Commitments):
        for said in evidence._said(mission, entry, batch).values():
            if said.kind == "observation":
                body = decode(said.kind, said.body)
                assert isinstance(body, Observation)
                yield body, entry.at


def replace_id(body, **more):  # type: ignore[no-untyped-def]
    return with_fields(body, row=body.row | {"obs_id": body.row["obs_id"] + "-again"}, **more)


def test_an_observer_under_duress_is_set_aside_and_nobody_outside_can_tell(tiny: Path) -> None:
    """Public bytes have the same length and shape, the record is disclosed like any, and it is never fused."""
    mission = Mission.open(tiny)
    body, when = next(iter(_observations(mission)))
    shapes = []
    for forced in ("0", "1"):
        copy = tiny.with_name(f"forced-{forced}")
        shutil.copytree(tiny, copy)
        shutil.copytree(tiny.with_name("mission.keys"), copy.with_name(copy.name + ".keys"))
        there = Mission.open(copy)
        first, others = there.log.size, {path.name for path in (copy / "sealed" / "payloads").rglob("*")}
        there.seal([replace_id(body, duress=forced)], [when])
        payload = next(
            one
            for one in (copy / "sealed" / "payloads").rglob("*")
            if one.name not in others and one.is_file()
        )
        shapes.append(([len(note) for note in there.log.notes[first:]], payload.stat().st_size))
        found = auditing.audit(there)
        assert len(found.duress) == int(forced)
        assert found.problems == []
        ids = set(computing.Views(there).observed().observations.column("obs_id").to_pylist())
        assert (f"{body.row['obs_id']}-again" in ids) == (forced == "0")
        entry = there.of(Commitments)[-1][0]
        assert len(evidence.show_records(evidence._records(there, entry, entry.body))) > 0  # type: ignore[arg-type]
    assert shapes[0] == shapes[1]


def test_shredding_takes_two_people_and_leaves_neither_key_nor_salt(tiny: Path) -> None:
    mission = Mission.open(tiny)
    entry, batch = mission.of(Commitments)[1]
    said = evidence._said(mission, entry, batch)
    number = next(n for n, one in said.items() if one.kind == "observation")
    secret = secrets_of(mission, batch.payloads_digest)[96 * number : 96 * number + 96]
    assert secret[:32] in everything_readable(tiny, mission)
    for by in (("officer-1",), ("officer-1", "officer-1"), ("officer-1", "intake"), ()):
        with pytest.raises(UsageError, match="MIS-064"):
            evidence.shred(mission, entry.id, by, "withdrawn", [number])
    gone = evidence.shred(mission, entry.id, OFFICERS, "withdrawn", [number])
    assert (gone.records, gone.closed) == (1, 0)
    left = everything_readable(tiny, mission)
    for part in (secret[:32], secret[32:64], secret[64:]):
        assert part not in left
    verify(tiny)
    again = Mission.open(tiny)
    assert set(evidence._said(again, entry, batch)) == set(said) - {number}
    found = auditing.audit(again)
    assert (found.shredded, found.problems, found.replayed) == (1, [], True)
    (act,) = again.of(Shred)
    note = again.log.notes[act[0].index].decode()
    assert note.count("— officer-") == 2
    assert entry.id not in note  # which record it was is nobody's business outside


def test_after_shredding_what_parties_recompute_still_replays(tiny: Path) -> None:
    mission = Mission.open(tiny)
    source = next(
        str(b.row["source_id"])
        for b, _ in _observations(mission)
        if b.row["source_kind"] in ("post", "patrol")
    )
    evidence.shred_source(mission, source, OFFICERS, "safety")
    for place in ("sealed/payloads", "sealed/keys", "views", "blobs"):
        assert source.encode() not in everything_readable(tiny / place, mission)
    again = replay(Mission.open(tiny))
    assert again.identical, again.difference
    assert any("shredded" in one for one in again.not_compared)
    assert any("public figures" in one for one in again.compared)
    assert computing.fuse(Mission.open(tiny)).table.num_rows > 0  # and the mission goes on
    assert replay(Mission.open(tiny)).identical
    copy = tiny.with_name("party")
    shutil.copytree(tiny, copy, ignore=shutil.ignore_patterns("sealed", "views"))
    public = replay_folder(copy)
    assert public.identical, public.difference
    assert public.clearance == "public"


def test_a_shredded_source_that_reports_again_is_a_new_one(tiny: Path) -> None:
    mission = Mission.open(tiny)
    body, when = next(iter(_observations(mission)))
    evidence.shred_source(mission, str(body.row["source_id"]), OFFICERS, "safety")
    mission.seal([replace_id(body)], [when])
    assert auditing.audit(Mission.open(tiny)).problems == []


def test_a_shredding_cut_short_is_finished_by_the_next(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mission = Mission.open(tiny)
    entry, batch = mission.of(Commitments)[1]
    number = next(n for n, one in evidence._said(mission, entry, batch).items() if one.kind != "key")
    with monkeypatch.context() as patch:
        patch.setattr(evidence, "finish_shredding", lambda mission: 0)
        evidence.shred(mission, entry.id, OFFICERS, "withdrawn", [number])
    assert {one["code"] for one in auditing.audit(mission).problems} == {"EVI-031"}
    assert evidence.finish_shredding(mission) == 1
    assert evidence.finish_shredding(mission) == 0
    assert auditing.audit(mission).problems == []


def test_keys_deleted_without_an_entry_are_found(tiny: Path) -> None:
    mission = Mission.open(tiny)
    _, batch = mission.of(Commitments)[1]
    mission.vault.shred(batch.payloads_digest, [5], len(batch.commitments))
    assert auditing.audit(mission).problems[0]["code"] == "EVI-012"


def test_an_enrolment_is_not_shredded_under_records_that_stand(tiny: Path) -> None:
    mission = Mission.open(tiny)
    entry, batch = mission.of(Commitments)[0]
    number = next(n for n, one in evidence._said(mission, entry, batch).items() if one.kind == "key")
    with pytest.raises(UsageError, match="MIS-065"):
        evidence.shred(mission, entry.id, OFFICERS, "x", [number])
    with pytest.raises(UsageError, match="MIS-065"):
        evidence.shred(mission, entry.id, OFFICERS, "x", [64])
    assert not Shredded(mission).acts


def test_a_sealed_import_is_shredded_whole(tiny: Path) -> None:
    mission = Mission.open(tiny)
    entry, body = next((one, body) for one, body in mission.of(Import) if body.sealed)
    gone = evidence.shred(mission, str(entry.index), OFFICERS, "withdrawn")
    assert gone.closed >= 1
    verify(tiny)
    with pytest.raises(EvidenceError, match="EVI-011"):
        mission.vault.read_file(body.stored)
    assert auditing.audit(Mission.open(tiny)).problems == []


def test_the_chain_of_custody_lists_every_custodian_and_action_in_order(tiny: Path, run: Run) -> None:
    """R2."""
    mission = Mission.open(tiny)
    entry, _ = mission.of(Commitments)[0]
    evidence.disclose(mission, entry.id)
    assert (
        run(
            "evidence",
            "custody",
            tiny,
            entry.index,
            "--action",
            "handed_over",
            "--by",
            "officer-1",
            "--to",
            "officer-2",
        )[0]
        == 0
    )
    assert run("evidence", "custody", tiny, entry.index, "--action", "lost", "--by", "officer-1")[0] == 2
    code, said = run("evidence", "show", tiny, entry.index, "--open", "--by", "officer-2", "--json")
    told = json.loads(said)
    assert code == 0
    assert [(one["by"], one["action"], one["to"]) for one in told["custody"]] == [
        ("intake", "sealed", ""), ("intake", "disclosed", "all parties"), ("officer-1", "handed_over", "officer-2"), ("officer-2", "opened", ""),
    ]  # fmt: skip
    assert {one["author"] for one in told["opened"]} >= {"registrar"}
    assert len(Mission.open(tiny).of(Custody)) == 2
    number = next(one["record"] for one in told["opened"] if one["kind"] != "key")
    assert (
        run(
            "evidence",
            "shred",
            tiny,
            entry.index,
            "--record",
            number,
            "--by",
            "officer-1",
            "--by",
            "officer-2",
            "--reason",
            "r",
        )[0]
        == 0
    )
    assert "shredded" in run("evidence", "show", tiny, entry.index)[1]
    assert run("evidence", "show", tiny, "99999")[0] == 2
    assert run("evidence", "shred", tiny, entry.index, "--by", "officer-1")[0] == 2
    assert run("evidence", "disclose", tiny)[0] == 0
