"""The plan as one HTML file: figures, timeline, a table with reasons; no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
from markupsafe import Markup

from truceline.report.html import TEMPLATES
from truceline.report.plan.timeline import timeline

Row = dict[str, Any]
STAGE_WORDS = {
    "not_begun": "not begun",
    "minimum": "minimum",
    "intermediate": "intermediate",
    "complete": "complete",
}


def page(
    rows: Sequence[Row], stages: Mapping[str, Mapping[str, int]], *, title: str, as_of: str, as_of_ms: int, exercise: bool,
    critical: Sequence[str] = (), moved: Mapping[str, int] | None = None, expected: Sequence[Row] = (), note: str = "",
) -> str:  # fmt: skip
    """The page's text; `rows`, `stages` and `expected` as `truceline plan --json` gives them."""
    house = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    drawn = timeline(rows, title=title, as_of_ms=as_of_ms, exercise=exercise, critical=critical, moved=moved)
    return house.get_template("plan.html").render(
        rows=rows, title=title, as_of=as_of, exercise=exercise, note=note, timeline=Markup(drawn),  # noqa: S704 drawn by us from numbers and escaped text
        stages=[(STAGE_WORDS[name], one["steps"], f"{one['share_e4'] / 100:.0f} %") for name, one in stages.items()],
        expected={one["id"]: one for one in expected}, moved=bool(moved),
    )  # fmt: skip
