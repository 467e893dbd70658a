"""A local frame in metres: azimuthal equidistant about one point.

Distances across the frame are true to c^2/6, c the angle from the origin: 0.02 % at 200 km, 0.1 % at 490 km.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
from pyproj import Proj

from truceline.geo.points import Float64Array, Points, as_points, from_udeg


@lru_cache(maxsize=64)
def _projection(lon0_deg: float, lat0_deg: float) -> Proj:
    return Proj(proj="aeqd", lon_0=lon0_deg, lat_0=lat0_deg, ellps="WGS84")


@dataclass(frozen=True, slots=True)
class Frame:
    """Local metres: x to the east, y to the north of the origin."""

    lon0_deg: float
    lat0_deg: float

    @classmethod
    def at(cls, lonlat: Points) -> Frame:
        """The frame whose origin is the whole degree nearest to the median of `lonlat`; nan is passed over."""
        points = as_points(lonlat)
        points = points[~np.isnan(points).any(axis=1)]
        if not len(points):
            return cls(0.0, 0.0)
        middle = np.rint(np.median(points, axis=0))
        return cls(float(middle[0]), float(middle[1]))

    @classmethod
    def of(cls, observations: pa.Table) -> Frame:
        """A frame for these observations (or incidents) that does not depend on their order."""
        return cls.at(from_udeg(observations))

    def to_xy(self, lonlat: Points) -> Float64Array:
        """Degrees (n, 2) to metres (n, 2); nan stays nan."""
        points = as_points(lonlat)
        xy = np.full(points.shape, np.nan)
        known = ~np.isnan(points).any(axis=1)
        if known.any():
            project = _projection(self.lon0_deg, self.lat0_deg)
            xy[known] = np.stack(project(points[known, 0], points[known, 1]), axis=1)
        return xy

    def to_lonlat(self, xy: Points) -> Float64Array:
        """Metres (n, 2) to degrees (n, 2); nan stays nan."""
        metres = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
        points = np.full(metres.shape, np.nan)
        known = ~np.isnan(metres).any(axis=1)
        if known.any():
            project = _projection(self.lon0_deg, self.lat0_deg)
            points[known] = np.stack(project(metres[known, 0], metres[known, 1], inverse=True), axis=1)
        return points
