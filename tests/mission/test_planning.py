"""The plan of a mission: computed from consents and acts on the log, in the exercise and by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from truceline.cli.main import app
from truceline.errors import UsageError
from truceline.mission import exercise, planning
from truceline.mission.clock import iso
from truceline.mission.mission import Mission
from truceline.records.kinds import PlanStep
from truceline.simulate.exercise import Exercise, build

DAY_MS = 86_400_000
GUARANTEE, PHASE_ONE, PHASE_TWO, CORRIDOR = (f"EXERCISE-step-0{n}" for n in (2, 3, 4, 5))


@pytest.fixture(scope="module")
def made() -> Exercise:
    return build(1, 0.01)


@pytest.fixture
def mission(made: Exercise, tmp_path: Path) -> Mission:
    one = exercise.open_exercise(tmp_path / "EXERCISE-m", made)
    one.record_many([(role, body, iso(at)) for at, role, body in made.records])
    return one


def states(mission: Mission, at: int) -> dict[str, str]:
    return {one.step.id: one.state for one in planning.planned(mission).status(at)}


def day(made: Exercise, number: int, hour: int) -> int:
    return made.start_ms + (number - 1) * DAY_MS + hour * 3_600_000


def test_withdrawn_consent_suspends_guarantee_and_step_computed_not_told(
    mission: Mission, made: Exercise
) -> None:
    told = {body.state for _, body in mission.of(PlanStep)}
    assert not told & {"suspended", "overdue", "open", "waiting"}
    before, after = states(mission, day(made, 30, 5)), states(mission, day(made, 30, 6))
    assert (before[GUARANTEE], before[PHASE_ONE]) == ("verified", "reported")
    assert (after[GUARANTEE], after[PHASE_ONE], after[PHASE_TWO]) == ("suspended",) * 3
    row = next(one for one in planning.rows_of(planning.planned(mission), day(made, 31, 0)) if one["id"] == GUARANTEE)  # fmt: skip
    assert row["lapsed"] == ["consent of party-2 to EXERCISE: posts and patrols"]


def test_the_exercise_tells_of_every_step_what_the_accord_has(mission: Mission) -> None:
    known = {one.id for one in planning.planned(mission).plan.steps}
    assert {body.step_id for _, body in mission.of(PlanStep)} <= known


def test_an_amendment_shows_before_and_after(mission: Mission, made: Exercise) -> None:
    rows = planning.rows_of(planning.planned(mission), day(made, 37, 16))
    corridor = next(one for one in rows if one["id"] == CORRIDOR)
    assert [(one["before"][:10], one["after"][:10]) for one in corridor["amendments"]] == [("2031-03-29", "2031-04-08")]  # fmt: skip
    assert (corridor["state_as_first_agreed"], corridor["state"]) == ("overdue", "waiting")
    earlier = planning.rows_of(planning.planned(mission), day(made, 37, 16), day(made, 37, 9))
    assert next(one for one in earlier if one["id"] == CORRIDOR)["amendments"] == []


def test_what_the_report_shows_is_computed_at_the_end_of_its_day(mission: Mission, made: Exercise) -> None:
    shown = {one.step_id: one for one in planning.steps_of(mission, day(made, 31, 0), mission.log.size)}
    assert shown[GUARANTEE].state == "suspended"
    assert "consent of party-2" in shown[GUARANTEE].because


def test_a_computed_state_cannot_be_recorded(mission: Mission) -> None:
    with pytest.raises(UsageError, match="MIS-081"):
        planning.record_act(mission, PHASE_ONE, "suspended")
    with pytest.raises(UsageError, match="MIS-080"):
        planning.record_act(mission, "EXERCISE-step-99", "reported")
    with pytest.raises(UsageError, match="MIS-082"):
        planning.record_act(mission, PHASE_ONE, "amended")


def run(*words: object) -> tuple[int, str]:
    made = CliRunner().invoke(app, [str(one) for one in words])
    return made.exit_code, made.stdout


def test_the_command_tells_records_and_writes(mission: Mission, made: Exercise, tmp_path: Path) -> None:
    at = iso(day(made, 44, 12))
    files = [tmp_path / f"plan.{suffix}" for suffix in ("html", "svg", "ics")]
    code, out = run("plan", mission.root, "--as-of", at, "--what-if", f"{PHASE_ONE}=2031-05-20", "--json", *(word for file in files for word in ("--out", file)))  # fmt: skip
    assert code == 0, out
    told = json.loads(out[out.index("{") :])
    assert told["stages"]["complete"]["steps"] == 1
    assert told["critical_path"]
    late = {one["id"]: one["late_days_if_moved"] for one in told["expected"]}
    assert late[PHASE_TWO] > 30
    html, svg, calendar = (file.read_bytes().decode() for file in files)
    assert "EXERCISE" in html
    assert "<script" not in html
    assert svg.startswith("<svg")
    assert calendar.count("BEGIN:VEVENT") == 6
    assert all(len(line.encode()) <= 75 for line in calendar.split("\r\n"))
    assert all("EXERCISE" in line for line in calendar.split("\r\n") if line.startswith("SUMMARY"))
    assert run("plan", mission.root, "--as-of", at)[0] == 0
    code, out = run(
        "step", mission.root, PHASE_ONE, "disputed", "--because", "EXERCISE: counted otherwise", "--json"
    )
    assert (code, json.loads(out)["state"]) == (0, "disputed")


def test_a_plan_is_no_file_of_another_kind_and_a_record_supposes_nothing(
    mission: Mission, tmp_path: Path
) -> None:
    def code(*words: object) -> str:
        return str(getattr(CliRunner().invoke(app, [str(one) for one in words]).exception, "code", ""))

    assert code("plan", mission.root, "--out", tmp_path / "plan.pdf") == "CLI-061"
    assert code("plan", mission.root, "--as-of", "2031-04-01T12:00") == "CLI-060"
    assert code("plan", mission.root, "--what-if", "EXERCISE-step-03") == "CLI-060"
    assert code("plan", mission.root, "--what-if", "nothing=2031-04-01") == "MIS-080"
    assert code("plan", "minsk-2015-package") == "CLI-063"
