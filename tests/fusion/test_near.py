"""The ladder of cells finds what a comparison of everything with everything finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.fusion import near
from truceline.fusion.near import REACH, Extents, near_pairs
from truceline.fusion.stats import SAID


def all_pairs(e: Extents) -> set[tuple[int, int]]:
    """By definition: within REACH deviations in place; in time so too, and boxes reach as far as they are wide."""
    found = set()
    for i in range(len(e.x)):
        for j in range(i + 1, len(e.x)):
            apart = np.hypot(e.x[i] - e.x[j], e.y[i] - e.y[j])
            wide = REACH * np.sqrt(e.var_m2[i] + e.var_m2[j])
            long = e.box_s[i] + e.box_s[j] + REACH * np.sqrt(e.var_s2[i] + e.var_s2[j])
            if apart <= wide and abs(e.middle_s[i] - e.middle_s[j]) <= long:
                found.add((i, j))
    return found


def crowd(seed: int, count: int) -> Extents:
    rng = np.random.default_rng(seed)
    boxed = rng.random(count) < 0.5
    half = 10.0 ** rng.uniform(0.5, 5.2, count)
    return Extents(
        rng.normal(0, 20_000, count), rng.normal(0, 20_000, count), 10.0 ** rng.uniform(2, 9, count),
        rng.uniform(0, 400_000, count), np.where(boxed, half, 0.0), np.where(boxed, 0.0, half) ** 2,
    )  # fmt: skip


def found_pairs(e: Extents, most: int, once: np.ndarray | None = None) -> list[tuple[int, int]]:
    n = len(e.x)
    nobody = np.full(n, -1, dtype=np.int64) if once is None else once
    marked = (np.zeros(n, dtype=bool), 0.0)
    i, j = near_pairs(
        e, np.arange(n), np.zeros((n, SAID)), np.zeros((n, 3)), 20.0, nobody, marked, most=most, hopeless=-np.inf
    )  # fmt: skip
    return sorted(zip(i.tolist(), j.tolist(), strict=True))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 100_000), count=st.integers(0, 60))
def test_every_pair_within_reach_is_found_once_and_no_other(seed: int, count: int) -> None:
    extents = crowd(seed, count)
    pairs = found_pairs(extents, count)
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == all_pairs(extents)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_who_fits_too_many_is_found_by_those_that_do_not(seed: int) -> None:
    extents = crowd(seed, 60)
    pairs = set(found_pairs(extents, 4))
    step = extents.step()
    fits = np.zeros(60, dtype=int)
    for i, j in all_pairs(extents):
        for one, other in ((i, j), (j, i)):
            fits[one] += step[one] >= step[other]
    asks = {(i, j) for i, j in all_pairs(extents) for one, other in ((i, j), (j, i)) if step[one] >= step[other] and fits[one] <= 4}  # fmt: skip
    assert pairs == asks


def test_one_source_that_reports_once_is_never_paired_with_itself() -> None:
    extents = crowd(3, 40)
    pairs = found_pairs(extents, 40, once=np.zeros(40, dtype=np.int64))
    assert pairs == []


def test_pieces_of_work_give_what_one_piece_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    extents = crowd(5, 50)
    whole = found_pairs(extents, 50)
    monkeypatch.setattr(near, "chunks", lambda start: [(i, i + 1) for i in range(len(start) - 1)])
    assert found_pairs(extents, 50) == whole
