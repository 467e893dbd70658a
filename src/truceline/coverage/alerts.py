"""Escalation alerts: a likelihood-ratio CUSUM of counts against coverage, at a stated rate of false alarms (Page 1954, Biometrika 41).

Each series is the count of incidents that the mission's own reported in a sector on a day, negative-binomial with mean
(rate x chance of notice): a day nobody watched says nothing either way. The statistic adds up the evidence that the rate has
grown by `GROWTH` rather than by `WANDERS`, and starts again at nought. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numba import njit

from truceline.errors import UsageError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

GROWTH: Final = 2.5
"""The escalation that is looked for: two and a half times the rate,"""
WANDERS: Final = 1.4
"""held against a rate that wanders up by two fifths, as quiet ones do."""
BASELINE_DAYS: Final = 56
SHORTEST_DAYS: Final = 28
ENOUGH: Final = 40.0
"""The baseline is the shortest span of SHORTEST_DAYS to BASELINE_DAYS that holds so many incidents: it follows a busy sector closely."""
LAG_DAYS: Final = 7
"""Days just before today that teach no baseline: an escalation must not hide itself."""
LEAST_BASELINE: Final = 7.0
"""Fewer days' worth of notice than this in the baseline: no alert can be given, and the day says so."""
FALSE_PER_YEAR: Final = 0.5
_CAUTION: Final = 0.3
"""The level is set for this share of the stated rate: real days hang together more than drawn ones (measured: `score alerts`)."""
QUIET_DAYS: Final = 14
"""After an alarm a series is silent so long; what grows on is the same escalation."""
_DAYS_OF_YEAR: Final = 365.25
_SIMULATED_DAYS: Final = 1_500


@dataclass(frozen=True, slots=True)
class Alert:
    """A day on which a series of counts says that its rate has grown.

    `p_e6` is the share of days without escalation on which the statistic stands as high; `false_per_year` what the threshold
    allows for all series together.
    """

    series: str
    day: int
    began: int  # the day from which the evidence adds up
    count: int
    expected_e2: int  # hundredths
    ratio_e2: int  # growth since `began`, by count over expectation
    p_e6: int
    false_per_year_e2: int


@njit(cache=True, nogil=True)
def _walk(
    count: Any,
    notice: Any,
    dispersion: Any,
    growth: Any,
    wanders: Any,
    days: Any,
    shortest: Any,
    enough: Any,
    lag: Any,
    least: Any,
    threshold: Any,
    quiet: Any,
) -> Any:  # pragma: no cover - compiled
    """Statistic (s, d), expectation (s, d), first day of its run (s, d) and alarms (s, d) of series (s, d)."""
    series, length = count.shape
    statistic = np.zeros((series, length))
    expected = np.full((series, length), np.nan)
    began = np.zeros((series, length), dtype=np.int64)
    alarm = np.zeros((series, length), dtype=np.bool_)
    for s in range(series):
        value, start, hush = 0.0, 0, -1
        for d in range(length):
            seen, held = 0.0, 0.0
            for back in range(days):
                k = d - lag - 1 - back
                if k < 0 or (back >= shortest and seen >= enough):
                    break
                seen += count[s, k]
                held += notice[s, k]
            if held < least:
                value, start = 0.0, d + 1
                continue
            rate = max(seen, 0.5) / held
            mean = rate * notice[s, d]
            expected[s, d] = mean
            if mean > 0.0:
                r = dispersion[s]
                grown, usual = growth * mean, wanders * mean
                value += count[s, d] * math.log(growth / wanders) - (count[s, d] + r) * math.log(
                    (r + grown) / (r + usual)
                )
            if value <= 0.0:
                value, start = 0.0, d + 1
            statistic[s, d] = value
            began[s, d] = start
            if value >= threshold[s] and d > hush:
                alarm[s, d] = True
                hush = d + quiet
                value, start = 0.0, d + 1
    return statistic, expected, began, alarm


def dispersions(count: Ints, notice: Floats) -> Floats:
    """Negative-binomial size of each series (s, d), by moments about a mean that follows the notice; the pooled size draws each to it.

    Source: a method of moments (Bliss & Owen 1958, Biometrika 45), shrunk to the median series.
    """
    size = np.empty(len(count))
    for s in range(len(count)):
        weeks = np.arange(count.shape[1]) // 7
        level = np.zeros(weeks.max() + 1 if len(weeks) else 0)
        held = np.bincount(weeks, weights=notice[s], minlength=len(level))
        level = np.bincount(weeks, weights=count[s], minlength=len(level)) / np.maximum(held, 1e-9)
        mean = level[weeks] * notice[s]
        excess = ((count[s] - mean) ** 2 - mean).sum() * 7.0 / 6.0
        size[s] = (mean**2).sum() / max(excess, 1e-9)
    size = np.clip(size, 0.5, 50.0)
    pooled = float(np.median(size)) if len(size) else 5.0
    return np.asarray(np.sqrt(size * pooled))


def thresholds(count: Ints, notice: Floats, *, false_per_year: float, seed: int = 0) -> tuple[Floats, Floats]:
    """For each series the level that its statistic passes `false_per_year` / series times a year without escalation.

    Calibrated by drawing long series without escalation, of the same rate, notice and size, whose rate drifts as quiet ones do
    (a random walk of 6 % a day, drawn back to its mean); the level is a quantile of the highest value in blocks of QUIET_DAYS.

    Returns:
        Levels (s,), and the drawn block maxima, sorted (s, m), from which p-values are read.
    """
    series = len(count)
    each = _CAUTION * false_per_year / max(series, 1)
    blocks_a_year = _DAYS_OF_YEAR / QUIET_DAYS
    wanted = 1.0 - each / blocks_a_year
    sizes = dispersions(count, notice)
    levels, kept = np.empty(series), []
    for s in range(series):
        chance = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, s, 77])))
        held = float(notice[s].sum())
        rate = max(float(count[s].sum()) / held if held > 0 else 0.0, 0.02)
        copies = 40
        drift = np.zeros(copies)
        path = np.empty((copies, _SIMULATED_DAYS))
        for d in range(_SIMULATED_DAYS):
            drift = 0.96 * drift + 0.06 * chance.normal(size=copies)
            path[:, d] = drift
        days = chance.integers(0, max(len(notice[s]) - 6, 1), (copies, -(-_SIMULATED_DAYS // 7)))
        pick = (days[:, :, None] + np.arange(7)).reshape(copies, -1)[
            :, :_SIMULATED_DAYS
        ]  # whole weeks, so that notice keeps its rhythm
        seen = notice[s][np.minimum(pick, len(notice[s]) - 1)]
        mean = rate * np.exp(path - 0.5 * 0.06**2 / (1 - 0.96**2)) * seen
        drawn = chance.poisson(mean * chance.gamma(sizes[s], 1.0 / sizes[s], mean.shape))
        statistic = _walk(
            drawn.astype(np.int64), seen, np.full(copies, sizes[s]), GROWTH, WANDERS, BASELINE_DAYS, SHORTEST_DAYS, ENOUGH, LAG_DAYS,
            min(LEAST_BASELINE, held / 4), np.full(copies, np.inf), QUIET_DAYS,
        )[0][:, BASELINE_DAYS + LAG_DAYS :]  # fmt: skip
        whole = statistic.shape[1] // QUIET_DAYS * QUIET_DAYS
        highest = np.sort(statistic[:, :whole].reshape(-1, QUIET_DAYS).max(axis=1))
        levels[s] = _level(highest, wanted)
        kept.append(highest)
    return levels, np.array(kept)


def _level(highest: Floats, wanted: float) -> float:
    """A far quantile: inside the sample where it holds one, else along the exponential tail above its 98th percentile."""
    if wanted * len(highest) <= len(highest) - 20:
        return float(np.quantile(highest, wanted))
    base = float(np.quantile(highest, 0.98))
    excess = highest[highest > base] - base
    slope = float(excess.mean()) if len(excess) else 1.0
    return base + slope * math.log(0.02 / max(1.0 - wanted, 1e-12))


def alerts(
    names: Sequence[str],
    count: Ints,
    notice: Floats,
    *,
    false_per_year: float = FALSE_PER_YEAR,
    seed: int = 0,
) -> tuple[list[Alert], Floats]:
    """Alarms of all series, by day, then series; and the p-value of each series and day (s, d), nan where none can be told.

    Args:
        names: (s,). count: (s, d) incidents that the mission's own reported. notice: (s, d) chance of notice, 0 to 1.
        false_per_year: of all series together.
    Raises:
        UsageError: COV-009 arrays that do not fit, or a rate that is not above 0.
    """
    if count.shape != notice.shape or len(names) != len(count) or not false_per_year > 0:
        raise UsageError(
            "COV-009", "alerts need one count and one notice for each series and day, and a rate of false alarms above 0",
            value=(len(names), count.shape, notice.shape, false_per_year), remedy="Take them from coverage.daily.",
        )  # fmt: skip
    if not count.size:
        return [], np.empty(count.shape)
    levels, highest = thresholds(count, notice, false_per_year=false_per_year, seed=seed)
    size = dispersions(count, notice)
    least = np.minimum(LEAST_BASELINE, notice.sum(axis=1) / 4)
    found: list[Alert] = []
    p = np.full(count.shape, np.nan)
    for s, name in enumerate(names):
        statistic, expected, began, alarm = (
            one[0]
            for one in _walk(
                count[s : s + 1], notice[s : s + 1], size[s : s + 1], GROWTH, WANDERS, BASELINE_DAYS, SHORTEST_DAYS, ENOUGH, LAG_DAYS,
                max(float(least[s]), 0.5), levels[s : s + 1], QUIET_DAYS,
            )
        )  # fmt: skip
        told = ~np.isnan(expected)
        p[s, told] = [_tail(highest[s], value) for value in statistic[told].tolist()]
        for d in np.flatnonzero(alarm).tolist():
            first = int(began[d])
            counted, foreseen = int(count[s, first : d + 1].sum()), float(np.nansum(expected[first : d + 1]))
            found.append(
                Alert(
                    name, d, first, counted, round(100 * foreseen), round(100 * counted / max(foreseen, 0.01)),
                    round(1e6 * _tail(highest[s], float(statistic[d]))), round(100 * false_per_year),
                )
            )  # fmt: skip
    return sorted(found, key=lambda one: (one.day, one.series)), p


def raised(p: Sequence[float], rate: float = 0.1) -> list[bool]:
    """Which of several tests may be called raised so that at most `rate` of those called are false, on average.

    Source: Benjamini & Hochberg 1995, J. R. Statist. Soc. B 57, 289-300. nan is never raised.
    """
    values = np.array(p, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(values))
    out = [False] * len(values)
    if not len(known):
        return out
    order = known[np.argsort(values[known], kind="stable")]
    passed = np.flatnonzero(values[order] <= rate * np.arange(1, len(order) + 1) / len(order))
    for index in order[: passed[-1] + 1].tolist() if len(passed) else []:
        out[index] = True
    return out


def _tail(highest: Floats, value: float) -> float:
    """The share of quiet blocks whose highest value reaches this; along the exponential tail beyond the sample."""
    above = len(highest) - int(np.searchsorted(highest, value, side="left"))
    if above >= 20:
        return above / len(highest)
    base = float(np.quantile(highest, 0.98))
    excess = highest[highest > base] - base
    slope = float(excess.mean()) if len(excess) else 1.0
    return float(min(0.02 * math.exp(-max(value - base, 0.0) / max(slope, 1e-9)), 1.0))
