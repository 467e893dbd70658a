"""All of the benchmark of fusion."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from truceline import fusion
from truceline.mission import simulating
from truceline.mission.fusion_bench import accuracy, real, speed
from truceline.mission.fusion_bench.lines import Line, at_most
from truceline.scale import Tiles, memberships, sides_of
from truceline.simulate.columns import MODELS, Settings

Say = Callable[[str, float], None]


def run(
    quick: bool,
    data: Path | None,
    most: int,
    say: Say = lambda step, share: None,
    seed: int = 1,
    rows: int = 50_000,
) -> dict[str, Any]:
    """Lines and all figures behind them.

    Args:
        quick: small sizes, the standard model, no peers of their own processes: under a minute on a quiet machine.
        data: folder of real data sets; None leaves them out.
        rows: observations of each simulated world.
        most: rows of the largest size of the speed runs; above a million also in tiles.
    """
    lines: list[Line] = []
    figures: dict[str, Any] = {}
    rows, audits = (12_000, 400) if quick else (rows, 1_000)
    for model in MODELS[:1] if quick else MODELS:
        for density in (1.0,) if quick else (1.0, 25.0):
            what = f"{model}, density {density:g}"
            say(what, 0.1)
            settings = Settings(model=model, density=density)
            made = accuracy.world(rows, seed, settings)
            some, figures[f"grouping: {what}"] = accuracy.grouping(
                made, what, not quick and density == 1.0, 0.98 if density == 1.0 else 0.97
            )
            lines += some
            if density == 1.0:
                taught = accuracy.world(rows, seed, settings, audits)
                some, figures[f"existence: {what}"] = accuracy.existence(made, taught, what, audits)
                lines += [*some, *accuracy.places(made, what)]
                if model == MODELS[0]:
                    lines.append(_tiles(made))
    say("zones", 0.6)
    lines += speed.zones(1_000_000 if quick else 10_000_000, 500)
    if data is not None:
        say("real data", 0.7)
        some, figures["real"] = real.lines(data)
        lines += some
    with tempfile.TemporaryDirectory(prefix="truceline-bench-") as name:
        sizes = (
            (10_000, 30_000)
            if quick
            else tuple(n for n in (10_000, 100_000, 300_000, 1_000_000, 3_000_000) if n <= most)
        )
        path = Path(name) / "EXERCISE-observations.parquet"
        say(f"simulating {max(sizes[-1], most if most > 3_000_000 and not quick else 0):,}", 0.8)
        simulating.write(sizes[-1], seed, Settings(), path, Path(name) / "EXERCISE-truth.parquet")
        tiled = None
        if most > 3_000_000 and not quick:
            tiled = Path(name) / "EXERCISE-many.parquet"
            simulating.write(most, seed, Settings(), tiled, Path(name) / "EXERCISE-many-truth.parquet")
        say("speed", 0.9)
        some, figures["speed"] = speed.rates(path, sizes, tiled)
        lines += some
    goals = [one for one in lines if one.met is not None]
    return {
        "quick": quick, "seed": seed, "results": [one.as_dict() for one in lines], "goals": len(goals), "goals_met": sum(bool(one.met) for one in goals),
        "figures": figures,
    }  # fmt: skip


def _tiles(made: accuracy.World) -> Line:
    """Rows whose incident differs between tiles and the whole."""
    names = [made.observations.column(n).unique().to_pylist() for n in ("actor", "accused")]
    days = float(np.ptp(made.observations.column("observed_from_ms").to_numpy())) / 86_400_000
    tiles = Tiles() if days > 60 else Tiles(max(1, min(10, int(days // 2))), max(1, min(5, int(days // 2))))
    made_in_tiles = fusion.fuse(
        made.observations, origin=np.zeros(made.observations.num_rows, dtype=np.int64), parameters=made.parameters,
        alignments=sides_of([*names[0], *names[1]], None), tile_days=tiles.core_days, halo_days=tiles.halo_days,
    )  # fmt: skip
    found = memberships(made_in_tiles)
    differ = sum(a != b for a, b in zip(found.to_pylist(), made.membership.to_pylist(), strict=True))
    return at_most(
        f"tiles of {tiles.core_days} days against the whole: rows that differ",
        differ,
        0,
        f"of {made.observations.num_rows:,}",
    )
