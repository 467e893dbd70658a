"""Points along the line, and which watch reaches which of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from truceline.coverage.detection import FARTHEST_M, MICRO, Detection
from truceline.geo import Frame, Line, Sectors

SPACING_M: Final = 250.0

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """p points along the line, SPACING_M apart, ordered by sector."""

    frame: Frame
    xy: Floats  # (p, 2) metres
    sector: Ints  # (p,) index into ids
    ids: tuple[str, ...]  # the sectors that hold some of the line, in the order of the mission's sectors
    centres: Floats  # (s, 2) degrees
    metres: Ints  # (s,) length of the line in each

    @classmethod
    def of(cls, sectors: Sectors, line: Line) -> Track:
        """The points of a line; a point outside all sectors belongs to the nearest."""
        frame = line.frame()
        path = line.xy(frame)
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
        count = max(1, round(float(along[-1]) / SPACING_M))
        at = (np.arange(count) + 0.5) * along[-1] / count
        xy = np.column_stack([np.interp(at, along, path[:, k]) for k in (0, 1)])
        names = sectors.of(frame.to_lonlat(xy))
        ids = tuple(name for name in sectors.ids if name in set(names))
        rank = {name: index for index, name in enumerate(ids)}
        sector = np.array([rank[name] for name in names if name is not None], dtype=np.int64)
        order = np.argsort(sector, kind="stable")
        held = np.bincount(sector, minlength=len(ids))
        return cls(
            frame, xy[order], sector[order], ids, np.array([sectors.centre(name) for name in ids]).reshape(-1, 2),
            np.rint(held * along[-1] / count).astype(np.int64),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """For each point the watches that reach it, as one run of entries per point.

    Attributes:
        first: (p + 1,) where the entries of each point begin.
        watch: (e,) row of the watch. inside: (e,) whether the point lies in the stated field.
        missed: (e, 2) -ln(1 - chance of notice) by day and by night in millionths; nought without a detection.
    """

    first: Ints
    watch: Ints
    inside: Bools
    missed: Ints


def fields(watches: pa.Table, track: Track, detection: Detection | None) -> Fields:
    """Which points each watch reaches.

    A watch holds the points within its radius and, where given, its angle; without a place, those of its sector; with a
    place but no radius, none. With a detection the places beyond are kept too where something would still be noticed.
    """
    size = watches.num_rows
    lon, lat, radius, bearing, width = (
        watches[name].cast(pa.float64()).fill_null(float("nan")).to_numpy()
        for name in ("lon_udeg", "lat_udeg", "radius_m", "bearing_mdeg", "width_mdeg")
    )
    placed = ~np.isnan(lon) & ~np.isnan(lat)
    stand = np.full((size, 2), np.nan)
    if placed.any():
        stand[placed] = track.frame.to_xy(np.column_stack([lon[placed], lat[placed]]) / 1e6)
    rank = {name: index for index, name in enumerate(track.ids)}
    named = np.array([rank.get(name, -1) for name in watches["sector_id"].to_pylist()], dtype=np.int64)
    named[placed] = -1
    kinds = watches["source_kind"].to_pylist()
    if detection is None:
        far, spread = np.zeros(size), np.zeros((size, 2, 3))
    else:
        spread = np.array([detection.curve(kind) for kind in kinds], dtype=np.float64).reshape(size, 2, 3)
        reach = {kind: detection.reach_m(kind) for kind in set(kinds)}
        far = np.array([reach[kind] for kind in kinds], dtype=np.float64)
    order = np.argsort(track.xy[:, 0], kind="stable")
    point, watch, inside, distance = _reached(
        track.xy[order], track.sector[order], stand, np.nan_to_num(radius, nan=-1.0), np.where(np.isnan(radius), 0.0, far),
        bearing / 1e3, width / 2e3, named,
    )  # fmt: skip
    point = order[point]
    by_point = np.argsort(point, kind="stable")
    first = np.searchsorted(point[by_point], np.arange(len(track.xy) + 1))
    watch, inside, distance = watch[by_point], inside[by_point], distance[by_point]
    return Fields(first.astype(np.int64), watch, inside, missed(spread[watch], distance))


def missed(curve: Floats, distance_m: Floats) -> Ints:
    """-ln(1 - p) in millionths, (e, 2), of curves (e, 2, 3) at distances (e,); nan is a distance nobody knows."""
    top, scale, shape = curve[..., 0], np.maximum(curve[..., 1], 1.0), curve[..., 2]
    known = np.where(np.isnan(distance_m), 0.5 * FARTHEST_M, distance_m)[:, None]
    typical = 0.75 * top  # the mean of top exp(-x^2) over x from 0 to 1, rounded
    p = np.where(np.isnan(distance_m)[:, None], typical, top * np.exp(-((known / scale) ** shape)))
    found: Ints = np.rint(-np.log1p(-np.minimum(p, 0.999)) * MICRO).astype(np.int64)
    return found


@njit(cache=True, nogil=True)
def _reached(
    xy: Any, sector: Any, stand: Any, radius: Any, far: Any, bearing: Any, half: Any, named: Any
) -> Any:  # pragma: no cover - compiled
    """Entries (point, watch, inside, distance) over points sorted by x; two passes, so memory is what is kept."""
    x = xy[:, 0].copy()
    total = 0
    for write in range(2):
        if write == 1:
            point = np.empty(total, dtype=np.int64)
            watch = np.empty(total, dtype=np.int64)
            inside = np.empty(total, dtype=np.bool_)
            distance = np.empty(total, dtype=np.float64)
        at = 0
        for w in range(len(stand)):
            if named[w] >= 0:
                for p in range(len(x)):
                    if sector[p] == named[w]:
                        if write == 1:
                            point[at], watch[at], inside[at], distance[at] = p, w, True, np.nan
                        at += 1
                continue
            reach = max(radius[w], far[w])
            if np.isnan(stand[w, 0]) or reach < 0.0:
                continue
            low = np.searchsorted(x, stand[w, 0] - reach)
            high = np.searchsorted(x, stand[w, 0] + reach, side="right")
            for p in range(low, high):
                east, north = xy[p, 0] - stand[w, 0], xy[p, 1] - stand[w, 1]
                gap = np.hypot(east, north)
                if gap > reach:
                    continue
                if not np.isnan(bearing[w]) and not np.isnan(half[w]):
                    off = abs((np.degrees(np.arctan2(east, north)) - bearing[w] + 180.0) % 360.0 - 180.0)
                    if off > half[w]:
                        continue
                if write == 1:
                    point[at], watch[at], inside[at], distance[at] = p, w, gap <= radius[w], gap
                at += 1
        total = at
    return point, watch, inside, distance


@njit(cache=True, nogil=True)
def sweep(
    first: Any, watch: Any, inside: Any, missed_e6: Any, sector: Any, starts: Any, ends: Any, kind: Any, own: Any,
    outcome: Any, night: Any, joint: Any, from_ms: Any, hour_ms: Any, kinds: Any, outcomes: Any,
) -> Any:  # fmt: skip  # pragma: no cover - compiled
    """Milliseconds watched, noticed and blocked, added up over the points of each sector.

    Events of each point are walked in the order of time; sums are integers, so no order of watches matters.

    Args:
        kind: (w,) 1 and on; 0 stands for any of the mission's own. outcome: (w,) 0 is watched.
        night: (s, h). joint: (2,) share of the summed hazard that counts for group 0, by day and by night. kinds, outcomes: how many.
    Returns:
        seen (s, h, k) ms; noticed (s, h, k) ms times 1e6; blocked (s, h, outcomes) ms, where nobody of the mission's own watched.
    """
    sectors, hours = night.shape
    seen = np.zeros((sectors, hours, kinds), dtype=np.int64)
    noticed = np.zeros((sectors, hours, kinds), dtype=np.int64)
    blocked = np.zeros((sectors, hours, outcomes), dtype=np.int64)
    count = np.zeros(kinds, dtype=np.int64)
    against = np.zeros((2, kinds), dtype=np.int64)
    refused = np.zeros(outcomes, dtype=np.int64)
    end_ms = from_ms + hours * hour_ms
    for p in range(len(first) - 1):
        low, high = first[p], first[p + 1]
        if low == high:
            continue
        when = np.empty(2 * (high - low), dtype=np.int64)
        for e in range(low, high):
            when[2 * (e - low)] = min(max(starts[watch[e]], from_ms), end_ms)
            when[2 * (e - low) + 1] = min(max(ends[watch[e]], from_ms), end_ms)
        order = np.argsort(when, kind="mergesort")
        count[:], against[:], refused[:] = 0, 0, 0
        s = sector[p]
        for i in range(len(order)):
            e = low + order[i] // 2
            sign = 1 if order[i] % 2 == 0 else -1
            w = watch[e]
            if outcome[w] == 0:
                groups = (kind[w], 0) if own[w] else (kind[w], kind[w])
                for j in range(2 if own[w] else 1):
                    g = groups[j]
                    if inside[e]:
                        count[g] += sign
                    for dark in range(2):
                        against[dark, g] += sign * missed_e6[e, dark]
            elif inside[e] and own[w]:
                refused[outcome[w]] += sign
            if i + 1 == len(order) or when[order[i + 1]] == when[order[i]]:
                continue
            t, until = when[order[i]], when[order[i + 1]]
            chance = np.full((2, kinds), -1.0)
            while t < until:
                h = (t - from_ms) // hour_ms
                step = min(until, from_ms + (h + 1) * hour_ms) - t
                dark = 1 if night[s, h] else 0
                for g in range(kinds):
                    if count[g] > 0:
                        seen[s, h, g] += step
                    if against[dark, g] > 0:
                        if chance[dark, g] < 0.0:
                            chance[dark, g] = np.rint(
                                (1.0 - np.exp(-against[dark, g] * (joint[dark] if g == 0 else 1.0) / 1e6))
                                * 1e6
                            )
                        noticed[s, h, g] += np.int64(chance[dark, g]) * step
                if count[0] == 0:
                    for o in range(1, outcomes):
                        if refused[o] > 0:
                            blocked[s, h, o] += step
                            break
                t += step
    return seen, noticed, blocked
