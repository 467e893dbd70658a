"""How reports err: heavy tails, or now and then grossly."""

from __future__ import annotations

import numpy as np

from truceline.simulate.columns.settings import Settings
from truceline.simulate.plane import Bools, Floats

GROSS = 0.05


def error(rng: np.random.Generator, settings: Settings, shape: tuple[int, ...]) -> Floats:
    """Errors of about unit size: Student's t, or normal; in `barrage` flat with peaked middle, never bell-shaped."""
    if settings.model == "barrage":
        drawn: Floats = rng.uniform(-1.7, 1.7, shape) * rng.uniform(
            0.2, 1.3, (shape[0],) + (1,) * (len(shape) - 1)
        )
        return drawn
    if settings.tails:
        heavy: Floats = rng.standard_t(settings.tails, shape).clip(-40, 40)
        return heavy
    normal: Floats = rng.standard_normal(shape)
    return normal


def gross(rng: np.random.Generator, settings: Settings, count: int) -> Bools:
    """Which reports are grossly wrong: only in `barrage`."""
    wrong: Bools = rng.random(count) < (GROSS if settings.model == "barrage" else 0.0)
    return wrong
