"""The plan for people: a timeline as SVG, a page, and a calendar; from the rows that `truceline plan --json` prints."""

from __future__ import annotations

from truceline.report.plan.calendar import calendar
from truceline.report.plan.page import page
from truceline.report.plan.timeline import timeline

__all__ = ["calendar", "page", "timeline"]
