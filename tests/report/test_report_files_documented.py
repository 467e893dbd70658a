"""The page about the files of a report and the program say the same."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from truceline import report
from truceline.report import View
from truceline.report.tables import FIGURE_COLUMNS, INCIDENT_COLUMNS, figures_csv, incidents_csv

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "report-files.md"


def documented(heading: str) -> list[str]:
    """First cells of the table under a heading."""
    text = PAGE.read_text(encoding="utf-8")
    section = re.split(rf"^#+ {heading}$", text, flags=re.M)[1].split("\n#")[0]
    return re.findall(r"^\| `([a-z0-9_]+)` \|", section, flags=re.M)


@pytest.mark.parametrize(
    ("heading", "columns", "make"),
    [("Incidents", INCIDENT_COLUMNS, incidents_csv), ("Figures", FIGURE_COLUMNS, figures_csv)],
)
def test_every_column_is_documented_in_order(
    view: View, heading: str, columns: tuple[str, ...], make
) -> None:  # type: ignore[no-untyped-def]
    assert documented(heading) == list(columns)
    assert next(csv.reader(io.StringIO(make(view)))) == list(columns)


def test_every_property_of_a_feature_is_documented(view: View, tmp_path: Path) -> None:
    whole = json.loads(report.write(view, tmp_path, ("geojson",))["geojson"].read_text(encoding="utf-8"))
    for feature in whole["features"]:
        assert sorted(feature["properties"]) == sorted(documented("GeoJSON"))


def test_every_file_is_documented(view: View, tmp_path: Path) -> None:
    report.write(view, tmp_path)
    stem = "EXERCISE-truceline-the-two-banks-2031-03-12"
    endings = sorted(path.name.removeprefix(stem) for path in tmp_path.iterdir())
    text = PAGE.read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `(-?[a-z]*\.[a-z]+)` \|", text, flags=re.M)) == endings


def test_units_and_clearances_are_those_documented(view: View) -> None:
    text = PAGE.read_text(encoding="utf-8")
    for row in csv.DictReader(io.StringIO(figures_csv(view))):
        assert f"`{row['unit']}`" in text
        assert row["recompute_by"] in {"public", "parties", "auditor"}
        assert row["exercise"] == "EXERCISE"


def test_the_digest_of_the_ids_is_as_documented(view: View) -> None:
    """Anyone can check it with a JSON writer and a SHA-256."""
    import hashlib

    for row in csv.DictReader(io.StringIO(figures_csv(view))):
        ids = row["ids"].split(" ") if row["ids"] else []
        plain = json.dumps(sorted(ids), separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(plain.encode()).hexdigest() == row["ids_digest"]
        assert str(len(ids)) == row["ids_count"]
