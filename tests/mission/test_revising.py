"""What another version of the agreement would change in past findings; nothing is recorded."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from truceline import agreement as agreements
from truceline.cli.main import app
from truceline.mission.mission import Mission
from truceline.mission.revising import changed_findings


def changed(tmp_path: Path, before: str, after: str) -> Path:
    for name, text in agreements.load("exercise-accord").files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(
            text.replace(before, after) if name == "agreement.yaml" else text, "utf-8"
        )
    return tmp_path


def test_the_same_version_changes_nothing(small_exercise: Path) -> None:
    accord = agreements.load("exercise-accord")
    found = changed_findings(Mission.open(small_exercise), accord, accord)
    assert found["compared"] > 100
    assert found["changed"] == []


def test_a_narrower_ban_on_fire_changes_findings_of_that_article_only(own_copy: Path, tmp_path: Path) -> None:
    folder = changed(tmp_path / "accord", "within_m: 50000", "within_m: 1000")
    size = Mission.open(own_copy).log.size
    ran = CliRunner().invoke(app, ["agreement", "diff", "exercise-accord", str(folder), "--mission", str(own_copy), "--json"])  # fmt: skip
    assert ran.exit_code == 0, ran.exception
    found = json.loads(ran.stdout)["findings"]
    assert found["changed"]
    assert {one["article"] for one in found["changed"]} == {"2"}
    assert all(one["before"] != one["after"] for one in found["changed"])
    assert Mission.open(own_copy).log.size == size
