"""Obligations: what the facts known at a time say of each duty.

Pure. A duty is met only by the mission's own word; a party's word alone is `reported`, and with a denial `disputed`.
What is not known stays `undetermined`, `waiting` (its condition is not fulfilled) or `not_due`; it never becomes met.
States and their rules: docs/explanation/agreement-time.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from truceline.agreement.clauses import FOREVER, Version, conditions, gate, versions_of
from truceline.agreement.conditions import FactKind, Happened
from truceline.agreement.factors import compare
from truceline.agreement.fields import Moment, Where, duration_of
from truceline.agreement.folder import Agreement
from truceline.agreement.models import (
    Ceiling,
    Condition,
    FlowLimit,
    Limit,
    Notification,
    Renewal,
    ReportAndAnswer,
    Task,
    Transfer,
    Visits,
    Withdrawal,
)
from truceline.agreement.moments import Bounds, later_by
from truceline.agreement.references import duty_key, moment_bounds
from truceline.agreement.temporal import EVER, NEVER, Facts, Signal, periods

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


def duties(
    agreement: Agreement, facts: Facts, *, as_of_ms: int, known_ms: int | None = None
) -> tuple[Duty, ...]:
    """All duties as they stand at `as_of_ms`, in the order of the articles.

    Args:
        facts: in any order; those that became known later than `as_of_ms` are passed over.
        known_ms: amendments made later are passed over; `as_of_ms` where None.
    """
    heard = facts.known_by(as_of_ms)
    versions = versions_of(agreement, as_of_ms if known_ms is None else known_ms)
    signals = conditions(versions, heard)
    found: list[Duty] = []
    for version in versions:
        if not version.article.obliges or (version.replaced and version.end.latest_ms <= as_of_ms):
            continue
        if version.amends and version.start is not None and version.start.earliest_ms > as_of_ms:
            continue
        found += _of(version, heard, as_of_ms, signals, agreement)
    return tuple(found)


def state_of(listed: tuple[Duty, ...], key: str) -> Duty | None:
    """The duty that decides an article (`6`), one of its duties (`2:tanks`), or one party's (`2:tanks@north`, `6@south`)."""
    article, name, owner = duty_key(key)
    mine = [
        duty
        for duty in listed
        if duty.article == article and name in ("", duty.name) and owner in ("", duty.owner)
    ]
    return min(mine, key=lambda duty: WORST.index(duty.state)) if mine else None


def _of(
    version: Version, facts: Facts, as_of_ms: int, signals: dict[str, Signal], agreement: Agreement
) -> Iterator[Duty]:
    article, start = version.article, version.start
    blank = Duty(version.key, article.title, "", None, "undetermined", None, article.severity, "")
    opened = gate(article, signals)
    if opened is not None and not isinstance(article, Condition):
        now = int(opened.at(as_of_ms))
        first = opened.first(1, EVER if start is None else start.latest_ms)
        if first is None or first > as_of_ms:
            state = "waiting" if now < 0 else "undetermined"
            words = (
                "Its condition is not fulfilled."
                if now < 0
                else "Whether its condition is fulfilled is not known."
            )
            needs = f"Verification of article {', '.join(article.when)}."
            yield replace(blank, state=state, reason=words, needs=needs)
            return
        begun = Bounds(first, first)
        start = begun if start is None else start.later(begun)
    match article:
        case Transfer():
            due = _due(article.by, article.within, start)
            which = Happened(fact="handed_over", subject=article.area, by=article.giver)
            yield _once(replace(blank, owner=article.giver), which, due, facts, as_of_ms)
        case Task():
            due = _due(article.by, article.within, start)
            mine = [
                _once(
                    replace(blank, owner=who),
                    Happened(fact=article.fact, subject=article.what, by=who or None),
                    due,
                    facts,
                    as_of_ms,
                )
                for who in article.binds or ("",)
            ]
            yield from mine
            if article.together_within is not None and len(mine) > 1:
                yield _together(article, blank, mine, as_of_ms)
        case Withdrawal():
            yield from _staged(article, blank, start, facts, as_of_ms, agreement)
        case Notification():
            yield from _owed(blank, start, _notified(article, blank, facts, as_of_ms))
        case ReportAndAnswer():
            yield from _owed(blank, start, _answered(article, blank, facts, as_of_ms))
        case Ceiling():
            for limit in article.limits:
                for who in article.binds or ("",):
                    yield _ceiling(
                        limit, article.where, replace(blank, owner=who, name=limit.name), facts, as_of_ms
                    )
        case FlowLimit():
            for who in article.binds or ("",):
                yield _flow(article, replace(blank, owner=who), facts, as_of_ms)
        case Visits():
            for what in article.what:
                yield _visits(article, replace(blank, name=what), what, start, facts, as_of_ms)
        case Renewal():
            yield _renewal(article, blank, start, facts, as_of_ms)
        case Condition():
            value = int(signals[article.number].at(as_of_ms))
            state = {1: "met", -1: "waiting", 0: "undetermined"}[value]
            told = {
                1: "The condition holds.",
                -1: "The condition does not hold.",
                0: "Not known: part of the time was not watched, or only a party says so.",
            }
            needs = "Verified watching of the whole time." if value == 0 else ""
            yield replace(blank, state=state, reason=told[value], needs=needs)
        case _:
            return


def _due(by: Moment | None, within: str | None, start: Bounds | None) -> Bounds | None:
    if by is not None:
        return moment_bounds(by)
    if within is None or start is None:
        return None
    return later_by(start, duration_of(within))


def _once(blank: Duty, which: Happened, due: Bounds | None, facts: Facts, as_of_ms: int) -> Duty:
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


def _together(article: Task, blank: Duty, mine: list[Duty], as_of_ms: int) -> Duty:
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


def _staged(
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
            yield _once(replace(blank, name=step.name, owner=who), which, due, facts, as_of_ms)


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


def _owed(blank: Duty, start: Bounds | None, found: Iterator[tuple[int, Duty]]) -> Iterator[Duty]:
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


def _notified(article: Notification, blank: Duty, facts: Facts, as_of_ms: int) -> Iterator[tuple[int, Duty]]:
    before = duration_of(article.before)[0]
    for subject, by, at, sure, said, verified in _paired(
        facts, Happened(fact="performed"), Happened(fact="notified")
    ):
        kind = subject.partition(" ")[0]
        if kind not in article.what or (article.binds and by and by not in article.binds) or at > as_of_ms:
            continue
        duty = replace(blank, name=subject, owner=by, due=Bounds(at - before, at - before))
        yield at, _judged(duty, sure, said, at - before, verified, late_until=at, late="Announced, and later than agreed.", none="It took place and no announcement is known.")  # fmt: skip


def _answered(
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


def _ceiling(limit: Limit, where: Where | None, duty: Duty, facts: Facts, as_of_ms: int) -> Duty:
    def mine(kind: FactKind) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        all_of_kind = facts.meant(Happened(fact=kind, by=duty.owner or None)) & (facts.at_ms <= as_of_ms)
        return np.asarray(all_of_kind & ((facts.subject == limit.name) | _of_class(limit, where, facts)))

    declared, seen = mine("inventory"), mine("sighting")
    number = _latest(facts, declared)
    sure = int(facts.count[seen & facts.verified].max(initial=-1))
    said = int(facts.count[seen].max(initial=-1))
    shown = (
        f"at most {limit.at_most}; declared {'nothing' if number is None else number}, seen {max(sure, 0)}"
    )
    if sure > limit.at_most:
        return replace(duty, state="breached", reason=f"More were seen at once than allowed ({shown}).")
    if number is not None and number > limit.at_most:
        return replace(duty, state="breached", reason=f"More are declared than allowed ({shown}).")
    if number is not None and sure > number:
        return replace(
            duty,
            state="disputed",
            reason=f"More were seen than declared ({shown}).",
            needs="A corrected declaration, or an inspection.",
        )
    if said > limit.at_most:
        return replace(
            duty,
            state="undetermined",
            reason=f"More than allowed are said to be there ({shown}).",
            needs="A sighting by the mission.",
        )
    if number is not None and bool((declared & facts.verified).any()):
        return replace(duty, state="met", reason=f"Declared, inspected, and within the number ({shown}).")
    if number is not None:
        return replace(
            duty,
            state="reported",
            reason=f"Declared within the number and not inspected ({shown}).",
            needs="An inspection.",
        )
    return replace(
        duty,
        state="undetermined",
        reason=f"No inventory is known ({shown}).",
        needs="A declaration and an inspection.",
    )


def _of_class(limit: Limit, where: Where | None, facts: Facts) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Facts without a subject that tell weapon, calibre and distance, and fall under the limit by them."""
    if facts.weapon is None or facts.calibre_um is None or facts.distance_m is None or not limit.weapons:
        return np.zeros(len(facts.at_ms), dtype=bool)
    keep = (facts.subject == "") & np.isin(facts.weapon, limit.weapons)
    for bound in limit.calibre:
        keep &= (facts.calibre_um >= 0) & compare(facts.calibre_um.astype(float), bound)
    if where is not None:
        far = np.inf if where.within_m is None else where.within_m
        keep &= (facts.distance_m >= (where.beyond_m or 0)) & (facts.distance_m < far)
    return np.asarray(keep)


def _latest(facts: Facts, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int | None:
    if not rows.any():
        return None
    at = facts.at_ms[rows]
    return int(facts.count[rows][at == at.max()].max())


def _flow(article: FlowLimit, duty: Duty, facts: Facts, as_of_ms: int) -> Duty:
    mine = facts.meant(Happened(fact="movement", subject=article.what, by=duty.owner or None)) & (
        facts.at_ms <= as_of_ms
    )
    if not mine.any():
        return replace(
            duty,
            state="undetermined",
            reason="No movement was reported or seen.",
            needs="Counts at the points of entry.",
        )
    at, count, verified = facts.at_ms[mine], facts.count[mine], facts.verified[mine]
    begin, end = periods(at, article.per, article.zone)
    marks, index = np.unique(begin, return_inverse=True)
    sure = np.bincount(index, weights=np.where(verified, count, 0), minlength=len(marks))
    said = np.bincount(index, weights=count, minlength=len(marks))
    most = f"at most {article.at_most} a {article.per}, {int(sure.max())} seen and {int(said.max())} reported in the fullest one"
    last = int(end.max())
    if (sure > article.at_most).any():
        return replace(
            duty, state="breached", due=Bounds(last, last), reason=f"More than allowed in a period: {most}."
        )
    if (said > article.at_most).any():
        return replace(
            duty,
            state="undetermined",
            reason=f"More than allowed by what parties say: {most}.",
            needs="Counts by the mission.",
        )
    if verified.all():
        return replace(duty, state="met", reason=f"Within the number: {most}.")
    return replace(
        duty,
        state="reported",
        reason=f"Within the number by what parties say: {most}.",
        needs="Counts by the mission.",
    )


def _visits(
    article: Visits, duty: Duty, what: str, start: Bounds | None, facts: Facts, as_of_ms: int
) -> Duty:
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


def _renewal(article: Renewal, duty: Duty, start: Bounds | None, facts: Facts, as_of_ms: int) -> Duty:
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
