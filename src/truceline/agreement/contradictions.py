"""Two articles of one text that cannot both be kept, or of which one says nothing: deadlines, clocks, numbers, bands.

Amendments and the texts of one article are not held against each other: which of them rules is said elsewhere.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from truceline.agreement.clauses import FOREVER
from truceline.agreement.fields import Where, calibre_bound, duration_of
from truceline.agreement.folder import Agreement
from truceline.agreement.models import (
    AnyArticle,
    Ceiling,
    EntryIntoForce,
    FlowLimit,
    Limit,
    Notification,
    Overflight,
    Prohibition,
    ReportAndAnswer,
    Task,
    Transfer,
    Visits,
)
from truceline.agreement.moments import Bounds, later_by
from truceline.agreement.problems import Problem
from truceline.agreement.references import moment_bounds

_FAR_M = 10**9


def contradictions(agreement: Agreement) -> Iterator[Problem]:
    """AGR-078 deadlines and clocks, AGR-079 numbers, AGR-080 bands that two articles give for the same thing."""
    entry = [moment_bounds(one.from_) for one in agreement.articles if isinstance(one, EntryIntoForce) and one.from_]  # fmt: skip
    listed = [(one, place) for one, place in zip(agreement.articles, agreement.places, strict=True) if one.made is None]  # fmt: skip
    for (one, place), (other, here) in itertools.combinations(listed, 2):
        if one.number == other.number or not _at_one_time(one, other) or not _bind_one(one, other):
            continue
        where, before = f"{here}, article {other.key}", f"article {one.key} ({place})"
        for value, remedy in _deadlines(one, other, before, entry[-1] if entry else None):
            yield Problem("AGR-078", where, "two articles must not set different times for one thing", value, remedy, "error")  # fmt: skip
        for value in _numbers(one, other, before):
            yield Problem(
                "AGR-079", where, "two articles must not allow different numbers of one thing", value,
                "Say which rules, or tell them apart by place, class or time.", "error",
            )  # fmt: skip
        for value in _bands(one, other, before):
            yield Problem(
                "AGR-080", where, "two articles must not give one act different bands", value,
                "The narrower one forbids nothing that the wider does not: say which was meant, or drop it.", "warning",
            )  # fmt: skip


def _deadlines(
    one: AnyArticle, other: AnyArticle, before: str, entry: Bounds | None
) -> Iterator[tuple[str, str]]:
    match one, other:
        case Transfer(), Transfer() if one.area == other.area and one.giver == other.giver:
            if one.receiver != other.receiver:
                yield f"{one.area} goes to {one.receiver} in {before}, to {other.receiver} here", "Say to whom it goes, and since when."  # fmt: skip
        case Task(), Task() if (one.what, one.fact) == (other.what, other.fact):
            pass
        case Notification(), Notification() if set(one.what) & set(other.what):
            if duration_of(one.before) != duration_of(other.before):
                yield f"{', '.join(sorted(set(one.what) & set(other.what)))}: {one.before} ahead in {before}, {other.before} here", "Agree on one."  # fmt: skip
            return
        case ReportAndAnswer(), ReportAndAnswer():
            for name in ("report_within", "answer_within"):
                first, second = getattr(one, name), getattr(other, name)
                if first and second and duration_of(first) != duration_of(second):
                    yield f"{name}: {first} in {before}, {second} here", "Agree on one."
            return
        case Visits(), Visits() if set(one.what) & set(other.what):
            if duration_of(one.every) != duration_of(other.every):
                yield f"{', '.join(sorted(set(one.what) & set(other.what)))}: every {one.every} in {before}, every {other.every} here", "Agree on one."  # fmt: skip
            return
        case _:
            return
    first, second = _due(one, entry), _due(other, entry)
    if first and second and (first.latest_ms < second.earliest_ms or second.latest_ms < first.earliest_ms):
        yield f"{_said(one)} in {before}, {_said(other)} here", "Agree on one; an amendment says when it was made (`made`) under the same number."  # fmt: skip


def _due(article: Transfer | Task, entry: Bounds | None) -> Bounds | None:
    if article.by is not None:
        return moment_bounds(article.by)
    start = moment_bounds(article.from_) if article.from_ else entry
    return None if article.within is None or start is None or article.when else later_by(start, duration_of(article.within))  # fmt: skip


def _said(article: Transfer | Task) -> str:
    if article.by is not None:
        return f"by {article.by.local or article.by.readings[0].local}"
    return f"within {article.within}"


def _numbers(one: AnyArticle, other: AnyArticle, before: str) -> Iterator[str]:
    match one, other:
        case FlowLimit(), FlowLimit():
            same = (one.what, one.per) == (other.what, other.per)
            if same and one.at_most != other.at_most:
                yield f"{one.what}: {one.at_most} a {one.per} in {before}, {other.at_most} here"
        case Ceiling(), Ceiling():
            for first, second in itertools.product(one.limits, other.limits):
                if not _same_class(first, second):
                    continue
                if one.where == other.where and first.at_most != second.at_most:
                    yield f"{second.name}: {first.at_most} in {before}, {second.at_most} here"
                elif _inside(one.where, other.where) and first.at_most > second.at_most:
                    yield f"{second.name}: {first.at_most} in {before}, which lies inside, and {second.at_most} here"  # fmt: skip
                elif _inside(other.where, one.where) and second.at_most > first.at_most:
                    yield f"{second.name}: {second.at_most} here, which lies inside, and {first.at_most} in {before}"  # fmt: skip


def _same_class(one: Limit, other: Limit) -> bool:
    """Whether every weapon of the one is of the other: the same words, or nothing but the same name."""
    if not one.weapons and not one.calibre and not other.weapons and not other.calibre:
        return one.name == other.name
    return set(one.weapons) == set(other.weapons) and sorted(map(calibre_bound, one.calibre)) == sorted(map(calibre_bound, other.calibre))  # fmt: skip


def _bands(one: AnyArticle, other: AnyArticle, before: str) -> Iterator[str]:
    if not isinstance(one, Prohibition | Overflight) or not isinstance(other, Prohibition | Overflight):
        return
    if one.weapons != other.weapons or set(one.exceptions) != set(other.exceptions):
        return
    acts = set(_acts(one)) & set(_acts(other))
    nested = _inside(one.where, other.where) or _inside(other.where, one.where)
    if acts and nested and one.severity == other.severity:
        yield f"{', '.join(sorted(acts))}: {_band(one.where)} in {before}, {_band(other.where)} here"


def _acts(article: Prohibition | Overflight) -> tuple[str, ...]:
    return article.acts if isinstance(article, Prohibition) else ("overflight",)


def _inside(inner: Where | None, outer: Where | None) -> bool:
    """Whether a band lies in another of the same line, side and point, and is not it."""
    if inner is None or outer is None or inner == outer or inner.zone or outer.zone:
        return False
    if (inner.line, inner.side, inner.point) != (outer.line, outer.side, outer.point):
        return False
    near, far = (inner.beyond_m or 0, outer.beyond_m or 0), (inner.within_m or _FAR_M, outer.within_m or _FAR_M)  # fmt: skip
    return near[0] >= near[1] and far[0] <= far[1]


def _band(where: Where | None) -> str:
    assert where is not None
    far = "onwards" if where.within_m is None else f"to {where.within_m}"
    return f"{where.beyond_m or 0} {far} m from {where.line or where.point}"


def _bind_one(one: AnyArticle, other: AnyArticle) -> bool:
    """Whether somebody is bound by both; where a text names nobody, everybody is."""
    first, second = (set(getattr(each, "binds", ())) for each in (one, other))
    return not first or not second or bool(first & second)


def _at_one_time(one: AnyArticle, other: AnyArticle) -> bool:
    def span(each: AnyArticle) -> tuple[int, int]:
        start = moment_bounds(each.from_).earliest_ms if each.from_ else -FOREVER.latest_ms
        return start, moment_bounds(each.until).latest_ms if each.until else FOREVER.latest_ms

    (start, end), (start2, end2) = span(one), span(other)
    return start < end2 and start2 < end
