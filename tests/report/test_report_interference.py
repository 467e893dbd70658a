"""Non-interference: two views that differ in sealed values only give the same files, byte for byte.

A search for words finds what is printed; this finds what is told by an order, a choice, a count or a line on the map.
"""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from truceline import report
from truceline.records.columns import OBSERVATIONS, layer_of
from truceline.report import View
from truceline.report.days import week_end_ms

HOUR = 3_600_000
SEALED = [name for name in OBSERVATIONS.names if layer_of(name) == "sealed" and name != "text"]


def files(view: View, folder: Path) -> dict[str, bytes]:
    report.write(view, folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def changed(table: pa.Table, name: str, values: list[Any]) -> pa.Table:
    field = table.schema.field(name)
    return table.set_column(table.schema.get_field_index(name), field, pa.array(values, field.type))


def other_minutes(view: View) -> View:
    """Every time moved within its hour, and the middle within its day."""
    dice = random.Random(5)
    incidents, observations = view.incidents, view.observations
    for table_name, names in (
        ("incidents", ("from_ms", "to_ms")),
        ("observations", ("observed_from_ms", "observed_to_ms")),
    ):
        table = incidents if table_name == "incidents" else observations
        for name in names:
            up = 0 if name.endswith("from_ms") else 1
            moved = [
                (at - up) // HOUR * HOUR + up + dice.randrange(HOUR - 1) for at in table[name].to_pylist()
            ]
            table = changed(table, name, moved)
        if table_name == "incidents":
            incidents = table
        else:
            observations = table
    return dataclasses.replace(view, incidents=incidents, observations=observations)


def other_places(view: View) -> View:
    dice = random.Random(6)
    incidents, findings, observations = view.incidents, view.findings, view.observations
    for name in (
        "lon_udeg",
        "lat_udeg",
        "cov_ee_m2",
        "cov_en_m2",
        "cov_nn_m2",
        "line_distance_m",
        "line_distance_sd_m",
    ):
        incidents = changed(incidents, name, [dice.randrange(10**6) for _ in range(len(incidents))])
    for name in ("distance_m", "distance_sd_m"):
        findings = changed(findings, name, [dice.randrange(10**6) for _ in range(len(findings))])
    for name in ("lon_udeg", "lat_udeg", "error_m"):
        observations = changed(observations, name, [dice.randrange(10**6) for _ in range(len(observations))])
    incidents = changed(incidents, "place_name", [f"hamlet {n}" for n in range(len(incidents))])
    return dataclasses.replace(view, incidents=incidents, findings=findings, observations=observations)


def other_directions(view: View) -> View:
    incidents = changed(view.incidents, "outgoing", [True] * len(view.incidents))
    incidents = changed(incidents, "description", ["outgoing"] * len(view.incidents))
    observations = changed(view.observations, "description", ["outgoing"] * len(view.observations))
    return dataclasses.replace(view, incidents=incidents, observations=observations)


def other_sides(view: View) -> View:
    """The mandate of this view does not publish sides."""
    incidents = changed(view.incidents, "side", ["south"] * len(view.incidents))
    incidents = changed(incidents, "sides", [[{"id": "south", "e4": 9_000}]] * len(view.incidents))
    findings = changed(view.findings, "about", ["south"] * len(view.findings))
    findings = changed(findings, "p_side_e4", [9_999] * len(findings))
    return dataclasses.replace(view, incidents=incidents, findings=findings)


def other_sources(view: View) -> View:
    observations = view.observations
    for name in SEALED:
        field = OBSERVATIONS.field(name)
        value = "another" if field.type == pa.string() else 4_242
        observations = changed(observations, name, [value] * len(observations))
    return dataclasses.replace(
        view, observations=changed(observations, "text", ["another sentence"] * len(observations))
    )


def other_posts(view: View) -> View:
    geometry = json.loads(json.dumps(view.geometry))
    geometry["features"] = [f for f in geometry["features"] if f["properties"]["role"] != "post"]
    return dataclasses.replace(view, geometry=geometry)


def other_hours_watched(view: View) -> View:
    """The same hours watched in each period, by other sectors at other times."""
    assert view.exposure is not None
    dice, rows = random.Random(7), view.exposure.to_pylist()
    for low, high in ((view.previous_from_ms, view.previous_to_ms), (view.day_from_ms, view.day_to_ms)):
        inside = [row for row in rows if low <= row["hour_ms"] < high]
        values = [row["watched_e4"] for row in inside]
        dice.shuffle(values)
        for row, value in zip(inside, values, strict=True):
            row["watched_e4"] = value
    return dataclasses.replace(view, exposure=pa.Table.from_pylist(rows, schema=view.exposure.schema))


def other_running_weeks(view: View) -> View:
    rows = view.coverage.to_pylist()
    for row in rows:
        if week_end_ms(row["week"], view.zone) > view.day_to_ms:
            row |= {"hours_watched_e1": 3, "night_watched_e1": 1, "access_denied": 77}
    return dataclasses.replace(view, coverage=pa.Table.from_pylist(rows, schema=view.coverage.schema))


@pytest.fixture(scope="module")
def base(view: View, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return files(view, tmp_path_factory.mktemp("base"))


@pytest.mark.parametrize(
    "change",
    [
        other_minutes, other_places, other_directions, other_sides, other_sources, other_posts, other_hours_watched,
        other_running_weeks,
    ],
    ids=lambda change: change.__name__,
)  # fmt: skip
def test_sealed_values_change_no_byte_of_any_file(
    view: View, base: dict[str, bytes], change: Callable[[View], View], tmp_path: Path
) -> None:
    other = change(view)
    assert other != view
    again = files(other, tmp_path)
    assert sorted(again) == sorted(base)
    assert [name for name in base if again[name] != base[name]] == []


def test_where_a_withheld_place_lies_changes_no_byte(view: View, tmp_path: Path) -> None:
    """R19: before the delay has run out, the sector itself is sealed."""
    fresh = dataclasses.replace(view, as_of_ms=view.day_to_ms)
    sectors = view.incidents["sector_id"].to_pylist()
    moved = [
        sectors[0] if to_ms > view.day_to_ms - view.delay_ms else sector
        for sector, to_ms in zip(sectors, view.incidents["to_ms"].to_pylist(), strict=True)
    ]
    elsewhere = dataclasses.replace(fresh, incidents=changed(view.incidents, "sector_id", moved))
    assert files(fresh, tmp_path / "a") == files(elsewhere, tmp_path / "b")


def test_a_disclosed_value_does_change_the_files(view: View, base: dict[str, bytes], tmp_path: Path) -> None:
    """The comparison can fail."""
    acts = ["shot"] * len(view.incidents)
    other = dataclasses.replace(view, incidents=changed(view.incidents, "act", acts))
    again = files(other, tmp_path)
    assert all(again[name] != base[name] for name in base if "figures" not in name and "geojson" not in name)
