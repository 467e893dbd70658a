"""`truceline simulate`: a simulated country's files, or any number of observations as columns, without a mission."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import pyarrow.csv
import typer

from truceline.cli.common import AsJson, Progress, emit
from truceline.errors import UsageError
from truceline.mission import simulating
from truceline.mission.exercise import write_own_csv
from truceline.mission.writing import roster
from truceline.simulate.columns import Settings
from truceline.simulate.exercise import build

_USUAL = Settings()


def simulate(
    folder: Annotated[Path | None, typer.Argument(help="Folder for the files of a whole simulated country.", show_default=False)] = None,
    observations: Annotated[int | None, typer.Option(help="Make so many observations as columns instead; needs --out and --truth.", show_default=False)] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Parquet file of observations.", show_default=False)] = None,
    truth: Annotated[Path | None, typer.Option(help="Parquet file of obs_id and incident_id, null for a report of nothing.", show_default=False)] = None,
    incidents: Annotated[Path | None, typer.Option(help="Parquet file of all that truly happened, told of or not.", show_default=False)] = None,
    model: Annotated[str, typer.Option(help="What happens: standard, cascade or barrage (not of the fusion model's family).")] = _USUAL.model,
    density: Annotated[float, typer.Option(help="Incidents for each day, 1 as usual: a million reports a year.")] = _USUAL.density,
    bias_deg: Annotated[float, typer.Option(help="Lasting error of an observer's bearings, standard deviation.")] = _USUAL.bias_deg,
    copies: Annotated[float, typer.Option(help="Mean number of copies of a story.")] = _USUAL.copies,
    strategic: Annotated[float, typer.Option(help="Share of claims that are made up, and again of those that are moved.")] = _USUAL.strategic,
    misses: Annotated[float, typer.Option(help="1 as usual; 2: noticed only at half the distance.")] = _USUAL.misses,
    night: Annotated[float, typer.Option(help="What is left at night of the chance to be noticed.")] = _USUAL.night,
    jamming: Annotated[float, typer.Option(help="Share of hours in which instruments of a stretch are blind.")] = _USUAL.jamming,
    tails: Annotated[float, typer.Option(help="Degrees of freedom of Student's t of errors; 0 for none.")] = _USUAL.tails,
    false_reports: Annotated[float, typer.Option(help="Reports of nothing, 1 as usual.")] = _USUAL.false_reports,
    scale: Annotated[float, typer.Option(help="Whole country: how busy, against about 1,900 incidents.")] = 1.0,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Write a simulated country into FOLDER, or with --observations N any number of observations as Parquet columns."""
    settings = Settings(
        model, density, bias_deg, copies, strategic, misses, night, jamming, tails, false_reports
    )
    if observations is None:
        if folder is None or out or truth or incidents or settings != _USUAL:
            raise UsageError(
                "CLI-040", "simulate needs a folder, or --observations with --out and --truth; model, density and the like are of columns",
                remedy="E.g. truceline simulate --observations 100000 --out observations.parquet --truth truth.parquet.",
            )  # fmt: skip
        _country(folder, seed, scale, as_json)
        return
    if out is None or truth is None or folder is not None:
        raise UsageError("CLI-040", "columns need --out and --truth, and no folder", remedy="Give --out observations.parquet --truth truth.parquet.")  # fmt: skip
    if len({path.resolve() for path in (out, truth, incidents) if path}) < 2 + (incidents is not None):
        raise UsageError(
            "CLI-041", "each output needs a file of its own", value=str(out), remedy="Give different names."
        )
    progress = Progress(not as_json)
    made = simulating.write(
        observations, seed, settings, out, truth, incidents,
        lambda rows: progress.step(f"{rows:,} observations", rows / observations),
    )  # fmt: skip
    progress.done()
    emit(
        made, as_json,
        f"EXERCISE: {made['observations']:,} observations ({made['of_nothing']:,} of nothing) of {made['incidents_told_of']:,} "
        f"incidents; {made['incidents']:,} truly happened. {out}, truth in {truth}.",
    )  # fmt: skip


def _country(out: Path, seed: int, scale: float, as_json: bool) -> None:
    made = build(seed, scale)
    out.mkdir(parents=True, exist_ok=True)
    write_own_csv(out / "EXERCISE-observers.csv", made.observer_rows)
    for name, table in made.feeds.items():
        write_own_csv(out / name, table)
    pyarrow.csv.write_csv(made.truth, out / "EXERCISE-truth.csv")
    pyarrow.csv.write_csv(roster(made.watches), out / "EXERCISE-watches.csv")
    (out / "EXERCISE-geometry.geojson").write_text(
        json.dumps(made.geometry, ensure_ascii=False), encoding="utf-8"
    )
    files = sorted(path.name for path in out.glob("EXERCISE-*"))
    result = {
        "folder": str(out), "files": files, "observations": made.observations.num_rows,
        "incidents": made.true_incidents.num_rows,
    }  # fmt: skip
    emit(
        result, as_json,
        f"{made.observations.num_rows:,} observations of {made.true_incidents.num_rows:,} simulated incidents in {out}: {', '.join(files)}",
    )  # fmt: skip
