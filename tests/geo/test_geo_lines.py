"""Crooked lines: distance, side, error, reversal; against pyproj and shapely."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from truceline.errors import GeometryError
from truceline.geo import Frame, Line, separation_m
from truceline.geo.segments import densify

heights = st.lists(st.floats(39.2, 40.2), min_size=3, max_size=9)
places = st.tuples(st.floats(46.0, 47.6), st.floats(38.9, 40.5))


def crooked(lats: list[float]) -> Line:
    """Runs east, so that its left is the north."""
    return Line("l", np.column_stack([np.linspace(46.0, 47.6, len(lats)), lats]), "north", "south")


@settings(deadline=None)
@given(heights, places)
def test_distance_is_the_least_geodesic_to_the_line(lats: list[float], place: tuple[float, float]) -> None:
    line = crooked(lats)
    fine = densify(line.lonlat, 100.0)
    true = separation_m([place], fine).min()
    seen = abs(line.signed_distance_m([place])[0])
    assert seen == pytest.approx(
        true, rel=1e-3, abs=60.0
    )  # 50 m: half the step of the fine line; 10 m: chords


@given(heights, places)
def test_left_of_a_line_running_east_is_north_of_it(lats: list[float], place: tuple[float, float]) -> None:
    line = crooked(lats)
    above = place[1] - np.interp(place[0], line.lonlat[:, 0], line.lonlat[:, 1])
    assume(abs(above) > 1e-4)
    assert (line.signed_distance_m([place])[0] > 0) == (above > 0)


@settings(deadline=None)
@given(
    st.lists(st.floats(5_000.0, 40_000.0), min_size=5, max_size=12),
    st.floats(-45e3, 45e3),
    st.floats(-45e3, 45e3),
)
def test_side_of_a_ring_cut_open_is_that_of_the_whole_ring(radii: list[float], x: float, y: float) -> None:
    frame = Frame(46.0, 40.0)
    angles = np.linspace(0.0, 2 * np.pi, len(radii), endpoint=False)
    ring = np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])
    whole, cut = shapely.Polygon(ring), shapely.LineString(ring[[-1, 0]])
    here = shapely.Point(x, y)
    assume(shapely.distance(here, cut) > whole.exterior.distance(here) + 50.0)
    assume(whole.exterior.distance(here) > 50.0)
    line = Line("r", frame.to_lonlat(ring), "in", "out")
    assert (line.signed_distance_m(frame.to_lonlat([[x, y]]))[0] > 0) == whole.contains(here)


@settings(deadline=None)
@given(heights, places, st.floats(100.0, 30_000.0), st.floats(100.0, 30_000.0), st.floats(-0.9, 0.9))
def test_reversal_changes_the_sign_and_nothing_else(
    lats: list[float], place: tuple[float, float], sx: float, sy: float, r: float
) -> None:
    line, frame = crooked(lats), Frame(47.0, 40.0)
    back = line.reversed()
    assert (back.left, back.right) == (line.right, line.left)
    assert back.signed_distance_m([place])[0] == pytest.approx(
        -line.signed_distance_m([place])[0], rel=1e-6, abs=5.0
    )
    mean, cov = frame.to_xy([place]), np.array([[[sx**2, r * sx * sy], [r * sx * sy, sy**2]]])
    forth, again = line.probability_left(mean, cov, frame)[0], back.probability_left(mean, cov, frame)[0]
    assert forth + again == pytest.approx(1.0, abs=0.005)
    d, sd = line.distance_with_error(mean, cov, frame)
    e, se = back.distance_with_error(mean, cov, frame)
    assert e[0] == pytest.approx(-d[0], rel=1e-6, abs=5.0)
    assert se[0] == pytest.approx(sd[0], rel=0.02, abs=1.0)


def test_beyond_its_end_the_line_goes_on_straight() -> None:
    line = Line("l", np.array([[46.0, 40.0], [46.5, 40.0]]), "north", "south")
    assert (np.sign(line.signed_distance_m([[47.5, 40.3], [47.5, 39.7]])) == [1, -1]).all()


def test_straight_line_gives_the_normal_distribution_exactly() -> None:
    frame = Frame(46.0, 0.0)
    line = Line("l", np.array([[45.0, 0.0], [47.0, 0.0]]), "north", "south")
    mean, cov = np.array([[0.0, 1_000.0], [np.nan, np.nan]]), np.array([np.diag([9e6, 1e6])] * 2)
    left = line.probability_left(mean, cov, frame)
    assert left[0] == pytest.approx(0.8413447, abs=1e-4)
    assert np.isnan(left[1])


def test_repeated_points_are_dropped() -> None:
    assert len(Line("l", np.array([[46.0, 40.0], [46.0, 40.0], [46.5, 40.0]]), "a", "b").lonlat) == 2


def feature(**changes: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"id": "l", "left": "a", "right": "b"},
        "geometry": {"type": "LineString", "coordinates": [[46.0, 40.0], [46.5, 40.0, 12.0]]},
    } | changes


def test_a_line_is_read_from_geojson() -> None:
    line = Line.from_geojson(feature())
    assert (line.id, line.left, line.right, line.lonlat.shape) == ("l", "a", "b", (2, 2))


def test_geo_002_fewer_than_two_points() -> None:
    with pytest.raises(GeometryError) as caught:
        Line("l", np.array([[46.0, 40.0], [46.0, 40.0]]), "a", "b")
    assert caught.value.code == "GEO-002"


@pytest.mark.parametrize(
    "broken",
    [
        {"properties": {"id": "l"}},
        {"properties": ["l"]},
        {"geometry": {"type": "Point", "coordinates": [46.0, 40.0]}},
        {"geometry": "LineString"},
        {"geometry": {"type": "LineString", "coordinates": [["a", "b"]]}},
        {"geometry": {"type": "LineString", "coordinates": None}},
    ],
)
def test_geo_004_a_feature_that_describes_no_line(broken: dict[str, Any]) -> None:
    with pytest.raises(GeometryError) as caught:
        Line.from_geojson(feature(**broken))
    assert caught.value.code == "GEO-004"


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(json_values, json_values)
def test_whatever_stands_in_a_feature_only_geometry_errors_come_out(
    coordinates: object, properties: object
) -> None:
    for made in (
        feature(geometry={"type": "LineString", "coordinates": coordinates}),
        feature(properties=properties),
        feature(geometry=coordinates),
    ):
        with suppress(GeometryError):
            Line.from_geojson(made)
