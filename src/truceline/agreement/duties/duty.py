"""One obligation and its state."""

from __future__ import annotations

from dataclasses import dataclass

from truceline.agreement.moments import Bounds

WORST = (
    "breached",
    "overdue",
    "disputed",
    "undetermined",
    "met_late",
    "reported",
    "lapsed",
    "waiting",
    "not_due",
    "met",
)
"""From the state that decides an article with several duties to the one that decides last."""


@dataclass(frozen=True, slots=True)
class Duty:
    """One obligation and its state.

    Attributes:
        article: key; `name` tells apart the duties of one article.
        owner: alignment or party that owes it; "" where the text names nobody.
        due: by when; None where no time is set or its condition is not fulfilled.
        done_ms: when it was done by the mission's word; None otherwise.
    """

    article: str
    name: str
    owner: str
    due: Bounds | None
    state: str
    done_ms: int | None
    severity: str
    reason: str
    needs: str = ""
