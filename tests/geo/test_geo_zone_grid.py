"""The grid of zones says what shapely says, for areas of every shape that a zone may have."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.geo.zone_grid import ZoneGrid


def star(rng: np.random.Generator, corners: int, centre: tuple[float, float], size: float) -> shapely.Polygon:
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radius = size * rng.uniform(0.3, 1.0, corners)
    return shapely.Polygon(
        np.column_stack([centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)])
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_it_agrees_with_shapely(seed: int, zones: int) -> None:
    rng = np.random.default_rng(seed)
    areas = []
    for _ in range(zones):
        area = star(
            rng,
            int(rng.integers(3, 60)),
            tuple(rng.uniform(-50, 50, 2)),
            float(rng.choice([0.05, 3.0, 60.0])),
        )
        hole = star(rng, 7, tuple(rng.uniform(-50, 50, 2)), 20.0)
        areas.append(
            shapely.make_valid(area).difference(shapely.make_valid(hole))
            if rng.random() < 0.5
            else shapely.make_valid(area)
        )
    areas = [area if area.geom_type in ("Polygon", "MultiPolygon") else shapely.Polygon() for area in areas]
    points = np.concatenate([rng.uniform(-120, 120, (800, 2)), [[np.nan, 0.0]]])
    grid = ZoneGrid.of(areas)
    expected = sorted(
        (p, z)
        for z, area in enumerate(areas)
        for p in np.flatnonzero(shapely.contains_xy(area, points)).tolist()
    )
    point, zone = grid.pairs(points)
    assert list(zip(point.tolist(), zone.tolist(), strict=True)) == expected
    lowest = dict(reversed(expected))
    assert grid.first(points).tolist() == [lowest.get(p, -1) for p in range(len(points))]


def test_no_zones_hold_nothing() -> None:
    grid = ZoneGrid.of([])
    assert grid.first(np.zeros((3, 2))).tolist() == [-1, -1, -1]
    assert ZoneGrid.of([shapely.Polygon()]).pairs(np.zeros((2, 2)))[0].tolist() == []


def test_a_point_on_an_edge_between_two_zones_belongs_to_one() -> None:
    grid = ZoneGrid.of([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    for at in ((1.0, 0.5), (1.0, 0.25), (1.0, 0.123456789)):
        point, _ = grid.pairs(np.array([at]))
        assert len(point) == 1


@pytest.mark.parametrize("scale", [1e-3, 1e6])
def test_the_scale_of_the_coordinates_does_not_matter(scale: float) -> None:
    rng = np.random.default_rng(5)
    area = star(rng, 40, (0, 0), 1.0)
    points = rng.uniform(-1, 1, (2_000, 2))
    moved = shapely.transform(area, lambda at: at * scale)
    assert np.array_equal(ZoneGrid.of([area]).first(points), ZoneGrid.of([moved]).first(points * scale))
