"""A mission that has no agreement states facts without findings; one whose agreement is of an older version is read."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from truceline import agreement as agreements
from truceline.agreement.folder import FORMAT
from truceline.errors import AgreementError
from truceline.mission import computing, exercise
from truceline.mission.clock import iso
from truceline.mission.mission import Mission
from truceline.mission.publishing import NO_AGREEMENT, publish
from truceline.mission.replaying import replay
from truceline.mission.upgrading import upgrade
from truceline.records.canonical import canonical
from truceline.records.kinds import AgreementVersion, Findings
from truceline.simulate.exercise import Exercise, build


@pytest.fixture(scope="module")
def made() -> Exercise:
    whole = build(1, 0.02)
    few = {name: rows.slice(0, 40) for name, rows in whole.feeds.items()}
    watches = whole.watches.take(list(range(0, whole.watches.num_rows, 20)))
    return replace(whole, observer_rows=whole.observer_rows.slice(0, 60), watches=watches, feeds=few)


def old_pack() -> bytes:
    """The accord as a version packed it that knew no language of a text."""
    files = dict(agreements.load("exercise-accord").files)
    files["agreement.yaml"] = re.sub(r",? ?language: [a-z]+", "", files["agreement.yaml"])
    return canonical({"format": FORMAT, "files": files})


def test_a_report_without_an_agreement_states_facts_and_replays(
    made: Exercise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(computing, "adopt", lambda *_args, **_more: None)
        mission = exercise.prepare(tmp_path / "EXERCISE-m", made)
    assert not mission.of(AgreementVersion)
    end = iso(made.end_ms)
    computing.fuse(mission, at=end, as_of_ms=made.end_ms)
    assert computing.assess(mission, at=end, as_of_ms=made.end_ms).table.num_rows == 0
    assert mission.of(Findings)[-1][1].agreement == ""
    day = exercise.last_day(mission, made)
    told = publish(mission, day, ("csv", "html"), at=end, as_of_ms=made.end_ms)
    assert NO_AGREEMENT in told.files["html"].read_text("utf-8")
    assert told.figures["figures"]["incidents"]["value"] is not None
    assert told.figures["figures"]["findings_breach"]["value"] == 0
    for reader in (Mission.open(mission.root), Mission.open(mission.root, tmp_path / "no-keys")):
        again = replay(reader)
        assert again.identical, again.difference


def test_an_agreement_packed_without_languages_is_read_assessed_and_told_by_upgrade(
    made: Exercise, tmp_path: Path
) -> None:
    packed = old_pack()
    read = agreements.unpack(packed)
    assert read.filled
    assert {text.language for text in read.declared.texts} == {"und"}
    assert [one.key for one in read.articles] == [one.key for one in agreements.load("exercise-accord").articles]  # fmt: skip
    mission = exercise.prepare(tmp_path / "EXERCISE-m", made, agreement=packed)
    end = iso(made.end_ms)
    computing.fuse(mission, at=end, as_of_ms=made.end_ms)
    assert computing.assess(mission, at=end, as_of_ms=made.end_ms).table.num_rows
    told = upgrade(mission.root)
    assert any("packed by an older version" in line for line in told.left)


def test_a_folder_that_is_drafted_now_must_name_the_language(tmp_path: Path) -> None:
    for name, text in agreements.load("exercise-accord").files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(re.sub(r",? ?language: [a-z]+", "", text), "utf-8")
    with pytest.raises(AgreementError, match="AGR-007"):
        agreements.load(tmp_path)
