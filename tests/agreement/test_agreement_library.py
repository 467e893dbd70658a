"""Every agreement that ships must load, pass its own cases, pack and unpack, and cover what it judges."""

from __future__ import annotations

import pytest

from truceline import agreement
from truceline.errors import AgreementError


@pytest.mark.parametrize("name", agreement.library())
def test_every_library_agreement_passes_its_own_cases(name: str) -> None:
    report = agreement.run_cases(agreement.load(name))
    assert report.passed, [
        (item.case, item.article, item.expected, item.got, item.reason) for item in report.failures
    ]
    assert len({item.case for item in report.results}) >= 6
    assert all(report.covered.values()), report.covered


@pytest.mark.parametrize("name", agreement.library())
def test_packed_agreement_reads_back_the_same(name: str) -> None:
    raw = agreement.pack(name)
    again = agreement.unpack(raw)
    first = agreement.load(name)
    assert raw == agreement.pack(name)
    assert (again.id, again.version, again.declared, again.cases, again.files) == (
        first.id, first.version, first.declared, first.cases, first.files,
    )  # fmt: skip


@pytest.mark.parametrize("name", agreement.library())
def test_library_agreement_has_warnings_at_most(name: str) -> None:
    assert [str(item) for item in agreement.check(agreement.load(name)) if item.severity == "error"] == []


@pytest.mark.parametrize("name", agreement.library())
def test_restatements_never_claim_authority(name: str) -> None:
    for article in agreement.load(name).articles:
        assert not article.authoritative
        assert article.restatement
        assert agreement.encoded(article)


@pytest.mark.parametrize("name", agreement.library())
def test_made_up_acts_in_cases_are_never_a_real_partys(name: str) -> None:
    """The cases are exercises (rule 1 of do no harm): who acts in them is called by a side, never by a signatory's name."""
    one = agreement.load(name)
    real = {party.id for party in one.declared.parties} if not one.exercise else set()
    for case in one.cases:
        named = {fact.by for fact in (*case.facts, *case.background)} | set(
            case.given.sides if case.given else ()
        )
        owed = {key.partition("@")[2] for key in case.expect}
        assert not real & (named | owed), case.id


def test_tampered_pack_is_refused() -> None:
    raw = agreement.pack("exercise-accord")
    for bad in (raw[:-1], raw + b" ", raw.replace(b'"format"', b'"formas"', 1), b"{}", b"[]", b"\xff"):
        with pytest.raises(AgreementError) as caught:
            agreement.unpack(bad)
        assert caught.value.code == "AGR-014"
