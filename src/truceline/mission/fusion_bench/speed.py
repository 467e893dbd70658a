"""Rates, growth and memory, each size in a process of its own, beside what the machine can do at most."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from truceline.geo.zone_grid import ZoneGrid
from truceline.geo.zone_trials import drawn_zones, plainly
from truceline.mission.fusion_bench.lines import Line, at_least, at_most

_CHILD = """
import json, sys, time
import numpy as np, pyarrow as pa, pyarrow.parquet as pq
from pathlib import Path
from truceline import fusion

def peak():
    try:
        return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024
    except (OSError, IndexError):
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

path, rows, tiled = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "tiled"
small = pq.ParquetFile(path).read_row_group(0).slice(0, 3000)
fusion.fuse(small, origin=np.zeros(small.num_rows, dtype=np.int64), parameters=fusion.learn(small))
if tiled:
    cut = []
    for batch in pq.ParquetFile(path).iter_batches(65536):
        cut.append(pa.Table.from_batches([batch]))
        if sum(map(len, cut)) >= 300_000: break
    parameters = fusion.learn(pa.concat_tables(cut))
    del cut
    table = pq.read_table(path, memory_map=True)
    before = peak()
    started, wall = time.process_time(), time.perf_counter()
    n = len(fusion.fuse(table, origin=np.zeros(len(table), dtype=np.int64), parameters=parameters, tile_days=30).incidents)
    print(json.dumps({"rows": len(table), "fuse_s": time.perf_counter() - wall, "fuse_cpu_s": time.process_time() - started, "learn_s": 0.0, "learn_cpu_s": 0.0, "peak": peak(), "base": before, "incidents": n}))
    sys.exit()
table = pq.read_table(path).slice(0, rows).combine_chunks()
base = peak()
c0, w0 = time.process_time(), time.perf_counter()
parameters = fusion.learn(table)
c1, w1 = time.process_time(), time.perf_counter()
made = fusion.fuse(table, origin=np.zeros(len(table), dtype=np.int64), parameters=parameters)
c2, w2 = time.process_time(), time.perf_counter()
print(json.dumps({"rows": len(table), "learn_s": w1 - w0, "fuse_s": w2 - w1, "learn_cpu_s": c1 - c0, "fuse_cpu_s": c2 - c1, "peak": peak(), "base": base, "incidents": len(made.incidents)}))
"""
_LIMIT = """
import json, sys, time
import numpy as np, pyarrow.parquet as pq
from scipy.spatial import cKDTree
a, b, c = (np.ones(20_000_000) for _ in range(3))
best = 1e9
for _ in range(4):
    t = time.perf_counter(); np.multiply(b, 3.0, out=a); np.add(a, c, out=a); best = min(best, time.perf_counter() - t)
table = pq.read_table(sys.argv[1], columns=["lon_udeg", "lat_udeg", "observed_from_ms"]).slice(0, int(sys.argv[2]))
lon, lat, at = (table[n].combine_chunks().cast("float64").fill_null(1e12).to_numpy() for n in table.column_names)
cloud = np.column_stack([lon * 0.111 / 2000, lat * 0.111 / 2000, at / 1e3 / 600])
t = time.perf_counter(); c0 = time.process_time()
tree = cKDTree(cloud)
pairs = tree.query_ball_point(cloud, 1.0, return_length=True, workers=-1)
print(json.dumps({"stream_gb_s": 5 * 8 * 20_000_000 / best / 1e9, "tree_s": time.perf_counter() - t, "tree_cpu_s": time.process_time() - c0, "pairs": float(np.mean(pairs) - 1)}))
"""


def rates(path: Path, sizes: tuple[int, ...], tiled: Path | None) -> tuple[list[Line], dict[str, Any]]:
    """Lines for each size of the file, and for a whole file in tiles.

    Args:
        path: observations; the first rows of each size are used.
    """
    made = [_child(path, size, "whole") for size in sizes]
    limit = json.loads(_run(_LIMIT, str(path), str(sizes[-1])))
    lines = []
    for one in made:
        whole = one["learn_s"] + one["fuse_s"]
        cpu = one["learn_cpu_s"] + one["fuse_cpu_s"]
        lines.append(
            at_least(
                f"{one['rows']:,} observations: learning and final pass", one["rows"] / whole, 150_000, f"learning {one['learn_s']:.2f} s, final pass {one['fuse_s']:.2f} s",
                " obs/s", f"{one['rows'] / whole:,.0f} obs/s ({one['rows'] / max(cpu, 1e-9):,.0f} a second of one core)",
            )
        )  # fmt: skip
    last = made[-1]
    each = (last["peak"] - last["base"]) / last["rows"]
    lines.append(
        at_most(
            f"memory of {last['rows']:,}",
            each / 1e3,
            0.5,
            f"peak {last['peak'] / 1e6:,.0f} MB, {last['base'] / 1e6:,.0f} MB before",
            " kB/obs",
            f"{each / 1e3:.2f} kB/obs",
        )
    )
    big = [one for one in made if one["rows"] >= 100_000]
    if len(big) > 1:
        x = np.log([one["rows"] for one in big])
        y = np.log([one["learn_cpu_s"] + one["fuse_cpu_s"] for one in big])
        lines.append(
            at_most(
                "growth from 1e5 up, exponent of processor time",
                float(np.polyfit(x, y, 1)[0]),
                1.05,
                measured=f"{float(np.polyfit(x, y, 1)[0]):.3f}",
            )
        )
    fuse_rate = last["rows"] / last["fuse_s"]
    lines.append(
        Line(
            f"bare cKDTree search of the same {last['rows']:,} points",
            f"{last['rows'] / limit['tree_s']:,.0f} obs/s, {limit['pairs']:.1f} neighbours each",
            f"final pass {fuse_rate:,.0f} obs/s, {fuse_rate / (last['rows'] / limit['tree_s']):.2f} of it",
        )
    )
    lines.append(
        Line(
            "memory bandwidth (STREAM triad by numpy)",
            f"{limit['stream_gb_s']:.1f} GB/s",
            f"final pass reads {fuse_rate * 400 / 1e9:.2f} GB/s if a row is 400 B",
        )
    )
    if tiled is not None:
        one = _child(tiled, 0, "tiled")
        lines.append(
            Line(
                f"{one['rows']:,} observations in tiles of 30 days",
                f"{one['rows'] / one['fuse_s']:,.0f} obs/s, final pass",
                f"peak {one['peak'] / 1e6:,.0f} MB",
            )
        )
        made.append(one)
    return lines, {"sizes": made, "limits": limit}


def _child(path: Path, rows: int, how: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(_run(_CHILD, str(path), str(rows), how))
    return answer


def _run(body: str, *words: str) -> str:
    done = subprocess.run([sys.executable, "-c", body, *words], capture_output=True, text=True, check=False)  # noqa: S603 - our own text
    if done.returncode:
        raise RuntimeError(done.stderr[-2_000:])
    return done.stdout.strip().splitlines()[-1]


def zones(points: int, count: int) -> list[Line]:
    """Millions of points against hundreds of zones: our grid, and shapely's prepared areas on a part of the points."""
    rng = np.random.default_rng(1)
    areas = drawn_zones(count, 1)
    ZoneGrid.of(areas[:2]).first(rng.uniform(0, 4e5, (100, 2)))
    some = rng.uniform(0, 4e5, (points, 2))
    started = time.perf_counter()
    grid = ZoneGrid.of(areas)
    built = time.perf_counter() - started
    found = grid.first(some)
    whole = time.perf_counter() - started
    few = min(points, 100_000)
    started = time.perf_counter()
    lowest = plainly(areas, some[:few])
    peer = (time.perf_counter() - started) * points / few
    if not np.array_equal(lowest, found[:few]):
        raise AssertionError("the grid of zones and shapely differ")
    return [
        at_most(
            f"{points:,} points, {count} zones",
            whole,
            3.0,
            f"shapely, prepared, zone by zone: {peer:,.0f} s (from {few:,}); {peer / whole:.0f} times",
            " s",
            f"{whole:.1f} s (grid made in {built:.1f} s)",
        )
    ]
