"""From articles to clauses: one set of conditions each, ready to be held against many incidents at once.

An article in force at `as_of` is one or more clauses (a withdrawal has one for each class of weapons); it is breached
where any of them is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from truceline.agreement.fields import WeaponClass, Where, duration_of
from truceline.agreement.folder import Agreement
from truceline.agreement.models import (
    Access,
    AnyArticle,
    Condition,
    Corridor,
    EntryIntoForce,
    ExceptionArticle,
    Hours,
    Overflight,
    Prohibition,
    Step,
    Undefined,
    Withdrawal,
)
from truceline.agreement.moments import Bounds, later_by
from truceline.agreement.references import moment_bounds
from truceline.agreement.temporal import Facts, Signal, signal_of

FOREVER = Bounds(2**53, 2**53)


@dataclass(frozen=True, slots=True)
class Clause:
    """Conditions that must all hold.

    Attributes:
        start: from when; None where no entry into force was ever given.
        where: place of a prohibition; None is anywhere.
        keep_away: withdrawal: alignment -> (line id, metres); the alignments are those of the line.
        missing: what was never agreed; not empty means that the verdict is undetermined.
        due: whether `start` is the deadline of a step rather than the entry into force.
        when: numbers of the conditions that must hold.
        line, width_m, open: a corridor, and the hours in which it is open.
    """

    name: str
    acts: tuple[str, ...]
    may_be: tuple[str, ...]
    start: Bounds | None
    end: Bounds
    weapons: WeaponClass | None = None
    where: Where | None = None
    step: Step | None = None
    exceptions: tuple[ExceptionArticle, ...] = ()
    binds: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    due: bool = False
    when: tuple[str, ...] = ()
    width_m: int | None = None
    line: str | None = None
    open: Hours | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """An article as it stood at `as_of`, under its key, with its clauses."""

    key: str
    article: AnyArticle
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """One entry of an article, from when until when it holds.

    Attributes:
        start: None where no entry into force was ever given.
        replaced, amends: whether a later, or an earlier, entry of the same key was known.
    """

    key: str
    article: AnyArticle
    start: Bounds | None
    end: Bounds
    replaced: bool
    amends: bool


def versions_of(agreement: Agreement, known_ms: int) -> tuple[Version, ...]:
    """All entries of all articles that were made by `known_ms`, in the order of their keys' first appearance.

    An amendment (same key, made later) rules from its own `from` on, or from when it was made; the version before it
    rules until then.
    """
    known = [article for article in agreement.articles if _made(article) <= known_ms]
    entry = _entry(known)
    made: list[Version] = []
    for key in dict.fromkeys(article.key for article in known):
        versions = sorted((item for item in known if item.key == key), key=_made)
        for index, article in enumerate(versions):
            start = moment_bounds(article.from_) if article.from_ else entry
            if index and article.from_ is None and start is not None:
                start = start.later(Bounds(_made(article), _made(article)))
            end = moment_bounds(article.until) if article.until else FOREVER
            for later in versions[index + 1 :]:
                end = end.earlier(
                    moment_bounds(later.from_) if later.from_ else Bounds(_made(later), _made(later))
                )
            made.append(Version(key, article, start, end, index + 1 < len(versions), index > 0))
    return tuple(made)


def conditions(versions: tuple[Version, ...], facts: Facts) -> dict[str, Signal]:
    """The signal of each condition, by its article's number."""
    return {
        version.article.number: signal_of(version.article.holds, facts)
        for version in versions
        if isinstance(version.article, Condition)
    }


def gate(article: AnyArticle, signals: dict[str, Signal]) -> Signal | None:
    """Whether all conditions of an article hold; None where it has none. A condition nobody can tell of is not known."""
    found: Signal | None = None
    for number in article.when:
        one = signals.get(number, Signal.steady(0))
        found = one if found is None else found.met(one, True)
    return found


def opening(opened: Signal, start: Bounds | None) -> Bounds:
    """When the conditions first came about after a start: from the first time they may have held to the first they surely did."""
    since = opened.times[0] if start is None else start.earliest_ms
    sure = opened.first(1, int(since))
    latest = FOREVER.latest_ms if sure is None else sure
    may_be = opened.first(0, int(since))
    began = Bounds(min(latest, latest if may_be is None else may_be), latest)
    return began if start is None else start.later(began)


def rules_of(agreement: Agreement, as_of_ms: int, facts: Facts | None = None) -> tuple[Rule, ...]:
    """The articles that judge, in the order of their first appearance, as known at `as_of_ms`.

    An article with conditions (`when`) holds from when they first came about, as far as `facts` tell; without facts
    that is not known.
    """
    versions = versions_of(agreement, as_of_ms)
    signals = {} if facts is None else conditions(versions, facts.known_by(as_of_ms))
    known = [article for article in agreement.articles if _made(article) <= as_of_ms]
    exceptions = {item.number: item for item in _latest(known) if isinstance(item, ExceptionArticle)}
    by_key: dict[str, list[Version]] = {}
    for version in versions:
        opened = gate(version.article, signals)
        if opened is not None:
            version = replace(version, start=opening(opened, version.start))
        if version.article.judges:
            by_key.setdefault(version.key, []).append(version)
    return tuple(
        Rule(
            key,
            listed[-1].article,
            tuple(
                replace(clause, when=version.article.when)
                for version in listed
                for clause in _clauses(version.article, version.start, version.end, exceptions)
            ),
        )
        for key, listed in by_key.items()
    )


def _made(article: AnyArticle) -> int:
    return -(2**53) if article.made is None else moment_bounds(article.made).latest_ms


def _latest(articles: list[AnyArticle]) -> list[AnyArticle]:
    return sorted(articles, key=_made)


def _entry(articles: list[AnyArticle]) -> Bounds | None:
    found = [
        item for item in _latest(articles) if isinstance(item, EntryIntoForce) and item.from_ is not None
    ]
    return moment_bounds(found[-1].from_) if found and found[-1].from_ else None


def _clauses(
    article: AnyArticle, start: Bounds | None, end: Bounds, exceptions: dict[str, ExceptionArticle]
) -> list[Clause]:
    allowed = tuple(
        exceptions[number] for number in getattr(article, "exceptions", ()) if number in exceptions
    )
    match article:
        case Prohibition():
            return [
                Clause(
                    article.title, article.acts, article.may_be, start, end, article.weapons, article.where,
                    exceptions=allowed, binds=article.binds,
                )
            ]  # fmt: skip
        case Overflight():
            return [
                Clause(
                    article.title, ("overflight",), (), start, end, article.weapons, article.where,
                    exceptions=allowed, binds=article.binds,
                )
            ]  # fmt: skip
        case Access():
            return [
                Clause(
                    article.title,
                    ("access_denied",),
                    (),
                    start,
                    end,
                    where=article.where,
                    binds=article.binds,
                )
            ]
        case Corridor():
            return [
                Clause(
                    article.title, article.acts, article.may_be, start, end, article.weapons,
                    Where(line=article.line, within_m=max(1, article.width_m // 2)),
                    exceptions=allowed, binds=article.binds, width_m=article.width_m, line=article.line, open=article.open,
                )
            ]  # fmt: skip
        case Undefined():
            return [Clause(article.title, article.acts, (), start, end, missing=article.missing)]
        case Withdrawal():
            return _steps(article, start, end, allowed)
        case _:
            return []


def _steps(
    article: Withdrawal, start: Bounds | None, end: Bounds, allowed: tuple[ExceptionArticle, ...]
) -> list[Clause]:
    made: list[Clause] = []
    elapsed = start
    for step in article.steps:
        due = None
        if step.by is not None:
            due = moment_bounds(step.by)
        elif step.takes is not None and elapsed is not None:
            due = elapsed = later_by(elapsed, duration_of(step.takes))
        begin = due if start is None or due is None else start.later(due)
        made.append(
            Clause(
                step.name, article.acts, article.may_be, begin if due is not None else start,
                end.earlier(moment_bounds(step.until)) if step.until else end,
                step if step.weapons or step.calibre else None,
                step=step, exceptions=allowed, binds=article.binds, due=due is not None,
            )
        )  # fmt: skip
    return made
