"""Hexagonal cells (H3), for coarse places and counts by area."""

from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt

from truceline.errors import GeometryError
from truceline.geo.points import Float64Array, Points, as_points


def cell_ids(lonlat: Points, resolution: int) -> npt.NDArray[np.uint64]:
    """H3 cell of each point, (n,); 0 where a point is nan. Resolution 0 (1100 km) to 15 (0.5 m).

    Raises:
        GeometryError: GEO-007 a resolution outside 0..15.
    """
    if not 0 <= resolution <= 15:
        raise GeometryError(
            "GEO-007", "a resolution must lie in 0..15", value=resolution, remedy="6 has cells of about 3 km."
        )
    points = as_points(lonlat)
    cells = [
        0 if lon != lon or lat != lat else h3.latlng_to_cell(lat, lon, resolution)
        for lon, lat in points.tolist()
    ]
    return np.array(cells, dtype=np.uint64)


def cell_centres(cells: npt.NDArray[np.uint64]) -> Float64Array:
    """Centres (n, 2), lon and lat; nan for cell 0."""
    centres = [h3.cell_to_latlng(int(cell))[::-1] if cell else (np.nan, np.nan) for cell in cells.tolist()]
    return np.array(centres, dtype=np.float64).reshape(-1, 2)
