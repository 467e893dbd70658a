"""Two things to try on an exercise: exchange the sides, move a post."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa

from truceline import agreement as agreements
from truceline import coverage
from truceline.errors import UsageError
from truceline.mission import computing
from truceline.mission.exercise import AGREEMENT, open_exercise, prepare
from truceline.mission.mission import Mission
from truceline.mission.relabelling import (
    exchanged,
    first_difference,
    relabel_exercise,
    relabel_packed,
    relabel_rows,
)  # fmt: skip
from truceline.simulate.exercise import Exercise, build
from truceline.simulate.world import World

METRES_PER_DEGREE = 111_195.0


def swap(root: Path) -> dict[str, Any]:
    """Fuse and assess the exercise with the names of the alignments and of the parties exchanged."""
    first = exercise_of(root)
    names, packed = exchanged(first), agreements.pack(AGREEMENT)
    with tempfile.TemporaryDirectory(prefix="truceline-") as name:
        one = _computed(Path(name) / "one", first, packed)
        two = _computed(Path(name) / "two", relabel_exercise(first, names), relabel_packed(packed, names))
    difference = ""
    for what, before, after in zip(("incident", "finding"), one, two, strict=True):
        difference = difference or first_difference(
            what, relabel_rows(before.to_pylist(), names), relabel_rows(after.to_pylist(), {})
        )
    return {
        "symmetric": not difference, "difference": difference, "incidents": one[0].num_rows,
        "findings": one[1].num_rows, "names": names,
    }  # fmt: skip


def move_post(root: Path, post: str, *, north_km: float, east_km: float) -> dict[str, Any]:
    """Coverage by sector before and after one post stands elsewhere; the mission in `root` stays as it is."""
    before = exercise_of(root)
    places = {
        feature["properties"]["id"]: feature["geometry"]["coordinates"]
        for feature in before.geometry["features"]
        if feature["properties"]["role"] == "post"
    }
    post = post or sorted(places)[0]
    if post not in places:
        raise UsageError(
            "MIS-031",
            "the post must be one of the exercise",
            value=post,
            remedy=f"Known: {', '.join(sorted(places))}.",
        )
    lon, lat = places[post]
    there = (post, lon + east_km * 1000 / METRES_PER_DEGREE, lat + north_km * 1000 / METRES_PER_DEGREE)
    after = build(before.seed, world=before.world, roster=before.roster, moved=(there,))
    watched = [_watched(made) for made in (before, after)]
    sectors = [
        {"sector": sector, "before_e1": watched[0].get(sector, 0), "after_e1": watched[1].get(sector, 0)}
        for sector in sorted(watched[0] | watched[1])
    ]
    return {"post": post, "sectors": sectors}


def _computed(root: Path, made: Exercise, agreement: bytes) -> tuple[pa.Table, pa.Table]:
    """Incidents and findings of an exercise."""
    mission = prepare(root, made, agreement=agreement)
    fused = computing.fuse(mission, as_of_ms=made.end_ms)
    return fused.table, computing.assess(mission, as_of_ms=made.end_ms).table


def _watched(made: Exercise) -> dict[str, int]:
    """Tenths of an hour watched by sector over the exercise."""
    with tempfile.TemporaryDirectory(prefix="truceline-") as name:
        mission = open_exercise(Path(name) / "mission", made)
        exposure = computing.exposure_of(mission, made.watches, made.observations)
    assert exposure is not None
    summary: pa.Table = coverage.summary(exposure, zone=made.zone)
    total: dict[str, int] = {}
    for row in summary.to_pylist():
        total[row["sector_id"]] = total.get(row["sector_id"], 0) + row["hours_watched_e1"]
    return total


def exercise_of(root: Path) -> Exercise:
    """The exercise that a folder was made from, simulated again. Raises UsageError MIS-032."""
    mission = Mission.open(root)
    seed = mission.genesis.settings.get("seed")
    if not mission.genesis.exercise or not isinstance(seed, int):
        raise UsageError(
            "MIS-032", "only an exercise that `truceline demo` made can be simulated again", where=str(root),
            remedy="Make one: truceline demo --out FOLDER.",
        )  # fmt: skip
    busy = mission.genesis.settings.get("simulated_incidents")
    return build(seed, world=World() if busy is None else dataclasses.replace(World(), incidents=float(busy)))
