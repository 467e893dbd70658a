"""Scores against values worked out by hand, and against identities that must hold."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.score import compare, compare_overlapping, measure, reliability, reliability_diagram

labels = st.lists(st.integers(0, 5), min_size=1, max_size=30)


def test_scores_of_a_small_grouping_worked_out_by_hand() -> None:
    # found {a b c} {d e}, true {a b} {c d e}: two of four pairs right, B-cubed (4 x 2/3 + 1/3 ...)
    score = compare([0, 0, 0, 1, 1], [0, 0, 1, 1, 1])
    assert score.pairwise_precision == score.pairwise_recall == pytest.approx(0.5)
    assert score.bcubed_precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5)
    assert score.bcubed_recall == pytest.approx((1 + 1 + 1 / 3 + 2 / 3 + 2 / 3) / 5)
    assert score.adjusted_rand == pytest.approx((2 - 1.6) / (4 - 1.6))


@given(labels)
def test_a_grouping_agrees_wholly_with_itself(found: list[int]) -> None:
    score = compare(found, [f"x{label}" for label in found])
    assert all(value == pytest.approx(1.0) for value in score.as_dict().values())


@given(labels, st.randoms(use_true_random=False))
def test_swapping_the_two_swaps_precision_and_recall(found: list[int], draw: object) -> None:
    truth = [draw.randrange(4) for _ in found]  # type: ignore[attr-defined]
    one, two = compare(found, truth), compare(truth, found)
    assert one.bcubed_precision == pytest.approx(two.bcubed_recall)
    assert one.pairwise_recall == pytest.approx(two.pairwise_precision)
    assert one.adjusted_rand == pytest.approx(two.adjusted_rand)


@given(labels, st.randoms(use_true_random=False))
def test_overlapping_scores_equal_the_plain_ones_where_nothing_overlaps(
    found: list[int], draw: object
) -> None:
    truth = [draw.randrange(4) for _ in found]  # type: ignore[attr-defined]
    plain, wide = compare(found, truth), compare_overlapping([{f} for f in found], [{t} for t in truth])
    for name in ("bcubed_precision", "bcubed_recall", "pairwise_precision", "pairwise_recall"):
        assert getattr(plain, name) == pytest.approx(getattr(wide, name))


def test_reliability_worked_out_by_hand() -> None:
    score = reliability([0.9, 0.9, 0.1, 0.5], [True, False, False, True])
    assert score.brier == pytest.approx((0.01 + 0.81 + 0.01 + 0.25) / 4)
    assert score.base_brier == pytest.approx(0.25)
    assert score.calibration_error == pytest.approx((2 * 0.4 + 0.1 + 0.5) / 4)
    assert [band.count for band in score.bands] == [1, 1, 2]
    assert math.isnan(reliability([], []).brier)


def test_incidents_are_measured_by_their_supporting_reports() -> None:
    incidents = pa.table(
        {
            "incident_id": ["a", "d"],
            "supports": [["a", "b", "c"], ["d"]],
            "probability_e4": [9_000, 1_000],
        }
    )
    truth = pa.table({"obs_id": ["a", "b", "c", "d"], "incident_id": ["T1", "T1", None, None]})
    found = measure(incidents, truth)
    assert found["incidents_true"] == 1
    assert found["existence"]["brier"] == pytest.approx(0.01)
    assert found["grouping"]["pairwise_recall"] == 1.0
    assert found["grouping"]["pairwise_precision"] == pytest.approx(1 / 3)
    assert found["grouping_of_real"]["pairwise_f1"] == 1.0
    assert found["incidents_expected"] == pytest.approx(1.0)


def test_a_reliability_diagram_is_a_picture_of_the_bands() -> None:
    rng = np.random.default_rng(1)
    said = rng.random(500)
    scores = asdict(reliability(said, rng.random(500) < said))
    one, two = (reliability_diagram([scores], title) for title in ("EXERCISE", "EXERCISE"))
    assert one.startswith(b"\x89PNG")
    assert one == two
    assert one != reliability_diagram([scores, scores], "EXERCISE")
