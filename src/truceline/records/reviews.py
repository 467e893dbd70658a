"""What the words of reviewers come to: one word alone never stands (R24)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from truceline.records.kinds import Review

WORDS: Final = ("verified", "refuted", "unverifiable", "needs_more")
STATES: Final = ("alleged", "in_review", "needs_more", "contested", "verified", "refuted", "unverifiable")
OPEN: Final = ("alleged", "in_review", "needs_more", "contested")


def words_of(reviews: Iterable[Review]) -> dict[str, dict[str, str]]:
    """finding id -> reviewer's role -> the newest word of that reviewer.

    Args:
        reviews: in the order in which they were recorded.
    """
    said: dict[str, dict[str, str]] = {}
    for one in reviews:
        said.setdefault(one.finding_id, {})[one.reviewer_role] = one.word
    return said


def state(words: Mapping[str, str]) -> str:
    """Where a finding stands after the newest word of each reviewer: one of `STATES`.

    Two that agree and none that says otherwise decide; a wish for more evidence keeps it open; words that exclude each
    other contest it.
    """
    given = sorted(words.values())
    deciding = {word for word in given if word != "needs_more"}
    if not given:
        return "alleged"
    if len(deciding) > 1:
        return "contested"
    if "needs_more" in given:
        return "needs_more"
    return given[0] if len(given) > 1 else "in_review"
