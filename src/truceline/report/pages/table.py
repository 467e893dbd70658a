"""Page 2: the incidents of the day, in both units, with columns after the practice of the SMM tables."""

from __future__ import annotations

from typing import Any, Final

from truceline.report.pages.common import Day, scored
from truceline.report.words import MARK, between, code, number, plain, short, span

COLUMNS: Final = (
    "No.", "Local time", "UTC", "Sector", "Means", "Violations", "Observation", "Weapon", "Killed, injured",
    "How sure", "Independent sources", "Articles", "Incident",
)  # fmt: skip
_ARTICLE_WORDS: Final = {
    "breach": "alleged", "verified": "verified", "refuted": "refuted", "no_breach": "no breach",
    "undetermined": "undetermined",
}  # fmt: skip


def table_page(day: Day) -> dict[str, Any]:
    """Rows of words, and a total per sector."""
    low, high = day.value("violations_min"), day.value("violations_max")
    return {
        "columns": list(COLUMNS),
        "rows": [incident_cells(day, row, index + 1) for index, row in enumerate(day.rows)],
        "ids": [row["incident_id"] for row in day.rows],
        "totals": _totals(day),
        "sum": f"{number(len(day.rows))} incidents, {between(low, high, day.value('incidents_open_ended') > 0)} single violations",
        "note": "Every single shot, burst or explosion is one violation; what belongs together in time and place is one "
        "incident. Times are widened to whole hours. An observer's post, direction, distance, and whether fire went "
        "out or came in, are sealed. How sure: the word of evidence, then the probability that it happened, in words.",
    }  # fmt: skip


def incident_cells(day: Day, row: dict[str, Any], index: int) -> list[str]:
    """The cells of one row, in the order of `COLUMNS`."""
    view = day.view
    weapon = code(row["weapon"])
    if row["calibre_um"]:
        weapon = (
            f"{weapon} {_millimetres(row['calibre_um'])}"
            if row["weapon"] != "unknown"
            else _millimetres(row["calibre_um"])
        )
    hurt = [_persons(row, name) for name in ("killed", "injured")]
    sure = row["word"]
    if not scored(view, row):
        sure = f"{row['word']}; not scored"
    elif row["probability_word"]:
        sure = f"{row['word']}; {row['probability_word']}"
    return [
        f"{MARK} {index}" if view.exercise else str(index),
        span(row["from_ms"], row["to_ms"], view.zone),
        span(row["from_ms"], row["to_ms"], beside=view.zone),
        day.sector(row["sector_id"]),
        ", ".join(code(word) for word in row["means"] or ()) or "not said",
        between(row["count_min"], row["count_max"], row["open_ended"]) if row["count_min"] else "–",
        code(row["act"]),
        weapon,
        "–" if hurt == ["–", "–"] else f"{hurt[0]}, {hurt[1]}",
        sure,
        f"{row['independent_groups']}: {', '.join(short(kind) for kind in row['source_kinds'] or ())}",
        verdicts(day, row["incident_id"]),
        plain(row["incident_id"]) if view.exercise else row["incident_id"],
    ]


def verdicts(day: Day, incident_id: str) -> str:
    """Articles in scope and how each stands."""
    said = [
        f"{finding['article']}: {_ARTICLE_WORDS[day.standing[finding['finding_id']]]}"
        for finding in day.findings.get(incident_id, ())
        if day.standing[finding["finding_id"]] in _ARTICLE_WORDS
    ]
    return "; ".join(said) or "none in scope"


def _totals(day: Day) -> list[list[str]]:
    rows = []
    for sector in (*day.sectors(), None):
        own = [row for row in day.rows if row["sector_id"] == sector]
        if sector is None and not own:
            continue
        low, high = sum(r["count_min"] for r in own), sum(r["count_max"] for r in own)
        some = any(r["open_ended"] for r in own)
        rows.append([day.sector(sector), number(len(own)), between(low, high, some)])
    return rows


def _millimetres(calibre_um: int) -> str:
    whole, rest = divmod(calibre_um, 1000)
    return f"{whole}.{rest:03d}".rstrip("0") + " mm" if rest else f"{whole} mm"


def _persons(row: dict[str, Any], name: str) -> str:
    low, high = row[f"{name}_min"], row[f"{name}_max"]
    if low is None and high is None:
        return "–"
    if high is None:
        return between(low, low, True)
    return between(low or 0, high)
