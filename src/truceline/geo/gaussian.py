"""Probability that an uncertain place lies where a signed distance falls between two bounds.

Where the distance is nearly linear at the scale of the error, the answer is a difference of normal distribution
functions; elsewhere a quasi-Monte-Carlo mean over 2^10 Sobol points with a fixed scrambling seed.

Error: the closed form is used when eight probes at two standard deviations differ from the linear prediction by at
most 5 % of the standard deviation, which bounds its error by about 0.02; the sampled one stayed below 0.02 in tests.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri

from truceline.geo.points import BoolArray, Float64Array

LINEAR_SHARE = 0.05
SOBOL_LOG2 = 10
SOBOL_SEED = 20_260_101
_FAR = 6.0

Distance = Callable[[Float64Array], tuple[Float64Array, Float64Array]]


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
    variance: Float64Array = np.einsum("ni,nij,nj->n", direction, cov_m2, direction)
    return np.sqrt(np.maximum(variance, 1e-6))


def largest_sd(cov_m2: Float64Array) -> Float64Array:
    """Standard deviation (n,) along the long axis."""
    half = (cov_m2[:, 0, 0] + cov_m2[:, 1, 1]) / 2
    spread = np.hypot((cov_m2[:, 0, 0] - cov_m2[:, 1, 1]) / 2, cov_m2[:, 0, 1])
    return np.sqrt(np.maximum(half + spread, 1e-6))


def probability_between(
    distance: Distance,
    mean_m: Float64Array,
    cov_m2: Float64Array,
    bounds: tuple[tuple[float, float], ...],
    sampled: Callable[[Float64Array, float], Distance] | None = None,
) -> Float64Array:
    """P(from <= distance(x) < to for some bound), x ~ N(mean, cov).

    Args:
        distance: (n, 2) -> signed distance (n,), its unit gradient (n, 2).
        mean_m, cov_m2: (n, 2) and (n, 2, 2), metres.
        bounds: disjoint intervals of the distance, infinite where open.
        sampled: a cheaper `distance` that holds within a radius of a point, for the sampled branch.
    Returns:
        (n,) in [0, 1]; nan where the mean is nan.
    """
    answer = np.full(len(mean_m), np.nan)
    known = ~(np.isnan(mean_m).any(axis=1) | np.isnan(cov_m2).any(axis=(1, 2)))
    if not known.any():
        return answer
    mean, cov = mean_m[known], cov_m2[known]
    here, gradient = distance(mean)
    sd = along(cov, gradient)
    total = np.zeros(len(mean))
    for low, high in bounds:
        total += ndtr((high - here) / sd) - ndtr((low - here) / sd)
    edges = [edge for pair in bounds for edge in pair if np.isfinite(edge)]
    wide = largest_sd(cov)
    gap = np.min([np.abs(here - edge) for edge in edges], axis=0) if edges else np.full(len(mean), np.inf)
    inside = np.zeros(len(mean), dtype=bool)
    for low, high in bounds:
        inside |= (here >= low) & (here < high)
    near = gap < _FAR * wide
    total[~near] = inside[~near].astype(float)
    doubtful = np.flatnonzero(near)
    doubtful = doubtful[~_linear(distance, mean[doubtful], cov[doubtful], here[doubtful], gradient[doubtful])]
    factors = root(cov[doubtful])
    deviates = normal_points()
    for row, factor in zip(doubtful.tolist(), factors, strict=True):
        local = sampled(mean[row], float(_FAR * wide[row])) if sampled else distance
        values = local(mean[row] + deviates @ factor.T)[0]
        hits = np.zeros(len(values), dtype=bool)
        for low, high in bounds:
            hits |= (values >= low) & (values < high)
        total[row] = hits.mean()
    answer[known] = np.clip(total, 0.0, 1.0)
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
