"""A bare point-in-zone join: what benchmarks of articles are held against. It knows no error, no time, no weapon."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from truceline.geo.frame import Frame
from truceline.geo.lines import Line
from truceline.geo.points import Points


class ZoneJoin:
    """Bands about lines as polygons; the points go into an STRtree, which is the quicker way round for few zones."""

    def __init__(self, bands: Sequence[tuple[Line, float]], frame: Frame) -> None:
        """bands: lines and the metres on each side of them."""
        self._frame = frame
        self._areas = [
            shapely.LineString(line.xy(frame)).buffer(metres, cap_style="flat") for line, metres in bands
        ]

    def count(self, lonlat: Points) -> list[int]:
        """How many of the points (n, 2) in degrees lie in each zone."""
        xy = self._frame.to_xy(lonlat)
        tree = shapely.STRtree(shapely.points(xy[:, 0], xy[:, 1]))
        pairs = tree.query(self._areas, predicate="intersects")
        counts: list[int] = np.bincount(pairs[0], minlength=len(self._areas)).tolist()
        return counts
