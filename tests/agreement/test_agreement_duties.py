"""Duties: what is overdue, met late, met or disputed; by which version of the text; and whoever the parties are."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from zoneinfo import ZoneInfo

import pytest

from truceline import agreement
from truceline.agreement.duties import WORST
from truceline.agreement.folder import FORMAT, changed
from truceline.agreement.models import DUTY_STATES
from truceline.agreement.temporal import Facts
from truceline.records.canonical import canonical

NOTHING = Facts.of([])
MOSCOW = ZoneInfo("Europe/Moscow")


def at(year: int, month: int, day: int, hour: int = 12) -> int:
    return int(dt.datetime(year, month, day, hour, tzinfo=MOSCOW).timestamp() * 1000)


def fact(kind: str, when: str, **fields: object) -> agreement.Fact:
    return agreement.Fact.model_validate(
        {"kind": kind, "at": {"local": when, "zone": "Europe/Moscow"}, **fields}
    )


def state(key: str, facts: Facts, as_of_ms: int, known_ms: int | None = None) -> str:
    text = agreement.load("trilateral-2020-11-10")
    duty = agreement.state_of(agreement.duties(text, facts, as_of_ms=as_of_ms, known_ms=known_ms), key)
    assert duty is not None
    return duty.state


FIRST, MOVED = at(2020, 11, 14), at(2020, 11, 16)


@pytest.mark.parametrize(
    ("day", "by_the_first_text", "by_the_amended_text"),
    [(16, "overdue", "not_due"), (20, "overdue", "not_due"), (26, "overdue", "overdue")],
)
def test_kalbajar_on_three_days_under_both_versions(
    day: int, by_the_first_text: str, by_the_amended_text: str
) -> None:
    when = at(2020, 11, day)
    assert state("6(kalbajar)", NOTHING, when, FIRST) == by_the_first_text
    assert state("6(kalbajar)", NOTHING, when, MOVED) == by_the_amended_text
    assert state("6(lachin)", NOTHING, when, FIRST) == state("6(lachin)", NOTHING, when, MOVED) == "not_due"


def test_three_texts_of_one_point_are_three_duties() -> None:
    when = at(2020, 11, 20)
    assert [state(f"2/{text}", NOTHING, when) for text in ("before", "by", "circulated")] == [
        "overdue",
        "undetermined",
        "overdue",
    ]


def test_a_fact_learned_later_changes_nothing_earlier() -> None:
    handed = fact(
        "handed_over",
        "2020-11-24T12:00",
        subject="kalbajar",
        by="side-1",
        known={"local": "2020-11-28T12:00", "zone": "Europe/Moscow"},
    )
    facts = Facts.of([handed])
    assert state("6(kalbajar)", facts, at(2020, 11, 27), MOVED) == "overdue"
    assert state("6(kalbajar)", facts, at(2020, 11, 28), MOVED) == "met"


def test_only_the_missions_own_word_makes_it_met() -> None:
    base = {"subject": "lachin", "by": "side-1"}
    claim, denial = (
        fact("handed_over", "2020-11-30T12:00", source="party", **base),
        fact(
            "handed_over", "2020-11-30T13:00", source="party", stance="denial", subject="lachin", by="side-2"
        ),
    )
    seen = fact("handed_over", "2020-11-30T12:00", **base)
    when = at(2020, 12, 5)
    assert state("6(lachin)", Facts.of([claim]), when) == "reported"
    assert state("6(lachin)", Facts.of([claim, denial]), when) == "disputed"
    assert state("6(lachin)", Facts.of([claim, denial, seen]), when) == "met"


def test_order_of_facts_changes_nothing() -> None:
    told = [
        fact("handed_over", "2020-11-30T12:00", subject="lachin", by="side-1"),
        fact("handed_over", "2020-12-03T12:00", subject="lachin", by="side-1"),
        fact("sighting", "2020-12-03T12:00", subject="personnel", by="side-3", count=1961),
        fact("objected", "2025-01-01T00:00", by="side-2"),
    ]
    text, when = agreement.load("trilateral-2020-11-10"), at(2026, 1, 1)
    found = {
        agreement.duties(text, Facts.of(list(order)), as_of_ms=when) for order in itertools.permutations(told)
    }
    assert len(found) == 1


def test_every_state_has_its_place_in_the_order_that_decides() -> None:
    assert sorted(WORST) == sorted(DUTY_STATES)


def _exchanged(files: dict[str, str]) -> dict[str, str]:
    """side-1 and side-2 exchanged everywhere, lines kept where they are."""

    def swapped(text: str) -> str:
        return text.replace("side-1", "side-0").replace("side-2", "side-1").replace("side-0", "side-2")

    return {name: swapped(text) for name, text in files.items()}


@pytest.mark.parametrize("name", agreement.library())
def test_relabelling_the_parties_relabels_and_changes_nothing_else(name: str) -> None:
    one = agreement.load(name)
    files = _exchanged(dict(one.files))
    if name == "exercise-accord":
        files = {
            file: text.replace("north", "x0").replace("south", "north").replace("x0", "south")
            for file, text in one.files.items()
        }
    other = agreement.unpack(canonical({"format": FORMAT, "files": files}))
    before, after = agreement.run_cases(one), agreement.run_cases(other)

    def plain(case: str) -> str:
        return (
            case.replace("side-1", "side-x")
            .replace("side-2", "side-x")
            .replace("north", "side-x")
            .replace("south", "side-x")
        )

    assert [(plain(item.case), item.got) for item in before.results] == [
        (plain(item.case), item.got) for item in after.results
    ]
    assert after.passed
    assert json.dumps(before.covered) == json.dumps(after.covered)


def test_three_signatories_stand_in_two_alignments() -> None:
    accord = agreement.load("exercise-accord")
    signed = [party.id for party in accord.declared.parties if party.role == "signatory"]
    assert len(signed) == 3
    assert sorted(member for one in accord.alignments for member in one.members) == sorted(signed)
    assert len(accord.alignments) == 2


def test_every_text_that_we_do_not_hold_says_so() -> None:
    for name in agreement.library():
        for text in agreement.load(name).declared.texts:
            assert text.hash or text.held, (name, text.id)


def test_every_article_of_a_real_agreement_has_its_public_source() -> None:
    for name in agreement.library():
        one = agreement.load(name)
        if not one.exercise:
            assert [
                article.key for article in one.articles if article.source is None or not article.source.url
            ] == []


NOTICE = """
  - {number: "20", shape: notification, title: Exercises, restatement: Announced two days before., what: exercise, to: [south], before: 48 h, binds: [north]}
  - {number: "21", shape: report_and_answer, title: Incidents, restatement: Told within an hour and answered in six., report_within: 1 h, answer_within: 6 h, to: [south], binds: [north]}
  - {number: "22", shape: renewal, title: Term, restatement: A year., term: 12 months, start: {local: "2031-03-03T00:00", zone: Etc/GMT-4}}
"""


def owed(key: str, told: list[dict[str, object]], as_of: str) -> str:
    accord = agreement.load("exercise-accord")
    text = changed(accord, accord.files["agreement.yaml"].rstrip() + NOTICE)
    facts = [
        agreement.Fact.model_validate({**one, "at": {"local": one["at"], "zone": "Etc/UTC"}}) for one in told
    ]
    duty = agreement.state_of(
        agreement.duties(text, Facts.of(facts), as_of_ms=agreement.utc_ms(as_of, "")), key
    )
    assert duty is not None
    return duty.state


EXERCISE = {"kind": "performed", "subject": "exercise 1", "by": "north", "at": "2031-04-10T08:00"}


@pytest.mark.parametrize(
    ("announced", "source", "state"),
    [
        ("2031-04-08T08:00", "mission", "met"), ("2031-04-08T08:01", "mission", "met_late"), ("2031-04-08T08:00", "party", "reported"),
        ("2031-04-10T08:01", "mission", "overdue"), (None, "mission", "overdue"),
    ],
)  # fmt: skip
def test_a_notice_comes_before_or_late_or_not_at_all(announced: str | None, source: str, state: str) -> None:
    notice = (
        []
        if announced is None
        else [{"kind": "notified", "subject": "exercise 1", "by": "north", "at": announced, "source": source}]
    )
    assert owed("20", [EXERCISE, *notice], "2031-04-11T00:00") == state


def test_what_nobody_verified_sets_no_clock_going() -> None:
    assert owed("20", [{**EXERCISE, "source": "other"}], "2031-04-11T00:00") == "undetermined"
    assert owed("20", [], "2031-04-11T00:00") == "not_due"


def test_report_and_answer_have_clocks_of_their_own() -> None:
    incident = {"kind": "occurred", "subject": "incident 1", "by": "north", "at": "2031-04-10T08:00"}
    told = {"kind": "reported", "subject": "incident 1", "by": "north", "at": "2031-04-10T09:00"}
    answer = {"kind": "answered", "subject": "incident 1", "by": "south", "at": "2031-04-10T15:01"}
    assert owed("21:incident 1 reported", [incident], "2031-04-10T09:00") == "not_due"
    assert owed("21:incident 1 reported", [incident], "2031-04-10T09:01") == "overdue"
    assert owed("21:incident 1 reported@north", [incident, told], "2031-04-10T09:01") == "met"
    assert owed("21:incident 1 answered", [incident, told, answer], "2031-04-11T00:00") == "met_late"
    assert owed("21", [incident, told, answer], "2031-04-11T00:00") == "met_late"


def test_a_term_without_renewal_lapses() -> None:
    assert owed("22", [], "2032-03-02T19:59") == "met"
    assert owed("22", [], "2032-03-02T20:00") == "lapsed"


@pytest.mark.parametrize(
    ("rule", "this_term", "next_term"),
    [("next_term", "met", "lapsed"), ("ends_term", "lapsed", "lapsed"), ("void", "met", "met"), (None, "met", "undetermined")],
)  # fmt: skip
def test_a_late_objection_does_what_the_text_says(rule: str | None, this_term: str, next_term: str) -> None:
    """A year, a year more, objections a month before; one of the last week, looked at after one term and after two."""
    late = "" if rule is None else f", late_objection: {rule}"
    text = (
        "format: truceline-agreement/1\nid: term\nversion: '1'\ntitle: EXERCISE\nexercise: true\nsources: [{title: EXERCISE, confidence: fictional}]\n"
        "alignments: [{id: north}, {id: south}]\narticles:\n  - {number: '4', shape: renewal, title: Term, restatement: A year, term: 12 months, renews: 12 months,"
        f" objection_before: 1 months, start: {{local: '2031-01-01T00:00', zone: Etc/UTC}}{late}}}\n"
    )
    accord = agreement.unpack(canonical({"format": FORMAT, "files": {"agreement.yaml": text}}))
    told = agreement.Facts.of([fact("objected", "2031-12-25T00:00", by="north")])
    ends = [agreement.utc_ms(f"{year}-01-02T00:00", "") for year in (2032, 2033)]
    assert [agreement.duties(accord, told, as_of_ms=at)[0].state for at in ends] == [this_term, next_term]
