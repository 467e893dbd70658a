"""A plain, slow way to the same groups: by definition, one pair after the other, over a thousand small cases."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from truceline.fusion import DEFAULTS, Parameters, fuse, settled
from truceline.fusion.classes import LN_ACT, LN_WEAPON, PRIOR
from truceline.fusion.rates import WINDOWS
from truceline.fusion.sheet import ZERO_MS
from truceline.geo.frame import Frame
from truceline.records.codes import ACTS, WEAPONS

CASES = 1_000
APART_S = 10 * 86_400.0
SENSORS = ("patrol", "post", "camera", "acoustic_array", "uav")


class Plain:
    """One report or group, as numbers and lists."""

    def __init__(self, number: int, row: dict[str, Any], frame: Frame, parameters: Parameters) -> None:
        self.rows, self.sources, self.kinds = (
            [number],
            [(row["source_id"], row["source_kind"])],
            [row["source_kind"]],
        )
        ((self.x, self.y),) = frame.to_xy([[row["lon_udeg"] / 1e6, row["lat_udeg"] / 1e6]]).tolist()
        self.var_m2 = max(row["error_m"] / 1.1774, 5.0) ** 2
        start, end = (row[name] - ZERO_MS for name in ("observed_from_ms", "observed_to_ms"))
        self.t = (start + end) / 2e3
        self.var_s2 = ((end - start) / 1e3) ** 2 / 12 + parameters.clock_s[row["source_kind"]] ** 2
        self.ln_class = LN_ACT[ACTS.index(row["act"])] + LN_WEAPON[WEAPONS.index(row["weapon"])]
        share = parameters.unmatched_e4[row["source_kind"]] / 1e4
        self.omega = [math.log((1 - share) / share)]
        self.rate: list[float] = []

    def with_(self, other: Plain) -> Plain:
        both = Plain.__new__(Plain)
        both.rows, both.sources = self.rows + other.rows, self.sources + other.sources
        both.kinds, both.omega = self.kinds + other.kinds, self.omega + other.omega
        w, v = 1 / self.var_m2, 1 / other.var_m2
        both.x, both.y, both.var_m2 = (
            (w * self.x + v * other.x) / (w + v),
            (w * self.y + v * other.y) / (w + v),
            1 / (w + v),
        )
        w, v = 1 / self.var_s2, 1 / other.var_s2
        both.t, both.var_s2 = (w * self.t + v * other.t) / (w + v), 1 / (w + v)
        both.ln_class = self.ln_class + other.ln_class
        both.rate = min(self, other, key=lambda one: min(one.rows)).rate
        return both

    def words(self) -> np.ndarray:
        return self.ln_class * min(len(self.rows), 4) / len(self.rows)


def gain(a: Plain, b: Plain, parameters: Parameters) -> float:
    """ln t(places), of 5 degrees of freedom, + ln N(times) + words - ln rate + odds of a match - cost of hearing one source twice."""
    square = ((a.x - b.x) ** 2 + (a.y - b.y) ** 2) / (a.var_m2 + b.var_m2)
    late = (a.t - b.t) ** 2 / (a.var_s2 + b.var_s2)
    if square > 36 or late > 16:
        return -math.inf
    place = -math.log(2 * math.pi * (a.var_m2 + b.var_m2)) - 3.5 * math.log1p(square / 5)
    time = -0.5 * math.log(2 * math.pi * (a.var_s2 + b.var_s2)) - late / 2
    one, two = a.words(), b.words()
    words = math.log((PRIOR * np.exp(one + two)).sum())
    words -= math.log((PRIOR * np.exp(one)).sum()) + math.log((PRIOR * np.exp(two)).sum())
    odds = (sum(a.omega) / len(a.omega) + sum(b.omega) / len(b.omega)) / 2
    value = place + time + words + odds - (a.rate[0] + b.rate[0]) / 2
    for source in set(a.sources) & set(b.sources):
        if source[1] in SENSORS:
            return -math.inf
        value -= {"party": 1.0, "media": 1 / 6}.get(source[1], 0.0) * parameters.same_source_e3 / 1e3
    return round(value * 2**20) / 2**20


def set_rates(groups: list[Plain], weight: float, parameters: Parameters) -> None:
    """Incidents a square metre and second in blocks of 27 cells, each window shrunk to the wider one."""
    theatre = math.exp(parameters.theatre_rate_e3 / 1e3) / 1e6 / 86_400
    for one in groups:
        rate = theatre
        for cell, slot in reversed(WINDOWS):

            def key(g: Plain, cell: float = cell, slot: float = slot) -> list[int]:
                return [math.floor(g.x / cell), math.floor(g.y / cell), math.floor(g.t / slot)]

            near = sum(all(abs(p - q) <= 1 for p, q in zip(key(one), key(g), strict=True)) for g in groups)
            rate = (max(weight * (near - 2), 0.0) + 1) / ((3 * cell) ** 2 * 3 * slot + 1 / rate)
        one.rate = [math.log(rate)]


def grouped(reports: list[Plain], parameters: Parameters) -> list[Plain]:
    """The best pair is merged first, until no merge gains anything; ties go to the lower rows."""
    groups = list(reports)
    near = {
        frozenset((i, j))
        for i in range(len(reports)) for j in range(i)
        if (reports[i].x - reports[j].x) ** 2 + (reports[i].y - reports[j].y) ** 2 <= 12.25 * (reports[i].var_m2 + reports[j].var_m2)
        and abs(reports[i].t - reports[j].t) <= 3.5 * math.sqrt(reports[i].var_s2 + reports[j].var_s2)
        and gain(reports[i], reports[j], parameters) > -2
    }  # fmt: skip
    numbers = {report.rows[0]: index for index, report in enumerate(reports)}
    while True:
        offers = []
        for a in groups:
            for b in groups:
                met = any(frozenset((numbers[r], numbers[s])) in near for r in a.rows for s in b.rows)
                if a is not b and min(a.rows) < min(b.rows) and met:
                    offers.append((-gain(a, b, parameters), min(a.rows), min(b.rows), a, b))
        best = min(offers, key=lambda offer: offer[:3], default=None)
        if best is None or best[0] >= 0:
            return groups
        a, b = best[3:]
        groups = [group for group in groups if group is not a and group is not b] + [a.with_(b)]


def reference(reports: list[Plain], parameters: Parameters) -> set[frozenset[int]]:
    """Twice round: the second time the rate counts incidents instead of reports."""
    set_rates(reports, math.exp(parameters.rate_e3 / 1e3), parameters)
    first = grouped(reports, parameters)
    lowest = {row: min(group.rows) for group in first for row in group.rows}
    heads = [report for report in reports if lowest[report.rows[0]] == report.rows[0]]
    set_rates(heads, 1.0, parameters)
    for report in reports:
        report.rate = next(head.rate for head in heads if head.rows[0] == lowest[report.rows[0]])
    return {frozenset(group.rows) for group in grouped(reports, parameters)}


def test_a_thousand_small_cases_come_out_as_by_definition(
    make_row: Callable[..., dict[str, Any]], make_table: Callable[[list[dict[str, Any]]], pa.Table]
) -> None:
    rng = np.random.default_rng(2026)
    rows: list[dict[str, Any]] = []
    cases: list[list[int]] = []
    for case in range(CASES):
        spread_m, spread_s = float(rng.choice([200, 800, 3_000])), float(rng.choice([30, 200, 900]))
        cases.append([])
        for _ in range(int(rng.integers(2, 10))):
            kind = str(rng.choice(["camera", "acoustic_array", "post", "patrol", "party", "unknown"]))
            cases[-1].append(len(rows))
            rows.append(
                make_row(
                    f"o{len(rows):05d}", f"{kind}-{rng.integers(3)}", source_kind=kind, error_m=int(rng.integers(80, 900)),
                    east_m=float(rng.normal(0, spread_m)), north_m=float(rng.normal(0, spread_m)),
                    at_s=case * APART_S + float(rng.normal(0, spread_s)), lasts_s=float(rng.integers(1, 240)),
                    act=str(rng.choice(["explosion", "burst", "shot", "unknown"])), weapon=str(rng.choice(["mortar", "unknown"])),
                )
            )  # fmt: skip
    table = make_table(rows)
    parameters = settled(table, DEFAULTS)
    frame = Frame(parameters.frame_lon_udeg / 1e6, parameters.frame_lat_udeg / 1e6)
    found = fuse(table, origin=np.arange(len(rows)), parameters=parameters).incidents["supports"].to_pylist()
    by_program = {frozenset(int(obs[1:]) for obs in supports) for supports in found}
    different = 0
    for case_rows in cases:
        reports = [Plain(number, rows[number], frame, parameters) for number in case_rows]
        mine = {group for group in by_program if group & set(case_rows)}
        different += mine != put_out(reference(reports, parameters), rows, frame, parameters)
    assert different == 0
    assert len(by_program) < 0.8 * len(rows)


def put_out(
    groups: set[frozenset[int]], rows: list[dict[str, Any]], frame: Frame, parameters: Parameters
) -> set[frozenset[int]]:
    """Reports further than 4.5 deviations in place or 4 in time from their group's consensus stand alone."""
    answer = set()
    for group in groups:
        one = [Plain(number, rows[number], frame, parameters) for number in sorted(group)]
        whole = one[0]
        for other in one[1:]:
            whole = whole.with_(other)
        bad = {
            g.rows[0] for g in one
            if len(one) > 1 and (
                ((g.x - whole.x) ** 2 + (g.y - whole.y) ** 2) > 20.25 * (g.var_m2 + whole.var_m2)
                or (g.t - whole.t) ** 2 > 16 * (g.var_s2 + whole.var_s2)
            )
        }  # fmt: skip
        answer |= {frozenset({row}) for row in bad}
        if group - bad:
            answer.add(frozenset(group - bad))
    return answer
