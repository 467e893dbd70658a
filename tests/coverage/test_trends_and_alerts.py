"""Alerts against coverage, hot spots, before and after; and what they leave unsaid."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from truceline import coverage
from truceline.coverage.alerts import _walk, dispersions
from truceline.errors import UsageError
from truceline.mission.alerting import alert_scores
from truceline.records.columns import INCIDENTS

HOUR, DAY = 3_600_000, 86_400_000
START = 1_930_248_000_000  # midnight at UTC+4


def exposure(sectors: int = 2, days: int = 30, noticed: int = 5_000) -> pa.Table:
    rows = [
        {
            "sector_id": f"S{s}", "hour_ms": START + h * HOUR, "source_kind": coverage.ANY, "watched_e4": 4_000, "night": h % 24 < 12,
            "line_m": 10_000, "access_denied": 0, "noticed_e4": noticed,
        }
        for h in range(24 * days) for s in range(sectors)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=coverage.EXPOSURE.with_metadata({"zone": "Etc/GMT-4"}))


def incidents(*placed: tuple[str, int, str]) -> pa.Table:
    blank: dict[str, Any] = dict.fromkeys(INCIDENTS.names)
    rows = [
        blank
        | {"incident_id": f"EXERCISE-{n}", "sector_id": s, "midpoint_ms": START + at, "source_kinds": [kind]}
        for n, (s, at, kind) in enumerate(placed)
    ]
    return pa.Table.from_pylist(rows, schema=INCIDENTS)


def series(
    rate: float, days: int, grown: float = 1.0, since: int = 0, notice: float = 0.5, seed: int = 1
) -> tuple[Any, Any]:
    chance = np.random.default_rng(seed)
    held = np.full((3, days), notice)
    mean = rate * held
    mean[0, since:] *= grown
    return chance.poisson(mean), held


def test_a_tripled_rate_is_told_soon_and_of_its_sector_only() -> None:
    count, notice = series(12.0, 120, 3.0, 90)
    made, p = coverage.alerts(("a", "b", "c"), count, notice)
    assert {one.series for one in made} == {"a"}
    assert 90 <= made[0].day <= 97
    assert made[0].ratio_e2 > 150
    assert p.shape == count.shape


def test_fewer_watchers_are_no_peace_and_more_are_no_escalation() -> None:
    chance = np.random.default_rng(3)
    notice = np.full((1, 120), 0.2)
    notice[:, 60:] = 0.8
    count = chance.poisson(10.0 * notice)
    assert count[0, 60:].mean() > 3 * count[0, :60].mean()
    assert coverage.alerts(("a",), count, notice)[0] == []


def test_the_order_of_series_moves_no_statistic_and_a_day_nobody_watched_moves_none() -> None:
    count, notice = series(6.0, 100, 2.0, 70)
    size = dispersions(count, notice)
    how = (2.5, 1.4, 56, 28, 40.0, 7, 2.0)
    forward = _walk(count, notice, size, *how, np.full(3, 1e9), 14)[0]
    back = _walk(count[::-1].copy(), notice[::-1].copy(), size[::-1].copy(), *how, np.full(3, 1e9), 14)[0]
    assert np.array_equal(forward, back[::-1])
    blind = notice.copy()
    blind[:, 99], dark = 0.0, count.copy()
    dark[:, 99] = 0
    after = _walk(dark, blind, size, *how, np.full(3, 1e9), 14)[0]
    assert np.array_equal(after[:, 99], after[:, 98])


def test_without_enough_notice_nothing_is_told() -> None:
    count, notice = series(6.0, 100, notice=0.01)
    made, p = coverage.alerts(("a", "b", "c"), count * 0 + 5, notice)
    assert made == [] or np.isnan(p[:, 0]).all()
    assert np.isnan(p[:, :20]).all()


def test_calls_that_make_no_sense_are_refused() -> None:
    count, notice = series(1.0, 10)
    for names, rate in ((("a",), 0.5), (("a", "b", "c"), 0.0)):
        with pytest.raises(UsageError) as problem:
            coverage.alerts(names, count, notice, false_per_year=rate)
        assert problem.value.code == "COV-009"


def test_false_discoveries_are_held() -> None:
    assert coverage.raised([0.001, 0.2, float("nan"), 0.9]) == [True, False, False, False]
    assert coverage.raised([]) == []
    chance = np.random.default_rng(1)
    false = [sum(coverage.raised(chance.random(20).tolist())) > 0 for _ in range(400)]
    assert np.mean(false) < 0.15  # all are null: a tenth of the families may be raised


def test_measured_false_alarms_stay_near_what_is_stated() -> None:
    made = alert_scores((31, 32), growth=5.0, per_day=10.0)
    assert made["false_per_year"] <= 2.0
    assert made["within_14_days"] > 0.6


def test_series_hold_whole_local_days_and_the_mission_s_own_reports() -> None:
    made = coverage.daily(
        incidents(("S0", HOUR, "post"), ("S0", 13 * HOUR, "post"), ("S1", 40 * HOUR, "media"), ("S1", 2 * DAY, "camera")),
        exposure(), until_ms=START + 5 * DAY + HOUR,
    )  # fmt: skip
    assert made.sectors == ("S0", "S1")
    assert made.count.shape == (2, 5, 2)
    assert made.count[0, 0].tolist() == [1, 1]
    assert made.count[1].sum() == 1
    assert np.allclose(made.hours, 6.0)
    assert np.allclose(made.watched, 0.4)


def test_a_hot_spot_is_one_against_its_length_and_coverage() -> None:
    placed = [("S1", (n % 30) * DAY + (n % 24) * HOUR, "post") for n in range(120)]
    placed += [("S0", n * DAY + 15 * HOUR, "post") for n in range(10)]
    made = coverage.daily(incidents(*placed), exposure())
    rows = {(r["sector_id"], r["light"]): r for r in coverage.hot_spots(made).to_pylist()}
    assert rows[("S1", "night")]["raised"]
    assert not rows[("S0", "day")]["raised"]
    assert rows[("S1", "day")]["per_noticed_100h_e2"] > rows[("S0", "day")]["per_noticed_100h_e2"]


def test_before_and_after_is_a_ratio_of_rates_with_an_interval() -> None:
    placed = [("S0", n % 14 * DAY + HOUR, "post") for n in range(28)]
    placed += [("S0", (14 + n % 14) * DAY + HOUR, "post") for n in range(84)]
    made = coverage.daily(incidents(*placed), exposure())
    row = next(
        r
        for r in coverage.before_after(made, made.first + 14).to_pylist()
        if r["series"] == "all" and r["light"] == "both"
    )
    assert (row["before"], row["after"], row["ratio_e2"]) == (28, 84, 300)
    assert 150 < row["low_e2"] < 300 < row["high_e2"] < 600
    empty = coverage.before_after(made, made.first - 100).to_pylist()
    assert {r["ratio_e2"] for r in empty} == {None}
