"""`truceline bench`: ratios against a peer or a limit, measured in one run on one machine."""

from __future__ import annotations

from typing import Annotated

import typer

from truceline.cli.common import AsJson, Progress, emit, table
from truceline.mission import benching


def bench(
    rows: Annotated[int, typer.Option(min=1000, help="Rows of the file to import.")] = 1_000_000,
    demo: Annotated[bool, typer.Option(help="Also run the whole exercise.")] = True,
    as_json: AsJson = False,
) -> None:
    """Import a file of many rows against pyarrow reading it alone; the whole demo; peak memory."""
    progress = Progress(not as_json)
    made = benching.run(rows, with_demo=demo, say=progress.step)
    progress.done()
    shown = [
        (one["what"], one["measured"], one["against"], one["ratio"], one["goal"]) for one in made["results"]
    ]
    emit(made, as_json, table(shown, ("what", "measured", "against", "ratio", "goal")))
    if not made["within_goals"]:
        raise typer.Exit(1)
