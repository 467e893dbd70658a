"""The land: a crooked line, its sectors, places, a river, hills, and where trouble gathers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from truceline.simulate.names import SECTOR_NAMES, toponyms
from truceline.simulate.plane import Bools, Floats, Ints, Plane
from truceline.simulate.world import World

_LEVELS = 9  # of midpoint displacement: 513 vertices
LINE_ID = "line-of-contact"


@dataclass(frozen=True, slots=True)
class Terrain:
    """Metres east and north of the centre; the line is a graph y(x), so its left is simply what lies above it."""

    plane: Plane
    line: Floats  # (k, 2)
    edges: Floats  # (sectors + 1,) x of the borders between sectors
    places: Floats  # (places, 2)
    toponyms: tuple[tuple[str, str], ...]
    hot_x: Floats
    hot_weight: Floats  # sums to 1
    hot_spread_m: Floats
    hot_left: Floats  # share of incidents that fall to the left of the line
    river: Floats
    contours: tuple[tuple[int, Floats], ...]  # height_m, ring

    def line_y(self, x: Floats) -> Floats:
        """Height of the line over x."""
        return np.interp(x, self.line[:, 0], self.line[:, 1])

    def left(self, xy: Floats) -> Bools:
        """Whether points (n, 2) lie to the left of the line."""
        return np.asarray(xy[:, 1] > self.line_y(xy[:, 0]), dtype=np.bool_)

    def distance_m(self, xy: Floats) -> Floats:
        """Distance of points (n, 2) to the line."""
        a, step = self.line[:-1], np.diff(self.line, axis=0)
        share = ((xy[:, None] - a) * step).sum(-1) / (step**2).sum(-1)
        foot = a + np.clip(share, 0.0, 1.0)[..., None] * step
        return np.asarray(np.hypot(*np.moveaxis(xy[:, None] - foot, -1, 0)).min(axis=1))

    def at_distance(self, x: float, distance_m: float, left: bool) -> Floats:
        """The point (2,) over `x` that lies `distance_m` from the line on the side asked for."""
        sign, low, high = (1.0 if left else -1.0), 0.0, 4.0 * distance_m + 1.0
        base = float(self.line_y(np.array([x]))[0])
        for _ in range(34):
            middle = (low + high) / 2
            if self.distance_m(np.array([[x, base + sign * middle]]))[0] < distance_m:
                low = middle
            else:
                high = middle
        return np.array([x, base + sign * high])

    def sector(self, x: Floats) -> Ints:
        """Index of the sector of each x."""
        return np.clip(np.searchsorted(self.edges, x, side="right") - 1, 0, len(self.edges) - 2)

    def nearest_place(self, xy: Floats) -> Ints:
        """Index of the nearest place to points (n, 2)."""
        found = np.empty(len(xy), dtype=np.int64)
        for start in range(0, len(xy), 50_000):
            part = xy[start : start + 50_000]
            gap = (part[:, None, 0] - self.places[:, 0]) ** 2 + (part[:, None, 1] - self.places[:, 1]) ** 2
            found[start : start + 50_000] = gap.argmin(axis=1)
        return found


def sector_ids(count: int) -> list[str]:
    """EXERCISE-S01 and on, from west to east."""
    return [f"EXERCISE-S{index + 1:02d}" for index in range(count)]


def make_terrain(world: World, rng: np.random.Generator) -> Terrain:
    """The land of one seed."""
    line = _line(world, rng)
    share = np.sort(rng.uniform(0.3, 0.7, world.sectors - 1) + np.arange(1, world.sectors) - 0.5)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    cuts = np.interp(share / world.sectors * along[-1], along, line[:, 0])
    edges = np.concatenate([[line[0, 0]], cuts, [line[-1, 0]]])
    half = world.extent_m / 2
    hot_x = -half + (np.arange(world.hot_spots) + rng.uniform(0.15, 0.85, world.hot_spots)) * (
        world.extent_m / world.hot_spots
    )
    weight = rng.lognormal(0.0, 0.75, world.hot_spots)
    near_trouble = np.arange(world.places) % 4 != 3  # villages lie along the line, and so does the fighting
    place_x = np.where(
        near_trouble,
        hot_x[np.arange(world.places) % world.hot_spots] + rng.normal(0.0, 1_700.0, world.places),
        rng.uniform(-half, half, world.places),
    ).clip(-half, half)
    away = np.where(
        near_trouble,
        rng.lognormal(np.log(1_500.0), 0.5, world.places),
        rng.lognormal(np.log(5_500.0), 0.6, world.places),
    )
    away *= np.where(rng.random(world.places) < 0.5, 1, -1)
    places = np.column_stack(
        [place_x, np.interp(place_x, line[:, 0], line[:, 1]) + np.clip(away, -19e3, 19e3)]
    )
    return Terrain(
        plane=Plane(world.lon0_deg, world.lat0_deg),
        line=line,
        edges=edges,
        places=places,
        toponyms=tuple(toponyms(rng, world.places)),
        hot_x=hot_x,
        hot_weight=weight / weight.sum(),
        hot_spread_m=rng.uniform(650.0, 2_100.0, world.hot_spots),
        hot_left=rng.beta(6.0, 6.0, world.hot_spots),
        river=_river(world, rng),
        contours=_hills(world, rng),
    )


def features(world: World, land: Terrain, posts: list[tuple[str, Floats]]) -> dict[str, Any]:
    """The mission's geometry: one FeatureCollection in degrees; `posts` carry the role that stays sealed."""
    made = [
        _feature(land, LINE_ID, "line", "LineString", land.line, name="EXERCISE line of contact",
                 left=world.alignments[0].id, right=world.alignments[1].id),
    ]  # fmt: skip
    for index, sector in enumerate(sector_ids(world.sectors)):
        name = SECTOR_NAMES[index % len(SECTOR_NAMES)] + (
            "" if index < len(SECTOR_NAMES) else f" {index + 1}"
        )
        ring = _sector_ring(world, land, index)
        made.append(_feature(land, sector, "sector", "Polygon", ring, name=f"EXERCISE {name}"))
    for index, (left_name, right_name) in enumerate(land.toponyms):
        names = {"qaa": left_name, "qab": right_name}
        made.append(
            _feature(land, f"EXERCISE-P{index + 1:03d}", "place", "Point", land.places[index], names=names)
        )
    made.append(
        _feature(
            land, "EXERCISE-Z01", "zone", "Polygon", _zone_ring(land), name="EXERCISE disengagement area"
        )
    )
    made.append(
        _feature(
            land, "EXERCISE-T001", "terrain", "LineString", land.river, kind="river", name="EXERCISE river"
        )
    )
    for index, (height_m, ring) in enumerate(land.contours):
        made.append(
            _feature(
                land,
                f"EXERCISE-T{index + 2:03d}",
                "terrain",
                "LineString",
                ring,
                kind="contour",
                height_m=height_m,
            )
        )
    made += [_feature(land, source, "post", "Point", xy) for source, xy in posts]
    return {"type": "FeatureCollection", "features": made}


def in_zone(land: Terrain, xy: Floats) -> Bools:
    """Whether points (n, 2) lie in the disengagement area."""
    ring = _zone_ring(land)
    (x0, y0), (x1, y1) = ring.min(axis=0), ring.max(axis=0)
    return np.asarray(
        (xy[:, 0] >= x0) & (xy[:, 0] <= x1) & (xy[:, 1] >= y0) & (xy[:, 1] <= y1), dtype=np.bool_
    )


def _feature(
    land: Terrain, feature_id: str, role: str, shape: str, xy: Floats, **properties: object
) -> dict[str, Any]:
    degrees: Any = np.round(land.plane.to_lonlat(xy), 6).tolist()
    marked = feature_id if feature_id.startswith("EXERCISE") else f"EXERCISE-{feature_id}"
    return {
        "type": "Feature",
        "id": marked,
        "geometry": {"type": shape, "coordinates": [degrees] if shape == "Polygon" else degrees},
        "properties": {"id": feature_id, "role": role, "exercise": True, **properties},
    }


def _line(world: World, rng: np.random.Generator) -> Floats:
    """Midpoint displacement, its height chosen so that the line has the length asked for."""
    height = np.array([0.0, 0.0])
    roughness = 1.0
    for _ in range(_LEVELS):
        middle = (height[:-1] + height[1:]) / 2 + rng.normal(0.0, roughness, len(height) - 1)
        height = np.insert(height, np.arange(1, len(height)), middle)
        roughness *= 0.56
    count = len(height)
    step = world.extent_m / (count - 1)
    x = np.linspace(-world.extent_m / 2, world.extent_m / 2, count)
    x[1:-1] += rng.uniform(-0.38, 0.38, count - 2) * step
    low, high = 0.0, 1e6
    for _ in range(80):
        factor = (low + high) / 2
        if np.hypot(np.diff(x), np.diff(height * factor)).sum() < world.line_m:
            low = factor
        else:
            high = factor
    y = height * low
    return np.column_stack([x, y - (y.max() + y.min()) / 2])


def _sector_ring(world: World, land: Terrain, index: int) -> Floats:
    west, east = land.edges[index], land.edges[index + 1]
    inside = (land.line[:, 0] > west) & (land.line[:, 0] < east)
    x = np.concatenate([[west], land.line[inside, 0][::6], [east]])
    y = land.line_y(x)
    south, north = np.column_stack([x, y - world.reach_m]), np.column_stack([x, y + world.reach_m])
    return np.concatenate([south, north[::-1], south[:1]])


def _zone_ring(land: Terrain) -> Floats:
    x = float(land.hot_x[len(land.hot_x) // 2])
    y = float(land.line_y(np.array([x]))[0])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]], dtype=np.float64)
    return np.array([x, y]) + corners * 1_130.0


def _river(world: World, rng: np.random.Generator) -> Floats:
    step = np.linspace(0.0, 1.0, 90)
    bend = np.cumsum(rng.normal(0.0, 900.0, 90))
    x0 = rng.uniform(-0.2, 0.2) * world.extent_m
    return np.column_stack([x0 + bend + 9_000.0 * np.sin(step * 7.3), -38_000.0 + 76_000.0 * step])


def _hills(world: World, rng: np.random.Generator) -> tuple[tuple[int, Floats], ...]:
    rings: list[tuple[int, Floats]] = []
    angle = np.linspace(0.0, 2 * np.pi, 37)
    for _ in range(9):
        centre = np.array([rng.uniform(-0.48, 0.48) * world.extent_m, rng.uniform(-26e3, 26e3)])
        size, base = rng.uniform(2_300.0, 7_100.0), int(rng.integers(14, 31)) * 20
        waves = rng.uniform(0.05, 0.2, 3), rng.uniform(0, 6.28, 3)
        wobble = 1.0 + sum(waves[0][k] * np.sin((k + 2) * angle + waves[1][k]) for k in range(3))
        for ring in range(int(rng.integers(2, 5))):
            radius = size * 0.68**ring * wobble
            radius[-1] = radius[0]
            points = centre + np.column_stack([radius * np.cos(angle), 0.7 * radius * np.sin(angle)])
            points[-1] = points[0]
            rings.append((base + 60 * ring, points))
    return tuple(rings)
