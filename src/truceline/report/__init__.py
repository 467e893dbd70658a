"""One frozen view to HTML, PDF, CSV and GeoJSON, with its maps and the ids behind every figure.

It cannot query: what is not in the `View` cannot be printed, and what is not in the disclosed form is not.
"""

from truceline.report.days import day_before, reporting_date, reporting_day, week_end_ms, week_of
from truceline.report.disclosed import disclosed_incidents
from truceline.report.figures import compared, figure_ids, figures, public_figures
from truceline.report.view import COVERAGE, Article, Owed, View
from truceline.report.write import FORMATS, write

__all__ = [
    "COVERAGE",
    "FORMATS",
    "Article",
    "Owed",
    "View",
    "compared",
    "day_before",
    "disclosed_incidents",
    "figure_ids",
    "figures",
    "public_figures",
    "reporting_date",
    "reporting_day",
    "week_end_ms",
    "week_of",
    "write",
]
