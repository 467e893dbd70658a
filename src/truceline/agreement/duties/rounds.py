"""Duties that come round again: visits at least so often, and terms that are renewed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from truceline.agreement.clauses import FOREVER
from truceline.agreement.conditions import Happened
from truceline.agreement.duties.duty import Duty
from truceline.agreement.fields import duration_of
from truceline.agreement.models import (
    Renewal,
    Visits,
)
from truceline.agreement.moments import Bounds, later_by
from truceline.agreement.references import moment_bounds
from truceline.agreement.temporal import Facts


def visits(article: Visits, duty: Duty, what: str, start: Bounds | None, facts: Facts, as_of_ms: int) -> Duty:
    if start is None:
        return replace(duty, reason="No time is set from which visits are due.", needs="A start.")
    every = duration_of(article.every)[0]
    mine = facts.meant(Happened(fact="visited", subject=what)) & facts.verified & (facts.at_ms <= as_of_ms)
    refused = facts.meant(Happened(fact="refused", subject=what)) & facts.verified & (facts.at_ms <= as_of_ms)
    times = np.sort(facts.at_ms[mine & (facts.at_ms >= start.earliest_ms)])
    marks = np.concatenate([[start.latest_ms], times])
    late = bool((np.diff(marks) > every).any())
    due = int(marks[-1]) + every
    duty = replace(duty, due=Bounds(due, due), done_ms=int(times[-1]) if len(times) else None)
    if as_of_ms > due:
        if bool((facts.at_ms[refused] > marks[-1]).any()):
            return replace(
                duty,
                state="breached",
                reason="The visit was refused and has not been made since.",
                needs="A visit.",
            )
        return replace(duty, state="overdue", reason="No visit since the last one was due.", needs="A visit.")
    if late:
        return replace(duty, state="met_late", reason="Visits were made, one of them late.")
    if not len(times):
        return replace(duty, state="not_due", reason="The first visit is not due yet.")
    return replace(duty, state="met", reason="Visited in time.")


def renewal(article: Renewal, duty: Duty, start: Bounds | None, facts: Facts, as_of_ms: int) -> Duty:
    begin = moment_bounds(article.start) if article.start else start
    zone = (article.start.zone or "Etc/UTC") if article.start else "Etc/UTC"
    if begin is None or begin == FOREVER:
        return replace(
            duty, reason="No time is set at which the term begins.", needs="The beginning of the term."
        )
    objected = facts.meant(Happened(fact="objected"))
    if article.binds:
        objected &= np.isin(facts.by, article.binds)
    mine = objected & (facts.at_ms <= as_of_ms)
    ended = begin.earliest_ms  # of the term before
    end = later_by(begin, duration_of(article.term), zone)
    count = 0
    while as_of_ms >= end.latest_ms:
        if article.renews is None:
            return replace(
                duty, due=end, state="lapsed", reason="The term has ended and the text has no renewal."
            )
        span = duration_of(article.objection_before or article.renews)
        last = later_by(end, (-span[0], -span[1]), zone) if article.objection_before else end
        at = facts.at_ms
        in_time = mine & (at <= last.earliest_ms) & (at >= ended)
        late = mine & (at > last.earliest_ms) & (at < end.latest_ms)
        carried = mine & (at >= begin.earliest_ms) & (at < ended)  # late for a term before, not for this one
        counts, maybe = in_time, np.zeros(len(at), dtype=bool)
        match article.late_objection:
            case "ends_term":
                counts = counts | late
            case "next_term":
                counts = counts | carried
            case None:
                maybe = carried
        if bool((counts & facts.verified).any()):
            words = (
                "A party objected in time"
                if not (counts & ~in_time).any()
                else "A party objected, late as the text allows"
            )
            return replace(duty, due=end, state="lapsed", reason=f"{words}; the term ended without renewal.")
        if counts.any():
            return replace(
                duty,
                due=end,
                state="undetermined",
                reason="An objection is reported and not verified.",
                needs="The notice of objection.",
            )
        if maybe.any():
            return replace(
                duty,
                due=end,
                state="undetermined",
                reason="An objection came too late for the term before, and the text does not say whether it counts for this one.",
                needs="An agreement on late objections.",
            )
        count += 1
        ended = end.latest_ms
        end = later_by(begin, _times(duration_of(article.term), duration_of(article.renews), count), zone)
    words = "In its first term." if not count else f"Renewed {count} time{'s' if count > 1 else ''}."
    said = " An objection is on record." if mine.any() else ""
    return replace(duty, due=end, state="met", reason=f"{words} In force.{said}")


def _times(term: tuple[int, int], renews: tuple[int, int], count: int) -> tuple[int, int]:
    return term[0] + count * renews[0], term[1] + count * renews[1]
