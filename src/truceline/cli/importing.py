"""`truceline import`: a file into a mission."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from truceline import intake
from truceline.cli.common import AsJson, Folder, Keys, Progress, emit, note
from truceline.cli.init import create
from truceline.errors import UsageError
from truceline.mission.importing import import_file
from truceline.mission.mission import Mission


def import_(
    folder: Folder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to take in.", show_default=False)],
    format: Annotated[str | None, typer.Option(help=f"One of: {', '.join(sorted(intake.FORMATS))}; recognised when left out.")] = None,
    mapping: Annotated[str | None, typer.Option(help="A mapping file for any other CSV or XLSX, or the name of one that ships.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="A setting of the format, name=value; repeat.")] = None,
    sealed: Annotated[bool | None, typer.Option("--sealed/--open", help="Encrypt the original, or keep it in the open.")] = None,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Take a file of observations into a mission; what is there already adds nothing, bad rows are kept and counted."""
    settings = dict(_pair(one) for one in set_ or [])
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        if not file.is_file():
            raise UsageError("MIS-010", "the file must exist", where=str(file), remedy="Check the path.")
        intake.open_file(file, format=format, mapping=mapping, settings=settings)
        create(folder, name=folder.resolve().name, parties=[], alignments=[], keys=keys)
        note(f"{folder} was empty: a mission without parties was started there (see `truceline init`).")
    progress = Progress(not as_json)
    mission = Mission.open(folder, keys)
    made = import_file(
        mission, file, format=format, mapping=mapping, settings=settings, sealed=sealed,
        say=progress.rows,
    )  # fmt: skip
    progress.done()
    kept = f" They are in {made.rejected_file}, with line and reason." if made.rejected else ""
    if made.aside:
        real = (
            "do not say EXERCISE, and this mission is one"
            if mission.genesis.exercise
            else "say EXERCISE, and this mission is real"
        )
        note(f"{made.aside:,} rows {real}: they are kept, set aside, and never fused.")
    emit(
        asdict(made) | {"log_entry": made.entry}, as_json,
        f"{file.name} ({made.format}): {made.accepted:,} accepted, {made.duplicates:,} duplicates, "
        f"{made.superseded:,} superseding an earlier version, {made.rejected:,} rejected.{kept}",
    )  # fmt: skip


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(
            "CLI-003",
            "a setting must be name=value",
            where="--set",
            value=text,
            remedy="E.g. --set zone=Europe/Kyiv.",
        )
    return name, value
