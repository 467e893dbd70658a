"""The line in metres: places along it and off it, and what hills hide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from truceline.errors import MechanismError
from truceline.geo import Line
from truceline.mechanism.proposal import Proposal

POINT_M: Final = 500.0
_CHORD_M: Final = 1_000.0
_STEPS: Final = 12
_TARGET_M: Final = 2.0
"""What is looked for stands this high above ground: smoke, a flash, a vehicle."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """A line of contact and its hills.

    Attributes:
        xy, along_m: vertices (k, 2) and their distance from the start. points, point_m: (p, 2) and (p,) every POINT_M.
        hills: (h, 4) x, y, radius, height. sides: names of left and right. centre: lon, lat in degrees.
    """

    xy: Floats
    along_m: Floats
    points: Floats
    point_m: Floats
    hills: Floats
    sides: tuple[str, str]
    centre: tuple[float, float]

    @classmethod
    def of(cls, proposal: Proposal) -> Terrain:
        """The ground of a proposal. Raises MechanismError MEC-003 where something lies beyond the end of the line."""
        ground = proposal.ground
        line = Line("line", np.array(ground.coordinates, dtype=np.float64), ground.left, ground.right)
        frame = line.frame()
        xy = line.xy(frame)
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
        length = float(along[-1])
        for name, km in _stations(proposal):
            if km * 1_000 > length + 1:
                raise MechanismError(
                    "MEC-003", "a place must lie on the line", where=name, value=km,
                    remedy=f"The line is {length / 1000:.1f} km long.",
                )  # fmt: skip
        count = max(2, round(length / POINT_M))
        at = (np.arange(count) + 0.5) * length / count
        middle = frame.to_lonlat(np.array([_on(xy, along, np.array([length / 2]))[0]]))[0]
        made = cls(
            xy, along, _on(xy, along, at), at, np.empty((0, 4)), (ground.left, ground.right), (float(middle[0]), float(middle[1]))
        )  # fmt: skip
        hills = [
            (*made.beside(np.array([hill.at_km * 1_000.0]), np.array([made.sign(hill.side) * hill.offset_m]))[0], hill.radius_m, hill.height_m)
            for hill in ground.hills
        ]  # fmt: skip
        return cls(
            xy,
            along,
            made.points,
            at,
            np.array(hills, dtype=np.float64).reshape(-1, 4),
            made.sides,
            made.centre,
        )

    @property
    def length_m(self) -> float:
        """Of the line."""
        return float(self.along_m[-1])

    def sign(self, side: str) -> int:
        """1 for the left, -1 for the right."""
        return 1 if side == self.sides[0] else -1

    def beside(self, at_m: Floats, left_m: Floats) -> Floats:
        """Points (n, 2) at a distance along the line, `left_m` to its left (negative: to its right)."""
        low, high = np.clip(at_m - _CHORD_M, 0, self.length_m), np.clip(at_m + _CHORD_M, 0, self.length_m)
        step = _on(self.xy, self.along_m, high) - _on(self.xy, self.along_m, low)
        step /= np.maximum(np.hypot(step[:, 0], step[:, 1]), 1e-9)[:, None]
        normal = np.column_stack([-step[:, 1], step[:, 0]])
        return np.asarray(
            _on(self.xy, self.along_m, np.clip(at_m, 0, self.length_m)) + normal * left_m[:, None]
        )

    def bearing_across(self, at_m: float, side: str) -> float:
        """Bearing in degrees from a side straight over the line."""
        here, there = self.beside(
            np.array([at_m, at_m]), np.array([self.sign(side) * 1.0, -self.sign(side) * 1.0])
        )
        return float(np.degrees(np.arctan2(there[0] - here[0], there[1] - here[1])) % 360.0)

    def height_m(self, xy: Floats) -> Floats:
        """Ground above the plain at points (..., 2)."""
        total = np.zeros(xy.shape[:-1])
        for x, y, radius, height in self.hills:
            total += height * np.exp(
                -((xy[..., 0] - x) ** 2 + (xy[..., 1] - y) ** 2) / (2 * (radius / 2) ** 2)
            )
        return total

    def hidden(self, stand: Floats, eye_m: float, xy: Floats) -> Bools:
        """Whether hills hide points (n, 2) from eyes over `stand` (n, 2) or (2,); the earth's curve counts, refraction does not."""
        if not len(self.hills) or not len(xy):
            return np.zeros(len(xy), dtype=np.bool_)
        share = (np.arange(1, _STEPS) / _STEPS)[:, None]
        start = np.broadcast_to(stand, xy.shape)
        way = start[:, None, :] + (xy - start)[:, None, :] * share
        eye = self.height_m(start) + eye_m
        far = np.hypot(*(xy - start).T)
        goal = self.height_m(xy) + _TARGET_M
        ray = eye[:, None] + (goal - eye)[:, None] * share.T
        bulge = (far[:, None] ** 2) * (share.T * (1 - share.T)) / (2 * 6_371_000.0)
        return np.asarray((self.height_m(way) + bulge > ray).any(axis=1))


def _on(xy: Floats, along: Floats, at: Floats) -> Floats:
    return np.column_stack([np.interp(at, along, xy[:, k]) for k in (0, 1)])


def _stations(proposal: Proposal) -> list[tuple[str, float]]:
    fixed = [(one.id, one.at_km) for one in [*proposal.posts, *proposal.cameras, *proposal.arrays]]
    movers: list[Any] = [*proposal.teams, *proposal.drones]
    moving = [(one.id, one.to_km) for one in movers]
    ground = [(f"hill {i + 1}", one.at_km) for i, one in enumerate(proposal.ground.hills)]
    spots = [(f"hot spot {i + 1}", one.at_km) for i, one in enumerate(proposal.expect.hot_spots)]
    return fixed + moving + ground + spots
