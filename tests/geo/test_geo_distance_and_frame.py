"""Distances, destinations and the local frame, against pyproj."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyproj import Geod

from truceline.errors import GeometryError
from truceline.geo import Frame, destination, separation_m
from truceline.geo.points import from_microdegrees, to_microdegrees, to_udeg

GEOD = Geod(ellps="WGS84")
EARTH_M = 6_371_000.0
lons = st.floats(-179.9, 179.9)
lats = st.floats(-84.0, 84.0)


@given(lons, lats, lons, lats)
def test_separation_is_the_geodesic_of_pyproj_and_symmetric(
    lon1: float, lat1: float, lon2: float, lat2: float
) -> None:
    expected = GEOD.inv(lon1, lat1, lon2, lat2)[2]
    forth = separation_m([[lon1, lat1]], [[lon2, lat2]])[0]
    back = separation_m([[lon2, lat2]], [[lon1, lat1]])[0]
    assert forth == pytest.approx(expected, abs=1e-6)
    assert back == pytest.approx(forth, abs=1e-3)


def test_separation_broadcasts_one_point_against_many_and_keeps_nan() -> None:
    metres = separation_m([[46.0, 40.0]], [[46.0, 40.0], [46.0, 41.0], [np.nan, np.nan]])
    assert metres[0] == 0.0
    assert metres[1] == pytest.approx(111_035, abs=30)
    assert np.isnan(metres[2])


@given(lons, lats, st.floats(0.0, 360.0), st.floats(1.0, 500_000.0))
def test_destination_lies_at_the_asked_distance(
    lon: float, lat: float, bearing: float, metres: float
) -> None:
    there = destination([[lon, lat]], bearing, metres)
    assert separation_m([[lon, lat]], there)[0] == pytest.approx(metres, rel=1e-9, abs=1e-5)


@given(
    st.integers(-170, 170),
    st.integers(-70, 70),
    st.floats(0.0, 360.0),
    st.floats(0.0, 400_000.0),
    st.floats(0.0, 360.0),
)
def test_frame_round_trip_and_true_distance_from_the_origin(
    lon0: int, lat0: int, bearing: float, metres: float, turn: float
) -> None:
    frame = Frame(float(lon0), float(lat0))
    point = destination([[lon0, lat0]], bearing, metres)
    xy = frame.to_xy(point)
    assert np.hypot(*xy[0]) == pytest.approx(metres, abs=0.01)
    assert separation_m(frame.to_lonlat(xy), point)[0] < 0.001
    again = frame.to_xy(frame.to_lonlat(frame.to_xy(point)))
    assert np.allclose(again, xy, atol=0.001)


@given(
    st.integers(-170, 170), st.integers(-70, 70),
    st.floats(0.0, 360.0), st.floats(0.0, 400_000.0), st.floats(0.0, 360.0), st.floats(0.0, 400_000.0),
)  # fmt: skip
def test_distances_across_the_frame_keep_the_stated_error(
    lon0: int, lat0: int, bearing1: float, m1: float, bearing2: float, m2: float
) -> None:
    frame = Frame(float(lon0), float(lat0))
    points = destination([[lon0, lat0]] * 2, [bearing1, bearing2], [m1, m2])
    true = separation_m(points[:1], points[1:])[0]
    assume(true > 100.0)
    seen = np.hypot(*np.subtract(*frame.to_xy(points)))
    share = (max(m1, m2) / EARTH_M) ** 2 / 6
    assert abs(seen / true - 1.0) <= 1.02 * share + 2e-6


@given(
    st.lists(st.tuples(st.floats(40.0, 50.0), st.floats(35.0, 45.0)), min_size=1, max_size=20), st.randoms()
)
def test_the_frame_of_a_set_does_not_depend_on_its_order(
    points: list[tuple[float, float]], random: object
) -> None:
    shuffled = list(points)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert Frame.at(points) == Frame.at(shuffled) == Frame.at([*points, (np.nan, np.nan)])
    assert Frame.at(points).lon0_deg == round(Frame.at(points).lon0_deg)


def test_the_frame_of_nothing_is_at_the_origin_and_nan_stays_nan() -> None:
    assert Frame.at(np.empty((0, 2))) == Frame(0.0, 0.0)
    frame = Frame(46.0, 40.0)
    assert np.isnan(frame.to_xy([[np.nan, 40.0]])).all()
    assert np.isnan(frame.to_lonlat([[np.nan, 0.0]])).all()


@given(st.integers(-180_000_000, 180_000_000), st.integers(-90_000_000, 90_000_000))
def test_whole_microdegrees_survive_the_way_through_degrees(lon: int, lat: int) -> None:
    assert to_udeg(np.array([[lon, lat]]) / 1e6).tolist() == [[lon, lat]]
    shape = {"type": "Point", "coordinates": [lon, lat], "properties": {"rank": 3, "id": "p"}}
    assert to_microdegrees(from_microdegrees(shape)) == shape


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_microdegrees_lose_at_most_half_a_unit(lon: float, lat: float) -> None:
    assert np.abs(to_udeg([[lon, lat]]) / 1e6 - [[lon, lat]]).max() <= 0.5e-6 + 1e-12


def test_geo_001_points_that_are_no_pairs() -> None:
    with pytest.raises(GeometryError) as caught:
        separation_m([[1.0, 2.0, 3.0]], [[1.0, 2.0]])
    assert caught.value.code == "GEO-001"


@pytest.mark.parametrize("point", [[181.0, 0.0], [0.0, -90.5], [np.inf, 0.0]])
def test_geo_003_a_coordinate_out_of_range(point: list[float]) -> None:
    with pytest.raises(GeometryError) as caught:
        Frame(0.0, 0.0).to_xy([point])
    assert caught.value.code == "GEO-003"
