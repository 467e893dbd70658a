"""Reviews of findings: two persons of the mission give a word, one word alone never stands (R24)."""

from __future__ import annotations

from truceline.errors import UsageError
from truceline.mission.clock import iso
from truceline.mission.mission import Mission, Recorded
from truceline.records.kinds import Review
from truceline.records.reviews import WORDS, state, words_of


def states(mission: Mission) -> dict[str, str]:
    """finding id -> state, for all findings that somebody reviewed."""
    return {name: state(words) for name, words in words_of(body for _, body in mission.of(Review)).items()}


def review(mission: Mission, finding_id: str, *, role: str, word: str, reason: str) -> Recorded:
    """Record one person's word on one finding, signed by that person's key.

    Raises:
        UsageError: MIS-100 no such word, MIS-101 no reason, MIS-020 a mission of record, MIS-003 no key of that role.
    """
    if word not in WORDS:
        raise UsageError(
            "MIS-100", "a review must give one of the words", where="word", value=word,
            remedy=f"Known: {', '.join(WORDS)}.",
        )  # fmt: skip
    if not reason.strip():
        raise UsageError(
            "MIS-101", "a review must say why", where="reason", remedy="Say what you read and what decided."
        )
    number = sum(1 for _, one in mission.of(Review) if one.finding_id == finding_id) + 1
    name = f"{'EXERCISE-' if mission.genesis.exercise else ''}review-{number}-{finding_id}"
    said = reason.strip()
    if mission.genesis.exercise and not said.startswith("EXERCISE"):
        said = f"EXERCISE: {said}"
    body = Review(name, finding_id, role, word, said, iso(mission.clock_ms()))
    return mission.record(body, role)
