"""What truly happens: a self-exciting cloud of incidents in space and time.

Immigrants fall on hot spots, on days that drift and escalate, at hours with a daily rhythm; each incident then calls
forth others near it, and soon (a Hawkes cascade drawn as branching: Hawkes & Oakes 1974, J. Appl. Probab. 11).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from truceline.simulate.plane import Bools, Floats, Ints
from truceline.simulate.terrain import Terrain
from truceline.simulate.world import DAY_MS, HOUR_MS, World

ACTS = ("burst", "shot", "explosion", "projectile", "illumination_flare", "overflight", "weapon_present")
_ACT_SHARE = (0.33, 0.21, 0.32, 0.06, 0.04, 0.03, 0.01)
WEAPONS = (
    "small_arms", "heavy_machine_gun", "grenade_launcher", "cannon", "recoilless_gun", "mortar", "artillery",
    "tank", "mlrs", "mine", "uav",
)  # fmt: skip
_WEAPON_SHARE = np.array(
    [
        [0.62, 0.30, 0.02, 0.06, 0, 0, 0, 0, 0, 0, 0],
        [0.93, 0.07, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0.27, 0.05, 0.09, 0.39, 0.11, 0.04, 0.01, 0.04, 0],
        [0.35, 0.35, 0.10, 0.15, 0.05, 0, 0, 0, 0, 0, 0],
        [1.0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1.0],
        [0, 0, 0, 0.2, 0, 0.3, 0.3, 0.2, 0, 0, 0],
    ]
)
_CALIBRES_UM = {  # the two that occur, by weapon
    "heavy_machine_gun": (12_700, 14_500), "grenade_launcher": (30_000, 40_000), "cannon": (23_000, 30_000),
    "recoilless_gun": (73_000, 82_000), "mortar": (82_000, 120_000), "artillery": (122_000, 152_000),
    "tank": (115_000, 125_000), "mlrs": (122_000, 220_000),
}  # fmt: skip
_HOURS = np.array(
    [3.2, 2.7, 2.1, 1.8, 2.0, 3.1, 4.4, 4.1, 3.6, 3.9, 4.2, 3.7, 3.1, 2.9, 3.4, 4.0, 4.8, 5.9, 6.8, 6.5, 5.6, 5.1, 4.6, 3.9]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Incidents:
    """Columns of true incidents, in the order of time."""

    at_ms: Ints
    span_ms: Ints
    xy: Floats
    act: Ints  # index into ACTS
    weapon: Ints  # index into WEAPONS
    calibre_um: Ints  # 0 where the weapon has none worth naming
    count: Ints
    left: Bools  # where it happened
    by_left: Bools  # whose act it was
    impact: Bools  # an arrival rather than a departure

    def __len__(self) -> int:
        return len(self.at_ms)

    def joined(self, more: Incidents) -> Incidents:
        """These, then `more`."""
        return Incidents(
            *(np.concatenate([getattr(self, f), getattr(more, f)]) for f in Incidents.__dataclass_fields__)
        )


def one(
    land: Terrain,
    *,
    at_ms: int,
    xy: Floats,
    act: str,
    weapon: str,
    calibre_um: int,
    count: int,
    span_ms: int,
    by_left: bool,
) -> Incidents:
    """A single written incident."""
    place = np.asarray(xy, dtype=np.float64).reshape(1, 2)
    return Incidents(
        at_ms=np.array([at_ms]), span_ms=np.array([span_ms]), xy=place, act=np.array([ACTS.index(act)]),
        weapon=np.array([WEAPONS.index(weapon)]), calibre_um=np.array([calibre_um]), count=np.array([count]),
        left=land.left(place), by_left=np.array([by_left]), impact=np.array([act == "explosion"]),
    )  # fmt: skip


def make_incidents(world: World, land: Terrain, rng: np.random.Generator) -> Incidents:
    """The whole cloud: `world.incidents` of them, rounded."""
    wanted = round(world.incidents)
    at, xy, act = _immigrants(world, land, rng, round(wanted * (1 - world.branching) * 1.12) + 8)
    every_at, every_xy, every_act = [at], [xy], [act]
    while len(at):
        children = rng.poisson(world.branching, len(at))
        parent = np.repeat(np.arange(len(at)), children)
        at = at[parent] + rng.exponential(64.0, len(parent)) * 60_000
        xy = xy[parent] + rng.normal(0.0, 1_150.0, (len(parent), 2))
        act = np.where(
            rng.random(len(parent)) < 0.6, act[parent], rng.choice(len(ACTS), len(parent), p=_ACT_SHARE)
        )
        inside = (at < world.end_ms - HOUR_MS) & (np.abs(xy[:, 0]) < world.extent_m / 2)
        at, xy, act = at[inside], xy[inside], act[inside]
        every_at.append(at)
        every_xy.append(xy)
        every_act.append(act)
    at, xy, act = np.concatenate(every_at), np.concatenate(every_xy), np.concatenate(every_act)
    kept = rng.permutation(len(at))[:wanted]
    kept = kept[np.argsort(at[kept], kind="stable")]
    return _dress(land, rng, at[kept], xy[kept], act[kept])


def _immigrants(
    world: World, land: Terrain, rng: np.random.Generator, count: int
) -> tuple[Floats, Floats, Ints]:
    drift = np.cumsum(rng.normal(0.0, 0.16, world.days))
    day_weight = np.exp(drift - drift.mean()) * rng.lognormal(0.0, 0.22, world.days)
    for first, length, factor in ((0.24, 3, 2.6), (0.71, 4, 2.1)):
        start = int(first * world.days)
        day_weight[start : start + length] *= factor
    day = rng.choice(world.days, count, p=day_weight / day_weight.sum())
    hour = rng.choice(24, count, p=_HOURS / _HOURS.sum())
    at = world.start_ms + day * DAY_MS + (hour + rng.random(count)) * HOUR_MS
    at = np.minimum(at, world.end_ms - HOUR_MS)
    spot = rng.choice(len(land.hot_x), count, p=land.hot_weight)
    stray = rng.random(count) < 0.13
    x = np.where(
        stray,
        rng.uniform(-world.extent_m / 2, world.extent_m / 2, count),
        land.hot_x[spot] + rng.normal(0.0, 1.0, count) * land.hot_spread_m[spot],
    )
    x = np.clip(x, -world.extent_m / 2, world.extent_m / 2)
    act = rng.choice(len(ACTS), count, p=_ACT_SHARE)
    heavy = act == ACTS.index("explosion")
    away = np.where(heavy, rng.lognormal(np.log(1_550), 0.72, count), rng.lognormal(np.log(820), 0.66, count))
    sign = np.where(rng.random(count) < land.hot_left[spot], 1.0, -1.0)
    return at, np.column_stack([x, land.line_y(x) + sign * np.minimum(away, 14_000.0)]), act


def _dress(land: Terrain, rng: np.random.Generator, at: Floats, xy: Floats, act: Ints) -> Incidents:
    size = len(at)
    weapon = (rng.random(size)[:, None] > np.cumsum(_WEAPON_SHARE, axis=1)[act]).sum(axis=1)
    weapon = np.minimum(weapon, len(WEAPONS) - 1)
    pairs = np.array([_CALIBRES_UM.get(name, (0, 0)) for name in WEAPONS])
    calibre = pairs[weapon, rng.integers(0, 2, size)]
    tail = np.array([1.05, 1.7, 1.25, 1.4, 2.2, 9.0, 4.0])[act]
    count = np.minimum(np.floor(rng.random(size) ** (-1.0 / tail)), 417).astype(np.int64)
    count[act >= ACTS.index("overflight")] = 1
    gap_s = rng.lognormal(np.log(6.5), 0.9, size)
    span = np.minimum((count - 1) * gap_s, 2_700.0)
    span = np.where(act == ACTS.index("weapon_present"), rng.uniform(600, 5_400, size), span)
    left = land.left(xy)
    impact = (act == ACTS.index("explosion")) & (rng.random(size) < 0.9)
    crossed = rng.random(size) < np.where(impact, 0.94, 0.04)
    return Incidents(
        at_ms=at.astype(np.int64), span_ms=(span * 1_000).astype(np.int64), xy=xy, act=act.astype(np.int64),
        weapon=weapon.astype(np.int64), calibre_um=calibre.astype(np.int64), count=count, left=left,
        by_left=left ^ crossed, impact=impact,
    )  # fmt: skip
