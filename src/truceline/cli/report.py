"""`truceline report`: the report of one reporting day."""

from __future__ import annotations

from typing import Annotated

import typer

from truceline import report as reports
from truceline.cli.common import AsJson, Folder, Keys, emit
from truceline.errors import UsageError
from truceline.mission.mission import Mission
from truceline.mission.publishing import publish


def report(
    folder: Folder,
    date: Annotated[str, typer.Option(help="Local date of the cut-off that closes the day, YYYY-MM-DD.", show_default=False)],
    format: Annotated[str, typer.Option(help=f"Of {', '.join(reports.FORMATS)}; several with commas.")] = ",".join(reports.FORMATS),
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Write the report of a reporting day and log the digest of its figures."""
    formats = tuple(dict.fromkeys(word.strip() for word in format.split(",") if word.strip()))
    unknown = [word for word in formats if word not in reports.FORMATS]
    if unknown or not formats:
        raise UsageError(
            "CLI-004", "a format must be known", where="--format", value=", ".join(unknown) or format,
            remedy=f"Known: {', '.join(reports.FORMATS)}.",
        )  # fmt: skip
    made = publish(Mission.open(folder, keys), date, formats)
    files = {name: str(path) for name, path in made.files.items()}
    values = {name: one["value"] for name, one in made.figures["figures"].items()}
    emit(
        {"date": date, "report": files, "figures": values, "log_entry": made.entry.index}, as_json,
        "\n".join(f"{name:8} {path}" for name, path in files.items()),
    )  # fmt: skip
