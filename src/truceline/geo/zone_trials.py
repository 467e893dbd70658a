"""Zones drawn by chance, and the plain answer for points in them: what the grid is tried and measured against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from truceline.geo.points import Float64Array, Int64Array


def drawn_zones(count: int, seed: int, side_m: float = 400_000.0, corners: int = 200) -> list[Any]:
    """Star-shaped areas of about a twentieth of the side, anywhere in a square."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
        radius = side_m / 20 * rng.uniform(0.6, 1.0, corners)
        centre = rng.uniform(0, side_m, 2)
        made.append(
            shapely.Polygon(
                np.column_stack([centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)])
            )
        )
    return made


def plainly(areas: Sequence[Any], points: Float64Array) -> Int64Array:
    """The lowest area that holds each point, -1 for none, area by area with shapely's prepared geometries."""
    found = np.full(len(points), -1, dtype=np.int64)
    for number, area in enumerate(areas):
        shapely.prepare(area)
        inside = shapely.contains_xy(area, points[:, 0], points[:, 1])
        found[inside & (found < 0)] = number
    return found
