"""Notices given by people, and the ledger of signals with the mediators' compartment."""

from __future__ import annotations

from pathlib import Path

import pytest

from truceline.errors import EvidenceError, UsageError
from truceline.mission import notifying, signalling
from truceline.mission.mission import Mission
from truceline.mission.verifying import verify
from truceline.records.kinds import Notice, Receipt, Reply, SealedSignal, Signal

CALL = {
    "from_actor": "mediator-1", "to_actor": "party-1", "channel": "phone", "held_from": "2031-04-10T10:00:00+04:00",
    "held_to": "2031-04-10T10:12:00+04:00", "reported_by": "mediator-1", "content": "a wish nobody else may hear",
}  # fmt: skip


@pytest.fixture
def mission(tiny: Path) -> Mission:
    return Mission.open(tiny)


def test_every_party_gets_one_notice_with_one_digest_and_one_window(mission: Mission) -> None:
    """R8."""
    entry = notifying.give(mission, "fire in sector 3; please answer", role="officer-1", hours=6, urgent=True)
    assert isinstance(entry.body, Notice)
    parties = [one.id for one in mission.genesis.parties]
    assert sorted(entry.body.to) == sorted(parties)
    for party in parties:
        receipt = notifying.acknowledge(mission, entry.body.notice_id, party)
        assert notifying.acknowledge(mission, entry.body.notice_id, party).index == receipt.index
        assert receipt.author == party
    found = notifying.given(mission)[-1]
    assert found.same
    assert {one.receipt.content_digest for one in found.told if one.receipt} == {entry.body.content_digest}
    assert found.notice.content.startswith("EXERCISE")


def test_a_receipt_of_other_words_shows(mission: Mission) -> None:
    notice = notifying.give(mission, "one text", role="officer-1").body
    assert isinstance(notice, Notice)
    mission.record(Receipt("EXERCISE-r", notice.notice_id, "party-1", "0" * 64, notice.released), "party-1")
    assert not notifying.given(mission)[-1].same


@pytest.mark.parametrize("place", ["at 39.83412 N", "40°12'", "38S MB 12345 67890"])
def test_a_notice_with_a_precise_place_is_refused(mission: Mission, place: str) -> None:
    size = mission.log.size
    with pytest.raises(UsageError, match="MIS-221"):
        notifying.give(mission, f"impact {place}", role="officer-1")
    assert mission.log.size == size


def test_nothing_is_no_notice(mission: Mission) -> None:
    with pytest.raises(UsageError, match="MIS-220"):
        notifying.give(mission, "  ", role="officer-1")


def test_a_confidential_answer_is_on_the_log_without_its_words(mission: Mission) -> None:
    notice = notifying.give(mission, "please answer", role="officer-1", hours=1).body
    assert isinstance(notice, Notice)
    body = notifying.reply(mission, notice.notice_id, "party-2", "contests", "our unit was elsewhere", confidential=True).body  # fmt: skip
    assert isinstance(body, Reply)
    tiles = b"".join(p.read_bytes() for p in (mission.root / "log").rglob("*") if p.is_file())
    assert body.text == ""
    assert b"our unit was elsewhere" not in tiles
    assert notifying.confidential_text(mission, body) == "EXERCISE: our unit was elsewhere"
    verify(mission.root)
    next((mission.root / "sealed" / "files").rglob(body.sealed)).unlink()
    with pytest.raises(EvidenceError):
        verify(mission.root)


def test_answers_that_cannot_stand_are_refused(mission: Mission) -> None:
    notice = notifying.give(mission, "please answer", role="officer-1", hours=1).body
    assert isinstance(notice, Notice)
    with pytest.raises(UsageError, match="MIS-222"):
        notifying.reply(mission, "none", "party-1", "accepts", "yes")
    with pytest.raises(UsageError, match="MIS-223"):
        notifying.reply(mission, notice.notice_id, "party-1", "shrugs", "yes")


def test_escalation_waits_for_the_clock_and_counts_its_levels(
    mission: Mission, monkeypatch: pytest.MonkeyPatch
) -> None:
    notice = notifying.give(mission, "please answer", role="officer-1", hours=1).body
    assert isinstance(notice, Notice)
    notifying.reply(mission, notice.notice_id, "party-1", "informs", "we look into it")
    with pytest.raises(UsageError, match="MIS-224"):
        notifying.escalate(mission, notice.notice_id, "commission", "", role="officer-1")
    later = mission.clock_ms() + 2 * notifying.HOUR_MS
    monkeypatch.setattr(Mission, "clock_ms", lambda self: later)
    assert notifying.given(mission)[-1].overdue == tuple(p for p in notice.to if p != "party-1")
    with pytest.raises(UsageError, match="MIS-225"):
        notifying.escalate(mission, notice.notice_id, "party-1", "", role="officer-1")
    for level in (1, 2):
        made = notifying.escalate(mission, notice.notice_id, "commission", "silence", role="officer-1").body
        assert made.level == level  # type: ignore[attr-defined]


def test_the_ledger_tells_gaps_and_differences_of_the_exercise(mission: Mission) -> None:
    first = signalling.ledger(mission)[0]
    assert [one.signal.to_actor for one in first.calls][:2] == ["party-1", "party-2"]
    assert first.gap_min is not None
    assert first.gap_min >= 35
    assert any("hedged" in one for one in first.differences)
    held = {one.signal.signal_id for group in signalling.ledger(mission) for one in group.calls}
    assert held == {body.signal_id for _, body in mission.of(Signal)}


def test_a_private_call_opens_for_the_mediators_only_until_it_is_released(mission: Mission) -> None:
    mark = signalling.keep_private(mission, CALL, role="mediator-1").body
    assert isinstance(mark, SealedSignal)
    with pytest.raises(EvidenceError, match="EVI-011"):
        mission.vault.read_file(mark.sealed)  # the mission's own key is no key to it
    ((_, _, call, released),) = signalling.private(mission)
    assert (call.content, released) == ("EXERCISE: a wish nobody else may hear", False)
    before = len(mission.of(Signal))
    signalling.release(mission, mark.sealed_id, role="mediator-1")
    assert len(mission.of(Signal)) == before + 1
    assert mission.of(Signal)[-1][1].released == mark.sealed_id
    with pytest.raises(UsageError, match="MIS-227"):
        signalling.release(mission, mark.sealed_id, role="mediator-1")
    verify(mission.root)


@pytest.mark.parametrize(
    "wrong",
    [{"from_actor": "nobody"}, {"to_actor": "mediator-1"}, {"channel": "pigeon"}, {"content": " "}, {"held_from": "2031-04-10"},
     {"held_to": "2031-04-09T00:00:00Z"}, {"mirrors": "none"}],
)  # fmt: skip
def test_a_call_that_cannot_have_been_is_refused(mission: Mission, wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="MIS-226"):
        signalling.signal(mission, CALL | wrong, role="mediator-1")
