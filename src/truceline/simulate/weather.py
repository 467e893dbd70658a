"""Weather that dims sight and drowns sound, in blocks of six hours and thirty kilometres."""

from __future__ import annotations

import numpy as np

from truceline.simulate.chance import pick
from truceline.simulate.plane import Bools, Floats, Ints
from truceline.simulate.world import HOUR_MS, World

KINDS = ("clear", "haze", "fog", "rain", "wind")
_SHARE = (0.55, 0.16, 0.08, 0.11, 0.10)
_SIGHT = np.array([1.0, 0.7, 0.15, 0.45, 0.9])
_SOUND = np.array([1.0, 1.0, 0.95, 0.55, 0.5])
_BLOCK_MS, _BLOCK_M = 6 * HOUR_MS, 30_000.0


def weather(world: World, seed: int, at_ms: Ints, x: Floats) -> Ints:
    """Index into KINDS, for each time and place."""
    when = (at_ms - world.start_ms) // _BLOCK_MS
    where = np.floor(x / _BLOCK_M).astype(np.int64)
    return pick(_SHARE, seed, 71, when, where)


def sight(kind: Ints) -> Floats:
    """Factor on what can be seen."""
    return np.asarray(_SIGHT[kind])


def sound(kind: Ints) -> Floats:
    """Factor on what can be heard."""
    return np.asarray(_SOUND[kind])


def dark(world: World, at_ms: Ints) -> Bools:
    """Night by the clock of a country near the equator: 18:00 to 06:00 local."""
    hour = (at_ms - world.start_ms) // HOUR_MS % 24
    return np.asarray((hour < 6) | (hour >= 18), dtype=np.bool_)
