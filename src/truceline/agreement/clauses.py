"""From articles to clauses: one set of conditions each, ready to be held against many incidents at once.

An article in force at `as_of` is one or more clauses (a withdrawal has one for each class of weapons); it is breached
where any of them is.
"""

from __future__ import annotations

from dataclasses import dataclass

from truceline.agreement.folder import Agreement
from truceline.agreement.models import (
    Access,
    AnyArticle,
    EntryIntoForce,
    ExceptionArticle,
    Overflight,
    Prohibition,
    Step,
    Undefined,
    WeaponClass,
    Where,
    Withdrawal,
)
from truceline.agreement.moments import Bounds
from truceline.agreement.references import moment_bounds

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


@dataclass(frozen=True, slots=True)
class Rule:
    """An article as it stood at `as_of`, under its key, with its clauses."""

    key: str
    article: AnyArticle
    clauses: tuple[Clause, ...]


def rules_of(agreement: Agreement, as_of_ms: int) -> tuple[Rule, ...]:
    """The articles that judge, in the order of their first appearance, as known at `as_of_ms`.

    An entry made after `as_of_ms` is not known yet. An amendment (same key, made later) rules from its own `from` on;
    the version before it rules until then.
    """
    known = [article for article in agreement.articles if _made(article) <= as_of_ms]
    entry = _entry(known)
    exceptions = {item.number: item for item in _latest(known) if isinstance(item, ExceptionArticle)}
    rules: list[Rule] = []
    for key in dict.fromkeys(article.key for article in known if article.judges):
        versions = sorted((item for item in known if item.key == key and item.judges), key=_made)
        clauses: list[Clause] = []
        for index, article in enumerate(versions):
            start = moment_bounds(article.from_) if article.from_ else entry
            end = moment_bounds(article.until) if article.until else FOREVER
            for later in versions[index + 1 :]:
                end = end.earlier(
                    moment_bounds(later.from_) if later.from_ else Bounds(_made(later), _made(later))
                )
            clauses += _clauses(article, start, end, exceptions)
        rules.append(Rule(key, versions[-1], tuple(clauses)))
    return tuple(rules)


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
        case Undefined():
            return [Clause(article.title, article.acts, (), start, end, missing=article.missing)]
        case Withdrawal():
            return [_step(article, step, start, end, allowed) for step in article.steps]
        case _:
            return []


def _step(
    article: Withdrawal, step: Step, start: Bounds | None, end: Bounds, allowed: tuple[ExceptionArticle, ...]
) -> Clause:
    due = moment_bounds(step.by) if step.by else None
    begin = due if start is None or due is None else start.later(due)
    return Clause(
        step.name,
        article.acts,
        article.may_be,
        begin if due is not None else start,
        end.earlier(moment_bounds(step.until)) if step.until else end,
        step if step.weapons or step.calibre else None,
        step=step,
        exceptions=allowed,
        binds=article.binds,
        due=due is not None,
    )
