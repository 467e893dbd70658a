"""How well coverage foretells what is noticed, on countries whose truth is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from truceline import coverage, fusion
from truceline.coverage.summary import weeks_of
from truceline.geo import Line, Sectors
from truceline.mission.teaching import exercise_parameters
from truceline.records.codes import MISSION_KINDS
from truceline.simulate.exercise import Exercise, build

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
