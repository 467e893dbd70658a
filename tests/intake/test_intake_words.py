"""What people write in cells."""

from __future__ import annotations

import pytest

from truceline.intake import words

HOUR = 3_600_000


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("5", (5, 5)), ("30+", (30, None)), ("casualties", (1, None)), ("N/K", (None, None)), ("", (None, None)),
        ("7-8 projectiles", (7, 8)), ("rockets (at least two)", (2, None)), ("explosions (about 15)", (14, 16)),
        ("3-4 waves, a dozen explosions", (12, 12)), ("more than 30", (31, None)), ("up to 5", (None, 5)),
        ("bursts", (2, None)), ("several", (2, None)), ("an undetermined explosion", (1, 1)), ("9–7", (7, 9)),
        ("fog", None),
    ],
)  # fmt: skip
def test_counts(text, span):
    assert words.count(text) == span


@pytest.mark.parametrize(
    ("text", "hours", "word"),
    [
        ("12:05", (12 + 5 / 60, 12 + 6 / 60), "exact"), ("after 12:00", (12, 24), "interval"),
        ("before 06:00", (0, 6), "interval"), ("12:00-14:30", (12, 14 + 31 / 60), "interval"),
        ("23:30-00:10", (23.5, 24 + 11 / 60), "interval"), ("around 12:00", (11.5, 12.5), "interval"),
        ("evening", (16, 24), "part_of_day"), ("late evening", (20, 24), "part_of_day"), ("early", (0, 9), "part_of_day"),
    ],
)  # fmt: skip
def test_times_of_day(text, hours, word):
    found = words.time_of_day(text)
    assert found is not None
    assert found[0] == round(hours[0] * HOUR)
    assert abs(found[1] - hours[1] * HOUR) <= 1
    assert found[2] == word


@pytest.mark.parametrize("text", ["25:00", "12:60", "whenever", "12", "14:00-26:00"])
def test_times_that_cannot_be(text):
    assert words.time_of_day(text) is None


@pytest.mark.parametrize(
    ("text", "mdeg"),
    [
        ("2-7km NNE", 22_500),
        ("N", 0),
        ("5km north-west", 315_000),
        ("N/K", None),
        ("3km W", 270_000),
        ("near", None),
    ],
)
def test_bearings(text, mdeg):
    assert words.bearing(text) == mdeg


@pytest.mark.parametrize(
    ("text", "span"),
    [("2-7km NNE", (2000, 7000)), ("800m S", (800, 800)), ("up to 3km", (None, 3000)), ("1.5 km", (1500, 1500)),
     ("more than 2km", (2000, None)), ("far", None)],
)  # fmt: skip
def test_distances(text, span):
    assert words.distance(text) == span


def test_a_direction_from_a_town_is_not_one_from_the_observer():
    assert not words.seen_from_position("3km NE of Kapan")
    assert words.seen_from_position("3km NE of the position")
    assert words.seen_from_position("3km NE")


@pytest.mark.parametrize(
    ("text", "weapon", "calibre"),
    [("Mortar (120mm)", "mortar", 120_000), ("HMG", "heavy_machine_gun", None), ("Cannon (30 mm)", "cannon", 30_000),
     ("Recoilless gun (73mm)", "recoilless_gun", 73_000), ("small arms", "small_arms", None), ("12.7mm HMG",
      "heavy_machine_gun", 12_700), ("tank", "tank", None), ("a determined man", None, None)],
)  # fmt: skip
def test_weapons(text, weapon, calibre):
    assert words.weapon(text) == weapon
    assert words.calibre_um(text) == calibre
