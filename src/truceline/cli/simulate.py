"""`truceline simulate`: the exercise's files without a mission."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import pyarrow.csv
import typer

from truceline.cli.common import AsJson, emit
from truceline.mission.exercise import write_own_csv
from truceline.simulate.exercise import build


def simulate(
    out: Annotated[Path, typer.Argument(help="Folder for the files.", show_default=False)],
    seed: Annotated[int, typer.Option(min=0, help="Seed.")] = 1,
    scale: Annotated[float, typer.Option(help="How busy, against about 1,900 incidents.")] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Write a simulated country: observations as Truceline's own CSV, geometry, and the truth to score against."""
    made = build(seed, scale)
    out.mkdir(parents=True, exist_ok=True)
    write_own_csv(out / "EXERCISE-observers.csv", made.observer_rows)
    for name, table in made.feeds.items():
        write_own_csv(out / name, table)
    pyarrow.csv.write_csv(made.truth, out / "EXERCISE-truth.csv")
    (out / "EXERCISE-geometry.geojson").write_text(
        json.dumps(made.geometry, ensure_ascii=False), encoding="utf-8"
    )
    files = sorted(path.name for path in out.glob("EXERCISE-*"))
    result = {
        "folder": str(out),
        "files": files,
        "observations": made.observations.num_rows,
        "incidents": made.true_incidents.num_rows,
    }
    emit(
        result,
        as_json,
        f"{made.observations.num_rows:,} observations of {made.true_incidents.num_rows:,} simulated incidents in {out}: {', '.join(files)}",
    )
