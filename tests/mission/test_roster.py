"""R9: nothing is assigned without the consent of every party, and its withdrawal ends what rests on it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from typer.testing import CliRunner

from truceline.cli.main import app
from truceline.errors import ReplayError, UsageError
from truceline.mission import computing, exercise, mechanism, roster
from truceline.mission.clock import iso
from truceline.mission.entering import enter
from truceline.mission.mission import Mission
from truceline.mission.verifying import verify
from truceline.mission.views import Views
from truceline.records.columns import WATCHES
from truceline.records.kinds import Assignment, Decision
from truceline.report.mechanism import page
from truceline.simulate.exercise import Exercise, build

DAY_MS = 86_400_000
TASK = "EXERCISE: watch the line"
POSTING = roster.Posting("EXERCISE-team-1", TASK, {"xa": 2, "xb": 2}, ("camera",), ("EXERCISE-S01",))


@pytest.fixture(scope="module")
def made() -> Exercise:
    return build(1, 0.01)


@pytest.fixture
def mission(made: Exercise, tmp_path: Path) -> Mission:
    one = exercise.open_exercise(tmp_path / "EXERCISE-m", made)
    places = [f["properties"]["id"] for f in one.geometry["features"] if f["properties"]["role"] == "sector"]
    assert POSTING.places[0] in places, places[:3]
    return one


def all_consent(mission: Mission, start: str, but: tuple[str, str] = ("", "")) -> None:
    for party in mission.genesis.parties:
        for subject in POSTING.subjects():
            if (party.id, subject) != but:
                roster.consent(mission, party.id, subject, True, from_time=start)


def states(mission: Mission, at: int) -> list[str]:
    return [row["state"] for row in roster.roster(mission, at)]


def test_each_missing_consent_alone_stops_an_assignment(mission: Mission, made: Exercise) -> None:
    start = iso(made.start_ms)
    wanted = ("party-2", f"place:{POSTING.places[0]}")
    all_consent(mission, start, but=wanted)
    assert roster.lacking(mission, POSTING, made.start_ms) == [wanted]
    with pytest.raises(UsageError, match="MIS-089") as caught:
        roster.assign(mission, POSTING, start)
    assert "party-2: place:" in str(caught.value.value)
    assert not mission.of(Assignment)
    roster.consent(mission, *wanted, True, from_time=start)
    roster.assign(mission, POSTING, start)
    assert states(mission, made.start_ms) == ["active"]


@pytest.mark.parametrize("subject", POSTING.subjects())
def test_the_withdrawal_of_any_consent_by_one_party_ends_the_assignment(
    mission: Mission, made: Exercise, subject: str
) -> None:
    all_consent(mission, iso(made.start_ms))
    roster.assign(mission, POSTING, iso(made.start_ms))
    gone = made.start_ms + 3 * DAY_MS
    roster.consent(mission, "party-3", subject, False, from_time=iso(gone))
    assert states(mission, gone - 1) == ["active"]
    [row] = roster.roster(mission, gone)
    assert row["state"] == "ended"
    assert row["ended"] == [{"party": "party-3", "subject": subject, "since": iso(gone)}]
    roster.consent(mission, "party-3", subject, True, from_time=iso(gone + DAY_MS))
    assert states(mission, gone + 2 * DAY_MS) == ["ended"], "what ended is not resumed by itself"


def test_consent_for_a_time_ends_with_it(mission: Mission, made: Exercise) -> None:
    all_consent(mission, iso(made.start_ms), but=("party-1", TASK))
    until = made.start_ms + DAY_MS
    roster.consent(mission, "party-1", TASK, True, from_time=iso(made.start_ms), until_time=iso(until))
    roster.assign(mission, POSTING, iso(made.start_ms))
    assert (states(mission, until - 1), states(mission, until)) == (["active"], ["ended"])


def test_who_is_where_stays_sealed_and_the_log_still_verifies(mission: Mission, made: Exercise) -> None:
    all_consent(mission, iso(made.start_ms))
    entry = roster.assign(mission, POSTING, iso(made.start_ms))
    assert isinstance(entry.body, Assignment)
    assert POSTING.team not in repr(entry.body)
    assert "camera" not in repr(entry.body)
    verify(mission.root)
    assert roster.check_assignments(mission) == 1


def test_a_post_is_no_place_for_the_public_log(mission: Mission) -> None:
    post = mission.posts()[0]["properties"]["id"]
    with pytest.raises(UsageError, match="MIS-088"):
        roster.consent(mission, "party-1", f"place:{post}", True)


def test_an_assignment_slipped_past_the_gate_is_found_on_replay(mission: Mission, made: Exercise) -> None:
    sealed = mission.vault.seal_file(b'{"team":"t","task":"x","observers":{},"sensors":[],"places":[]}')
    mission.record(Assignment("EXERCISE-assignment-9999", sealed, iso(made.start_ms)))
    with pytest.raises(ReplayError, match="RPL-012"):
        roster.check_assignments(mission)


def agree(mission: Mission, name: str, about: str, terms: dict[str, object], made: Exercise) -> None:
    mechanism.propose(mission, name, about, terms, by="mediator-1", restatement="EXERCISE words", made=iso(made.start_ms - DAY_MS))  # fmt: skip
    for party in mission.genesis.parties:
        mechanism.take_stance(mission, name, party.id, "accepted", at=iso(made.start_ms - DAY_MS))


@pytest.mark.parametrize(
    ("about", "terms", "told"),
    [
        ("composition", {"observers": ["xa"]}, "xb"), ("access", {"places": ["EXERCISE-S02"]}, "EXERCISE-S01"),
        ("quorum", {"observers": 5}, "4 observers"), ("quorum", {"nationalities": 3}, "2 nationalities"),
    ],
)  # fmt: skip
def test_the_agreed_mechanism_sets_who_may_be_assigned(
    mission: Mission, made: Exercise, about: str, terms: dict[str, object], told: str
) -> None:
    all_consent(mission, iso(made.start_ms))
    agree(mission, "EXERCISE-proposal-1", about, terms, made)
    with pytest.raises(UsageError, match="MIS-090") as caught:
        roster.assign(mission, POSTING, iso(made.start_ms))
    assert told in str(caught.value.value)


def test_the_agreed_mandate_sets_whether_sides_are_published(mission: Mission, made: Exercise) -> None:
    assert not mechanism.publishes_sides(mission, made.start_ms)
    agree(mission, "EXERCISE-proposal-1", "mandate", {"publish_sides": True}, made)
    assert mechanism.publishes_sides(mission, made.start_ms)
    mechanism.take_stance(mission, "EXERCISE-proposal-1", "party-1", "rejected", at=iso(made.start_ms))
    assert not mechanism.publishes_sides(mission, made.start_ms)


BAD = {
    "MIS-083": ["mechanism", "propose", "ROOT", "p", "--about", "weather", "--by", "party-1", "--words", "w"],
    "MIS-084": [
        "mechanism",
        "propose",
        "ROOT",
        "known",
        "--about",
        "quorum",
        "--by",
        "party-1",
        "--words",
        "w",
    ],
    "MIS-085": ["mechanism", "stance", "ROOT", "nothing", "party-1", "accepted"],
    "MIS-086": ["mechanism", "stance", "ROOT", "known", "party-1", "perhaps"],
    "MIS-087": ["consent", "give", "ROOT", "nobody", "x"],
    "CLI-065": ["roster", "assign", "ROOT", "t", "--task", "x", "--observer", "xa"],
    "CLI-060": ["consent", "show", "ROOT", "--as-of", "noon"],
    "CLI-064": ["mechanism", "status", "ROOT", "--out", "page.pdf"],
}


@pytest.mark.parametrize("code", BAD)
def test_a_bad_call_gets_its_own_error_and_records_nothing(mission: Mission, code: str) -> None:
    mechanism.propose(
        mission, "known", "quorum", {"observers": 4}, by="party-1", restatement="EXERCISE words"
    )
    size = mission.log.size
    words = [str(mission.root) if word == "ROOT" else word for word in BAD[code]]
    ran = CliRunner().invoke(app, words)
    assert getattr(ran.exception, "code", "") == code, ran.output
    assert Mission.open(mission.root).log.size == size


def test_the_commands_record_and_show(mission: Mission, tmp_path: Path) -> None:
    def run(*words: object) -> dict:  # type: ignore[type-arg]
        ran = CliRunner().invoke(app, [*map(str, words), "--json"])
        assert ran.exit_code == 0, (words, ran.output, ran.exception)
        return json.loads(ran.stdout)  # type: ignore[no-any-return]

    root = mission.root
    out = tmp_path / "status.html"
    run("mechanism", "propose", root, "EXERCISE-q", "--about", "quorum", "--by", "mediator-1", "--words", "EXERCISE: two", "--term", "observers=2")  # fmt: skip
    for party in ("party-1", "party-2", "party-3"):
        told = run("mechanism", "stance", root, "EXERCISE-q", party, "accepted")
        for subject in ("EXERCISE: patrol", "team:EXERCISE-team-2", "nationality:xc"):
            run("consent", "give", root, party, subject)
    assert told["word"] == "agreed"
    told = run("mechanism", "status", root, "--out", out)
    assert told["terms"] == {"quorum": {"observers": 2}}
    assert "EXERCISE" in out.read_text("utf-8")
    run("roster", "assign", root, "EXERCISE-team-2", "--task", "EXERCISE: patrol", "--observer", "xc=2")
    assert [row["state"] for row in run("roster", "show", root)["assignments"]] == ["active"]
    run("consent", "withdraw", root, "party-2", "team:EXERCISE-team-2")
    assert [row["state"] for row in run("roster", "show", root)["assignments"]] == ["ended"]
    [row] = [one for one in run("consent", "show", root)["consents"] if one["subject"].startswith("team:")]
    assert row["parties"] == {"party-1": "given", "party-2": "withdrawn", "party-3": "given"}


def test_the_page_turns_the_order_of_the_parties(mission: Mission) -> None:
    told = {
        "mission": "m", "exercise": True, "as_of": "now", "names": {}, "parties": ["a", "b"], "agreed": [], "not_agreed": [],
        "elements": [{"element": name, "word": "open", "agreed": None, "proposals": [{
            "id": "p", "by": "", "restatement": "<b>", "terms": {}, "source": {}, "stances": {"a": "silent", "b": "silent"},
            "others": {}, "history": [], "word": "open"}]} for name in ("principle", "composition")],
    }  # fmt: skip
    text = page(told)
    first = text.index('<th scope="col">a</th><th scope="col">b</th>')
    assert text.index('<th scope="col">b</th><th scope="col">a</th>') > first
    assert "<b>" not in text


def test_in_the_exercise_all_is_agreed_but_the_mandate(mission: Mission, made: Exercise) -> None:
    mission.record_many([(role, body, iso(at)) for at, role, body in made.records])
    told = mechanism.status(mission, made.start_ms)
    assert told["agreed"] == ["principle", "composition", "access", "quorum"]
    assert told["not_agreed"] == ["mandate"]
    assert not mechanism.publishes_sides(mission, made.end_ms)


def row(watch: str, source: str, start: int, hours: int, **more: object) -> dict[str, object]:
    return {
        "watch_id": watch, "source_id": source, "source_kind": "patrol", "from_ms": start, "to_ms": start + hours * 3_600_000,
        "outcome": "watched", "sector_id": POSTING.places[0], "exercise": True,
    } | more  # fmt: skip


def test_a_watch_is_kept_and_flagged_unless_it_rests_on_consent_for_all_of_its_time(
    mission: Mission, made: Exercise
) -> None:
    start, team = made.start_ms, POSTING.team
    listed = [
        row("before", team, start - 3_600_000, 1), row("during", team, start, 2), row("across", team, start + DAY_MS - 3_600_000, 2),
        row("after", team, start + DAY_MS, 1), row("stranger", "EXERCISE-team-9", start, 1), row("elsewhere", team, start, 1, sector_id="EXERCISE-S02"),
        row("camera", "EXERCISE-camera-1", start, 1, source_kind="camera"),
    ]  # fmt: skip
    watches = pa.Table.from_pylist(listed, schema=WATCHES)
    assert set(roster.unconsented(mission, watches)) == {""}, "without a roster nothing is held against one"
    all_consent(mission, iso(start))
    roster.assign(mission, POSTING, iso(start))
    roster.consent(mission, "party-1", TASK, False, from_time=iso(start + DAY_MS))
    gone = f"party-1 withdrew its consent to {TASK}"
    assert dict(zip(watches["watch_id"].to_pylist(), roster.unconsented(mission, watches), strict=True)) == {
        "before": "outside the time of its assignment", "during": "", "across": gone, "after": gone, "stranger": "never assigned",
        "elsewhere": "not assigned to that sector", "camera": "",
    }  # fmt: skip


def test_recording_a_watch_without_consent_loses_nothing_and_says_so(
    mission: Mission, made: Exercise, tmp_path: Path
) -> None:
    all_consent(mission, iso(made.start_ms))
    roster.assign(mission, POSTING, iso(made.start_ms))
    path = tmp_path / "watches.json"
    path.write_text(json.dumps({
        "kind": "watch", "watch_id": "EXERCISE-w1", "source_id": "EXERCISE-team-9", "source_kind": "patrol", "from": iso(made.start_ms),
        "to": iso(made.start_ms + 3_600_000), "outcome": "watched", "sector_id": POSTING.places[0],
    }))  # fmt: skip
    told = CliRunner().invoke(app, ["record", str(mission.root), str(path), "--json"])
    found = json.loads(told.stdout[told.stdout.index("{") :])
    assert (found["sealed"], found["flagged"]) == (1, {"EXERCISE-w1": "never assigned"})
    shown = CliRunner().invoke(app, ["roster", "watches", str(mission.root), "--json"])
    assert [one["why"] for one in json.loads(shown.stdout)["flagged"]] == ["never assigned"]
    assert Views(Mission.open(mission.root)).watches().num_rows == 1


def test_who_watches_without_consent_verifies_no_quiet(small_exercise: Path, tmp_path: Path) -> None:
    shutil.copytree(small_exercise, tmp_path / "mission")
    shutil.copytree(small_exercise.with_name("mission.keys"), tmp_path / "mission.keys")
    mission = Mission.open(tmp_path / "mission")
    watches, observed = Views(mission).watches(), Views(mission).observed().observations

    def hours() -> int:
        seen = computing.watched_by_consent(mission, watches, observed, mission.log.size)
        return 0 if seen is None else pc.sum(seen["watched_e4"]).as_py()

    everybody = hours()
    start = pc.min(watches["from_ms"]).as_py()
    own = replace(POSTING, observers={"EXERCISE-xa": 2, "EXERCISE-xb": 2})
    for party in mission.genesis.parties:
        for subject in own.subjects():
            roster.consent(mission, party.id, subject, True, from_time=iso(start))
    roster.assign(mission, own, iso(start))
    assert 0 <= hours() < everybody


def test_a_decision_needs_the_agreed_quorum_of_the_commission_and_replay_finds_one_that_lacked_it(
    mission: Mission, made: Exercise, tmp_path: Path
) -> None:
    def decide(number: int, votes: dict[str, str]) -> None:
        path = tmp_path / "decision.json"
        body = {
            "kind": "decision",
            "decision_id": f"EXERCISE-d{number}",
            "about": "EXERCISE item",
            "outcome": "upheld",
            "votes": votes,
        }
        path.write_text(json.dumps(body))
        enter(mission, path)

    decide(1, {"party-1": "for"})
    assert roster.check_decisions(mission) == 1, "where no quorum is agreed none is lacking"
    everybody = [party.id for party in mission.genesis.parties]
    mechanism.propose(
        mission, "EXERCISE-q", "quorum", {"parties": 2}, by="party-1", restatement="EXERCISE: two parties"
    )
    for party in everybody:
        mechanism.take_stance(mission, "EXERCISE-q", party, "accepted")
    for votes in (
        {"party-1": "for"},
        {"party-1": "for", "party-2": "absent"},
        {"party-1": "for", "nobody": "for"},
    ):
        with pytest.raises(UsageError, match="MIS-195"):
            decide(2, votes)
    decide(2, {"party-1": "for", "party-2": "abstains"})
    assert roster.check_decisions(mission) == 2
    mission.record(Decision("EXERCISE-d3", "EXERCISE item", "upheld", {"party-2": "for"}), "commission")
    with pytest.raises(ReplayError, match="MIS-195"):
        roster.check_decisions(mission)
