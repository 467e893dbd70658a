"""Bands and polygons: probabilities against brute-force sampling, edges against shapely."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import GeometryError
from truceline.geo import Band, Frame, Line, Polygon
from truceline.geo.segments import signed_nearest

DRAWS = 100_000
NOISE = 4 * np.sqrt(0.25 / DRAWS)
BOUND = 0.02  # geo.gaussian
FRAME = Frame(46.0, 40.0)
sds = st.floats(50.0, 9_000.0)
metres = st.floats(-20_000.0, 20_000.0)


def cov_of(sx: float, sy: float, r: float) -> np.ndarray:
    return np.array([[[sx**2, r * sx * sy], [r * sx * sy, sy**2]]])


def draw(mean: np.ndarray, cov: np.ndarray) -> np.ndarray:
    return np.random.default_rng(7).multivariate_normal(mean[0], cov[0], size=DRAWS)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.floats(-8_000.0, 8_000.0), min_size=3, max_size=8),
    metres, metres, sds, sds, st.floats(-0.9, 0.9),
    st.sampled_from(["left", "right", "both", "west"]), st.floats(0.0, 9_000.0), st.floats(500.0, 15_000.0),
)  # fmt: skip
def test_band_probability_agrees_with_brute_force(
    ys: list[float], x: float, y: float, sx: float, sy: float, r: float, side: str, start: float, width: float
) -> None:
    path = np.column_stack([np.linspace(-30_000.0, 30_000.0, len(ys)), ys])
    line = Line("l", FRAME.to_lonlat(path), "west", "east")
    band = Band(line, side, start, start + width)
    mean, cov = np.array([[x, y]]), cov_of(sx, sy, r)
    distances = signed_nearest(draw(mean, cov), line.xy(FRAME))[0]
    true = np.any([(distances >= low) & (distances < high) for low, high in band.bounds()], axis=0).mean()
    assert band.probability(mean, cov, FRAME)[0] == pytest.approx(true, abs=BOUND + NOISE)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.floats(1_500.0, 15_000.0), min_size=5, max_size=10), st.booleans(),
    metres, metres, sds, sds, st.floats(-0.9, 0.9),
)  # fmt: skip
def test_polygon_probability_agrees_with_brute_force(
    radii: list[float], hole: bool, x: float, y: float, sx: float, sy: float, r: float
) -> None:
    angles = np.linspace(0.0, 2 * np.pi, len(radii), endpoint=False)
    ring = np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])
    inner = [ring * 0.4] if hole else []
    whole = shapely.Polygon(ring, inner)
    made = shapely.Polygon(FRAME.to_lonlat(ring), [FRAME.to_lonlat(one) for one in inner])
    zone = Polygon("z", shapely.geometry.mapping(made))
    mean, cov = np.array([[x, y]]), cov_of(sx, sy, r)
    seen = draw(mean, cov)
    true = shapely.contains_xy(whole, seen[:, 0], seen[:, 1]).mean()
    assert zone.probability(mean, cov, FRAME)[0] == pytest.approx(true, abs=BOUND + NOISE)
    edge, sd = zone.edge_distance_m(mean, cov, FRAME)
    sign = 1.0 if whole.contains(shapely.Point(x, y)) else -1.0
    assert edge[0] == pytest.approx(sign * whole.boundary.distance(shapely.Point(x, y)), abs=5.0)
    assert min(sx, sy) * 0.4 <= sd[0] <= np.hypot(sx, sy)


def test_the_sides_and_what_lies_beyond_make_up_everything() -> None:
    line = Line("l", np.array([[45.5, 40.0], [46.1, 40.05], [46.5, 39.9]]), "a", "b")
    mean, cov = np.array([[1_000.0, 2_000.0]]), cov_of(3_000.0, 2_000.0, 0.3)
    total = sum(
        Band(line, side, low, high).probability(mean, cov, FRAME)[0]
        for side in ("a", "b")
        for low, high in ((0.0, 2_500.0), (2_500.0, 1e7))
    )
    assert total == pytest.approx(1.0, abs=1e-9)


def test_probabilities_are_the_same_on_every_call_and_nan_for_nothing() -> None:
    line = Line("l", np.array([[45.5, 40.0], [46.1, 40.05], [46.5, 39.9]]), "a", "b")
    mean, cov = np.array([[1_000.0, 5_600.0], [np.nan, np.nan]]), np.repeat(cov_of(3e3, 2e3, 0.3), 2, axis=0)
    one, two = (Band(line, "both", 0.0, 900.0).probability(mean, cov, FRAME) for _ in range(2))
    assert one[0] == two[0]
    assert np.isnan(one[1])


def test_band_edge_is_positive_inside() -> None:
    line = Line("l", np.array([[45.0, 40.0], [47.0, 40.0]]), "a", "b")
    frame, cov = line.frame(), np.array([np.diag([1e4, 1e4])] * 3)
    mean = line.xy(frame)[len(line.xy(frame)) // 2] + np.array([[0.0, 500.0], [0.0, 1_700.0], [0.0, -500.0]])
    edge, sd = Band(line, "a", 0.0, 1_500.0).edge_distance_m(mean, cov, frame)
    assert edge == pytest.approx([500.0, -200.0, -500.0], abs=5.0)
    assert sd == pytest.approx([100.0] * 3, rel=0.01)


@pytest.mark.parametrize(
    ("side", "low", "high"), [("c", 0.0, 1.0), ("a", 5.0, 5.0), ("a", -1.0, 5.0), ("a", np.nan, 5.0)]
)
def test_geo_005_a_band_that_lies_nowhere(side: str, low: float, high: float) -> None:
    line = Line("l", np.array([[45.0, 40.0], [47.0, 40.0]]), "a", "b")
    with pytest.raises(GeometryError) as caught:
        Band(line, side, low, high)
    assert caught.value.code == "GEO-005"


BOW = [[[45.0, 40.0], [46.0, 41.0], [46.0, 40.0], [45.0, 41.0], [45.0, 40.0]]]


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Point", "coordinates": [45.0, 40.0]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": None},
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": [[["a", "b"]]]},
        {"type": "Polygon", "coordinates": BOW},
        {"type": "Polygon", "coordinates": [[[45.0, 40.0], [46.0, 41.0]]]},
        [],
    ],
)
def test_geo_006_a_zone_that_is_no_valid_area(geometry: Any) -> None:
    with pytest.raises(GeometryError) as caught:
        Polygon("z", geometry)
    assert caught.value.code == "GEO-006"


values = st.none() | st.booleans() | st.floats() | st.text(max_size=2)


@given(
    st.recursive(values, lambda inner: st.lists(inner, max_size=5), max_leaves=20),
    st.sampled_from(["Polygon", "MultiPolygon"]),
)
def test_whatever_the_coordinates_only_geometry_errors_come_out(coordinates: object, kind: str) -> None:
    with suppress(GeometryError):
        Polygon("z", {"type": kind, "coordinates": coordinates})
