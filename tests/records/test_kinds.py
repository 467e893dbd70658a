import pytest

from truceline.errors import RecordError
from truceline.records.canonical import canonical, parse_canonical
from truceline.records.kinds import KINDS, Consent, Statement, decode, encode, word_of
from truceline.records.parties import Alignment, alignment_of


def test_bodies_round_trip_through_canonical_bytes() -> None:
    body = Statement(
        "S1", "minister", "mediator", "press", "2020-10-14", "2020-10-14", "asked for a mechanism"
    )
    assert decode(word_of(body), parse_canonical(canonical(encode(body)))) == body


def test_unknown_kind_and_unknown_field_are_refused() -> None:
    with pytest.raises(RecordError, match="REC-010"):
        decode("telepathy", {})
    with pytest.raises(RecordError, match="REC-011"):
        decode("consent", encode(Consent("C", "p", "t", True, "2020-10-10")) | {"extra": 1})


def test_the_kinds_the_issue_names_are_there() -> None:
    wanted = "observation watch complaint statement notice reply consent review decision plan_step agreement key report correction"
    assert set(wanted.split()) <= set(KINDS)


def test_alignments_change_over_time() -> None:
    alignments = (Alignment("west", ("a", "b"), None, 1000), Alignment("east", ("b",), 1000, None))
    assert [alignment_of(alignments, "b", t) for t in (0, 999, 1000)] == ["west", "west", "east"]
    assert alignment_of(alignments, "c", 5) == "c"
