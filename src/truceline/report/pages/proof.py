"""Page 6: corrections, rejected rows, the checkpoint, and who can recompute each figure."""

from __future__ import annotations

from typing import Any, Final

from truceline.report.drawing import place_words
from truceline.report.figures import figure_ids
from truceline.report.pages.common import Day
from truceline.report.words import change, decimal, number, percent, plain, when

WHO: Final = (
    ("public", "anyone, from the disclosed rows and the log"),
    ("parties", "each party, from its own copy of the log and the notices it received"),
    ("auditor", "the mission and the agreed auditor, who may open the sealed originals"),
)


_BEHIND: Final = {
    "hours_watched_e1": "sealed: who watched, hour by hour",
    "hours_total_e1": "reporting sectors times hours of the day",
}


def _numbers(name: str, one: dict[str, Any]) -> dict[str, str]:
    """Value, previous and change in words; tenths become a decimal."""
    unit, moved = one["unit"], one["change"]
    said = decimal if name.endswith("_e1") else number
    if said is decimal:
        unit = unit.removeprefix("tenths of a ") + "s"
    return {
        "value": said(one["value"]), "previous": "none" if one["previous"] is None else said(one["previous"]), "unit": unit,
        "change": f"{'+' if moved > 0 else '−'}{said(abs(moved))}" if moved else change(moved),
    }  # fmt: skip


def _corrected(of: str) -> str:
    """What a correction is about; a finding's id is its incident and its article."""
    incident, _, article = plain(of).partition("/")
    return f"Incident {incident}, article {article}" if article and " " not in of else plain(of)


def proof_page(day: Day) -> dict[str, Any]:
    """Everything needed to check this report."""
    view = day.view
    ids = figure_ids(view)
    return {
        "corrections": [
            {"of": _corrected(c.of), "was": c.was, "now": c.now, "reason": c.reason, "by": c.by_role, "at": when(c.at, view.zone)}
            for c in view.corrections
        ],
        "imports": [
            [
                f"sealed file {index + 1}" if one.sealed else one.name or one.digest[:12],
                one.format, number(one.rows), number(one.accepted), number(one.duplicates), number(one.superseded),
                number(one.rejected), "–" if percent(one.rejected, one.rows) is None else f"{percent(one.rejected, one.rows)}%",
            ]
            for index, one in enumerate(view.rejected)
        ],
        "rejected": number(sum(one.rejected for one in view.rejected)),
        "checkpoint": view.checkpoint.strip(),
        "log_size": number(view.log_size),
        "version": view.version,
        "who": [list(pair) for pair in WHO],
        "steps": [
            ["Check the record", "truceline log verify", "Every entry, signature and tree head up to the checkpoint below."],
            ["Recount", "truceline replay", "Without a key: all figures called public, from the disclosed rows on the log."],
            ["Replay", "truceline replay", "With the auditor's key: incidents, findings and every figure, from the sealed originals."],
        ],
        "figures": [
            {
                "name": name.removesuffix("_e1").replace("_", " "), **_numbers(name, one), "who": one["recompute_by"],
                "ids": ids[name], "ids_count": number(one["ids_count"]), "digest": one["ids_digest"] if ids[name] else "",
                "behind": "" if ids[name] else _BEHIND.get(name, "none"),
            }
            for name, one in day.figures.items()
            if one["value"] or one["previous"]
        ],
        "zero": sum(1 for one in day.figures.values() if not one["value"] and not one["previous"]),
        "places": [
            {"id": plain(str(f["properties"]["id"])), "names": " / ".join(place_words(f)[:-1])}
            for f in view.geometry["features"]
            if f["properties"].get("role") == "place"
        ],
    }  # fmt: skip
