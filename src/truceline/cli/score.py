"""`truceline score`: how good the incidents are where the truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.cli.common import AsJson, Keys, emit, table
from truceline.errors import UsageError
from truceline.mission import scoring

app = typer.Typer(help="Measure fusion where the truth is known.", no_args_is_help=True)


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
