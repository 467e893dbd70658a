"""Negotiating the mechanism: agreed by all or not agreed, whoever they are and in whatever order it was recorded."""

from __future__ import annotations

import itertools
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.agreement.mechanism import STANCES, Proposed, Stand, status

PARTIES = ("p", "q", "r")


def proposed(name: str, about: str = "composition", at: int = 0) -> Proposed:
    return Proposed(name, about, {"observers": [name]}, "m", "words", at, at, {})


def stand(proposal: str, who: str, stance: str, at: int = 1, about: str = "composition") -> Stand:
    return Stand(proposal, about, who, stance, at, at)


def element(found: dict, name: str) -> dict:  # type: ignore[type-arg]
    return next(one for one in found["elements"] if one["element"] == name)


def test_a_proposal_is_agreed_when_every_party_offers_or_accepts_it() -> None:
    said = [stand("a", "p", "offered"), stand("a", "q", "accepted")]
    assert status([proposed("a")], said, PARTIES, 5)["agreed"] == []
    found = status([proposed("a")], [*said, stand("a", "r", "accepted")], PARTIES, 5)
    assert found["agreed"] == ["composition"]
    assert found["terms"] == {"composition": {"observers": ["a"]}}
    assert set(found["not_agreed"]) == {"principle", "mandate", "access", "quorum"}


def test_a_condition_or_silence_is_no_acceptance_and_a_rejection_is_told() -> None:
    for word, told in (("conditional", "open"), ("silent", "open"), ("rejected", "rejected")):
        said = [*(stand("a", who, "accepted") for who in "pq"), stand("a", "r", word)]
        assert element(status([proposed("a")], said, PARTIES, 5), "composition")["word"] == told


def test_the_last_word_counts_and_only_from_its_time() -> None:
    said = [*(stand("a", who, "accepted") for who in PARTIES), stand("a", "q", "rejected", at=4)]
    assert status([proposed("a")], said, PARTIES, 3)["agreed"] == ["composition"]
    assert status([proposed("a")], said, PARTIES, 4)["agreed"] == []


def test_a_later_agreement_supersedes_an_earlier_one() -> None:
    said = [stand(name, who, "accepted", at) for name, at in (("a", 1), ("b", 2)) for who in PARTIES]
    found = element(status([proposed("a"), proposed("b")], said, PARTIES, 5), "composition")
    assert found["agreed"] == "b"
    assert {one["id"]: one["word"] for one in found["proposals"]} == {"a": "superseded", "b": "agreed"}


def test_what_others_than_the_parties_say_is_shown_and_counts_for_nothing() -> None:
    said = [*(stand("a", who, "accepted") for who in PARTIES), stand("a", "m", "rejected")]
    found = status([proposed("a")], said, PARTIES, 5)
    assert found["agreed"] == ["composition"]
    assert element(found, "composition")["proposals"][0]["others"] == {"m": "rejected"}


stands = st.lists(
    st.builds(stand, st.sampled_from("ab"), st.sampled_from([*PARTIES, "m"]), st.sampled_from(STANCES), st.integers(0, 3)),
    max_size=12,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(stands, st.integers(0, 99))
def test_order_and_names_change_nothing(said: list[Stand], seed: int) -> None:
    made = [proposed("a"), proposed("b", at=2)]
    found = status(made, said, PARTIES, 3)
    random.Random(seed).shuffle(said)
    assert status(made[::-1], said, PARTIES, 3) == found
    for names in itertools.permutations(PARTIES):
        other = dict(zip(PARTIES, names, strict=True)) | {"m": "m"}
        called = [
            Stand(one.proposal, one.about, other[one.who], one.stance, one.at_ms, one.known_ms)
            for one in said
        ]
        again = status(made, called, PARTIES, 3)
        assert again["agreed"] == found["agreed"]
        for name in ("composition",):
            for left, right in zip(
                element(found, name)["proposals"], element(again, name)["proposals"], strict=True
            ):
                assert {other[who]: word for who, word in left["stances"].items()} == right["stances"]
                assert left["word"] == right["word"]
