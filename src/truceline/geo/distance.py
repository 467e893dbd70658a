"""Geodesic distance and destination on WGS 84."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pyproj import Geod

from truceline.geo.points import Float64Array, Points, as_points

GEOD = Geod(ellps="WGS84")


def separation_m(a: Points, b: Points) -> Float64Array:
    """Geodesic distance between paired points.

    Args:
        a, b: float64 (n, 2), lon and lat in degrees, WGS 84.
    Returns:
        float64 (n,), metres, >= 0; nan where a point is nan.
    Raises:
        GeometryError: GEO-001 not pairs, GEO-003 a coordinate is out of range.
    Source: Karney 2013, doi:10.1007/s00190-012-0578-z.
    """
    one, two = np.broadcast_arrays(as_points(a), as_points(b))
    metres: Float64Array = np.asarray(
        GEOD.inv(one[:, 0].copy(), one[:, 1].copy(), two[:, 0].copy(), two[:, 1].copy())[2], dtype=np.float64
    )
    return metres


def destination(points: Points, bearing_deg: npt.ArrayLike, distance_m: npt.ArrayLike) -> Float64Array:
    """Where one arrives from `points` (n, 2) going `distance_m` along the geodesic at `bearing_deg`.

    Returns:
        float64 (n, 2), lon and lat in degrees.
    """
    start = as_points(points)
    bearing, metres = (
        np.broadcast_to(np.asarray(value, dtype=np.float64), len(start)).copy()
        for value in (bearing_deg, distance_m)
    )
    lon, lat, _ = GEOD.fwd(start[:, 0].copy(), start[:, 1].copy(), bearing, metres)
    return np.stack([np.asarray(lon), np.asarray(lat)], axis=1)
