"""Page 3: one incident in full: what was reported, why it was put together, what speaks against it, what was answered."""

from __future__ import annotations

from typing import Any, Final

from truceline.records.codes import probability_word
from truceline.report.days import local
from truceline.report.disclosed import HOUR_MS
from truceline.report.drawing import draw
from truceline.report.figures import VERDICT_WORDS, published_side
from truceline.report.pages.common import Day, scored
from truceline.report.pages.table import COLUMNS, incident_cells
from truceline.report.words import between, code, listed, moment, plain, plural, span, strength, term, when

_KEPT: Final = (
    "obs_id", "source_kind", "actor", "stance", "copy_of", "place_kind", "scan_m", "track_m", "means", "act",
    "weapon", "count_min", "count_max", "accused", "observed_from_ms", "observed_to_ms",
)  # fmt: skip
"""Disclosed columns, and the interval, which is widened to whole hours at once."""

_FACTORS: Final = (
    ("p_place_e4", "the place"), ("p_time_e4", "the time"), ("p_act_e4", "the act"), ("p_weapon_e4", "the weapon"),
    ("p_side_e4", "the side"),
)  # fmt: skip
_PLACED: Final = {
    "point": "a point, within its stated error", "sector": "a bearing and a range of distances",
    "area": "somewhere in an area", "named": "near a named place", "unknown": "not said",
}  # fmt: skip


RULE: Final = (
    "Chosen by rule, never by party: one whose place is published, then one that was answered, held to be a breach or "
    "contested, then the one with the most independent sources and reports."
)


def choose(day: Day) -> int | None:
    """Row of the incident that teaches most: alleged, answered, contradicted, then with the most reports; never by party."""
    best: tuple[int, ...] = ()
    chosen: int | None = None
    for index, (row, sealed) in enumerate(zip(day.rows, day.sealed, strict=True)):
        standing = [day.standing[f["finding_id"]] for f in day.findings.get(row["incident_id"], ())]
        merit = (
            int(row["sector_id"] is not None),
            int(bool(_replies(day, row["incident_id"]))),
            2 * int("breach" in standing or "verified" in standing) + int(row["contradicts"] > 0),
            row["independent_groups"] or 0,
            len(sealed["members"] or ()),
        )
        if chosen is None or merit > best:
            best, chosen = merit, index
    return chosen


def single_page(day: Day) -> dict[str, Any] | None:
    """Words and drawings of page 3, or None on a day without incidents."""
    index = choose(day)
    if index is None:
        return None
    row, sealed = day.rows[index], day.sealed[index]
    reports = _reports(day, sealed)
    found = day.findings.get(row["incident_id"], [])
    svg = ""
    if row["sector_id"] is not None:
        svg, _ = draw(
            day.view.geometry, {}, frozenset(), exercise=day.view.exercise, only=frozenset({row["sector_id"]}),
            title=f"{'EXERCISE: ' if day.view.exercise else ''}Sector {day.sector(row['sector_id'])}",
            describes="The incident lies somewhere in the shaded sector; no finer place is published.",
            width=340, tallest=400, prefix="s",
        )  # fmt: skip
    cells = incident_cells(day, row, index + 1)
    return {
        "id": row["incident_id"],
        "cells": [
            [name, cell] for name, cell in zip(COLUMNS, cells, strict=True) if name not in ("No.", "Incident")
        ],
        "rule": RULE,
        "map": svg,
        "map_note": "It lies somewhere in the shaded sector. The mission may know it more finely and does not publish it."
        if svg
        else "Its sector is withheld until the mission's delay is over, from all parties and the public alike.",
        "reports": reports,
        "strip": _strip(day, reports, row),
        "linked": _linked(day, row, sealed),
        "against": _against(day, row, sealed, index),
        "terms": _terms(day, row, sealed),
        "findings": [_finding(day, row, f) for f in found if day.standing[f["finding_id"]] != "out_of_scope"],
        "outside": listed([f["article"] for f in found if day.standing[f["finding_id"]] == "out_of_scope"]),
        "replies": _replies(day, row["incident_id"]),
        "side": _side(day, row, sealed),
        "claims": _claims(day, sealed),
    }


def _reports(day: Day, sealed: dict[str, Any]) -> list[dict[str, Any]]:
    soft = {one["id"]: one["e4"] for one in sealed["soft"] or ()}
    wanted = {*(sealed["members"] or ()), *soft}
    roles = {name: (sealed[name] or ()) for name in ("contradicts", "copies", "supports")}
    words = {
        "contradicts": "speaks against it",
        "copies": "repeats another report",
        "supports": "supports it",
    }
    found = []
    for row in day.view.observations.select(list(_KEPT)).to_pylist():
        name = row["obs_id"]
        if name not in wanted:
            continue
        role = next((said for key, said in words.items() if name in roles[key]), "linked")
        look = {"contradicts": "against", "copies": "copy"}.get(
            next((key for key in words if name in roles[key]), ""), "for"
        )
        if name in soft and name not in (sealed["members"] or ()):
            look = "soft"
            role = f"left out, {_share(soft[name])} likely to belong"
        start = row["observed_from_ms"] // HOUR_MS * HOUR_MS
        end = max(-(-row["observed_to_ms"] // HOUR_MS) * HOUR_MS, start + HOUR_MS)
        found.append(
            {
                "id": plain(name), "kind": code(row["source_kind"]),
                "actor": day.party(row["actor"]) if row["actor"] else "", "stance": code(row["stance"]),
                "local": span(start, end, day.view.zone), "utc": span(start, end, beside=day.view.zone), "from_ms": start, "to_ms": end,
                "placed": _placed(row), "means": code(row["means"]), "act": code(row["act"]),
                "weapon": code(row["weapon"]), "count": _count(row), "role": role, "look": look,
                "rank": day.rank(row["actor"]) if row["actor"] else -1,
            }
        )  # fmt: skip
    found.sort(key=lambda r: (r["from_ms"], r["to_ms"], r["rank"], r["id"]))
    return _together(found)


def _together(reports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Copies that say the same become one row that names them all."""
    kept: dict[tuple[Any, ...], dict[str, Any]] = {}
    for report in reports:
        same = (
            tuple(value for name, value in report.items() if name != "id")
            if report["look"] == "copy"
            else (report["id"],)
        )
        kept.setdefault(same, report | {"ids": []})["ids"].append(report["id"])
    return [
        one | {"times": f"{len(one['ids'])} reports" if len(one["ids"]) > 1 else ""} for one in kept.values()
    ]


def _placed(row: dict[str, Any]) -> str:
    if row["place_kind"] == "footprint" and row["scan_m"] and row["track_m"]:
        return f"somewhere in a footprint of {row['scan_m']} by {row['track_m']} m"
    return _PLACED.get(row["place_kind"], "a footprint of unstated size")


def _count(row: dict[str, Any]) -> str:
    low, high = row["count_min"], row["count_max"]
    if low is None and high is None:
        return "not said"
    return between(low or 0, low or 0, True) if high is None else between(low or 0, high)


def _share(e4: int) -> str:
    return f"{(e4 + 50) // 100} per cent"


def _strip(day: Day, reports: list[dict[str, Any]], row: dict[str, Any]) -> dict[str, Any]:
    """Bars of whole hours in thousandths of the width; at most half a day before and after the incident."""
    low = max(min((r["from_ms"] for r in reports), default=row["from_ms"]), row["from_ms"] - 12 * HOUR_MS)
    high = min(max((r["to_ms"] for r in reports), default=row["to_ms"]), row["to_ms"] + 12 * HOUR_MS)
    low, high = min(low, row["from_ms"]) - 2 * HOUR_MS, max(high, row["to_ms"]) + 2 * HOUR_MS
    wide = high - low
    bars = [
        {
            "left": 1000 * (max(report["from_ms"], low) - low) // wide,
            "width": 1000 * (min(report["to_ms"], high) - max(report["from_ms"], low)) // wide,
            "look": report["look"], "words": report["kind"] + (f", {report['times']}" if report["times"] else ""),
        }
        for report in reports
        if report["to_ms"] > low and report["from_ms"] < high
    ]  # fmt: skip
    step = next(n for n in (1, 2, 3, 6, 12) if wide // (n * HOUR_MS) <= 10)
    ticks = [
        {"left": 1000 * (at - low) // wide, "words": f"{local(at, day.view.zone):%H:%M}"}
        for at in range(low, high, step * HOUR_MS)
    ]
    return {"bars": bars, "ticks": ticks, "day": moment(row["from_ms"], day.view.zone)[:-6]}


def _linked(day: Day, row: dict[str, Any], sealed: dict[str, Any]) -> list[str]:
    kinds = [code(kind) for kind in row["source_kinds"] or ()]
    count = len(set(sealed["members"] or ()) - set(sealed["contradicts"] or ()))
    said = [
        "One report stands alone; no other says the same closely enough to be about one incident."
        if count == 1
        else f"{plural(count, 'report')} agree in time, place and act closely enough to be about one incident.",
        f"{'It comes' if count == 1 else 'They come'} from {plural(row['independent_groups'] or 0, 'independent group')} of sources: {listed(kinds) or 'not said'}.",
    ]
    if row["copies"]:
        said.append(
            f"{plural(row['copies'], 'report repeats', 'reports repeat')} another one and {'adds' if row['copies'] == 1 else 'add'} no weight."
        )
    return said


def _against(day: Day, row: dict[str, Any], sealed: dict[str, Any], index: int) -> list[str]:
    said = []
    if row["contradicts"]:
        said.append(
            f"{plural(row['contradicts'], 'report')} {'denies it or says that' if row['contradicts'] == 1 else 'deny it or say that'} nothing happened; a denial is not a corroboration."
        )
    soft = sealed["soft"] or ()
    if soft:
        said.append(
            f"{plural(len(soft), 'report')} may be about it and {'was' if len(soft) == 1 else 'were'} left out, being less likely than not to belong."
        )
    near = [
        other for at, other in enumerate(day.rows)
        if at != index and row["sector_id"] is not None and other["sector_id"] == row["sector_id"] and other["from_ms"] < row["to_ms"] and row["from_ms"] < other["to_ms"]
    ]  # fmt: skip
    if near:
        said.append(
            f"{plural(len(near), 'other incident')} in the same sector and hours {'was' if len(near) == 1 else 'were'} kept apart: {'it differs' if len(near) == 1 else 'they differ'} in exact time, place or act."
        )
    return said or [
        "No report speaks against it, none was left out in doubt, and no other incident lies near."
    ]


def _terms(day: Day, row: dict[str, Any], sealed: dict[str, Any]) -> list[list[str]]:
    if not scored(day.view, row):
        return []
    summed: dict[str, int] = {}
    for one in sealed["explanation"] or ():
        said = term(one["term"] or "")
        summed[said] = summed.get(said, 0) + (one["log_odds_e6"] or 0)
    return [
        [name, strength(size)]
        for name, size in sorted(summed.items(), key=lambda pair: (-abs(pair[1]), pair[0]))
    ]


def _finding(day: Day, row: dict[str, Any], finding: dict[str, Any]) -> dict[str, Any]:
    factors = [(row["probability_e4"], "that it happened")] if row["probability_e4"] is not None else []
    factors += [(finding[name], said) for name, said in _FACTORS if finding[name] is not None]
    if not day.view.publish_sides:
        factors = [pair for pair in factors if pair[1] != "the side"]
    may = scored(day.view, row)
    weakest = min(factors, default=None, key=lambda pair: pair[0])
    standing = day.standing[finding["finding_id"]]
    about = finding["about"] if day.view.publish_sides and row["word"] != "reported" else ""
    title = next((a.title for a in day.view.articles if a.number == finding["article"].split("/")[0]), "")
    return {
        "article": finding["article"], "title": title, "verdict": VERDICT_WORDS[standing],
        "about": day.party(about) if about else "",
        "probability": probability_word(finding["probability_e4"]) if may and finding["probability_e4"] is not None else "",
        "factors": [f"{said}: {probability_word(e4)}" for e4, said in factors] if may else [],
        "needs": f"What weighs most against a decision: {weakest[1]}, {probability_word(weakest[0])}." if standing == "undetermined" and weakest and weakest[0] < 9500 else
        "The text leaves this undefined, or nothing observed decides it." if standing == "undetermined" else "",
        "reviews": [
            {"word": r.word.replace("_", " "), "role": r.reviewer_role, "reason": r.reason}
            for r in day.view.reviews if r.finding_id == finding["finding_id"]
        ],
    }  # fmt: skip


def _replies(day: Day, incident_id: str) -> list[dict[str, str]]:
    about = {incident_id, *(f["finding_id"] for f in day.findings.get(incident_id, ()))}
    about |= {n.notice_id for n in day.view.notices if about & set(n.about)}
    found = sorted(
        (r for r in day.view.replies if r.to in about), key=lambda r: (r.replied, day.rank(r.party))
    )
    return [
        {
            "party": day.party(r.party),
            "position": r.position,
            "text": r.text,
            "replied": when(r.replied, day.view.zone),
        }
        for r in found
    ]


def _side(day: Day, row: dict[str, Any], sealed: dict[str, Any]) -> str:
    if not day.view.publish_sides:
        return "The mandate does not publish sides."
    if row["word"] == "reported":
        return "Reported only: the evidence does not carry a side."
    shares = {one["id"]: one["e4"] for one in sealed["sides"] or ()}
    said = [
        f"{day.party(name)} {_share(e4)}"
        for name, e4 in sorted(
            shares.items(), key=lambda pair: (day.rank(pair[0]), pair[0] != "undetermined")
        )
    ]
    verdict = (
        "Side: undetermined"
        if published_side(sealed) == "undetermined"
        else f"Side: {day.party(sealed['side'])}"
    )
    return f"{verdict} ({listed(said)})." if said else f"{verdict}."


def _claims(day: Day, sealed: dict[str, Any]) -> list[str]:
    """Who accuses whom, as they said it; not a finding of the mission."""
    pairs = [
        (one["actor"], one["accused"])
        for one in sealed["accused_by"] or ()
        if one["actor"] and one["accused"]
    ]
    pairs.sort(key=lambda pair: (day.rank(pair[0]), day.rank(pair[1])))
    return [f"{day.party(actor)} accuses {day.party(accused)}" for actor, accused in dict.fromkeys(pairs)]
