"""The first difference is named; rounding is told from change."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from truceline.mission.comparing import differences

ROWS: list[dict[str, Any]] = [
    {
        "incident_id": "a", "members": ["a", "b"], "probability_e4": 8123, "lon_udeg": 46_100_000, "cov_ee_m2": 9_000_000,
        "line_distance_m": -450, "word": "credible", "count_min": 3, "calibre_um": 100_000, "outgoing": False,
        "sides": [{"id": "north", "e4": 2500}, {"id": "undetermined", "e4": 7500}], "sector_id": None,
        "explanation": [{"term": "prior", "log_odds_e6": -250_000}],
    },
    {"incident_id": "c", "members": ["c"], "probability_e4": 5000},
]  # fmt: skip


def changed(path: list[Any], value: object) -> list[dict[str, Any]]:
    rows = copy.deepcopy(ROWS)
    place: Any = rows
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return rows


def test_equal_tables_have_no_difference() -> None:
    assert list(differences(ROWS, copy.deepcopy(ROWS), "incident_id")) == []


@pytest.mark.parametrize(
    ("path", "value", "within"),
    [
        ([0, "probability_e4"], 8124, True),
        ([0, "probability_e4"], 8125, False),
        ([0, "sides", 0, "e4"], 2499, True),
        ([0, "sides", 0, "e4"], 2490, False),
        ([0, "sides", 0, "id"], "south", False),
        ([0, "explanation", 0, "log_odds_e6"], -250_100, True),
        ([0, "lon_udeg"], 46_100_010, True),
        ([0, "lon_udeg"], 46_100_011, False),
        ([0, "cov_ee_m2"], 9_000_009, True),
        ([0, "cov_ee_m2"], 9_000_010, False),
        ([0, "line_distance_m"], -451, True),
        ([0, "word"], "corroborated", False),
        ([0, "count_min"], 4, False),
        ([0, "calibre_um"], 100_001, False),
        ([0, "outgoing"], True, False),
        ([0, "members"], ["a"], False),
        ([0, "members", 1], "x", False),
        ([0, "sector_id"], "S01", False),
        ([0, "probability_e4"], None, False),
        ([1, "incident_id"], "d", False),
    ],
)
def test_a_change_is_found_and_judged(path: list[Any], value: object, within: bool) -> None:
    [found] = differences(changed(path, value), ROWS, "incident_id")
    assert found.within is within
    assert str(path[-1] if isinstance(path[-1], str) else path[-2]) in found.where or path[-1] == "e4"
    assert repr(value) in str(found) or isinstance(value, list)


def test_a_missing_row_is_a_difference() -> None:
    [found] = differences(ROWS[:1], ROWS, "incident_id")
    assert (found.where, found.within) == ("number of rows", False)
