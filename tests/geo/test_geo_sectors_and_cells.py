"""Reporting sectors and hexagonal cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import GeometryError
from truceline.geo import Frame, Sectors, cell_centres, cell_ids, separation_m
from truceline.geo.sectors import second_moment


def square(id: Any, west: float, south: float, side: float = 0.2, role: str = "sector") -> dict[str, Any]:
    ring = [
        [west, south],
        [west + side, south],
        [west + side, south + side],
        [west, south + side],
        [west, south],
    ]
    return {
        "type": "Feature",
        "properties": {"id": id, "role": role},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def collection(*features: dict[str, Any]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


THREE = Sectors.from_geojson(
    collection(
        square("s1", 46.0, 40.0),
        square("s2", 46.2, 40.0),
        square("x", 46.0, 40.0, role="zone"),
        square("s3", 46.9, 40.3),
    )
)


@given(st.floats(45.5, 47.5), st.floats(39.5, 41.0))
def test_a_point_belongs_to_the_sector_that_holds_it_else_to_the_nearest(lon: float, lat: float) -> None:
    found = THREE.of([[lon, lat]])[0]
    here = shapely.Point(lon, lat)
    holding = [name for name, area in zip(THREE.ids, THREE.areas, strict=True) if area.intersects(here)]
    if holding:
        assert found in holding
        return
    rings = {
        name: shapely.get_coordinates(area.exterior.segmentize(0.001))
        for name, area in zip(THREE.ids, THREE.areas, strict=True)
    }
    away = {name: separation_m([[lon, lat]], ring).min() for name, ring in rings.items()}
    assert away[found or ""] <= min(away.values()) * 1.001 + 30.0


def test_unknown_places_have_no_sector_and_nor_has_anything_without_sectors() -> None:
    assert THREE.ids == ("s1", "s2", "s3")
    assert THREE.of([[np.nan, np.nan]]) == [None]
    assert Sectors.from_geojson(collection()).of([[46.0, 40.0]]) == [None]
    assert THREE.centre("s1") == pytest.approx([46.1, 40.1])


def test_spread_of_a_sector_is_the_covariance_of_places_strewn_over_it() -> None:
    outer = np.array([[0, 0], [9_000, 1_000], [7_000, 6_000], [2_000, 8_000]], dtype=float)
    area = shapely.MultiPolygon(
        [shapely.Polygon(outer, [outer * 0.3 + 2_500]), shapely.box(12_000, 0, 14_000, 3_000)]
    )
    xy = np.random.default_rng(3).uniform([0, 0], [14_000, 8_000], size=(400_000, 2))
    inside = xy[shapely.contains_xy(area, xy[:, 0], xy[:, 1])]
    assert second_moment(area) == pytest.approx(np.cov(inside.T), rel=0.02)
    flipped = shapely.MultiPolygon(
        [shapely.Polygon(outer[::-1], [(outer * 0.3 + 2_500)[::-1]]), area.geoms[1]]
    )
    assert second_moment(flipped) == pytest.approx(second_moment(area))


def test_spread_is_given_in_metres_of_the_frame() -> None:
    spread = THREE.spread_m2("s1", Frame(46.0, 40.0))
    width = separation_m([[46.0, 40.1]], [[46.2, 40.1]])[0]
    assert spread[0, 0] == pytest.approx(width**2 / 12, rel=0.01)


@pytest.mark.parametrize(
    "broken",
    [
        collection(square(None, 46.0, 40.0)),
        collection(square("", 46.0, 40.0)),
        collection(square("a", 46.0, 40.0), square("a", 47.0, 40.0)),
    ],
)
def test_geo_008_a_sector_without_an_id_of_its_own(broken: dict[str, Any]) -> None:
    with pytest.raises(GeometryError) as caught:
        Sectors.from_geojson(broken)
    assert caught.value.code == "GEO-008"


def test_geo_009_no_such_sector() -> None:
    with pytest.raises(GeometryError) as caught:
        THREE.centre("s9")
    assert caught.value.code == "GEO-009"


@given(st.floats(-179, 179), st.floats(-85, 85), st.integers(4, 9))
def test_a_cell_holds_its_point_and_its_own_centre(lon: float, lat: float, resolution: int) -> None:
    cells = cell_ids([[lon, lat], [np.nan, np.nan]], resolution)
    centres = cell_centres(cells)
    assert cells[1] == 0
    assert np.isnan(centres[1]).all()
    assert cell_ids(centres[:1], resolution)[0] == cells[0]
    assert separation_m([[lon, lat]], centres[:1])[0] < 33_000 / 7 ** ((resolution - 4) / 2)


@pytest.mark.parametrize("resolution", [-1, 16])
def test_geo_007_a_resolution_outside_the_grid(resolution: int) -> None:
    with pytest.raises(GeometryError) as caught:
        cell_ids([[46.0, 40.0]], resolution)
    assert caught.value.code == "GEO-007"
