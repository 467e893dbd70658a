"""The published numbers, each with its ids, its previous value and who can recompute it (R5, R11)."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

from truceline.records.canonical import digest
from truceline.records.kinds import PlanStep
from truceline.records.reviews import state, words_of
from truceline.report.days import day_before
from truceline.report.disclosed import disclosed_incidents, incidents_between, withheld_after
from truceline.report.view import View

VERDICT_WORDS: Final = {
    "breach": "alleged breach", "verified": "breach, verified on review", "refuted": "refuted on review",
    "no_breach": "no breach", "undetermined": "undetermined", "out_of_scope": "out of scope",
}  # fmt: skip
PLAN_STATES: Final = (
    "waiting",
    "open",
    "reported",
    "verified",
    "overdue",
    "disputed",
    "suspended",
    "not_agreed",
)


def figures(view: View) -> dict[str, Any]:
    """Canonical figures of the day: integers and strings only.

    Returns:
        {"figures": {name: {value, previous, change, unit, recompute_by, ids_digest, ids_count}}, ...}. `ids_digest`
        is the SHA-256 of the canonical sorted ids; the ids stand in `figure_ids`.
    Raises:
        ReportError: see `View.check`.
    """
    view.check()
    now = _period(view, view.day_from_ms, view.day_to_ms)
    before = (
        _period(view, view.previous_from_ms, view.previous_to_ms)
        if compared(view.date, view.first_date)
        else None
    )
    return {
        "mission": view.mission, "exercise": "EXERCISE" if view.exercise else "",
        "date": view.date, "zone": view.zone,
        "day_from_ms": view.day_from_ms, "day_to_ms": view.day_to_ms,
        "previous_from_ms": view.previous_from_ms, "previous_to_ms": view.previous_to_ms,
        "log_size": view.log_size, "version": view.version,
        "figures": {
            name: _printed(one, before[name][0] if before else None) for name, one in now.items()
        },
    }  # fmt: skip


def compared(date: str, first_date: str) -> bool:
    """Whether the day has a day of the mission before it."""
    return not first_date or day_before(date) >= first_date


def figure_ids(view: View) -> dict[str, list[str]]:
    """The sorted ids behind each figure of the day: incidents, findings, or sector-hours for coverage."""
    return {
        name: sorted(found)
        for name, (_, found, _, _) in _period(view, view.day_from_ms, view.day_to_ms).items()
    }


_Figure = tuple[int | None, list[str], str, str]


def _printed(figure: _Figure, before: int | None) -> dict[str, Any]:
    now, ids, unit, who = figure
    return {
        "value": now, "previous": before, "change": None if now is None or before is None else now - before,
        "unit": unit, "recompute_by": who, "ids_digest": digest(sorted(ids)), "ids_count": len(ids),
    }  # fmt: skip


def _period(view: View, from_ms: int, to_ms: int) -> dict[str, _Figure]:
    inside = incidents_between(view.incidents, from_ms, to_ms)
    rows = disclosed_incidents(inside, withheld_after_ms=withheld_after(view)).to_pylist()
    all_ids = [row["incident_id"] for row in rows]
    found = _counted(rows)
    for word in ("corroborated", "credible", "reported"):
        chosen = [row["incident_id"] for row in rows if row["word"] == word]
        found[f"incidents_{word}"] = (len(chosen), chosen, "incidents", "auditor")
    found |= _verdicts(view, set(all_ids))
    if view.publish_sides:
        found |= _sides(view, inside)
    found |= _watched(view, from_ms, to_ms)
    plan = view.plan if to_ms == view.day_to_ms else view.plan_before
    found |= _steps(plan, "auditor" if view.plan_sealed else "public")
    return found | _hours(len(sector_ids(view)), to_ms - from_ms)


def public_figures(
    rows: list[dict[str, Any]], before: list[dict[str, Any]] | None, *, sectors: int, spans_ms: tuple[int, int],
    plan: tuple[PlanStep, ...] | None = (), plan_before: tuple[PlanStep, ...] | None = (),
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """All figures marked `public`, as `figures` gives them, from what is disclosed and nothing else.

    Args:
        rows, before: disclosed rows (`disclosed.DISCLOSED`) of the day, and of the period before it if there is one.
        sectors: how many reporting sectors the public geometry has. spans_ms: how long both periods last.
        plan, plan_before: the steps with their states at the end of both; anyone computes them from the log. None where
            they rest on what is sealed.
    """
    now = _counted(rows) | _hours(sectors, spans_ms[0]) | _steps(plan)
    then = None if before is None else _counted(before) | _hours(sectors, spans_ms[1]) | _steps(plan_before)
    return {name: _printed(one, then[name][0] if then else None) for name, one in now.items()}


def _counted(rows: list[dict[str, Any]]) -> dict[str, _Figure]:
    """Figures that rest on disclosed rows only."""
    counted = [row["incident_id"] for row in rows if row["count_min"]]
    open_ended = [row["incident_id"] for row in rows if row["open_ended"]]
    found: dict[str, _Figure] = {
        "incidents": (len(rows), [row["incident_id"] for row in rows], "incidents", "public"),
        "violations_min": (sum(row["count_min"] for row in rows), counted, "violations", "public"),
        "violations_max": (sum(row["count_max"] for row in rows), counted, "violations", "public"),
        "incidents_open_ended": (len(open_ended), open_ended, "incidents", "public"),
    }
    for name in ("killed", "injured"):
        chosen = [row["incident_id"] for row in rows if row[f"{name}_min"] is not None]
        for bound in ("min", "max"):
            total = sum(_either(row[f"{name}_{bound}"], row[f"{name}_min"]) for row in rows)
            found[f"{name}_{bound}"] = (total, chosen, "persons", "public")
    return found


def _either(value: int | None, otherwise: int | None) -> int:
    return otherwise or 0 if value is None else value


def _verdicts(view: View, inside: set[str]) -> dict[str, _Figure]:
    standing = standing_of(view)
    chosen: dict[str, list[str]] = {word: [] for word in VERDICT_WORDS}
    articles: dict[str, list[str]] = {}
    for row in view.findings.select(["finding_id", "incident_id", "article"]).to_pylist():
        if row["incident_id"] in inside:
            word = standing[row["finding_id"]]
            chosen[word].append(row["finding_id"])
            articles.setdefault(f"article {row['article']}: {word}", []).append(row["finding_id"])
    # The same articles in both periods, so that a fall to nought is a number and not an absence.
    for number in sorted(set(view.findings["article"].to_pylist())):
        for word in VERDICT_WORDS:
            articles.setdefault(f"article {number}: {word}", [])
    found: dict[str, _Figure] = {
        f"findings_{word}": (len(ids), ids, "findings", "auditor") for word, ids in chosen.items()
    }
    named = {
        row["finding_id"]: row["incident_id"]
        for row in view.findings.select(["finding_id", "incident_id"]).to_pylist()
    }
    alleged = sorted({named[one] for word in ("breach", "verified") for one in chosen[word]})
    found["incidents_alleged"] = (len(alleged), alleged, "incidents", "auditor")
    return found | {name: (len(ids), ids, "findings", "auditor") for name, ids in sorted(articles.items())}


def _sides(view: View, inside: pa.Table) -> dict[str, _Figure]:
    chosen: dict[str, list[str]] = {one: [] for one in (*(a.id for a in view.alignments), "undetermined")}
    for row in inside.select(["side", "word", "incident_id"]).to_pylist():
        chosen.setdefault(published_side(row), []).append(row["incident_id"])
    return {f"side {side}": (len(ids), ids, "incidents", "auditor") for side, ids in chosen.items()}


def published_side(row: dict[str, Any]) -> str:
    """The side of an incident as far as its evidence carries one (R12): undetermined where it was reported only."""
    return "undetermined" if row["word"] == "reported" else row["side"] or "undetermined"


def _watched(view: View, from_ms: int, to_ms: int) -> dict[str, _Figure]:
    """Sector-hours, each weighted by the best-placed kind of source: a lower bound of what all saw together."""
    if view.exposure is None:
        return {"hours_watched_e1": (None, [], "tenths of a sector-hour", "auditor")}
    best: dict[str, int] = {}
    for row in view.exposure.select(["sector_id", "hour_ms", "watched_e4"]).to_pylist():
        if from_ms <= row["hour_ms"] < to_ms:
            name = f"{row['sector_id']}/{row['hour_ms']}"
            best[name] = max(best.get(name, 0), row["watched_e4"])
    return {"hours_watched_e1": (sum(best.values()) // 1000, [], "tenths of a sector-hour", "auditor")}


def _hours(sectors: int, span_ms: int) -> dict[str, _Figure]:
    return {
        "hours_total_e1": (sectors * (span_ms // 3_600_000) * 10, [], "tenths of a sector-hour", "public")
    }


def _steps(plan: tuple[PlanStep, ...] | None, who: str = "public") -> dict[str, _Figure]:
    """Steps of the plan by their computed state."""
    if plan is None:
        return {}
    chosen: dict[str, list[str]] = {state: [] for state in PLAN_STATES}
    for step in plan:
        chosen[step.state].append(step.step_id)
    return {f"plan_{state}": (len(ids), ids, "steps", who) for state, ids in chosen.items()}


def sector_ids(view: View) -> tuple[str, ...]:
    """All reporting sectors of the mission, in the order of its geometry."""
    return tuple(
        str(feature["properties"]["id"])
        for feature in view.geometry["features"]
        if feature["properties"].get("role") == "sector"
    )


def standing_of(view: View) -> dict[str, str]:
    """Where each finding stands: its verdict, or `verified` (two reviews, none against) or `refuted` on review.

    Only alleged breaches change by review, and only when two persons agree and none disagrees (R24).
    """
    words = words_of(view.reviews)
    standing: dict[str, str] = {}
    for name, verdict in zip(
        view.findings["finding_id"].to_pylist(), view.findings["verdict"].to_pylist(), strict=True
    ):
        reached = state(words.get(name, {}))
        standing[name] = reached if verdict == "breach" and reached in ("verified", "refuted") else verdict
    return standing
