"""What a drafter should hear before anyone signs: a text that loads can still be one that nobody can verify."""

from __future__ import annotations

from collections.abc import Iterator

from truceline.agreement.cases import run_cases
from truceline.agreement.consistency import (
    overlaps,
    stages,
    thresholds,
    timeless,
    touching,
    unverifiable,
    widths,
)
from truceline.agreement.contradictions import contradictions
from truceline.agreement.fields import Reading, calibre_bound
from truceline.agreement.folder import Agreement
from truceline.agreement.models import (
    AnyArticle,
    EntryIntoForce,
    Overflight,
    Prohibition,
    Undefined,
    Withdrawal,
)
from truceline.agreement.problems import Problem
from truceline.agreement.references import duty_key, moment_bounds, moments_of
from truceline.errors import AgreementError


def check(agreement: Agreement, *, roster: frozenset[str] | None = None) -> tuple[Problem, ...]:
    """All defects, in the order of the articles; empty for a text with nothing to say about.

    Args:
        roster: acts that the mechanism's sensors and observers can see; the agreement's own `roster` where None.
    """
    entries = [
        item for item in agreement.articles if isinstance(item, EntryIntoForce) and item.from_ is not None
    ]
    found: list[Problem] = []
    exercised = {duty_key(key)[0] for case in agreement.cases for key in case.expect}
    for article, place in zip(agreement.articles, agreement.places, strict=True):
        where = f"{place}, article {article.key}"
        found += _zones(article, where)
        open_ended = isinstance(article, Undefined)  # what was never agreed may have no time either
        if article.judges and not open_ended and not entries and article.from_ is None:
            found.append(
                Problem(
                    "AGR-031", where, "an article must have a time from which it holds", "",
                    "Add an article of shape entry_into_force, or `from`.", "error",
                )
            )  # fmt: skip
        found += _deadlines(article, where, entries)
        if isinstance(article, Undefined):
            found.append(
                Problem(
                    "AGR-032", where, "a parameter must be agreed before it can be verified",
                    "; ".join(article.missing), "Until then every verdict is undetermined.", "warning",
                )
            )  # fmt: skip
        if (article.judges or article.obliges) and article.key not in exercised:
            found.append(
                Problem(
                    "AGR-034", where, "a case must exercise the article", "", "Add one to cases/.", "warning"
                )
            )
        if isinstance(article, (Prohibition, Withdrawal)):
            both = sorted(set(article.acts) & set(article.may_be))
            if both:
                found.append(
                    Problem(
                        "AGR-036", where, "an act must be named once, under `acts` or `may_be`", ", ".join(both),
                        "Decide whether it counts for certain.", "error",
                    )
                )  # fmt: skip
        found += [*stages(article, where), *widths(article, where), *timeless(article, where)]
    if roster is None and agreement.declared.roster is not None:
        roster = frozenset(agreement.declared.roster)
    found += _thresholds(agreement)
    found += [
        *thresholds(agreement),
        *overlaps(agreement),
        *contradictions(agreement),
        *unverifiable(agreement, roster),
        *touching(agreement),
    ]
    found += _sources(agreement)
    found += _cases(agreement)
    return tuple(found)


def _cases(agreement: Agreement) -> Iterator[Problem]:
    try:
        failures = run_cases(agreement).failures
    except AgreementError as problem:
        yield Problem(problem.code, problem.where, problem.rule, str(problem.value), problem.remedy, "error")
        return
    for result in failures:
        yield Problem(
            "AGR-039", f"{result.where}, case {result.case}",
            f"article {result.article} must give {' or '.join(result.expected)}", result.got,
            f"{result.reason} The case says: {result.why}", "error",
        )  # fmt: skip


def _zones(article: AnyArticle, where: str) -> Iterator[Problem]:
    for name, moment in moments_of(article):
        for item in moment.readings or (Reading(local=moment.local, zone=moment.zone),):
            if item.zone is None:
                yield Problem(
                    "AGR-030", where, f"`{name}` must have a time zone", item.local,
                    "Without one it may mean any hour of 26.", "warning",
                )  # fmt: skip
        if len(moment.readings) > 1:
            yield Problem(
                "AGR-037", where, f"`{name}` must be readable in one way only",
                " or ".join(f"{item.local} {item.zone or '?'}" for item in moment.readings),
                "Between the readings every verdict is undetermined.", "warning",
            )  # fmt: skip


def _deadlines(article: AnyArticle, where: str, entries: list[EntryIntoForce]) -> Iterator[Problem]:
    start = article.from_ or (entries[-1].from_ if entries else None)
    named = [(name, moment) for name, moment in moments_of(article) if name == "by" or name.endswith(": by")]
    for name, by in named:
        if start is None or moment_bounds(by).latest_ms >= moment_bounds(start).earliest_ms:
            continue
        yield Problem(
            "AGR-033", where, f"the deadline of '{name.removesuffix(': by')}' must not lie before the entry into force",
            by.local or by.readings[0].local, "Check the date and its zone.", "error",
        )  # fmt: skip


def _thresholds(agreement: Agreement) -> Iterator[Problem]:
    """Texts of one article whose calibre thresholds decide differently for the calibre that they name."""
    by_number: dict[str, list[tuple[str, AnyArticle]]] = {}
    for article, place in zip(agreement.articles, agreement.places, strict=True):
        if isinstance(article, (Prohibition, Withdrawal, Overflight)) and article.text:
            by_number.setdefault(article.number, []).append((place, article))
    for number, listed in by_number.items():
        signs: dict[int, set[str]] = {}
        for _, article in listed:
            classes = (
                article.steps if isinstance(article, Withdrawal) else (getattr(article, "weapons", None),)
            )
            for item in classes:
                for text in item.calibre if item is not None else ():
                    sign, bound = calibre_bound(text)
                    signs.setdefault(bound, set()).add(sign)
        for bound, seen in sorted(signs.items()):
            if {">", ">="} <= seen or {"<", "<="} <= seen:
                yield Problem(
                    "AGR-035", f"{listed[0][0]}, article {number}",
                    "the texts must decide alike for a weapon of the threshold itself",
                    f"{bound / 1000:g} mm: {' and '.join(sorted(seen))}",
                    "Agree on one; until then each text has its own finding.", "warning",
                )  # fmt: skip


def _sources(agreement: Agreement) -> Iterator[Problem]:
    for article, place in zip(agreement.articles, agreement.places, strict=True):
        if article.source is None and all(item.confidence != "fictional" for item in agreement.sources):
            yield Problem(
                "AGR-038", f"{place}, article {article.key}", "an article must name its source", "",
                "Give `source` with title and url.", "warning",
            )  # fmt: skip
