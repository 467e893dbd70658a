"""Zones: a band along a line, a polygon; probability of lying inside, distance to the edge."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
import shapely.geometry

from truceline.errors import GeometryError
from truceline.geo.frame import Frame
from truceline.geo.gaussian import Distance, Profile, Sampled, along, probability_between
from truceline.geo.lines import Line
from truceline.geo.points import Float64Array, as_object, as_points
from truceline.geo.segments import densify, nearest, true_length


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """All places from `from_m` to `to_m` away from a line, on one `side` of it or on both.

    Args:
        side: "left", "right", "both", or the alignment id on that side.
        from_m, to_m: metres from the line, 0 <= from_m < to_m.
    Raises GeometryError GEO-005 for another side or an empty band.
    """

    line: Line
    side: str
    from_m: float
    to_m: float

    def __post_init__(self) -> None:
        where = f"band along {self.line.id}"
        if self.side not in ("left", "right", "both", self.line.left, self.line.right):
            raise GeometryError(
                "GEO-005",
                "a band must lie on a side of its line",
                where=where,
                value=self.side,
                remedy=f"Give left, right, both, {self.line.left} or {self.line.right}.",
            )
        if not 0 <= self.from_m < self.to_m:
            raise GeometryError(
                "GEO-005",
                "a band must satisfy 0 <= from_m < to_m",
                where=where,
                value=(self.from_m, self.to_m),
                remedy="Give metres from the line.",
            )

    def bounds(self) -> tuple[tuple[float, float], ...]:
        """Intervals of the signed distance that make up the band."""
        left, right = (self.from_m, self.to_m), (-self.to_m, -self.from_m)
        if self.side == "both":
            return (right, left) if self.from_m > 0 else ((-self.to_m, self.to_m),)
        return (left,) if self.side in ("left", self.line.left) else (right,)

    def probability(self, mean_m: Float64Array, cov_m2: Float64Array, frame: Frame) -> Float64Array:
        """P(the place lies in the band), (n,); nan where the mean is nan. Error bound: see `geo.gaussian`."""
        return self.line.probability_between(mean_m, cov_m2, frame, self.bounds())

    def edge_distance_m(
        self, mean_m: Float64Array, cov_m2: Float64Array, frame: Frame
    ) -> tuple[Float64Array, Float64Array]:
        """Distance to the nearest edge, positive inside, and its standard deviation, (n,) metres each."""
        distance, sd = self.line.distance_with_error(mean_m, cov_m2, frame)
        inner = [np.minimum(distance - low, high - distance) for low, high in self.bounds()]
        edge: Float64Array = np.max(inner, axis=0)
        return edge, sd


@dataclass(frozen=True, slots=True, eq=False)
class Polygon:
    """A zone drawn as a GeoJSON Polygon or MultiPolygon.

    Raises GeometryError GEO-006 for a geometry that is no valid area, GEO-003 for coordinates out of range.
    """

    id: str
    geometry: dict[str, Any]
    _area: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_area", area_of(self.geometry, f"zone {self.id}"))

    def probability(self, mean_m: Float64Array, cov_m2: Float64Array, frame: Frame) -> Float64Array:
        """P(the place lies inside), (n,); nan where the mean is nan. Error bound: see `geo.gaussian`."""
        distance, inside_only = self._measures(frame)
        return probability_between(distance, mean_m, cov_m2, ((0.0, np.inf),), inside_only)

    def profile(self, mean_m: Float64Array, cov_m2: Float64Array, frame: Frame) -> Profile:
        """Distances to the boundary of places without nan, positive inside."""
        distance, inside_only = self._measures(frame)
        return Profile.of(distance, mean_m, cov_m2, inside_only)

    def gap_m(self, line: Line) -> float:
        """Metres between the zone and a line; 0 where they touch or cross. Within 0.1 % of the geodesic."""
        frame = line.frame()
        area, _, _ = projected(self._area, frame)
        return float(area.distance(shapely.LineString(line.xy(frame))))

    def _measures(self, frame: Frame) -> tuple[Distance, Sampled]:
        area, a, b = projected(self._area, frame)

        def distance(points: Float64Array) -> tuple[Float64Array, Float64Array]:
            return _signed(points, area, a, b)

        def inside_only(points: Float64Array, mean: Float64Array, reach_m: Float64Array) -> Float64Array:
            return np.where(shapely.contains_xy(area, points[:, :, 0], points[:, :, 1]), 1.0, -1.0)

        return distance, inside_only

    def edge_distance_m(
        self, mean_m: Float64Array, cov_m2: Float64Array, frame: Frame
    ) -> tuple[Float64Array, Float64Array]:
        """Distance to the boundary, positive inside, and its standard deviation across it, (n,) metres each."""
        area, a, b = projected(self._area, frame)
        distance, sd = np.full(len(mean_m), np.nan), np.full(len(mean_m), np.nan)
        known = ~np.isnan(mean_m).any(axis=1)
        if known.any():
            distance[known], gradient = _signed(mean_m[known], area, a, b)
            sd[known] = along(cov_m2[known], gradient)
        return distance, sd


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """A place that articles keep things away from.

    Raises GeometryError GEO-003 for coordinates out of range, GEO-004 for a feature that is no point.
    """

    id: str
    lonlat: Float64Array

    @classmethod
    def from_geojson(cls, feature: dict[str, Any]) -> Point:
        """From a Point feature with a property id."""
        properties = as_object(as_object(feature).get("properties"))
        geometry = as_object(as_object(feature).get("geometry"))
        where = f"point {properties.get('id', '?')}"
        coordinates = geometry.get("coordinates")
        if (
            geometry.get("type") != "Point"
            or not isinstance(coordinates, list)
            or len(coordinates) < 2
            or not all(isinstance(one, (int, float)) for one in coordinates)
        ):
            raise GeometryError(
                "GEO-004", "a point must be a GeoJSON Point with a position", where=where, value=geometry.get("type"),
                remedy="Give [lon, lat] in degrees.",
            )  # fmt: skip
        return cls(
            str(properties["id"]), as_points(np.array([coordinates[:2]], dtype=np.float64), where=where)
        )

    def profile(self, mean_m: Float64Array, cov_m2: Float64Array, frame: Frame) -> Profile:
        """Distances of places without nan from the point."""
        centre = frame.to_xy(self.lonlat)

        def distance(points: Float64Array) -> tuple[Float64Array, Float64Array]:
            offset = points - centre
            plane = np.hypot(offset[:, 0], offset[:, 1])
            gradient = np.where(
                plane[:, None] > 1e-6, offset / np.maximum(plane, 1e-6)[:, None], np.array([[1.0, 0.0]])
            )
            return true_length(points, np.broadcast_to(centre, points.shape), plane), gradient

        return Profile.of(distance, mean_m, cov_m2)


def area_of(geometry: dict[str, Any], where: str) -> Any:
    """A valid shapely area from GeoJSON.

    Raises:
        GeometryError: GEO-003, GEO-006.
    """
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    remedy = "Give a Polygon or MultiPolygon whose rings close and do not cross."
    if kind not in ("Polygon", "MultiPolygon"):
        raise GeometryError("GEO-006", "a zone must be an area", where=where, value=kind, remedy=remedy)
    try:
        area = shapely.geometry.shape(geometry)
    except (
        TypeError,
        ValueError,
        KeyError,
        IndexError,
        AttributeError,
        shapely.errors.ShapelyError,
    ) as problem:
        raise GeometryError(
            "GEO-006", "a zone must be an area", where=where, value=str(problem), remedy=remedy
        ) from problem
    as_points(shapely.get_coordinates(area), where=where)
    if area.is_empty or not area.is_valid:
        value = "empty" if area.is_empty else shapely.is_valid_reason(area)
        raise GeometryError("GEO-006", "a zone must be a valid area", where=where, value=value, remedy=remedy)
    return area


def projected(area: Any, frame: Frame) -> tuple[Any, Float64Array, Float64Array]:
    """The area in `frame` with its boundary segments' starts and ends, (k, 2) metres each."""
    polygons = list(area.geoms) if area.geom_type == "MultiPolygon" else [area]
    made, starts, ends = [], [], []
    for polygon in polygons:
        rings = [
            frame.to_xy(densify(shapely.get_coordinates(ring)))
            for ring in (polygon.exterior, *polygon.interiors)
        ]
        made.append(shapely.Polygon(rings[0], rings[1:]))
        for ring in rings:
            keep = np.abs(np.diff(ring, axis=0)).max(axis=1) > 1e-9
            starts.append(ring[:-1][keep])
            ends.append(ring[1:][keep])
    whole = made[0] if len(made) == 1 else shapely.MultiPolygon(made)
    shapely.prepare(whole)
    return whole, np.concatenate(starts), np.concatenate(ends)


def _signed(
    points: Float64Array, area: Any, a: Float64Array, b: Float64Array
) -> tuple[Float64Array, Float64Array]:
    distance, index, along_it = nearest(points, a, b)
    foot = a[index] + along_it[:, None] * (b - a)[index]
    sign = np.where(shapely.contains_xy(area, points[:, 0], points[:, 1]), 1.0, -1.0)
    offset = points - foot
    side = (b - a)[index]
    normal = np.stack([-side[:, 1], side[:, 0]], axis=1) / np.linalg.norm(side, axis=1)[:, None]
    far = distance > 1e-6
    gradient = normal
    gradient[far] = (sign / np.maximum(distance, 1e-6))[far, None] * offset[far]
    return sign * true_length(points, foot, distance), gradient
