"""The mechanism of a mission: proposals and stances on its log, and what the agreed ones set."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from truceline.agreement import mechanism
from truceline.errors import UsageError
from truceline.mission.clock import from_iso, iso
from truceline.mission.mission import Mission, Recorded
from truceline.records.kinds import Appeal, Proposal, Source, Stance, Statement

TERMS: dict[str, tuple[str, ...]] = {
    "principle": (), "composition": ("observers", "contributors"), "mandate": ("publish_sides", "investigate"),
    "access": ("places",), "quorum": ("observers", "nationalities", "parties"),
}  # fmt: skip
"""What the terms of each element may set; see docs/reference/mechanism.md."""


def status(mission: Mission, as_of_ms: int, known_ms: int | None = None, before: int | None = None) -> dict[str, Any]:  # fmt: skip
    """As `agreement.mechanism.status`, with the statements that show the stances."""
    said = {body.statement_id: body.source for _, body in mission.of(Statement, before)}
    said |= {body.appeal_id: body.source for _, body in mission.of(Appeal, before)}
    proposals = [
        mechanism.Proposed(
            body.proposal_id, body.about, dict(body.terms), body.by, body.restatement, _ms(body.made, entry), _known(mission, entry),
            {"title": body.source.title, "url": body.source.url},
        )
        for entry, body in mission.of(Proposal, before)
    ]  # fmt: skip
    stands = [
        mechanism.Stand(
            body.proposal, body.about, body.party, body.stance, _ms(body.at, entry), _known(mission, entry), body.statement_id,
            said[body.statement_id].url if body.statement_id in said else "",
        )
        for entry, body in mission.of(Stance, before)
    ]  # fmt: skip
    parties = [party.id for party in mission.genesis.parties]
    return mechanism.status(proposals, stands, parties, as_of_ms, known_ms)


def terms(mission: Mission, element: str, as_of_ms: int, before: int | None = None) -> dict[str, Any] | None:
    """What the agreed proposal of an element sets; None where none is agreed."""
    found: dict[str, Any] | None = status(mission, as_of_ms, before=before)["terms"].get(element)
    return found


def publishes_sides(mission: Mission, as_of_ms: int, before: int | None = None) -> bool:
    """Whether sides are published: what the agreed mandate says, or else the genesis setting."""
    agreed = terms(mission, "mandate", as_of_ms, before) or {}
    return bool(agreed.get("publish_sides", mission.setting("publish_sides", before)))


def propose(
    mission: Mission, proposal_id: str, about: str, wanted: dict[str, Any], *, by: str, restatement: str, role: str = "operator",
    made: str = "", source: Source | None = None,
) -> Recorded:  # fmt: skip
    """Record a proposal about an element.

    Raises:
        UsageError: MIS-083 an element or term that is none, MIS-084 an id that is taken.
    """
    element = mechanism.element_of(about)
    if element not in TERMS:
        raise UsageError("MIS-083", "a proposal must be about an element of the mechanism", value=about, remedy=f"Known: {', '.join(TERMS)}.")  # fmt: skip
    for name, value in wanted.items():
        _check_term(element, name, value)
    if any(body.proposal_id == proposal_id for _, body in mission.of(Proposal)):
        raise UsageError("MIS-084", "a proposal must have an id of its own", value=proposal_id, remedy="A changed proposal is another one: give it another id.")  # fmt: skip
    body = Proposal(
        proposal_id, element, by, wanted, restatement, made or iso(mission.clock_ms()), source or Source()
    )
    return mission.record(body, role)


def take_stance(
    mission: Mission, proposal_id: str, party: str, stance: str, *, role: str = "", statement_id: str = "", at: str = ""
) -> Recorded:  # fmt: skip
    """Record where a party, or another actor, stands on a proposal; signed by it where its key is held.

    Raises:
        UsageError: MIS-085 no such proposal, MIS-086 a word that is none, MIS-087 nobody of that id.
    """
    known = {body.proposal_id: body.about for _, body in mission.of(Proposal)}
    known |= {body.proposal: body.about for _, body in mission.of(Stance)}
    if proposal_id not in known:
        raise UsageError("MIS-085", "a stance must be on a proposal of the log", value=proposal_id, remedy=f"Known: {', '.join(sorted(known)) or 'none; record one with `truceline mechanism propose`'}.")  # fmt: skip
    if stance not in mechanism.STANCES:
        raise UsageError("MIS-086", "a stance must be a known word", value=stance, remedy=f"Known: {', '.join(mechanism.STANCES)}.")  # fmt: skip
    people = {party.id for party in mission.genesis.parties} | {actor.id for actor in mission.genesis.actors}
    if party not in people:
        raise UsageError("MIS-087", "it must be a party or an actor of the mission", value=party, remedy=f"Known: {', '.join(sorted(people))}.")  # fmt: skip
    body = Stance(proposal_id, known[proposal_id], party, stance, statement_id, at or iso(mission.clock_ms()))
    return mission.record(body, role or party)


def short_of_quorum(mission: Mission, votes: Mapping[str, str], at_ms: int, before: int | None = None) -> str:
    """Where a decision lacks the agreed quorum of the commission; "" where it does not, or where none is agreed.

    Args:
        votes: party -> its word; whoever is `absent` was not there.
    """
    least = (terms(mission, "quorum", at_ms, before) or {}).get("parties")
    known = {party.id for party in mission.genesis.parties}
    there = sorted(party for party, word in votes.items() if party in known and word != "absent")
    if least is None or len(there) >= least:
        return ""
    return f"{len(there)} of {least} parties took part"


def _check_term(element: str, name: str, value: Any) -> None:
    lists = {"observers": element == "composition", "contributors": True, "places": True}
    wanted: Any = bool if element == "mandate" else list if lists.get(name) else int
    known = TERMS[element]
    fits = type(value) is wanted and (wanted is not list or all(isinstance(one, str) for one in list(value)))
    if name not in known or not fits or (wanted is int and value < 1):
        raise UsageError(
            "MIS-083", f"the terms of {element} must be known and fit", where=name, value=value,
            remedy=f"Known: {', '.join(known) or 'none'}; lists of ids, whole numbers above 0, or true and false.",
        )  # fmt: skip


def _known(mission: Mission, entry: Recorded) -> int:
    return from_iso(entry.at)


def _ms(text: str, entry: Recorded) -> int:
    """When it was said; of a bare day its first moment by UTC+4 at the earliest, so that it counts on its day."""
    if not text:
        return from_iso(entry.at)
    if len(text) > len("2020-10-14"):
        return from_iso(text)
    return round(dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), dt.UTC).timestamp() * 1000)
