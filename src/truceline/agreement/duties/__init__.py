"""Obligations: what the facts known at a time say of each duty.

Pure. A duty is met only by the mission's own word; a party's word alone is `reported`, and with a denial `disputed`.
What is not known stays `undetermined`, `waiting` (its condition is not fulfilled) or `not_due`; it never becomes met.
States and their rules: docs/explanation/agreement-time.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from truceline.agreement.clauses import Version, conditions, gate, versions_of
from truceline.agreement.conditions import Happened
from truceline.agreement.duties.acts import once, staged, together
from truceline.agreement.duties.clocks import answered, notified, owed
from truceline.agreement.duties.duty import WORST, Duty
from truceline.agreement.duties.numbers import ceiling, flow
from truceline.agreement.duties.rounds import renewal, visits
from truceline.agreement.fields import Moment, duration_of
from truceline.agreement.folder import Agreement
from truceline.agreement.models import (
    Ceiling,
    Condition,
    FlowLimit,
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
from truceline.agreement.temporal import EVER, Facts, Signal

__all__ = ["WORST", "Duty", "duties", "state_of"]


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
            yield once(replace(blank, owner=article.giver), which, due, facts, as_of_ms)
        case Task():
            due = _due(article.by, article.within, start)
            mine = [
                once(
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
                yield together(article, blank, mine, as_of_ms)
        case Withdrawal():
            yield from staged(article, blank, start, facts, as_of_ms, agreement)
        case Notification():
            yield from owed(blank, start, notified(article, blank, facts, as_of_ms))
        case ReportAndAnswer():
            yield from owed(blank, start, answered(article, blank, facts, as_of_ms))
        case Ceiling():
            for limit in article.limits:
                for who in article.binds or ("",):
                    yield ceiling(
                        limit, article.where, replace(blank, owner=who, name=limit.name), facts, as_of_ms
                    )
        case FlowLimit():
            for who in article.binds or ("",):
                yield flow(article, replace(blank, owner=who), facts, as_of_ms)
        case Visits():
            for what in article.what:
                yield visits(article, replace(blank, name=what), what, start, facts, as_of_ms)
        case Renewal():
            yield renewal(article, blank, start, facts, as_of_ms)
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
