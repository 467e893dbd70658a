"""Where uncertain places lie against lines and zones, each probability computed once and only where it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from truceline.agreement.fields import Where
from truceline.agreement.folder import Dated
from truceline.errors import AgreementError
from truceline.geo import Frame, Line, Point, Polygon, Profile

Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Intervals: TypeAlias = tuple[tuple[float, float], ...]
ANYWHERE: Intervals = ((-np.inf, np.inf),)


@dataclass(frozen=True, slots=True)
class Band:
    """Signed distances from a line, positive to its left."""

    line: str
    intervals: Intervals


@dataclass(frozen=True, slots=True)
class Zone:
    """The inside of a polygon."""

    id: str


@dataclass(frozen=True, slots=True)
class Ring:
    """Distances from a point, half-open."""

    point: str
    near_m: float
    far_m: float


Region: TypeAlias = Band | Zone | Ring | None
"""None is anywhere."""


@dataclass(slots=True)
class Ground:
    """Places of n incidents, and the lines and zones that articles name."""

    mean_m: Floats
    cov_m2: Floats
    frame: Frame
    lines: Mapping[str, Line]
    zones: Mapping[str, Polygon]
    points: Mapping[str, Point] = field(default_factory=dict)
    dated: Mapping[str, tuple[Dated, ...]] = field(default_factory=dict)
    at_ms: npt.NDArray[np.int64] | None = None
    _known: dict[Band | Zone | Ring, tuple[Floats, Bools]] = field(default_factory=dict)
    _profiles: dict[str, list[tuple[Bools, Profile]]] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Number of incidents."""
        return len(self.mean_m)

    def region(self, where: Where | None, article: str) -> Region:
        """What `where` names; a side of a line is left or right of it.

        Raises:
            AgreementError: AGR-020 the line does not have that side.
        """
        if where is None:
            return None
        if where.zone is not None:
            return Zone(where.zone)
        if where.point is not None:
            return Ring(
                where.point,
                float(where.beyond_m or 0),
                np.inf if where.within_m is None else float(where.within_m),
            )
        assert where.line is not None
        near = 0.0 if where.beyond_m is None else float(where.beyond_m)
        far = np.inf if where.within_m is None else float(where.within_m)
        left, right = (near, far), (-far, -near)
        if where.side is None:
            return Band(where.line, (right, left) if near > 0 else ((-far, far),))
        line = self.lines.get(where.line)
        if line is None:
            return Band(where.line, (left,))
        self.require_side(line, where.side, article)
        return Band(where.line, (left,) if where.side == line.left else (right,))

    def require_side(self, line: Line, side: str, article: str) -> None:
        """Refuse a line that the article cannot use.

        Raises:
            AgreementError: AGR-020.
        """
        if side not in (line.left, line.right):
            raise AgreementError(
                "AGR-020",
                "the line must have the sides that the article names",
                where=f"article {article}, line {line.id}",
                value=side,
                remedy=f"The line has {line.left} and {line.right}; name its sides as the agreement does.",
            )

    def probability(self, region: Region, rows: Bools) -> tuple[Floats, Floats]:
        """Lower and upper bound of P(inside), (n,) each; 0 and 1 outside `rows` and where nothing is known."""
        if region is None:
            return np.ones(self.n), np.ones(self.n)
        exact = self._probability(region, rows)
        unknown = np.isnan(exact)
        return np.where(unknown, 0.0, exact), np.where(unknown, 1.0, exact)

    def without(self, region: Region, taken: Region, rows: Bools) -> tuple[Floats, Floats]:
        """Bounds of P(inside `region` and outside `taken`); exact for bands of one line, Frechet bounds otherwise."""
        if taken is None:
            return np.zeros(self.n), np.zeros(self.n)
        if isinstance(taken, Band) and (
            region is None or (isinstance(region, Band) and region.line == taken.line)
        ):
            held = ANYWHERE if region is None else region.intervals
            left = difference(held, taken.intervals)
            return (
                self.probability(Band(taken.line, left), rows)
                if left
                else (np.zeros(self.n), np.zeros(self.n))
            )
        low, high = self.probability(region, rows)
        taken_low, taken_high = self.probability(taken, rows)
        return np.maximum(low - taken_high, 0.0), np.minimum(high, 1.0 - taken_low)

    def edge(self, region: Region) -> tuple[Floats, Floats]:
        """Distance to the nearest edge, positive inside, and its standard deviation, metres; nan where unknown."""
        edge, sd = np.full(self.n, np.nan), np.full(self.n, np.nan)
        if region is None:
            return edge, sd
        for rows, profile in self._profile(region):
            here = profile.distance_m
            if isinstance(region, Zone):
                edge[rows] = here
            else:
                inside = [np.minimum(here - low, high - here) for low, high in self._intervals(region)]
                edge[rows] = np.max(inside, axis=0)
            sd[rows] = profile.sd_m
        return edge, sd

    def _probability(self, region: Band | Zone | Ring, rows: Bools) -> Floats:
        values: Floats
        values, done = self._known.get(region, (np.full(self.n, np.nan), np.zeros(self.n, dtype=bool)))
        if (rows & ~done).any():
            for mine, profile in self._profile(region):
                todo = mine & rows & ~done
                if todo.any():
                    values[todo] = profile.between(self._intervals(region), todo[mine])
            self._known[region] = (values, done | rows)
        return values

    @staticmethod
    def _intervals(region: Band | Zone | Ring) -> Intervals:
        if isinstance(region, Band):
            return region.intervals
        return ((0.0, np.inf),) if isinstance(region, Zone) else ((region.near_m, region.far_m),)

    def _profile(self, region: Band | Zone | Ring) -> list[tuple[Bools, Profile]]:
        """Distances of the places from what the region is measured from, once for each version that was in force."""
        name = (
            region.line
            if isinstance(region, Band)
            else region.id
            if isinstance(region, Zone)
            else region.point
        )
        key = f"{type(region).__name__} {name}"
        if key not in self._profiles:
            shapes: Mapping[str, Line | Polygon | Point]
            shapes = (
                self.lines
                if isinstance(region, Band)
                else self.zones
                if isinstance(region, Zone)
                else self.points
            )
            placed: Bools = np.asarray(~np.isnan(self.mean_m).any(axis=1))
            found: list[tuple[Bools, Profile]] = []
            versions = self.dated.get(name)
            if (
                versions is not None
                and self.at_ms is not None
                and name in shapes
                and any(one.drawn is shapes[name] for one in versions)
            ):
                for one in versions:
                    rows = np.asarray(placed & (self.at_ms >= one.from_ms) & (self.at_ms < one.until_ms))
                    found.append((rows, one.drawn.profile(self.mean_m[rows], self.cov_m2[rows], self.frame)))
            elif name in shapes:
                found.append(
                    (placed, shapes[name].profile(self.mean_m[placed], self.cov_m2[placed], self.frame))
                )
            self._profiles[key] = found
        return self._profiles[key]


def difference(held: Intervals, taken: Intervals) -> Intervals:
    """Half-open intervals of `held` with `taken` cut out."""
    left = list(held)
    for low, high in taken:
        cut: list[tuple[float, float]] = []
        for start, end in left:
            cut += [(a, b) for a, b in ((start, min(end, low)), (max(start, high), end)) if a < b]
        left = cut
    return tuple(left)
