"""Duties that one act discharges: something done, handed over, or withdrawn in stages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from truceline.agreement.conditions import Happened
from truceline.agreement.duties.duty import Duty
from truceline.agreement.fields import duration_of
from truceline.agreement.folder import Agreement
from truceline.agreement.models import (
    Task,
    Withdrawal,
)
from truceline.agreement.moments import Bounds, later_by
from truceline.agreement.references import moment_bounds
from truceline.agreement.temporal import Facts


def once(blank: Duty, which: Happened, due: Bounds | None, facts: Facts, as_of_ms: int) -> Duty:
    """A duty that one act discharges."""
    duty = replace(blank, due=due)
    meant = facts.meant(which) & (facts.at_ms <= as_of_ms)
    denied = facts.denial & (facts.kind == which.fact)
    if which.subject is not None:
        denied &= facts.subject == which.subject
    sure = facts.at_ms[meant & facts.verified]
    if len(sure):
        done = int(sure.min())
        if due is None:
            return replace(
                duty, state="met", done_ms=done, reason="Done, by the mission's own word; no time was set."
            )
        if done <= due.earliest_ms:
            return replace(duty, state="met", done_ms=done, reason="Done in time, by the mission's own word.")
        if done > due.latest_ms:
            return replace(
                duty,
                state="met_late",
                done_ms=done,
                reason="Done after the deadline, by the mission's own word.",
            )
        return replace(duty, state="undetermined", done_ms=done, reason="Done between the readings of the deadline.", needs="An agreement on how the deadline is read.")  # fmt: skip
    needs = "Verification by the mission."
    if meant.any():
        if denied.any():
            return replace(
                duty,
                state="disputed",
                reason="Reported by one and denied by another; the mission has not verified it.",
                needs=needs,
            )
        return replace(
            duty, state="reported", reason="Reported, and not verified by the mission.", needs=needs
        )
    if due is None:
        return replace(
            duty, state="undetermined", reason="No time is set by which it is due.", needs="A deadline."
        )
    if as_of_ms <= due.earliest_ms:
        return replace(duty, state="not_due", reason="Not due yet.")
    if as_of_ms > due.latest_ms:
        return replace(
            duty, state="overdue", reason="The deadline has passed and nothing is known of it.", needs=needs
        )
    return replace(duty, state="undetermined", reason="By one reading of the deadline it is overdue, by another not yet due.", needs="An agreement on how the deadline is read.")  # fmt: skip


def together(article: Task, blank: Duty, mine: list[Duty], as_of_ms: int) -> Duty:
    assert article.together_within is not None
    span = duration_of(article.together_within)[0]
    done = [duty.done_ms for duty in mine]
    duty = replace(blank, name="synchronous")
    known = [one for one in done if one is not None]
    if len(known) == len(done):
        apart = max(known) - min(known) <= span
        return replace(duty, state="met" if apart else "breached", done_ms=max(known),
                       reason="All acted within the time." if apart else "The first and the last acted too far apart.")  # fmt: skip
    if known and as_of_ms > min(known) + span:
        reported = any(one.state in ("reported", "disputed", "undetermined") for one in mine)
        return replace(duty, state="undetermined" if reported else "breached", reason="One acted and another is not known to have followed in time.",
                       needs="Verification of the other." if reported else "")  # fmt: skip
    return replace(duty, state="not_due" if not known else "waiting", reason="Not all have acted yet.")


def staged(
    article: Withdrawal, blank: Duty, start: Bounds | None, facts: Facts, as_of_ms: int, agreement: Agreement
) -> Iterator[Duty]:
    owners = article.binds or tuple(item.id for item in agreement.declared.alignments)
    elapsed: Bounds | None = start
    for step in article.steps:
        if step.by is None and step.takes is None:
            continue
        if step.by is not None:
            due: Bounds | None = moment_bounds(step.by)
        else:
            assert step.takes is not None
            due = elapsed = None if elapsed is None else later_by(elapsed, duration_of(step.takes))
        for who in owners:
            which = Happened(fact="withdrawn", subject=step.name, by=who)
            yield once(replace(blank, name=step.name, owner=who), which, due, facts, as_of_ms)
