"""Duties whose clock something sets going: an announcement before, a report and an answer after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from truceline.agreement.conditions import FactKind, Happened
from truceline.agreement.duties.duty import Duty
from truceline.agreement.fields import duration_of
from truceline.agreement.models import (
    Notification,
    ReportAndAnswer,
)
from truceline.agreement.moments import Bounds
from truceline.agreement.temporal import NEVER, Facts


def owed(blank: Duty, start: Bounds | None, found: Iterator[tuple[int, Duty]]) -> Iterator[Duty]:
    """Of duties that something set going at a time, those that were owed then."""
    seen = False
    for at, duty in found:
        if start is not None and at < start.earliest_ms:
            continue
        seen = True
        if start is None or at < start.latest_ms:
            duty = replace(duty, state="undetermined", reason="Whether the article held by then is not known.", needs="The time from which it holds.")  # fmt: skip
        yield duty
    if not seen:
        yield replace(blank, state="not_due", reason="Nothing is known that would have set its clock going.")


def notified(article: Notification, blank: Duty, facts: Facts, as_of_ms: int) -> Iterator[tuple[int, Duty]]:
    before = duration_of(article.before)[0]
    for subject, by, at, sure, said, verified in _paired(
        facts, Happened(fact="performed"), Happened(fact="notified")
    ):
        kind = subject.partition(" ")[0]
        if kind not in article.what or (article.binds and by and by not in article.binds) or at > as_of_ms:
            continue
        duty = replace(blank, name=subject, owner=by, due=Bounds(at - before, at - before))
        yield at, _judged(duty, sure, said, at - before, verified, late_until=at, late="Announced, and later than agreed.", none="It took place and no announcement is known.")  # fmt: skip


def answered(
    article: ReportAndAnswer, blank: Duty, facts: Facts, as_of_ms: int
) -> Iterator[tuple[int, Duty]]:
    clocks: tuple[tuple[FactKind, FactKind, str | None], ...] = (
        ("occurred", "reported", article.report_within),
        ("reported", "answered", article.answer_within),
    )
    if article.report_within is None and article.answer_within is None:
        yield (
            NEVER,
            replace(
                blank, state="undetermined", reason="No time is set within which it is due.", needs="A clock."
            ),
        )
        return
    for first, then, within in clocks:
        if within is None:
            continue
        span = duration_of(within)[0]
        for subject, by, at, sure, said, verified in _paired(
            facts, Happened(fact=first), Happened(fact=then)
        ):
            if first == "occurred" and article.binds and by and by not in article.binds:
                continue
            due = at + span
            duty = replace(
                blank, name=f"{subject} {then}", owner=by if then == "reported" else "", due=Bounds(due, due)
            )
            if sure == NEVER and said == NEVER and as_of_ms <= due:
                yield at, replace(duty, state="not_due", reason="The clock is running.")
            else:
                yield at, _judged(duty, sure, said, due, verified, late_until=NEVER, late="Done after the clock had run out.", none="The clock has run out and nothing came.")  # fmt: skip


def _paired(facts: Facts, first: Happened, then: Happened) -> Iterator[tuple[str, str, int, int, int, bool]]:
    """(subject, party, time of `first`, earliest verified and earliest reported time of `then`, whether `first` is verified)."""
    ones, others = facts.meant(first), facts.meant(then)
    sure: dict[str, int] = {}
    said: dict[str, int] = {}
    for subject, at, verified in zip(
        facts.subject[others].tolist(),
        facts.at_ms[others].tolist(),
        facts.verified[others].tolist(),
        strict=True,
    ):
        said[subject] = min(at, said.get(subject, NEVER))
        if verified:
            sure[subject] = min(at, sure.get(subject, NEVER))
    rows = zip(
        facts.subject[ones].tolist(),
        facts.by[ones].tolist(),
        facts.at_ms[ones].tolist(),
        facts.verified[ones].tolist(),
        strict=True,
    )
    for subject, by, at, verified in sorted(rows):
        yield subject, by, at, sure.get(subject, NEVER), said.get(subject, NEVER), verified


def _judged(
    duty: Duty, sure: int, said: int, due_ms: int, verified: bool, *, late_until: int, late: str, none: str
) -> Duty:
    if sure <= due_ms:
        return replace(duty, state="met", done_ms=sure, reason="Done in time.")
    if said <= due_ms:
        return replace(
            duty,
            state="reported",
            reason="Reported as done in time, and not verified.",
            needs="Verification by the mission.",
        )
    if sure <= late_until and sure != NEVER:
        return replace(duty, state="met_late", done_ms=sure, reason=late)
    if not verified:
        return replace(
            duty,
            state="undetermined",
            reason="What would have set the clock going is not verified.",
            needs="Verification by the mission.",
        )
    return replace(duty, state="overdue", reason=none)
