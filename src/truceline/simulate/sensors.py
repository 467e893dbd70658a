"""What the mission's own eyes and instruments say: posts, patrols, cameras, arrays, drones.

Detection falls with distance, weather and night; numbers are rounded and miscounted, clocks are off, some alarms are
false. A post says "3-5 km SW" and knows no more than that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from truceline.simulate.chance import normal, pick, uniform
from truceline.simulate.incidents import ACTS, WEAPONS, Incidents
from truceline.simulate.plane import Bools, Floats, Ints
from truceline.simulate.rows import NULL, Rows, ids, place, rows
from truceline.simulate.terrain import Terrain, in_zone
from truceline.simulate.watches import WATCHED, Source, Watch
from truceline.simulate.weather import dark, sight, sound, weather
from truceline.simulate.world import DAY_MS, HOUR_MS, MINUTE_MS, World

COMPASS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")
_SOUND_M_S = 343.0
_LOUD = np.array(
    [1.7, 1.25, 2.7, 1.5, 1.2, 1.6, 0.0]
)  # how far each act is heard, against the radius of a watch
_VISIBLE = np.array([0.75, 0.5, 1.4, 1.6, 2.2, 1.3, 0.4])
_CEILING = {"post": 0.93, "patrol": 0.9, "camera": 0.85, "acoustic_array": 0.9, "uav": 0.85}
_FALSE_PER_HOUR = {"post": 0.022, "patrol": 0.024, "camera": 0.010, "acoustic_array": 0.022, "uav": 0.01}


def observe(
    world: World,
    land: Terrain,
    seed: int,
    source: Source,
    watches: list[Watch],
    true: Incidents,
) -> Rows:
    """All rows of one source: true detections and false alarms."""
    stretches = [w for w in watches if w.outcome == WATCHED and w.to_ms > w.from_ms]
    if not stretches:
        return rows([], np.empty(0, dtype=np.int64))
    stretches.sort(key=lambda w: w.from_ms)
    from_ms = np.array([w.from_ms for w in stretches])
    to_ms = np.array([w.to_ms for w in stretches])
    stand = np.array([w.xy for w in stretches])
    which = np.searchsorted(from_ms, true.at_ms, side="right") - 1
    on = (which >= 0) & (true.at_ms < to_ms[which])
    hit = np.flatnonzero(on)
    hit, heard = _detected(world, seed, source, stand[which[hit]], true, hit)
    real = _dressed(
        world, land, seed, source, stand[which[hit]], hit, heard, at_ms=true.at_ms[hit], span_ms=true.span_ms[hit],
        xy=true.xy[hit], act=true.act[hit], weapon=true.weapon[hit], calibre_um=true.calibre_um[hit],
        count=true.count[hit], impact=true.impact[hit], by_left=true.by_left[hit], false=False,
    )  # fmt: skip
    alarm = _false_alarms(world, land, seed, source, stretches)
    return real if alarm is None else _both(real, alarm)


def _detected(
    world: World, seed: int, source: Source, stand: Floats, true: Incidents, hit: Ints
) -> tuple[Ints, Bools]:
    gap = true.xy[hit] - stand
    away = np.hypot(gap[:, 0], gap[:, 1])
    act, at = true.act[hit], true.at_ms[hit]
    sky = weather(world, seed, at, true.xy[hit, 0])
    night = dark(world, at)
    see = np.where(night & (not source.thermal), 0.35, 1.0) * sight(sky)
    see = np.where((act == ACTS.index("illumination_flare")) & night, 2.0 * sight(sky), see)
    hear = np.where(night, 1.1, 1.0) * sound(sky)
    far_seen, far_heard = (
        np.maximum(source.radius_m * k, 1.0) for k in (_VISIBLE[act] * see, _LOUD[act] * hear)
    )
    loudness = 1.0 + 0.1 * np.log(true.count[hit])
    ceiling = _CEILING[source.kind]
    p_seen = ceiling * np.exp(-((away / far_seen) ** 2))
    p_heard = ceiling * np.exp(-((away / (far_heard * loudness)) ** 3))
    match source.kind:
        case "camera":
            p_heard = np.zeros(len(hit))
            bearing = np.degrees(np.arctan2(gap[:, 0], gap[:, 1]))
            off = np.abs((bearing - (source.bearing_deg or 0.0) + 180.0) % 360.0 - 180.0)
            p_seen = np.where(off <= (source.width_deg or 360.0) / 2, p_seen, 0.0)
        case "acoustic_array":
            p_seen = np.zeros(len(hit))
            p_heard = np.where(act == ACTS.index("explosion"), p_heard, 0.1 * p_heard)
        case "uav":
            p_heard = np.zeros(len(hit))
            p_seen = np.where(
                act == ACTS.index("weapon_present"), np.where(away < 2_600.0, 0.55, 0.0), p_seen
            )
        case _:
            pass
    u = uniform(seed, source.number, hit, 1), uniform(seed, source.number, hit, 2)
    seen, heard = u[0] < p_seen, u[1] < p_heard
    found = seen | heard
    return hit[found], (heard & ~seen)[found]


def _dressed(
    world: World, land: Terrain, seed: int, source: Source, stand: Floats, key: Ints, heard: Bools, *,
    at_ms: Ints, span_ms: Ints, xy: Floats, act: Ints, weapon: Ints, calibre_um: Ints, count: Ints, impact: Bools,
    by_left: Bools, false: bool,
) -> Rows:  # fmt: skip
    """Rows from what truly reached a source."""
    kind, number, size = source.kind, source.number, len(key)
    stream = number + (5_000 if false else 0)
    gap = xy - stand
    away = np.hypot(gap[:, 0], gap[:, 1])
    clock = _clock_ms(seed, source, at_ms, world)
    begin = at_ms + np.where(heard, away / _SOUND_M_S * 1_000.0, 0.0).astype(np.int64) + clock
    end = begin + span_ms
    told, several = _counted(seed, stream, key, count, act, kind)
    said_weapon, said_calibre = _weapon(seed, stream, key, weapon, calibre_um, away, heard, kind)
    description = _description(seed, stream, key, act, impact, heard, kind)
    names = np.array(ACTS)[act]
    if kind in ("post", "patrol"):
        begin = begin // MINUTE_MS * MINUTE_MS
        end = -(-(end + 1) // MINUTE_MS) * MINUTE_MS
        means = np.where(heard, "heard", "saw")
        delay = (20 + 200 * uniform(seed, stream, key, 30)) * MINUTE_MS
    else:
        means = np.full(size, {"camera": "recorded", "acoustic_array": "heard", "uav": "uav_imagery"}[kind])
        delay = (1 + 9 * uniform(seed, stream, key, 30)) * MINUTE_MS * (60 if kind == "uav" else 1)
    columns = _where(world, land, seed, source, stream, stand, key, gap, away, heard, names)
    said = columns.pop("said")
    verb = {"heard": "heard", "saw": "saw", "recorded": "recorded", "uav_imagery": "imaged"}
    text = [
        f"EXERCISE: {verb[m]} {'several' if s else n} {d + ' ' if d != 'unknown' else ''}{a.replace('_', ' ')}"
        f"{'' if s or n == 1 else 's'}{w}"
        for m, s, n, d, a, w in zip(
            means.tolist(), several.tolist(), told.tolist(), description, names.tolist(), said, strict=True
        )
    ]  # fmt: skip
    obs = ids(seed, stream, key)
    minute = np.full(size, kind in ("post", "patrol"))
    return rows(
        obs, np.full(size, -1) if false else key,
        source_id=source.id, source_kind=kind, observed_from_ms=begin, observed_to_ms=end,
        time_precision=np.where(minute, "interval", "exact").tolist(), received_at_ms=end + delay.astype(np.int64),
        means=means.tolist(), act=names.tolist(), description=description, weapon=said_weapon,
        calibre_um=said_calibre, count_min=told, count_max=np.where(several, NULL, told),
        direction_mdeg=_direction(seed, stream, key, act, by_left, heard), lang="en", text=text,
        in_disengagement_area=np.where(in_zone(land, xy), "yes", "no").tolist() if kind != "acoustic_array" else None,
        **columns,
    )  # fmt: skip


def _clock_ms(seed: int, source: Source, at_ms: Ints, world: World) -> Ints:
    """Seconds of everyday error, minutes of one post for nine days, and one camera that kept the wrong hour for three."""
    day = (at_ms - world.start_ms) // DAY_MS
    small = normal(seed, source.number, day, 40) * (
        20_000.0 if source.kind in ("post", "patrol") else 1_500.0
    )
    wrong = np.where((source.number == 104) & (day >= 8) & (day < 17), 4 * MINUTE_MS, 0)
    wrong = np.where((source.number == 305) & (day >= 22) & (day < 25), -HOUR_MS, wrong)
    return small.astype(np.int64) + wrong


def _counted(seed: int, stream: int, key: Ints, count: Ints, act: Ints, kind: str) -> tuple[Ints, Bools]:
    """Long series are undercounted, some are only "several"; people round large numbers, instruments do not."""
    share = np.where(count > 1, np.clip(0.88 + 0.14 * normal(seed, stream, key, 3), 0.3, 1.15), 1.0)
    told = np.maximum(np.rint(count * share), 1).astype(np.int64)
    if kind in ("post", "patrol"):
        told = np.where(told > 60, told // 10 * 10, np.where(told > 20, told // 5 * 5, told))
    several = (told > 2) & (uniform(seed, stream, key, 4) < 0.12) & (kind in ("post", "patrol"))
    told = np.where(act >= ACTS.index("overflight"), 1, told)
    return np.where(several, 2, told), np.asarray(several & (act < ACTS.index("overflight")), dtype=np.bool_)


def _weapon(
    seed: int, stream: int, key: Ints, weapon: Ints, calibre_um: Ints, away: Floats, heard: Bools, kind: str
) -> tuple[list[str], Ints]:
    near = np.exp(-away / 4_000.0)
    knows = np.where(weapon <= WEAPONS.index("heavy_machine_gun"), 0.8, 0.25 + 0.35 * near) * np.where(
        heard, 0.8, 1.0
    )
    if kind in ("acoustic_array",):
        knows = np.full(len(key), 0.15)
    told = uniform(seed, stream, key, 5) < knows
    slips = uniform(seed, stream, key, 6) < 0.08
    named = np.where(slips, np.clip(weapon + np.where(key % 2 == 0, 1, -1), 0, len(WEAPONS) - 1), weapon)
    sized = told & ~slips & (calibre_um > 0) & (uniform(seed, stream, key, 7) < 0.4)
    words = np.where(told, np.array(WEAPONS)[named], "unknown").tolist()
    return words, np.where(sized, calibre_um, NULL)


def _description(
    seed: int, stream: int, key: Ints, act: Ints, impact: Bools, heard: Bools, kind: str
) -> list[str]:
    explosion, flying = act == ACTS.index("explosion"), act == ACTS.index("projectile")
    sure = uniform(seed, stream, key, 8) < np.where(heard, 0.3, 0.8) * (
        0.5 if kind == "acoustic_array" else 1.0
    )
    word = np.where(
        explosion, np.where(sure, np.where(impact, "impact", "outgoing"), "undetermined"), "unknown"
    )
    said: list[str] = np.where(flying, "in_flight", word).tolist()
    return said


def _direction(seed: int, stream: int, key: Ints, act: Ints, by_left: Bools, heard: Bools) -> Ints:
    """Of what was seen to fly: towards the other side, about."""
    seen = (act == ACTS.index("projectile")) & ~heard
    towards = np.where(by_left, 180.0, 0.0) + 35.0 * normal(seed, stream, key, 9)
    return np.where(seen, (np.rint(towards / 22.5) * 22_500 % 360_000).astype(np.int64), NULL)


def _where(
    world: World, land: Terrain, seed: int, source: Source, stream: int, stand: Floats, key: Ints, gap: Floats,
    away: Floats, heard: Bools, names: np.ndarray[tuple[int], np.dtype[np.str_]],
) -> dict[str, Any]:  # fmt: skip
    size = len(key)
    if source.kind in ("uav", "acoustic_array"):
        sigma = 60.0 if source.kind == "uav" else 70.0 + 0.06 * away
        off = np.column_stack([normal(seed, stream, key, 10), normal(seed, stream, key, 11)])
        xy = stand + gap + off * np.broadcast_to(sigma, size)[:, None]
        cep = np.rint(np.broadcast_to(sigma * 1.1774, size)).astype(np.int64)
        return {"place_kind": "point", "error_m": cep, "said": [""] * size, **place(land.plane, xy)}
    bias = 2.5 * float(normal(seed, source.number, 41)[0])
    wobble = (2.0 if source.kind == "camera" else 6.0) * normal(seed, stream, key, 12)
    bearing = np.degrees(np.arctan2(gap[:, 0], gap[:, 1])) + bias + wobble
    step = 5.0 if source.kind == "camera" else 22.5
    rounded = np.rint(bearing / step) * step % 360.0
    guess = away * np.exp((0.12 if source.kind == "camera" else 0.24) * normal(seed, stream, key, 13))
    grain = np.where(guess < 2_000.0, 500.0, 1_000.0)
    low = np.maximum(np.floor(guess * 0.8 / grain) * grain, 100.0)
    high = np.maximum(np.ceil(guess * 1.2 / grain) * grain, low + grain)
    vague = heard & (uniform(seed, stream, key, 14) < 0.06)
    said = [
        f", {a / 1000:g}-{b / 1000:g} km {COMPASS[round(c / 22.5) % 16]}"
        if not v
        else f", to the {COMPASS[round(c / 22.5) % 16]}"
        for a, b, c, v in zip(low.tolist(), high.tolist(), rounded.tolist(), vague.tolist(), strict=True)
    ]
    return {
        "place_kind": "sector", "said": said, "bearing_mdeg": (rounded * 1000).astype(np.int64),
        "bearing_step_mdeg": int(step * 1000), "range_min_m": np.where(vague, NULL, low.astype(np.int64)),
        "range_max_m": np.where(vague, NULL, high.astype(np.int64)), **place(land.plane, stand),
    }  # fmt: skip


def _false_alarms(
    world: World, land: Terrain, seed: int, source: Source, stretches: list[Watch]
) -> Rows | None:
    """Thunder, quarries, fireworks, head lamps: as many as the hours watched call for."""
    hours = np.array([(w.to_ms - w.from_ms) / HOUR_MS for w in stretches])
    begin = np.array([w.from_ms for w in stretches])
    expected = hours * _FALSE_PER_HOUR[source.kind]
    which = np.flatnonzero(uniform(seed, source.number, begin, 20) < 1.0 - np.exp(-expected))
    if not len(which):
        return None
    key = (begin[which] - world.start_ms) // MINUTE_MS
    stand = np.array([stretches[index].xy for index in which.tolist()])
    at = begin[which] + (uniform(seed, source.number, key, 21) * hours[which] * HOUR_MS).astype(np.int64)
    away = source.radius_m * (0.3 + 1.2 * uniform(seed, source.number, key, 22))
    turn = 2 * np.pi * uniform(seed, source.number, key, 23)
    if source.bearing_deg is not None:
        spread = np.radians(source.width_deg or 60.0)
        turn = np.radians(source.bearing_deg) + (turn / (2 * np.pi) - 0.5) * spread
    xy = stand + away[:, None] * np.column_stack([np.sin(turn), np.cos(turn)])
    act = pick((0.15, 0.2, 0.65), seed, source.number, key, 24)
    size = len(key)
    return _dressed(
        world, land, seed, source, stand, key, np.full(size, source.kind not in ("camera", "uav")), at_ms=at,
        span_ms=np.zeros(size, dtype=np.int64), xy=xy, act=act, weapon=np.zeros(size, dtype=np.int64),
        calibre_um=np.zeros(size, dtype=np.int64), count=1 + pick((6, 2, 1), seed, source.number, key, 25),
        impact=np.ones(size, dtype=np.bool_), by_left=np.zeros(size, dtype=np.bool_), false=True,
    )  # fmt: skip


def _both(first: Rows, second: Rows) -> Rows:
    return pa.concat_tables([first[0], second[0]]), np.concatenate([first[1], second[1]])
