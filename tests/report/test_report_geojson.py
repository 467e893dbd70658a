"""RFC 7946, clause by clause, over whole files; and no coordinate that is not a reporting sector's."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from pathlib import Path
from typing import Any

import pytest

from truceline import report
from truceline.report import View


def check_collection(whole: Any) -> None:
    """RFC 7946, sections 3 and 4 to 7, as far as polygons go."""
    assert whole["type"] == "FeatureCollection"
    assert isinstance(whole["features"], list)
    assert set(whole) == {"type", "features"}, (
        "no crs (section 4), no foreign member, nothing of a geometry (7.1)"
    )
    ids = []
    for feature in whole["features"]:
        assert feature["type"] == "Feature"
        assert set(feature) == {"type", "id", "geometry", "properties"}
        assert isinstance(feature["id"], str | int)
        ids.append(feature["id"])
        assert isinstance(feature["properties"], dict)
        shape = feature["geometry"]
        if shape is None:
            continue  # unlocated, section 3.2
        assert set(shape) == {"type", "coordinates"}
        polygons = {"Polygon": lambda held: [held], "MultiPolygon": lambda held: held}[shape["type"]](
            shape["coordinates"]
        )
        for polygon in polygons:
            for at, ring in enumerate(polygon):
                check_ring(ring, outer=at == 0)
    assert len(set(ids)) == len(ids)


def check_ring(ring: list[list[float]], *, outer: bool) -> None:
    """Section 3.1.6: closed, four positions or more, outer rings anticlockwise and holes clockwise."""
    assert len(ring) >= 4
    assert ring[0] == ring[-1]
    area = math.fsum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring))
    assert (area > 0) is outer
    for position in ring:
        assert len(position) == 2
        lon, lat = position
        assert -180 <= lon <= 180
        assert -90 <= lat <= 90


def square(
    west: float, south: float, size: float, *, clockwise: bool, closed: bool = True
) -> list[list[float]]:
    ring = [[west, south], [west + size, south], [west + size, south + size], [west, south + size]]
    ring = ring[::-1] if clockwise else ring
    return [*ring, ring[0]] if closed else ring


SHAPES = {
    "clockwise": ("Polygon", [square(20, 0, 1, clockwise=True)]),
    "unclosed": ("Polygon", [square(20, 0, 1, clockwise=False, closed=False)]),
    "hole": ("Polygon", [square(20, 0, 1, clockwise=False), square(20.2, 0.2, 0.2, clockwise=False)]),
    "islands": (
        "MultiPolygon",
        [
            [square(20, 0, 1, clockwise=True), square(20.2, 0.2, 0.2, clockwise=False)],
            [square(22, 0, 1, clockwise=False, closed=False)],
        ],
    ),
    "heights": ("Polygon", [[[*position, 812.0] for position in square(20, 0, 1, clockwise=False)]]),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_any_sector_comes_out_as_the_standard_wants_it(view: View, tmp_path: Path, shape: str) -> None:
    geometry = json.loads(json.dumps(view.geometry))
    first = next(f for f in geometry["features"] if f["properties"]["role"] == "sector")
    first["geometry"] = dict(zip(("type", "coordinates"), SHAPES[shape], strict=True))
    made = report.write(dataclasses.replace(view, geometry=geometry), tmp_path, ("geojson",))
    check_collection(json.loads(made["geojson"].read_bytes().decode("utf-8")))


def test_withheld_incidents_are_an_unlocated_feature_that_says_exercise(view: View, tmp_path: Path) -> None:
    fresh = dataclasses.replace(view, as_of_ms=view.day_to_ms)
    whole = json.loads(report.write(fresh, tmp_path, ("geojson",))["geojson"].read_text(encoding="utf-8"))
    check_collection(whole)
    last = whole["features"][-1]
    assert last["geometry"] is None
    assert last["id"].startswith("EXERCISE")
    for feature in whole["features"]:
        assert (feature["properties"]["exercise"], feature["properties"]["mark"]) == (True, "EXERCISE")
        assert feature["id"].startswith("EXERCISE")


def test_every_coordinate_is_a_corner_of_a_reporting_sector(view: View, tmp_path: Path) -> None:
    corners = {
        (round(float(p[0]), 7), round(float(p[1]), 7))
        for f in view.geometry["features"]
        if f["properties"]["role"] == "sector"
        for ring in f["geometry"]["coordinates"]
        for p in ring
    }
    whole = json.loads(report.write(view, tmp_path, ("geojson",))["geojson"].read_text(encoding="utf-8"))
    told = {tuple(p) for f in whole["features"] for ring in f["geometry"]["coordinates"] for p in ring}
    assert told == corners


def test_a_broken_collection_would_be_found() -> None:
    """The check can fail."""
    ring = square(20, 0, 1, clockwise=False)
    good: dict[str, Any] = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "id": "a", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {}}],
    }  # fmt: skip
    check_collection(good)
    for wrong in (ring[::-1], ring[:-1], [[200.0, 0.0], *ring[1:-1], [200.0, 0.0]]):
        bad = json.loads(json.dumps(good))
        bad["features"][0]["geometry"]["coordinates"] = [wrong]
        with pytest.raises(AssertionError):
            check_collection(bad)
