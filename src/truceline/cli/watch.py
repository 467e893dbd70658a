"""`truceline watch`: tracks of patrols and passes of satellites into coverage."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from truceline.cli.common import AsJson, Folder, Keys, emit
from truceline.mission.mission import Mission
from truceline.mission.watching import HOUR_MS
from truceline.mission.watching import watch as watched


def watch(
    folder: Folder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A track as GPX, GeoJSON or CSV, or a CSV of passes (with swath_m and clear).", show_default=False)],
    source: Annotated[str, typer.Option(metavar="ID", help="Whose it is, where the file does not say.", show_default=False)] = "",
    kind: Annotated[str, typer.Option(help="Kind of source; patrol, or satellite for passes, unless given.", show_default=False)] = "",
    radius_m: Annotated[int, typer.Option(help="Of a track: how far its patrol sees.", show_default=False)] = 0,
    lingers_hours: Annotated[float, typer.Option(help="Of passes: how long before one what it shows may have happened.", show_default=False)] = 0.0,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Take a patrol's track or a satellite's passes into coverage: sealed, all of a file or nothing and one error."""
    made = watched(
        Mission.open(folder, keys), file, source_id=source, source_kind=kind, radius_m=radius_m, lingers_ms=round(lingers_hours * HOUR_MS)
    )  # fmt: skip
    twice = f" {made.duplicates:,} stood there already." if made.duplicates else ""
    emit(
        asdict(made), as_json,
        f"{file.name}: {made.fixes:,} fixes of {len(made.sources):,} sources, {made.sealed:,} watches sealed, {made.hours:,.1f} hours watched.{twice}",
    )  # fmt: skip
