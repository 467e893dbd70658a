"""Replay of folders that somebody altered, or in which somebody signed what leads nowhere: a first difference, no traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from truceline.evidence import Blobs
from truceline.mission.mission import Mission
from truceline.mission.replaying import Replay, replay_folder
from truceline.records.canonical import canonical
from truceline.records.kinds import (
    AgreementVersion,
    Commitments,
    Findings,
    Import,
    Incidents,
    Kind,
    Parameters,
    Report,
)  # fmt: skip


def newest(mission: Mission, kind: type[Kind]) -> Any:
    return mission.of(kind)[-1][1]


def different(folder: Path, keys: Path | None = None) -> Replay:
    made = replay_folder(folder, keys)
    assert not made.identical
    assert made.difference
    return made


def flip(path: Path) -> None:
    raw = path.read_bytes()
    path.write_bytes(raw[:40] + bytes([raw[40] ^ 1]) + raw[41:])


@pytest.mark.parametrize("keys", [None, "no-keys"])
def test_an_altered_payload_is_the_difference(own_copy: Path, keys: str | None) -> None:
    digest = newest(Mission.open(own_copy), Commitments).payloads_digest
    flip(Blobs(own_copy / "sealed" / "payloads").path(digest))
    assert "EVI-002" in different(own_copy, own_copy / keys if keys else None).difference


def test_an_altered_wrap_is_the_difference(own_copy: Path) -> None:
    flip(next((own_copy / "sealed" / "keys").iterdir()))
    assert "EVI-013" in different(own_copy).difference


def test_a_missing_original_is_the_difference(own_copy: Path) -> None:
    stored = newest(Mission.open(own_copy), Import).stored
    found = [Blobs(own_copy / place).path(stored) for place in ("blobs", "sealed/files")]
    next(path for path in found if path.exists()).unlink()
    made = different(own_copy)
    assert "EVI-001" in made.difference
    assert stored in made.difference


def test_an_agreement_exchanged_for_another_is_the_difference(own_copy: Path) -> None:
    mission = Mission.open(own_copy)
    path = mission.blobs.path(newest(mission, AgreementVersion).blob)
    path.write_bytes(path.read_bytes().replace(b"500", b"600"))
    assert "EVI-002" in different(own_copy).difference
    path.write_bytes(b"{}")
    assert "EVI-002" in different(own_copy).difference


def test_findings_said_to_rest_on_another_version_of_the_agreement_differ(own_copy: Path) -> None:
    mission = Mission.open(own_copy)
    version = newest(mission, AgreementVersion)
    packed = mission.blobs.read(version.blob).replace(b"exercise-accord", b"exercise-accord-b")
    blob = mission.blobs.put(canonical(json.loads(packed)))
    entry = mission.record(replace(version, agreement_id="exercise-accord-b", blob=blob))
    said = mission.record(replace(newest(mission, Findings), agreement=entry.id))
    made = different(own_copy)
    assert made.difference.startswith(f"RPL-010 entry {said.index}: ")
    assert "findings" in made.difference


def test_a_method_of_another_version_is_named(own_copy: Path) -> None:
    mission = Mission.open(own_copy)
    older = mission.record(replace(newest(mission, Parameters), version=0))
    mission.record(replace(newest(mission, Incidents), parameters=older.id))
    made = different(own_copy)
    assert "RPL-011" in made.difference
    assert "truceline-fusion 0" in made.difference


ASTRAY: dict[str, tuple[type[Kind], Callable[[Mission, Any], dict[str, Any]], str]] = {
    "parameters that are none": (Incidents, lambda m, body: {"parameters": "0" * 64}, "RPL-003"),
    "inputs from the future": (Incidents, lambda m, body: {"inputs": 100_000}, "RPL-003"),
    "no inputs": (Incidents, lambda m, body: {"inputs": 0}, "RPL-003"),
    "rows that are no rows": (Incidents, lambda m, body: {"disclosed": m.blobs.put(b"1\n2\n")}, "RPL-004"),
    "rows in no JSON": (Incidents, lambda m, body: {"disclosed": m.blobs.put(b"\xff")}, "RPL-004"),
    "rows without columns": (Incidents, lambda m, body: {"disclosed": m.blobs.put(b"{}\n")}, "RPL-004"),
    "incidents that are none": (Findings, lambda m, body: {"incidents": "no"}, "RPL-003"),
    "incidents that are findings": (Findings, lambda m, body: {"incidents": m.of(Findings)[0][0].id}, "RPL-003"),
    "an agreement that is none": (Findings, lambda m, body: {"agreement": ""}, "RPL-003"),
    "a time that is none": (Findings, lambda m, body: {"as_of": "yesterday"}, "RPL-004"),
    "findings that are none": (Report, lambda m, body: {"findings": "no"}, "RPL-003"),
    "figures that are none": (Report, lambda m, body: {"figures": m.blobs.put(b"[]")}, "RPL-004"),
    "figures without values": (
        Report, lambda m, body: {"figures": m.blobs.put(canonical({"figures": {"incidents": {}}}))}, "RPL-004",
    ),
    "a day that is none": (Report, lambda m, body: {"date": "2031-13-45", "files": {}}, "RPL-004"),
    "a checkpoint from the future": (Report, lambda m, body: {"checkpoint_size": 100_000}, "RPL-003"),
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(ASTRAY))
def test_an_entry_that_leads_nowhere_is_named(own_copy: Path, what: str) -> None:
    kind, change, code = ASTRAY[what]
    mission = Mission.open(own_copy)
    body = newest(mission, kind)
    entry = mission.record(replace(body, **change(mission, body)))
    made = different(own_copy, own_copy / "no-keys")
    assert made.difference.startswith(f"{code} entry {entry.index}: ")
    assert "operator" in made.difference


def test_a_log_that_cannot_be_opened_is_the_difference(own_copy: Path) -> None:
    for name in ("state/commit", "state/origin", "log/tile/entries/000.p"):
        path = own_copy / name
        path = (
            max(path.iterdir(), key=lambda part: int(part.name)) if path.is_dir() else path
        )  # the one that is read
        raw = path.read_bytes()
        path.write_bytes(raw[:-9])
        made = different(own_copy)
        assert (made.clearance, made.compared) == ("none", [])
        path.write_bytes(raw)


def test_the_command_says_identical_false_and_exits_1(own_copy: Path) -> None:
    flip(own_copy / "state" / "commit")
    done = subprocess.run(
        [sys.executable, "-m", "truceline", "replay", str(own_copy), "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert json.loads(done.stdout)["identical"] is False
    assert "Traceback" not in done.stderr
