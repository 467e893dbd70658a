"""The states of the plan: against a slow reference, under any order and any names, and rule by rule."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_plan import Slow

from truceline.agreement.conditions import Formula
from truceline.agreement.moments import Bounds
from truceline.agreement.plan import (
    ACTS,
    AllOf,
    AnyOf,
    Consented,
    ConsentFact,
    Done,
    Fact,
    From,
    Over,
    Plan,
    Step,
    Terms,
    Together,
    expected,
    stages,
    status,
)
from truceline.agreement.temporal import EVER, Signal

END = 12
PARTIES = ("p", "q", "r")
World = tuple[Plan, list[Fact], list[ConsentFact], dict[str, list[int]]]
HOLDS = Formula.model_validate({"once": {"fact": "done"}})


def world(seed: int) -> World:
    """A plan with facts and consents, drawn by lot; drawing each part by hypothesis itself takes a hundred times as long."""
    lots = random.Random(seed)

    def time() -> int:
        return lots.randint(0, END)

    def span() -> Bounds:
        return Bounds(*sorted((time(), time())))

    def condition(earlier: list[str], depth: int = 2) -> Any:
        kind = lots.choice(
            ["done", "done", "from", "consent", "over", "together", "all", "any"][: 8 if depth else 6]
        )
        if kind in ("all", "any"):
            of = tuple(condition(earlier, depth - 1) for _ in range(lots.randint(1, 3)))
            return AllOf(of) if kind == "all" else AnyOf(of)
        if kind == "done" and earlier:
            return Done(lots.choice(earlier))
        if kind == "over":
            return Over(lots.choice(["calm", "lists"]), HOLDS)
        if kind == "together" and earlier:
            return Together(tuple(lots.choice(earlier) for _ in range(2)), lots.randint(0, 3))
        if kind == "consent":
            return Consented(lots.choice(["watch", "fly"]), lots.choice([(), ("p",), ("q", "r")]))
        return From(span())

    def maybe(make: Any) -> Any:
        return make() if lots.random() < 0.5 else None

    def terms(earlier: list[str]) -> Terms:
        fixed, span_ms = maybe(span), maybe(lambda: (lots.randint(0, 4), 0))
        after = maybe(lambda: condition(earlier)) if fixed or not span_ms else Over("lists", HOLDS)
        return Terms(fixed, after, maybe(lambda: condition(earlier)), within=None if fixed else span_ms)

    steps: list[Step] = []
    for number in range(lots.randint(1, 5)):
        earlier = [one.id for one in steps]
        changes = tuple(
            replace(terms(earlier), made_ms=time(), from_ms=time()) for _ in range(lots.randint(0, 2))
        )
        steps.append(
            Step(
                f"s{number}", f"step {number}", terms(earlier), changes, guarantee=lots.random() < 0.5,
                agreed=lots.random() < 0.9, verified_by=lots.choice([(), ("eye",)]),
                takes_days=maybe(lambda: lots.randint(0, 3)),
            )
        )  # fmt: skip
    said = [
        Fact(f"s{lots.randint(0, 5)}", lots.choice(ACTS), time(), time(), lots.choice(["eye", "other"]))
        for _ in range(lots.randint(0, 14))
    ]
    consent = [
        ConsentFact(lots.choice(PARTIES), lots.choice(["watch", "fly"]), lots.random() < 0.6, time(), time(), maybe(time))
        for _ in range(lots.randint(0, 12))
    ]  # fmt: skip
    over = {name: [lots.choice([0, 1, 2]) for _ in range(END + 2)] for name in ("calm", "lists")}
    for values in over.values():
        values[0] = values[1] = 0  # so that nothing has been open for ever
    return Plan(tuple(steps), PARTIES), said, consent, over


def signals(over: dict[str, list[int]]) -> dict[str, Signal]:
    """Changes at each millisecond from 0 on; what was before holds from ever."""
    times = np.array([EVER, *range(END + 1)], dtype=np.int64)
    return {name: Signal(times, np.array(values, dtype=np.int8) - 1) for name, values in over.items()}


worlds = st.integers(0, 2**32).map(world)
times = st.integers(0, END)


@settings(max_examples=400, deadline=None)
@given(worlds, times, times)
def test_every_state_is_that_of_the_slow_reference(made: World, as_of: int, known: int) -> None:
    plan, said, consent, over = made
    slow = Slow(plan, said, consent, as_of, known, over)
    for one in status(plan, said, consent, as_of, known, signals(over)):
        assert one.state == slow.state(one.step), one.step
        truth = {0: False, 1: None, 2: True}
        assert one.holds is truth[slow.truth(one.terms.holds, as_of)]
        assert one.preconditions is truth[slow.truth(one.terms.after, as_of)]


def test_what_held_before_the_first_change_can_lapse_with_it() -> None:
    """Without `while` at first, amended to one that is not there."""
    step = Step("s", "step", Terms(), (Terms(holds=Consented("watch"), made_ms=5, from_ms=5),))
    (one,) = status(Plan((step,), PARTIES), [], [], 6)
    assert (one.state, one.since_ms, one.history) == ("suspended", 5, ((5, "suspended"),))


@settings(max_examples=150, deadline=None)
@given(worlds, st.integers(0, 99))
def test_the_order_of_facts_consents_and_steps_changes_nothing(made: World, seed: int) -> None:
    (plan, said, consent, _), lots = made, random.Random(seed)
    first = {one.step.id: one for one in status(plan, said, consent, END)}
    steps = list(plan.steps)
    for what in (said, consent, steps):
        lots.shuffle(what)
    again = {one.step.id: one for one in status(replace(plan, steps=tuple(steps)), said, consent, END)}
    assert again == first


@settings(max_examples=150, deadline=None)
@given(worlds)
def test_other_names_for_the_parties_change_nothing(made: World) -> None:
    plan, said, consent, _ = made

    def states(plan: Plan, consent: list[ConsentFact]) -> list[Any]:
        return [(one.state, one.history, one.overdue) for one in status(plan, said, consent, END)]

    for names in itertools.permutations(PARTIES):
        other = dict(zip(PARTIES, names, strict=True))
        called = [replace(one, party=other[one.party]) for one in consent]
        assert states(_renamed(plan, other), called) == states(plan, consent)


def _renamed(plan: Plan, names: dict[str, str]) -> Plan:
    def walk(one: Any) -> Any:
        if isinstance(one, Consented):
            return replace(one, parties=tuple(names[p] for p in one.parties))
        return replace(one, of=tuple(map(walk, one.of))) if hasattr(one, "of") else one

    def terms(one: Terms) -> Terms:
        return replace(one, after=walk(one.after), holds=walk(one.holds))

    steps = tuple(
        replace(one, terms=terms(one.terms), amendments=tuple(map(terms, one.amendments)))
        for one in plan.steps
    )
    return replace(plan, steps=steps, parties=tuple(names[p] for p in plan.parties))


@settings(max_examples=150, deadline=None)
@given(worlds, times)
def test_what_is_recorded_later_does_not_change_what_was_known(made: World, then: int) -> None:
    plan, said, consent, _ = made
    known = [one for one in said if one.known_ms <= then], [one for one in consent if one.known_ms <= then]
    assert status(plan, said, consent, END, then) == status(plan, *known, END, then)


@settings(max_examples=150, deadline=None)
@given(worlds)
def test_nothing_is_expected_before_what_it_waits_for(made: World) -> None:
    plan, said, consent, _ = made
    told = status(plan, said, consent, END)
    made = {one.step: one for one in expected(plan, told, END)}
    assert set(made) == {one.step.id for one in told if one.state != "not_agreed"}
    for one in told:
        if one.state not in ("verified", "not_agreed"):
            decided = made[one.step.id].decided_by
            assert made[one.step.id].done_ms >= END
            assert not decided or made[decided].done_ms <= made[one.step.id].done_ms
    shares = stages(told)
    assert sum(one["steps"] for one in shares.values()) == len(made)


# Rule by rule

GUARANTEE = Step("g", "access", Terms(holds=Consented("watch")), guarantee=True, verified_by=("eye",))
FIRST = Step("a", "first", Terms(deadline=Bounds(8, 8)))
SECOND = Step("b", "second", Terms(after=Done("a"), holds=Done("g")))
SMALL = Plan((FIRST, GUARANTEE, SECOND), PARTIES)
GIVEN = [ConsentFact(party, "watch", True, 0, 0) for party in PARTIES]


def states(facts_: list[Fact], consents_: list[ConsentFact], at: int, plan: Plan = SMALL) -> dict[str, str]:
    return {one.step.id: one.state for one in status(plan, facts_, consents_, at)}


def fact(step: str, act: str, at: int, by: str = "eye") -> Fact:
    return Fact(step, act, at, at, by)


def test_reported_is_not_enough_to_open_what_waits() -> None:
    known = [fact("g", "verified", 0), fact("a", "reported", 1)]
    assert states(known, GIVEN, 2)["b"] == "waiting"
    assert states([*known, fact("a", "verified", 3)], GIVEN, 3)["b"] == "open"


def test_a_disputed_step_opens_nothing() -> None:
    known = [fact("g", "verified", 0), fact("a", "verified", 1), fact("a", "disputed", 2)]
    assert states(known, GIVEN, 1)["b"] == "open"
    assert states(known, GIVEN, 2) == {"a": "disputed", "g": "verified", "b": "waiting"}


def test_one_withdrawal_of_consent_suspends_guarantee_and_step_and_its_return_restores_them() -> None:
    known = [fact("g", "verified", 0), fact("a", "verified", 1)]
    words = [*GIVEN, ConsentFact("q", "watch", False, 4, 3)]
    assert states(known, words, 3) == {"a": "verified", "g": "verified", "b": "open"}
    assert states(known, words, 4) == {"a": "verified", "g": "suspended", "b": "suspended"}
    back = [*words, ConsentFact("q", "watch", True, 6, 6)]
    assert states(known, back, 6) == {"a": "verified", "g": "verified", "b": "open"}


def test_silence_is_no_consent() -> None:
    known = [fact("g", "verified", 0), fact("a", "verified", 1)]
    assert states(known, GIVEN[:2], 2)["b"] == "waiting"


def test_a_verification_by_somebody_the_plan_does_not_name_does_not_count() -> None:
    assert states([fact("g", "verified", 0, by="p")], GIVEN, 1)["g"] == "open"


def test_a_deadline_with_two_readings_is_overdue_only_after_the_later_one() -> None:
    plan = Plan((replace(FIRST, terms=Terms(deadline=Bounds(4, 8))),), PARTIES)
    told = {at: status(plan, [], [], at)[0] for at in (3, 4, 7, 8)}
    assert [told[at].overdue for at in (3, 4, 7, 8)] == [False, None, None, True]
    assert [told[at].state for at in (3, 4, 7, 8)] == ["open", "open", "open", "overdue"]


def test_an_amendment_holds_from_its_time_and_is_known_from_when_it_was_made() -> None:
    later = Terms(deadline=Bounds(11, 11), made_ms=6, from_ms=5)
    plan = Plan((replace(FIRST, amendments=(later,)),), PARTIES)
    assert status(plan, [], [], 9, known_ms=5)[0].state == "overdue"
    assert status(plan, [], [], 9, known_ms=6)[0].state == "open"
    assert status(plan.without_amendments(), [], [], 9)[0].state == "overdue"


@pytest.mark.parametrize(("met", "late"), [(7, False), (9, True)])
def test_a_step_met_after_its_deadline_is_met_late(met: int, late: bool) -> None:
    known = [fact("a", "reported", met), fact("a", "verified", 10)]
    assert status(SMALL, known, GIVEN, 11)[0].late is late


def test_stages_are_those_of_the_record_and_leave_out_what_nobody_agreed() -> None:
    steps = [Step(name, name) for name in "abcd"] + [Step("e", "e", agreed=False)]
    known = [fact("b", "begun", 1), fact("c", "reported", 1), fact("d", "verified", 1)]
    found = stages(status(Plan(tuple(steps)), known, [], 2))
    assert {name: one["steps"] for name, one in found.items()} == {
        "not_begun": 1, "minimum": 1, "intermediate": 1, "complete": 1,
    }  # fmt: skip
    assert {one["share_e4"] for one in found.values()} == {2500}


def test_a_moved_date_moves_what_waits_for_it_and_nothing_else() -> None:
    day = 86_400_000
    plan = Plan(
        (
            Step("a", "a", Terms(deadline=Bounds(2 * day, 2 * day)), takes_days=1),
            Step("b", "b", Terms(deadline=Bounds(4 * day, 4 * day), after=Done("a")), takes_days=2),
            Step("c", "c", Terms(deadline=Bounds(9 * day, 9 * day)), takes_days=1),
        )
    )
    told = status(plan, [], [], 0)
    now = {one.step: one for one in expected(plan, told, 0)}
    then = {one.step: one for one in expected(plan, told, 0, {"a": 5 * day})}
    assert [now[name].done_ms // day for name in "abc"] == [1, 3, 1]
    assert [then[name].done_ms // day for name in "abc"] == [5, 7, 1]
    assert (now["b"].late_ms, then["b"].late_ms) == (0, 3 * day)
    assert {name for name in "abc" if now[name].critical} == {"a", "b"}


def test_a_step_opens_when_a_condition_holds_and_closes_again_with_it() -> None:
    """After quiet, within 3: its clock starts when it opens, stops when it closes, and starts anew."""
    step = Step("s", "step", Terms(after=Over("calm", HOLDS), within=(3, 0)))
    calm = signals({"calm": [0, 0, 2, 2, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2]})
    told = [status(Plan((step,)), [], [], at, signals=calm)[0] for at in range(12)]
    assert [one.state for one in told] == ["waiting", "open", "open", *["waiting"] * 2, *["open"] * 3, *["overdue"] * 4]  # fmt: skip
    deadlines = [one.terms.deadline.latest_ms if one.terms.deadline else None for one in told]
    assert deadlines == [None, 4, 4, None, None, *[8] * 7]
    assert told[0].waits_for == ("calm",)
    assert told[2].conditions == (("calm", True),)
    assert told[-1].history[-1] == (8, "overdue")


def test_a_condition_that_must_go_on_holding_suspends_and_an_unknown_one_does_not() -> None:
    step = Step("s", "step", Terms(holds=Over("calm", HOLDS)))
    calm = signals({"calm": [0, 2, 1, 0, *[0] * 10]})
    assert [status(Plan((step,)), [], [], at, signals=calm)[0].state for at in (0, 1, 2)] == ["open", "waiting", "suspended"]  # fmt: skip
    assert status(Plan((step,)), [], [], 2)[0].state == "waiting", "without facts nothing is known"


def test_steps_done_too_far_apart_are_never_together() -> None:
    both = (Step("a", "a"), Step("b", "b"))
    last = Step("c", "c", Terms(after=Together(("a", "b"), 2)))

    def state(apart: int) -> str:
        said = [Fact("a", "verified", 1, 1), Fact("b", "verified", 1 + apart, 1 + apart)]
        return status(Plan((*both, last)), said, [], 9)[-1].state

    assert [state(apart) for apart in (0, 2, 3)] == ["open", "open", "waiting"]
