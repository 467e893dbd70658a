"""Distances to lines and points are those of the ellipsoid, to a metre, up to 150 km; the compiled search is the plain one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from truceline.geo import Band, Line, Point, Polygon
from truceline.geo.nearest_kernel import nearest_compiled
from truceline.geo.segments import densify, nearest, signed_about, signed_nearest

GEOD = Geod(ellps="WGS84")


def geodesic_m(line: Line, points: np.ndarray) -> np.ndarray:
    """Brute force over a dense line, then over a denser stretch about the best vertex."""
    dense = densify(line.lonlat, 500.0)
    out = np.empty(len(points))
    for row, (lon, lat) in enumerate(points):
        away = GEOD.inv(np.full(len(dense), lon), np.full(len(dense), lat), dense[:, 0], dense[:, 1])[2]
        best = int(np.argmin(away))
        near = densify(dense[max(0, best - 1) : best + 2], 2.0)
        out[row] = GEOD.inv(np.full(len(near), lon), np.full(len(near), lat), near[:, 0], near[:, 1])[2].min()
    return out


@pytest.mark.parametrize("lat", [0.0, 40.0, 48.0, 60.0])
def test_distance_is_geodesic_to_a_metre_over_150_km(lat: float) -> None:
    line = Line(
        "l", np.array([[44.0, lat], [45.4, lat + 0.8], [46.5, lat + 0.6], [47.6, lat + 1.5]]), "a", "b"
    )
    rng = np.random.default_rng(int(lat))
    foot = line.lonlat[rng.integers(0, 4, 40)] + rng.uniform(-0.2, 0.2, (40, 2))
    lon, place_lat, _ = GEOD.fwd(foot[:, 0], foot[:, 1], rng.uniform(0, 360, 40), rng.uniform(0, 150_000, 40))
    points = np.stack([lon, place_lat], axis=1)
    assert np.abs(np.abs(line.signed_distance_m(points)) - geodesic_m(line, points)).max() < 1.0


def test_a_band_ends_where_pyproj_says_and_touches_its_line() -> None:
    line = Line("l", np.array([[30.0, 48.0], [32.0, 48.0]]), "a", "b")
    frame = line.frame()
    for metres in (15_000.0, 25_000.0, 70_000.0, 150_000.0):
        north = np.array([GEOD.fwd(31.0, 48.0, 0.0, metres + step)[:2] for step in (-3.0, 3.0)])
        mean, cov = frame.to_xy(north), np.tile(np.eye(2) * 1e-4, (2, 1, 1))
        inside = Band(line, "a", 0.0, metres).probability(mean, cov, frame)
        assert inside.tolist() == [1.0, 0.0]
    here = frame.to_xy(np.array([GEOD.fwd(31.0, 48.0, 0.0, 3.0)[:2]]))
    assert Band(line, "a", 0.0, 15_000.0).probability(here, np.eye(2)[None] * 1e-4, frame).tolist() == [1.0]


def test_stand_off_from_a_point_is_geodesic() -> None:
    point = Point.from_geojson(
        {
            "type": "Feature",
            "properties": {"id": "camp"},
            "geometry": {"type": "Point", "coordinates": [-75.0, 4.0]},
        }
    )
    line = Line("l", np.array([[-76.5, 4.0], [-73.5, 4.0]]), "a", "b")
    frame = line.frame()
    lonlat = np.array(
        [
            GEOD.fwd(-75.0, 4.0, bearing, metres)[:2]
            for bearing, metres in ((10, 2_999.0), (100, 3_001.0), (200, 149_999.0))
        ]
    )
    profile = point.profile(frame.to_xy(lonlat), np.tile(np.eye(2) * 1e-4, (3, 1, 1)), frame)
    assert np.abs(profile.distance_m - [2_999.0, 3_001.0, 149_999.0]).max() < 1.0
    assert profile.between(((0.0, 3_000.0),)).tolist() == [1.0, 0.0, 0.0]


def test_compiled_search_gives_the_same_bits() -> None:
    rng = np.random.default_rng(7)
    path = rng.uniform(-1e5, 1e5, (60, 2))
    points = rng.uniform(-2e5, 2e5, (500, 2))
    for one, other in zip(
        nearest(points, path[:-1], path[1:]), nearest_compiled(points, path[:-1], path[1:]), strict=True
    ):
        assert np.array_equal(one, other)


def test_compiled_signed_distances_are_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    path = np.cumsum(rng.uniform(-4e3, 6e3, (60, 2)), axis=0)
    points = np.concatenate([rng.uniform(-1e5, 3e5, (500, 2)), path])
    plain = signed_nearest(points, path)
    monkeypatch.setattr("truceline.geo.segments._COMPILED_FROM", 1)
    for one, other in zip(plain, signed_nearest(points, path), strict=True):
        assert np.array_equal(one, other)


@given(seed=st.integers(0, 10_000), reach=st.floats(10.0, 9_000.0))
def test_a_cloud_is_measured_against_its_own_stretch_of_the_line(seed: int, reach: float) -> None:
    rng = np.random.default_rng(seed)
    path = np.cumsum(rng.uniform(-4e3, 6e3, (40, 2)), axis=0)
    middle = rng.uniform(-2e4, 8e4, (30, 2))
    angle, far = rng.uniform(0, 2 * np.pi, (30, 20)), rng.uniform(0, reach, (30, 20))
    clouds = middle[:, None, :] + np.stack([np.cos(angle) * far, np.sin(angle) * far], axis=2)
    whole = signed_nearest(clouds.reshape(-1, 2), path)[0].reshape(30, 20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("truceline.geo.segments._COMPILED_FROM", 1)
        assert np.array_equal(signed_about(clouds, path, middle, np.full(30, reach)), whole)


def test_gap_between_a_zone_and_a_line() -> None:
    line = Line("l", np.array([[-31.0, 0.0], [-29.0, 0.0]]), "a", "b")
    ring = [[-30.5, 0.1], [-30.0, 0.1], [-30.0, 0.3], [-30.5, 0.3], [-30.5, 0.1]]
    assert abs(Polygon("p", {"type": "Polygon", "coordinates": [ring]}).gap_m(line) - 11_057) < 30
    touching = [[lon, lat - 0.1] for lon, lat in ring]
    assert Polygon("p", {"type": "Polygon", "coordinates": [touching]}).gap_m(line) < 0.01
