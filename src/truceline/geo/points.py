"""Arrays of points: types, ranges, micro-degrees."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from truceline.errors import GeometryError

Float64Array: TypeAlias = npt.NDArray[np.float64]
Int64Array: TypeAlias = npt.NDArray[np.int64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
Points: TypeAlias = npt.ArrayLike
"""float64 (n, 2): lon, lat in degrees, WGS 84."""


def as_points(lonlat: Points, where: str = "") -> Float64Array:
    """`lonlat` as float64 (n, 2); nan is allowed and stays nan.

    Raises:
        GeometryError: GEO-001 not pairs; GEO-003 a coordinate out of range.
    """
    points = np.asarray(lonlat, dtype=np.float64)
    if points.ndim == 1 and points.size in (0, 2):
        points = points.reshape(-1, 2)
    if points.ndim != 2 or points.shape[1] != 2:
        raise GeometryError(
            "GEO-001",
            "points must be pairs of lon, lat",
            where=where,
            value=points.shape,
            remedy="Give one row for each point, longitude first.",
        )
    bad = (np.abs(points[:, 0]) > 180.0) | (np.abs(points[:, 1]) > 90.0) | np.isinf(points).any(axis=1)
    if bad.any():
        raise GeometryError(
            "GEO-003",
            "a coordinate must lie within 180 degrees of longitude and 90 of latitude",
            where=where,
            value=points[int(np.argmax(bad))].tolist(),
            remedy="Give degrees, longitude first.",
        )
    return points


def as_object(node: Any) -> dict[str, Any]:
    """A JSON object, empty for anything else: what is missing is then named by the check that needs it."""
    return node if isinstance(node, dict) else {}


def column(table: pa.Table, name: str) -> Float64Array:
    """An integer column as float64 (n,), nan where null."""
    filled: Float64Array = table.column(name).cast(pa.float64()).fill_null(float("nan")).to_numpy()
    return filled


def from_udeg(table: pa.Table) -> Float64Array:
    """Columns lon_udeg and lat_udeg as degrees (n, 2), nan where either is null."""
    points = np.stack([column(table, "lon_udeg"), column(table, "lat_udeg")], axis=1) / 1e6
    points[np.isnan(points).any(axis=1)] = np.nan
    return points


def to_udeg(lonlat: Points) -> Int64Array:
    """Degrees to whole micro-degrees, rounded half to even; no nan."""
    whole: Int64Array = np.rint(np.asarray(lonlat, dtype=np.float64) * 1e6).astype(np.int64)
    return whole


def to_microdegrees(geojson: Any) -> Any:
    """A GeoJSON object with its coordinates as whole micro-degrees, as records hold it (no floats)."""
    return _scaled(geojson, lambda value: round(value * 1_000_000), inside=False)


def from_microdegrees(geojson: Any) -> Any:
    """The inverse of `to_microdegrees`."""
    return _scaled(geojson, lambda value: value / 1_000_000, inside=False)


def _scaled(node: Any, convert: Any, *, inside: bool) -> Any:
    if isinstance(node, dict):
        return {key: _scaled(item, convert, inside=key == "coordinates") for key, item in node.items()}
    if isinstance(node, (list, tuple)):
        return [_scaled(item, convert, inside=inside) for item in node]
    if inside and isinstance(node, (int, float)) and not isinstance(node, bool):
        return convert(node)
    return node
