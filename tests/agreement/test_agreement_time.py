"""The monitor of conditions agrees, at every moment, with a reference that evaluates each operator by its definition."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.agreement.conditions import Formula, Happened, Quiet
from truceline.agreement.fields import duration_of
from truceline.agreement.temporal import Facts, signal_of

MIN = 60_000
KINDS = ("watched", "breach", "done", "withdrawn", "movement")


def columns(rows: list[tuple[str, str, int, int, int, bool, bool]]) -> Facts:
    """(kind, party, minute, length in minutes, count, verified, denial); party b's watching and fire have no place, a's have S1.

    The count of a watching is in fifths of the line.
    """
    kind, by, at, length, count, verified, denial = zip(*rows, strict=True) if rows else ((),) * 7
    start = np.array(at, dtype=np.int64) * MIN
    about = [
        "thing" if what not in ("watched", "breach") else "S1" if who == "a" else ""
        for what, who in zip(kind, by, strict=True)
    ]
    numbers = [20 * one if what == "watched" else one for what, one in zip(kind, count, strict=True)]
    return Facts(
        np.array(kind, dtype="U16"), np.array(about, dtype="U16"), np.array(by, dtype="U16"),
        np.array([""] * len(rows), dtype="U16"), start, start + np.array(length, dtype=np.int64) * MIN, start,
        np.array(numbers, dtype=np.int64), np.array(verified, dtype=bool), np.array(denial, dtype=bool),
    )  # fmt: skip


def slow(formula: Formula, facts: Facts, t: int) -> int:
    """The value at `t` (ms), word by word as docs/explanation/agreement-time.md has it."""
    rows = list(
        zip(
            facts.kind,
            facts.by,
            facts.at_ms,
            facts.until_ms,
            facts.count,
            facts.verified,
            facts.denial,
            strict=True,
        )
    )
    places = dict(enumerate(facts.subject.tolist()))

    def meant(which: Happened) -> list[tuple[int, bool]]:
        return [
            (int(at), bool(sure))
            for kind, by, at, _, _, sure, denial in rows
            if kind == which.fact and not denial and (which.by is None or by == which.by)
        ]

    if formula.quiet is not None:
        return min(
            _slow_quiet(formula.quiet, rows, places, place, t) for place in formula.quiet.places or (None,)
        )
    if formula.once is not None:
        found = meant(formula.once)
        return (
            1 if any(sure and at <= t for at, sure in found) else 0 if any(at <= t for at, _ in found) else -1
        )
    if formula.soon is not None:
        within, value = duration_of(formula.soon.within)[0], 1
        for s, certain in meant(formula.soon.first):
            if s > t:
                continue
            answers = [(at, sure) for at, sure in meant(formula.soon.then) if s <= at <= s + within]
            if any(sure and at <= t for at, sure in answers):
                continue
            pending = t <= s + within or any(sure for _, sure in answers)
            value = min(value, 0 if pending or answers or not certain else -1)
        return value
    if formula.together is not None:
        sure_first, any_first = [], []
        for one in formula.together.facts:
            found = meant(one)
            sure_first.append(min([at for at, sure in found if sure], default=None))
            any_first.append(min([at for at, _ in found], default=None))
        if all(one is not None for one in sure_first):
            times = [one for one in sure_first if one is not None]
            return (
                1
                if max(times) <= t and max(times) - min(times) <= duration_of(formula.together.within)[0]
                else -1
            )
        return 0 if all(one is not None and one <= t for one in any_first) else -1
    if formula.at_most is not None:
        zone = ZoneInfo(formula.at_most.zone)

        def day(ms: int) -> dt.date:
            return dt.datetime.fromtimestamp(ms / 1000, zone).date()

        mine = [
            (int(at), int(n), bool(sure))
            for kind, _, at, _, n, sure, denial in rows
            if kind == formula.at_most.fact and not denial
        ]
        here = [one for one in mine if one[0] <= t and day(one[0]) == day(t)]
        if sum(n for _, n, sure in here if sure) > formula.at_most.at_most:
            return -1
        return 0 if sum(n for _, n, _ in here) > formula.at_most.at_most else 1
    if formula.held is not None:
        d = duration_of(formula.held.duration)[0]
        # Values change at fact times plus durations, one millisecond after at the latest: probe both.
        probes = {m + e for m in range(t - d, t, MIN) for e in (0, 1) if m + e < t}
        return min(slow(formula.held.condition, facts, m) for m in probes)
    if formula.not_ is not None:
        return -slow(formula.not_, facts, t)
    parts = [slow(part, facts, t) for part in (formula.all_ or formula.any_)]
    return min(parts) if formula.all_ else max(parts)


def _slow_quiet(
    form: Quiet, rows: list[tuple[Any, ...]], places: dict[int, str], place: str | None, t: int
) -> int:
    """In one place, or everywhere (None): who watches everywhere watches every place; fire nobody can place is everywhere."""
    d = duration_of(form.duration)[0]
    fire = [
        (at, max(until, at + 1), sure) for i, (kind, _, at, until, _, sure, denial) in enumerate(rows)
        if kind == "breach" and not denial and (place is None or places[i] in ("", place))
    ]  # fmt: skip
    seen = [
        (at, until) for i, (kind, _, at, until, count, sure, denial) in enumerate(rows)
        if kind == "watched" and sure and not denial and count >= form.watched_percent and (places[i] in ("", place))
    ]  # fmt: skip
    # Facts lie on whole minutes, and so does t.
    values = [1 if not form.verified or any(at <= m < until for at, until in seen) else 0 for m in range(t - d, t, MIN)]  # fmt: skip
    # A breach of a moment lasts a millisecond: it still counts a millisecond after its minute.
    values += [-1 if sure else 0 for at, until, sure in fire if at < t and until > t - d]
    return min(values)


FACTS = st.lists(
    st.tuples(
        st.sampled_from(KINDS), st.sampled_from(["a", "b"]), st.integers(0, 40), st.integers(0, 12), st.integers(0, 5),
        st.booleans(), st.booleans(),
    ),
    max_size=12,
)  # fmt: skip
SIMPLE = st.sampled_from(
    [
        {"once": {"fact": "done", "by": "a"}},
        {"quiet": {"for": "7 min"}},
        {"quiet": {"for": "5 min", "verified": False}},
        {"quiet": {"for": "3 min", "watched_percent": 20}},
        {"quiet": {"for": "2 min", "watched_percent": 40, "places": ["S1"]}},
        {"quiet": {"for": "2 min", "verified": False, "places": ["S1", "S2"]}},
        {"soon": {"first": {"fact": "done"}, "then": {"fact": "withdrawn"}, "within": "6 min"}},
        {
            "together": {
                "facts": [{"fact": "withdrawn", "by": "a"}, {"fact": "withdrawn", "by": "b"}],
                "within": "4 min",
            }
        },
        {"at_most": {"fact": "movement", "at_most": 6, "per": "day", "zone": "Etc/UTC"}},
    ]
)
FORMULAS = st.one_of(
    SIMPLE,
    st.builds(lambda one: {"not": one}, SIMPLE),
    st.builds(lambda one, two: {"all": [one, two]}, SIMPLE, SIMPLE),
    st.builds(lambda one, two: {"any": [one, {"not": two}]}, SIMPLE, SIMPLE),
)


@settings(max_examples=300, deadline=None)
@given(FACTS, FORMULAS, st.integers(0, 60))
def test_monitor_agrees_with_the_definition(
    rows: list[tuple[str, str, int, int, int, bool, bool]], form: dict[str, object], minute: int
) -> None:
    formula, facts = Formula.model_validate(form), columns(rows)
    assert int(signal_of(formula, facts).at(minute * MIN)) == slow(formula, facts, minute * MIN)


@settings(max_examples=100, deadline=None)
@given(FACTS, st.integers(0, 60))
def test_held_is_the_least_value_of_the_window(
    rows: list[tuple[str, str, int, int, int, bool, bool]], minute: int
) -> None:
    formula = Formula.model_validate(
        {
            "held": {
                "condition": {"at_most": {"fact": "movement", "at_most": 3, "per": "day", "zone": "Etc/UTC"}},
                "for": "5 min",
            }
        }
    )
    facts = columns(rows)
    assert int(signal_of(formula, facts).at(minute * MIN)) == slow(formula, facts, minute * MIN)


@settings(max_examples=60, deadline=None)
@given(FACTS, FORMULAS, st.randoms(use_true_random=False))
def test_order_of_facts_changes_nothing(
    rows: list[tuple[str, str, int, int, int, bool, bool]], form: dict[str, object], random: object
) -> None:
    formula = Formula.model_validate(form)
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = signal_of(formula, columns(rows)), signal_of(formula, columns(shuffled))
    assert one.times.tolist() == other.times.tolist()
    assert one.values.tolist() == other.values.tolist()


def test_seven_verified_days_of_quiet_are_seven_days_and_no_less() -> None:
    formula = Formula.model_validate({"quiet": {"for": "7 d"}})
    week = 7 * 24 * 60
    signal = signal_of(formula, columns([("watched", "b", 0, 2 * week, 5, True, False)]))
    assert signal.at([week * MIN - 1, week * MIN, 2 * week * MIN, 2 * week * MIN + 1]).tolist() == [
        0,
        1,
        1,
        0,
    ]


def test_a_month_ends_by_the_clocks_of_its_zone() -> None:
    formula = Formula.model_validate(
        {"at_most": {"fact": "movement", "at_most": 0, "per": "month", "zone": "Asia/Seoul"}}
    )
    at = int(dt.datetime(1953, 8, 10, tzinfo=ZoneInfo("Asia/Seoul")).timestamp() // 60)
    signal = signal_of(formula, columns([("movement", "a", at, 0, 1, True, False)]))
    end = int(dt.datetime(1953, 9, 1, tzinfo=ZoneInfo("Asia/Seoul")).timestamp() * 1000)
    assert signal.at([at * MIN, end - 1, end]).tolist() == [-1, -1, 1]


def test_only_what_was_known_counts() -> None:
    facts = columns([("done", "a", 10, 0, 1, True, False)])
    late = dataclasses.replace(facts, known_ms=facts.known_ms + 5 * MIN)
    formula = Formula.model_validate({"once": {"fact": "done"}})
    assert int(signal_of(formula, late.known_by(12 * MIN)).at(12 * MIN)) == -1
    assert int(signal_of(formula, late.known_by(15 * MIN)).at(15 * MIN)) == 1


@pytest.mark.parametrize("unit", ["s", "weeks", "1.5 d", "0 d"])
def test_a_duration_without_a_known_unit_is_refused(unit: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        Formula.model_validate({"quiet": {"for": f"7 {unit}" if " " not in unit else unit}})
