"""Who observes, and with whose consent: nothing is assigned without it, and its withdrawal ends what rests on it (R9).

Consent is public: it names a task, a team, a nationality, a kind of sensor or a public place (a sector, never a post). An
assignment is sealed, for patrol plans never leave the mission; the log holds its digest and its times.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from truceline.agreement.plan import ConsentFact, consented
from truceline.errors import ReplayError, UsageError
from truceline.mission import mechanism
from truceline.mission.clock import from_iso, iso
from truceline.mission.consents import consents_of
from truceline.mission.mission import Mission, Recorded
from truceline.records.canonical import canonical
from truceline.records.kinds import Assignment, Consent, Decision

SUBJECTS = ("task", "team", "nationality", "sensor", "place")


@dataclass(frozen=True, slots=True)
class Posting:
    """What one team is to do: inside the seal of an assignment. Times are ISO 8601 with an offset."""

    team: str
    task: str
    observers: dict[str, int]  # nationality -> number
    sensors: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    def subjects(self) -> list[str]:
        """Everything that each party must consent to."""
        return [
            self.task, f"team:{self.team}", *(f"nationality:{one}" for one in sorted(self.observers)),
            *(f"sensor:{one}" for one in sorted(self.sensors)), *(f"place:{one}" for one in sorted(self.places)),
        ]  # fmt: skip


def consent(
    mission: Mission, party: str, subject: str, given: bool, *, from_time: str = "", until_time: str = "", conditions: str = ""
) -> Recorded:  # fmt: skip
    """Record a party's consent or its withdrawal, signed by the party.

    Args:
        subject: a task in words, or `team:ID`, `nationality:ID`, `sensor:KIND`, `place:ID`.
    Raises:
        UsageError: MIS-087 no such party, MIS-088 a place that is not public, MIS-003 its key is not here, MIS-020.
    """
    parties = [one.id for one in mission.genesis.parties]
    if party not in parties:
        raise UsageError("MIS-087", "it must be a party or an actor of the mission", value=party, remedy=f"Known: {', '.join(parties)}.")  # fmt: skip
    _public_places(mission, [subject.partition(":")[2]] if subject.startswith("place:") else [])
    number = 1 + len(mission.of(Consent))
    mark = "EXERCISE-" if mission.genesis.exercise else ""
    body = Consent(
        f"{mark}consent-{number:04d}",
        party,
        subject,
        given,
        from_time or iso(mission.clock_ms()),
        until_time,
        conditions,
    )
    return mission.record(body, party)


def assign(mission: Mission, posting: Posting, from_time: str, until_time: str = "") -> Recorded:
    """Put a team on the roster, sealed, if every party consents to all of it at its start.

    Raises:
        UsageError: MIS-089 consent is absent, MIS-090 the agreed mechanism does not allow it, MIS-088, MIS-020.
    """
    mission.refuse_record()
    _public_places(mission, posting.places)
    start = from_iso(from_time)
    absent = lacking(mission, posting, start)
    if absent:
        raise UsageError(
            "MIS-089", "nothing may be assigned without the consent of every party", where=f"team {posting.team}",
            value="; ".join(f"{party}: {subject}" for party, subject in absent),
            remedy="Ask for it, and record it with `truceline consent give` when it is given.",
        )  # fmt: skip
    forbidden = against_mechanism(mission, posting, start)
    if forbidden:
        raise UsageError(
            "MIS-090", "an assignment must be as the agreed mechanism has it", where=f"team {posting.team}", value=forbidden,
            remedy="`truceline mechanism status` shows what is agreed.",
        )  # fmt: skip
    mark = "EXERCISE-" if mission.genesis.exercise else ""
    with mission.working():
        number = 1 + len(mission.of(Assignment))
        digest = mission.vault.seal_file(canonical(asdict(posting) | {"sensors": list(posting.sensors), "places": list(posting.places)}))  # fmt: skip
        return mission.record(Assignment(f"{mark}assignment-{number:04d}", digest, from_time, until_time))


def lacking(
    mission: Mission, posting: Posting, at_ms: int, before: int | None = None
) -> list[tuple[str, str]]:
    """(party, subject) of every consent that is not there at that time."""
    said = consents_of(mission, before)
    return [
        (party.id, subject) for subject in posting.subjects() for party in mission.genesis.parties
        if not consented(said, party.id, subject, at_ms)
    ]  # fmt: skip


def against_mechanism(mission: Mission, posting: Posting, at_ms: int, before: int | None = None) -> str:
    """Where a posting departs from the agreed composition, access or quorum; "" where it does not."""
    agreed = mechanism.status(mission, at_ms, before=before)["terms"]
    allowed = agreed.get("composition", {}).get("observers")
    strangers = sorted(set(posting.observers) - set(allowed)) if allowed is not None else []
    if strangers:
        return f"observers of {', '.join(strangers)}; the composition allows {', '.join(allowed)}"
    places = agreed.get("access", {}).get("places")
    closed = sorted(set(posting.places) - set(places)) if places is not None else []
    if closed:
        return f"places {', '.join(closed)}; access is agreed to {', '.join(places)}"
    least = agreed.get("quorum", {})
    total = sum(posting.observers.values())
    fewest, kinds = least.get("observers", 1), least.get("nationalities", 1)
    if total < fewest:
        return f"{total} observers; the quorum of a team is {fewest}"
    if len(posting.observers) < kinds:
        return f"{len(posting.observers)} nationalities; the quorum is {kinds}"
    return ""


def roster(mission: Mission, as_of_ms: int) -> list[dict[str, Any]]:
    """Every assignment with its state: planned, active, over, or ended by a withdrawal, with whose and since when.

    Raises:
        EvidenceError: EVI-011 without a key that opens it.
    """
    said = consents_of(mission)
    rows = []
    for entry, body in mission.of(Assignment):
        posting = read_posting(mission, body)
        start, end = from_iso(body.from_time), from_iso(body.until_time) if body.until_time else None
        lost = _lost(mission, said, posting, start, min(as_of_ms, end if end is not None else as_of_ms))
        word = "planned" if as_of_ms < start else "ended" if lost else "over" if end is not None and as_of_ms >= end else "active"  # fmt: skip
        rows.append(
            {
                "assignment": body.assignment_id, "log_entry": entry.index, "state": word, "team": posting.team, "task": posting.task,
                "observers": dict(posting.observers), "sensors": list(posting.sensors), "places": list(posting.places),
                "from": body.from_time, "until": body.until_time or None,
                "ended": [{"party": party, "subject": subject, "since": iso(at)} for party, subject, at in lost],
            }
        )  # fmt: skip
    return rows


def unconsented(mission: Mission, watches: pa.Table, before: int | None = None) -> list[str]:
    """Why each watch does not rest on the consent of all (R9); "" where it does, or where the mission keeps no roster.

    A watch is of a team (`source_id`), or of a kind of sensor (`source_kind`), that was assigned for all of its time and, where
    both name sectors, there. It is never discarded: what it saw is evidence, but it verifies no quiet.

    Args:
        watches: `records.columns.WATCHES`. before: entries from this one on are passed over.
    Raises:
        EvidenceError: EVI-011 without a key that opens the roster.
    """
    said = consents_of(mission, before)
    known = [_Assigned.of(mission, said, body) for _, body in mission.of(Assignment, before)]
    if not known:
        return [""] * watches.num_rows
    columns = ("source_id", "source_kind", "sector_id", "from_ms", "to_ms")
    rows = zip(*(watches[name].to_pylist() for name in columns), strict=True)
    return [_why_not(known, *row) for row in rows]


@dataclass(frozen=True, slots=True)
class _Assigned:
    """One assignment with the time in which it stood."""

    posting: Posting
    start_ms: int
    end_ms: int
    lost_by: str  # whose consent ended it; "" where it ran its time

    @classmethod
    def of(cls, mission: Mission, said: Sequence[ConsentFact], body: Assignment) -> _Assigned:
        posting, start = read_posting(mission, body), from_iso(body.from_time)
        end = from_iso(body.until_time) if body.until_time else 2**62
        lost = min(_lost(mission, said, posting, start, end), key=lambda one: one[2], default=None)
        if lost is None:
            return cls(posting, start, end, "")
        return cls(posting, start, lost[2], f"{lost[0]} withdrew its consent to {lost[1]}")


def _why_not(
    known: Sequence[_Assigned], source: str, kind: str, sector: str | None, from_ms: int, to_ms: int
) -> str:
    own = [one for one in known if source == one.posting.team or kind in one.posting.sensors]
    if not own:
        return "never assigned"
    own = [one for one in own if not sector or not one.posting.places or sector in one.posting.places]
    if not own:
        return "not assigned to that sector"
    if any(one.start_ms <= from_ms and to_ms <= one.end_ms for one in own):
        return ""
    lost = [one.lost_by for one in own if one.lost_by and one.start_ms <= from_ms and to_ms > one.end_ms]
    return lost[0] if lost else "outside the time of its assignment"


def consent_table(mission: Mission, as_of_ms: int) -> list[dict[str, Any]]:
    """Each subject that any party spoke about, with every party's word at that time."""
    said = [one for one in consents_of(mission) if one.known_ms <= as_of_ms]
    parties = [party.id for party in mission.genesis.parties]
    return [
        {
            "subject": subject, "parties": {party: _word(said, party, subject, as_of_ms) for party in parties},
            "all": all(consented(said, party, subject, as_of_ms) for party in parties),
        }
        for subject in sorted({one.task for one in said})
    ]  # fmt: skip


def read_posting(mission: Mission, body: Assignment) -> Posting:
    """Open the seal. Raises EvidenceError EVI-011."""
    plain = json.loads(mission.vault.read_file(body.sealed))
    return Posting(plain["team"], plain["task"], plain["observers"], tuple(plain["sensors"]), tuple(plain["places"]))  # fmt: skip


def check_assignments(mission: Mission) -> int:
    """Every assignment had the consent of all, and was as the mechanism had it, when it was recorded; how many there are.

    Raises:
        ReplayError: RPL-012 one had not.
    """
    found = mission.of(Assignment)
    for entry, body in found:
        posting, start = read_posting(mission, body), from_iso(body.from_time)
        absent = lacking(mission, posting, start, entry.index)
        wrong = against_mechanism(mission, posting, start, entry.index)
        if absent or wrong:
            raise ReplayError(
                "RPL-012", "an assignment must have had the consent of every party and be as the mechanism had it",
                where=f"entry {entry.index}", value=wrong or "; ".join(f"{party}: {subject}" for party, subject in absent),
                remedy=f"Ask {entry.author}, who signed it.",
            )  # fmt: skip
    return len(found)


def check_decisions(mission: Mission) -> int:
    """Every decision had the quorum of the mechanism agreed when it was recorded; how many there are.

    Raises:
        ReplayError: MIS-195 one had not.
    """
    found = mission.of(Decision)
    for entry, body in found:
        short = mechanism.short_of_quorum(mission, body.votes, from_iso(entry.at), entry.index)
        if short:
            raise ReplayError(
                "MIS-195", "a decision needs the quorum of the agreed mechanism", where=f"entry {entry.index}", value=short,
                remedy=f"Ask {entry.author}, who signed it.",
            )  # fmt: skip
    return len(found)


def _lost(
    mission: Mission, said: Sequence[ConsentFact], posting: Posting, start: int, until: int
) -> list[tuple[str, str, int]]:
    """What consent ended after the start, and when first."""
    lost = []
    for subject in posting.subjects():
        for party in mission.genesis.parties:
            own = [one for one in said if (one.party, one.task) == (party.id, subject)]
            ends = sorted(
                {
                    ms
                    for one in own
                    for ms in (one.from_ms, one.until_ms)
                    if ms is not None and start < ms <= until
                }
            )
            gone = next((ms for ms in ends if not consented(own, party.id, subject, ms)), None)
            if gone is not None:
                lost.append((party.id, subject, gone))
    return lost


def _word(said: Sequence[ConsentFact], party: str, subject: str, at_ms: int) -> str:
    if not any((one.party, one.task) == (party, subject) and one.from_ms <= at_ms for one in said):
        return "silent"
    return "given" if consented(said, party, subject, at_ms) else "withdrawn"


def _public_places(mission: Mission, places: Sequence[str]) -> None:
    known = {str(feature["properties"].get("id")) for feature in mission.geometry["features"] if feature["properties"].get("role") in ("sector", "place")}  # fmt: skip
    for place in places:
        if place not in known:
            raise UsageError(
                "MIS-088", "a place of consent must be a sector or a public place of the mission", value=place,
                remedy="Posts stay sealed: name the sector in which it lies.",
            )  # fmt: skip
