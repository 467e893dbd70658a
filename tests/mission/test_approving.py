"""A mirror that replays before it cosigns: a wrong figure keeps the cosignature back."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from truceline.cli.main import main
from truceline.errors import EvidenceError, LogError
from truceline.log.log import Log
from truceline.log.mirroring import Mirror, begin
from truceline.log.notes import SigningKey
from truceline.log.sources import DiskSource
from truceline.mission.approving import approver
from truceline.mission.mission import Mission
from truceline.mission.verifying import verify
from truceline.records.canonical import canonical
from truceline.records.kinds import Report

KEY = SigningKey("north.test/m", b"\x03" * 32)


def mirror(tiny: Path, copy: Path, originals: str = "") -> Mirror:
    log = Log.open(tiny)
    begin(copy, log.key, log.tree.leaf(0))
    return Mirror(copy, KEY, approve=approver(copy, originals or str(tiny)))


def is_cosigned(made: Mirror) -> bool:
    return KEY.name.encode() in (made.folder / "log" / "checkpoint").read_bytes()


def test_an_operator_that_publishes_a_wrong_figure_gets_no_cosignature_of_a_mirror_that_replays(
    tiny: Path, tmp_path: Path
) -> None:
    made, source = mirror(tiny, tmp_path / "copy"), DiskSource(tiny / "log")
    made.update(source)
    assert is_cosigned(made)
    mission = Mission.open(tiny)
    report = mission.of(Report)[-1][1]
    told = json.loads(mission.blobs.read(report.figures))
    name = next(name for name, one in sorted(told["figures"].items()) if one["recompute_by"] == "public" and isinstance(one["value"], int))  # fmt: skip
    told["figures"][name]["value"] += 1
    mission.record(replace(report, figures=mission.blobs.put(canonical(told))))
    for _ in range(2):  # asking again does not help
        with pytest.raises(LogError, match="LOG-146"):
            made.update(source)
        assert not is_cosigned(made)
        assert made.log.size == mission.log.size  # it is kept all the same
    verify(made.folder, disclosed_only=True)


def test_a_mirror_that_cannot_get_the_originals_does_not_cosign(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    made = mirror(tiny, tmp_path / "copy", str(tmp_path / "empty"))
    with pytest.raises(EvidenceError, match="EVI-001"):
        made.update(DiskSource(tiny / "log"))
    assert not is_cosigned(made)


def test_by_command(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*words: object) -> int:
        monkeypatch.setattr(sys, "argv", ["truceline", *map(str, words)])
        return main()

    log = Log.open(tiny)
    words = ["log", "mirror", tiny, "--out", tmp_path / "copy", "--log", log.key, "--genesis", log.tree.leaf(0).hex(), "--cosign"]  # fmt: skip
    words += ["--name", "north.test/m", "--keys", tmp_path / "keys", "--replay"]
    assert run(*words) == 2
    assert run(*words, "--originals", tiny) == 0
    assert b"north.test/m" in (tmp_path / "copy" / "log" / "checkpoint").read_bytes()
