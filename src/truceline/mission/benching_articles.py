"""How fast incidents are held against the Minsk texts, beside a bare join over the same zones; and the monitor of conditions."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from truceline import agreement as agreements
from truceline.agreement.conditions import Formula
from truceline.agreement.temporal import Facts, signal_of
from truceline.geo import Frame, Line
from truceline.geo.join import ZoneJoin
from truceline.mission.benching import _line, _measure
from truceline.records.columns import INCIDENTS, OBSERVATIONS

SET = (
    "minsk-2014-memorandum",
    "minsk-2015-package",
    "minsk-2015-addendum",
    "minsk-2016-framework",
    "minsk-2020-measures",
)
RATIO_GOAL, EXPONENT_GOAL, MONITOR_GOAL_S = 3.0, 1.05, 10.0
LINES = {
    "line-of-contact": Line("line-of-contact", np.array([[-31.2, 0.0], [-30.4, 0.25], [-29.6, 0.1], [-28.8, 0.3]]), "side-1", "side-2"),
    "memorandum-line": Line("memorandum-line", np.array([[-31.2, 0.1], [-30.4, 0.35], [-29.6, 0.2], [-28.8, 0.4]]), "side-1", "side-2"),
    "area-line": Line("area-line", np.array([[-30.02, 0.19], [-29.98, 0.18]]), "side-1", "side-2"),
}  # fmt: skip
"""EXERCISE lines in the open ocean."""
_ALL = """
from truceline.mission import benching_articles as bench
bench.assess_all(bench.many_incidents({rows}), words={words})
"""
_NONE = """
from truceline.mission import benching_articles as bench
bench.many_incidents({rows})
"""


def run(rows: int, say: Callable[[str, float], None] = lambda step, share: None) -> dict[str, Any]:
    """Measure, in this process and (memory) in others.

    Returns:
        {"results": [{what, measured, against, ratio, goal}], "within_goals", "rows", "articles"}.
    """
    assess_all(many_incidents(30_000), words=True)  # kernels compiled, grids read
    small, times = min(10_000, rows), {}
    sizes = sorted({small, int(math.sqrt(small * rows)), rows})
    articles = 0
    for number, size in enumerate(sizes):
        say(f"{size:,} incidents against {len(SET)} texts", 0.1 + 0.3 * number / len(sizes))
        table = many_incidents(size)
        best = math.inf
        for _ in range(3 if size < 100_000 else 2):
            started = time.process_time()
            articles = assess_all(table, words=False)
            best = min(best, time.process_time() - started)
        times[size] = best
    say("the same zones by a bare join", 0.5)
    table = many_incidents(rows)
    join = ZoneJoin(_bands(), Frame.of(table))
    lonlat = np.stack([table.column(name).to_numpy() / 1e6 for name in ("lon_udeg", "lat_udeg")], axis=1)
    peer = math.inf
    for _ in range(2):
        started = time.process_time()
        join.count(lonlat)
        peer = min(peer, time.process_time() - started)
    say("with reasons in words", 0.6)
    started = time.process_time()
    assess_all(table, words=True)
    worded = time.process_time() - started
    say("memory", 0.75)
    base = _measure(_NONE.format(rows=rows))[1]
    peaks = {words: _measure(_ALL.format(rows=rows, words=words))[1] - base for words in (False, True)}
    say("conditions over time", 0.9)
    monitor = _monitor(rows)
    own, ratio = times[rows], times[rows] / peer
    slope = (
        float(np.polyfit(np.log(list(times)), np.log(list(times.values())), 1)[0]) if len(times) > 1 else 1.0
    )
    pairs = rows * articles
    results = [
        _line(
            f"{rows:,} incidents x {articles} articles, verdicts with probabilities",
            f"{own:.1f} s, {pairs / own / 1e6:.1f} M pairs/s",
            f"STRtree join of the points with {len(_bands())} zones, yes or no: {peer:.1f} s",
            f"{ratio:.2f}", f"{RATIO_GOAL:.0f}",
        ),
        _line("the same with reasons and needs in words", f"{worded:.1f} s, {pairs / worded / 1e6:.1f} M pairs/s", f"the same join: {peer:.1f} s", f"{worded / peer:.2f}", f"{RATIO_GOAL:.0f}"),
        _line("memory beside the incidents", f"{peaks[False] / 1e6:.0f} MB", f"{pairs:,} findings", f"{peaks[False] / pairs:.0f} B each", ""),
        _line("memory with words", f"{peaks[True] / 1e6:.0f} MB", f"{pairs:,} findings", f"{peaks[True] / pairs:.0f} B each", ""),
        _line("growth", ", ".join(f"{size:,}: {seconds:.2f} s" for size, seconds in times.items()), "exponent of a straight line in logarithms", f"{slope:.2f}", f"{EXPONENT_GOAL}"),
        _line(f"six conditions over {rows:,} facts", f"{monitor:.1f} s", f"limit {MONITOR_GOAL_S:.0f} s", f"{monitor / MONITOR_GOAL_S:.2f}", "1"),
    ]  # fmt: skip
    good = max(ratio, worded / peer) <= RATIO_GOAL and slope <= EXPONENT_GOAL and monitor <= MONITOR_GOAL_S
    return {"rows": rows, "articles": articles, "results": results, "within_goals": good}


def assess_all(incidents: pa.Table, *, words: bool) -> int:
    """Hold the incidents against every text of the set; how many articles judged."""
    count = 0
    for name in SET:
        found = agreements.assess(
            incidents,
            OBSERVATIONS.empty_table(),
            agreements.load(name),
            as_of_ms=2**52,
            lines=LINES,
            words=words,
        )
        count += found.num_rows // incidents.num_rows
    return count


def many_incidents(rows: int) -> pa.Table:
    """Seeded incidents of all kinds about the lines, 2014 to 2020; everything says EXERCISE."""
    rng = np.random.default_rng(20_261_124)
    from_ms = rng.integers(1_409_900_000_000, 1_600_000_000_000, rows)
    to_ms = from_ms + rng.integers(0, 600_000, rows)
    variance = rng.choice([50, 250, 1500, 3000], rows).astype(np.int64) ** 2
    side = rng.integers(0, 3, rows)
    calibre = rng.choice([0, 82_000, 100_000, 120_000, 122_000, 152_000, 220_000], rows).astype(np.int32)
    names = ("side-1", "side-2", "undetermined")
    shares = pa.StructArray.from_arrays(
        [pa.array(names, pa.string()).take(pa.array(side)), pa.array(np.full(rows, 10_000, dtype=np.int32))],
        names=["id", "e4"],
    )
    word = {
        "act": ("shelling", "explosion", "shot", "weapon_present", "overflight", "access_denied"),
        "weapon": ("unknown", "artillery", "mortar", "mlrs", "tank", "uav"),
    }
    made: dict[str, Any] = {
        "incident_id": pa.array([f"EXERCISE-{number}" for number in range(rows)], pa.string()),
        "members": pa.ListArray.from_arrays(pa.array(np.zeros(rows + 1, dtype=np.int32)), pa.array([], pa.string())),
        "from_ms": from_ms, "to_ms": to_ms, "midpoint_ms": (from_ms + to_ms) // 2,
        "lon_udeg": rng.uniform(-31.2e6, -28.8e6, rows).astype(np.int32),
        "lat_udeg": rng.normal(0.2e6, 0.3e6, rows).astype(np.int32),
        "cov_ee_m2": variance, "cov_en_m2": np.zeros(rows, dtype=np.int64), "cov_nn_m2": variance,
        "calibre_um": pa.array(calibre, mask=calibre == 0),
        "probability_e4": rng.integers(5_000, 10_001, rows).astype(np.int32),
        "word": pa.repeat(pa.scalar("corroborated"), rows),
        "sides": pa.ListArray.from_arrays(pa.array(np.arange(rows + 1, dtype=np.int32)), shares),
        "side": pa.array(names, pa.string()).take(pa.array(side)),
        "exercise": pa.repeat(pa.scalar(True), rows),
        **{name: pa.array(words, pa.string()).take(pa.array(rng.integers(0, len(words), rows))) for name, words in word.items()},
    }  # fmt: skip
    return pa.table(
        [
            pa.array(made[field.name]).cast(field.type) if field.name in made else pa.nulls(rows, field.type)
            for field in INCIDENTS
        ],
        schema=INCIDENTS,
    )


def _bands() -> list[tuple[Line, float]]:
    """Every zone that the articles of the set measure, once for each clause and side."""
    contact, memorandum, area = (LINES[name] for name in ("line-of-contact", "memorandum-line", "area-line"))
    first = [(contact, float(metres)) for metres in (15_000, 9_000, 8_000, 15_000, 15_000)]
    second = [
        (line, float(metres)) for metres in (25_000, 35_000, 70_000, 70_000) for line in (contact, memorandum)
    ]
    return [*first, *second, *[(contact, 15_000.0)] * 3, (area, 1_000.0)]


def _monitor(rows: int) -> float:
    rng = np.random.default_rng(3)
    kinds = np.array(["watched", "breach", "withdrawn", "movement", "reported", "answered"])
    at = 1_409_900_000_000 + rng.integers(0, 200_000_000_000, rows)
    blank = np.full(rows, "", dtype="U1")
    kind = kinds[rng.integers(0, 6, rows)]
    facts = Facts(
        kind, blank, np.array(["side-1", "side-2"])[rng.integers(0, 2, rows)], blank,
        at, at + rng.integers(0, 3_600_000, rows), at, np.where(kind == "watched", 100, 1), rng.random(rows) < 0.9,
        np.zeros(rows, dtype=bool),
    )  # fmt: skip
    apart = {"facts": [{"fact": "withdrawn", "by": side} for side in ("side-1", "side-2")], "within": "1 h"}
    forms: list[dict[str, Any]] = [
        {"quiet": {"for": "7 d"}},
        {"soon": {"first": {"fact": "reported"}, "then": {"fact": "answered"}, "within": "6 h"}},
        {"together": apart},
        {"at_most": {"fact": "movement", "at_most": 35_000, "per": "month", "zone": "Asia/Seoul"}},
        {
            "held": {
                "condition": {
                    "at_most": {"fact": "movement", "at_most": 100, "per": "day", "zone": "Etc/UTC"}
                },
                "for": "7 d",
            }
        },
        {"all": [{"quiet": {"for": "48 h"}}, {"not": {"once": {"fact": "answered"}}}]},
    ]
    started = time.process_time()
    for form in forms:
        signal_of(Formula.model_validate(form), facts)
    return time.process_time() - started
