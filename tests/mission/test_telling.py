"""The seven cases of the exercise come out as they are meant to, from the records alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from truceline.cli.demo import stories as told_on_screen
from truceline.mission.telling import stories


@pytest.fixture(scope="module")
def told(small_exercise: Path) -> dict[str, dict[str, Any]]:
    """By title."""
    return {one["title"]: one for one in stories(small_exercise)}


def first(story: dict[str, Any]) -> dict[str, Any]:
    """The incident that holds most of its reports."""
    return dict(story["incidents"][0])


def test_there_are_seven(told: dict[str, dict[str, Any]]) -> None:
    assert len(told) == 7


def test_two_accusations_leave_the_side_undetermined(told: dict[str, dict[str, Any]]) -> None:
    one = first(told["mutual accusation"])
    assert one["side"] == "undetermined"
    assert one["reports"] == told["mutual accusation"]["reports"]


def test_ten_outlets_are_one_source(told: dict[str, dict[str, Any]]) -> None:
    one = first(told["ten outlets, one source"])
    assert (one["independent_groups"], one["word"]) == (1, "reported")
    assert one["reports"] >= 10


def test_a_fire_does_not_make_a_claim_true(told: dict[str, dict[str, Any]]) -> None:
    assert all(one["word"] != "corroborated" for one in told["a stubble fire beside a claim"]["incidents"])


def test_the_quiet_night_was_not_quiet(told: dict[str, dict[str, Any]]) -> None:
    found = told["an unwatched night"]["incidents"]
    assert any(one["word"] in ("credible", "corroborated") and one["contradicted_by"] for one in found)


def test_the_same_gun_breaches_one_text_and_not_the_other(told: dict[str, dict[str, Any]]) -> None:
    verdicts = first(told["a gun of exactly 100 mm"])["verdicts"]
    assert (verdicts["3/text-1"], verdicts["3/text-2"]) == ("breach", "no_breach")


def test_what_was_got_wrong_was_alleged_refuted_by_two_and_corrected(told: dict[str, dict[str, Any]]) -> None:
    one = first(told["got wrong"])
    assert one["verdicts"]["2"] == "breach"
    assert sum("refuted" in line for line in one["said"]) == 2
    assert any("corrected in public" in line for line in one["said"])


def test_a_withdrawn_consent_suspends_the_step_that_leaned_on_it(told: dict[str, dict[str, Any]]) -> None:
    lines = told["consent withdrawn"]["records"]
    withdrawn = next(place for place, line in enumerate(lines) if "withdraws consent" in line)
    assert any("suspended" in line for line in lines[withdrawn:])
    assert not any("suspended" in line for line in lines[:withdrawn])


def test_they_are_told_on_screen(small_exercise: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told_on_screen(small_exercise)
    said = capsys.readouterr().out
    assert "7. consent withdrawn" in said
    assert "article 3/text-1 alleged breach, article 3/text-2 no breach" in said
