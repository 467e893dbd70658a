"""Nearly equal texts: what MinHash finds, how often, and what is then said of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.fusion import fuse
from truceline.fusion.texts import BANDS, HASHES, NEAR, Texts, nearly_same, read_texts, signatures

Row = Callable[..., dict[str, Any]]
Table = Callable[[list[dict[str, Any]]], pa.Table]
WORDS = st.sampled_from([f"w{n}" for n in range(14)])


def texts(*said: str) -> Texts:
    return read_texts(pa.chunked_array([pa.array(said)]), np.ones(len(said), dtype=bool), 1)


def shared(t: Texts) -> bool:
    """Whether the first two texts meet in a band."""
    keys = signatures(np.arange(2), t.start, t.words)
    return bool((keys[0] == keys[1]).any())


def pair(chance: np.random.Generator, alike: float, words: int = 40) -> tuple[str, str]:
    """Two texts of so many words, of which a share `alike` of all words of both is in both, in any order."""
    both = round(2 * words * alike / (1 + alike))
    names = [f"x{n}" for n in chance.integers(0, 1 << 40, 2 * words - both)]
    one, two = names[:words], names[words - both :]
    return " ".join(chance.permutation(one)), " ".join(chance.permutation(two))


@pytest.mark.parametrize("alike", [0.3, 0.5, 0.8, 0.9])
def test_texts_meet_as_often_as_minhash_says(alike: float) -> None:
    chance = np.random.default_rng(20)
    trials = 400
    met = sum(shared(texts(*pair(chance, alike))) for _ in range(trials)) / trials
    foretold = 1 - (1 - alike ** (HASHES // BANDS)) ** BANDS
    assert abs(met - foretold) < 4 * np.sqrt(foretold * (1 - foretold) / trials) + 0.01


def test_a_wire_story_is_found_among_twenty_thousand_and_unrelated_ones_hardly_meet() -> None:
    chance = np.random.default_rng(3)
    vocabulary = np.array([f"word{n}" for n in range(4_000)])
    said = [" ".join(chance.choice(vocabulary, 30)) for _ in range(20_000)]
    edited = said[7].split()
    edited[3] = "correction"
    t = texts(*said, " ".join(edited), said[7].upper().replace(" ", ", "))
    keys = signatures(np.arange(len(said) + 2), t.start, t.words)
    for copy in (len(said), len(said) + 1):
        met = np.flatnonzero((keys[:copy] == keys[copy]).any(axis=1))
        assert 7 in met
        assert len(met) <= 3, "it is compared with few"
    assert t.number[7] == t.number[len(said) + 1], "case and punctuation make no other text"
    assert t.number[7] != t.number[len(said)]


@settings(max_examples=150, deadline=None)
@given(one=st.lists(WORDS, min_size=1, max_size=16), two=st.lists(WORDS, min_size=1, max_size=16))
def test_nearly_the_same_is_what_it_is_defined_to_be(one: list[str], two: list[str]) -> None:
    t = texts(" ".join(one), " ".join(two))
    a, b = set(one), set(two)
    wanted = min(len(a), len(b)) > 3 and len(a & b) >= NEAR * len(a | b)
    assert nearly_same(0, 1, t.start, t.words) == wanted == nearly_same(1, 0, t.start, t.words)


@settings(max_examples=40, deadline=None)
@given(
    said=st.lists(st.lists(WORDS, min_size=4, max_size=9).map(" ".join), min_size=2, max_size=6),
    seed=st.integers(0, 9),
)
def test_a_text_has_its_signature_whatever_stands_beside_it(said: list[str], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(said))
    straight, mixed = texts(*said), texts(*(said[i] for i in order))
    rows = np.arange(len(said))
    assert (signatures(rows, straight.start, straight.words)[order] == signatures(rows, mixed.start, mixed.words)).all()  # fmt: skip


def test_two_outlets_with_one_story_are_one_voice_and_two_stories_are_two(
    make_row: Row, make_table: Table
) -> None:
    story = "Shells fell on the edge of the village near the old mill on Tuesday evening and three houses burned down officials said"
    other = "Residents counted four blasts after sunset close to the bridge one barn is destroyed nobody was hurt according to the mayor"

    def told(second: str) -> dict[str, Any]:
        media = {"source_kind": "media", "means": "unknown", "error_m": 2_000}
        rows = [
            make_row("a1", "outlet-1", text=story, **media),
            make_row("a2", "outlet-2", text=second, at_s=30, **media),
        ]
        made = fuse(make_table(rows), origin=np.arange(2)).incidents.to_pylist()
        assert len(made) == 1
        return dict(made[0])

    same, apart = told(story.replace("three", "3")), told(other)
    assert same["supports"] == apart["supports"] == ["a1", "a2"]
    assert same["copies"] == ["a2"]
    assert apart["copies"] == []
    assert same["probability_e4"] < apart["probability_e4"]
