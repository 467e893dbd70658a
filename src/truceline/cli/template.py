"""`truceline template`: an empty file of Truceline's own format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline import intake
from truceline.cli.common import note


def template(
    file: Annotated[Path, typer.Argument(help="Where to write it; the suffix (.csv, .geojson, .parquet) decides.", show_default=False)],
) -> None:  # fmt: skip
    """Write a template of Truceline's own format, with every column and one example row marked EXERCISE."""
    formats = {".csv": "truceline-csv", ".geojson": "truceline-geojson", ".parquet": "truceline-parquet"}
    file.write_bytes(intake.template(formats.get(file.suffix.lower(), "truceline-csv")))
    note(f"Wrote {file}. The columns are explained in docs/reference/formats.md.")
