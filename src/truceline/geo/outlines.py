"""Outlines of bands along a line, for drawing. What decides is `zones.Band`, which measures and never draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
import shapely.geometry

from truceline.errors import GeometryError
from truceline.geo.frame import Frame
from truceline.geo.lines import Line


def band_outline(line: Line, side: str, from_m: float, to_m: float) -> dict[str, Any]:
    """A GeoJSON geometry (degrees) of the places from `from_m` to `to_m` metres away on `side` (an alignment, left, right, both).

    Drawn in a plane about the middle of the line: within 150 km of it edges are off by less than 1 part in 10,000.
    Raises:
        GeometryError: GEO-005, another side or an empty band.
    """
    if side not in ("left", "right", "both", line.left, line.right) or not 0 <= from_m < to_m:
        raise GeometryError(
            "GEO-005", "a band must lie on a side of its line and must not be empty", where=f"band along {line.id}",
            value=(side, from_m, to_m), remedy=f"Sides: {line.left}, {line.right}, left, right, both.",
        )  # fmt: skip
    frame = _middle(line)
    path = shapely.LineString(line.xy(frame))
    sides = [sign for sign, names in ((1, ("left", "both", line.left)), (-1, ("right", "both", line.right))) if side in names]  # fmt: skip
    parts = []
    for sign in sides:
        area = path.buffer(sign * to_m, single_sided=True, join_style="round", quad_segs=16)
        parts.append(area if from_m == 0 else area.difference(path.buffer(from_m, quad_segs=16)))
    union = shapely.make_valid(shapely.union_all(parts)).simplify(min(20.0, to_m / 200))
    return _degrees(shapely.geometry.mapping(union), frame)


def displaced_m(old: Line, new: Line) -> float:
    """How far the two lines are from each other at most, metres (Hausdorff, in the plane of `old`)."""
    frame = _middle(old)
    return float(shapely.LineString(old.xy(frame)).hausdorff_distance(shapely.LineString(new.xy(frame))))


def _middle(line: Line) -> Frame:
    middle = np.asarray(line.lonlat).mean(axis=0)
    return Frame(float(middle[0]), float(middle[1]))


def _degrees(geometry: Any, frame: Frame) -> dict[str, Any]:
    def turned(node: Any) -> Any:
        if isinstance(node[0], (int, float)):
            return [round(float(one), 6) for one in frame.to_lonlat([node[:2]])[0]]
        return [turned(one) for one in node]

    if geometry["type"] == "GeometryCollection":
        geometry = next(one for one in geometry["geometries"] if one["type"].endswith("Polygon"))
    return {"type": geometry["type"], "coordinates": turned(geometry["coordinates"])}
