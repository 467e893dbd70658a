"""The benchmark: each figure a ratio against a peer or a limit of the same run, in processes of their own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

IMPORT_GOAL, DEMO_GOAL_S = 15.0, 30.0
MEMORY_BASE, MEMORY_ROW = 768_000_000, 64  # bytes: blocks and libraries, and what is remembered of each row
PIECE_ROWS = 1_000_000
_PEAK = """
import resource, sys, time
from pathlib import Path
started = time.perf_counter()
{body}
seconds = time.perf_counter() - started
try:  # Linux lets a child inherit ru_maxrss from whoever started it, but not this
    peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024
except (OSError, IndexError):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(seconds, peak)
"""
_PEER = """
import pyarrow.csv
table = pyarrow.csv.read_csv({path!r})
"""
_IMPORT = """
from pathlib import Path
from truceline.mission.importing import import_file
from truceline.mission.mission import Mission
from truceline.records.kinds import Genesis
genesis = Genesis(name="bench", exercise=False, parties=(), alignments=(), actors=(), keys={{}}, settings={{}})
mission = Mission.create(Path({root!r}), genesis)
made = import_file(mission, Path({path!r}))
assert made.accepted == {rows}, made
"""
_DEMO = """
from pathlib import Path
from truceline.mission.exercise import run_exercise
run_exercise(Path({root!r}), formats=("html", "pdf", "csv", "geojson"))
"""


def run(
    rows: int, *, with_demo: bool = True, say: Callable[[str, float], None] = lambda step, share: None
) -> dict[str, Any]:
    """Measure; nothing of it is kept on disk.

    Returns:
        {"results": [{what, measured, against, ratio, goal}], "within_goals": bool, "rows", "bytes"}.
    """
    with tempfile.TemporaryDirectory(prefix="truceline-bench-") as name:
        folder = Path(name)
        say(f"writing {rows:,} rows", 0.05)
        path = folder / "EXERCISE-rows.csv"
        _write(path, rows)
        say("reading with pyarrow", 0.2)
        peer = min((_measure(_PEER.format(path=str(path))) for _ in range(3)), key=lambda one: one[0])
        say("importing", 0.3)
        real = folder / "rows.csv"
        path.rename(real)
        own = min(
            (
                _measure(_IMPORT.format(root=str(folder / f"m{n}"), path=str(real), rows=rows))
                for n in range(2)
            ),
            key=lambda one: one[0],
        )
        ratio = own[0] / peer[0]
        size, limit = real.stat().st_size, MEMORY_BASE + MEMORY_ROW * rows
        results = [
            _line(
                f"import of {rows:,} rows",
                f"{own[0]:.1f} s",
                f"pyarrow {peer[0]:.2f} s",
                f"{ratio:.1f}",
                f"{IMPORT_GOAL:.0f}",
            ),
            _line(
                "peak memory of the import",
                f"{own[1] / 1e6:.0f} MB",
                f"limit {limit / 1e6:.0f} MB for a file of {size / 1e6:.0f} MB",
                f"{own[1] / limit:.2f}",
                "1",
            ),
        ]
        good = ratio <= IMPORT_GOAL and own[1] <= limit
        if with_demo:
            say("the whole demo", 0.8)
            seconds, peak = _measure(_DEMO.format(root=str(folder / "EXERCISE")))
            good = good and seconds <= DEMO_GOAL_S
            results += [
                _line(
                    "whole demo",
                    f"{seconds:.1f} s",
                    f"limit {DEMO_GOAL_S:.0f} s",
                    f"{seconds / DEMO_GOAL_S:.2f}",
                    "1",
                ),
                _line("peak memory of the demo", f"{peak / 1e6:.0f} MB", "", "", ""),
            ]
        say("done", 1.0)
    return {"rows": rows, "bytes": size, "results": results, "within_goals": good}


def _write(path: Path, rows: int) -> None:
    """A CSV file of `many_rows`, written in pieces, so that it may be larger than memory."""
    with pyarrow.csv.CSVWriter(path, many_rows(0).schema) as writer:
        for first in range(0, rows, PIECE_ROWS):
            writer.write_table(many_rows(min(PIECE_ROWS, rows - first), first))


def many_rows(rows: int, first: int = 0) -> pa.Table:
    """Plausible rows of Truceline's own CSV: points with an error, a day each a thousand; seeded by `first`."""
    rng = np.random.default_rng(first + 1)
    numbers = range(first, first + rows)
    start = 1_930_248_000_000 + np.arange(first, first + rows, dtype=np.int64) * 86_400
    words = {
        "source_kind": ("camera", "acoustic_array", "patrol"), "act": ("explosion", "burst", "shot"),
        "weapon": ("mortar", "small_arms", "unknown"), "means": ("recorded", "heard", "saw"),
    }  # fmt: skip
    columns: dict[str, Any] = {
        "obs_id": pa.array([f"r{n:09d}" for n in numbers], pa.string()),
        "source_id": pa.array([f"source-{n}" for n in rng.integers(0, 40, rows).tolist()], pa.string()),
        "observed_from_ms": start, "observed_to_ms": start + rng.integers(0, 60_000, rows),
        "lon_udeg": 21_000_000 + rng.integers(-900_000, 900_000, rows),
        "lat_udeg": 800_000 + rng.integers(-200_000, 200_000, rows), "error_m": rng.integers(50, 900, rows),
        "count_min": rng.integers(1, 9, rows), "text": pa.array([f"heard from the ridge, number {n}" for n in numbers], pa.string()),
    }  # fmt: skip
    for name, choices in words.items():
        columns[name] = pa.array(np.array(choices)[rng.integers(0, len(choices), rows)])
    for name, word in (("stance", "report"), ("place_kind", "point"), ("time_precision", "interval")):
        columns[name] = pa.repeat(pa.scalar(word), rows)
    return pa.table(columns)


def _measure(body: str) -> tuple[float, int]:
    """Seconds and peak bytes of a piece of Python in a process of its own; imports of the peer are not counted out."""
    done = subprocess.run(  # noqa: S603 - our own text
        [sys.executable, "-c", _PEAK.format(body=body)], capture_output=True, text=True, check=True
    )
    seconds, peak = done.stdout.split()[-2:]
    return float(seconds), int(peak)


def _line(what: str, measured: str, against: str, ratio: str, goal: str) -> dict[str, str]:
    return {"what": what, "measured": measured, "against": against, "ratio": ratio, "goal": goal}
