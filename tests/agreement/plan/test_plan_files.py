"""`plan.yaml` as people write it: what is refused, where and why; and the plans that ship."""

from __future__ import annotations

import datetime as dt

import pytest

from truceline.agreement import plan as plans
from truceline.agreement.conditions import Formula
from truceline.agreement.folder import LIBRARY
from truceline.errors import AgreementError

HEAD = "format: truceline-plan/1\ntitle: t\nsteps:\n"
BAD = {
    "AGR-060 a step that is not there": "  - {id: a, title: a, after: b}\n",
    "AGR-061 a circle": "  - {id: a, title: a, after: b}\n  - {id: b, title: b, while: a}\n",
    "AGR-061 a step that waits for itself": "  - {id: a, title: a, after: {all: [a]}}\n",
    "AGR-062 an id twice": "  - {id: a, title: a}\n  - {id: a, title: b}\n",
    "AGR-063 consent of nobody's party": "  - {id: a, title: a, while: {consent: {task: t, parties: [z]}}}\n",
    "AGR-077 a time that runs from nothing": "  - {id: a, title: a, within: 3 d}\n",
    "AGR-077 a time and a date": '  - {id: b, title: b}\n  - {id: a, title: a, within: 3 d, after: b, deadline: {local: "2031-01-01T00:00", zone: UTC}}\n',
    "AGR-076 an article that states no condition": "  - {id: a, title: a, after: {article: '9'}}\n",
    "AGR-023 two operators": "  - {id: a, title: a, after: {condition: {quiet: {for: 7 d}, once: {fact: done}}}}\n",
    "AGR-016 a party that is none": "  - {id: a, title: a, after: {condition: {once: {fact: done, by: z}}}}\n",
    "AGR-021 months together": "  - {id: b, title: b}\n  - {id: c, title: c}\n  - {id: a, title: a, after: {together: {steps: [b, c], within: 1 months}}}\n",
    "AGR-060 together with nobody": "  - {id: a, title: a, after: {together: {steps: [x, y], within: 1 d}}}\n",
    "AGR-008 a condition of no known form": "  - {id: a, title: a, after: {quiet: {for: 7 d}}}\n",
    "AGR-006 an unknown field of a condition": "  - {id: a, title: a, after: {condition: {quiet: {for: 7 d, where: x}}}}\n",
    "AGR-006 an unknown field": "  - {id: a, title: a, befor: b}\n",
    "AGR-007 an amendment without its time": "  - {id: a, title: a, amendments: [{because: x}]}\n",
    "AGR-011 no such zone": '  - {id: a, title: a, deadline: {local: "2031-01-01T00:00", zone: Mars/Base}}\n',
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_plan_is_refused_with_its_place(fault: str) -> None:
    with pytest.raises(AgreementError) as caught:
        plans.read_plan(HEAD + BAD[fault], ("p", "q"))
    assert caught.value.code == fault[:7]
    assert caught.value.where.startswith("plan.yaml:"), caught.value


def test_conditions_nest_and_keep_their_form() -> None:
    made = plans.read_plan(
        HEAD
        + '  - {id: g, title: g, guarantee: true}\n  - id: a\n    title: a\n    while: g\n    after: {any: [g, {all: [{not_before: {local: "2031-01-01T00:00", zone: UTC}}]}]}\n',
        ("p",),
    )
    after = made.steps[1].terms.after
    assert isinstance(after, plans.AnyOf)
    assert after.of[0] == plans.Done("g")
    assert isinstance(after.of[1], plans.AllOf)


def ms(day: str) -> int:
    return round(dt.datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp() * 1000)


@pytest.mark.parametrize(
    ("day", "before", "after"),
    [
        ("2020-11-16", "overdue", "open"),
        ("2020-11-20", "overdue", "open"),
        ("2020-11-26", "overdue", "overdue"),
    ],
)
def test_kalbajar_under_both_versions_of_the_trilateral_text(day: str, before: str, after: str) -> None:
    plan = plans.read_plan(
        (LIBRARY / "trilateral-2020-11-10" / "plan.yaml").read_text("utf-8"), ("armenia", "azerbaijan")
    )
    now = {one.step.id: one.state for one in plans.status(plan, [], [], ms(day))}
    first = {one.step.id: one.state for one in plans.status(plan.without_amendments(), [], [], ms(day))}
    assert (first["kalbajar"], now["kalbajar"]) == (before, after)
    assert {name: state for name, state in now.items() if name != "kalbajar"} == {
        name: state for name, state in first.items() if name != "kalbajar"
    }


def test_a_step_waits_for_what_an_article_states_and_for_facts() -> None:
    made = plans.read_plan(
        HEAD
        + "  - {id: a, title: a, within: 24 h, after: {article: '7'}}\n"
        + "  - {id: b, title: b, after: {condition: {soon: {first: {fact: reported}, then: {fact: answered}, within: 24 h}}}}\n",
        ("p",), articles={"7": Formula.model_validate({"quiet": {"for": "7 d", "watched_percent": 60}})},
    )  # fmt: skip
    assert list(made.conditions()) == [
        "article 7 (7 d of quiet, 60 % watched)", "answered within 24 h of reported",
    ]  # fmt: skip
    assert made.steps[0].terms.within == (24 * 3_600_000, 0)
