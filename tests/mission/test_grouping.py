"""Officers' merges and splits: on the log, sealed, obeyed by every later fusion, recomputed by replay."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
import yaml
from typer.testing import CliRunner

from truceline import fusion
from truceline.cli.main import app
from truceline.errors import ReplayError, UsageError
from truceline.mission import computing, evidence, regrouping, withdrawing
from truceline.mission.entering import enter
from truceline.mission.grouping import constraints_of, groupings
from truceline.mission.mission import Mission
from truceline.mission.replaying import replay
from truceline.mission.verifying import verify
from truceline.mission.views import Views
from truceline.records.kinds import Decision, Grouping, Import, Withdrawal

WHY = "EXERCISE: both are the fire at the mill"


def largest(mission: Mission) -> list[str]:
    """The supports of the incident with most of them."""
    rows = computing.newest_incidents(mission).table["supports"].to_pylist()
    return list(max(rows, key=len))


def neighbours(mission: Mission) -> tuple[str, str]:
    """Two incidents of one day."""
    table = computing.newest_incidents(mission).table.sort_by("midpoint_ms")
    names = table["incident_id"].to_pylist()
    return names[0], names[1]


def home(incidents: pa.Table) -> dict[str, str]:
    """obs_id -> its incident."""
    both = zip(incidents["incident_id"].to_pylist(), incidents["supports"].to_pylist(), strict=True)
    return {obs: name for name, supports in both for obs in supports}


def test_a_merge_holds_from_the_next_fuse_on_and_the_old_name_leads_to_the_new_incident(tiny: Path) -> None:
    mission = Mission.open(tiny)
    one, two = neighbours(mission)
    regrouping.merge(mission, [one, two], role="officer-1", reason=WHY)
    made = computing.fuse(mission)
    assert home(made.table)[one] == home(made.table)[two]
    again = computing.fuse(mission)
    assert again.table.equals(made.table), "it holds for ever, and nothing else moves"
    found = regrouping.members(mission, two)
    assert found["incident_id"] == home(made.table)[one]


def test_a_split_keeps_apart_and_an_undo_gives_back_what_was(tiny: Path) -> None:
    mission = Mission.open(tiny)
    before = computing.fuse(mission).table
    whole = largest(mission)
    assert len(whole) > 2
    regrouping.split(mission, [whole[:1], whole[1:2]], role="officer-2", reason="two places")
    apart = home(computing.fuse(mission).table)
    assert apart[whole[0]] != apart[whole[1]]
    assert set(whole) <= apart.keys()
    [said] = groupings(mission)
    assert said.reason == "EXERCISE: two places"
    regrouping.undo(mission, said.name, role="officer-1", reason="one place after all")
    assert constraints_of(mission) == ()
    assert computing.fuse(mission).table.equals(before)
    undone = groupings(mission)[-1].name
    regrouping.undo(mission, undone, role="officer-1", reason="no, two")
    assert len(constraints_of(mission)) == 1


def test_the_last_word_counts_and_earlier_results_replay_with_what_held_then(tiny: Path) -> None:
    mission = Mission.open(tiny)
    whole = largest(mission)
    regrouping.split(mission, [whole[:1], whole[1:]], role="officer-1", reason="two")
    computing.fuse(mission)
    regrouping.merge(mission, [whole[0], whole[1]], role="officer-2", reason="one")
    made = home(computing.fuse(mission).table)
    assert made[whole[0]] == made[whole[1]]
    made_then = replay(Mission.open(tiny))
    assert made_then.identical, made_then.difference


def test_the_open_log_says_that_an_officer_grouped_and_not_what(tiny: Path) -> None:
    mission = Mission.open(tiny)
    whole = largest(mission)
    at = regrouping.split(mission, [whole[:1], whole[1:]], role="officer-1", reason="two places").index
    body = mission.entry(at).body
    assert isinstance(body, Grouping)
    assert (body.act, body.by_role, body.undoes) == ("split", "officer-1", "")
    shown = "".join(str(getattr(body, name)) for name in body.__struct_fields__)
    assert not any(obs in shown for obs in whole)
    assert "two places" not in shown
    verify(tiny)
    computing.fuse(mission)
    keyless = Mission.open(tiny, tiny.parent / "no-keys")
    assert replay(keyless).identical, "the public recomputes what it could before"


def test_only_officers_are_obeyed(tiny: Path) -> None:
    mission = Mission.open(tiny)
    one, two = neighbours(mission)
    party = mission.genesis.parties[0].id
    for role in (party, "commission", "auditor"):
        with pytest.raises(UsageError, match="MIS-240"):
            regrouping.merge(mission, [one, two], role=role, reason=WHY)
    body = regrouping.body_of(
        mission, regrouping.judged(mission, "merge", [[one, two]], role="officer-1", reason=WHY)
    )
    mission.record(body, party)  # as a party might hand it in, with its own key
    assert constraints_of(mission) == ()


def test_what_cannot_be_obeyed_is_refused_and_nothing_is_recorded(tiny: Path) -> None:
    mission = Mission.open(tiny)
    one, two = neighbours(mission)
    whole, size = largest(mission), mission.log.size
    merge, split, undo = regrouping.merge, regrouping.split, regrouping.undo
    with pytest.raises(UsageError, match="MIS-241"):
        merge(mission, [one, two], role="officer-1", reason=" ")
    with pytest.raises(UsageError, match="MIS-242"):
        merge(mission, [one, "no-such"], role="officer-1", reason=WHY)
    with pytest.raises(UsageError, match="MIS-243"):
        merge(mission, [one, one], role="officer-1", reason=WHY)
    with pytest.raises(UsageError, match="MIS-243"):
        split(mission, [whole, whole[:1]], role="officer-1", reason=WHY)
    with pytest.raises(UsageError, match="MIS-243"):
        split(mission, [whole], role="officer-1", reason=WHY)
    table = computing.newest_incidents(mission).table.sort_by("midpoint_ms")
    ends = table["incident_id"].to_pylist()
    with pytest.raises(UsageError, match="MIS-244"):
        merge(mission, [ends[0], ends[-1]], role="officer-1", reason=WHY)
    with pytest.raises(UsageError, match="MIS-245"):
        undo(mission, "no-such", role="officer-1", reason=WHY)
    assert mission.log.size == size


def test_a_sealed_file_that_says_nothing_stops_the_fusion(tiny: Path) -> None:
    mission = Mission.open(tiny)
    digest = mission.vault.seal_file(b'{"reason":"x","sets":[["a"]]}')
    mission.record(Grouping("g", "split", digest, "officer-1", "2031-03-12T00:00:00Z"), "officer-1")
    with pytest.raises(ReplayError, match="RPL-004"):
        computing.fuse(mission)


def test_a_file_says_the_same_and_the_template_only_wants_a_reason(tiny: Path, tmp_path: Path) -> None:
    mission = Mission.open(tiny)
    whole = largest(mission)
    path = tmp_path / "split.yaml"
    run = CliRunner()
    assert run.invoke(app, ["group", "template", str(tiny), whole[0], str(path)]).exit_code == 0
    draft = yaml.safe_load(path.read_text())
    assert sorted(obs for part in draft["sets"] for obs in part) == sorted(whole)
    with pytest.raises(UsageError, match="MIS-241"):
        enter(mission, path)
    path.write_text(path.read_text().replace('reason: ""', "reason: two places"))
    made = enter(mission, path)
    assert (made.recorded, made.duplicates) == (1, 0)
    assert enter(mission, path).duplicates == 1
    sets = tuple(tuple(sorted(part)) for part in draft["sets"])
    assert constraints_of(mission) == (fusion.Split(sets),)
    both = neighbours(mission)
    merge = tmp_path / "merge.json"
    merge.write_text(
        json.dumps({"kind": "grouping", "act": "merge", "sets": both, "reason": WHY, "by_role": "officer-2"})
    )
    assert enter(mission, merge).recorded == 1
    computing.fuse(mission)
    assert enter(mission, merge).duplicates == 1
    for wrong in ({"sets": "x"}, {"why": "x"}, {"act": "join"}, {"at": "yesterday"}):
        merge.write_text(json.dumps({"kind": "grouping", "act": "merge", "sets": both, "reason": "other", "by_role": "officer-2"} | wrong))  # fmt: skip
        with pytest.raises(UsageError, match=r"MIS-112|MIS-243"):
            enter(mission, merge)


def test_the_command_merges_shows_and_undoes(tiny: Path) -> None:
    one, two = neighbours(Mission.open(tiny))
    run = CliRunner()
    made = run.invoke(app, ["group", "merge", str(tiny), one, two, "--reason", WHY, "--json"])
    assert made.exit_code == 0, made.output
    ident = json.loads(made.output)["grouping_id"]
    [row] = json.loads(run.invoke(app, ["group", "show", str(tiny), "--json"]).output)["groupings"]
    assert (row["stands"], row["reason"], {one, two} <= set(row["sets"][0])) == (True, WHY, True)
    assert run.invoke(app, ["group", "undo", str(tiny), ident, "--reason", "no"]).exit_code == 0
    text = run.invoke(app, ["group", "show", str(tiny)]).output
    assert "undone" in text


def test_a_decision_on_an_incident_that_an_officer_split_is_flagged(tiny: Path) -> None:
    mission = Mission.open(tiny)
    whole = largest(mission)
    name = home(computing.fuse(mission).table)[whole[0]]
    mission.record(Decision("D-1", name, "noted", {}), "commission")
    regrouping.split(mission, [whole[:1], whole[1:]], role="officer-1", reason="two places")
    made = computing.fuse(mission)
    assert made.decided is not None
    [told] = [row for row in made.decided.to_pylist() if row["incident_id"] == name]
    assert told["members"]


def test_what_was_withdrawn_stands_no_longer_until_that_is_taken_back(tiny: Path) -> None:
    mission = Mission.open(tiny)
    before = computing.fuse(mission).table
    gone = largest(mission)[1]
    entry = withdrawing.withdraw(mission, [gone], role="officer-1", reason="the camera's clock was wrong")
    body = entry.body
    assert isinstance(body, Withdrawal)
    assert gone not in "".join(str(getattr(body, name)) for name in body.__struct_fields__)
    assert gone not in Views(mission).observed().observations["obs_id"].to_pylist()
    after = computing.fuse(mission).table
    assert gone not in {obs for members in after["members"].to_pylist() for obs in members}
    made = replay(Mission.open(tiny))
    assert made.identical, made.difference
    with pytest.raises(UsageError, match="MIS-246"):
        withdrawing.withdraw(mission, [gone], role="officer-1", reason="again")
    with pytest.raises(UsageError, match="MIS-247"):
        withdrawing.restore(mission, "no-such", role="officer-1", reason="x")
    with pytest.raises(UsageError, match="MIS-240"):
        withdrawing.withdraw(mission, [gone], role="auditor", reason="x")
    withdrawing.restore(mission, body.withdrawal_id, role="officer-2", reason="it was right")
    assert computing.fuse(mission).table.equals(before)
    verify(tiny)


def test_a_party_withdraws_nothing(tiny: Path) -> None:
    mission = Mission.open(tiny)
    gone = largest(mission)[0]
    wanted = withdrawing.judged(mission, [gone], role="officer-1", reason="x")
    mission.record(regrouping.body_of(mission, wanted), mission.genesis.parties[0].id)
    assert gone in Views(mission).observed().observations["obs_id"].to_pylist()


def test_a_newer_version_of_what_was_withdrawn_stands_again(tiny: Path, tmp_path: Path) -> None:
    mission = Mission.open(tiny)
    path = tmp_path / "late.json"
    said = {
        "kind": "observation", "obs_id": "EXERCISE-late", "source_id": "EXERCISE-post-9", "source_kind": "post", "act": "explosion",
        "observed_from": "2031-03-12T09:00:00+04:00", "observed_to": "2031-03-12T09:01:00+04:00", "means": "heard", "text": "one",
    }  # fmt: skip
    path.write_text(json.dumps(said))
    enter(mission, path)
    told = tmp_path / "withdraw.yaml"
    told.write_text("kind: withdrawal\nobs_ids: [EXERCISE-late]\nreason: a tyre\nby_role: officer-1\n")
    assert enter(mission, told).recorded == 1
    assert enter(mission, told).duplicates == 1

    def texts() -> list[str]:
        table = Views(mission).observed().observations
        return [row["text"] for row in table.to_pylist() if row["obs_id"] == "EXERCISE-late"]

    assert texts() == []
    path.write_text(json.dumps(said | {"text": "two, and it was no tyre"}))
    enter(mission, path)
    assert texts() == ["two, and it was no tyre"]


def test_the_command_withdraws_and_takes_back(tiny: Path) -> None:
    gone = largest(Mission.open(tiny))[0]
    run = CliRunner()
    made = run.invoke(app, ["withdraw", str(tiny), gone, "--reason", "wrong clock", "--json"])
    assert made.exit_code == 0, made.output
    ident = json.loads(made.output)["withdrawal_id"]
    assert run.invoke(app, ["withdraw", str(tiny), "--restore", ident, "--reason", "right"]).exit_code == 0
    assert run.invoke(app, ["withdraw", str(tiny)]).exit_code != 0


def test_what_incidents_were_is_not_kept_when_evidence_is_shredded(tiny: Path) -> None:
    mission = Mission.open(tiny)
    kept = tiny / "views" / "incidents-00000009.parquet"
    kept.write_bytes(b"")
    [imported] = [one for one, body in mission.of(Import) if body.sealed][:1]
    evidence.shred(mission, str(imported.index), ("officer-1", "officer-2"), "EXERCISE: asked for")
    assert not kept.exists()
