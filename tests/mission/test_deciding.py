"""Sittings of the commission, and decisions signed by several keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from truceline.errors import TrucelineError, UsageError
from truceline.mission import deciding
from truceline.mission.mission import Mission
from truceline.mission.verifying import verify
from truceline.records.kinds import Decision, Meeting

VOTES = {"party-1": "against", "party-2": "for", "party-3": "for"}


@pytest.fixture
def mission(tiny: Path) -> Mission:
    return Mission.open(tiny)


def sitting(mission: Mission, quorum: int = 3, **present: int) -> str:
    there = present or {"party_1": 2, "party_2": 2, "party_3": 1}
    body = deciding.call_meeting(
        mission, "2031-04-20T10:00:00+04:00", ["one item", "EXERCISE-x/2"],
        {name.replace("_", "-"): n for name, n in there.items()}, quorum=quorum, role="commission",
    ).body  # fmt: skip
    assert isinstance(body, Meeting)
    return body.meeting_id


def draft(mission: Mission, **more: Any) -> deciding.Draft:
    given: dict[str, Any] = {
        "meeting_id": sitting(mission), "about": "EXERCISE-x/2", "outcome": "upheld", "votes": VOTES, "agreed": "there was fire",
        "disputed": "who fired", "perceptions": {"party-1": "a quarry", "party-2": "artillery"}, "dissent": {"party-1": "not shown"},
    }  # fmt: skip
    return deciding.draft(mission, **(given | more))


def test_a_decision_is_one_entry_signed_by_all_who_were_there(mission: Mission) -> None:
    made, size = draft(mission), mission.log.size
    assert (made.signed, made.missing) == (("commission",), ("party-1", "party-2", "party-3"))
    name = made.decision.decision_id
    assert deciding.sign(mission, name, "party-3") is None
    assert deciding.sign(mission, name, "party-1") is None
    assert mission.log.size == size
    index = deciding.sign(mission, name, "party-2")
    assert index == size
    entry, body = mission.of(Decision)[-1]
    assert (entry.index, body) == (index, made.decision)
    assert body.dissent == {"party-1": "EXERCISE: not shown"}
    assert body.perceptions["party-2"] == "EXERCISE: artillery"
    assert deciding.drafts(mission) == []
    verify(mission.root)


def test_whoever_is_absent_does_not_sign_and_nobody_signs_twice(mission: Mission) -> None:
    votes = VOTES | {"party-3": "absent"}
    made = draft(mission, meeting_id=sitting(mission, 2), votes=votes)
    assert made.missing == ("party-1", "party-2")
    deciding.sign(mission, made.decision.decision_id, "party-1")
    for role in ("party-1", "party-3", "officer-1"):
        with pytest.raises(UsageError, match="MIS-231"):
            deciding.sign(mission, made.decision.decision_id, role)


def test_a_draft_is_withdrawn_without_a_trace_on_the_log(mission: Mission) -> None:
    made, size = draft(mission), mission.log.size
    deciding.withdraw(mission, made.decision.decision_id)
    assert (deciding.drafts(mission), mission.log.size) == ([], size)
    with pytest.raises(UsageError, match="MIS-231"):
        deciding.withdraw(mission, "../../genesis")


def test_a_draft_that_the_commissions_next_act_overtook_is_refused_by_the_log(mission: Mission) -> None:
    made = draft(mission, meeting_id=sitting(mission, 1), votes={"party-1": "for"}, dissent={})
    sitting(mission)
    size = mission.log.size
    with pytest.raises(TrucelineError):
        deciding.sign(mission, made.decision.decision_id, "party-1")
    assert mission.of(Decision)[-1][1] != made.decision
    assert mission.log.size >= size


@pytest.mark.parametrize(
    "wrong",
    [{"meeting_id": "none"}, {"about": "something else"}, {"outcome": "guilty"}, {"votes": {"mediator-1": "for"}},
     {"votes": {"party-1": "maybe"}}, {"dissent": {"party-2": "for it and against it"}}, {"perceptions": {"agency-1": "x"}},
     {"outcome": "deadlock"}],
)  # fmt: skip
def test_a_decision_that_cannot_stand_is_refused(mission: Mission, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="MIS-229"):
        draft(mission, **wrong)


def test_without_quorum_nothing_is_decided(mission: Mission) -> None:
    with pytest.raises(UsageError, match="MIS-230"):
        draft(mission, votes={"party-1": "for", "party-2": "for"}, dissent={})
    with pytest.raises(UsageError, match="MIS-230"):  # a vote of a party that is not there does not make it
        draft(mission, meeting_id=sitting(mission, 3, party_1=1, party_2=1))


def test_a_deadlock_says_who_takes_it_up(mission: Mission) -> None:
    made = draft(mission, outcome="deadlock", path="the guarantors, within a week")
    assert made.decision.path == "EXERCISE: the guarantors, within a week"


@pytest.mark.parametrize("wrong", [{"held": "soon"}, {"agenda": [" "]}, {"present": {"x": 1}}, {"quorum": 4}])
def test_a_sitting_that_cannot_be_is_refused(mission: Mission, wrong: dict[str, Any]) -> None:
    given = {"held": "2031-04-20T10:00Z", "agenda": ["a"], "present": {"party-1": 1}, "quorum": 1} | wrong
    with pytest.raises(UsageError, match="MIS-228"):
        deciding.call_meeting(mission, role="commission", **given)
