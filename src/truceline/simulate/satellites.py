"""What passes overhead: hot pixels of fires, most of which are stubble, and images that show damage the day after."""

from __future__ import annotations

import numpy as np

from truceline.simulate.chance import normal, pick, uniform
from truceline.simulate.incidents import ACTS, Incidents
from truceline.simulate.plane import Floats, Ints
from truceline.simulate.rows import Rows, ids, place, rows
from truceline.simulate.terrain import Terrain
from truceline.simulate.weather import KINDS, weather
from truceline.simulate.world import DAY_MS, HOUR_MS, MINUTE_MS, World

SATELLITES = 3
_STREAM, _IMAGERY = 600, 610
_STUBBLE_PER_DAY = 7.5


def overpasses(world: World, satellite: int) -> Ints:
    """Times of passing, twice a day, drifting by a few minutes."""
    turn = np.arange(2 * world.days)
    drift = (50 * np.sin(turn * (0.39 + 0.05 * satellite))).astype(np.int64) * MINUTE_MS
    passing: Ints = world.start_ms + turn * 12 * HOUR_MS + 80 * MINUTE_MS + satellite * 50 * MINUTE_MS + drift
    return passing


def hot_pixels(world: World, land: Terrain, seed: int, true: Incidents) -> Rows:
    """Thermal anomalies: pixels of 375 m and more, seen through gaps in the clouds while something burns."""
    lit = (true.act == ACTS.index("explosion")) & true.impact
    chance = np.minimum(0.10 + 0.02 * true.count, 0.5)
    fire = np.flatnonzero(lit & (uniform(seed, _STREAM, np.arange(len(true)), 1) < chance))
    stubble = round(_STUBBLE_PER_DAY * world.days)
    number = np.arange(stubble)
    field = np.column_stack(
        [
            (uniform(seed, _STREAM, number, 2) - 0.5) * world.extent_m,
            (uniform(seed, _STREAM, number, 3) - 0.5) * 40_000.0,
        ]
    )
    field[:, 1] += land.line_y(field[:, 0])
    hour = 9.0 + 8.0 * uniform(seed, _STREAM, number, 4)
    day = np.floor(uniform(seed, _STREAM, number, 5) * world.days)
    began = np.concatenate(
        [true.at_ms[fire], world.start_ms + (day * DAY_MS + hour * HOUR_MS).astype(np.int64)]
    )
    xy = np.concatenate([true.xy[fire], field])
    truth = np.concatenate([fire, np.full(stubble, -1)])
    key = np.concatenate([fire, 10_000_000 + number])
    burns = (HOUR_MS * 5.0 * np.exp(0.9 * normal(seed, _STREAM, key, 6))).astype(np.int64)
    burns = np.minimum(burns, 26 * HOUR_MS)
    who, when, what = [], [], []
    for satellite in range(SATELLITES):
        for passing in overpasses(world, satellite).tolist():
            burning = np.flatnonzero((began <= passing) & (passing < began + burns))
            who.append(np.full(len(burning), satellite))
            when.append(np.full(len(burning), passing))
            what.append(burning)
    which, at, orbit = np.concatenate(what), np.concatenate(when), np.concatenate(who)
    sky = weather(world, seed, at, xy[which, 0])
    clear = np.isin(sky, [KINDS.index("clear"), KINDS.index("haze"), KINDS.index("wind")])
    seen = clear & (uniform(seed, _STREAM, key[which], at // MINUTE_MS, 7) < 0.62)
    return _pixels(land, seed, key[which][seen], truth[which][seen], xy[which][seen], at[seen], orbit[seen])


def _pixels(land: Terrain, seed: int, key: Ints, truth: Ints, xy: Floats, at: Ints, orbit: Ints) -> Rows:
    turn = at // MINUTE_MS
    scan = np.rint(375.0 * (1.0 + 1.1 * uniform(seed, _STREAM, orbit, turn, 8) ** 2)).astype(np.int64)
    track = np.rint(375.0 + 0.35 * (scan - 375)).astype(np.int64)
    off = np.column_stack([(uniform(seed, _STREAM, key, turn, k) - 0.5) for k in (9, 10)]) * np.column_stack(
        [scan, track]
    )
    grade = pick((0.14, 0.74, 0.12), seed, _STREAM, key, turn, 11)
    return rows(
        ids(seed, _STREAM, key, turn), truth,
        source_id=[f"EXERCISE-satellite-{n + 1}" for n in orbit.tolist()], source_kind="satellite",
        observed_from_ms=at, observed_to_ms=at, time_precision="exact", received_at_ms=at + 3 * HOUR_MS,
        place_kind="footprint", scan_m=scan, track_m=track, means="thermal", act="thermal_anomaly",
        grade=[("l", "n", "h")[n] for n in grade.tolist()],
        text=[f"EXERCISE: hot pixel {a} x {b} m" for a, b in zip(scan.tolist(), track.tolist(), strict=True)],
        lang="en", **place(land.plane, xy + off),
    )  # fmt: skip


def damage(world: World, land: Terrain, seed: int, true: Incidents) -> Rows:
    """Imagery, every second day: some impacts of many rounds left a mark between one image and the next."""
    heavy = (true.act == ACTS.index("explosion")) & true.impact & (true.count >= 3)
    shown = np.flatnonzero(heavy & (uniform(seed, _IMAGERY, np.arange(len(true)), 1) < 0.22))
    turn = (true.at_ms[shown] - world.start_ms - 10 * HOUR_MS) // (2 * DAY_MS)
    before = world.start_ms + turn * 2 * DAY_MS + 10 * HOUR_MS
    return _damage(land, seed, shown, shown, true.xy[shown], before, before + 2 * DAY_MS)


def _damage(land: Terrain, seed: int, key: Ints, truth: Ints, xy: Floats, before: Ints, after: Ints) -> Rows:
    off = 30.0 * np.column_stack([normal(seed, _IMAGERY, key, 2), normal(seed, _IMAGERY, key, 3)])
    return rows(
        ids(seed, _IMAGERY, key), truth, source_id="EXERCISE-imagery-1", source_kind="imagery",
        observed_from_ms=before, observed_to_ms=after, time_precision="interval",
        received_at_ms=after + 9 * HOUR_MS, place_kind="point", error_m=35, means="satellite_imagery", act="damage",
        description="impact", lang="en", text="EXERCISE: fresh craters between two images", **place(land.plane, xy + off),
    )  # fmt: skip
