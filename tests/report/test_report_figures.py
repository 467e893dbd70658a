"""Figures counted by hand, reporting days across changes of clocks, the disclosed form, and words."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline import report
from truceline.errors import ReportError
from truceline.records.canonical import canonical, digest
from truceline.records.columns import FINDINGS, INCIDENTS
from truceline.records.kinds import Review
from truceline.report import View
from truceline.report.days import week_end_ms
from truceline.report.disclosed import DISCLOSED
from truceline.report.drawing import legend, level
from truceline.report.paper import paper
from truceline.report.words import (
    between,
    change,
    is_late,
    percent,
    plain,
    span,
    strength,
    tenths,
    term,
    when,
    zone_words,
)

HOUR = 3_600_000


def incident(name: str, at_ms: int, **columns: Any) -> dict[str, Any]:
    base = dict.fromkeys(INCIDENTS.names) | {
        "incident_id": name, "members": [name], "supports": [name], "contradicts": [], "copies": [], "soft": [],
        "from_ms": at_ms - 60_000, "to_ms": at_ms + 60_000, "midpoint_ms": at_ms, "sector_id": "EXERCISE-S01",
        "act": "explosion", "weapon": "unknown", "word": "credible", "probability_e4": 8_500, "source_kinds": ["post"],
        "independent_groups": 1, "exercise": True,
    }  # fmt: skip
    return base | columns


def finding(name: str, article: str, verdict: str) -> dict[str, Any]:
    return dict.fromkeys(FINDINGS.names) | {
        "finding_id": f"{name}/{article}", "incident_id": name, "article": article, "verdict": verdict, "exercise": True,
    }  # fmt: skip


@pytest.fixture
def small(view: View) -> View:
    start, end = view.day_from_ms, view.day_to_ms
    rows = [
        incident("a", start, count_min=3, count_max=5, word="corroborated", killed_min=1),
        incident("b", end - 1, count_min=None, count_max=None),
        incident("c", start - 1, count_min=7, count_max=7),  # the day before
        incident("d", end, count_min=9, count_max=9),  # the day after
        incident("e", start + HOUR, act="overflight", count_min=40, count_max=40, word="reported"),
    ]
    found = [
        finding("a", "1", "breach"), finding("a", "2", "no_breach"), finding("b", "1", "undetermined"),
        finding("c", "1", "breach"), finding("c", "2", "breach"), finding("d", "1", "breach"),
    ]  # fmt: skip
    return dataclasses.replace(
        view, incidents=pa.Table.from_pylist(rows, schema=INCIDENTS), findings=pa.Table.from_pylist(found, schema=FINDINGS),
        reviews=(), replies=(), notices=(),
    )  # fmt: skip


def values(view: View) -> dict[str, tuple[int | None, int | None]]:
    return {name: (one["value"], one["previous"]) for name, one in report.figures(view)["figures"].items()}


def test_figures_of_a_small_day_are_as_counted_by_hand(small: View) -> None:
    found = values(small)
    assert found["incidents"] == (3, 1)  # by midpoint; the day's end is excluded
    assert found["violations_min"] == (3 + 1, 7)  # an explosion without a count is one; an overflight is none
    assert found["violations_max"] == (5 + 1, 7)
    assert found["incidents_open_ended"] == (1, 0)
    assert found["incidents_corroborated"] == (1, 0)
    assert (found["killed_min"], found["killed_max"]) == ((1, 0), (1, 0))
    assert found["incidents_alleged"] == (1, 1)
    assert found["article 1: breach"] == (1, 1)
    assert found["article 2: breach"] == (0, 1)
    assert found["article 1: undetermined"] == (1, 0)


def test_figures_are_canonical_and_carry_the_ids_behind_them(small: View) -> None:
    """R5."""
    numbers, ids = report.figures(small), report.figure_ids(small)
    assert canonical(numbers)
    for name, one in numbers["figures"].items():
        assert one["ids_digest"] == digest(sorted(ids[name]))
        assert one["ids_count"] == len(ids[name])
        assert one["recompute_by"] in {"public", "parties", "auditor"}
        assert one["change"] == (None if one["value"] is None else one["value"] - one["previous"])
    assert ids["incidents"] == ["a", "b", "e"]
    assert ids["violations_min"] == ["a", "b"]


def test_public_figures_come_from_disclosed_rows_alone(small: View) -> None:
    """Whoever holds only the disclosed rows of the day finds the figures that are called public."""
    disclosed = {row["incident_id"]: row for row in report.disclosed_incidents(small.incidents).to_pylist()}
    day, before = [disclosed[name] for name in "abe"], [disclosed["c"]]
    spans = (small.day_to_ms - small.day_from_ms, small.previous_to_ms - small.previous_from_ms)
    again = report.public_figures(
        day, before, sectors=12, spans_ms=spans, plan=small.plan, plan_before=small.plan_before
    )
    printed = report.figures(small)["figures"]
    assert again == {name: one for name, one in printed.items() if one["recompute_by"] == "public"}
    assert {"incidents", "violations_min", "violations_max", "hours_total_e1"} <= set(again)


def test_the_first_day_is_compared_with_nothing(small: View) -> None:
    """No earlier figure is not the same as nought."""
    first = dataclasses.replace(small, first_date=small.date)
    assert {before for _, before in values(first).values()} == {None}
    sheet = paper(first)
    assert [one["change"] for one in sheet["front"]["numbers"]] == ["no earlier figure"] * 4
    second = dataclasses.replace(small, first_date="2031-03-11")
    assert values(second)["incidents"] == (3, 1)


def test_rows_of_one_hour_stand_in_no_finer_order(small: View) -> None:
    """An order by the minute would tell the minute."""
    hour = -(-small.day_from_ms // HOUR) * HOUR
    rows = [incident("z", hour + 2 * 60_000), incident("a", hour + 50 * 60_000)]
    late = dataclasses.replace(
        small,
        incidents=pa.Table.from_pylist(rows, schema=INCIDENTS),
        findings=small.findings.slice(0, 0),
    )
    assert paper(late)["table"]["ids"] == ["a", "z"]


def review(name: str, word: str) -> Review:
    return Review(name, "a/1", f"officer-{name}", word, "seen", "2031-03-12T10:00Z")


@pytest.mark.parametrize(
    ("words", "verified", "refuted", "breach"),
    [
        ((), 0, 0, 1), (("verified",), 0, 0, 1), (("verified", "verified"), 1, 0, 0), (("refuted", "refuted"), 0, 1, 0),
        (("verified", "verified", "refuted"), 0, 0, 1), (("needs_more", "verified"), 0, 0, 1),
    ],
)  # fmt: skip
def test_a_breach_stays_alleged_until_two_reviews_agree(
    small: View, words: tuple[str, ...], verified: int, refuted: int, breach: int
) -> None:
    """R24."""
    reviews = tuple(review(str(at), word) for at, word in enumerate(words))
    found = values(dataclasses.replace(small, reviews=reviews))
    assert found["findings_verified"][0] == verified
    assert found["findings_refuted"][0] == refuted
    assert found["findings_breach"][0] == breach
    assert found["incidents_alleged"][0] == breach + verified


def test_one_person_who_says_it_twice_verifies_nothing(small: View) -> None:
    """R24."""
    twice = tuple(
        Review(f"r{n}", "a/1", "officer-1", "verified", "seen", "2031-03-12T10:00Z") for n in (1, 2)
    )
    assert values(dataclasses.replace(small, reviews=twice))["findings_verified"][0] == 0


def test_one_review_recorded_twice_is_one_review(small: View) -> None:
    found = values(
        dataclasses.replace(small, reviews=(review("same", "verified"), review("same", "verified")))
    )
    assert found["findings_verified"][0] == 0


def test_a_side_is_not_published_above_the_evidence(small: View) -> None:
    """R12: an incident that was only reported counts as undetermined."""
    rows = small.incidents.to_pylist()
    for row in rows:
        row["side"] = "north"
    told = dataclasses.replace(
        small, publish_sides=True, incidents=pa.Table.from_pylist(rows, schema=INCIDENTS)
    )
    found = values(told)
    assert found["side north"] == (2, 1)
    assert found["side undetermined"] == (1, 0)


@pytest.mark.parametrize(
    ("date", "hours"),
    [("2031-03-12", 24), ("2031-03-30", 23), ("2031-10-26", 25)],  # the clocks of Kyiv change on the last two
)
def test_reporting_day_has_the_hours_of_its_clocks(date: str, hours: int) -> None:
    start, end = report.reporting_day(date, "19:30", "Europe/Kyiv")
    assert end - start == hours * HOUR


@given(st.dates(min_value=dt.date(1995, 1, 2), max_value=dt.date(2036, 12, 30)))
def test_reporting_days_leave_no_gap_and_every_moment_has_its_date(day: Any) -> None:
    following = day + dt.timedelta(days=1)
    first, last = report.reporting_day(day.isoformat(), "19:30", "America/New_York")
    assert report.reporting_day(following.isoformat(), "19:30", "America/New_York")[0] == last
    for at in (first, last - 1, (first + last) // 2):
        assert report.reporting_date(at, "19:30", "America/New_York") == day.isoformat()


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: report.reporting_day("12.03.2031", "19:30", "UTC"), "RPT-001"),
        (lambda: report.reporting_day("20310312", "19:30", "UTC"), "RPT-001"),
        (lambda: report.reporting_day("2031-02-29", "19:30", "UTC"), "RPT-001"),
        (lambda: report.reporting_day("0001-01-01", "19:30", "UTC"), "RPT-001"),
        (lambda: report.day_before("0001-01-01"), "RPT-001"),
        (lambda: report.reporting_day("2031-03-12", "19:30", "Nowhere/Land"), "RPT-004"),
        (lambda: report.reporting_day("2031-03-12", "half past seven", "UTC"), "RPT-007"),
        (lambda: week_end_ms("2031-W99", "UTC"), "RPT-008"),
        (lambda: week_end_ms("soon", "UTC"), "RPT-008"),
    ],
)
def test_bad_days_are_refused(call: Callable[[], object], code: str) -> None:
    with pytest.raises(ReportError) as refusal:
        call()
    assert refusal.value.code == code


def test_views_that_cannot_be_reported_are_refused(view: View) -> None:
    mixed = view.incidents.set_column(
        INCIDENTS.get_field_index("exercise"),
        INCIDENTS.field("exercise"),
        pa.array([False] * len(view.incidents)),
    )
    cases = {
        "RPT-001": {"date": "2031-3-12"},
        "RPT-002": {"previous_to_ms": view.previous_to_ms - 1},
        "RPT-003": {"incidents": mixed},
        "RPT-004": {"zone": "Nowhere/Land"},
        "RPT-005": {"incidents": view.incidents.slice(1)},
        "RPT-006": {"geometry": {"type": "FeatureCollection", "features": []}},
        "RPT-011": {"as_of_ms": view.day_to_ms - 1},
        "RPT-012": {"first_date": "2031-03-13"},
    }
    for code, change_ in cases.items():
        with pytest.raises(ReportError) as refusal:
            report.figures(dataclasses.replace(view, **change_))  # type: ignore[arg-type]
        assert refusal.value.code == code


def test_disclosed_rows_widen_times_and_hold_no_place_but_the_sector(small: View) -> None:
    rows = report.disclosed_incidents(
        small.incidents, withheld_after_ms=small.day_from_ms + 2 * HOUR
    ).to_pylist()
    assert set(rows[0]) == set(DISCLOSED.names)
    assert not {"lon_udeg", "lat_udeg", "side", "line_distance_m", "place_name", "description"} & set(rows[0])
    for row in rows:
        assert row["from_ms"] % HOUR == row["to_ms"] % HOUR == 0
        assert row["to_ms"] - row["from_ms"] >= HOUR
    assert {row["incident_id"]: row["sector_id"] for row in rows} == {
        "a": "EXERCISE-S01", "b": None, "c": "EXERCISE-S01", "d": None, "e": "EXERCISE-S01",
    }  # fmt: skip


@given(st.integers(1, 500), st.integers(0, 500))
def test_legend_names_the_shade_of_every_count(most: int, count: int) -> None:
    count = min(count, most)
    shades = dict(legend(most))
    spoken = {
        n: colour
        for colour, words in shades.items()
        for n in ([0] if words == "none" else range(int(words.split("–")[0]), int(words.split("–")[-1]) + 1))
    }
    assert spoken[count] == [colour for colour, _ in legend(500)][level(count, most)]


def test_words() -> None:
    assert [change(n) for n in (None, 0, 4, -1_200)] == ["no earlier figure", "no change", "+4", "−1,200"]
    assert [between(1, 1), between(1, 3), between(2, 2, True), between(2, 4, True)] == [
        "1", "1–3", "2 or more", "2 to 4 or more",
    ]  # fmt: skip
    assert [percent(1, 3), percent(1, 8), percent(1, 0), tenths(15), tenths(None)] == [
        33,
        13,
        None,
        "2",
        "not known",
    ]
    assert plain("EXERCISE-S01") == "S01"
    assert plain("EXERCISE: the two banks") == "the two banks"
    assert plain("EXERCISE") == "EXERCISE"
    assert [strength(n) for n in (0, -499_999, 600_000, -2_000_000, 9_000_000)] == [
        "hardly changes it", "hardly changes it", "raises it a little", "lowers it clearly", "raises it strongly",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("report: patrol", "a report: patrol"),
        ("report: post (2)", "more reports of that kind: observation post"),
        ("watched, not reported: post", "sources that watched and did not report it"),
        ("report: EXERCISE-post-7", "other evidence"),
        ("anything else", "other evidence"),
    ],
)
def test_only_known_terms_are_printed(name: str, said: str) -> None:
    assert term(name) == said


def test_spans_say_the_day_only_where_it_differs() -> None:
    day = report.reporting_day("2031-03-12", "00:00", "UTC")[0]
    assert span(day, day + 2 * HOUR) == "11 Mar 00:00–02:00"
    assert span(day + 22 * HOUR, day + 24 * HOUR) == "11 Mar 22:00–24:00"
    assert span(day + 22 * HOUR, day + 25 * HOUR) == "11 Mar 22:00 – 12 Mar 01:00"
    assert span(day + 5 * HOUR, day + 6 * HOUR, beside="Etc/GMT-4") == "05:00–06:00"
    assert span(day + 22 * HOUR, day + 23 * HOUR, beside="Etc/GMT-4") == "11 Mar 22:00–23:00"
    assert span(day + 5 * HOUR, day + 53 * HOUR, beside="UTC") == "11 Mar 05:00 – 13 Mar 05:00"


def test_times_stand_on_both_clocks() -> None:
    assert when("2031-03-12T08:10Z", "Europe/Kyiv") == "12 Mar 2031 10:10 (08:10 UTC)"
    assert when("2031-03-12", "Europe/Kyiv") == "12 Mar 2031"
    assert [when(text, "UTC") for text in ("soon", "2031-03-12T08:10", "")] == [
        "soon",
        "2031-03-12T08:10",
        "",
    ]


def test_the_clock_is_named_as_people_name_it() -> None:
    summer = report.reporting_day("2031-07-12", "00:00", "UTC")[0]
    assert zone_words("Etc/GMT-4", summer) == "UTC+4"
    assert zone_words("Etc/GMT+3", summer) == "UTC−3"
    assert zone_words("UTC", summer) == "UTC"
    assert zone_words("Europe/Kyiv", summer) == "Europe/Kyiv (UTC+3)"
    assert zone_words("Asia/Kolkata", summer) == "Asia/Kolkata (UTC+5:30)"


def test_an_answer_after_its_hour_is_late() -> None:
    assert is_late("2031-03-12T18:11+04:00", "2031-03-12T14:10Z")
    assert not is_late("2031-03-12T18:10+04:00", "2031-03-12T14:10Z")
    assert not any(
        is_late(*pair)
        for pair in [
            ("soon", "2031-03-12T14:10Z"),
            ("2031-03-13", "2031-03-12T14:10Z"),
            ("2031-03-13T00:00Z", ""),
        ]
    )
