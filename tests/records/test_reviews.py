"""What reviewers' words come to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.records.kinds import Review
from truceline.records.reviews import STATES, WORDS, state, words_of


@pytest.mark.parametrize(
    ("words", "reached"),
    [
        ({}, "alleged"),
        ({"a": "verified"}, "in_review"),
        ({"a": "verified", "b": "verified"}, "verified"),
        ({"a": "refuted", "b": "refuted"}, "refuted"),
        ({"a": "unverifiable", "b": "unverifiable"}, "unverifiable"),
        ({"a": "verified", "b": "refuted"}, "contested"),
        ({"a": "verified", "b": "needs_more"}, "needs_more"),
        ({"a": "verified", "b": "verified", "c": "refuted"}, "contested"),
    ],
)
def test_states(words: dict[str, str], reached: str) -> None:
    assert state(words) == reached


@given(st.dictionaries(st.sampled_from("abcd"), st.sampled_from(WORDS)))
def test_one_person_never_decides(words: dict[str, str]) -> None:
    """R24."""
    reached = state(words)
    assert reached in STATES
    if reached in ("verified", "refuted", "unverifiable"):
        assert len(words) > 1
        assert set(words.values()) == {reached}


def test_the_newest_word_of_each_counts() -> None:
    said = [
        Review(str(n), "f", who, word, "r", "t")
        for n, (who, word) in enumerate([("a", "needs_more"), ("b", "verified"), ("a", "verified")])
    ]
    assert words_of(said) == {"f": {"a": "verified", "b": "verified"}}
