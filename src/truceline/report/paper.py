"""A report as plain words and drawings, before any format: HTML and PDF print the same paper."""

from __future__ import annotations

import re
from typing import Any

from truceline.report.pages.agreement import agreement_page
from truceline.report.pages.arrears import arrears_page
from truceline.report.pages.common import Day
from truceline.report.pages.front import front_page
from truceline.report.pages.proof import proof_page
from truceline.report.pages.single import single_page
from truceline.report.pages.table import table_page
from truceline.report.view import View
from truceline.report.words import MARK, listed, moment, plain, zone_words


def paper(view: View) -> dict[str, Any]:
    """All six pages; strings, integers, lists and dicts only.

    Raises:
        ReportError: see `View.check`.
    """
    day = Day.of(view)
    known = view.day_to_ms + view.delay_ms if view.as_of_ms is None else view.as_of_ms
    return {
        "mark": MARK if view.exercise else "",
        "mission": plain(view.mission),
        "date": view.date,
        "period": f"{moment(view.day_from_ms, view.zone)} to {moment(view.day_to_ms, view.zone)}, {zone_words(view.zone, view.day_to_ms)}",
        "period_utc": f"{moment(view.day_from_ms)} to {moment(view.day_to_ms)} UTC",
        "known": f"{moment(known, view.zone)} ({moment(known)} UTC)",
        "agreement": view.agreement_title,
        "parties": listed([day.party(name) for name in day.parties()]),
        "version": view.version,
        "front": front_page(day),
        "table": table_page(day),
        "single": single_page(day),
        "terms": agreement_page(day),
        "arrears": arrears_page(day),
        "proof": proof_page(day),
    }


def file_stem(view: View) -> str:
    """Name of the report's files without their ending; an exercise says so first."""
    slug = re.sub(r"[^a-z0-9]+", "-", plain(view.mission).lower()).strip("-") or "mission"
    return f"{MARK + '-' if view.exercise else ''}truceline-{slug}-{view.date}"
