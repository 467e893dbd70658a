"""The ellipse of one standard deviation around an uncertain place, for maps."""

from __future__ import annotations

import numpy as np

from truceline.geo.distance import GEOD
from truceline.geo.points import Float64Array

CORNERS = 24
LEAST_M = 25.0


def ellipse_rings(lonlat: Float64Array, cov_m2: Float64Array) -> Float64Array:
    """Closed rings around places.

    Args:
        lonlat: (n, 2) degrees, WGS 84. cov_m2: (n, 3), east-east, east-north, north-north in square metres.
    Returns:
        (n, CORNERS + 1, 2) degrees; half-axes are at least 25 m, so that nothing is drawn as a pin.
    """
    matrix = np.empty((len(lonlat), 2, 2))
    matrix[:, 0, 0], matrix[:, 1, 1] = cov_m2[:, 0], cov_m2[:, 2]
    matrix[:, 0, 1] = matrix[:, 1, 0] = cov_m2[:, 1]
    values, vectors = np.linalg.eigh(matrix)
    half = np.sqrt(np.maximum(values, LEAST_M**2))
    turn = np.linspace(0.0, 2 * np.pi, CORNERS + 1)
    circle = np.stack([np.cos(turn), np.sin(turn)])  # (2, corners)
    offsets = np.einsum("nij,nj,jc->nci", vectors, half, circle)
    azimuth = np.degrees(np.arctan2(offsets[..., 0], offsets[..., 1]))
    distance = np.hypot(offsets[..., 0], offsets[..., 1])
    lon, lat = (np.broadcast_to(lonlat[:, [axis]], azimuth.shape).copy() for axis in (0, 1))
    to_lon, to_lat, _ = GEOD.fwd(lon, lat, azimuth, distance)
    rings: Float64Array = np.stack([to_lon, to_lat], axis=-1)
    rings[:, -1] = rings[:, 0]
    return rings
