"""Compiled work on all cores: pieces are cut by load, results come back in the order of the pieces."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, Final

import numpy as np

from truceline.geo.points import Int64Array

PIECES: Final = 16
_SMALL: Final = 20_000


def count() -> int:
    """How many threads to use: TRUCELINE_THREADS, or one for each processor."""
    said = os.environ.get("TRUCELINE_THREADS", "")
    return max(1, int(said)) if said.isdigit() else (os.cpu_count() or 1)


def chunks(start: Int64Array) -> list[tuple[int, int]]:
    """Runs (first, last) of units of nearly equal load; unit u holds start[u] to start[u + 1]."""
    units = len(start) - 1
    if units <= 0:
        return []
    total = int(start[-1] - start[0])
    pieces = 1 if total < _SMALL else PIECES
    cuts = np.searchsorted(start, start[0] + np.arange(1, pieces) * total / pieces)
    edges = np.unique(np.concatenate([[0], np.minimum(cuts, units), [units]])).tolist()
    return list(pairwise(edges))


def each(work: Callable[..., Any], pieces: list[tuple[int, int]], *columns: Any) -> list[Any]:
    """`work(first, last, *columns)` of every piece; the answers do not depend on how many threads there are."""
    if len(pieces) < 2 or count() == 1:
        return [work(first, last, *columns) for first, last in pieces]
    with ThreadPoolExecutor(count()) as pool:
        return list(pool.map(lambda piece: work(*piece, *columns), pieces))
