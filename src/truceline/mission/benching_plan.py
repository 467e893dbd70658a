"""How fast the states of a large plan are computed, with conditions over facts; and how that grows with acts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from truceline.agreement import plan as plans
from truceline.agreement.conditions import Formula
from truceline.agreement.moments import Bounds
from truceline.agreement.temporal import Facts, signal_of
from truceline.mission.benching import _line

STEPS = 578
"""As many stipulations as the Kroc Institute counts in the Colombian accord of 2016."""
LIMIT_S, EXPONENT_GOAL = 10.0, 1.2
_DAY_MS, _HOUR_MS, _START_MS = 86_400_000, 3_600_000, 1_930_000_000_000
_QUIET = Formula.model_validate({"quiet": {"for": "7 d", "watched_percent": 60}})


def run(steps: int = STEPS, say: Callable[[str, float], None] = lambda step, share: None) -> dict[str, Any]:
    """The plan of `steps` steps at one moment, with a year of hourly coverage, against a limit; growth from one act a step to sixteen."""
    say("a year of coverage", 0.0)
    facts = a_year_of_watching()
    started = time.process_time()
    signal = signal_of(_QUIET, facts)
    monitor = time.process_time() - started
    times: dict[int, float] = {}
    for index, acts in enumerate((1, 4, 16)):
        say(f"{acts * steps:,} acts", 0.1 + 0.3 * index)
        plan, said = a_plan(steps, acts)
        started = time.process_time()
        told = plans.status(plan, said, [], _START_MS + 365 * _DAY_MS, signals={_QUIET.words: signal})
        times[acts * steps] = time.process_time() - started
        assert len(told) == steps
    slope = float(np.polyfit(np.log(list(times)), np.log(list(times.values())), 1)[0])
    most = max(times)
    results = [
        _line(f"{steps} steps, {most:,} acts, {len(signal.times):,} changes of a condition", f"{times[most]:.1f} s", f"limit {LIMIT_S:.0f} s", f"{times[most] / LIMIT_S:.2f}", "1"),
        _line("growth with acts", ", ".join(f"{acts:,}: {seconds:.2f} s" for acts, seconds in times.items()), "exponent of a straight line in logarithms", f"{slope:.2f}", f"{EXPONENT_GOAL}"),
        _line(f"seven days of quiet over {len(facts.at_ms):,} facts", f"{monitor:.2f} s", f"limit {LIMIT_S:.0f} s", f"{monitor / LIMIT_S:.3f}", "1"),
    ]  # fmt: skip
    good = times[most] <= LIMIT_S and slope <= EXPONENT_GOAL and monitor <= LIMIT_S
    return {"steps": steps, "results": results, "within_goals": good}


def a_plan(steps: int, acts: int) -> tuple[plans.Plan, list[plans.Fact]]:
    """Chains of ten steps; every third waits for quiet; each with acts on days drawn from a seed. EXERCISE."""
    rng = np.random.default_rng(20_261_124)
    made, said = [], []
    for number in range(steps):
        end = _START_MS + int(rng.integers(30, 365)) * _DAY_MS
        waits: list[plans.Condition] = [plans.Done(f"EXERCISE-{number - 1}")] if number % 10 else []
        waits += [plans.Over(_QUIET.words, _QUIET)] if number % 3 == 0 else []
        after = plans.AllOf(tuple(waits)) if waits else None
        made.append(plans.Step(f"EXERCISE-{number}", "EXERCISE step", plans.Terms(Bounds(end, end), after)))
        for act in rng.choice(["begun", "reported", "verified", "disputed", "retracted"], acts):
            at = _START_MS + int(rng.integers(0, 365)) * _DAY_MS
            said.append(plans.Fact(f"EXERCISE-{number}", str(act), at, at))
    return plans.Plan(tuple(made)), said


def a_year_of_watching() -> Facts:
    """Hours of a year in which the mission watched 40 to 100 % of a line, and a shot on every ninth day."""
    rng = np.random.default_rng(7)
    hours = _START_MS + np.arange(365 * 24, dtype=np.int64) * _HOUR_MS
    shots = _START_MS + np.arange(0, 365, 9, dtype=np.int64) * _DAY_MS
    at, kind = np.concatenate([hours, shots]), np.array(["watched"] * len(hours) + ["breach"] * len(shots))
    share = np.where(rng.random(len(at)) < 0.995, 80, 40)
    blank, until = np.full(len(at), ""), at + np.where(kind == "watched", _HOUR_MS, 1)
    return Facts(kind, blank, blank, blank, at, until, until, share, np.ones(len(at), dtype=bool), np.zeros(len(at), dtype=bool))  # fmt: skip
