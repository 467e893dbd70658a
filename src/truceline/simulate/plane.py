"""A flat map of a small country near the equator."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_EQUATOR_M = 111_319.490793  # one degree of the WGS 84 equator
_MERIDIAN_M = 110_575.0  # one degree of meridian near latitude 0.8


@dataclass(frozen=True, slots=True)
class Plane:
    """Equirectangular metres about a centre.

    Within one degree of the equator its scale is true to 3e-4, far below what any simulated source resolves; it is no
    substitute for geodesy elsewhere.
    """

    lon0_deg: float
    lat0_deg: float

    def to_lonlat(self, xy: Floats) -> Floats:
        """Metres (..., 2) to degrees (..., 2), lon and lat."""
        scale = np.array([_EQUATOR_M * cos(radians(self.lat0_deg)), _MERIDIAN_M])
        return np.asarray(xy / scale + np.array([self.lon0_deg, self.lat0_deg]), dtype=np.float64)

    def to_udeg(self, xy: Floats) -> Ints:
        """Metres (..., 2) to micro-degrees (..., 2)."""
        return np.rint(self.to_lonlat(xy) * 1e6).astype(np.int64)

    def to_xy(self, lonlat: Floats) -> Floats:
        """The inverse of `to_lonlat`."""
        scale = np.array([_EQUATOR_M * cos(radians(self.lat0_deg)), _MERIDIAN_M])
        return np.asarray((lonlat - np.array([self.lon0_deg, self.lat0_deg])) * scale, dtype=np.float64)
