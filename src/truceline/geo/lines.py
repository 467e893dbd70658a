"""A line with two sides: signed distance, its error, and the probability of being on the left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from truceline.errors import GeometryError
from truceline.geo.frame import Frame
from truceline.geo.gaussian import Distance, Profile, Sampled, along, probability_between
from truceline.geo.points import Float64Array, Points, as_object, as_points
from truceline.geo.segments import densify, signed_about, signed_nearest


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line of contact, drawn in one direction; `left` and `right` of that direction are alignment ids.

    Beyond its ends the line is thought to go on straight. Raises GeometryError GEO-002 for fewer than two
    distinct points.
    """

    id: str
    lonlat: Float64Array
    left: str
    right: str
    _dense: Float64Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        points = as_points(self.lonlat, where=f"line {self.id}")
        moved = np.r_[True, np.abs(np.diff(points, axis=0)).max(axis=1, initial=0.0) > 0.0]
        points = points[moved[: len(points)]]
        if len(points) < 2 or np.isnan(points).any():
            raise GeometryError(
                "GEO-002",
                "a line must have two or more distinct points",
                where=f"line {self.id}",
                value=len(points),
                remedy="Draw it again.",
            )
        object.__setattr__(self, "lonlat", points)
        object.__setattr__(self, "_dense", densify(points))

    @classmethod
    def from_geojson(cls, feature: dict[str, Any]) -> Line:
        """From a LineString feature with properties id, left and right.

        Raises:
            GeometryError: GEO-002, GEO-003, GEO-004 the feature does not describe a line with two sides.
        """
        properties = as_object(as_object(feature).get("properties"))
        geometry = as_object(as_object(feature).get("geometry"))
        missing = [name for name in ("id", "left", "right") if not isinstance(properties.get(name), str)]
        if geometry.get("type") != "LineString" or missing:
            raise GeometryError(
                "GEO-004",
                "a line must be a LineString with properties id, left and right",
                where=f"feature {properties.get('id', '?')}",
                value=missing or geometry.get("type"),
                remedy="left and right are the alignments beside the drawing direction.",
            )
        points = _positions(geometry.get("coordinates"), f"line {properties['id']}")
        return cls(properties["id"], points, properties["left"], properties["right"])

    def reversed(self) -> Line:
        """The same line drawn the other way, sides swapped."""
        return Line(self.id, self.lonlat[::-1], self.right, self.left)

    def frame(self) -> Frame:
        """A frame about the middle of the line."""
        west, north = self._dense.min(axis=0), self._dense.max(axis=0)
        middle = np.rint((west + north) / 2)
        return Frame(float(middle[0]), float(middle[1]))

    def xy(self, frame: Frame) -> Float64Array:
        """The line in `frame`, metres (k, 2), with points added every 4 km."""
        return frame.to_xy(self._dense)

    def signed_distance_m(self, lonlat: Points) -> Float64Array:
        """Distance to the line, positive on its left.

        Args:
            lonlat: (n, 2) degrees.
        Returns:
            (n,) metres, nan where a point is nan; within a metre of the geodesic up to 150 km from a line of up to 400 km.
        """
        frame = self.frame()
        points = frame.to_xy(lonlat)
        known = ~np.isnan(points).any(axis=1)
        metres = np.full(len(points), np.nan)
        metres[known] = signed_nearest(points[known], self.xy(frame))[0]
        return metres

    def distance_with_error(
        self, mean_m: Float64Array, cov_m2: Float64Array, frame: Frame
    ) -> tuple[Float64Array, Float64Array]:
        """Signed distance of the mean and its standard deviation across the line.

        Args:
            mean_m, cov_m2: (n, 2) and (n, 2, 2) in `frame`, metres.
        Returns:
            distance (n,), standard deviation (n,), metres; nan where the mean is nan.
        """
        distance, sd = np.full(len(mean_m), np.nan), np.full(len(mean_m), np.nan)
        known = ~np.isnan(mean_m).any(axis=1)
        if known.any():
            distance[known], gradient = signed_nearest(mean_m[known], self.xy(frame))
            sd[known] = along(cov_m2[known], gradient)
        return distance, sd

    def probability_left(self, mean_m: Float64Array, cov_m2: Float64Array, frame: Frame) -> Float64Array:
        """P(the place lies to the left), (n,); nan where the mean is nan. Error bound: see `geo.gaussian`."""
        return self.probability_between(mean_m, cov_m2, frame, ((0.0, np.inf),))

    def probability_between(
        self,
        mean_m: Float64Array,
        cov_m2: Float64Array,
        frame: Frame,
        bounds: tuple[tuple[float, float], ...],
    ) -> Float64Array:
        """P(the signed distance lies in one of `bounds`), (n,)."""
        distance, sampled = self._measures(frame)
        return probability_between(distance, mean_m, cov_m2, bounds, sampled)

    def profile(self, mean_m: Float64Array, cov_m2: Float64Array, frame: Frame) -> Profile:
        """Signed distances of places without nan, to be asked about many bands."""
        distance, sampled = self._measures(frame)
        return Profile.of(distance, mean_m, cov_m2, sampled)

    def _measures(self, frame: Frame) -> tuple[Distance, Sampled]:
        path = self.xy(frame)

        def distance(points: Float64Array) -> tuple[Float64Array, Float64Array]:
            return signed_nearest(points, path)

        def sampled(points: Float64Array, mean: Float64Array, reach_m: Float64Array) -> Float64Array:
            return signed_about(points, path, mean, reach_m)

        return distance, sampled


def _positions(coordinates: Any, where: str) -> Float64Array:
    try:
        points = np.array([[float(lon), float(lat)] for lon, lat, *_ in coordinates], dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as problem:
        raise GeometryError(
            "GEO-004",
            "coordinates must be a list of positions",
            where=where,
            value=coordinates,
            remedy="Give [[lon, lat], ...] in degrees.",
        ) from problem
    return as_points(points.reshape(-1, 2), where=where)
