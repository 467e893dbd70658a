"""Where uncertain places lie against lines and zones, each probability computed once and only where it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from truceline.agreement.models import Where
from truceline.errors import AgreementError
from truceline.geo import Frame, Line, Polygon

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


Region: TypeAlias = Band | Zone | None
"""None is anywhere."""


@dataclass(slots=True)
class Ground:
    """Places of n incidents, and the lines and zones that articles name."""

    mean_m: Floats
    cov_m2: Floats
    frame: Frame
    lines: Mapping[str, Line]
    zones: Mapping[str, Polygon]
    _known: dict[Band | Zone, tuple[Floats, Bools]] = field(default_factory=dict)

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
        if isinstance(region, Zone) and region.id in self.zones:
            return self.zones[region.id].edge_distance_m(self.mean_m, self.cov_m2, self.frame)
        if isinstance(region, Band) and region.line in self.lines:
            distance, sd = self.lines[region.line].distance_with_error(self.mean_m, self.cov_m2, self.frame)
            inside = [np.minimum(distance - low, high - distance) for low, high in region.intervals]
            edge: Floats = np.max(inside, axis=0)
            return edge, sd
        return np.full(self.n, np.nan), np.full(self.n, np.nan)

    def _probability(self, region: Band | Zone, rows: Bools) -> Floats:
        values: Floats
        values, done = self._known.get(region, (np.full(self.n, np.nan), np.zeros(self.n, dtype=bool)))
        todo = rows & ~done
        if todo.any():
            mean, cov = self.mean_m[todo], self.cov_m2[todo]
            if isinstance(region, Zone) and region.id in self.zones:
                values[todo] = self.zones[region.id].probability(mean, cov, self.frame)
            elif isinstance(region, Band) and region.line in self.lines:
                line = self.lines[region.line]
                values[todo] = line.probability_between(mean, cov, self.frame, region.intervals)
            self._known[region] = (values, done | todo)
        return values


def difference(held: Intervals, taken: Intervals) -> Intervals:
    """Half-open intervals of `held` with `taken` cut out."""
    left = list(held)
    for low, high in taken:
        cut: list[tuple[float, float]] = []
        for start, end in left:
            cut += [(a, b) for a, b in ((start, min(end, low)), (max(start, high), end)) if a < b]
        left = cut
    return tuple(left)
