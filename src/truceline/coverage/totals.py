"""How many incidents there were, seen or not, with an interval; refused where coverage is too thin to tell.

Within a sector, a week and a light (day or night) incidents are thought to come at watched hours as at others, so what
was reported is divided by the chance of notice. Day and night are never mixed: watchers sleep when guns may not.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.coverage.exposure import ANY, HOUR_MS, zone_of
from truceline.coverage.summary import weeks_of
from truceline.errors import UsageError
from truceline.records.codes import MISSION_KINDS

THIN_E4: Final = 2_000
"""Less than a fifth noticed (q > .8): no total is given."""
_Z90: Final = 1.6448536269514722
_DETECTION_CV: Final = 0.08
"""Relative standard error of what was learned: the same in every sector and week, so it adds up whole."""
_LOCAL_CV: Final = 0.3
"""Relative standard error of one sector's chance of notice: incidents gather where watchers stand, or where they do not."""

TOTALS: Final = pa.schema(
    [
        ("sector_id", pa.string()), ("week", pa.string()), ("light", pa.string()),
        ("reported", pa.int64()),     # incidents that the mission's own reported there and then: the raw count
        ("expected_e4", pa.int64()),  # the sum of their probabilities
        ("hours_e1", pa.int64()), ("watched_e1", pa.int64()),  # tenths of an hour; watched as in the summary
        ("noticed_e4", pa.int32()),   # chance of notice, averaged over the hours
        ("total_e1", pa.int64()), ("low_e1", pa.int64()), ("high_e1", pa.int64()),  # tenths; null where refused
    ]
)  # fmt: skip
"""Interval: 90 %. `light` is day, night or both; both is refused when either is, for a sum of one part is no total."""


def totals(incidents: pa.Table, exposed: pa.Table, *, until_ms: int | None = None) -> pa.Table:
    """Totals (`TOTALS`) per sector, week and light; per sector and week; and for the whole line (sector "all").

    Args:
        incidents: `records.columns.INCIDENTS`. exposed: from `exposure` with a detection.
        until_ms: only weeks that are over by then.
    Raises:
        UsageError: COV-001, COV-005; COV-008 an exposure made without a detection.
    Source: a binomial catch of known chance; over-dispersed by clusters of incidents in one hour (McCullagh & Nelder
        1989, section 4.5).
    """
    zone = zone_of(exposed)
    rows = exposed.filter(pc.equal(exposed["source_kind"], ANY))
    if rows["noticed_e4"].null_count:
        raise UsageError(
            "COV-008", "totals need an exposure made with a detection", value="noticed_e4 is null",
            remedy="Pass detection= to coverage.exposure; `truceline learn FOLDER` learns one.",
        )  # fmt: skip
    hour = rows["hour_ms"].to_numpy()
    distinct, back = np.unique(hour, return_inverse=True)
    named, over = weeks_of(distinct, zone)
    kept = np.ones(len(hour), dtype=np.bool_) if until_ms is None else np.array(over)[back] <= until_ms
    week = np.array(named, dtype="U8")[back]
    sector = np.array(rows["sector_id"].to_pylist(), dtype=np.str_)
    night = rows["night"].to_numpy(zero_copy_only=False)
    counted = _counted(incidents)
    cells: dict[tuple[str, str, bool], list[Any]] = {}
    for place, label, dark, at, watched, noticed, use in zip(
        sector.tolist(), week.tolist(), night.tolist(), hour.tolist(), rows["watched_e4"].to_pylist(),
        rows["noticed_e4"].to_pylist(), kept.tolist(), strict=True,
    ):  # fmt: skip
        if use:
            cell = cells.setdefault((place, label, dark), [0, 0, 0, []])
            cell[0] += 1
            cell[1] += watched
            cell[2] += noticed
            cell[3].append((counted.get((place, at), (0, 0.0, 0.0)), noticed))
    found = {key: _stratum(*cell) for key, cell in cells.items()}
    pairs = sorted({key[:2] for key in found}, key=lambda key: (key[1], key[0]))
    out: list[dict[str, Any]] = []
    for place, label in pairs:
        lights = [found[(place, label, dark)] for dark in (False, True) if (place, label, dark) in found]
        names = [word for word, dark in (("day", False), ("night", True)) if (place, label, dark) in found]
        for word, one in zip([*names, "both"], [*lights, _together(lights)], strict=True):
            out.append({"sector_id": place, "week": label, "light": word, **_said(one)})
    for label in sorted({key[1] for key in found}):
        for word, wanted in (("day", {False}), ("night", {True}), ("both", {False, True})):
            parts = [one for (_, w, dark), one in found.items() if w == label and dark in wanted]
            if parts:
                out.append({"sector_id": "all", "week": label, "light": word, **_said(_together(parts))})
    return pa.Table.from_pylist(out, schema=TOTALS)


def _counted(incidents: pa.Table) -> dict[tuple[str, int], tuple[int, float, float]]:
    """Incidents that the mission's own reported: raw, expected, variance of the expected, by sector and hour."""
    found: dict[tuple[str, int], tuple[int, float, float]] = {}
    columns = ("sector_id", "midpoint_ms", "probability_e4", "source_kinds")
    for place, at, chance, kinds in zip(*(incidents[n].to_pylist() for n in columns), strict=True):
        if place is None or not MISSION_KINDS & set(kinds):
            continue
        r = chance / 1e4
        key = (place, at // HOUR_MS * HOUR_MS)
        before = found.get(key, (0, 0.0, 0.0))
        found[key] = (before[0] + 1, before[1] + r, before[2] + r * (1 - r))
    return found


def _stratum(
    hours: int, watched: int, noticed: int, held: list[tuple[tuple[int, float, float], int]]
) -> dict[str, Any]:
    raw = sum(one[0] for one, _ in held)
    expected = sum(one[1] for one, _ in held)
    doubt = sum(one[2] for one, _ in held)
    p = noticed / (1e4 * hours)
    made = {
        "reported": raw, "expected": expected, "hours": hours, "watched": watched, "noticed": noticed,
        "total": None, "variance": None,
    }  # fmt: skip
    if p * 1e4 < THIN_E4:
        return made
    total = expected / p
    squares = sum((one[1] - total * n / (1e4 * hours)) ** 2 for one, n in held)
    poisson = max(sum(total * n / (1e4 * hours) for _, n in held), 1e-9)
    spread = 1.0 if total == 0 else max(1.0, min(squares / poisson, 10.0))
    variance = (expected + 0.5) * (1 - p) * spread / p**2 + doubt / p**2
    variance += (_DETECTION_CV**2 + (_LOCAL_CV * (1 - p)) ** 2) * total**2
    return {**made, "total": total, "variance": variance}


def _together(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """A sum of strata. Errors of counts are independent; that of detection is one and the same, so it adds up whole."""
    made = {
        name: sum(one[name] for one in parts)
        for name in ("reported", "expected", "hours", "watched", "noticed")
    }
    if any(one["total"] is None for one in parts):
        return {**made, "total": None, "variance": None}
    total = sum(one["total"] for one in parts)
    own = sum(one["variance"] - (_DETECTION_CV * one["total"]) ** 2 for one in parts)
    return {**made, "total": total, "variance": own + (_DETECTION_CV * total) ** 2}


def _said(one: dict[str, Any]) -> dict[str, Any]:
    low = high = None
    if one["total"] is not None:
        middle, variance = max(one["total"], 0.5), one["variance"]
        wide = float(np.sqrt(np.log1p(variance / middle**2)))
        low = min(middle * np.exp(-_Z90 * wide - wide**2 / 2), one["total"])
        high = max(middle * np.exp(_Z90 * wide - wide**2 / 2), one["total"])
    return {
        "reported": one["reported"], "expected_e4": round(one["expected"] * 1e4), "hours_e1": 10 * one["hours"],
        "watched_e1": round(one["watched"] / 1e3), "noticed_e4": round(one["noticed"] / max(one["hours"], 1)),
        "total_e1": None if one["total"] is None else round(10 * one["total"]),
        "low_e1": None if low is None else round(10 * low), "high_e1": None if high is None else round(10 * high),
    }  # fmt: skip
