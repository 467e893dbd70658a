"""Day or night, by the height of the sun."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NIGHT_BELOW_DEG = -6.0
"""Civil twilight counts as day: one still sees."""

_J2000_MS = 946_728_000_000
_DAY_MS = 86_400_000


def elevation_deg(
    at_ms: npt.ArrayLike, lon_deg: npt.ArrayLike, lat_deg: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Height of the sun's centre above the horizon, without refraction.

    Args:
        at_ms: UTC ms; lon_deg, lat_deg: degrees; all broadcast.
    Returns:
        float64, degrees, within 0.02 degrees from 1950 to 2050.
    Source: The Astronomical Almanac, low-precision formulas for the sun (section C); sidereal time of IAU 1982, linear
        terms.
    """
    days = (np.asarray(at_ms, dtype=np.float64) - _J2000_MS) / _DAY_MS
    anomaly = np.radians(357.529 + 0.98560028 * days)
    longitude = np.radians(
        280.459 + 0.98564736 * days + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly)
    )
    tilt = np.radians(23.439 - 0.00000036 * days)
    ascension = np.arctan2(np.cos(tilt) * np.sin(longitude), np.cos(longitude))
    declination = np.arcsin(np.sin(tilt) * np.sin(longitude))
    sidereal = np.radians(15.0 * ((18.697374558 + 24.06570982441908 * days) % 24.0))
    hour_angle = sidereal + np.radians(np.asarray(lon_deg, dtype=np.float64)) - ascension
    latitude = np.radians(np.asarray(lat_deg, dtype=np.float64))
    sine = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(
        hour_angle
    )
    return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))), dtype=np.float64)
