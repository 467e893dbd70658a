"""What changed: daily series by sector against coverage, hot spots, day and night, before and after a date. Counts, never causes.

Everything by day and sector shows gaps and is sealed; by week, when it is over, it may be published.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from scipy.special import betaincinv
from scipy.stats import nbinom

from truceline.coverage.alerts import Floats, Ints, dispersions, raised
from truceline.coverage.exposure import zone_of
from truceline.coverage.grid import Grid, reported_by_own
from truceline.errors import UsageError

HOT_SPOTS: Final = pa.schema(
    [
        ("sector_id", pa.string()), ("light", pa.string()), ("reported", pa.int64()), ("expected_e2", pa.int64()),
        ("per_noticed_100h_e2", pa.int64()), ("p_e6", pa.int64()), ("raised", pa.bool_()),
    ]
)  # fmt: skip
"""`expected_e2`: hundredths of what the sector would have if every km and hour were alike at its chance of notice;
`per_noticed_100h_e2`: hundredths of reports per 100 hours at which an incident would have been noticed. `raised` holds at a false-discovery
rate of a tenth over all rows."""

BEFORE_AFTER: Final = pa.schema(
    [
        ("series", pa.string()), ("light", pa.string()), ("before", pa.int64()), ("after", pa.int64()),
        ("before_hours_e1", pa.int64()), ("after_hours_e1", pa.int64()),  # noticed hours, tenths
        ("ratio_e2", pa.int64()), ("low_e2", pa.int64()), ("high_e2", pa.int64()),
    ]
)  # fmt: skip
"""Rates after against before, in hundredths, with a 90 % interval; null where either side has no noticed hours or no report."""


@dataclass(frozen=True, slots=True, eq=False)
class Daily:
    """Series by local day.

    Attributes:
        sectors: (s,) names. first: ordinal of the first local date. count: (s, d, 2) incidents that the mission's own reported, by
            day and by night. hours: (s, d, 2) hours at which an incident would have been noticed. watched: (s, d) share watched.
        line_m: (s,).
    """

    sectors: tuple[str, ...]
    first: int
    count: Ints
    hours: Floats
    watched: Floats
    line_m: Ints

    @property
    def notice(self) -> Floats:
        """(s, d) chance of notice, averaged over the day."""
        return np.asarray(self.hours.sum(axis=2) / 24.0)


def daily(incidents: pa.Table, exposed: pa.Table, *, until_ms: int | None = None) -> Daily:
    """Series from incidents and an exposure made with a detection; whole local days only.

    Args:
        until_ms: days not over by then are left out.
    Raises:
        UsageError: COV-005, COV-008.
    """
    zone = zone_of(exposed)
    grid = Grid.of(exposed)
    rows, hour, sector, names = grid.rows, grid.hour_ms, grid.sector, list(grid.sectors)
    if rows["noticed_e4"].null_count:
        raise UsageError(
            "COV-008", "trends need an exposure made with a detection", value="noticed_e4 is null",
            remedy="Pass detection= to coverage.exposure; `truceline learn FOLDER` learns one.",
        )  # fmt: skip
    day = _ordinals(hour, zone)
    night = rows["night"].to_numpy(zero_copy_only=False).astype(np.int64)
    if not len(hour):
        return Daily(
            (), 0, np.zeros((0, 0, 2), np.int64), np.zeros((0, 0, 2)), np.zeros((0, 0)), np.zeros(0, np.int64)
        )
    first, last = int(day.min()), int(day.max())
    if until_ms is not None:
        last = min(last, int(_ordinals(np.array([until_ms]), zone)[0]) - 1)
    begun = np.bincount(day[(day == first) & (sector == 0)] - first, minlength=1)[0]
    if (
        begun < 23 and first < last
    ):  # the first day is there only in part; a day on which clocks go forward has 23 hours
        first += 1
    size = (len(names), max(last - first + 1, 0), 2)
    inside = (day <= last) & (day >= first)
    at = (
        np.ravel_multi_index((sector[inside], day[inside] - first, night[inside]), size)
        if size[1]
        else np.empty(0, np.int64)
    )
    total = int(np.prod(size))
    hours: Any = np.bincount(
        at, weights=rows["noticed_e4"].to_numpy()[inside] / 1e4, minlength=total
    ).reshape(size)
    seen = np.bincount(at, weights=rows["watched_e4"].to_numpy()[inside] / 1e4, minlength=total).reshape(size)
    held = np.bincount(at, minlength=total).reshape(size)
    count: Any = np.zeros(size, dtype=np.int64)
    row = grid.find(incidents)
    row = row[(row >= 0) & reported_by_own(incidents)]
    row = row[inside[row]]
    np.add.at(count, (sector[row], day[row] - first, night[row]), 1)
    metres = rows.group_by("sector_id").aggregate([("line_m", "max")])
    length = dict(zip(metres["sector_id"].to_pylist(), metres["line_m_max"].to_pylist(), strict=True))
    share: Any = seen.sum(axis=2) / np.maximum(held.sum(axis=2), 1)
    return Daily(
        tuple(names), first, count, hours, share, np.array([length[n] for n in names], dtype=np.int64)
    )


def hot_spots(series: Daily) -> pa.Table:
    """Sectors that have more than their length and coverage call for, by day and by night (`HOT_SPOTS`)."""
    found: list[dict[str, Any]] = []
    chances: list[float] = []
    sizes = dispersions(series.count.sum(axis=2), series.notice) if series.count.size else np.empty(0)
    for light, word in enumerate(("day", "night")):
        seen, hours = series.count[:, :, light].sum(axis=1), series.hours[:, :, light].sum(axis=1)
        weight = hours * series.line_m
        for s, name in enumerate(series.sectors):
            rest = weight.sum() - weight[s]
            others = seen.sum() - seen[s] + 0.5
            expected = float(others / rest * weight[s]) if rest > 0 else 0.0
            days = max(int((series.hours[s, :, light] > 0).sum()), 1)
            size = float(sizes[s]) * days
            chances.append(
                float(nbinom.sf(seen[s] - 1, size, size / (size + expected)))
                if expected > 0
                else float("nan")
            )
            found.append(
                {
                    "sector_id": name, "light": word, "reported": int(seen[s]), "expected_e2": round(100 * expected),
                    "per_noticed_100h_e2": round(1e4 * seen[s] / hours[s]) if hours[s] > 0 else None,
                    "p_e6": None if np.isnan(chances[-1]) else round(1e6 * chances[-1]),
                }
            )  # fmt: skip
    for row, flag in zip(found, raised(chances), strict=True):
        row["raised"] = flag
    return pa.Table.from_pylist(found, schema=HOT_SPOTS)


def before_after(series: Daily, day: int, *, span: int = 14) -> pa.Table:
    """Rates in the `span` days from `day` (an ordinal) on against the `span` days before it (`BEFORE_AFTER`).

    That something changed after a decision does not say that the decision changed it.

    Source: the conditional binomial interval of a ratio of rates (Clopper & Pearson 1934), widened by the over-dispersion of days.
    """
    at = day - series.first
    low, high = max(at - span, 0), min(at + span, series.count.shape[1])
    names = [*series.sectors, "all"]
    found: list[dict[str, Any]] = []
    for index, name in enumerate(names):
        rows = slice(index, index + 1) if name != "all" else slice(None)
        for word, lights in (("day", [0]), ("night", [1]), ("both", [0, 1])):
            counts = series.count[rows][:, :, lights]
            hours = series.hours[rows][:, :, lights]
            a, b = (int(counts[:, x:y].sum()) for x, y in ((low, max(at, 0)), (max(at, 0), high)))
            t, u = (float(hours[:, x:y].sum()) for x, y in ((low, max(at, 0)), (max(at, 0), high)))
            ratio = edge = top = None
            if t > 0 and u > 0 and a + b > 0:
                per_day, held = counts.sum(axis=(0, 2)), hours.sum(axis=(0, 2))
                spread = max(_spread(per_day[low:at], held[low:at]), _spread(per_day[at:high], held[at:high]))
                x, n = b / spread, (a + b) / spread
                share = betaincinv(max(x, 1e-9), n - x + 1, 0.05) if b else 0.0
                other = betaincinv(x + 1, max(n - x, 1e-9), 0.95) if a else 1.0
                ratio = b / u / (a / t) if a else None
                edge = share / (1 - share) * t / u
                top = other / (1 - other) * t / u if other < 1 else None
            found.append(
                {
                    "series": name, "light": word, "before": a, "after": b, "before_hours_e1": round(10 * t), "after_hours_e1": round(10 * u),
                    "ratio_e2": None if ratio is None else round(100 * ratio), "low_e2": None if edge is None else round(100 * float(edge)),
                    "high_e2": None if top is None else round(100 * float(top)),
                }
            )  # fmt: skip
    return pa.Table.from_pylist(found, schema=BEFORE_AFTER)


def _spread(count: Any, hours: Any) -> float:
    """Variance of daily counts over their mean, at least 1 (Pearson, quasi-Poisson)."""
    held = hours > 0
    if held.sum() < 3 or count[held].sum() == 0:
        return 1.0
    mean = count[held].sum() / hours[held].sum() * hours[held]
    return float(max(1.0, ((count[held] - mean) ** 2 / mean).sum() / (held.sum() - 1)))


def _ordinals(at_ms: Ints, zone: ZoneInfo) -> Ints:
    """Local dates as proleptic ordinals; each distinct hour is asked once."""
    distinct, back = np.unique(at_ms, return_inverse=True)
    days = [dt.datetime.fromtimestamp(one / 1000, zone).toordinal() for one in distinct.tolist()]
    return np.array(days, dtype=np.int64)[back]
