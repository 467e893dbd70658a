"""Uncertain places: means and covariances against sampled moments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from truceline.geo import Frame, Sectors, uncertain_places
from truceline.geo.places import CEP50_PER_SIGMA, GEOLOCATION_M, RANGE_SIGMA_LN

Table = Callable[..., pa.Table]
FRAME = Frame(46.0, 40.0)
HERE = {"lon_udeg": 46_000_000, "lat_udeg": 40_000_000}
SHARED = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def fan(r: float, s_r: float, bearing_deg: float, s_t_deg: float) -> np.ndarray:
    """Places seen from a post: range log-normal, bearing normal."""
    rng = np.random.default_rng(11)
    reach = r * np.exp(rng.normal(0.0, s_r, 400_000))
    angle = np.deg2rad(bearing_deg + rng.normal(0.0, s_t_deg, 400_000))
    return np.column_stack([reach * np.sin(angle), reach * np.cos(angle)])


@SHARED
@given(error=st.integers(10, 20_000))
def test_half_of_all_places_lie_within_the_median_error_of_a_point(table: Table, error: int) -> None:
    places = uncertain_places(table(HERE | {"place_kind": "point", "error_m": error}), FRAME)
    assert places.mean_m[0] == pytest.approx([0.0, 0.0], abs=0.01)
    xy = np.random.default_rng(1).multivariate_normal([0.0, 0.0], places.cov_m2[0], 50_000)
    assert (np.hypot(*xy.T) <= error).mean() == pytest.approx(0.5, abs=0.01)


@SHARED
@given(bearing=st.integers(0, 359), near=st.integers(500, 6_000), ratio=st.floats(1.0, 2.0))
def test_a_bearing_and_a_range_give_a_narrow_fan(table: Table, bearing: int, near: int, ratio: float) -> None:
    far = int(near * ratio)
    row = {"place_kind": "sector", "bearing_mdeg": bearing * 1000, "range_min_m": near, "range_max_m": far}
    places = uncertain_places(table(HERE | row), FRAME)
    s_t = np.hypot(5.0, 22.5 / np.sqrt(12))
    r = np.sqrt(near * far)
    seen = fan(r, RANGE_SIGMA_LN, bearing, s_t)
    assert np.hypot(*(places.mean_m[0] - seen.mean(axis=0))) < 0.06 * r
    ahead = np.array([np.sin(np.deg2rad(bearing)), np.cos(np.deg2rad(bearing))])
    aside = np.array([ahead[1], -ahead[0]])
    for axis in (ahead, aside):
        assert axis @ places.cov_m2[0] @ axis == pytest.approx(axis @ np.cov(seen.T) @ axis, rel=0.2)


@SHARED
@given(bearing=st.integers(0, 359), step=st.sampled_from([90_000, 180_000]), far=st.integers(800, 9_000))
def test_a_wide_fan_has_the_moments_of_all_its_places(
    table: Table, bearing: int, step: int, far: int
) -> None:
    row = {
        "place_kind": "sector", "bearing_mdeg": bearing * 1000, "bearing_step_mdeg": step,
        "range_min_m": far // 2, "range_max_m": far,
    }  # fmt: skip
    places = uncertain_places(table(HERE | row), FRAME)
    seen = fan(
        np.sqrt((far // 2) * far), RANGE_SIGMA_LN, bearing, float(np.hypot(5.0, step / 1e3 / np.sqrt(12)))
    )
    scale = far**2
    assert places.mean_m[0] == pytest.approx(seen.mean(axis=0), abs=0.01 * far)
    assert places.cov_m2[0] / scale == pytest.approx(np.cov(seen.T) / scale, abs=0.01)


def test_a_sound_with_no_bearing_may_lie_all_around_the_post(table: Table) -> None:
    row = {"place_kind": "sector", "range_min_m": 2_000, "range_max_m": 4_000}
    places = uncertain_places(table(HERE | row), FRAME)
    assert places.mean_m[0] == pytest.approx([0.0, 0.0], abs=1.0)
    assert places.cov_m2[0, 0, 0] == pytest.approx(places.cov_m2[0, 1, 1])
    assert places.cov_m2[0, 0, 0] == pytest.approx(8e6 * np.exp(2 * RANGE_SIGMA_LN**2) / 2, rel=0.001)


@SHARED
@given(scan=st.integers(300, 2_000), track=st.integers(300, 2_000), error=st.none() | st.integers(20, 900))
def test_a_footprint_has_the_moments_of_its_pixel(
    table: Table, scan: int, track: int, error: int | None
) -> None:
    row = {"place_kind": "footprint", "scan_m": scan, "track_m": track, "error_m": error}
    places = uncertain_places(table(HERE | row), FRAME)
    rng = np.random.default_rng(5)
    sigma = GEOLOCATION_M if error is None else error / CEP50_PER_SIGMA
    xy = rng.uniform(-0.5, 0.5, (400_000, 2)) * [scan, track] + rng.normal(0.0, sigma, (400_000, 2))
    assert places.cov_m2[0].diagonal() == pytest.approx(xy.var(axis=0), rel=0.02)
    assert places.cov_m2[0, 0, 1] == 0.0


def test_an_area_takes_the_shape_of_its_sector_where_sectors_are_given(table: Table) -> None:
    ring = [[46.0, 40.0], [46.4, 40.0], [46.4, 40.1], [46.0, 40.1], [46.0, 40.0]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    sectors = Sectors.from_geojson(
        {"features": [{"properties": {"role": "sector", "id": "s1"}, "geometry": shape}]}
    )
    rows = table({"place_kind": "area", "area_id": "s1"}, {"place_kind": "area", "area_id": "s2"})
    places = uncertain_places(rows, FRAME, sectors)
    assert places.known.tolist() == [True, False]
    assert FRAME.to_lonlat(places.mean_m[:1])[0] == pytest.approx([46.2, 40.05], abs=1e-4)
    assert places.cov_m2[0, 0, 0] > 9 * places.cov_m2[0, 1, 1]
    assert not uncertain_places(rows, FRAME).known.any()


def named(name: str, lon: int = 46_000_000, **more: Any) -> dict[str, Any]:
    return {"place_kind": "named", "place_name": name, "lon_udeg": lon, "lat_udeg": 40_000_000} | more


def test_reports_that_name_the_same_place_share_its_error(table: Table) -> None:
    rows = table(
        named("Aldvik"), named(" aldvik"), named("Borre", 46_100_000), HERE | {"place_kind": "point"}
    )
    shared = uncertain_places(rows, FRAME).shared
    assert shared[0] == shared[1] >= 0
    assert shared[2] not in (shared[0], -1)
    assert shared[3] == -1


def test_a_coarser_grade_of_a_named_place_is_wider(table: Table) -> None:
    rows = table(*(named("Aldvik", place_precision=grade) for grade in (1, 2, 3, 4, 6, 7)))
    spread = uncertain_places(rows, FRAME).cov_m2[:, 0, 0]
    assert (np.diff(spread) > 0).all()


@SHARED
@given(order=st.permutations(range(5)))
def test_places_do_not_depend_on_the_order_of_the_rows(table: Table, order: list[int]) -> None:
    rows = [
        named("Aldvik"), named("Borre", 46_100_000), HERE | {"place_kind": "point", "error_m": 300},
        HERE | {"place_kind": "sector", "bearing_mdeg": 90_000}, {"place_kind": "unknown"},
    ]  # fmt: skip
    one, two = (
        uncertain_places(table(*rows), FRAME),
        uncertain_places(table(*(rows[i] for i in order)), FRAME),
    )
    np.testing.assert_array_equal(two.mean_m, one.mean_m[order])
    np.testing.assert_array_equal(two.cov_m2, one.cov_m2[order])
    np.testing.assert_array_equal(two.shared, one.shared[order])
    assert one.known.tolist() == [True, True, True, True, False]
