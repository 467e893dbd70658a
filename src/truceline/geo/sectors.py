"""Reporting sectors: the finest place that is ever disclosed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from truceline.errors import GeometryError
from truceline.geo.frame import Frame
from truceline.geo.points import Float64Array, Int64Array, Points, as_object, as_points
from truceline.geo.zones import area_of, projected


@dataclass(frozen=True, slots=True, eq=False)
class Sectors:
    """Named areas, in the order of the collection; where two overlap the first holds."""

    ids: tuple[str, ...]
    areas: tuple[Any, ...]

    @classmethod
    def from_geojson(cls, feature_collection: dict[str, Any]) -> Sectors:
        """The features whose properties.role is "sector", by properties.id.

        Raises:
            GeometryError: GEO-003, GEO-006; GEO-008 a sector without an id of its own.
        """
        ids: list[str] = []
        areas: list[Any] = []
        features = as_object(feature_collection).get("features")
        for feature in features if isinstance(features, (list, tuple)) else ():
            properties = as_object(as_object(feature).get("properties"))
            if properties.get("role") != "sector":
                continue
            name = properties.get("id")
            if not isinstance(name, str) or not name or name in ids:
                raise GeometryError(
                    "GEO-008",
                    "a sector must have an id of its own",
                    where="sectors",
                    value=name,
                    remedy="Set properties.id, once each.",
                )
            ids.append(name)
            areas.append(area_of(as_object(feature.get("geometry")), f"sector {name}"))
        return cls(tuple(ids), tuple(areas))

    def of(self, lonlat: Points) -> list[str | None]:
        """The sector of each point (n, 2); the nearest one when it lies outside all; None for nan or no sectors."""
        return [None if index < 0 else self.ids[index] for index in self.index_of(lonlat).tolist()]

    def index_of(self, lonlat: Points) -> Int64Array:
        """The same as places in `ids`, (n,), -1 for none."""
        points = as_points(lonlat)
        found = np.full(len(points), -1, dtype=np.int64)
        rows = np.flatnonzero(~np.isnan(points).any(axis=1))
        if not self.ids or not len(rows):
            return found
        frame = self.frame()
        areas = [projected(area, frame)[0] for area in self.areas]
        xy = frame.to_xy(points[rows])
        shapes = shapely.points(xy)
        best, best_m = np.zeros(len(rows), dtype=np.int64), np.full(len(rows), np.inf)
        for index, area in enumerate(areas):
            away = np.where(shapely.intersects_xy(area, xy[:, 0], xy[:, 1]), 0.0, np.nan)
            out = np.isnan(away) & (best_m > 0)
            away[out] = shapely.distance(area, shapes[out])
            closer = away < best_m
            best[closer], best_m[closer] = index, away[closer]
        found[rows] = best
        return found

    def centre(self, id: str) -> Float64Array:
        """Centroid of a sector, (2,) lon and lat.

        Raises:
            GeometryError: GEO-009 no such sector.
        """
        point = self._area(id).centroid
        return np.array([point.x, point.y])

    def spread_m2(self, id: str, frame: Frame) -> Float64Array:
        """Covariance (2, 2) of a place that may be anywhere in the sector with equal chance, in `frame`."""
        area = projected(self._area(id), frame)[0]
        return second_moment(area)

    def frame(self) -> Frame:
        """A frame about all sectors."""
        west, south, east, north = shapely.total_bounds(list(self.areas))
        return Frame(float(np.rint((west + east) / 2)), float(np.rint((south + north) / 2)))

    def _area(self, id: str) -> Any:
        try:
            return self.areas[self.ids.index(id)]
        except ValueError as problem:
            raise GeometryError(
                "GEO-009", "the sector must exist", value=id, remedy=f"Known: {', '.join(self.ids)}."
            ) from problem


def second_moment(area: Any) -> Float64Array:
    """Covariance (2, 2) of the uniform distribution over a plane area, by Green's theorem.

    Source: Steger 1996, On the calculation of arbitrary moments of polygons.
    """
    polygons = list(area.geoms) if area.geom_type == "MultiPolygon" else [area]
    centre = np.array([area.centroid.x, area.centroid.y])
    total, moments = 0.0, np.zeros((2, 2))
    for polygon in polygons:
        for ring, inner in [(polygon.exterior, False), *((ring, True) for ring in polygon.interiors)]:
            xy = shapely.get_coordinates(ring) - centre
            p, q = xy[:-1], xy[1:]
            cross = p[:, 0] * q[:, 1] - q[:, 0] * p[:, 1]
            size = cross.sum() / 2
            sign = (1.0 if size >= 0 else -1.0) * (-1.0 if inner else 1.0)
            square = (cross[:, None] * (p * p + p * q + q * q)).sum(axis=0) / 12
            mixed = (
                cross
                * (2 * p[:, 0] * p[:, 1] + p[:, 0] * q[:, 1] + q[:, 0] * p[:, 1] + 2 * q[:, 0] * q[:, 1])
            ).sum() / 24
            total += sign * size
            moments += sign * np.array([[square[0], mixed], [mixed, square[1]]])
    return moments / max(total, 1e-9)
