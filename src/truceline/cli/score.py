"""`truceline score`: how good the incidents are where the truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from truceline import score as scores
from truceline.cli.common import AsJson, Keys, emit, table
from truceline.errors import UsageError
from truceline.mission import alerting, foretelling, layers, scoring, teaching
from truceline.mission.mission import Mission


class Files(TyperGroup):
    """A word that is no command is the first of two files: `score membership.parquet truth.parquet`."""

    default = "columns"

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands and Path(args[0]).suffix:
            args = [self.default, *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    help="Measure fusion where the truth is known: `score MEMBERSHIP TRUTH`, or one of the commands.",
    no_args_is_help=True, cls=Files,
)  # fmt: skip


@app.command()
def columns(
    membership: Annotated[Path, typer.Argument(help="Parquet file with obs_id, incident_id, existence.", show_default=False)],
    truth: Annotated[Path, typer.Argument(help="Parquet file with obs_id, incident_id; null for a report of nothing.", show_default=False)],
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Hold a membership against a truth: pairs, B-cubed, Brier score, calibration. The name of the command may be left out."""
    emit_scores(scoring.of_columns(membership, truth), as_json)


@app.command()
def exercise(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="An exercise that `truceline demo` made.", show_default=False)],
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Hold the newest incidents of an exercise against what the simulator knows to have happened."""
    emit_scores(scoring.of_exercise(folder, keys), as_json)


@app.command()
def ged(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder with the coded articles (see docs/benchmarks.md).", show_default=False)],
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Fuse coded casualty articles by their headlines and compare with the coders' filing."""
    if not folder.is_dir():
        raise UsageError("CLI-007", "the folder must exist", where=str(folder), remedy="Check the path.")
    emit_scores(scoring.of_ged(folder), as_json)


@app.command()
def calibration(
    seed: Annotated[list[int], typer.Option(help="Exercises to score; repeat.", show_default=False)],
    taught_on: Annotated[list[int] | None, typer.Option(help="Exercises to learn from instead of what ships; repeat.", show_default=False)] = None,
    audits: Annotated[int | None, typer.Option(help="Learn from this many audits of each scored exercise itself, and score the rest of it.", min=0, show_default=False)] = None,
    scale: Annotated[float, typer.Option(help="How busy, against the whole exercise.")] = 1.0,
    diagram: Annotated[Path | None, typer.Option(help="Draw what was said against what came true into this PNG file.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Learn on some simulated countries, or take what ships, and score the probabilities of others."""
    made = teaching.calibration(
        seed, taught_on or [], scale, lambda step: None if as_json else typer.echo(step, err=True), audits
    )
    rows = [
        (
            name, f"{one['incidents_found']:,}", f"{one['incidents_expected']:,.0f}", f"{one['incidents_true']:,}",
            f"{one['existence']['brier']:.3f}", f"{one['existence']['skill']:.3f}",
            f"{one['existence']['calibration_error']:.3f}", f"{one['grouping']['bcubed_f1']:.3f}",
            f"{one['grouping_of_real']['bcubed_f1']:.3f}",
        )
        for name, one in made["seeds"].items()
    ]  # fmt: skip
    heads = ("seed", "found", "expected", "true", "Brier", "skill", "ECE", "B3 all", "B3 real")
    if diagram is not None:
        _draw(diagram, made)
    emit(made, as_json, table(rows, heads))


@app.command()
def coverage(
    seed: Annotated[list[int], typer.Option(help="Exercises to score; repeat.", show_default=False)],
    scale: Annotated[float, typer.Option(help="How busy, against the whole exercise.")] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Hold learned chances of notice, and totals of seen and unseen incidents, against what simulated countries hold."""
    made = foretelling.coverage_scores(seed, scale)
    rows = [
        (
            name, *(f"{one['light'][word][what]:.3f}" for word in ("day", "night") for what in ("noticed", "foretold")),
            f"{one['cells']}", f"{one['refused']}", f"{one['cells_held'] / max(one['cells'], 1):.2f}", f"{one['total']:.0f}",
            f"{one['true']:.0f}",
        )
        for name, one in made["seeds"].items()
    ]  # fmt: skip
    heads = (
        "seed",
        "noticed by day",
        "foretold",
        "by night",
        "foretold",
        "totals",
        "refused",
        "held",
        "sum",
        "true",
    )
    emit(made, as_json, table(rows, heads))


@app.command()
def mechanism(
    seed: Annotated[list[int], typer.Option(help="Exercises to score; repeat.", show_default=False)],
    replications: Annotated[int, typer.Option(min=20, help="How often each is drawn.")] = 60,
    as_json: AsJson = False,
) -> None:
    """Hold what the mechanism designer foretells of an exercise's mechanism against what the simulator then yields."""
    made = foretelling.mechanism_scores(seed, replications)
    rows = [
        (
            name,
            key,
            f"{one['foretold']:.3f}",
            f"{one['low']:.3f}",
            f"{one['high']:.3f}",
            f"{one['yielded']:.3f}",
        )
        for name, row in made["seeds"].items()
        for key, one in row.items()
    ]
    rows += [("all", key, f"{value:+.3f}", "", "", "") for key, value in made["error"].items()]
    text = table(rows, ("seed", "measure", "foretold (all: mean error)", "low", "high", "yielded"))
    emit(made, as_json, f"{text}\n{made['held']:.0%} of the bands held.")


def _draw(path: Path, made: dict[str, Any]) -> None:
    seeds = ", ".join(made["seeds"])
    how = f"{made['audits']} audits each" if "audits" in made else "parameters learned elsewhere"
    picture = scores.reliability_diagram(
        [one["existence"] for one in made["seeds"].values()],
        f"EXERCISE: {how}",
        f"simulated countries, seeds {seeds}",
    )
    try:
        path.write_bytes(picture)
    except OSError as problem:
        raise UsageError(
            "CLI-007", "the picture must have a folder that can be written", where=str(path), value=type(problem).__name__,
            remedy="Check the path.",
        ) from problem  # fmt: skip


@app.command("alerts")
def alerts_(
    seed: Annotated[list[int], typer.Option(help="Worlds to draw; repeat.", show_default=False)],
    growth: Annotated[list[float] | None, typer.Option(help="Escalations to look for; repeat.  [default: 2, 3, 4]", show_default=False)] = None,
    per_day: Annotated[float, typer.Option(min=0.1, help="True incidents a day and sector.")] = 3.5,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Measure false alarms a year and how soon escalations are told, on worlds that the alerts do not assume."""
    made = {
        f"{one:g}": alerting.alert_scores(tuple(seed), growth=one, per_day=per_day)
        for one in growth or [2.0, 3.0, 4.0]
    }
    rows = [
        (
            name,
            f"{one['false_per_year']:.2f}",
            f"{one['escalations']}",
            f"{one['within_14_days']:.2f}",
            f"{one['median_days'] or 0:.0f}",
        )
        for name, one in made.items()
    ]
    emit(
        made, as_json, table(rows, ("growth", "false a year", "escalations", "within 14 days", "median days"))
    )


@app.command("layers")
def layers_(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The mission's folder.", show_default=False)],
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Tell what parties and public can recompute, and what a fusion of the disclosed rows alone would lose."""
    mission = Mission.open(folder, keys)
    made = layers.layers(mission, scoring.truth_of(folder) if mission.genesis.exercise else None)
    sealed, coarse = made["sealed"], made["disclosed"]
    rows: list[tuple[str, ...]] = [
        ("incidents", f"{sealed['incidents']:,}", f"{coarse['incidents']:,}"),
        ("expected to have happened", f"{sealed['expected']:,.0f}", f"{coarse['expected']:,.0f}"),
        ("side told (sealed)", f"{sealed['sides_told']:,}", f"{coarse['sides_told']:,}"),
        *((f"{word}", f"{sealed['words'].get(word, 0):,}", f"{coarse['words'].get(word, 0):,}") for word in ("corroborated", "credible", "reported")),
        *(
            (f"findings: {word}", f"{made['verdicts']['sealed'].get(word, 0):,}", f"{made['verdicts']['disclosed'].get(word, 0):,}")
            for word in sorted({w for one in made["verdicts"].values() for w in one})
        ),
    ]  # fmt: skip
    for name, path in (
        ("grouping against the truth, B-cubed F1", ("grouping_of_real", "bcubed_f1")),
        ("Brier score", ("existence", "brier")),
    ):
        if made["truth"]:
            rows.append(
                (
                    name,
                    *(f"{made['truth'][layer][path[0]][path[1]]:.3f}" for layer in ("sealed", "disclosed")),
                )
            )
    said = [
        table(rows, ("", "from sealed rows", "from disclosed rows alone")),
        f"Rows grouped alike, B-cubed F1 {made['grouping']['bcubed_f1']:.3f} (1 would be the same incidents); pairs F1 {made['grouping']['pairwise_f1']:.3f}.",
        f"A row's probability moves by {made['probability_moved'] or 0:.3f} on average; {made['sector_days_equal']:.0%} of sector-days have as many incidents.",
        "Figures of the newest report, by who can recompute them: " + (", ".join(f"{n} {who}" for who, n in made["figures"].items()) or "no report") + ".",
    ]  # fmt: skip
    emit(made, as_json, "\n".join(said))


def emit_scores(scores: dict[str, object], as_json: bool) -> None:
    """One line a number; nested groups by their path."""
    rows: list[tuple[str, str]] = []

    def walk(path: str, value: object) -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                walk(f"{path}.{name}" if path else str(name), item)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            rows.append((path, f"{value:.3f}" if isinstance(value, float) else f"{value:,}"))

    walk("", scores)
    emit(scores, as_json, table(rows, ("measure", "value")))
