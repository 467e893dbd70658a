"""Probability that an uncertain place lies where a signed distance falls between two bounds.

Where the distance is nearly linear at the scale of the error, the answer is a difference of normal distribution
functions; elsewhere a quasi-Monte-Carlo mean over 2^10 Sobol points with a fixed scrambling seed.

Error: the closed form is used when eight probes at two standard deviations differ from the linear prediction by at
most 5 % of the standard deviation, which bounds its error by about 0.02; the sampled one stayed below 0.02 in tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri

from truceline.geo.points import BoolArray, Float64Array, Int64Array

LINEAR_SHARE = 0.05
SOBOL_LOG2 = 10
SOBOL_SEED = 20_260_101
_FAR = 6.0

_CLOUDS = 512

Distance = Callable[[Float64Array], tuple[Float64Array, Float64Array]]
Sampled = Callable[[Float64Array, Float64Array, Float64Array], Float64Array]
"""(clouds of points (m, s, 2), their middles (m, 2), how far the points of each may lie from it (m,)) -> distances (m, s)."""


@lru_cache(maxsize=1)
def normal_points() -> Float64Array:
    """(1024, 2) scrambled Sobol points as standard normal deviates; always the same."""
    from scipy.stats import qmc  # slow to import, and most commands never sample

    uniform = qmc.Sobol(d=2, scramble=True, rng=np.random.default_rng(SOBOL_SEED)).random_base2(SOBOL_LOG2)
    points: Float64Array = ndtri(np.clip(uniform, 1e-12, 1 - 1e-12))
    return points


def root(cov_m2: Float64Array) -> Float64Array:
    """Lower Cholesky factors (n, 2, 2), tolerant of singular covariances."""
    a, b, c = cov_m2[:, 0, 0], cov_m2[:, 0, 1], cov_m2[:, 1, 1]
    first = np.sqrt(np.maximum(a, 1e-6))
    factor = np.zeros_like(cov_m2)
    factor[:, 0, 0], factor[:, 1, 0] = first, b / first
    factor[:, 1, 1] = np.sqrt(np.maximum(c - (b / first) ** 2, 1e-6))
    return factor


def along(cov_m2: Float64Array, direction: Float64Array) -> Float64Array:
    """Standard deviation (n,) of covariances (n, 2, 2) along unit vectors (n, 2); at least 1 mm."""
    x, y = direction[:, 0], direction[:, 1]
    variance: Float64Array = (
        x * x * cov_m2[:, 0, 0] + x * y * (cov_m2[:, 0, 1] + cov_m2[:, 1, 0]) + y * y * cov_m2[:, 1, 1]
    )
    return np.sqrt(np.maximum(variance, 1e-6))


def largest_sd(cov_m2: Float64Array) -> Float64Array:
    """Standard deviation (n,) along the long axis."""
    half = (cov_m2[:, 0, 0] + cov_m2[:, 1, 1]) / 2
    spread = np.hypot((cov_m2[:, 0, 0] - cov_m2[:, 1, 1]) / 2, cov_m2[:, 0, 1])
    return np.sqrt(np.maximum(half + spread, 1e-6))


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """How far n uncertain places are from something, with what it takes to say how probably they lie where.

    Attributes:
        distance_m: (n,) of the means, signed where the thing has sides; `sd_m` its standard deviation.
    """

    mean_m: Float64Array
    cov_m2: Float64Array
    distance_m: Float64Array
    gradient: Float64Array
    sd_m: Float64Array
    distance: Distance
    sampled: Sampled | None
    _straight: dict[str, BoolArray] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        distance: Distance,
        mean_m: Float64Array,
        cov_m2: Float64Array,
        sampled: Sampled | None = None,
    ) -> Profile:
        """Measure once; `between` may then be asked many times.

        Args:
            distance: (n, 2) -> signed distance (n,), its unit gradient (n, 2).
            mean_m, cov_m2: (n, 2) and (n, 2, 2), metres, no nan.
            sampled: a cheaper `distance` for clouds of points, for the sampled branch; only bounds asked of `between` need agree.
        """
        here, gradient = distance(mean_m)
        return cls(mean_m, cov_m2, here, gradient, along(cov_m2, gradient), distance, sampled)

    def between(self, bounds: tuple[tuple[float, float], ...], rows: BoolArray | None = None) -> Float64Array:
        """P(from <= distance < to for some bound), for all places or those of `rows`; bounds are disjoint."""
        chosen = np.arange(len(self.mean_m)) if rows is None else np.flatnonzero(rows)
        here, sd = self.distance_m[chosen], self.sd_m[chosen]
        total = np.zeros(len(chosen))
        inside = np.zeros(len(chosen), dtype=bool)
        gap = np.full(len(chosen), np.inf)
        for low, high in bounds:
            inside |= (here >= low) & (here < high)
            for edge in (low, high):
                if np.isfinite(edge):
                    gap = np.minimum(gap, np.abs(here - edge))
        wide = largest_sd(self.cov_m2[chosen])
        total[inside] = 1.0
        near = np.flatnonzero(gap < _FAR * wide)
        if not len(near):
            return total
        close = np.zeros(len(near))
        for low, high in bounds:
            close += ndtr((high - here[near]) / sd[near]) - ndtr((low - here[near]) / sd[near])
        total[near] = close
        doubtful = near[~self._linear(chosen[near])]
        for start in range(0, len(doubtful), _CLOUDS):
            part = doubtful[start : start + _CLOUDS]
            total[part] = self._sampled(chosen[part], bounds, _FAR * wide[part])
        return np.asarray(np.clip(total, 0.0, 1.0))

    def _sampled(
        self, rows: Int64Array, bounds: tuple[tuple[float, float], ...], reach_m: Float64Array
    ) -> Float64Array:
        """The share of a cloud of deviates about each of these places whose distance lies in the bounds."""
        mean, factors = self.mean_m[rows], root(self.cov_m2[rows])
        points = mean[:, None, :] + normal_points() @ factors.transpose(0, 2, 1)
        if self.sampled is not None:
            values = self.sampled(points, mean, reach_m)
        else:
            values = self.distance(points.reshape(-1, 2))[0].reshape(points.shape[:2])
        hits = np.zeros(values.shape, dtype=bool)
        for low, high in bounds:
            hits |= (values >= low) & (values < high)
        share: Float64Array = hits.mean(axis=1)
        return share

    def _linear(self, rows: Int64Array) -> BoolArray:
        """Whether the distance is nearly linear about these places; looked up where it was asked before."""
        if "known" not in self._straight:
            self._straight["known"] = np.zeros(len(self.mean_m), dtype=bool)
            self._straight["fine"] = np.zeros(len(self.mean_m), dtype=bool)
        known, fine = self._straight["known"], self._straight["fine"]
        todo = rows[~known[rows]]
        if len(todo):
            fine[todo] = _linear(
                self.distance,
                self.mean_m[todo],
                self.cov_m2[todo],
                self.distance_m[todo],
                self.gradient[todo],
            )
            known[todo] = True
        return fine[rows]


def probability_between(
    distance: Distance,
    mean_m: Float64Array,
    cov_m2: Float64Array,
    bounds: tuple[tuple[float, float], ...],
    sampled: Sampled | None = None,
) -> Float64Array:
    """`Profile.between` for places of which some may be nan; nan there."""
    answer = np.full(len(mean_m), np.nan)
    known = ~(np.isnan(mean_m).any(axis=1) | np.isnan(cov_m2).any(axis=(1, 2)))
    if known.any():
        answer[known] = Profile.of(distance, mean_m[known], cov_m2[known], sampled).between(bounds)
    return answer


def _linear(
    distance: Distance, mean: Float64Array, cov: Float64Array, here: Float64Array, gradient: Float64Array
) -> BoolArray:
    fine = np.ones(len(mean), dtype=bool)
    if not len(mean):
        return fine
    factor, sd = root(cov), along(cov, gradient)
    for turn in range(8):
        angle = turn * np.pi / 4
        step = 2.0 * (factor @ np.array([np.cos(angle), np.sin(angle)]))
        seen = distance(mean + step)[0]
        fine &= np.abs(seen - here - (gradient * step).sum(axis=1)) <= LINEAR_SHARE * sd
    return fine
