"""`truceline record`: what people write goes on the log."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from truceline.cli.common import AsJson, Folder, Keys, emit, note
from truceline.mission.entering import enter
from truceline.mission.mission import Mission
from truceline.mission.writing import BY_HAND


def record(
    folder: Folder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML or JSON: one record, or a list of them; watches also as CSV.", show_default=False)],
    author: Annotated[str, typer.Option("--as", metavar="ROLE", help="Whose key signs where neither record nor kind says; registrar unless given.")] = "",
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Put what people write on the log: all of a file, or nothing and one error. Observations and watches are sealed."""
    made = enter(Mission.open(folder, keys), file, author=author)
    twice = f" {made.duplicates:,} stood there already." if made.duplicates else ""
    for watch, why in made.flagged.items():
        note(f"{watch}: kept, and verifies no quiet: {why}.")
    emit(
        asdict(made), as_json,
        f"{file.name}: {made.recorded:,} recorded in the open, {made.sealed:,} sealed.{twice}",
    )  # fmt: skip


record.__doc__ = f"{record.__doc__} Kinds: {', '.join(BY_HAND)}."
