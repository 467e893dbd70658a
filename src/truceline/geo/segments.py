"""Straight segments in a frame: the nearest one, which side of it, and how far that is on the Earth."""

from __future__ import annotations

import numpy as np

from truceline.geo.points import Float64Array, Int64Array

LONGEST_M = 4_000.0
EARTH_M = 6_371_000.0
_CHUNK = 2_000_000
_COMPILED_FROM = 1_000_000


def densify(lonlat: Float64Array, longest_m: float = LONGEST_M) -> Float64Array:
    """Points added so that no step is longer than about `longest_m`; steps run straight in lon and lat (RFC 7946, 3.1.1)."""
    if len(lonlat) < 2:
        return lonlat
    step = np.diff(lonlat, axis=0)
    north = np.abs(step[:, 1]) * 111_320.0
    east = np.abs(step[:, 0]) * 111_320.0 * np.cos(np.deg2rad(lonlat[:-1, 1]))
    parts = np.maximum(1, np.ceil(np.hypot(north, east) / longest_m)).astype(np.int64)
    pieces = [
        lonlat[i] + np.arange(n)[:, None] / n * step[i] for i, n in enumerate(parts.tolist())
    ]  # each piece without its end
    return np.concatenate([*pieces, lonlat[-1:]])


def nearest(
    p: Float64Array, a: Float64Array, b: Float64Array
) -> tuple[Float64Array, Int64Array, Float64Array]:
    """Nearest point on segments a-b.

    Args:
        p: (n, 2); a, b: (k, 2) with a != b.
    Returns:
        distance (n,), index of the nearest segment (n,), parameter 0..1 along it (n,).
    """
    n, k = len(p), len(a)
    if n * k >= _COMPILED_FROM:
        from truceline.geo.nearest_kernel import (
            nearest_compiled,
        )  # compiling takes a while, and small calls need none

        return nearest_compiled(p, a, b)
    distance: Float64Array = np.empty(n)
    index: Int64Array = np.empty(n, dtype=np.int64)
    along: Float64Array = np.empty(n)
    direction = b - a
    length2 = (direction**2).sum(axis=1)
    for start in range(0, n, max(1, _CHUNK // max(1, k))):
        part = slice(start, start + max(1, _CHUNK // max(1, k)))
        px, py = p[part, 0:1], p[part, 1:2]
        dx, dy = px - a[:, 0], py - a[:, 1]
        t = np.clip((dx * direction[:, 0] + dy * direction[:, 1]) / length2, 0.0, 1.0)
        away2 = (dx - t * direction[:, 0]) ** 2 + (dy - t * direction[:, 1]) ** 2
        best = np.argmin(np.where(np.isnan(away2), np.inf, away2), axis=1)
        rows = np.arange(len(best))
        distance[part], index[part], along[part] = np.sqrt(away2[rows, best]), best, t[rows, best]
    return distance, index, along


def true_length(p: Float64Array, q: Float64Array, plane_m: Float64Array) -> Float64Array:
    """Length on the Earth of the chords p-q of an azimuthal equidistant frame about (0, 0).

    A step of such a frame is ds^2 = dr^2 + (R sin(r/R))^2 dtheta^2, and the moment r x dx is the same all along a chord.

    Args:
        p, q: (n, 2) metres in the frame; plane_m: |p - q|.
    Returns:
        (n,) metres; within 0.5 m of the geodesic up to 150 km long and 400 km from the origin.
    Source: Snyder 1987, Map Projections: A Working Manual, p. 191 (scale across the radius).
    """
    moment = p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]
    middle2 = (((p + q) / 2) ** 2).sum(axis=1)
    less = moment**2 / (3 * EARTH_M**2) * (1 - 2 * middle2 / (15 * EARTH_M**2))
    length: Float64Array = np.sqrt(np.maximum(plane_m**2 - less, 0.0))
    return length


def signed_nearest(p: Float64Array, path: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Signed distance to an open path, positive to its left, and the unit gradient of that distance.

    The sign at a vertex is that of the mean of the adjacent normals; beyond the ends the path is thought to go on.

    Args:
        p: (n, 2); path: (k, 2), consecutive points distinct; both in a frame, whose origin is (0, 0).
    Returns:
        distance (n,) on the Earth, gradient (n, 2).
    Source: Baerentzen and Aanaes 2005, angle-weighted pseudonormals, in the plane.
    """
    a, b = path[:-1], path[1:]
    left = _left(path)
    if len(p) * len(a) >= _COMPILED_FROM:
        from truceline.geo.signed_kernel import (
            signed_compiled,
        )  # compiling takes a while, and small calls need none

        return signed_compiled(p, path, left, EARTH_M)
    distance, index, along = nearest(p, a, b)
    normal = left[index].copy()
    at_start = (along <= 0.0) & (index > 0)
    at_end = (along >= 1.0) & (index < len(a) - 1)
    normal[at_start] += left[index[at_start] - 1]
    normal[at_end] += left[index[at_end] + 1]
    foot = a[index] + along[:, None] * (b - a)[index]
    offset = p - foot
    side = np.where((offset * normal).sum(axis=1) >= 0.0, 1.0, -1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        gradient = offset / (side * distance)[:, None]
    near = distance < 1e-6
    gradient[near] = left[index[near]]
    return side * true_length(p, foot, distance), gradient


def signed_about(
    p: Float64Array, path: Float64Array, middle: Float64Array, reach_m: Float64Array
) -> Float64Array:
    """Signed distances of clouds of points, each near its middle: only the stretch of the path is searched that can be nearest.

    Args:
        p: (m, s, 2); middle: (m, 2); reach_m: (m,), every point of a cloud lies within it of the cloud's middle.
    Returns:
        (m, s), as `signed_nearest` gives them.
    """
    m, s, _ = p.shape
    if m * s * (len(path) - 1) < _COMPILED_FROM:
        return signed_nearest(p.reshape(-1, 2), path)[0].reshape(m, s)
    from truceline.geo.signed_kernel import signed_compiled

    windows = _within_reach(path, middle, reach_m)
    return signed_compiled(p.reshape(-1, 2), path, _left(path), EARTH_M, windows)[0].reshape(m, s)


def _left(path: Float64Array) -> Float64Array:
    direction = np.diff(path, axis=0)
    unit = direction / np.linalg.norm(direction, axis=1)[:, None]
    return np.stack([-unit[:, 1], unit[:, 0]], axis=1)


def _within_reach(
    path: Float64Array, middle: Float64Array, reach_m: Float64Array
) -> tuple[Int64Array, Int64Array]:
    """First and one past the last segment that may be nearest to a place within `reach_m` of each middle, (m,) each."""
    a, direction = path[:-1], np.diff(path, axis=0)
    offset = middle[:, None, :] - a
    t = np.clip((offset * direction).sum(axis=2) / (direction**2).sum(axis=1), 0.0, 1.0)
    away = np.linalg.norm(offset - t[:, :, None] * direction, axis=2)
    close = away <= away.min(axis=1, keepdims=True) + 2 * reach_m[:, None]
    first = close.argmax(axis=1)
    last = len(a) - close[:, ::-1].argmax(axis=1)
    return np.maximum(first - 1, 0), np.minimum(last + 1, len(a))
