"""Facts on a mission's log: what articles, duties and conditions wait for, whose word counts, and what stays sealed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from truceline import agreement as agreements
from truceline.agreement.temporal import Facts
from truceline.cli.main import app
from truceline.errors import TrucelineError, UsageError
from truceline.mission import computing, facts, planning
from truceline.mission.clock import iso
from truceline.mission.entering import enter
from truceline.mission.mission import Mission
from truceline.mission.publishing import publish
from truceline.mission.replaying import replay
from truceline.mission.verifying import verify
from truceline.mission.views import Views
from truceline.records.codes import FACT_KINDS, SEALED_FACTS
from truceline.records.kinds import Alignment, Fact, Genesis, Party
from truceline.report import day_before, reporting_date

HOUR_MS = 3_600_000
HEAD = """format: truceline-agreement/1
id: gate
version: "1"
title: "EXERCISE accord"
exercise: true
sources: [{title: fictional, confidence: fictional}]
alignments: [{id: north, members: [party-1]}, {id: south, members: [party-2]}]
areas: [{id: d1, title: d1}]
lines: [{id: line-of-contact, title: line, drawn_by: mission}]
articles:
  - {number: "1", shape: entry_into_force, title: entry, restatement: entry, from: {local: "2026-01-01T00:00", zone: Etc/UTC}}
"""
FIRE = '  - {number: "2", shape: prohibition, title: fire, restatement: no fire, acts: [explosion, shot, burst, shelling, muzzle_flash], when: "3"}\n'


@pytest.fixture
def mission(tmp_path: Path) -> Mission:
    parties = tuple(Party(name, {"en": name}) for name in ("party-1", "party-2"))
    sides = (Alignment("north", ("party-1",)), Alignment("south", ("party-2",)))
    return Mission.create(tmp_path / "mission", Genesis("test", False, parties, sides, (), {}, {}))


def fact(kind: str = "handed_over", **more: Any) -> dict[str, Any]:
    return {"kind": "fact", "fact_id": "f1", "fact": kind, "at": "2026-03-12T06:00:00Z", "subject": "d1", "by": "party-1"} | more  # fmt: skip


def record(mission: Mission, tmp_path: Path, *listed: dict[str, Any], author: str = "") -> Any:
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(list(listed)))
    return enter(mission, path, author=author)


def folder(tmp_path: Path, *articles: str) -> Path:
    path = tmp_path / "accord"
    path.mkdir(exist_ok=True)
    (path / "agreement.yaml").write_text(HEAD + "".join(articles))
    return path


def known(mission: Mission, tmp_path: Path, *articles: str) -> Facts:
    return facts.facts_of(mission, agreements.load(folder(tmp_path, *articles)))


def test_what_could_be_exploited_is_sealed_and_the_rest_is_open(mission: Mission, tmp_path: Path) -> None:
    made = record(
        mission, tmp_path, fact(), fact("inventory", fact_id="f2", count=75, weapon="tank", subject="")
    )
    assert (made.recorded, made.sealed) == (1, 1)
    shown, hidden = (body for _, body in mission.of(Fact))
    assert (shown.fact, hidden.fact, hidden.count) == ("handed_over", "", None)
    verify(mission.root)
    assert [body.count for _, body in facts.told(mission)] == [None, 75]
    reader = Mission.open(mission.root, tmp_path / "no-keys")
    assert [body.fact_id for _, body in facts.told(reader)] == ["f1"]
    assert set(SEALED_FACTS) < set(FACT_KINDS)


def test_what_stands_already_adds_nothing_sealed_or_not(mission: Mission, tmp_path: Path) -> None:
    both = (fact(), fact("movement", fact_id="f2", count=5))
    record(mission, tmp_path, *both)
    assert record(mission, tmp_path, *both).duplicates == 2
    with pytest.raises(UsageError, match="MIS-113"):
        record(mission, tmp_path, fact("movement", fact_id="f2", count=6))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (fact("watched"), "fact must be known"), (fact(at=""), "when it happened"), (fact(at="2126-01-01"), "MIS-194"), (fact(by="x"), "by must be"),
        (fact("inventory"), "count"), (fact("movement", count=-1), "whole number"), (fact(until="2026-03-01"), "end after"),
        (fact(stance="maybe"), "stance"), (fact(told_by="x"), "told_by"), (fact(weapon="club"), "weapon"), (fact(sealed="0" * 64), "by hand"),
        (fact(at="yesterday"), "offset"),
    ],
)  # fmt: skip
def test_a_fact_that_cannot_stand_is_refused_with_its_field(
    mission: Mission, tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(TrucelineError) as caught:
        record(mission, tmp_path, fact(fact_id="f0"), wrong)
    assert said in str(caught.value)
    assert mission.log.size == 1


def test_only_the_missions_own_word_verifies_and_nobody_tells_anothers(
    mission: Mission, tmp_path: Path
) -> None:
    record(
        mission, tmp_path, fact(author="party-1"), fact(fact_id="f2", told_by="party-1"), fact(fact_id="f3"),
        fact(fact_id="f4", author="party-2", stance="denial"),
    )  # fmt: skip
    seen = known(
        mission,
        tmp_path,
        '  - {number: "6", shape: transfer, title: t, restatement: t, area: d1, giver: north, receiver: south}\n',
    )
    assert seen.verified.tolist() == [False, False, True, False]
    assert seen.denial.tolist() == [False, False, False, True]
    assert set(seen.by.tolist()) == {"north"}, "an article that names the alignment hears of its party"
    with pytest.raises(UsageError, match="MIS-005"):
        record(mission, tmp_path, fact(fact_id="f5", author="party-1", told_by="party-2"))


@pytest.mark.parametrize("who", ["north", "party-1"])
def test_a_condition_may_name_the_alignment_or_the_party(mission: Mission, tmp_path: Path, who: str) -> None:
    record(mission, tmp_path, fact("done"))
    path = folder(tmp_path)
    step = f"{{id: s, title: s, after: {{condition: {{once: {{fact: done, by: {who}}}}}}}}}"
    (path / "plan.yaml").write_text(f"format: truceline-plan/1\ntitle: EXERCISE\nsteps: [{step}]\n")
    accord = agreements.load(path)
    assert accord.plan is not None
    (formula,) = accord.plan.conditions().values()
    signal = agreements.signal_of(formula, facts.facts_of(mission, accord))
    assert signal.at([mission.clock_ms()]).tolist() == [1]


def test_a_duty_goes_from_not_known_to_reported_to_met_late(mission: Mission, tmp_path: Path) -> None:
    duty = (
        '  - {number: "6", shape: transfer, title: t, restatement: t, area: d1, giver: north, receiver: south,'
        ' by: {local: "2026-03-10T00:00", zone: Etc/UTC}}\n'
    )
    accord = agreements.load(folder(tmp_path, duty))

    def state() -> str:
        (one,) = agreements.duties(accord, facts.facts_of(mission, accord), as_of_ms=mission.clock_ms())
        return one.state

    states = [state()]
    for more in (
        {"fact_id": "f1", "author": "party-1"},
        {"fact_id": "f2", "author": "party-2", "stance": "denial"},
        {"fact_id": "f3"},
    ):
        record(mission, tmp_path, fact(**more))
        states.append(state())
    assert states == ["overdue", "reported", "disputed", "met_late"]


def test_complaints_and_replies_run_the_clocks_of_report_and_answer(mission: Mission, tmp_path: Path) -> None:
    article = '  - {number: "4", shape: report_and_answer, title: t, restatement: t, answer_within: 6 h, report_within: 24 h}\n'
    complaint = {
        "kind": "complaint", "complaint_id": "c1", "by": "party-1", "about": "south", "claim": "three rounds", "occurred_from": "2026-03-12",
        "occurred_to": "2026-03-12",
    }  # fmt: skip
    record(mission, tmp_path, complaint)
    accord = agreements.load(folder(tmp_path, article))

    def states(at: int) -> dict[str, str]:
        found = agreements.duties(accord, facts.facts_of(mission, accord), as_of_ms=at)
        return {one.name: one.state for one in found}

    made = mission.newest_at_ms()
    start = agreements.duties(accord, facts.facts_of(mission, accord), as_of_ms=made + 1)
    assert {one.name for one in start} >= {"c1 reported", "c1 answered"}
    notice = {"kind": "notice", "notice_id": "n1", "content": "Please answer.", "about": ["c1"]}
    reply = {
        "kind": "reply",
        "reply_id": "r1",
        "to": "n1",
        "party": "party-2",
        "position": "contests",
        "text": "No.",
    }
    record(mission, tmp_path, notice, reply)
    asked = facts.facts_of(mission, accord)
    assert [str(kind) for kind in asked.kind] == ["occurred", "reported", "answered"]
    assert asked.verified.tolist() == [False, True, True]
    assert states(mission.clock_ms() + 7 * HOUR_MS)["c1 answered"] in ("met", "undetermined")


def accord_of(root: Path, tmp_path: Path, *articles: str) -> Path:
    mission = Mission.open(root)
    computing.adopt(mission, agreements.pack(folder(tmp_path, *articles)))
    return root


def values(signal: Any) -> list[int]:
    """Those of this age of the world."""
    listed: list[int] = signal.values[signal.times < 2**59].tolist()
    return listed


ONCE = '  - {number: "3", shape: condition, title: c, restatement: c, holds: {once: {fact: done, subject: lists exchanged}}}\n'


def test_an_article_that_waits_judges_once_the_fact_is_on_the_log_and_replay_agrees(
    tiny: Path, tmp_path: Path
) -> None:
    mission = Mission.open(accord_of(tiny, tmp_path, FIRE, ONCE))
    first = computing.assess(mission).table
    assert set(first["verdict"].to_pylist()) <= {"out_of_scope"}
    start = mission.entry(1).at
    record(
        mission,
        tmp_path,
        {
            "kind": "fact",
            "fact_id": "EXERCISE-f1",
            "fact": "done",
            "subject": "lists exchanged",
            "at": start,
            "author": "party-1",
        },
    )
    said = computing.assess(mission).table
    assert "undetermined" in said["verdict"].to_pylist()
    assert "breach" not in said["verdict"].to_pylist()
    record(
        mission,
        tmp_path,
        {"kind": "fact", "fact_id": "EXERCISE-f2", "fact": "done", "subject": "lists exchanged", "at": start},
    )
    sure = computing.assess(mission).table
    assert "breach" in sure["verdict"].to_pylist()
    shutil.rmtree(tiny / "views")
    found = replay(Mission.open(tiny))
    assert found.identical, found.difference


def test_quiet_is_verified_by_incidents_and_coverage_and_unwatched_is_not_quiet(
    small_exercise: Path, tmp_path: Path
) -> None:
    mission = Mission.open(small_exercise)
    quiet = '  - {number: "3", shape: condition, title: c, restatement: c, holds: {quiet: {for: 12 h, watched_percent: %d}}}\n'
    fused = computing.newest_incidents(mission)
    observed = Views(mission).observed().observations

    def signal(percent: int) -> Any:
        accord = agreements.load(folder(tmp_path, FIRE, quiet % percent))
        seen = computing.facts_then(mission, accord, fused.entry, fused.table, observed, mission.log.size)
        condition = next(one for one in accord.articles if one.number == "3")
        return seen, agreements.signal_of(condition.holds, seen)  # type: ignore[union-attr]

    seen, strict = signal(100)
    _, lenient = signal(1)
    kinds = set(seen.kind.tolist())
    assert {"watched", "breach"} <= kinds
    assert (seen.kind == "watched").sum() > 1000
    assert 1 not in values(strict), "nobody watched the whole line"
    assert 0 in values(lenient)
    assert -1 in values(lenient)
    blind = seen.rows(seen.kind != "watched")
    formula = next(
        one for one in agreements.load(folder(tmp_path, FIRE, quiet % 1)).articles if one.number == "3"
    ).holds  # type: ignore[union-attr]
    assert 1 not in values(agreements.signal_of(formula, blind))


def test_the_template_of_records_goes_in_as_it_is(mission: Mission, tmp_path: Path) -> None:
    path = tmp_path / "records.yaml"
    assert CliRunner().invoke(app, ["template", str(path)]).exit_code == 0
    made = enter(mission, path)
    assert (made.recorded, made.sealed) == (5, 2)
    assert len(facts.told(mission)) == 3


PLAN = """format: truceline-plan/1
title: EXERCISE plan
steps:
  - {id: EXERCISE-lists, title: lists, after: {condition: {once: {fact: done, subject: lists exchanged}}}, within: 24 h}
  - {id: EXERCISE-calm, title: calm, after: {condition: {quiet: {for: 12 h, watched_percent: 1}}}}
  - {id: EXERCISE-count, title: count, while: {condition: {at_most: {fact: movement, at_most: 10, per: month, zone: Etc/UTC}}}}
"""


def test_the_plan_of_a_mission_waits_for_facts_and_for_quiet_and_replays(tiny: Path, tmp_path: Path) -> None:
    path = folder(tmp_path, FIRE, ONCE)
    (path / "plan.yaml").write_text(PLAN)
    mission = Mission.open(tiny)
    computing.adopt(mission, agreements.pack(path))
    at = mission.clock_ms()

    def states(of: Mission) -> dict[str, str]:
        return {one.step.id: one.state for one in planning.planned(of).status(at + 1000 * HOUR_MS)}

    own = {"EXERCISE-lists": "waiting", "EXERCISE-calm": "waiting", "EXERCISE-count": "open"}
    assert own.items() <= states(mission).items()
    start = iso(at)
    done = {
        "kind": "fact",
        "fact_id": "EXERCISE-f1",
        "fact": "done",
        "subject": "lists exchanged",
        "at": start,
    }
    moved = {
        "kind": "fact",
        "fact_id": "EXERCISE-f2",
        "fact": "movement",
        "subject": "x",
        "by": "party-1",
        "count": 11,
        "at": start,
    }
    record(mission, tmp_path, done, moved)
    late = states(mission)
    assert late["EXERCISE-lists"] == "overdue", "24 hours after it opened nothing is known of it"
    near = {one.step.id: one.state for one in planning.planned(mission).status(at + HOUR_MS)}
    assert (near["EXERCISE-lists"], near["EXERCISE-count"]) == ("open", "suspended")
    reader = Mission.open(tiny, tmp_path / "no-keys")
    told = {one.step.id: one for one in planning.planned(reader).status(at + HOUR_MS)}
    assert told["EXERCISE-lists"].state == "open", "an open fact is known to all"
    assert told["EXERCISE-count"].holds is None, "a sealed one to nobody without a key"
    assert planning.rests_on_sealed(mission)
    computing.assess(mission)
    day = reporting_date(
        mission.newest_at_ms(),
        str(mission.setting("reporting_cutoff")),
        str(mission.setting("reporting_zone")),
    )
    made = publish(mission, day_before(day), ("csv",))
    assert {
        one["recompute_by"] for name, one in made.figures["figures"].items() if name.startswith("plan_")
    } == {"auditor"}
    for one in (Mission.open(tiny), reader):
        found = replay(one)
        assert found.identical, found.difference


def test_duties_of_a_mission_are_told_and_the_report_counts_them_without_what_is_sealed(
    tiny: Path, tmp_path: Path
) -> None:
    ceiling = (
        '  - {number: "8", shape: ceiling, title: tanks, restatement: t, binds: [north, south],'
        " limits: [{name: tanks, at_most: 75}]}\n"
    )
    mission = Mission.open(accord_of(tiny, tmp_path, FIRE, ONCE, ceiling))
    start = mission.entry(1).at
    record(
        mission,
        tmp_path,
        {
            "kind": "fact",
            "fact_id": "EXERCISE-f9",
            "fact": "inventory",
            "subject": "tanks",
            "by": "party-1",
            "count": 8123,
            "at": start,
        },
    )
    told = CliRunner().invoke(app, ["agreement", "duties", str(tiny), "--json"])
    found = {(one["article"], one["owner"]): one["state"] for one in json.loads(told.stdout)["duties"]}
    assert (found["8", "north"], found["8", "south"]) == ("breached", "undetermined")
    computing.assess(mission)
    day = reporting_date(
        mission.newest_at_ms(),
        str(mission.setting("reporting_cutoff")),
        str(mission.setting("reporting_zone")),
    )
    later = mission.clock_ms() + 72 * HOUR_MS
    html = publish(mission, day, ("html",), as_of_ms=later).files["html"].read_text("utf-8")
    assert "Obligations" in html
    assert "breached" in html
    assert "8123" not in html


def test_relabelling_the_parties_relabels_facts_and_duties(tmp_path: Path) -> None:
    def run(one: str, other: str) -> list[tuple[str, str, str]]:
        root = tmp_path / f"{one}-{other}"
        parties = tuple(Party(name, {"en": name}) for name in (one, other))
        sides = (Alignment("north", (one,)), Alignment("south", (other,)))
        mission = Mission.create(root, Genesis("test", False, parties, sides, (), {}, {}))
        record(
            mission,
            tmp_path,
            fact("withdrawn", by=one, author=one),
            fact("withdrawn", fact_id="f2", by=other),
        )
        task = (
            '  - {number: "5", shape: task, title: t, restatement: t, what: d1, fact: withdrawn, binds: [north, south],'
            ' by: {local: "2026-03-10T00:00", zone: Etc/UTC}}\n'
        )
        text = (HEAD + task).replace("[party-1]", f"[{one}]").replace("[party-2]", f"[{other}]")
        path = tmp_path / "accord"
        path.mkdir(exist_ok=True)
        (path / "agreement.yaml").write_text(text)
        accord = agreements.load(path)
        found = agreements.duties(accord, facts.facts_of(mission, accord), as_of_ms=mission.clock_ms())
        return [(duty.owner, duty.state, duty.reason) for duty in found]

    assert run("party-1", "party-2") == run("party-2", "party-1")
