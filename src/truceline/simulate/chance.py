"""Chance by key: the same question always gets the same answer, whatever else is asked.

A draw is a hash of (seed, stream, keys), so that a post that moves changes its own reports and nobody else's.
Source: Salmon et al. 2011, Parallel random numbers: as easy as 1, 2, 3 (counter-based generators); the mixing steps
are those of SplitMix64 (Steele, Lea & Flood 2014).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from truceline.simulate.plane import Floats, Ints

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def bits(*keys: npt.ArrayLike) -> npt.NDArray[np.uint64]:
    """64 bits for each combination of keys, broadcast; at least one-dimensional."""
    state = np.full(1, 0x243F6A8885A308D3, dtype=np.uint64)
    for key in keys:
        word = np.atleast_1d(np.asarray(key, dtype=np.int64)).view(np.uint64)
        state = _mix(state ^ _mix(word + _STEP))
    return state


def uniform(*keys: npt.ArrayLike) -> Floats:
    """In (0, 1), for each combination of keys."""
    drawn: Floats = ((bits(*keys) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return drawn


def normal(*keys: npt.ArrayLike) -> Floats:
    """Standard normal, for each combination of keys."""
    drawn: Floats = ndtri(uniform(*keys))
    return drawn


def pick(weights: npt.ArrayLike, *keys: npt.ArrayLike) -> Ints:
    """Index drawn with the given weights, for each combination of keys."""
    share = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.searchsorted(share / share[-1], uniform(*keys), side="right").clip(0, len(share) - 1)


def _mix(state: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    state = state + _STEP
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    return state ^ (state >> np.uint64(31))
