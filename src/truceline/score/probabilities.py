"""Whether stated probabilities keep their word."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Band:
    """Forecasts in [low, high): how many, their mean, and the share that came true."""

    low: float
    high: float
    count: int
    mean: float
    came_true: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """Scores of n probabilities.

    Attributes:
        brier: mean squared error (Brier 1950).
        base_brier: that of always saying the share that came true.
        skill: 1 - brier / base_brier; nan where all or none came true.
        log_loss: mean negative log likelihood, probabilities kept within 1e-4 of 0 and 1.
        calibration_error: mean distance of the bands' means from what came true, weighted by count (ECE).
    """

    count: int
    share_true: float
    brier: float
    base_brier: float
    skill: float
    log_loss: float
    calibration_error: float
    bands: tuple[Band, ...]


def reliability(probability: npt.ArrayLike, came_true: npt.ArrayLike, bands: int = 10) -> Reliability:
    """Scores of probabilities (n,) in [0, 1] against outcomes (n,); nan throughout for n = 0."""
    p = np.asarray(probability, dtype=np.float64)
    y = np.asarray(came_true, dtype=np.float64)
    if not len(p):
        nan = float("nan")
        return Reliability(0, nan, nan, nan, nan, nan, nan, ())
    share = float(y.mean())
    brier, base = float(((p - y) ** 2).mean()), share * (1 - share)
    kept = np.clip(p, 1e-4, 1 - 1e-4)
    loss = float(-(y * np.log(kept) + (1 - y) * np.log(1 - kept)).mean())
    band = np.minimum((p * bands).astype(np.int64), bands - 1)
    table = tuple(
        Band(
            b / bands,
            (b + 1) / bands,
            int((band == b).sum()),
            float(p[band == b].mean()),
            float(y[band == b].mean()),
        )
        for b in range(bands)
        if (band == b).any()
    )
    error = sum(b.count * abs(b.mean - b.came_true) for b in table) / len(p)
    return Reliability(
        len(p), share, brier, base, 1 - brier / base if base else float("nan"), loss, error, table
    )
