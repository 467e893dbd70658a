"""What posts, patrols, cameras, arrays and drones report of what they notice.

The chance of being noticed falls with distance as exp(-(d / reach)^2), is less at night, and nothing where an observer
is out for hours. Each observer has a lasting error of its bearings, ranges and clock.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from truceline.simulate.chance import normal
from truceline.simulate.columns.errors import error, gross
from truceline.simulate.columns.ground import LENGTH_M, Ground, Station
from truceline.simulate.columns.happenings import ACTS, WEAPONS, Happenings, chance_of_hours
from truceline.simulate.columns.settings import Settings
from truceline.simulate.columns.table import NULL, Part, Words
from truceline.simulate.plane import Floats, Ints
from truceline.simulate.world import DAY_MS, MINUTE_MS

SOUND_M_S = 340.0
NEIGHBOURS = 6
CEP = 1.1774
STRETCHES = 40
_STREAM = 7_200
OUT = {"post": 0.12, "camera": 0.08, "acoustic_array": 0.25}
FALSE_A_DAY = {"post": 200.0, "camera": 46.0, "acoustic_array": 66.0, "patrol": 16.0, "uav": 4.0}


def names(kind: str, count: int) -> tuple[str, ...]:
    """Ids of the observers of a kind."""
    return tuple(f"EXERCISE-{kind}-{n + 1:03d}" for n in range(count))


def stationed(
    rng: np.random.Generator, settings: Settings, land: Ground, seed: int, station: Station, real: Happenings
) -> Part:
    """Everything that the observers of one kind notice."""
    count = len(station.xy)
    first = np.searchsorted(station.xy[:, 0], real.xy[:, 0]) - NEIGHBOURS // 2
    who = first[:, None] + np.arange(NEIGHBOURS)
    valid = (who >= 0) & (who < count)
    who = np.clip(who, 0, count - 1)
    step = real.xy[:, None, :] - station.xy[who]
    far = np.hypot(step[..., 0], step[..., 1])
    chance = station.chance * np.exp(-((far * settings.misses / station.reach_m) ** 2))
    chance *= np.where(real.dark, settings.night, 1.0)[:, None]
    if station.blind_to:
        chance *= np.where(np.isin(real.act, [ACTS.index(a) for a in station.blind_to]), 0.15, 1.0)[:, None]
    number, column = np.nonzero(valid & (rng.random(chance.shape) < chance))
    seen = who[number, column]
    up = chance_of_hours(seed, _stream(station.kind), real.at_ms[number], seen) >= OUT[station.kind]
    if station.kind != "post":
        jam = chance_of_hours(seed, _STREAM + 9, real.at_ms[number], _stretch(real.xy[number, 0]))
        up &= jam >= settings.jamming
    number, seen = number[up], seen[up]
    return _say(rng, settings, land, seed, station.kind, count, station.xy[seen], seen, real, number, number)


def false_alarms(
    rng: np.random.Generator,
    settings: Settings,
    land: Ground,
    seed: int,
    station: Station,
    ghosts: Happenings,
) -> Part:
    """What an observer takes for an incident: thunder, quarries, its own side; a few kilometres about it."""
    size = len(ghosts)
    who = rng.integers(0, len(station.xy), size)
    if settings.model == "barrage" and size:  # what one hears, the next hears too
        who = np.where(rng.random(size) < 0.5, np.clip(np.roll(who, 1) + 1, 0, len(station.xy) - 1), who)
    turn, away = 2 * np.pi * rng.random(size), station.reach_m * np.sqrt(rng.random(size))
    ghosts.xy[:] = station.xy[who] + away[:, None] * np.column_stack([np.sin(turn), np.cos(turn)])
    return _say(rng, settings, land, seed, station.kind, len(station.xy), station.xy[who], who, ghosts, np.arange(size), np.full(size, -1))  # fmt: skip


def roving(
    rng: np.random.Generator,
    settings: Settings,
    land: Ground,
    seed: int,
    kind: str,
    chance: float,
    reach_m: float,
    real: Happenings,
    ghosts: Happenings,
) -> list[Part]:
    """Patrols and drones: now here, now there; a team or drone to each stretch of the line."""
    made = []
    for what, whole in ((real, True), (ghosts, False)):
        share = np.where(what.dark, settings.night / 2, 1.0) * chance / settings.misses
        number = np.flatnonzero(rng.random(len(what)) < share) if whole else np.arange(len(what))
        if kind == "uav" and whole:
            jam = chance_of_hours(seed, _STREAM + 9, what.at_ms[number], _stretch(what.xy[number, 0]))
            number = number[jam >= settings.jamming]
        turn, away = 2 * np.pi * rng.random(len(number)), reach_m * np.sqrt(rng.random(len(number)))
        stand = what.xy[number] - away[:, None] * np.column_stack([np.sin(turn), np.cos(turn)])
        who = _stretch(what.xy[number, 0])
        made.append(_say(rng, settings, land, seed, kind, STRETCHES, stand, who, what, number, number if whole else np.full(len(number), -1)))  # fmt: skip
    return made


def _stretch(x: Floats) -> Ints:
    return np.clip((x + LENGTH_M / 2) // (LENGTH_M / STRETCHES), 0, STRETCHES - 1).astype(np.int64)


def _stream(kind: str) -> int:
    return _STREAM + ("post", "camera", "acoustic_array", "patrol", "uav").index(kind)


def _say(
    rng: np.random.Generator,
    settings: Settings,
    land: Ground,
    seed: int,
    kind: str,
    many: int,
    stand: Floats,
    who: Ints,
    what: Happenings,
    number: Ints,
    truth: Ints,
) -> Part:
    size = len(number)
    part = what.extent_m[number]
    xy = what.xy[number] + part[:, None] * rng.uniform(-0.5, 0.5, (size, 2))
    at = what.at_ms[number] + what.span_s[number] * 1e3 * np.where(
        part > 0, rng.uniform(-0.5, 0.5, size), 0.0
    )
    clock = 1e3 * normal(seed, _stream(kind), who, 1)
    columns = _told(rng, what, number, kind)
    columns |= {"source_kind": kind, "source_id": Words(who, names(kind, many)), "time_precision": "exact"}
    wrong = gross(rng, settings, size)
    if kind in ("post", "patrol"):
        step = xy - stand
        far = np.hypot(step[:, 0], step[:, 1])
        bias = settings.bias_deg * normal(seed, _stream(kind), who, 2)
        bearing = (
            np.degrees(np.arctan2(step[:, 0], step[:, 1]))
            + bias
            + 5.0 * error(rng, settings, (size,))
            + 180.0 * wrong
        )
        bearing = np.rint(bearing / 22.5) % 16 * 22.5
        ln = 0.02 * settings.bias_deg * normal(seed, _stream(kind), who, 3) + 0.22 * np.clip(
            error(rng, settings, (size,)), -4, 4
        )
        said = np.clip(far * np.exp(ln), 200.0, 20_000.0)
        low = np.maximum(np.floor(said * 0.78 / 500.0) * 500.0, 100.0)
        high = np.maximum(np.ceil(said * 1.22 / 500.0) * 500.0, low + 400.0)
        heard = rng.random(size) < 0.75
        grid = MINUTE_MS * (
            rng.choice([1, 5, 15], size, p=[0.4, 0.4, 0.2]) if settings.model == "barrage" else 1
        )
        late = (
            at
            + np.where(heard, far / SOUND_M_S, 0.0) * 1e3
            + 25.0 * clock
            + 30e3 * error(rng, settings, (size,))
            + 3_600e3 * wrong
        )
        start = np.floor(late / grid) * grid
        columns |= {
            "place_kind": "sector", "range_min_m": low, "range_max_m": high, "bearing_mdeg": bearing * 1e3,
            "bearing_step_mdeg": 22_500, "means": Words(np.where(heard, 0, 1), ("heard", "saw")),
            "observed_from_ms": start, "observed_to_ms": start + np.maximum(grid, what.span_s[number] * 1e3), "time_precision": "interval",
        }  # fmt: skip
        where = stand
    else:
        cep, clocks, slip = {
            "camera": (70.0, 1.0, 4e3),
            "acoustic_array": (260.0, 1.0, 3e3),
            "uav": (45.0, 10.0, 20e3),
        }[kind]
        where = (
            xy
            + cep / CEP * error(rng, settings, (size, 2))
            + 3_000.0 * wrong[:, None] * rng.uniform(-1, 1, (size, 2))
        )
        start = at + clocks * clock + slip * error(rng, settings, (size,))
        columns |= {
            "place_kind": "point", "error_m": int(cep), "means": {"camera": "recorded", "acoustic_array": "recorded", "uav": "uav_imagery"}[kind],
            "observed_from_ms": start, "observed_to_ms": np.rint(start) + what.span_s[number] * 1e3,
        }  # fmt: skip
    received = columns["observed_to_ms"] + (0.5 + rng.exponential(2.0, size)) * DAY_MS / 24
    udeg = land.plane.to_udeg(where)
    columns |= {"lon_udeg": udeg[:, 0], "lat_udeg": udeg[:, 1], "received_at_ms": received}
    return Part(truth, what.at_ms[number], columns)


def _told(rng: np.random.Generator, what: Happenings, number: Ints, kind: str) -> dict[str, Any]:
    """Act, weapon and count as the witness says them."""
    size = len(number)
    keen = {"camera": 0.93, "uav": 0.96, "acoustic_array": 0.9, "post": 0.88, "patrol": 0.85}[kind]
    act = np.where(rng.random(size) < keen, what.act[number], rng.integers(0, len(ACTS), size))
    named = rng.random(size) < (0.15 if kind == "acoustic_array" else 0.5)
    weapon = np.where(rng.random(size) < 0.85, what.weapon[number], rng.integers(0, len(WEAPONS), size))
    count = np.maximum(1, np.rint(what.count[number] * np.exp(0.2 * rng.standard_normal(size)))).astype(
        np.int64
    )
    several = rng.random(size) < 0.1
    impact = (act == 0) & (rng.random(size) < 0.55)
    return {
        "act": Words(act, ACTS), "weapon": Words(np.where(named, weapon + 1, 0), ("unknown", *WEAPONS)),
        "count_min": count, "count_max": np.where(several, NULL, count),
        "description": Words(np.where(impact, 1, 0), ("undetermined", "impact")),
    }  # fmt: skip
