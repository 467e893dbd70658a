"""The joint commission: sittings with agenda and quorum, and decisions that stand as one entry signed by several keys.

A decision says apart what is agreed, what stays disputed, and how each party sees it; votes where they happen; dissent beside
the outcome; and of a deadlock who takes it up next. The chair drafts it, every party that was there signs the record of it
(which is not a vote for it), and with the last signature it is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from truceline.errors import UsageError
from truceline.log.authors import Author
from truceline.log.entries import missing_signers, sign_entry, unchecked
from truceline.log.files import write_durably
from truceline.mission import handing_in, mechanism
from truceline.mission.clock import from_iso, iso
from truceline.mission.marking import new_id, said
from truceline.mission.mission import Mission, Recorded
from truceline.records.kinds import Decision, Meeting, decode, encode

CHAIR: Final = "commission"
OUTCOMES: Final = ("upheld", "not_upheld", "deferred", "referred", "deadlock")
VOTES: Final = ("for", "against", "abstains", "absent")


@dataclass(frozen=True, slots=True)
class Draft:
    """A decision that waits for signatures."""

    decision: Decision
    signed: tuple[str, ...]
    missing: tuple[str, ...]


def call_meeting(
    mission: Mission, held: str, agenda: Sequence[str], present: Mapping[str, int], *, quorum: int, place: str = "", role: str
) -> Recorded:  # fmt: skip
    """Put a sitting on the log.

    Args:
        held: ISO 8601 with an offset. agenda: findings, notices, or items in words. present: party or actor -> members there.
        quorum: how many of the parties must be there.
    Raises:
        UsageError: MIS-228 somebody unknown, no item, a quorum that cannot be; MIS-020, MIS-003.
    """
    mission.refuse_record()
    parties = {one.id for one in mission.genesis.parties}
    known = parties | {one.id for one in mission.genesis.actors}
    strangers = sorted(set(present) - known)
    try:
        when = iso(from_iso(held))
    except ValueError:
        when = ""
    items = tuple(one.strip() for one in agenda if one.strip())
    if (
        strangers
        or not items
        or not when
        or not 0 <= quorum <= len(parties)
        or min(present.values(), default=0) < 0
    ):
        raise UsageError(
            "MIS-228", "a sitting must have a time with its offset, an agenda, members of parties or actors, and a quorum of parties",
            where="meeting", value=strangers or held, remedy=f"Known: {', '.join(sorted(known))}; the quorum is at most {len(parties)}.",
        )  # fmt: skip
    names = {str(body.about) for _, body in mission.of(Decision)}
    told = tuple(one if "/" in one or one in names or " " not in one else said(mission, one) for one in items)
    counted = {name: number for name, number in present.items() if number}
    return mission.record(Meeting(new_id(mission, "meeting"), when, told, counted, quorum, place), role)


def draft(
    mission: Mission, meeting_id: str, about: str, outcome: str, votes: Mapping[str, str], *, agreed: str = "", disputed: str = "",
    perceptions: Mapping[str, str] | None = None, dissent: Mapping[str, str] | None = None, path: str = "",
) -> Draft:  # fmt: skip
    """Write a decision for signature, by the chair; every party that was not absent is to sign.

    Raises:
        UsageError: MIS-229 what cannot stand, MIS-230 no quorum of the sitting, MIS-195 none of the agreed mechanism, MIS-003.
    """
    sitting = next((body for _, body in mission.of(Meeting) if body.meeting_id == meeting_id), None)
    parties = [one.id for one in mission.genesis.parties]
    seen, dissents = perceptions or {}, {name: text for name, text in (dissent or {}).items() if text.strip()}
    wrong = (
        "no such sitting" if sitting is None
        else "not on the agenda" if about not in sitting.agenda
        else "an outcome that is none" if outcome not in OUTCOMES
        else "a vote of somebody else than a party, or one that is none" if set(votes) - set(parties) or set(votes.values()) - set(VOTES)
        else "a dissent of a party that voted for it, or was absent" if any(votes.get(one) in ("for", "absent", None) for one in dissents)
        else "a view of somebody else than a party" if set(seen) - set(parties)
        else "a deadlock without who takes it up next" if outcome == "deadlock" and not path.strip()
        else ""
    )  # fmt: skip
    if wrong or sitting is None:
        raise UsageError(
            "MIS-229", "a decision must be about an item of its sitting and say what the parties said", where="decision", value=wrong,
            remedy=f"Outcomes: {', '.join(OUTCOMES)}; votes: {', '.join(VOTES)}; a deadlock names its path.",
        )  # fmt: skip
    there = [
        party for party in parties if votes.get(party, "absent") != "absent" and sitting.present.get(party)
    ]
    if len(there) < sitting.quorum:
        raise UsageError(
            "MIS-230", "a decision needs the quorum of its sitting", where=meeting_id, value=f"{len(there)} of {sitting.quorum}",
            remedy="Without it there is only an agenda: call another sitting.",
        )  # fmt: skip
    short = mechanism.short_of_quorum(mission, {one: votes[one] for one in there}, mission.clock_ms())
    if short:
        raise UsageError(
            "MIS-195", "a decision needs the quorum of the agreed mechanism", where=meeting_id, value=short,
            remedy="`truceline mechanism status` shows what is agreed.",
        )  # fmt: skip
    body = Decision(
        new_id(mission, "decision"), about, outcome, {name: votes[name] for name in sorted(votes)},
        {name: said(mission, text) for name, text in sorted(dissents.items())}, iso(mission.clock_ms()), meeting_id,
        said(mission, agreed), said(mission, disputed),
        {name: said(mission, text) for name, text in sorted(seen.items()) if text.strip()}, said(mission, path),
    )  # fmt: skip
    author = Author(mission.signing(CHAIR), mission.log)
    entry = author.entry("decision", encode(body), iso(mission.clock_ms()), there)
    _keep(mission, body.decision_id, sign_entry(mission.log.origin, entry, mission.signing(CHAIR)))
    return next(one for one in drafts(mission) if one.decision.decision_id == body.decision_id)


def drafts(mission: Mission) -> list[Draft]:
    """Decisions that wait for signatures, by id."""
    made = []
    for path in sorted((mission.root / "drafts").glob("*.note")):
        note = path.read_bytes()
        entry = unchecked(mission.log.origin, note)
        body = decode("decision", entry.body)
        assert isinstance(body, Decision)
        missing = missing_signers(note)
        made.append(
            Draft(body, tuple(one for one in (CHAIR, *entry.signers) if one not in missing), tuple(missing))
        )
    return made


def sign(mission: Mission, decision_id: str, role: str) -> int | None:
    """Add a party's signature; with the last one the decision goes onto the log.

    Returns:
        its index there, or None while others have yet to sign.
    Raises:
        UsageError: MIS-231, it does not wait for this signature; LOG-014 and others, the log has moved on: draft it again.
    """
    path = _path(mission, decision_id)
    if not path.is_file() or role not in missing_signers(path.read_bytes()):
        raise UsageError(
            "MIS-231", "a draft must wait for the signature of this key", where=decision_id, value=role,
            remedy="The page of the commission shows who has yet to sign.",
        )  # fmt: skip
    note = handing_in.sign(mission, path.read_bytes(), role)
    if missing_signers(note):
        _keep(mission, decision_id, note)
        return None
    index = handing_in.hand_in(mission, note)
    path.unlink()
    return index


def withdraw(mission: Mission, decision_id: str) -> None:
    """Drop a draft that nobody will sign; nothing of it is on the log. Raises UsageError MIS-231."""
    path = _path(mission, decision_id)
    if not path.is_file():
        raise UsageError("MIS-231", "a draft must be there to be withdrawn", where=decision_id, remedy="It was signed by all, or withdrawn before.")  # fmt: skip
    path.unlink()


def _path(mission: Mission, decision_id: str) -> Path:
    safe = "".join(one for one in decision_id if one.isalnum() or one in "-_")
    return mission.root / "drafts" / f"{safe}.note"


def _keep(mission: Mission, decision_id: str, note: bytes) -> None:
    write_durably(_path(mission, decision_id), note)
