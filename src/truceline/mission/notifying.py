"""Notices: one text to all parties at one moment, receipts that repeat its digest, answers by a clock, and what follows when it runs out.

A notice stands in the open on the log, so every party reads it from the same entry; each party's signed receipt proves
that it got the same bytes (R8). An answer may be confidential: its text is sealed, that it came is not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from truceline.errors import UsageError
from truceline.mission.clock import from_iso, iso
from truceline.mission.marking import new_id, refuse_fine, said
from truceline.mission.mission import Mission, Recorded
from truceline.records.kinds import Escalation, Notice, Receipt, Reply

POSITIONS: Final = ("accepts", "contests", "partly", "informs")
HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Told:
    """One party and one notice. `late`: its clock ran out without an answer."""

    party: str
    receipt: Receipt | None
    replies: tuple[Reply, ...]
    late: bool


@dataclass(frozen=True, slots=True)
class Given:
    """A notice with what came of it."""

    entry: Recorded
    notice: Notice
    released_ms: int
    due_ms: int | None
    told: tuple[Told, ...]
    escalations: tuple[Escalation, ...]
    same: bool  # every receipt so far repeats the digest of the notice

    @property
    def overdue(self) -> tuple[str, ...]:
        return tuple(one.party for one in self.told if one.late)


def give(
    mission: Mission, content: str, *, role: str, hours: int = 0, urgent: bool = False, about: Sequence[str] = ()
) -> Recorded:  # fmt: skip
    """Give one notice to all parties, now.

    Args:
        hours: until the answer is due, for every party the same; 0: no answer is asked for.
        about: incidents and findings.
    Raises:
        UsageError: MIS-220 nothing is said, MIS-221 it says where to a place finer than a sector, MIS-020, MIS-003.
    """
    text = said(mission, content)
    if not text:
        raise UsageError("MIS-220", "a notice must say something", where="content", remedy="Say what happened, where by sector, and what is asked.")  # fmt: skip
    refuse_fine(text, "content")
    now = mission.clock_ms()
    body = Notice(
        new_id(mission, "notice"), tuple(one.id for one in mission.genesis.parties), text,
        hashlib.sha256(text.encode()).hexdigest(), iso(now), iso(now + hours * HOUR_MS) if hours else "", urgent, tuple(about),
    )  # fmt: skip
    return mission.record(body, role)


def acknowledge(mission: Mission, notice_id: str, party: str) -> Recorded:
    """A party's receipt; the first one stands. Raises UsageError MIS-222, MIS-003."""
    notice = _of(mission, notice_id, party)
    for entry, body in mission.of(Receipt):
        if (body.notice_id, body.party) == (notice_id, party):
            return entry
    digest = hashlib.sha256(
        notice.content.encode()
    ).hexdigest()  # of what this party reads, not of what it was told
    return mission.record(
        Receipt(new_id(mission, "receipt"), notice_id, party, digest, iso(mission.clock_ms())), party
    )


def reply(
    mission: Mission, notice_id: str, party: str, position: str, text: str, *, confidential: bool = False
) -> Recorded:
    """A party's answer, signed with its key.

    Raises:
        UsageError: MIS-222 no such notice went to that party, MIS-223 a position that is none, or no words; MIS-003.
    """
    _of(mission, notice_id, party)
    if position not in POSITIONS or not text.strip():
        raise UsageError(
            "MIS-223", "an answer must take one of the positions and say something", where="position", value=position,
            remedy=f"Known: {', '.join(POSITIONS)}.",
        )  # fmt: skip
    words = said(mission, text)
    sealed = mission.vault.seal_file(json.dumps({"text": words}, ensure_ascii=False).encode()) if confidential else ""  # fmt: skip
    body = Reply(
        new_id(mission, "reply"), notice_id, party, position, "" if confidential else words,
        iso(mission.clock_ms()), sealed=sealed,
    )  # fmt: skip
    return mission.record(body, party)


def confidential_text(mission: Mission, body: Reply) -> str:
    """The words of a confidential answer. Raises EvidenceError EVI-011 without the key."""
    return str(json.loads(mission.vault.read_file(body.sealed))["text"])


def escalate(mission: Mission, notice_id: str, to: str, because: str, *, role: str) -> Recorded:
    """Take a notice whose clock ran out to the commission, or to an actor of the mission.

    Raises:
        UsageError: MIS-224 nobody is overdue, MIS-225 nobody of that id, MIS-222, MIS-003.
    """
    found = next((one for one in given(mission) if one.notice.notice_id == notice_id), None)
    if found is None:
        raise _unknown(notice_id)
    if not found.overdue:
        raise UsageError(
            "MIS-224", "only a notice whose clock ran out without an answer may be escalated", where="notice_id", value=notice_id,
            remedy="Wait until the answer is due; who has answered is shown beside the notice.",
        )  # fmt: skip
    known = ["commission", *(one.id for one in mission.genesis.actors)]
    if to not in known:
        raise UsageError("MIS-225", "a notice must be escalated to the commission or an actor of the mission", where="to", value=to, remedy=f"Known: {', '.join(known)}.")  # fmt: skip
    why = said(mission, because) or said(mission, f"no answer from {', '.join(found.overdue)}")
    level = len(found.escalations) + 1
    body = Escalation(new_id(mission, "escalation"), notice_id, level, to, why, iso(mission.clock_ms()))
    return mission.record(body, role)


def given(mission: Mission) -> list[Given]:
    """Every notice with receipts, answers and escalations, in the order of the log."""
    receipts = {(body.notice_id, body.party): body for _, body in mission.of(Receipt)}
    answers: dict[tuple[str, str], list[Reply]] = {}
    for _, reply_ in mission.of(Reply):
        answers.setdefault((reply_.to, reply_.party), []).append(reply_)
    raised: dict[str, list[Escalation]] = {}
    for _, escalation in mission.of(Escalation):
        raised.setdefault(escalation.notice_id, []).append(escalation)
    now, made = mission.clock_ms(), []
    for entry, notice in mission.of(Notice):
        due = from_iso(notice.answer_by) if notice.answer_by else None
        told = tuple(
            Told(party, receipts.get((notice.notice_id, party)), tuple(answers.get((notice.notice_id, party), ())),
                 due is not None and now > due and (notice.notice_id, party) not in answers)
            for party in notice.to
        )  # fmt: skip
        same = all(one.receipt is None or one.receipt.content_digest == notice.content_digest for one in told)
        made.append(
            Given(entry, notice, from_iso(notice.released), due, told, tuple(raised.get(notice.notice_id, ())), same)
        )  # fmt: skip
    return made


def _of(mission: Mission, notice_id: str, party: str) -> Notice:
    for _, body in mission.of(Notice):
        if body.notice_id == notice_id and party in body.to:
            return body
    raise _unknown(notice_id)


def _unknown(notice_id: str) -> UsageError:
    return UsageError(
        "MIS-222", "a notice of this id must have been given to the party", where="notice_id", value=notice_id,
        remedy="Take the id from the page of notices.",
    )  # fmt: skip
