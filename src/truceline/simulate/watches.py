"""Who watches, from where, and when: posts, patrols, cameras, arrays, drones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from truceline.simulate.chance import normal, pick, uniform
from truceline.simulate.plane import Bools, Floats, Ints
from truceline.simulate.rows import NULL, ids, place, watch_rows
from truceline.simulate.terrain import Terrain, sector_ids
from truceline.simulate.weather import KINDS, weather
from truceline.simulate.world import DAY_MS, HOUR_MS, MINUTE_MS, Roster, World

OUTCOMES = ("watched", "access_denied", "delayed", "jammed", "out_of_order", "weather")
WATCHED = 0
_REASONS = (
    "EXERCISE: no safe conduct today", "EXERCISE: demining under way", "EXERCISE: come back with an escort",
    "EXERCISE: the road belongs to a convoy", "EXERCISE: orders from above",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """One that watches; `number` is its place among the streams of chance."""

    number: int
    id: str
    kind: str
    xy: Floats  # (2,), where it stands or starts from
    radius_m: int
    bearing_deg: float | None = None
    width_deg: float | None = None
    thermal: bool = False


@dataclass(frozen=True, slots=True)
class Watch:
    """One stretch of one source; only `outcome` 0 sees anything."""

    source: Source
    from_ms: int
    to_ms: int
    outcome: int
    xy: Floats
    blocked_by: str = ""
    reason: str = ""


def make_sources(
    world: World, roster: Roster, land: Terrain, seed: int, moved: dict[str, Floats]
) -> list[Source]:
    """Everyone on the roster; `moved` puts a post elsewhere (metres)."""
    made: list[Source] = []
    half, best = world.extent_m / 2, land.hot_x[np.argsort(-land.hot_weight, kind="stable")]
    for index in range(roster.posts):
        x = (
            -half
            + world.extent_m * (index + 0.5 + float(uniform(seed, 11, index)[0]) * 0.4 - 0.2) / roster.posts
        )
        near = land.hot_x[np.abs(land.hot_x - x).argmin()]
        x = x + 0.6 * float(np.clip(near - x, -6_000.0, 6_000.0))
        xy = land.at_distance(x, 500.0 + 1_000.0 * float(uniform(seed, 12, index)[0]), index % 2 == 0)
        name = f"EXERCISE-post-{index + 1:02d}"
        made.append(Source(100 + index, name, "post", moved.get(name, xy), roster.post_radius_m))
    for index in range(roster.teams):
        x = -half + world.extent_m * (index + 0.5) / roster.teams
        xy = land.at_distance(x, 6_000.0, index % 2 == 1)
        made.append(Source(200 + index, f"EXERCISE-team-{index + 1:02d}", "patrol", xy, roster.team_radius_m))
    for index in range(roster.cameras):
        spread = float(normal(seed, 13, index)[0])
        xy = land.at_distance(float(best[index % len(best)]) + 400.0 * spread, 650.0, index % 2 == 0)
        aim = 180.0 if index % 2 == 0 else 0.0  # across the line, which runs about east
        made.append(
            Source(300 + index, f"EXERCISE-camera-{index + 1:02d}", "camera", xy, roster.camera_radius_m,
                   (aim + 12.0 * spread) % 360.0, 130.0, index < roster.thermal_cameras)
        )  # fmt: skip
    for index in range(roster.arrays):
        hot = best[(1 + 2 * index) % len(best)]
        xy = land.at_distance(float(hot), 1_400.0, index % 2 == 1)
        made.append(
            Source(400 + index, f"EXERCISE-array-{index + 1}", "acoustic_array", xy, roster.array_radius_m)
        )
    for index in range(roster.uavs):
        xy = land.at_distance((-0.25 + 0.5 * index) * world.extent_m, 5_000.0, index % 2 == 0)
        made.append(Source(500 + index, f"EXERCISE-uav-{index + 1}", "uav", xy, roster.uav_radius_m))
    return made


def make_watches(
    world: World, roster: Roster, land: Terrain, seed: int, sources: list[Source]
) -> list[Watch]:
    """Every stretch of every source, day by day, in the order of sources and time."""
    make = {
        "post": _post, "patrol": _patrol, "camera": _camera, "acoustic_array": _array, "uav": _uav,
    }  # fmt: skip
    found: list[Watch] = []
    for source in sources:
        for day in range(world.days):
            found += make[source.kind](world, roster, land, seed, source, day)
    return [_consented(world, land, watch) for watch in found]


def withdrawn_from_ms(world: World) -> int:
    """06:00 local of the day on which consent ends."""
    return world.start_ms + (world.withdrawal_day - 1) * DAY_MS + 6 * HOUR_MS


def withdrawing_party(world: World) -> str:
    """The one that withdraws: last of the left alignment."""
    return world.alignments[0].members[-1]


def holder(world: World, land: Terrain, xy: Floats) -> list[str]:
    """The party on whose ground points (n, 2) lie: members share their side in equal parts from west to east."""
    share = np.clip(xy[:, 0] / world.extent_m + 0.5, 0.0, 0.999_999)
    return [
        world.alignments[0 if left else 1].members[
            int(part * len(world.alignments[0 if left else 1].members))
        ]
        for left, part in zip(land.left(xy).tolist(), share.tolist(), strict=True)
    ]


def watches_table(land: Terrain, watches: list[Watch], seed: int) -> pa.Table:
    """`records.columns.WATCHES`."""
    xy = np.array([watch.xy for watch in watches]).reshape(-1, 2)
    sectors = sector_ids(len(land.edges) - 1)

    def mdeg(values: list[float | None]) -> Ints:
        return np.array([NULL if value is None else round(value * 1000) for value in values], dtype=np.int64)

    return watch_rows(
        len(watches),
        watch_id=[
            word.replace("EXERCISE-", "EXERCISE-W")
            for word in ids(seed, 61, [w.source.number for w in watches], [w.from_ms for w in watches])
        ],
        source_id=[w.source.id for w in watches],
        source_kind=[w.source.kind for w in watches],
        from_ms=np.array([w.from_ms for w in watches]),
        to_ms=np.array([w.to_ms for w in watches]),
        outcome=[OUTCOMES[w.outcome] for w in watches],
        radius_m=np.array([w.source.radius_m for w in watches]),
        bearing_mdeg=mdeg([w.source.bearing_deg for w in watches]),
        width_mdeg=mdeg([w.source.width_deg for w in watches]),
        sector_id=[sectors[index] for index in land.sector(xy[:, 0]).tolist()],
        blocked_by=[w.blocked_by or None for w in watches],
        quoted_reason=[w.reason or None for w in watches],
        **place(land.plane, xy),
    )


def sees(watch: Watch, xy: Floats, radius_m: float) -> Bools:
    """Which points (n, 2) lie in the field of a watch."""
    gap = xy - watch.xy
    inside = np.hypot(gap[:, 0], gap[:, 1]) <= radius_m
    if watch.source.bearing_deg is None or watch.source.width_deg is None:
        return np.asarray(inside, dtype=np.bool_)
    bearing = np.degrees(np.arctan2(gap[:, 0], gap[:, 1]))
    off = np.abs((bearing - watch.source.bearing_deg + 180.0) % 360.0 - 180.0)
    return np.asarray(inside & (off <= watch.source.width_deg / 2), dtype=np.bool_)


def _post(world: World, roster: Roster, land: Terrain, seed: int, source: Source, day: int) -> list[Watch]:
    u = uniform(seed, source.number, day, np.arange(5)).tolist()
    start, end = (
        world.start_ms + day * DAY_MS + hour * HOUR_MS + int(18 * shift) * 5 * MINUTE_MS - 45 * MINUTE_MS
        for hour, shift in ((6, u[0]), (18, u[1]))
    )
    outcome = (
        WATCHED if u[2] < roster.post_up else int(pick((0, 4, 3, 0, 0, 2), seed, 14, source.number, day)[0])
    )
    if OUTCOMES[outcome] == "delayed":
        late = start + (2 + int(4 * u[4])) * HOUR_MS
        made = [
            _blocked(world, land, seed, source, start, late, outcome),
            Watch(source, late, end, WATCHED, source.xy),
        ]
    elif outcome == WATCHED:
        made = [Watch(source, start, end, WATCHED, source.xy)]
    else:
        made = [_blocked(world, land, seed, source, start, end, outcome)]
    if u[3] < roster.night_posts:
        made.append(Watch(source, end, end + 10 * HOUR_MS, WATCHED, source.xy))
    return made


def _patrol(world: World, roster: Roster, land: Terrain, seed: int, source: Source, day: int) -> list[Watch]:
    made: list[Watch] = []
    u = uniform(seed, source.number, day, np.arange(24)).reshape(4, 6).tolist()
    clock = world.start_ms + day * DAY_MS + 8 * HOUR_MS + int(12 * u[0][5]) * 5 * MINUTE_MS
    left = land.left(source.xy.reshape(1, 2)).item()
    stretch = world.extent_m / roster.teams
    for stop in u:
        until = clock + (70 + int(15 * stop[0]) * 5) * MINUTE_MS
        x = source.xy[0] + (stop[1] - 0.5) * stretch
        near = land.hot_x[np.abs(land.hot_x - x).argmin()]
        x = float(np.clip(x + 0.6 * (near - x), -world.extent_m / 2, world.extent_m / 2))
        away = (600.0 + 1_900.0 * stop[2]) * (1 if left else -1)
        xy = np.array([x, float(land.line_y(np.array([x]))[0]) + away])
        here = Source(source.number, source.id, source.kind, xy, source.radius_m)
        if stop[3] < 0.86:
            made.append(Watch(here, clock, until, WATCHED, xy))
        else:
            outcome = 1 if stop[4] < 0.7 else 2
            made.append(_blocked(world, land, seed, here, clock, until, outcome))
        clock = until + (25 + int(8 * stop[5]) * 5) * MINUTE_MS
    return made


def _camera(world: World, roster: Roster, land: Terrain, seed: int, source: Source, day: int) -> list[Watch]:
    start = world.start_ms + day * DAY_MS
    spans = [(start, start + DAY_MS)] if source.thermal else [(start + 6 * HOUR_MS, start + 18 * HOUR_MS)]
    made = []
    for begin, end in spans:
        broken = float(uniform(seed, source.number, day // 4, 1)[0]) < 0.09
        middle = np.array([(begin + end) // 2])
        fog = KINDS[weather(world, seed, middle, source.xy[:1])[0]] == "fog"
        outcome = 4 if broken else 5 if fog else WATCHED
        made.append(Watch(source, begin, end, outcome, source.xy))
    return made


def _array(world: World, roster: Roster, land: Terrain, seed: int, source: Source, day: int) -> list[Watch]:
    start = world.start_ms + day * DAY_MS
    up = float(uniform(seed, source.number, day // 2, 2)[0]) < roster.array_up
    return [Watch(source, start, start + DAY_MS, WATCHED if up else 4, source.xy)]


def _uav(world: World, roster: Roster, land: Terrain, seed: int, source: Source, day: int) -> list[Watch]:
    made: list[Watch] = []
    for flight, (hour, *u) in enumerate(
        zip(
            (8, 13, 20), *uniform(seed, source.number, day, np.arange(12)).reshape(4, 3).tolist(), strict=True
        )
    ):
        if u[0] > (0.75, 0.7, 0.35)[flight]:
            continue
        begin = world.start_ms + day * DAY_MS + hour * HOUR_MS + int(24 * u[1]) * 5 * MINUTE_MS
        half = land.hot_x[np.argsort(np.abs(land.hot_x - source.xy[0]), kind="stable")][
            : len(land.hot_x) // 2 + 1
        ]
        x = float(half[int(u[2] * len(half))])
        xy = np.array([x, float(land.line_y(np.array([x]))[0]) + (u[3] - 0.5) * 5_000.0])
        jammed = float(uniform(seed, source.number, day, 50 + flight)[0]) < 0.11
        here = Source(source.number, source.id, source.kind, xy, source.radius_m)
        made.append(Watch(here, begin, begin + 150 * MINUTE_MS, 3 if jammed else WATCHED, xy))
    return made


def _blocked(
    world: World, land: Terrain, seed: int, source: Source, start: int, end: int, outcome: int
) -> Watch:
    if OUTCOMES[outcome] == "weather":
        return Watch(source, start, end, outcome, source.xy)
    by = holder(world, land, source.xy.reshape(1, 2))[0]
    reason = _REASONS[int(pick((3, 2, 2, 1, 2), seed, 15, source.number, start)[0])]
    return Watch(source, start, end, outcome, source.xy, by, reason)


def _consented(world: World, land: Terrain, watch: Watch) -> Watch:
    """After the withdrawal nothing watches from the ground of the party that withdrew, and no drone of ours flies there."""
    if watch.from_ms < withdrawn_from_ms(world):
        return watch
    party = withdrawing_party(world)
    if holder(world, land, watch.xy.reshape(1, 2))[0] != party:
        return watch
    reason = "EXERCISE: consent withdrawn"
    return Watch(
        watch.source, watch.from_ms, watch.to_ms, OUTCOMES.index("access_denied"), watch.xy, party, reason
    )


def line_points(land: Terrain, every_m: float = 250.0) -> Floats:
    """Points along the line, evenly spread, (n, 2)."""
    along: Any = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(land.line, axis=0).T))])
    at = np.arange(every_m / 2, along[-1], every_m)
    return np.column_stack([np.interp(at, along, land.line[:, k]) for k in (0, 1)])


def watched_share(world: World, land: Terrain, watches: list[Watch]) -> Floats:
    """Share of the line that is watched in each quarter of an hour, (days * 96,)."""
    points = line_points(land)
    grid = np.zeros((world.days * 96, len(points)), dtype=np.bool_)
    step = 15 * MINUTE_MS
    for watch in watches:
        if watch.outcome == WATCHED:
            first, last = ((t - world.start_ms) // step for t in (watch.from_ms, watch.to_ms))
            grid[max(first, 0) : last] |= sees(watch, points, watch.source.radius_m)
    return np.asarray(grid.mean(axis=1))
