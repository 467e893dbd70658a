"""Bands on paper are the bands that decide; versions are told apart in words and on the map."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner

from truceline import agreement as agreements
from truceline.agreement.compare import diff, in_words
from truceline.agreement.picture import picture
from truceline.cli.main import app
from truceline.errors import GeometryError
from truceline.geo import Line, band_outline
from truceline.report.zones import draw_zones, zones_png

LINE = Line("loc", np.array([[45.0, 40.0], [45.6, 40.2], [46.1, 39.9]]), "north", "south")


def rings(geometry: dict[str, Any]) -> np.ndarray[Any, Any]:
    parts = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    return np.array([point for part in parts for ring in part for point in ring])


@pytest.mark.parametrize(("side", "sign"), [("north", 1), ("south", -1)])
def test_a_band_touches_its_line_and_reaches_as_far_as_it_says(side: str, sign: int) -> None:
    points = rings(band_outline(LINE, side, 0, 25_000))
    distance = LINE.signed_distance_m(points) * sign
    assert distance.min() > -50
    assert distance.max() == pytest.approx(25_000, abs=50)
    assert np.abs(distance).min() < 5


def test_a_band_beyond_a_distance_leaves_the_inner_part_out_and_both_sides_are_alike() -> None:
    both = np.abs(LINE.signed_distance_m(rings(band_outline(LINE, "both", 10_000, 20_000))))
    assert both.min() == pytest.approx(10_000, abs=60)
    for bad in (("east", 0, 1), ("north", 5, 5)):
        with pytest.raises(GeometryError, match="GEO-005"):
            band_outline(LINE, *bad)


@pytest.mark.parametrize("which", agreements.library())
def test_every_agreement_that_ships_is_drawn_without_red_blue_or_borders(which: str) -> None:
    one = agreements.load(which)
    drawn, absent = picture(one)
    svg = draw_zones(drawn, title=one.title, exercise=one.exercise, absent=absent)
    ElementTree.fromstring(svg)
    assert ("EXERCISE" in svg) == one.exercise
    for red, green, blue in re.findall(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})", svg):
        tones = sorted(int(one, 16) for one in (red, green, blue))
        assert tones[2] - tones[0] < 120, (red, green, blue)


@pytest.mark.parametrize(
    ("which", "upper", "lower"),
    [("golan-1974", "line-a", "line-b"), ("minsk-2015-package", "memorandum-line", "line-of-contact")],
)
def test_lines_and_sides_are_named_on_the_map_each_side_once_and_outside_of_its_lines(
    which: str, upper: str, lower: str
) -> None:
    one = agreements.load(which)
    svg = draw_zones(picture(one)[0], title=one.title, exercise=one.exercise)
    at = {
        words: float(y) for y, words in re.findall(r'<text x="[^"]*" y="([^"]*)"[^>]*>([a-z0-9-]+)</text>', svg)
    }  # fmt: skip
    assert [svg.count(f">{side}</text>") for side in ("side-1", "side-2")] == [1, 1]
    assert at["side-1"] < at[upper] < at[lower] < at["side-2"]  # y runs down


def test_the_picture_can_be_had_as_png() -> None:
    assert zones_png(draw_zones((), title="nothing", exercise=False), 40).startswith(b"\x89PNG")


def test_no_difference_of_a_version_with_itself_and_the_other_way_round_it_is_mirrored() -> None:
    old, new = agreements.load("minsk-2014-memorandum"), agreements.load("minsk-2015-package")
    assert diff(old, old) == []
    there = {
        (one["part"], one["where"], one["what"]): (one["before"], one["after"]) for one in diff(old, new)
    }
    back = {(one["part"], one["where"], one["what"]): (one["after"], one["before"]) for one in diff(new, old)}
    assert there == back


def test_a_difference_is_said_in_words_and_of_lists_only_what_is_not_shared() -> None:
    old, new = agreements.load("minsk-2014-memorandum"), agreements.load("minsk-2015-package")
    told = {
        (one["where"], one["what"]): in_words(one)
        for one in diff(old, new)
        if one["part"] in ("head", "article")
    }
    assert told["0", "from"][1] == "2015-02-15T00:00 Europe/Kyiv"
    assert " or " in told["0", "from"][0]
    assert told["1", "acts"][0] == "absent"
    assert not [words for pair in told.values() for words in pair if "{" in words or "['" in words]
    change = {"before": [{"id": "a"}, {"id": "b"}], "after": [{"id": "b"}, {"id": "c"}]}
    assert in_words(change) == ("id a", "id c")


def changed(tmp_path: Path, before: str, after: str) -> Path:
    folder = tmp_path / "changed"
    for name, text in agreements.load("exercise-accord").files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.replace(before, after) if name == "agreement.yaml" else text, "utf-8")
    return folder


def test_a_changed_distance_is_told_by_article_and_field_and_drawn(tmp_path: Path) -> None:
    new = changed(tmp_path, "within_m: 10000", "within_m: 12000")
    ran = CliRunner().invoke(
        app, ["agreement", "diff", "exercise-accord", str(new), "--json", "--out", str(tmp_path / "d.html"), "--out", str(tmp_path / "d.png")]
    )  # fmt: skip
    assert ran.exit_code == 0, ran.exception
    told = json.loads(ran.stdout)
    [row] = told["changes"]
    assert (row["part"], row["where"], row["what"]) == ("article", "4", "where")
    assert "12000" in str(row["after"])
    page = (tmp_path / "d.html").read_text("utf-8")
    assert "before: article 4" in page
    assert (tmp_path / "d.png").read_bytes().startswith(b"\x89PNG")


def test_explain_and_draw_speak_every_language_and_refuse_other_files(tmp_path: Path) -> None:
    run = CliRunner()
    for language in ("en", "ru", "hy", "az"):
        ran = run.invoke(app, ["agreement", "explain", "exercise-accord", "--language", language, "--json"])
        told = json.loads(ran.stdout)
        assert len(told["articles"]) == len(agreements.load("exercise-accord").articles)
        assert told["note"]
    ran = run.invoke(app, ["agreement", "draw", "exercise-accord", "--out", str(tmp_path / "x.pdf")])
    assert getattr(ran.exception, "code", "") == "CLI-066"
