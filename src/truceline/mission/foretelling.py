"""How well coverage and the mechanism designer foretell what is noticed, on countries whose truth is known."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from truceline import coverage, fusion
from truceline import mechanism as mechanisms
from truceline.coverage.summary import weeks_of
from truceline.coverage.sun import NIGHT_BELOW_DEG, elevation_deg
from truceline.geo import Line, Sectors
from truceline.mission.teaching import exercise_parameters
from truceline.records.codes import MISSION_KINDS
from truceline.simulate.exercise import Exercise, build
from truceline.simulate.terrain import make_terrain
from truceline.simulate.watches import Source, make_sources
from truceline.simulate.world import World, generator

HOUR_MS = 3_600_000


def coverage_scores(seeds: Sequence[int], scale: float = 1.0) -> dict[str, Any]:
    """Learn detection from the fused reports of each country alone, and hold notice and totals against its truth."""
    rows = {str(seed): _scored(build(seed, scale)) for seed in seeds}
    cells = sum(one["cells"] for one in rows.values())
    return {
        "seeds": rows, "cells": cells,
        "held": sum(one["cells_held"] for one in rows.values()) / max(cells, 1),
        "total_ratio": sum(one["total"] for one in rows.values()) / max(sum(one["true"] for one in rows.values()), 1),
    }  # fmt: skip


def ground_of(made: Exercise) -> tuple[Line, Sectors]:
    """The line and the sectors of an exercise."""
    features = made.geometry["features"]
    line = next(f for f in features if f["properties"]["role"] == "line")
    return Line.from_geojson(line), Sectors.from_geojson(made.geometry)


def fused_of(made: Exercise, exposed: pa.Table) -> pa.Table:
    """Incidents as the mission of the exercise would fuse them."""
    line, sectors = ground_of(made)
    observations = made.observations
    return fusion.fuse(
        observations, origin=np.arange(observations.num_rows), parameters=exercise_parameters(), line=line, sectors=sectors,
        alignments=made.alignments, exposure=exposed,
    ).incidents  # fmt: skip


def _scored(made: Exercise) -> dict[str, Any]:
    line, sectors = ground_of(made)
    span: dict[str, Any] = {
        "sectors": sectors,
        "line": line,
        "from_ms": made.start_ms,
        "to_ms": made.end_ms,
        "zone": made.zone,
    }
    incidents = fused_of(made, coverage.exposure(made.watches, **span))
    learned = coverage.learn(coverage.trials(incidents, made.observations, made.watches))
    learned = coverage.temper(learned, incidents, coverage.exposure(made.watches, detection=learned, **span))
    exposed = coverage.exposure(made.watches, detection=learned, **span)
    truth = made.true_incidents
    place = sectors.of(np.column_stack([truth[n].to_numpy() for n in ("lon_udeg", "lat_udeg")]) / 1e6)
    hour = truth["at_ms"].to_numpy() // HOUR_MS * HOUR_MS
    said = {
        (r["sector_id"], r["hour_ms"]): r for r in exposed.to_pylist() if r["source_kind"] == coverage.ANY
    }
    kind = dict(
        zip(
            made.observations["obs_id"].to_pylist(), made.observations["source_kind"].to_pylist(), strict=True
        )
    )
    by_own = {
        name for one, name in zip(*(made.truth[n].to_pylist() for n in ("obs_id", "incident")), strict=True)
        if name and kind[one] in MISSION_KINDS
    }  # fmt: skip
    weeks, _ = weeks_of(hour, ZoneInfo(made.zone))
    counted: Counter[tuple[Any, str, str]] = Counter()
    lights: dict[str, list[float]] = {"day": [0, 0, 0], "night": [0, 0, 0]}
    for name, sector, at, week in zip(
        truth["incident"].to_pylist(), place, hour.tolist(), weeks, strict=True
    ):
        cell = said[(sector, at)]
        light = "night" if cell["night"] else "day"
        counted[(sector, week, light)] += 1
        for index, value in enumerate((1, name in by_own, cell["noticed_e4"] / 1e4)):
            lights[light][index] += value
    held = cells = refused = 0
    total = true = 0.0
    for row in coverage.totals(incidents, exposed).to_pylist():
        if row["sector_id"] == "all" or row["light"] == "both":
            continue
        if row["total_e1"] is None:
            refused += 1
            continue
        there = counted[(row["sector_id"], row["week"], row["light"])]
        cells += 1
        held += row["low_e1"] / 10 - 0.5 <= there <= row["high_e1"] / 10 + 0.5
        total, true = total + row["total_e1"] / 10, true + there
    return {
        "cells": cells, "refused": refused, "cells_held": held, "total": total, "true": true,
        "light": {
            word: {"incidents": int(n), "noticed": noticed / n, "foretold": foretold / n}
            for word, (n, noticed, foretold) in lights.items() if n
        },
    }  # fmt: skip


def proposal_of(made: Exercise) -> mechanisms.Proposal:
    """The mechanism of an exercise, as one would have proposed it: who, where, when, how often refused, what is expected.

    Nothing is taken from what happened. The simulator knows no visits, no hills that hide, and has weather.
    """
    world, roster = made.world, made.roster
    land = make_terrain(world, generator(made.seed, 0))
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(land.line, axis=0).T))])
    sides = [alignment.id for alignment in world.alignments]

    def km(x: float) -> float:
        return round(float(np.interp(x, land.line[:, 0], along)) / 1_000, 3)

    def fixed(source: Source) -> dict[str, Any]:
        left = bool(land.left(source.xy.reshape(1, 2))[0])
        off = float(land.distance_m(source.xy.reshape(1, 2))[0])
        return {
            "id": source.id,
            "at_km": km(float(source.xy[0])),
            "side": sides[0 if left else 1],
            "offset_m": round(off),
        }

    sources = make_sources(world, roster, land, made.seed, {})
    by = {
        kind: [one for one in sources if one.kind == kind]
        for kind in ("post", "patrol", "camera", "acoustic_array", "uav")
    }
    half, length = world.extent_m / 2, km(world.extent_m / 2)
    step = world.extent_m / max(roster.teams, 1)
    hot = [
        {"at_km": km(float(x)), "weight": float(w) * 100, "spread_km": float(s) * 1.6 / 1_000}
        for x, w, s in zip(land.hot_x, land.hot_weight, land.hot_spread_m, strict=True)
    ]
    degrees = land.plane.to_lonlat(land.line)
    return mechanisms.parse(
        {
            "format": mechanisms.FORMAT, "name": world.name[:80], "exercise": True, "days": world.days, "utc_offset_hours": 4,
            "starts": dt.datetime.fromtimestamp(made.start_ms / 1_000, ZoneInfo(made.zone)).date().isoformat(),
            "ground": {"coordinates": degrees.tolist(), "left": sides[0], "right": sides[1]},
            "expect": {
                "incidents_per_day": world.incidents / world.days, "night_share": 0.5, "depth_m": 1_000, "anywhere_share": 0.13,
                "hot_spots": hot,
            },
            "posts": [
                fixed(one) | {"range_m": one.radius_m, "up": min(roster.post_up + 0.13, 1.0), "nights_per_week": 7 * roster.night_posts}
                for one in by["post"]
            ],
            "cameras": [
                fixed(one) | {
                    "range_m": one.radius_m, "thermal": one.thermal, "up": 0.84, "bearing_deg": one.bearing_deg, "width_deg": one.width_deg,
                }
                for one in by["camera"]
            ],
            "arrays": [fixed(one) | {"range_m": one.radius_m, "up": roster.array_up} for one in by["acoustic_array"]],
            "teams": [
                {
                    "id": one.id, "from_km": km(max(float(one.xy[0]) - step / 2, -half)), "to_km": km(min(float(one.xy[0]) + step / 2, half)),
                    "side": fixed(one)["side"], "offset_m": 1_550, "range_m": one.radius_m, "visits_per_day": 0, "hours_per_stop": 1.8,
                }
                for one in by["patrol"]
            ],
            "drones": [
                {
                    "id": one.id, "from_km": 0 if index % 2 == 0 else length / 2, "to_km": length / 2 if index % 2 == 0 else length,
                    "range_m": one.radius_m, "flights_per_day": 1.8, "jammed": 0.11,
                }
                for index, one in enumerate(by["uav"])
            ],
            "access": {"refused": dict.fromkeys(sides, 0.1)},
        }, "exercise",
    )  # fmt: skip


MEASURED = (
    "watched_day",
    "watched_night",
    "noticed",
    "noticed_day",
    "noticed_night",
    "verified",
    "asymmetry",
)


def mechanism_scores(seeds: Sequence[int], replications: int = 60) -> dict[str, Any]:
    """What the designer foretells of the exercise's mechanism, and what the simulator then yields, seed by seed.

    Consent is not withdrawn in these countries: no proposal foresees that. `verified` is two sources of the mission's own.
    """
    world = replace(World(), withdrawal_day=World().days + 1)
    rows: dict[str, Any] = {}
    for seed in seeds:
        made = build(seed, world=world)
        foretold = mechanisms.compare(
            [proposal_of(made)], seed=seed, replications=replications, more=False
        ).foretold[0]
        yielded = _yield(made)
        rows[str(seed)] = {
            key: {
                "foretold": foretold.measures[key].mean, "low": foretold.measures[key].low, "high": foretold.measures[key].high,
                "yielded": yielded[key],
            }
            for key in MEASURED
        }  # fmt: skip
    held = [one["low"] <= one["yielded"] <= one["high"] for row in rows.values() for one in row.values()]
    errors = {
        key: float(np.mean([row[key]["foretold"] - row[key]["yielded"] for row in rows.values()]))
        for key in MEASURED
    }
    return {"seeds": rows, "held": float(np.mean(held)), "error": errors}


def _yield(made: Exercise) -> dict[str, float]:
    line, sectors = ground_of(made)
    exposed = coverage.exposure(
        made.watches, sectors=sectors, line=line, from_ms=made.start_ms, to_ms=made.end_ms, zone=made.zone
    )
    rows = [r for r in exposed.to_pylist() if r["source_kind"] == coverage.ANY]
    watched = {}
    for night in (False, True):
        metres = sum(r["line_m"] for r in rows if r["night"] is night)
        watched[night] = sum(r["line_m"] * r["watched_e4"] for r in rows if r["night"] is night) / (
            1e4 * metres
        )
    names = ("source_id", "source_kind")
    spoke = dict(
        zip(
            made.observations["obs_id"].to_pylist(),
            zip(*(made.observations[n].to_pylist() for n in names), strict=True),
            strict=True,
        )
    )
    by: dict[str, set[str]] = {}
    for one, name in zip(*(made.truth[n].to_pylist() for n in ("obs_id", "incident")), strict=True):
        source, kind = spoke[one]
        if name and kind in MISSION_KINDS:
            by.setdefault(name, set()).add(source)
    truth = made.true_incidents
    count = np.array([len(by.get(name, ())) for name in truth["incident"].to_pylist()])
    lonlat = np.column_stack([truth[n].to_numpy() for n in ("lon_udeg", "lat_udeg")]) / 1e6
    at = truth["at_ms"].to_numpy()
    dark = elevation_deg(at, lonlat[:, 0], lonlat[:, 1]) < NIGHT_BELOW_DEG
    left = line.signed_distance_m(lonlat) > 0
    two = count >= 2
    return {
        "watched_day": watched[False], "watched_night": watched[True], "noticed": float((count > 0).mean()),
        "noticed_day": float((count > 0)[~dark].mean()), "noticed_night": float((count > 0)[dark].mean()),
        "verified": float(two.mean()), "asymmetry": float(two[left].mean() - two[~left].mean()),
    }  # fmt: skip
