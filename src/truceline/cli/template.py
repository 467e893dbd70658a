"""`truceline template`: a file to fill in, of Truceline's own format or of records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline import intake
from truceline.cli.common import note
from truceline.mission.writing import TEMPLATE


def template(
    file: Annotated[Path, typer.Argument(help="Where to write it; the suffix decides: .csv, .geojson, .parquet (observations), .yaml (records).", show_default=False)],
) -> None:  # fmt: skip
    """Write a template: observations in Truceline's own format, or records for `truceline record`; examples say EXERCISE."""
    if file.suffix.lower() in (".yaml", ".yml"):
        file.write_text(TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
        note(f"Wrote {file}. The fields are explained in docs/reference/records.md.")
        return
    formats = {".csv": "truceline-csv", ".geojson": "truceline-geojson", ".parquet": "truceline-parquet"}
    file.write_bytes(intake.template(formats.get(file.suffix.lower(), "truceline-csv")))
    note(f"Wrote {file}. The columns are explained in docs/reference/formats.md.")
