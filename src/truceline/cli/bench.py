"""`truceline bench`: ratios against a peer or a limit, measured in one run on one machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from truceline.cli.common import AsJson, Progress, emit, table
from truceline.errors import EnvironmentFailure, UsageError
from truceline.log import benching as log_benching
from truceline.mission import benching, benching_articles, benching_plan, benching_server, fusion_bench

app = typer.Typer(help="Ratios against a peer or a limit, measured in one run on one machine.")


@app.callback(invoke_without_command=True)
def bench(
    context: typer.Context,
    rows: Annotated[int, typer.Option(min=1000, help="Rows of the file to import.")] = 1_000_000,
    demo: Annotated[bool, typer.Option(help="Also run the whole exercise.")] = True,
    as_json: AsJson = False,
) -> None:
    """Import a file of many rows against pyarrow reading it alone; the whole demo; peak memory. Or one of the commands."""
    if context.invoked_subcommand is not None:
        return
    progress = Progress(not as_json)
    made = benching.run(rows, with_demo=demo, say=progress.step)
    progress.done()
    _tell_ratios(made, as_json)


@app.command()
def assess(
    rows: Annotated[
        int, typer.Option(min=10_000, help="Incidents to hold against the Minsk texts.")
    ] = 1_000_000,
    as_json: AsJson = False,
) -> None:
    """Hold incidents against the five Minsk texts, beside a bare point-in-zone join; memory, growth, the monitor of conditions."""
    progress = Progress(not as_json)
    made = benching_articles.run(rows, say=progress.step)
    progress.done()
    _tell_ratios(made, as_json)


@app.command()
def plan(
    steps: Annotated[int, typer.Option(min=10, help="Steps of the plan.")] = benching_plan.STEPS,
    as_json: AsJson = False,
) -> None:
    """Compute the states of a large plan whose steps wait for quiet, over a year of coverage, against a limit; growth with acts."""
    progress = Progress(not as_json)
    made = benching_plan.run(steps, say=progress.step)
    progress.done()
    _tell_ratios(made, as_json)


@app.command()
def fusion(
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes: under a minute on a quiet machine.")] = False,
    data: Annotated[Path | None, typer.Option(help="Folder of real data sets (docs/benchmarks.md); left out without it.", show_default=False)] = None,
    rows: Annotated[int, typer.Option(min=1_000, help="Observations of each simulated world.")] = 50_000,
    most: Annotated[int, typer.Option(min=10_000, help="Rows of the largest run; above 3,000,000 also in tiles.")] = 1_000_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulator.")] = 1,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Fusion on simulated truth and real data: grouping, existence, places, speed, memory, beside peers and limits."""
    if data is not None and not data.is_dir():
        raise UsageError("CLI-007", "the folder must exist", where=str(data), remedy="Check the path.")
    progress = Progress(not as_json)
    made = fusion_bench.run(quick, data, most, progress.step, seed, rows)
    progress.done()
    marks = {True: "yes", False: "no", None: ""}
    shown = [
        (one["what"], one["measured"], one["against"], one["goal"], marks[one["met"]])
        for one in made["results"]
    ]
    emit(
        made,
        as_json,
        table(shown, ("what", "measured", "against", "goal", "met"))
        + f"\n{made['goals_met']} of {made['goals']} goals met",
    )


@app.command("log")
def log(
    entries: Annotated[int | None, typer.Option(min=1000, help="Entries of the log that is audited and opened; 1,000,000 unless given.", show_default=False)] = None,
    seconds: Annotated[float | None, typer.Option(min=0.5, help="How long each number of submitters appends; 10 unless given.", show_default=False)] = None,
    folder: Annotated[Path | None, typer.Option("--folder", metavar="FOLDER", exists=True, file_okay=False, help="On the disk to be measured; the temporary folder unless given.", show_default=False)] = None,
    quick: Annotated[bool, typer.Option("--quick", help="20,000 entries and 2 s each, unless said otherwise: a look, no figure to quote.")] = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """The log: appends, latency, receipts, audit, proofs, start-up, memory, beside verifications, hashes and syncs of the same run."""
    progress = Progress(not as_json)
    made = log_benching.run(
        entries or (20_000 if quick else 1_000_000),
        seconds or (2.0 if quick else 10.0),
        folder,
        progress.step,
    )
    progress.done()
    rows = [
        (one["what"], _figure(one["value"]) + f" {one['unit']}".replace(" /s", "/s"),
         f"{_figure(one['limit'])} ({one['limit_of']})" if one["limit"] is not None else "",
         f"{one['ratio']:.2f}" if one["ratio"] is not None else "", one["goal"])
        for one in made["results"]
    ]  # fmt: skip
    emit(made, as_json, table(rows, ("what", "measured", "against", "ratio", "goal")))
    if not made["within_goals"]:
        raise typer.Exit(1)


@app.command()
def serve(
    incidents: Annotated[int, typer.Option(min=500, help="Incidents in the store, with five observations each.")] = 1_000_000,
    readers: Annotated[int, typer.Option(min=0, max=2000, help="Readers at once; each asks for a page every 10 s.")] = 200,
    writers: Annotated[int, typer.Option(min=0, max=500, help="Writers at once; each records a review every 10 s.")] = 20,
    seconds: Annotated[float, typer.Option(min=1, help="How long readers and writers go on.")] = 600.0,
    database: Annotated[str, typer.Option("--database", metavar="URL", help="An empty database for the views; the mission's own file unless given.", show_default=False)] = "",
    folder: Annotated[Path | None, typer.Option("--folder", metavar="FOLDER", exists=True, file_okay=False, help="On the disk to be measured; the temporary folder unless given.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """The mission server: each page over a large store, then many readers and writers at once; whole distributions."""
    progress = Progress(not as_json)
    try:
        made = benching_server.run(
            incidents, readers, writers, seconds, folder, database or None, progress.step
        )
    except ModuleNotFoundError as problem:
        raise EnvironmentFailure(
            "CLI-060", "the mission server needs its packages", value=problem.name,
            remedy="Install them: pip install 'truceline[serve]'.",
        ) from problem  # fmt: skip
    progress.done()
    rows = [
        (one["what"], f"{one['n']:,}", *("" if one[name] is None else f"{one[name] * 1e3:,.0f}" for name in ("p50", "p95", "p99")),
         f"{one['most'] * 1e3:,.0f}" if one["unit"] else str(one["most"]), "" if one["goal"] is None else f"{one['goal'] * 1e3:,.0f}")
        for one in made["results"]
    ]  # fmt: skip
    store = made["store"]
    told = (
        f"{store['incidents']:,} incidents, {store['observations']:,} observations in {store['database']}, {store['file_bytes'] / 1e9:.2f} GB, "
        f"filled in {store['fill_seconds']:,.0f} s; the server's peak: {made['load']['server_peak_bytes'] / 1e6:,.0f} MB"
    )
    emit(
        made,
        as_json,
        table(rows, ("what, in ms", "n", "p50", "p95", "p99", "most", "goal (p95)")) + "\n" + told,
    )
    if not made["within_goals"]:
        raise typer.Exit(1)


def _tell_ratios(made: dict[str, Any], as_json: bool) -> None:
    columns = ("what", "measured", "against", "ratio", "goal")
    emit(made, as_json, table([tuple(one[name] for name in columns) for one in made["results"]], columns))
    if not made["within_goals"]:
        raise typer.Exit(1)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
