"""What people say: complaints, the parties' claims, denials and quiet days, and outlets that copy each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from truceline.simulate.chance import bits, normal, pick, uniform
from truceline.simulate.incidents import ACTS, WEAPONS, Incidents
from truceline.simulate.plane import Bools, Floats, Ints
from truceline.simulate.rows import NULL, Rows, ids, place, rows
from truceline.simulate.terrain import Terrain, sector_ids
from truceline.simulate.watches import holder
from truceline.simulate.world import DAY_MS, HOUR_MS, MINUTE_MS, Roster, World

_CLAIM, _DENIAL, _QUIET, _COMPLAINT, _MEDIA = 700, 710, 720, 730, 740
_CLAIM_SHARE = np.array([0.75, 0.5, 1.1, 0.5, 0.05, 0.9, 0.2])
_COMPLAINT_SHARE = np.array([0.14, 0.09, 0.46, 0.12, 0.02, 0.2, 0.1])
_FALSE_SHARE = 0.14
PLACE_CEP_M = 2_000
_WORDS = {
    "burst": "bursts of fire", "shot": "shots", "explosion": "shelling", "projectile": "a projectile",
    "illumination_flare": "a flare", "overflight": "a drone overhead", "weapon_present": "a forbidden weapon",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claims:
    """What outlets can take up: columns of the claims that were made."""

    key: Ints
    truth: Ints
    place: Ints
    begin: Ints
    end: Ints
    act: Ints
    said_at: Ints
    actor: list[str]
    accused: list[str]
    obs_id: list[str]


def claims(world: World, land: Terrain, seed: int, true: Incidents) -> tuple[Rows, Claims]:
    """Each party says what the other did: most of it true, some of it moved, swollen or made up."""
    index = np.arange(len(true))
    told = np.flatnonzero(uniform(seed, _CLAIM, index, 1) < 1.05 * _CLAIM_SHARE[true.act])
    made_up = round(len(told) * _FALSE_SHARE / (1 - _FALSE_SHARE))
    number = np.arange(made_up)
    borrowed = (uniform(seed, _CLAIM, number, 2) * len(true)).astype(
        np.int64
    )  # a likely place at another time
    shift = ((uniform(seed, _CLAIM, number, 3) - 0.5) * 12 * DAY_MS).astype(np.int64)
    at = np.concatenate(
        [
            true.at_ms[told],
            (true.at_ms[borrowed] + shift - world.start_ms) % (world.days * DAY_MS) + world.start_ms,
        ]
    )
    source = np.concatenate([told, borrowed])
    key = np.concatenate([told, 10_000_000 + number])
    truth = np.concatenate([told, np.full(made_up, -1)])
    by_left = true.by_left[source]
    actor, accused = _sides(world, land, true.xy[source], by_left)
    admits = uniform(seed, _CLAIM, key, 4) < 0.012
    actor = [b if own else a for a, b, own in zip(actor, accused, admits.tolist(), strict=True)]
    where = _place_near(land, seed, _CLAIM, key, true.xy[source])
    begin, end, precision = _vague_time(world, seed, _CLAIM, key, at, true.span_ms[source])
    said_at = end + (HOUR_MS * (0.3 + 8 * uniform(seed, _CLAIM, key, 5) ** 2)).astype(np.int64)
    act = true.act[source]
    acts = ["shelling" if a == "explosion" else a for a in np.array(ACTS)[act].tolist()]
    swollen = np.ceil(true.count[source] * np.exp(0.35 + 0.5 * normal(seed, _CLAIM, key, 6))).astype(np.int64)
    weapon = np.where(uniform(seed, _CLAIM, key, 7) < 0.6, np.array(WEAPONS)[true.weapon[source]], "unknown")
    obs = ids(seed, _CLAIM, key)
    killed, injured = _toll(seed, _CLAIM, key, act, swollen)
    tongue = _tongues(world, actor)
    names = [land.toponyms[p][t] for p, t in zip(where.tolist(), tongue, strict=True)]
    text = [
        f"EXERCISE: the other side opened up with {_WORDS[a]} at {name}, {n} in all"
        for a, name, n in zip(np.array(ACTS)[act].tolist(), names, swollen.tolist(), strict=True)
    ]
    made = rows(
        obs, truth, source_id=[f"EXERCISE-{a}" for a in actor], source_kind="party", actor=actor, stance="claim",
        observed_from_ms=begin, observed_to_ms=end, time_precision=precision, received_at_ms=said_at, place_kind="named",
        error_m=PLACE_CEP_M, place_name=names, place_precision=1, means="told", act=acts, weapon=weapon.tolist(),
        count_min=swollen, accused=accused, killed_min=killed, killed_max=killed, injured_min=injured,
        injured_max=injured, intent=np.where(uniform(seed, _CLAIM, key, 8) < 0.3, "deliberate", "unknown").tolist(),
        lang=["qaa" if not t else "qab" for t in tongue], text=text, **place(land.plane, land.places[where]),
    )  # fmt: skip
    return made, Claims(key, truth, where, begin, end, act, said_at, actor, accused, obs)


def denials(world: World, land: Terrain, seed: int, made: Claims) -> Rows:
    """The accused answer one claim in six."""
    chosen = np.flatnonzero(uniform(seed, _DENIAL, made.key, 1) < 0.17)
    chosen = chosen[[made.actor[i] != made.accused[i] for i in chosen.tolist()]]
    key, where = made.key[chosen], made.place[chosen]
    actor = [made.accused[i] for i in chosen.tolist()]
    tongue = _tongues(world, actor)
    names = [land.toponyms[p][t] for p, t in zip(where.tolist(), tongue, strict=True)]
    return rows(
        ids(seed, _DENIAL, key), made.truth[chosen], source_id=[f"EXERCISE-{a}" for a in actor], source_kind="party",
        actor=actor, stance="denial", observed_from_ms=made.begin[chosen], observed_to_ms=made.end[chosen],
        time_precision="interval", place_kind="named", place_name=names, place_precision=1, error_m=PLACE_CEP_M,
        received_at_ms=made.said_at[chosen] + (HOUR_MS * (1 + 14 * uniform(seed, _DENIAL, key, 2))).astype(np.int64),
        means="told", act=["shelling" if a == "explosion" else a for a in np.array(ACTS)[made.act[chosen]].tolist()],
        lang=["qaa" if not t else "qab" for t in tongue], text=[f"EXERCISE: nobody of ours fired at {n}" for n in names],
        **place(land.plane, land.places[where]),
    )  # fmt: skip


def quiet(world: World, land: Terrain, seed: int) -> Rows:
    """Daily lines of each party that this or that sector was quiet, whether it was or not."""
    sectors = sector_ids(world.sectors)
    day, number, part = (
        a.ravel()
        for a in np.meshgrid(
            np.arange(world.days), np.arange(len(world.parties)), np.arange(2), indexing="ij"
        )
    )
    key = (day * 16 + number) * 2 + part
    said = uniform(seed, _QUIET, key, 1) < 0.72
    day, number, part, key = day[said], number[said], part[said], key[said]
    about = (uniform(seed, _QUIET, key, 2) * len(sectors)).astype(np.int64)
    begin = world.start_ms + day * DAY_MS + np.where(part == 0, -6, 6) * HOUR_MS
    actor = [world.parties[n].id for n in number.tolist()]
    middle = (land.edges[about] + land.edges[about + 1]) / 2
    centre = np.column_stack([middle, land.line_y(middle)])
    return rows(
        ids(seed, _QUIET, key), np.full(len(key), -1), source_id=[f"EXERCISE-{a}" for a in actor], source_kind="party",
        actor=actor, stance="quiet", observed_from_ms=begin, observed_to_ms=begin + 12 * HOUR_MS,
        time_precision="part_of_day", received_at_ms=begin + 14 * HOUR_MS, place_kind="area",
        area_id=[sectors[i] for i in about.tolist()], error_m=8_000, means="told", act="statement", count_min=0,
        count_max=0, lang=["qaa" if not t else "qab" for t in _tongues(world, actor)],
        text=[f"EXERCISE: the {'night' if p == 0 else 'day'} passed quietly in {sectors[i]}"
              for p, i in zip(part.tolist(), about.tolist(), strict=True)],
        **place(land.plane, centre),
    )  # fmt: skip


def complaints(world: World, land: Terrain, seed: int, true: Incidents) -> Rows:
    """Lodged with the mission by the party that was hit; one in fifteen has no ground."""
    told = np.flatnonzero(uniform(seed, _COMPLAINT, np.arange(len(true)), 1) < _COMPLAINT_SHARE[true.act])
    groundless = uniform(seed, _COMPLAINT, told, 2) < 0.065
    at = true.at_ms[told] + np.where(
        groundless, ((uniform(seed, _COMPLAINT, told, 3) - 0.5) * 5 * DAY_MS), 0
    ).astype(np.int64)
    at = np.clip(at, world.start_ms, world.end_ms - HOUR_MS)
    actor, accused = _sides(world, land, true.xy[told], true.by_left[told])
    where = _place_near(land, seed, _COMPLAINT, told, true.xy[told])
    begin, end, precision = _vague_time(world, seed, _COMPLAINT, told, at, true.span_ms[told])
    tongue = _tongues(world, actor)
    names = [land.toponyms[p][t] for p, t in zip(where.tolist(), tongue, strict=True)]
    acts = np.array(ACTS)[true.act[told]].tolist()
    count = np.ceil(true.count[told] * np.exp(0.2 + 0.35 * normal(seed, _COMPLAINT, told, 4))).astype(
        np.int64
    )
    killed, injured = _toll(seed, _COMPLAINT, told, true.act[told], count)
    return rows(
        ids(seed, _COMPLAINT, told), np.where(groundless, -1, told), source_id=[f"EXERCISE-{a}" for a in actor],
        source_kind="complaint", actor=actor, stance="claim", observed_from_ms=begin, observed_to_ms=end,
        time_precision=precision,
        received_at_ms=end + (HOUR_MS * (1 + 30 * uniform(seed, _COMPLAINT, told, 5) ** 2)).astype(np.int64),
        place_kind="named", place_name=names, place_precision=1, error_m=PLACE_CEP_M, means="told",
        act=["shelling" if a == "explosion" else a for a in acts], count_min=count, accused=accused, killed_min=killed,
        killed_max=killed, injured_min=injured, injured_max=injured, lang=["qaa" if not t else "qab" for t in tongue],
        text=[f"EXERCISE: we complain of {_WORDS[a]} at {n}" for a, n in zip(acts, names, strict=True)],
        **place(land.plane, land.places[where]),
    )  # fmt: skip


def media(world: World, roster: Roster, land: Terrain, seed: int, true: Incidents, made: Claims) -> Rows:
    """Outlets: some send their own people, most retell a party or copy one another, and only some say whom."""
    own = np.flatnonzero(uniform(seed, _MEDIA, np.arange(len(true)), 1) < np.where(true.act == 2, 0.2, 0.05))
    retold = np.flatnonzero(uniform(seed, _MEDIA, made.key, 2) < 0.45)
    where = np.concatenate([_place_near(land, seed, _MEDIA, own, true.xy[own]), made.place[retold]])
    own_begin, own_end, _ = _vague_time(world, seed, _MEDIA, own, true.at_ms[own], true.span_ms[own])
    begin, end = np.concatenate([own_begin, made.begin[retold]]), np.concatenate([own_end, made.end[retold]])
    act = np.concatenate([true.act[own], made.act[retold]])
    truth = np.concatenate([own, made.truth[retold]])
    key = np.concatenate([own, 20_000_000 + made.key[retold]])
    first_at = np.concatenate([own_end, made.said_at[retold]]) + (
        HOUR_MS * 2 * uniform(seed, _MEDIA, key, 3)
    ).astype(np.int64)
    origin = [""] * len(own) + [made.obs_id[i] for i in retold.tolist()]
    accused = [None] * len(own) + [made.accused[i] for i in retold.tolist()]
    copies = np.minimum(np.floor(uniform(seed, _MEDIA, key, 4) ** -0.8), roster.outlets - 1).astype(np.int64)
    row = np.repeat(np.arange(len(key)), copies)
    turn = np.arange(len(row)) - np.repeat(np.cumsum(copies) - copies, copies)
    outlet = (bits(seed, _MEDIA, key).astype(np.uint64)[row] % np.uint64(roster.outlets)).astype(np.int64)
    outlet = (outlet + turn * 3) % roster.outlets
    obs = ids(seed, _MEDIA, key[row], turn)
    first = [obs[i] for i in (np.cumsum(copies) - copies)[row].tolist()]
    names_given = uniform(seed, _MEDIA, key[row], turn, 5) < np.where(turn == 0, 0.6, 0.45)
    copy_of = [
        None if not given else (origin[r] or None) if t == 0 else f
        for given, r, t, f in zip(names_given.tolist(), row.tolist(), turn.tolist(), first, strict=True)
    ]
    acts = np.array(ACTS)[act]
    wording = pick((3, 2, 2, 2), seed, _MEDIA, key[row], turn, 6)
    text = [
        _retelling(w, t, _WORDS[a], land.toponyms[p][int(o) % 2], bool(origin[r]))
        for w, t, a, p, o, r in zip(
            wording.tolist(), turn.tolist(), acts[row].tolist(), where[row].tolist(), outlet.tolist(), row.tolist(), strict=True
        )
    ]  # fmt: skip
    lag = (HOUR_MS * turn * (0.4 + 1.2 * uniform(seed, _MEDIA, key[row], turn, 7))).astype(np.int64)
    return rows(
        obs, truth[row], source_id=[f"EXERCISE-outlet-{o + 1:02d}" for o in outlet.tolist()], source_kind="media",
        stance="third_party", copy_of=copy_of, observed_from_ms=begin[row], observed_to_ms=end[row],
        time_precision="interval", received_at_ms=first_at[row] + lag, place_kind="named",
        place_name=[land.toponyms[p][o % 2] for p, o in zip(where[row].tolist(), outlet.tolist(), strict=True)],
        place_precision=1, error_m=PLACE_CEP_M, means="read", accused=[accused[r] for r in row.tolist()],
        act=["shelling" if a == "explosion" else a for a in acts[row].tolist()],
        lang=["qaa" if o % 2 == 0 else "qab" for o in outlet.tolist()], text=text,
        **place(land.plane, land.places[where[row]]),
    )  # fmt: skip


def _retelling(wording: int, turn: int, act: str, name: str, claimed: bool) -> str:
    head = "One side says" if claimed else "People near the line say"
    body = f"{head} that {act} hit {name} and that repairs will take days"
    if turn == 0:
        return f"EXERCISE: {body}."
    return f"EXERCISE: {('', 'Update. ', 'As reported: ', '')[wording]}{body}{('.', '', ' .', '. Read on.')[wording]}"


def _sides(world: World, land: Terrain, xy: Floats, by_left: Bools) -> tuple[list[str], list[str]]:
    """Who complains and who is accused: the holders of the ground across the line from each other."""
    over = land.line_y(xy[:, 0])
    left_holder = holder(world, land, np.column_stack([xy[:, 0], over + 1.0]))
    right_holder = holder(world, land, np.column_stack([xy[:, 0], over - 1.0]))
    actor = [r if by else le for le, r, by in zip(left_holder, right_holder, by_left.tolist(), strict=True)]
    accused = [le if by else r for le, r, by in zip(left_holder, right_holder, by_left.tolist(), strict=True)]
    return actor, accused


def _tongues(world: World, actor: list[str]) -> list[int]:
    left = set(world.alignments[0].members)
    return [0 if a in left else 1 for a in actor]


def _place_near(land: Terrain, seed: int, stream: int, key: Ints, xy: Floats) -> Ints:
    wander = np.column_stack([normal(seed, stream, key, 90), normal(seed, stream, key, 91)]) * 700.0
    return land.nearest_place(xy + wander)


def _vague_time(
    world: World, seed: int, stream: int, key: Ints, at: Ints, span: Ints
) -> tuple[Ints, Ints, list[str]]:
    """An hour or so, part of a day, or a day; a few are wrong by a whole hour."""
    kind = pick((0.7, 0.22, 0.08), seed, stream, key, 92)
    slip = np.where(uniform(seed, stream, key, 93) < 0.03, HOUR_MS, 0)
    near = at + slip + (normal(seed, stream, key, 94) * 9 * MINUTE_MS).astype(np.int64)
    begin = np.where(
        kind == 0,
        (near - 15 * MINUTE_MS) // (5 * MINUTE_MS) * (5 * MINUTE_MS),
        near - (near - world.start_ms) % (6 * HOUR_MS),
    )
    end = np.where(kind == 0, begin + 30 * MINUTE_MS + span // MINUTE_MS * MINUTE_MS, begin + 6 * HOUR_MS)
    begin = np.where(kind == 2, near - (near - world.start_ms) % DAY_MS, begin)
    end = np.where(kind == 2, begin + DAY_MS, end)
    return begin, end, [("interval", "part_of_day", "day")[k] for k in kind.tolist()]


def _toll(seed: int, stream: int, key: Ints, act: Ints, count: Ints) -> tuple[Ints, Ints]:
    hurt = (act == ACTS.index("explosion")) & (
        uniform(seed, stream, key, 95) < 0.05 + 0.01 * np.minimum(count, 20)
    )
    killed = pick((0.75, 0.19, 0.06), seed, stream, key, 96)
    injured = 1 + pick((0.5, 0.3, 0.2), seed, stream, key, 97)
    return np.where(hurt, killed, NULL), np.where(hurt, injured, NULL)
