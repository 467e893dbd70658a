"""Parameters of exercises: learned on simulated countries whose truth is known, and tried on others.

A simulated country has its own habits (how often a camera errs, how often a party makes something up), as a real one
has; a mission learns them from its audits. What ships for exercises was learned on seeds that no demo uses by default.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.resources import files
from typing import Any

import numpy as np
import pyarrow as pa

from truceline import coverage, fusion
from truceline import score as scores
from truceline.errors import UsageError
from truceline.geo import Line, Sectors
from truceline.mission.computing import HOUR_MS
from truceline.simulate.exercise import Exercise, build

FILE = "exercise_parameters.json"
TAUGHT_ON = (101, 102, 103, 104)
PASSES = 3
TRUST = 8.0  # thousands of incidents whose truth is known: the priors matter little
Say = Callable[[str], None]


def exercise_parameters() -> fusion.Parameters:
    """The parameters that ship for exercises, made by `teach(TAUGHT_ON)`."""
    shipped = json.loads(files("truceline.mission").joinpath(FILE).read_text(encoding="utf-8"))
    return fusion.Parameters.from_dict(shipped["values"])


def teach(seeds: Sequence[int], scale: float = 1.0, say: Say = lambda step: None) -> fusion.Parameters:
    """Learn on whole exercises: shares from their reports, each for itself, weights from the truth of all together."""
    worlds = []
    for seed in seeds:
        say(f"simulating seed {seed}")
        worlds.append(_Country(build(seed, scale)))
    own = [world.learn() for world in worlds]
    parameters = replace(
        fusion.DEFAULTS,
        place_tail_e1=300,
        place_scale_e3=1_000,  # pairs of reports of one thing lie apart as bells do in these countries
        rate_e3=_mean([one.rate_e3 for one in own]),
        unmatched_e4={kind: _mean([one.unmatched_e4[kind] for one in own]) for kind in own[0].unmatched_e4},
        detection_e4={kind: _mean([one.detection_e4[kind] for one in own]) for kind in own[0].detection_e4},
    )
    truth = {obs: happened for world in worlds for obs, happened in world.happened().items()}
    for turn in range(PASSES):
        say(f"weighing, pass {turn + 1} of {PASSES}")
        incidents = pa.concat_tables([world.fuse(parameters) for world in worlds])
        parameters = fusion.calibrate(incidents, truth, parameters, trust=TRUST)
    return parameters


def tried(
    seeds: Sequence[int], parameters: fusion.Parameters, scale: float = 1.0, say: Say = lambda step: None
) -> dict[str, dict[str, Any]]:
    """Scores (`score.measure`) of exercises fused with given parameters, by seed."""
    found = {}
    for seed in seeds:
        say(f"trying seed {seed}")
        world = _Country(build(seed, scale))
        truth = world.made.truth.rename_columns(["obs_id", "incident_id"])
        found[str(seed)] = scores.measure(world.fuse(parameters), truth)
    return found


def audited(
    seeds: Sequence[int], count: int, scale: float = 1.0, say: Say = lambda step: None
) -> dict[str, dict[str, Any]]:
    """Scores of exercises that learn from audits of their own, of the incidents in which nothing was audited.

    Args:
        count: how many incidents, drawn at random, the audit looks into; it finds the truth of each of their reports.
    """
    found = {}
    for seed in seeds:
        say(f"auditing seed {seed}")
        world = _Country(build(seed, scale))
        before = world.fuse(fusion.DEFAULTS)["supports"].to_pylist()
        drawn = np.random.default_rng(seed).permutation(len(before))[:count].tolist()
        happened = world.happened()
        audits = {obs: happened[obs] for index in drawn for obs in before[index]}
        incidents = world.fuse(world.learn(audits))
        rest = [not any(obs in audits for obs in supports) for supports in incidents["supports"].to_pylist()]
        truth = world.made.truth.rename_columns(["obs_id", "incident_id"])
        found[str(seed)] = scores.measure(incidents.filter(pa.array(rest)), truth)
    return found


def calibration(
    seeds: Sequence[int], taught_on: Sequence[int], scale: float = 1.0, say: Say = lambda step: None,
    audits: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Learn on some seeds, or take what ships, and score others; or let each learn from audits of its own.

    Args:
        audits: incidents of each country itself that are audited; then nothing else is learned from.
    Returns:
        {"taught_on", "parameters": flat values, "seeds": {seed: scores}}, or {"audits", "seeds"}.
    Raises:
        UsageError: MIS-034, a seed is both taught and tried.
    """
    if audits is not None:
        return {"audits": audits, "seeds": audited(seeds, audits, scale, say)}
    learned_from = tuple(taught_on) or TAUGHT_ON
    both = sorted(set(seeds) & set(learned_from))
    if both:
        raise UsageError(
            "MIS-034", "no seed may be both learned from and scored", value=both[0],
            remedy=f"Choose seeds other than {', '.join(map(str, learned_from))}.",
        )  # fmt: skip
    parameters = teach(taught_on, scale, say) if taught_on else exercise_parameters()
    return {
        "taught_on": list(learned_from), "parameters": parameters.as_dict(),
        "seeds": tried(seeds, parameters, scale, say),
    }  # fmt: skip


class _Country:
    """One simulated country, its reports ready to be fused without a log."""

    def __init__(self, made: Exercise) -> None:
        self.made = made
        self.table = made.observations
        self.line = Line.from_geojson(
            next(f for f in made.geometry["features"] if f["properties"]["role"] == "line")
        )
        self.sectors = Sectors.from_geojson(made.geometry)
        self.exposure = coverage.exposure(
            made.watches, sectors=self.sectors, line=self.line, from_ms=made.start_ms // HOUR_MS * HOUR_MS,
            to_ms=-(-made.end_ms // HOUR_MS) * HOUR_MS, zone=made.zone,
        )  # fmt: skip

    def learn(self, audits: dict[str, bool] | None = None) -> fusion.Parameters:
        return fusion.learn(
            self.table, self.exposure, line=self.line, sectors=self.sectors, alignments=self.made.alignments,
            audits=audits,
        )  # fmt: skip

    def fuse(self, parameters: fusion.Parameters) -> pa.Table:
        return fusion.fuse(
            self.table, origin=np.arange(self.table.num_rows), parameters=parameters, line=self.line,
            sectors=self.sectors, alignments=self.made.alignments, exposure=self.exposure,
        ).incidents  # fmt: skip

    def happened(self) -> dict[str, bool]:
        truth = self.made.truth
        return {
            obs: bool(of)
            for obs, of in zip(truth["obs_id"].to_pylist(), truth["incident"].to_pylist(), strict=True)
        }


def _mean(values: list[int]) -> int:
    return round(sum(values) / len(values))
