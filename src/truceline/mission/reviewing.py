"""Reviews of findings: two persons of the mission give a word, one word alone never stands (R24)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from truceline.errors import UsageError
from truceline.mission.clock import iso
from truceline.mission.marking import refuse_fine, said
from truceline.mission.mission import Mission, Recorded
from truceline.records.kinds import Review
from truceline.records.reviews import STATES, WORDS, state, words_of


class Reviews:
    """The reviews of a mission by finding; each look reads only what the log gained since the last one."""

    def __init__(self, mission: Mission) -> None:
        self._mission, self._last = mission, -1
        self._held: dict[str, list[tuple[Recorded, Review]]] = {}

    def of(self, finding_id: str) -> list[tuple[Recorded, Review]]:
        """In the order of the log."""
        return list(self._all().get(finding_id, ()))

    def state(self, finding_id: str) -> str:
        """Where one finding stands."""
        return next(iter(_states(self.of(finding_id)).values()), STATES[0])

    def states(self) -> dict[str, str]:
        """finding id -> state, for all findings that somebody reviewed."""
        return _states(pair for pairs in self._all().values() for pair in pairs)

    def _all(self) -> Mapping[str, list[tuple[Recorded, Review]]]:
        for one, body in self._mission.of(Review, after=self._last):
            self._held.setdefault(body.finding_id, []).append((one, body))
            self._last = one.index
        return self._held


def _states(reviews: Iterable[tuple[Recorded, Review]]) -> dict[str, str]:
    return {name: state(words) for name, words in words_of(body for _, body in reviews).items()}


def review(
    reviews: Reviews, mission: Mission, finding_id: str, *, role: str, word: str, reason: str
) -> Recorded:
    """Record one person's word on one finding, signed by that person's key. Raises as `review_many`."""
    return review_many(reviews, mission, [finding_id], role=role, word=word, reason=reason)[0]


def review_many(
    reviews: Reviews, mission: Mission, finding_ids: Sequence[str], *, role: str, word: str, reason: str
) -> list[Recorded]:
    """Record one person's word on a batch of findings, an entry each, appended together.

    Raises:
        UsageError: MIS-100 no such word, MIS-101 no reason, MIS-221 a place finer than a sector in it, MIS-020 a mission of
            record, MIS-003 no key of that role.
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
    refuse_fine(reason, "reason")
    mark = "EXERCISE-" if mission.genesis.exercise else ""
    now, why = iso(mission.clock_ms()), said(mission, reason)
    bodies = [
        Review(f"{mark}review-{len(reviews.of(name)) + 1}-{name}", name, role, word, why, now)
        for name in dict.fromkeys(finding_ids)
    ]
    return mission.record_many([(role, body, None) for body in bodies])
