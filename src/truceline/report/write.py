"""Write the files of a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from truceline.errors import ReportError
from truceline.report.features import sectors_geojson
from truceline.report.html import render_html
from truceline.report.paper import file_stem, paper
from truceline.report.tables import figures_csv, incidents_csv
from truceline.report.view import View

FORMATS: Final = ("html", "pdf", "csv", "geojson")


def write(view: View, folder: Path, formats: Sequence[str] = FORMATS) -> dict[str, Path]:
    """Write the report of a view.

    HTML, CSV and GeoJSON are the same bytes for the same view; PDF is the same under one version of typst.

    Args:
        folder: made when absent. formats: any of `FORMATS`.
    Returns:
        The file of each format. CSV is the table of incidents; `<stem>-figures.csv` is written beside it.
    Raises:
        ReportError: RPT-009 a format that does not exist; see `View.check`.
    """
    unknown = [one for one in formats if one not in FORMATS]
    if unknown:
        raise ReportError(
            "RPT-009", "the format must be known", where="formats", value=unknown[0],
            remedy=f"Known: {', '.join(FORMATS)}.",
        )  # fmt: skip
    sheet = paper(view)
    stem = file_stem(view)
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Path] = {}
    for one in dict.fromkeys(formats):
        path = folder / f"{stem}.{one}"
        if one == "html":
            path.write_bytes(render_html(sheet).encode())
        elif one == "pdf":
            from truceline.report.pdf import render_pdf

            path.write_bytes(render_pdf(sheet, view.day_to_ms))
        elif one == "geojson":
            path.write_bytes(sectors_geojson(view).encode())
        else:
            path.write_bytes(incidents_csv(view).encode())
            (folder / f"{stem}-figures.csv").write_bytes(figures_csv(view).encode())
        found[one] = path
    return found
