"""WCAG 2.2, as far as a file can be read for it: language, headings, names of drawings, tables, contrast, and no sign by colour alone."""

from __future__ import annotations

import re
import zlib
from html.parser import HTMLParser
from pathlib import Path

import pytest

from truceline import report
from truceline.report import View
from truceline.report.drawing import _FAINT, _FILLS, _INK
from truceline.report.html import TEMPLATES
from truceline.report.paper import paper

CSS = (TEMPLATES / "report.css").read_text(encoding="utf-8")


class Page(HTMLParser):
    """What an assistive technology is given."""

    def __init__(self) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.svgs: list[dict[str, str | None]] = []
        self.scrolling: list[dict[str, str | None]] = []
        self.ids: list[str] = []
        self.headers = 0
        self.unscoped = 0
        self.html: dict[str, str | None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "html":
            self.html = held
        if tag == "svg":
            self.svgs.append(held)
        if tag == "th":
            self.headers += 1
            self.unscoped += "scope" not in held
        if "wide" in (held.get("class") or "").split():
            self.scrolling.append(held)
        if held.get("id"):
            self.ids.append(str(held["id"]))


@pytest.fixture(scope="module")
def text(view: View, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("accessible")
    return report.write(view, folder, ("html",))["html"].read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    reader = Page()
    reader.feed(text)
    return reader


def test_the_page_says_its_language_and_its_title(page: Page, text: str) -> None:
    """3.1.1, 2.4.2"""
    assert page.html["lang"] == "en"
    assert re.search(r"<title>EXERCISE: the two banks, daily report 2031-03-12</title>", text)


def test_headings_start_at_one_and_skip_no_level(page: Page) -> None:
    """1.3.1, 2.4.6"""
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False))


def test_every_drawing_has_a_name_and_a_description(page: Page, text: str) -> None:
    """1.1.1"""
    assert len(page.svgs) == 3
    for drawing in page.svgs:
        assert drawing["role"] == "img"
        for name in str(drawing["aria-labelledby"]).split():
            assert re.search(rf'<(title|desc) id="{name}">[^<]{{10,}}</', text)
    assert len(set(page.ids)) == len(page.ids)


def test_tables_name_their_headers_and_scroll_by_keyboard(page: Page) -> None:
    """1.3.1, 2.1.1"""
    assert page.headers > 40
    assert page.unscoped == 0
    assert len(page.scrolling) >= 7
    for held in page.scrolling:
        assert (held["tabindex"], held["role"]) == ("0", "region")
        assert held["aria-label"]
    names = [held["aria-label"] for held in page.scrolling]
    assert len(set(names)) == len(names)


def luminance(colour: str) -> float:
    found = re.fullmatch(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})", colour)
    assert found, colour
    parts = [int(part, 16) / 255 for part in found.groups()]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def variable(name: str) -> str:
    found = re.search(rf"--{name}:(#[0-9a-f]{{3,6}})", CSS)
    assert found
    colour = found.group(1)
    return colour if len(colour) == 7 else "#" + "".join(2 * c for c in colour[1:])


def test_words_stand_out_from_what_lies_behind_them() -> None:
    """1.4.3: 4.5 to 1 for text."""
    assert round(contrast("#000000", "#ffffff"), 1) == 21
    heat = re.findall(r"\.h\d\{background:(#[0-9a-f]{6})\}", CSS)
    assert len(heat) == 4
    behind = [variable("page"), variable("sand"), "#eceae3", *heat]
    for ground in behind:
        assert contrast(variable("ink"), ground) >= 4.5, ground
    assert ".heat .h4 small{color:var(--ink)}" in CSS, "soft words would be lost on the darkest shade"
    for ground in behind[:-1]:
        assert contrast(variable("soft"), ground) >= 4.5, ground
    assert contrast(variable("deep"), variable("page")) >= 4.5
    for fill in _FILLS:
        assert contrast(_INK, fill) >= 4.5, fill


def test_shade_is_never_the_only_sign(view: View) -> None:
    """1.4.1: counts are printed in the sectors, little watched ones hatched, bars differ by pattern and words."""
    sheet = paper(view)
    counts = [row[1] for row in sheet["table"]["totals"] if row[1] != "0"]
    for count in counts:
        assert f">{count}</text>" in sheet["front"]["map"]
    assert "url(#m-h)" in sheet["front"]["map"]
    assert contrast(_FAINT, _FILLS[0]) >= 3, "1.4.11: hatching is a sign"
    for look in ("for", "against", "copy", "soft"):
        assert re.search(rf"\.strip \.{look}\{{[^}}]*(background|border)", CSS)
    assert {bar["look"] for bar in sheet["single"]["strip"]["bars"]} <= {"for", "against", "copy", "soft"}
    assert all(row["role"] for row in sheet["single"]["reports"])


def readable(pdf: bytes) -> bytes:
    """Whatever of a PDF can be read without drawing it: its plain part and every stream that inflates."""
    parts = [pdf]
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, flags=re.S):
        try:
            parts.append(zlib.decompress(found.group(1)))
        except zlib.error:
            continue
    return b"\n".join(parts)


def test_the_pdf_is_tagged_and_its_pictures_have_words(view: View, tmp_path: Path) -> None:
    """PDF/UA: language, structure, alternatives; and metadata that name no machine and no person."""
    raw = report.write(view, tmp_path, ("pdf",))["pdf"].read_bytes()
    said = readable(raw)
    assert b"/StructTreeRoot" in said
    assert b"/Lang" in said
    assert said.count(b"/Alt") >= 3
    assert b"/Figure" in said
    authors = {found.decode("latin-1") for found in re.findall(rb"/Author ?\(([^)]*)\)", said)}
    assert authors <= {f"Truceline {view.version}"}
    for word in (str(Path.home()), str(tmp_path), "/src/", "/tmp"):
        for coded in (word.encode(), word.encode("utf-16-be")):
            assert coded not in said
    dates = {found.decode() for found in re.findall(rb"/(?:Creation|Mod)Date ?\(D:(\d{14})", said)}
    assert dates == {"20310312173000"}, "the cut-off, not the moment at which somebody wrote it"
