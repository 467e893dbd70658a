"""What anybody can recompute without a key, what they catch, and which days may be reported."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from truceline import report as reports
from truceline.errors import ReportError
from truceline.mission.exercise import run_exercise
from truceline.mission.mission import Mission
from truceline.mission.publishing import publish
from truceline.mission.replaying import Replay, replay
from truceline.records.canonical import canonical
from truceline.records.kinds import Incidents, Report


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("public") / "mission"
    run_exercise(root, formats=("csv",), scale=0.05)
    return root


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Mission:
    shutil.copytree(folder, tmp_path / "mission")
    shutil.copytree(folder.with_name("mission.keys"), tmp_path / "mission.keys")
    return Mission.open(tmp_path / "mission")


def without_keys(mission: Mission) -> Replay:
    return replay(Mission.open(mission.root, mission.root / "no-keys"))


def test_every_public_figure_is_recomputed_without_a_key(folder: Path) -> None:
    mission = Mission.open(folder)
    made = without_keys(mission)
    assert (made.clearance, made.identical) == ("public", True)
    logged = json.loads(mission.blobs.read(mission.of(Report)[-1][1].figures))["figures"]
    public = [name for name, one in logged.items() if one["recompute_by"] == "public"]
    assert f"{len(public)} public figures of the report" in " ".join(made.compared)
    assert any(f"{len(logged) - len(public)} other figures" in words for words in made.not_compared)


Change = Callable[[dict[str, Any]], None]


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found["incidents"].update(value=found["incidents"]["value"] + 1),
        lambda found: found["incidents"].update(previous=0),
        lambda found: found["violations_max"].update(change=0),
        lambda found: found["violations_min"].update(unit="incidents"),
        lambda found: found["incidents"].update(ids_digest="0" * 64),
        lambda found: found["hours_total_e1"].update(value=1),
        lambda found: found["incidents"].update(recompute_by="auditor"),
        lambda found: found["incidents_alleged"].update(recompute_by="public"),
        lambda found: found.pop("killed_max"),
    ],
    ids=["value", "previous", "change", "unit", "ids", "hours", "hidden", "claimed", "absent"],
)
def test_a_changed_public_figure_is_caught_without_a_key(copy: Mission, change: Change) -> None:
    body = copy.of(Report)[-1][1]
    figures = json.loads(copy.blobs.read(body.figures))
    change(figures["figures"])
    copy.record(replace(body, figures=copy.blobs.put(canonical(figures)), files={}))
    made = without_keys(copy)
    assert not made.identical
    assert "figure" in made.difference


def test_disclosed_rows_that_were_not_computed_are_caught_by_the_auditor(copy: Mission) -> None:
    body = copy.of(Incidents)[-1][1]
    rows = [json.loads(line) for line in copy.blobs.read(body.disclosed).splitlines()]
    rows[0]["count_max"] += 1
    forged = b"".join(canonical(row) + b"\n" for row in rows)
    copy.record(replace(body, disclosed=copy.blobs.put(forged)))
    made = replay(Mission.open(copy.root))
    assert not made.identical
    assert "disclosed rows" in made.difference


def test_days_outside_the_mission_are_refused_and_nothing_is_written(copy: Mission) -> None:
    first = reports.reporting_date(copy.newest_at_ms() - 45 * 86_400_000, "19:30", "Etc/GMT-4")
    for date, code in (
        (reports.day_before(first), "RPT-012"),
        ("2031-04-17", "RPT-011"),
        ("soon", "RPT-001"),
    ):
        with pytest.raises(ReportError) as refusal:
            publish(copy, date, ("csv",))
        assert refusal.value.code == code
        assert not (copy.root / "reports" / date).exists()
    figures = publish(copy, first, ("csv",)).figures["figures"]
    assert {one["previous"] for one in figures.values()} == {None}


def test_an_exercise_ahead_of_our_clock_publishes_the_places_of_its_old_days(copy: Mission) -> None:
    made = publish(copy, "2031-03-20", ("csv",))
    cells = [line.split(",")[7] for line in made.files["csv"].read_text().splitlines()[1:]]
    assert cells
    assert all(cell.startswith("EXERCISE-S") for cell in cells)
    assert replay(Mission.open(copy.root)).identical


def test_gaps_in_coverage_wait_as_long_as_places(copy: Mission) -> None:
    """A week that ended less than the delay ago is neither drawn nor spoken of."""
    from truceline.mission import computing
    from truceline.mission.publishing import view_of
    from truceline.mission.views import Views

    observed = Views(copy).observed().observations
    incidents, findings = computing.newest_incidents(copy).table, computing.newest_findings(copy).table
    exposure = computing.exposure_of(copy, Views(copy).watches(), observed)
    monday = reports.reporting_day("2031-03-31", "19:30", "Etc/GMT-4")[1]  # week 13 ended 19.5 hours before
    for later_ms, week in ((0, "2031-W12"), (5 * 3_600_000, "2031-W13")):
        view = view_of(
            copy, "2031-03-31", observations=observed, incidents=incidents, findings=findings, exposure=exposure,
            as_of_ms=monday + later_ms, before=copy.log.size, checkpoint="",
        )  # fmt: skip
        assert f"week {week}" in view.could_not_see[0]


def test_an_hour_of_a_week_is_not_told_as_a_week(copy: Mission) -> None:
    """The exercise is opened an hour before a Monday; that Sunday's week has no share."""
    publish(copy, "2031-03-10", ("html",))
    text = next((copy.root / "reports" / "2031-03-10").glob("*.html")).read_text(encoding="utf-8")
    assert "W09" not in text
    assert "2031-W10" in text
