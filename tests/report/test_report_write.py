"""The files of a report: same bytes for the same view, EXERCISE everywhere, nothing a reader's program would obey."""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline import report
from truceline.errors import ReportError
from truceline.records.parties import Party
from truceline.report import View
from truceline.report.paper import file_stem, paper
from truceline.report.pdf import render_pdf
from truceline.report.tables import figures_csv, incidents_csv, safe
from truceline.report.words import tenths

TEXT_FORMATS = ("html", "csv", "geojson")


def without_incidents(view: View) -> View:
    return dataclasses.replace(view, incidents=view.incidents.slice(0, 0), findings=view.findings.slice(0, 0))


def test_same_view_gives_the_same_bytes(view: View, tmp_path: Path) -> None:
    first, second = (report.write(view, tmp_path / name, TEXT_FORMATS) for name in ("a", "b"))
    for name in TEXT_FORMATS:
        assert first[name].read_bytes() == second[name].read_bytes()


def test_order_of_rows_in_the_view_changes_nothing(view: View, tmp_path: Path) -> None:
    turned = {
        name: getattr(view, name).take(pa.array(range(len(getattr(view, name)) - 1, -1, -1)))
        for name in ("observations", "incidents", "findings", "coverage", "exposure")
    }
    first = report.write(view, tmp_path / "a", TEXT_FORMATS)
    second = report.write(dataclasses.replace(view, **turned), tmp_path / "b", TEXT_FORMATS)
    for name in TEXT_FORMATS:
        assert first[name].read_bytes() == second[name].read_bytes(), name


def test_every_file_name_row_feature_image_and_page_says_exercise(view: View, tmp_path: Path) -> None:
    found = report.write(view, tmp_path)
    assert sorted(found) == sorted(report.FORMATS)
    assert all(path.name.startswith("EXERCISE-") for path in tmp_path.iterdir())
    for text in (incidents_csv(view), figures_csv(view)):
        assert all(row["exercise"] == "EXERCISE" for row in csv.DictReader(io.StringIO(text)))
    features = json.loads(found["geojson"].read_text())["features"]
    assert all(
        f["properties"]["exercise"] is True and f["properties"]["mark"] == "EXERCISE" for f in features
    )
    sheet = paper(view)
    for drawing in (sheet["front"]["map"], sheet["front"]["gaps"], sheet["single"]["map"]):
        assert ">EXERCISE</text>" in drawing
    assert all(row[0].startswith("EXERCISE") for row in sheet["table"]["rows"])


def test_a_real_mission_says_exercise_nowhere_of_its_own(
    build_view: Callable[..., View], tmp_path: Path
) -> None:
    view = build_view(exercise=False)
    assert not file_stem(view).startswith("EXERCISE")
    assert ">EXERCISE</text>" not in paper(view)["front"]["map"]
    assert all(row["exercise"] == "" for row in csv.DictReader(io.StringIO(incidents_csv(view))))


def test_html_has_six_pages_no_script_and_asks_for_nothing(view: View, tmp_path: Path) -> None:
    text = report.write(view, tmp_path, ("html",))["html"].read_text(encoding="utf-8")
    assert re.findall(r'<section id="(p\d)"', text) == ["p1", "p2", "p3", "p4", "p5", "p6"]
    assert "<script" not in text
    asked = re.findall(r'(?:src|href|action)="([^"#][^"]*)"|url\((?!#)([^)]*)\)|@import', text)
    assert asked == []
    page_one = text[text.index('id="p1"') : text.index('id="p2"')]
    assert not re.search(r"[0-9a-f]{32}", page_one), "no digests on page one"
    assert page_one.index("What was recorded") < page_one.index("What we could not see")


class Balanced(HTMLParser):
    """Collects tags that are closed in the wrong order."""

    VOID = frozenset({"meta", "br", "link", "hr", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that closes itself."""

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_html_closes_what_it_opens(view: View, tmp_path: Path) -> None:
    reader = Balanced()
    reader.feed(report.write(view, tmp_path, ("html",))["html"].read_text(encoding="utf-8"))
    assert (reader.wrong, reader.open) == ([], [])


HOSTILE = "</script><img src=x onerror=alert(1)>\"'#panic() \\ `"


def test_hostile_text_stays_text_in_html_svg_and_pdf(view: View, tmp_path: Path) -> None:
    geometry = json.loads(json.dumps(view.geometry))
    for feature in geometry["features"]:
        if feature["properties"]["role"] == "place":
            feature["properties"]["names"] = {"n": HOSTILE}
    hostile = dataclasses.replace(
        view, mission=f"EXERCISE {HOSTILE}", geometry=geometry, checkpoint=HOSTILE, could_not_see=(HOSTILE,),
        agreement_title=HOSTILE, parties=tuple(Party(p.id, {"en": HOSTILE}) for p in view.parties),
    )  # fmt: skip
    found = report.write(hostile, tmp_path, ("html", "pdf"))
    assert "<img" not in found["html"].read_text(encoding="utf-8")
    assert found["html"].parent == tmp_path
    assert found["pdf"].read_bytes().startswith(b"%PDF")


@given(st.text())
def test_no_csv_cell_can_become_a_formula(text: str) -> None:
    cell = safe(text)
    assert not cell.lstrip().startswith(("=", "+", "-", "@")) or cell.startswith("'")
    assert cell.removeprefix("'").endswith(text.replace("\x00", "").removeprefix("'"))


@pytest.mark.parametrize("text", ["=1+1", " =1+1", "\t=x", "@sum", "+1", "-2", "\r=1", "\n=1"])
def test_cells_that_look_like_formulas_get_an_apostrophe(text: str) -> None:
    assert safe(text) == f"'{text}"


def test_numbers_in_csv_stay_numbers() -> None:
    assert (safe(-3), safe(7), safe(None), safe(True), safe("x")) == ("-3", "7", "", "yes", "x")


def test_geojson_follows_rfc_7946(view: View, tmp_path: Path) -> None:
    whole = json.loads(report.write(view, tmp_path, ("geojson",))["geojson"].read_text())
    assert set(whole) == {"type", "features"}
    assert {f["geometry"]["type"] for f in whole["features"]} == {"Polygon"}
    for feature in whole["features"]:
        ring = feature["geometry"]["coordinates"][0]
        assert ring[0] == ring[-1]
        assert sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring)) > 0
    total = sum(f["properties"]["incidents"] for f in whole["features"])
    assert total == report.figures(view)["figures"]["incidents"]["value"] == 63


def test_maps_draw_no_point_of_an_incident(view: View) -> None:
    drawn = paper(view)["front"]["map"]
    assert "<circle" not in drawn
    assert drawn.count("<rect") <= 2 + sum(
        f["properties"]["role"] == "place" for f in view.geometry["features"]
    )


def test_unwatched_day_without_incidents_is_not_called_quiet(view: View) -> None:
    """R10."""
    sheet = paper(without_incidents(view))
    assert "recorded no incident" in sheet["front"]["sentence"]
    assert "does not say that nothing happened" in sheet["front"]["sentence"]
    assert sheet["single"] is None
    blind = paper(dataclasses.replace(without_incidents(view), exposure=None, could_not_see=()))
    assert "not known" in blind["front"]["sentence"]
    assert "may not" not in blind["front"]["unseen_note"]
    assert "sign of quiet" in blind["front"]["unseen_note"]


def test_empty_day_can_be_written_in_every_format(view: View, tmp_path: Path) -> None:
    bare = dataclasses.replace(
        without_incidents(view), exposure=None, coverage=view.coverage.slice(0, 0), could_not_see=(), articles=(), plan=(),
        notices=(), replies=(), corrections=(), reviews=(), rejected=(),
    )  # fmt: skip
    assert all(path.stat().st_size > 0 for path in report.write(bare, tmp_path).values())


def test_places_younger_than_the_delay_are_withheld(view: View, tmp_path: Path) -> None:
    """R19."""
    fresh = dataclasses.replace(view, as_of_ms=view.day_to_ms)
    assert {row["sector_id"] for row in csv.DictReader(io.StringIO(incidents_csv(fresh)))} == {""}
    features = json.loads(report.write(fresh, tmp_path, ("geojson",))["geojson"].read_text())["features"]
    assert features[-1]["geometry"] is None
    assert features[-1]["properties"]["incidents"] == 63
    sheet = paper(fresh)
    assert sheet["single"]["map"] == ""
    assert "63 incidents without a published sector" in sheet["front"]["caption"]


def test_real_casualties_are_listed_and_never_scored(build_view: Callable[..., View]) -> None:
    view = build_view(exercise=False)
    rows = list(csv.DictReader(io.StringIO(incidents_csv(view))))
    hurt = [row for row in rows if row["injured_max"] == "2"]
    assert [row["probability"] for row in hurt] == ["not scored"]
    assert all(row["probability"] != "not scored" for row in rows if row not in hurt)


def test_coverage_of_a_running_week_is_never_printed(view: View) -> None:
    """12 March 2031 is a Wednesday of week 11."""
    sheet = paper(view)
    assert sheet["arrears"]["weeks"] == [f"2031-W{w:02d}" for w in range(6, 11)]
    assert "W11" not in json.dumps(sheet)
    later = dataclasses.replace(view, as_of_ms=view.day_to_ms, delay_ms=4 * 86_400_000)
    assert paper(later)["arrears"]["weeks"][-1] == "2031-W09"


def test_why_hours_went_unwatched_is_told_by_sector_and_week_in_arrears(view: View) -> None:
    told = paper(view)["arrears"]["why"]
    assert (told["week"], told["reasons"]) == ("2031-W10", ["nobody there", "jammed"])
    assert len(told["rows"]) == len({row["sector"] for row in told["rows"]}) > 1
    assert told["rows"][0]["cells"] == [tenths(910), tenths(31)]
    later = dataclasses.replace(view, as_of_ms=view.day_to_ms, delay_ms=4 * 86_400_000)
    assert paper(later)["arrears"]["why"]["week"] == "2031-W09", "what is younger than the delay waits"
    assert paper(dataclasses.replace(view, unwatched=None))["arrears"]["why"]["rows"] == []


def test_pdf_has_the_same_words_and_exercise_on_every_sheet(view: View, tmp_path: Path) -> None:
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed")
    path = report.write(view, tmp_path, ("pdf",))["pdf"]
    text = subprocess.run(["pdftotext", path, "-"], capture_output=True, check=True).stdout.decode()
    sheets = text.rstrip("\f").split("\f")
    assert len(sheets) >= 6
    assert all("EXERCISE" in sheet for sheet in sheets)
    said = " ".join(text.split())
    assert paper(view)["front"]["sentence"] in said.replace("- ", "")
    for number in range(1, 7):
        assert f"page {number} of 6" in said


def test_pdf_is_the_same_for_the_same_view(view: View) -> None:
    sheet = paper(view)
    assert render_pdf(sheet, view.day_to_ms) == render_pdf(sheet, view.day_to_ms)


def test_unknown_format_is_refused_before_anything_is_written(view: View, tmp_path: Path) -> None:
    with pytest.raises(ReportError) as refusal:
        report.write(view, tmp_path / "new", ("html", "docx"))
    assert refusal.value.code == "RPT-009"
    assert not (tmp_path / "new").exists()


def test_a_report_says_up_to_when_it_knew_and_which_answer_was_late(view: View) -> None:
    on_time = paper(view)
    assert on_time["known"] == "13 Mar 2031 19:30 (13 Mar 2031 17:30 UTC)"
    assert [one["late"] for notice in on_time["terms"]["notices"] for one in notice["answers"]] == [""]
    late = tuple(msgspec.structs.replace(one, replied="2031-03-12T14:11Z") for one in view.replies)
    known = paper(dataclasses.replace(view, replies=late, as_of_ms=view.day_to_ms + 60_000))
    assert known["known"] == "12 Mar 2031 19:31 (12 Mar 2031 17:31 UTC)"
    assert [one["late"] for notice in known["terms"]["notices"] for one in notice["answers"]] == ["late"]
