"""What truly happens in a block of time: three models, and phantoms that nobody should have reported.

standard: Poisson about hot spots. cascade: Hawkes, drawn as branching (Hawkes & Oakes 1974, J. Appl. Probab. 11).
barrage: fire that walks along the front in steady rhythm, more regular than chance, each incident with an extent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from truceline.simulate.chance import normal, uniform
from truceline.simulate.columns.ground import HOT_SPOTS, LENGTH_M, Ground
from truceline.simulate.columns.settings import Settings
from truceline.simulate.plane import Bools, Floats, Ints
from truceline.simulate.world import DAY_MS, HOUR_MS

START_MS = 1_930_262_400_000  # 2031-03-03T00:00Z
INCIDENTS_A_DAY = 1_600.0
ACTS = ("explosion", "burst", "shot", "projectile")
_SHARE = (0.46, 0.28, 0.18, 0.08)
WEAPONS = ("mortar", "artillery", "small_arms", "heavy_machine_gun", "grenade_launcher", "mlrs")
_ARMED = np.array(
    [
        [0.5, 0.22, 0, 0, 0.22, 0.06],
        [0, 0, 0.6, 0.4, 0, 0],
        [0, 0, 0.95, 0.05, 0, 0],
        [0, 0, 0.3, 0.5, 0.2, 0],
    ]
)
_HOURS = np.array([3.2, 2.7, 2.1, 1.8, 2.0, 3.1, 4.4, 4.1, 3.6, 3.9, 4.2, 3.7, 3.1, 2.9, 3.4, 4.0, 4.8, 5.9, 6.8, 6.5, 5.6, 5.1, 4.6, 3.9])  # fmt: skip
_STREAM = 7_100
_BRANCHING = 0.55


@dataclass(frozen=True, slots=True, eq=False)
class Happenings:
    """n incidents. at_ms: middle; span_s: how long each lasts; extent_m: how far it spreads; act, weapon: indices."""

    at_ms: Floats
    xy: Floats
    span_s: Floats
    extent_m: Floats
    act: Ints
    weapon: Ints
    count: Ints
    left: Bools
    by_left: Bools

    def __len__(self) -> int:
        return len(self.at_ms)

    @property
    def dark(self) -> Bools:
        """Whether it was night."""
        return dark(self.at_ms)


def dark(at_ms: Floats) -> Bools:
    """Night: from six in the evening to six in the morning."""
    hour = (at_ms % DAY_MS) / HOUR_MS
    answer: Bools = (hour < 6) | (hour >= 18)
    return answer


def happen(
    rng: np.random.Generator, settings: Settings, land: Ground, seed: int, first_day: float, days: float
) -> Happenings:
    """The incidents that begin in [first_day, first_day + days)."""
    expected = INCIDENTS_A_DAY * settings.density * days
    make = {"standard": _cloud, "cascade": _cascade, "barrage": _barrage}[settings.model]
    at, xy, act, extent = make(rng, land, seed, first_day, days, expected)
    return _dressed(rng, land, at, xy, act, extent)


def phantoms(rng: np.random.Generator, land: Ground, first_day: float, days: float, count: int) -> Happenings:
    """Things that did not happen, where and when they would be believed: half at hot spots, half anywhere."""
    at = START_MS + (first_day + days * rng.random(count)) * DAY_MS
    return _dressed(
        rng, land, at, _places(rng, land, count, 0.5), rng.choice(len(ACTS), count, p=_SHARE), np.zeros(count)
    )


def _times(rng: np.random.Generator, seed: int, first_day: float, days: float, count: int) -> Floats:
    """Busy and quiet days (they drift by the week), and a daily rhythm."""
    whole = np.arange(int(first_day), int(np.ceil(first_day + days - 1e-9)))
    busy = np.exp(0.35 * normal(seed, _STREAM, whole, 1) + 0.35 * normal(seed, _STREAM, whole // 7, 2))
    inside = np.minimum(whole + 1, first_day + days) - np.maximum(whole, first_day)
    weight = busy * inside
    day = rng.choice(whole, count, p=weight / weight.sum())
    hour = rng.choice(24, count, p=_HOURS / _HOURS.sum())
    at = day + (hour + rng.random(count)) / 24
    outside = (at < first_day) | (at >= first_day + days)
    at[outside] = first_day + days * rng.random(int(outside.sum()))
    return np.asarray(START_MS + at * DAY_MS, dtype=np.float64)


def _busy(seed: int, first_day: float, days: float) -> float:
    whole = np.arange(int(first_day), int(np.ceil(first_day + days - 1e-9)))
    inside = np.minimum(whole + 1, first_day + days) - np.maximum(whole, first_day)
    busy = np.exp(0.35 * normal(seed, _STREAM, whole, 1) + 0.35 * normal(seed, _STREAM, whole // 7, 2))
    return float((busy * inside).sum() / inside.sum() / np.exp(0.35**2))


def _places(rng: np.random.Generator, land: Ground, count: int, stray: float) -> Floats:
    spot = rng.choice(HOT_SPOTS, count, p=land.hot_weight)
    away = rng.random(count) < stray
    x = np.where(
        away,
        rng.uniform(-LENGTH_M / 2, LENGTH_M / 2, count),
        land.hot_x[spot] + 1_600.0 * rng.standard_normal(count),
    )
    x = np.clip(x, -LENGTH_M / 2, LENGTH_M / 2)
    sign = np.where(rng.random(count) < 0.5, 1.0, -1.0)
    off = np.minimum(rng.lognormal(np.log(1_300.0), 0.8, count), 15_000.0)
    return np.column_stack([x, land.line_y(x) + sign * off])


def _cloud(
    rng: np.random.Generator, land: Ground, seed: int, first: float, days: float, expected: float
) -> tuple[Floats, Floats, Ints, Floats]:
    count = int(rng.poisson(expected * _busy(seed, first, days)))
    return (_times(rng, seed, first, days, count), _places(rng, land, count, 0.15), rng.choice(len(ACTS), count, p=_SHARE), np.zeros(count))  # fmt: skip


def _cascade(
    rng: np.random.Generator, land: Ground, seed: int, first: float, days: float, expected: float
) -> tuple[Floats, Floats, Ints, Floats]:
    at, xy, act, _ = _cloud(rng, land, seed, first, days, expected * (1 - _BRANCHING))
    parts = [(at, xy, act)]
    while len(at):
        parent = np.repeat(np.arange(len(at)), rng.poisson(_BRANCHING, len(at)))
        at = at[parent] + rng.exponential(35.0, len(parent)) * 60_000
        xy = xy[parent] + rng.normal(0.0, 900.0, (len(parent), 2))
        act = np.where(
            rng.random(len(parent)) < 0.7, act[parent], rng.choice(len(ACTS), len(parent), p=_SHARE)
        )
        parts.append((at, xy, act))
    at = np.concatenate([p[0] for p in parts])
    return at, np.concatenate([p[1] for p in parts]), np.concatenate([p[2] for p in parts]), np.zeros(len(at))


def _barrage(
    rng: np.random.Generator, land: Ground, seed: int, first: float, days: float, expected: float
) -> tuple[Floats, Floats, Ints, Floats]:
    """Series of 1 to 25 incidents at equal steps in time and place, along a heading, each up to 700 m wide."""
    series = int(rng.poisson(expected * _busy(seed, first, days) / 6.0))
    length = np.minimum(1 + rng.geometric(1 / 5.0, series), 25)
    at, xy, act, _ = _cloud(rng, land, seed, first, days, 0)
    at, xy = _times(rng, seed, first, days, series), _places(rng, land, series, 0.15)
    act = rng.choice(len(ACTS), series, p=(0.8, 0.15, 0.0, 0.05))
    which = np.repeat(np.arange(series), length)
    step = np.arange(len(which)) - np.repeat(np.cumsum(length) - length, length)
    heading = 2 * np.pi * rng.random(series)
    stride, rhythm = rng.uniform(250, 1_500, series), rng.uniform(6, 30, series) * 60_000
    moved = (step * stride[which])[:, None] * np.column_stack([np.cos(heading), 0.3 * np.sin(heading)])[which]
    return at[which] + step * rhythm[which], xy[which] + moved, act[which], rng.uniform(100, 700, len(which))


def _dressed(
    rng: np.random.Generator, land: Ground, at: Floats, xy: Floats, act: Ints, extent: Floats
) -> Happenings:
    count = len(at)
    armed = np.cumsum(_ARMED, axis=1)[act]
    weapon = np.minimum((rng.random(count)[:, None] > armed).sum(axis=1), len(WEAPONS) - 1)
    number = np.minimum(np.floor(rng.random(count) ** (-1 / 1.5)), 300).astype(np.int64)
    span = np.minimum((number - 1) * rng.lognormal(np.log(5.0), 0.7, count), 900.0)
    left = land.left(xy)
    crossed = rng.random(count) < np.where(act == 0, 0.9, 0.3)
    return Happenings(at, xy, np.where(extent > 0, np.maximum(span, 240.0), span), extent, act.astype(np.int64), weapon.astype(np.int64), number, left, left ^ crossed)  # fmt: skip


def chance_of_hours(seed: int, stream: int, at_ms: Floats, where: Ints) -> Floats:
    """One draw for each stretch and block of three hours: what falls out there falls out together."""
    return uniform(seed, stream, (at_ms // (3 * HOUR_MS)).astype(np.int64), where)
