"""How often alerts are false and how soon they are right, on series whose truth is known and which the method did not assume.

The truth here is a cluster process: incidents call forth others, the rate wanders for weeks, coverage has outages and a weekly
rhythm, and each incident is noticed or not. The alerts assume independent negative-binomial days.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from truceline.coverage.alerts import BASELINE_DAYS, LAG_DAYS, alerts

_WARM = BASELINE_DAYS + LAG_DAYS
_BRANCHING = 0.42
WITHIN_DAYS = 14


def alert_scores(
    seeds: tuple[int, ...], *, sectors: int = 12, days: int = 365, per_day: float = 3.5, growth: float = 3.0,
    false_per_year: float = 0.5,
) -> dict[str, Any]:  # fmt: skip
    """False alarms a year of all sectors together, and the share of escalations alarmed within two weeks.

    Args:
        per_day: true incidents a day and sector, on average. growth: how an escalation multiplies the rate, for four weeks.
    """
    false = years = 0.0
    found, late, onset = 0, [], 0
    for seed in seeds:
        names = [f"s{n:02d}" for n in range(sectors)]
        count, notice = world(seed, sectors, days + _WARM, per_day)
        made, _ = alerts(names, count, notice, false_per_year=false_per_year, seed=seed)
        false += sum(one.day >= _WARM for one in made)
        years += days / 365.25
        begins = np.random.default_rng([seed, 5]).integers(_WARM, days, sectors)
        count, notice = world(seed + 1_000, sectors, days + _WARM, per_day, begins, growth)
        made, _ = alerts(names, count, notice, false_per_year=false_per_year, seed=seed)
        for s, begin in enumerate(begins.tolist()):
            if notice[s, begin : begin + WITHIN_DAYS].sum() < 0.2 * WITHIN_DAYS:
                continue  # too thin to tell: the mission says so instead
            onset += 1
            hits = [
                one.day for one in made if one.series == names[s] and begin <= one.day <= begin + WITHIN_DAYS
            ]
            found += bool(hits)
            late += [hits[0] - begin] if hits else []
    return {
        "sectors": sectors, "per_day": per_day, "growth": growth, "years": years, "false_per_year": false / years, "escalations": onset,
        "within_14_days": found / max(onset, 1), "median_days": float(np.median(late)) if late else None,
    }  # fmt: skip


def world(
    seed: int, sectors: int, days: int, per_day: float, begins: Any = None, growth: float = 1.0
) -> tuple[Any, Any]:
    """Counts that were noticed, and the chance of notice, (sectors, days)."""
    chance = np.random.default_rng([seed, 4])
    level = chance.lognormal(-0.5 * 0.5**2, 0.5, sectors) * per_day * (1 - _BRANCHING)
    drift = np.zeros(sectors)
    count, notice = np.zeros((sectors, days), dtype=np.int64), np.zeros((sectors, days))
    usual = chance.uniform(0.3, 0.6, sectors)
    down = np.zeros(sectors, dtype=np.int64)
    carried = np.zeros((sectors, days + 2), dtype=np.int64)
    for d in range(days):
        drift = 0.93 * drift + 0.06 * chance.normal(size=sectors)
        rate = level * np.exp(drift)
        if begins is not None:
            rate = np.where((d >= begins) & (d < begins + 28), rate * growth, rate)
        today = chance.poisson(rate) + carried[:, d]
        wave = today
        while wave.sum():
            wave = chance.poisson(_BRANCHING * wave)
            later = chance.binomial(wave, 0.15)
            carried[:, d + 1] += later
            wave = wave - later
            today = today + wave
        down = np.where(
            down > 0, down - 1, np.where(chance.random(sectors) < 0.006, chance.integers(4, 15, sectors), 0)
        )
        share = usual * (0.8 if d % 7 >= 5 else 1.08) * chance.uniform(0.75, 1.25, sectors)
        notice[:, d] = np.where(down > 0, 0.05, np.minimum(share, 0.95))
        count[:, d] = chance.binomial(today, notice[:, d])
    return count, notice
