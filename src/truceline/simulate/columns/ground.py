"""Who stands where along the line, and which villages give places their names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from truceline.simulate.chance import normal, uniform
from truceline.simulate.plane import Bools, Floats, Ints, Plane

LENGTH_M = 400_000.0
HOT_SPOTS = 70
VILLAGES = 260
_STREAM = 7_000


@dataclass(frozen=True, slots=True)
class Station:
    """A kind of observer that stands still: places from west to east, and what it may notice."""

    kind: str
    xy: Floats
    reach_m: float
    chance: float
    blind_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """The theatre of one seed."""

    plane: Plane
    phase: Floats
    hot_x: Floats
    hot_y: Floats
    hot_weight: Floats
    villages: Floats
    stations: tuple[Station, ...]
    tree: cKDTree

    def line_y(self, x: Floats) -> Floats:
        """Where the line runs."""
        turns = np.array([1.3, 3.1, 7.7, 19.0]) * 2 * np.pi / LENGTH_M
        height = np.array([9_000.0, 4_000.0, 1_500.0, 500.0])
        answer: Floats = (height * np.sin(x[:, None] * turns + self.phase)).sum(axis=1)
        return answer

    def left(self, xy: Floats) -> Bools:
        """Whether places lie north of the line."""
        answer: Bools = xy[:, 1] > self.line_y(xy[:, 0])
        return answer

    def village(self, xy: Floats) -> Ints:
        """The nearest village of each place."""
        return np.asarray(self.tree.query(xy)[1], dtype=np.int64)


def ground(seed: int) -> Ground:
    """The theatre: a line, hot spots beside it, villages, and posts, cameras and arrays on both sides."""
    phase = 2 * np.pi * uniform(seed, _STREAM, np.arange(4), 1)
    flat = Ground(
        Plane(62.0, 0.8),
        phase,
        np.empty(0),
        np.empty(0),
        np.empty(0),
        np.empty((0, 2)),
        (),
        cKDTree(np.zeros((1, 2))),
    )

    def along(count: int, stream: int, away_m: float) -> Floats:
        number = np.arange(count)
        step = LENGTH_M / count
        x = -LENGTH_M / 2 + (number + 0.2 + 0.6 * uniform(seed, _STREAM, number, stream)) * step
        off = (
            away_m * (0.3 + uniform(seed, _STREAM, number, stream + 1)) * np.where(number % 2 == 0, 1.0, -1.0)
        )
        return np.column_stack([x, flat.line_y(x) + off])

    hot = along(HOT_SPOTS, 10, 1_500.0)
    villages = along(VILLAGES, 20, 6_000.0)
    weight = np.exp(0.9 * normal(seed, _STREAM, np.arange(HOT_SPOTS), 30))
    return Ground(
        flat.plane, phase, hot[:, 0], hot[:, 1], weight / weight.sum(), villages,
        (
            Station("post", along(100, 40, 1_500.0), 4_800.0, 0.64),
            Station("camera", along(48, 50, 900.0), 2_600.0, 0.75),
            Station("acoustic_array", along(30, 60, 2_500.0), 7_000.0, 0.7, ("burst", "shot")),
        ), cKDTree(villages),
    )  # fmt: skip
