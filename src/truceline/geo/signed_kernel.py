"""Signed distances of many points from a path, compiled; the same operations in the same order as `segments.signed_nearest`."""

from __future__ import annotations

import numpy as np
from numba import njit

from truceline.geo.points import Float64Array, Int64Array


@njit(cache=True, nogil=True)
def _run(
    p: Float64Array, a: Float64Array, direction: Float64Array, length2: Float64Array, left: Float64Array,
    first: Int64Array, last: Int64Array, each: int, earth2: float, distance: Float64Array, gradient: Float64Array,
) -> None:  # fmt: skip
    for row in range(len(p)):
        px, py = p[row, 0], p[row, 1]
        window = row // each
        best, best_t, best_k = np.inf, 0.0, first[window]
        for k in range(first[window], last[window]):
            dx, dy = px - a[k, 0], py - a[k, 1]
            t = (dx * direction[k, 0] + dy * direction[k, 1]) / length2[k]
            t = min(max(t, 0.0), 1.0)
            ex, ey = dx - t * direction[k, 0], dy - t * direction[k, 1]
            away2 = ex * ex + ey * ey
            if away2 < best:
                best, best_t, best_k = away2, t, k
        nx, ny = left[best_k, 0], left[best_k, 1]
        if best_t <= 0.0 and best_k > 0:
            nx, ny = nx + left[best_k - 1, 0], ny + left[best_k - 1, 1]
        if best_t >= 1.0 and best_k < len(a) - 1:
            nx, ny = nx + left[best_k + 1, 0], ny + left[best_k + 1, 1]
        fx = a[best_k, 0] + best_t * direction[best_k, 0]
        fy = a[best_k, 1] + best_t * direction[best_k, 1]
        ox, oy = px - fx, py - fy
        side = 1.0 if ox * nx + oy * ny >= 0.0 else -1.0
        plane = np.sqrt(best)
        if plane < 1e-6:
            gradient[row, 0], gradient[row, 1] = left[best_k, 0], left[best_k, 1]
        else:
            gradient[row, 0], gradient[row, 1] = ox / (side * plane), oy / (side * plane)
        moment = px * fy - py * fx
        mx, my = (px + fx) / 2, (py + fy) / 2
        less = moment * moment / (3 * earth2) * (1 - 2 * (mx * mx + my * my) / (15 * earth2))
        distance[row] = side * np.sqrt(max(plane * plane - less, 0.0))


def signed_compiled(
    p: Float64Array, path: Float64Array, left: Float64Array, earth_m: float,
    windows: tuple[Int64Array, Int64Array] | None = None,
) -> tuple[Float64Array, Float64Array]:  # fmt: skip
    """As `segments.signed_nearest`, bit for bit.

    Args:
        p: (n, 2); path: (k + 1, 2); left: (k, 2), unit normals of the segments.
        windows: first and one past the last segment to look at, (m,) each, for n / m points in a row; all segments
            where None.
    """
    n, k = len(p), len(path) - 1
    first, last = (np.zeros(1, dtype=np.int64), np.full(1, k)) if windows is None else windows
    distance, gradient = np.empty(n), np.empty((n, 2))
    direction = np.ascontiguousarray(np.diff(path, axis=0))
    _run(
        np.ascontiguousarray(p), np.ascontiguousarray(path[:-1]), direction, (direction**2).sum(axis=1),
        np.ascontiguousarray(left), first, last, max(1, n // len(first)), earth_m**2, distance, gradient,
    )  # fmt: skip
    return distance, gradient
