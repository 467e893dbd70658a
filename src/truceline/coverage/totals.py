"""How many incidents there were, seen or not, with an interval; refused where coverage is too thin to tell.

Within a sector, a week and a light (day or night) incidents are thought to come at watched hours as at others, so what
was reported is divided by the chance of notice. Day and night are never mixed: watchers sleep when guns may not.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from truceline.coverage.exposure import zone_of
from truceline.coverage.grid import Grid, reported_by_own
from truceline.coverage.summary import weeks_of
from truceline.errors import UsageError

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
    grid = Grid.of(exposed)
    rows = grid.rows
    if rows["noticed_e4"].null_count:
        raise UsageError(
            "COV-008", "totals need an exposure made with a detection", value="noticed_e4 is null",
            remedy="Pass detection= to coverage.exposure; `truceline learn FOLDER` learns one.",
        )  # fmt: skip
    if not rows.num_rows:
        return TOTALS.empty_table()
    distinct, back = np.unique(grid.hour_ms, return_inverse=True)
    named, over = weeks_of(distinct, zone)
    weeks, week_of = np.unique(np.array(named, dtype="U8"), return_inverse=True)
    kept = np.ones(len(back), dtype=np.bool_) if until_ms is None else np.array(over)[back] <= until_ms
    dark = rows["night"].to_numpy(zero_copy_only=False).astype(np.int64)
    size = (len(weeks), len(grid.sectors), 2)
    cell = np.ravel_multi_index((week_of[back], grid.sector, dark), size)
    strata = _strata(grid, incidents, cell, kept, int(np.prod(size)))
    found = {
        (int(w), int(s), int(n)): {name: column[c] for name, column in strata.items()}
        for c, (w, s, n) in zip(np.flatnonzero(strata["hours"]).tolist(), np.argwhere(strata["hours"].reshape(size)).tolist(), strict=True)
    }  # fmt: skip
    return pa.Table.from_pylist(
        _listed({key: _stratum(**one) for key, one in found.items()}, grid.sectors, weeks.tolist()),
        schema=TOTALS,
    )


def _strata(grid: Grid, incidents: pa.Table, cell: Any, kept: Any, cells: int) -> dict[str, Any]:
    """Sums (cells,) over hours, and over the incidents that the mission's own reported; nothing is looped over hours."""
    watched, noticed = (grid.rows[n].to_numpy().astype(np.float64) for n in ("watched_e4", "noticed_e4"))
    row = grid.find(incidents)
    counts = (row >= 0) & reported_by_own(incidents)
    r = incidents["probability_e4"].to_numpy()[counts] / 1e4
    per_hour = [
        np.bincount(row[counts], weights=w, minlength=len(cell)) for w in (np.ones(len(r)), r, r * (1 - r))
    ]

    def added(values: Any) -> Any:
        return np.bincount(cell[kept], weights=values[kept], minlength=cells)

    hours, seen, expected = added(np.ones(len(cell))), added(noticed), added(per_hour[1])
    share = np.divide(noticed, seen[cell], out=np.zeros(len(cell)), where=seen[cell] > 0)
    foreseen = expected[cell] * share  # of each hour, if incidents came evenly
    return {
        "hours": hours, "watched": added(watched), "noticed": seen, "raw": added(per_hour[0]), "expected": expected,
        "doubt": added(per_hour[2]), "squares": added((per_hour[1] - foreseen) ** 2),
    }  # fmt: skip


def _listed(
    found: dict[tuple[int, int, int], dict[str, Any]], sectors: tuple[str, ...], weeks: list[str]
) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for w, s in sorted({key[:2] for key in found}):
        lights = [(word, found[(w, s, n)]) for n, word in enumerate(("day", "night")) if (w, s, n) in found]
        for word, one in [*lights, ("both", _together([one for _, one in lights]))]:
            out.append({"sector_id": sectors[s], "week": weeks[w], "light": word, **_said(one)})
    for w in sorted({key[0] for key in found}):
        for word, wanted in (("day", {0}), ("night", {1}), ("both", {0, 1})):
            parts = [one for (week, _, n), one in found.items() if week == w and n in wanted]
            if parts:
                out.append({"sector_id": "all", "week": weeks[w], "light": word, **_said(_together(parts))})
    return out


def _stratum(
    hours: float, watched: float, noticed: float, raw: float, expected: float, doubt: float, squares: float
) -> dict[str, Any]:
    p = noticed / (1e4 * hours)
    made = {
        "reported": int(raw), "expected": expected, "hours": int(hours), "watched": watched, "noticed": noticed,
        "total": None, "variance": None,
    }  # fmt: skip
    if p * 1e4 < THIN_E4:
        return made
    total = expected / p
    spread = 1.0 if total == 0 else max(1.0, min(squares / max(expected, 1e-9), 10.0))
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
