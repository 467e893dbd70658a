import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import RecordError
from truceline.records.canonical import canonical, parse_canonical
from truceline.records.codes import probability_word
from truceline.records.columns import NEVER_NULL, OBSERVATIONS, layer_of

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "jcs"
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
def test_canonical_bytes_round_trip(value: object) -> None:
    assert parse_canonical(canonical(value)) == value


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"a":1,"a":2}', "REC-005"),
        (b'{"a": 1}', "REC-006"),
        (b'{"a":1.5}', "REC-001"),
        (b'{"a":NaN}', "REC-001"),
        (b'{"a":9007199254740993}', "REC-002"),
        (b"\xff\xfe", "REC-004"),
        (b'{"b":1,"a":2}', "REC-006"),
    ],
)
def test_non_canonical_bytes_are_refused(raw: bytes, code: str) -> None:
    with pytest.raises(RecordError) as caught:
        parse_canonical(raw)
    assert caught.value.code == code


@pytest.mark.skipif(not VECTORS.exists(), reason="published RFC 8785 vectors are not on this machine")
@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode", "weird"])
def test_published_rfc_8785_vectors(name: str) -> None:
    value = json.loads((VECTORS / "input" / f"{name}.json").read_text(encoding="utf-8"))
    if any(isinstance(leaf, float) for leaf in _leaves(value)):
        pytest.skip("this vector holds floats, which our records refuse")
    assert canonical(value) == (VECTORS / "output" / f"{name}.json").read_bytes()


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def test_probability_words_use_half_open_bands() -> None:
    assert [probability_word(p) for p in (499, 500, 5500, 7999, 8000, 9500, 10000)] == [
        "almost no chance", "very unlikely", "likely", "likely", "very likely", "almost certain", "almost certain",
    ]  # fmt: skip


def test_every_observation_column_has_a_layer_and_identifying_ones_are_sealed() -> None:
    assert {layer_of(name) for name in OBSERVATIONS.names} == {"sealed", "coarsened", "disclosed"}
    for name in (
        "source_id",
        "bearing_mdeg",
        "range_min_m",
        "range_max_m",
        "text",
        "received_at_ms",
        "direction_mdeg",
    ):
        assert layer_of(name) == "sealed"
    assert {"obs_id", "act", "stance", "exercise"} <= NEVER_NULL
