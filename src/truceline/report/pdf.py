"""The report as PDF, set by typst from the same paper as the HTML. No network, no fonts but those that are shipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import typst

from truceline.errors import ReportError

TEMPLATE: Final = Path(__file__).parent / "templates" / "report.typ"


def render_pdf(paper: dict[str, Any], at_ms: int) -> bytes:
    """The file's bytes, dated `at_ms`.

    Raises:
        ReportError: RPT-010 typst refused the page.
    """
    try:
        made = typst.compile(
            TEMPLATE.read_bytes(),
            format="pdf",
            sys_inputs={"paper": json.dumps(paper, ensure_ascii=False, sort_keys=True)},
            font_paths=typst.Fonts(
                include_system_fonts=False, font_paths=[str(Path(mpl.get_data_path()) / "fonts" / "ttf")]
            ),
            timestamp=at_ms // 1000,
        )
    except typst.TypstError as problem:
        raise ReportError(
            "RPT-010", "typst must be able to set the report", where="report.typ", value=problem.message,
            remedy="Report this with the view's date; the other formats do not depend on it.",
        ) from problem  # fmt: skip
    if not isinstance(made, bytes):
        raise ReportError(
            "RPT-010",
            "typst must give one document",
            where="report.typ",
            value=type(made).__name__,
            remedy="Install the versions of requirements/runtime.txt, and make the report again.",
        )
    return made
