"""Parameters learned on some simulated countries, tried on others."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from truceline import fusion
from truceline.errors import UsageError
from truceline.mission import teaching

SCALE = 0.15


def test_what_ships_is_a_whole_set_for_this_version_of_the_method() -> None:
    shipped = json.loads(files("truceline.mission").joinpath(teaching.FILE).read_text(encoding="utf-8"))
    assert (shipped["method"], shipped["version"]) == (fusion.METHOD, fusion.VERSION)
    assert shipped["seeds"] == list(teaching.TAUGHT_ON)
    assert teaching.exercise_parameters().as_dict() == shipped["values"]


def test_what_was_learned_on_one_country_says_more_about_another_than_the_defaults() -> None:
    learned = teaching.teach([201], SCALE)
    before, after, shipped = (
        teaching.tried([202], parameters, SCALE)["202"]["existence"]
        for parameters in (fusion.DEFAULTS, learned, teaching.exercise_parameters())
    )
    assert after["brier"] < before["brier"]
    assert after["skill"] > 0
    assert shipped["skill"] > 0


def test_audits_of_a_country_itself_teach_about_the_rest_of_it() -> None:
    some, none = (teaching.calibration([203], [], SCALE, audits=count)["seeds"]["203"] for count in (80, 0))
    assert some["existence"]["skill"] > max(0.0, none["existence"]["skill"])
    assert some["existence"]["count"] < none["existence"]["count"]


def test_no_seed_is_both_learned_from_and_scored() -> None:
    with pytest.raises(UsageError, match="MIS-034"):
        teaching.calibration([1, 2], [2])
    with pytest.raises(UsageError, match="MIS-034"):
        teaching.calibration([teaching.TAUGHT_ON[0]], [])
