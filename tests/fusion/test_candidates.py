"""The ladder of grids finds what a comparison of everything with everything finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.fusion.candidates import REACH, near_pairs


def all_pairs(mean: np.ndarray, sigma: np.ndarray, middle: np.ndarray, half: np.ndarray, boxed: np.ndarray) -> set[tuple[int, int]]:  # fmt: skip
    """By definition: within REACH deviations in place; in time so too, and boxes reach as far as they are wide."""
    found = set()
    for i in range(len(mean)):
        for j in range(i + 1, len(mean)):
            apart = float(np.hypot(*(mean[i] - mean[j])))
            width = sum(half[k] for k in (i, j) if boxed[k])
            error = np.sqrt(sum(half[k] ** 2 for k in (i, j) if not boxed[k]))
            near = apart <= REACH * np.hypot(sigma[i], sigma[j])
            if near and abs(middle[i] - middle[j]) <= width + REACH * error:
                found.add((i, j))
    return found


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 100_000), count=st.integers(0, 60))
def test_every_pair_within_reach_is_found_and_no_other(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    mean = rng.normal(0, 20_000, (count, 2))
    sigma = 10.0 ** rng.uniform(1, 4.5, count)
    middle = rng.uniform(0, 400_000, count)
    half = 10.0 ** rng.uniform(0.5, 5.2, count)
    boxed = rng.random(count) < 0.5
    i, j = near_pairs(mean, sigma, middle, half, boxed, most=count)
    pairs = list(zip(i.tolist(), j.tolist(), strict=True))
    assert pairs == sorted(set(pairs))
    assert set(pairs) == all_pairs(mean, sigma, middle, half, boxed)


@pytest.mark.parametrize("portion", [1, 7, 50])
def test_portions_change_nothing(portion: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    known = (
        rng.normal(0, 3_000, (200, 2)), rng.uniform(100, 900, 200), rng.uniform(0, 90_000, 200),
        rng.uniform(10, 40_000, 200), rng.random(200) < 0.5,
    )  # fmt: skip
    whole = near_pairs(*known)
    monkeypatch.setattr("truceline.fusion.candidates.AT_ONCE", portion)
    assert all(np.array_equal(a, b) for a, b in zip(whole, near_pairs(*known), strict=True))


def test_candidates_of_scattered_reports_grow_with_their_number_only() -> None:
    rng = np.random.default_rng(6)
    count = 40_000
    days = count / 1_000
    i, _ = near_pairs(
        rng.uniform(0, 200_000, (count, 2)), np.full(count, 400.0), rng.uniform(0, days * 86_400, count),
        np.full(count, 120.0), np.zeros(count, dtype=bool),
    )  # fmt: skip
    assert len(i) < count / 10
