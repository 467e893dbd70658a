"""Every word of consent on a log, as plan and roster take it."""

from __future__ import annotations

from truceline.agreement.plan import ConsentFact
from truceline.mission.clock import from_iso
from truceline.mission.mission import Mission
from truceline.records.kinds import Consent


def consents_of(mission: Mission, before: int | None = None) -> tuple[ConsentFact, ...]:
    """Every word of consent before an entry."""
    return tuple(
        ConsentFact(
            body.party, body.task, body.given, from_iso(body.from_time), from_iso(entry.at),
            from_iso(body.until_time) if body.until_time else None,
        )
        for entry, body in mission.of(Consent, before)
    )  # fmt: skip
