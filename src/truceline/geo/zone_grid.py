"""Many points against many zones: a grid that knows, cell by cell, which zones fill it and which edges cross it.

A point in a cell that a zone fills is inside without a test. In a cell that edges cross, the path from the point to the
cell's middle (across, then up) is held against the edges of that cell alone: an odd number of crossings tells the point
from the middle, whose side is known. Source of the idea: Haines 1994, Point in polygon strategies, Graphics Gems IV.
A point that lies exactly on an edge belongs to one side of it, by the half-open rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from numba import njit, prange

from truceline.geo.points import Float64Array, Int64Array

CELLS: Final = 512
"""Cells a side."""


@dataclass(frozen=True, slots=True, eq=False)
class ZoneGrid:
    """Prepared areas; `pairs` and `first` answer for points in the same plane coordinates.

    Attributes:
        zones: how many. bounds: west, south, east, north.
        start: (cells + 1,) entries of each cell. zone, inside: of each entry, whether the cell's middle lies in the zone.
        edge_start, edges: edges (x0, y0, x1, y1) of each entry; none where the zone fills the cell.
    """

    zones: int
    bounds: tuple[float, float, float, float]
    start: Int64Array
    zone: Int64Array
    inside: Int64Array
    edge_start: Int64Array
    edges: Float64Array

    @classmethod
    def of(cls, areas: Sequence[Any]) -> ZoneGrid:
        """A grid over shapely polygons and multipolygons; an empty area holds nothing."""
        edges, owner = _edges(areas)
        if not len(edges):
            none = np.zeros(0, dtype=np.int64)
            return cls(len(areas), (0.0, 0.0, 1.0, 1.0), np.zeros(CELLS * CELLS + 1, dtype=np.int64), none, none, np.zeros(1, dtype=np.int64), edges)  # fmt: skip
        xs, ys = edges[:, [0, 2]], edges[:, [1, 3]]
        west, south, east, north = float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max())
        step = (max(east - west, 1e-12) / CELLS, max(north - south, 1e-12) / CELLS)
        first = np.searchsorted(owner, np.arange(len(areas) + 1))
        cell, zone, number = _touched(edges, owner, west, south, *step, CELLS)
        order = np.lexsort((number, zone, cell))
        cell, zone, number = cell[order], zone[order], number[order]
        key = cell * len(areas) + zone
        entry = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
        full_cell, full_zone, middle = _filled(edges, first, west, south, *step, CELLS, key[entry])
        cells = np.concatenate([cell[entry], full_cell])
        zones = np.concatenate([zone[entry], full_zone])
        inside = np.concatenate([middle, np.ones(len(full_cell), dtype=np.int64)])
        count = np.concatenate([np.diff(np.r_[entry, len(key)]), np.zeros(len(full_cell), dtype=np.int64)])
        begin = np.concatenate([entry, np.zeros(len(full_cell), dtype=np.int64)])
        order = np.lexsort((zones, cells))
        edge_start = np.r_[0, np.cumsum(count[order])]
        within = np.arange(edge_start[-1]) - np.repeat(edge_start[:-1], count[order])
        chosen = np.repeat(begin[order], count[order]) + within
        start = np.searchsorted(cells[order], np.arange(CELLS * CELLS + 1))
        return cls(
            len(areas), (west, south, east, north), start, zones[order], inside[order], edge_start, edges[number[chosen]]
        )  # fmt: skip

    def first(self, xy: Float64Array) -> Int64Array:
        """The lowest zone that holds each point (n, 2), -1 where none does or a coordinate is nan."""
        answer: Int64Array = _first(np.ascontiguousarray(xy), *self._arrays())
        return answer

    def pairs(self, xy: Float64Array) -> tuple[Int64Array, Int64Array]:
        """(point, zone) of every point (n, 2) inside a zone, by point, then zone."""
        points = np.ascontiguousarray(xy)
        count = _count(points, *self._arrays())
        start = np.r_[0, np.cumsum(count)]
        zone = _fill(points, start, *self._arrays())
        return np.repeat(np.arange(len(points)), count), zone

    def _arrays(self) -> tuple[Any, ...]:
        return (np.array(self.bounds), self.start, self.zone, self.inside, self.edge_start, self.edges)


def _edges(areas: Sequence[Any]) -> tuple[Float64Array, Int64Array]:
    polygons, area = shapely.get_parts(np.asarray(areas, dtype=object), return_index=True)
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    parts, owners = [np.empty((0, 4))], [np.empty(0, dtype=np.int64)]
    for ring, owner in zip(rings, area[polygon].tolist(), strict=True):
        at = shapely.get_coordinates(ring)
        parts.append(np.hstack([at[:-1], at[1:]]))
        owners.append(np.full(len(at) - 1, owner, dtype=np.int64))
    return np.concatenate(parts), np.concatenate(owners)


@njit(cache=True)
def _touched(edges, owner, west, south, dx, dy, side):  # type: ignore[no-untyped-def]
    """(cell, zone, edge) of every cell that an edge may cross, a little more rather than less."""
    made = 0
    for turn in range(2):
        if turn == 1:
            cell = np.empty(made, np.int64)
            zone = np.empty(made, np.int64)
            number = np.empty(made, np.int64)
        made = 0
        for e in range(len(edges)):
            x0, y0, x1, y1 = edges[e]
            if y0 > y1:
                x0, y0, x1, y1 = x1, y1, x0, y0
            low = min(max(int((y0 - south) / dy - 1e-9), 0), side - 1)
            high = min(max(int((y1 - south) / dy + 1e-9), 0), side - 1)
            for row in range(low, high + 1):
                bottom, top = south + row * dy, south + (row + 1) * dy
                if y1 > y0:
                    a = x0 + (x1 - x0) * min(max((bottom - y0) / (y1 - y0), 0.0), 1.0)
                    b = x0 + (x1 - x0) * min(max((top - y0) / (y1 - y0), 0.0), 1.0)
                else:
                    a, b = x0, x1
                left = min(max(int((min(a, b) - west) / dx - 1e-9), 0), side - 1)
                right = min(max(int((max(a, b) - west) / dx + 1e-9), 0), side - 1)
                for column in range(left, right + 1):
                    if turn == 1:
                        cell[made], zone[made], number[made] = row * side + column, owner[e], e
                    made += 1
    return cell, zone, number


@njit(cache=True)
def _filled(edges, first, west, south, dx, dy, side, touched):  # type: ignore[no-untyped-def]
    """Cells whose middle lies in a zone: those that no edge of it touches, and for those that one does, the middle's side."""
    zones = len(first) - 1
    middle = np.zeros(len(touched), np.int64)
    made = 0
    cells = np.empty(1024, np.int64)
    owner = np.empty(1024, np.int64)
    crossing = np.empty(1, np.float64)
    for z in range(zones):
        a, b = first[z], first[z + 1]
        if a == b:
            continue
        low, high = edges[a, 1], edges[a, 1]
        for e in range(a, b):
            low, high = min(low, edges[e, 1]), max(high, edges[e, 1])
        if b - a > len(crossing):
            crossing = np.empty(b - a, np.float64)
        for row in range(
            max(int((low - south) / dy) - 1, 0), min(int((high - south) / dy) + 1, side - 1) + 1
        ):
            y = south + (row + 0.5) * dy
            n = 0
            for e in range(a, b):
                if (edges[e, 1] <= y) != (edges[e, 3] <= y):
                    crossing[n] = edges[e, 0] + (y - edges[e, 1]) * (edges[e, 2] - edges[e, 0]) / (
                        edges[e, 3] - edges[e, 1]
                    )
                    n += 1
            at = np.sort(crossing[:n])
            for k in range(0, n - 1, 2):
                left = max(int(np.ceil((at[k] - west) / dx - 0.5)), 0)
                right = min(int(np.ceil((at[k + 1] - west) / dx - 0.5)) - 1, side - 1)
                for column in range(left, right + 1):
                    cell = row * side + column
                    key = cell * zones + z
                    where = np.searchsorted(touched, key)
                    if where < len(touched) and touched[where] == key:
                        middle[where] = 1
                        continue
                    if made == len(cells):
                        cells = np.concatenate((cells, np.empty(made, np.int64)))
                        owner = np.concatenate((owner, np.empty(made, np.int64)))
                    cells[made], owner[made] = cell, z
                    made += 1
    return cells[:made].copy(), owner[:made].copy(), middle


@njit(cache=True, inline="always")
def _holds(x, y, entry, mx, my, inside, edge_start, edges):  # type: ignore[no-untyped-def]
    """Whether the zone of an entry holds a point of its cell, whose middle is (mx, my)."""
    odd = inside[entry]
    low, high = min(x, mx), max(x, mx)
    bottom, top = min(y, my), max(y, my)
    for e in range(edge_start[entry], edge_start[entry + 1]):
        x0, y0, x1, y1 = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if (y0 <= y) != (y1 <= y):
            at = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
            if low < at <= high:
                odd ^= 1
        if (x0 <= mx) != (x1 <= mx):
            at = y0 + (mx - x0) * (y1 - y0) / (x1 - x0)
            if bottom < at <= top:
                odd ^= 1
    return odd == 1


@njit(cache=True, inline="always")
def _cell(x, y, bounds):  # type: ignore[no-untyped-def]
    if not (bounds[0] <= x <= bounds[2] and bounds[1] <= y <= bounds[3]):
        return -1, 0.0, 0.0
    dx, dy = max(bounds[2] - bounds[0], 1e-12) / CELLS, max(bounds[3] - bounds[1], 1e-12) / CELLS
    column, row = min(int((x - bounds[0]) / dx), CELLS - 1), min(int((y - bounds[1]) / dy), CELLS - 1)
    return row * CELLS + column, bounds[0] + (column + 0.5) * dx, bounds[1] + (row + 0.5) * dy


@njit(cache=True, parallel=True)
def _first(points, bounds, start, zone, inside, edge_start, edges):  # type: ignore[no-untyped-def]
    answer = np.full(len(points), -1, np.int64)
    for i in prange(len(points)):
        cell, mx, my = _cell(points[i, 0], points[i, 1], bounds)
        if cell < 0:
            continue
        for entry in range(start[cell], start[cell + 1]):
            if edge_start[entry] == edge_start[entry + 1] or _holds(
                points[i, 0], points[i, 1], entry, mx, my, inside, edge_start, edges
            ):
                answer[i] = zone[entry]
                break
    return answer


@njit(cache=True, parallel=True)
def _count(points, bounds, start, zone, inside, edge_start, edges):  # type: ignore[no-untyped-def]
    answer = np.zeros(len(points), np.int64)
    for i in prange(len(points)):
        cell, mx, my = _cell(points[i, 0], points[i, 1], bounds)
        if cell < 0:
            continue
        for entry in range(start[cell], start[cell + 1]):
            if edge_start[entry] == edge_start[entry + 1] or _holds(
                points[i, 0], points[i, 1], entry, mx, my, inside, edge_start, edges
            ):
                answer[i] += 1
    return answer


@njit(cache=True, parallel=True)
def _fill(points, begin, bounds, start, zone, inside, edge_start, edges):  # type: ignore[no-untyped-def]
    answer = np.empty(begin[-1], np.int64)
    for i in prange(len(points)):
        at = begin[i]
        if begin[i + 1] == at:
            continue
        cell, mx, my = _cell(points[i, 0], points[i, 1], bounds)
        for entry in range(start[cell], start[cell + 1]):
            if edge_start[entry] == edge_start[entry + 1] or _holds(
                points[i, 0], points[i, 1], entry, mx, my, inside, edge_start, edges
            ):
                answer[at] = zone[entry]
                at += 1
    return answer
