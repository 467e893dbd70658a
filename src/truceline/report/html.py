"""The report as one HTML file: no script, no network, everything inline."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup, escape

TEMPLATES: Final = Path(__file__).parent / "templates"


def render_html(paper: dict[str, Any]) -> str:
    """The file's text. Everything is escaped but the drawings, which escape for themselves."""
    house = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    house.filters["whole"] = _whole
    sheets = ("report.css", "exercise.css") if paper["mark"] else ("report.css",)
    style = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in sheets)
    drawings = {"front_map": Markup(paper["front"]["map"])}  # noqa: S704 drawn by us from numbers and escaped text
    drawings["front_gaps"] = Markup(paper["front"]["gaps"])  # noqa: S704
    single = paper["single"]
    drawings["single_map"] = Markup(single["map"] if single else "")  # noqa: S704
    return house.get_template("report.html").render(paper | drawings, style=Markup(style))  # noqa: S704


def _whole(words: str) -> Markup:
    """The words, escaped, with spans of hours such as 14:00–15:00 kept on one line."""
    return Markup(re.sub(r"\d\d:\d\d–\d\d:\d\d", r'<span class="nw">\g<0></span>', str(escape(words))))  # noqa: S704
