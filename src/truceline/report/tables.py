"""CSV: the incidents of the day, and the figures with their ids. Cells cannot become formulas."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any, Final

from truceline.report.figures import figure_ids, figures
from truceline.report.pages.common import Day, scored
from truceline.report.pages.table import verdicts
from truceline.report.view import View
from truceline.report.words import MARK

_DANGEROUS: Final = tuple("=+-@\t\r\n")

INCIDENT_COLUMNS: Final = (
    "exercise", "incident_id", "date", "from_local", "to_local", "from_utc", "to_utc", "sector_id", "act", "means",
    "weapon", "calibre_mm", "violations_min", "violations_max", "open_ended", "killed_min", "killed_max",
    "injured_min", "injured_max", "evidence", "probability", "independent_groups", "source_kinds", "supports",
    "contradicts", "copies", "articles", "recompute_by",
)  # fmt: skip
FIGURE_COLUMNS: Final = (
    "exercise", "date", "figure", "value", "previous", "change", "unit", "recompute_by", "ids_count", "ids_digest", "ids",
)  # fmt: skip


def safe(value: object) -> str:
    """A cell that no spreadsheet reads as a formula: text that starts like one gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    text = str(value).replace("\x00", "")
    return f"'{text}" if text.startswith(_DANGEROUS) or text.lstrip().startswith(_DANGEROUS) else text


def incidents_csv(view: View) -> str:
    """One row an incident of the day, disclosed form, RFC 4180."""
    from truceline.report.days import local, utc

    day = Day.of(view)
    rows = []
    for row in day.rows:
        times = [local(row[name], view.zone) for name in ("from_ms", "to_ms")]
        rows.append(
            {
                **{name: row.get(name) for name in INCIDENT_COLUMNS},
                "exercise": _mark(view), "date": view.date,
                "from_local": _iso(times[0]), "to_local": _iso(times[1]),
                "from_utc": _iso(utc(row["from_ms"])), "to_utc": _iso(utc(row["to_ms"])),
                "means": " ".join(row["means"] or ()), "source_kinds": " ".join(row["source_kinds"] or ()),
                "calibre_mm": None if row["calibre_um"] is None else f"{row['calibre_um'] / 1000:g}",
                "violations_min": row["count_min"], "violations_max": None if row["open_ended"] else row["count_max"],
                "evidence": row["word"],
                "probability": row["probability_word"] if scored(view, row) else "not scored",
                "articles": verdicts(day, row["incident_id"]), "recompute_by": "auditor",
            }
        )  # fmt: skip
    return _csv(INCIDENT_COLUMNS, rows)


def figures_csv(view: View) -> str:
    """One row a figure, with its sorted ids separated by spaces."""
    numbers, ids = figures(view)["figures"], figure_ids(view)
    rows = [
        {**one, "exercise": _mark(view), "date": view.date, "figure": name, "ids": " ".join(ids[name])}
        for name, one in numbers.items()
    ]
    return _csv(FIGURE_COLUMNS, rows)


def _mark(view: View) -> str:
    return MARK if view.exercise else ""


def _iso(at: dt.datetime) -> str:
    return at.isoformat(timespec="minutes").replace("+00:00", "Z")


def _csv(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([safe(row[name]) for name in columns] for row in rows)
    return out.getvalue()
