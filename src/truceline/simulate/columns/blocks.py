"""All of it, block after block of time, each from a generator of its own: memory does not grow with the length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from truceline.errors import UsageError
from truceline.simulate.columns import hearsay, witnesses
from truceline.simulate.columns.ground import Ground, ground
from truceline.simulate.columns.happenings import ACTS, WEAPONS, Happenings, happen, phantoms
from truceline.simulate.columns.settings import Settings
from truceline.simulate.columns.table import Part, incident_ids, obs_ids, observations
from truceline.simulate.plane import Ints
from truceline.simulate.world import generator

BLOCK_DAYS = 14.0
TRUE_INCIDENTS = pa.schema(
    [
        ("incident_id", pa.string()), ("at_ms", pa.int64()), ("lon_udeg", pa.int32()), ("lat_udeg", pa.int32()),
        ("act", pa.string()), ("weapon", pa.string()), ("count", pa.int64()), ("party", pa.string()), ("reports", pa.int64()),
    ]
)  # fmt: skip
TRUTH = pa.schema([("obs_id", pa.string()), ("incident_id", pa.string())])
_STREAM = 70_000


@dataclass(frozen=True, slots=True)
class Block:
    """observations: `records.columns.OBSERVATIONS`. truth: obs_id, incident_id, null for a report of nothing.

    incidents: `TRUE_INCIDENTS`, every one that happened, told of or not (`reports` says by how many rows).
    """

    observations: pa.Table
    truth: pa.Table
    incidents: pa.Table


def blocks(count: int, seed: int, settings: Settings | None = None) -> Iterator[Block]:
    """`count` observations in order of what they are about, in pieces of at most about 60,000 rows.

    Equal arguments give equal rows; fewer observations of one seed are the first of more.

    Raises:
        UsageError: SIM-013 a number of observations below 1; SIM-005 a seed below 0.
    """
    if count < 1:
        raise UsageError(
            "SIM-013", "the number of observations must be at least 1", value=count, remedy="Give e.g. 10000."
        )
    settings = settings or Settings()
    generator(seed, 0)
    land = ground(seed)
    days = BLOCK_DAYS / max(settings.density, 1.0)
    left, number, first_row, first_incident = count, 0, 0, 0
    while left > 0:
        rng = generator(seed, _STREAM + number)
        made = _block(rng, settings, land, seed, number * days, days, first_row, first_incident, left)
        left -= made.observations.num_rows
        first_row += made.observations.num_rows
        first_incident += made.incidents.num_rows
        number += 1
        yield made


def _block(
    rng: np.random.Generator,
    settings: Settings,
    land: Ground,
    seed: int,
    first_day: float,
    days: float,
    first_row: int,
    first_incident: int,
    most: int,
) -> Block:
    real = happen(rng, settings, land, seed, first_day, days)

    def ghosts(a_day: float) -> Happenings:
        expected = a_day * settings.false_reports * settings.density * days
        return phantoms(rng, land, first_day, days, int(rng.poisson(expected)))

    parts: list[Part] = []
    for station in land.stations:
        parts.append(witnesses.stationed(rng, settings, land, seed, station, real))
        parts.append(
            witnesses.false_alarms(
                rng, settings, land, seed, station, ghosts(witnesses.FALSE_A_DAY[station.kind])
            )
        )
    for kind, chance, reach in (("patrol", 0.05, 4_000.0), ("uav", 0.04, 2_500.0)):
        parts += witnesses.roving(
            rng, settings, land, seed, kind, chance, reach, real, ghosts(witnesses.FALSE_A_DAY[kind])
        )
    claimed = 0.17 * len(real)
    made_up = phantoms(
        rng, land, first_day, days, int(rng.poisson(claimed * settings.strategic / (1 - settings.strategic)))
    )
    parts += hearsay.claims(rng, settings, land, real, made_up)
    parts += hearsay.pixels(rng, settings, land, real, ghosts(hearsay.FALSE_A_DAY["satellite"]))
    parts.append(hearsay.damage(rng, settings, land, real))
    stories = []
    for kind, chance in (("complaint", 0.02), ("media", 0.07)):
        told = np.flatnonzero(rng.random(len(real)) < chance)
        nothing = ghosts(hearsay.FALSE_A_DAY[kind])
        made = [
            hearsay.named(rng, settings, land, kind, real, told, told),
            hearsay.named(
                rng, settings, land, kind, nothing, np.arange(len(nothing)), np.full(len(nothing), -1)
            ),
        ]
        parts += made
        stories += made if kind == "media" else []
    numbers: list[Ints] = []
    total = first_row
    for part in parts:
        numbers.append(np.arange(total, total + len(part)))
        total += len(part)
    for story in stories:
        at = next(i for i, part in enumerate(parts) if part is story)
        again = hearsay.copies(rng, settings, story, obs_ids(numbers[at], seed))
        parts.append(again)
        numbers.append(np.arange(total, total + len(again)))
        total += len(again)
    return _together(settings, land, seed, real, parts, numbers, first_incident, most)


def _together(
    settings: Settings,
    land: Ground,
    seed: int,
    real: Happenings,
    parts: list[Part],
    numbers: list[Ints],
    first: int,
    most: int,
) -> Block:
    truth = np.concatenate([part.truth for part in parts])
    key = np.concatenate([part.key for part in parts])
    number = np.concatenate(numbers)
    order = np.lexsort((number, key))[:most]
    table = pa.concat_tables(
        [observations(part, numbered, seed) for part, numbered in zip(parts, numbers, strict=True)]
    )
    table = table.take(pa.array(order)).combine_chunks()
    told = truth[order]
    last = real.at_ms <= key[order[-1]] if len(order) < len(key) else np.ones(len(real), dtype=bool)
    udeg = land.plane.to_udeg(real.xy)
    incidents = pa.table(
        {
            "incident_id": incident_ids(np.arange(len(real)), first), "at_ms": np.rint(real.at_ms).astype(np.int64), "lon_udeg": udeg[:, 0].astype(np.int32),
            "lat_udeg": udeg[:, 1].astype(np.int32), "act": np.array(ACTS)[real.act].tolist(), "weapon": np.array(WEAPONS)[real.weapon].tolist(),
            "count": real.count, "party": np.array(hearsay.PARTIES)[np.where(real.by_left, 0, 1)].tolist(),
            "reports": np.bincount(told[told >= 0], minlength=len(real)),
        }, schema=TRUE_INCIDENTS,
    )  # fmt: skip
    return Block(
        table,
        pa.table({"obs_id": table["obs_id"], "incident_id": incident_ids(told, first)}, schema=TRUTH),
        incidents.filter(pa.array(last)),
    )  # fmt: skip
