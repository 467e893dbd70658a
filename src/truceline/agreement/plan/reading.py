"""`plan.yaml` to a plan: moments to bounds, conditions to their form, references checked."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from truceline.agreement.conditions import Formula
from truceline.agreement.documents import parse
from truceline.agreement.fields import Moment, duration_of
from truceline.agreement.moments import Bounds, bounds_of
from truceline.agreement.plan import models, steps
from truceline.agreement.references import check_formula
from truceline.agreement.validate import validated
from truceline.errors import AgreementError

NAME = "plan.yaml"


@dataclass(frozen=True, slots=True)
class _Known:
    """What a condition may name."""

    parties: tuple[str, ...]
    articles: Mapping[str, Formula]
    sides: set[str]


def read_plan(
    text: str, parties: tuple[str, ...], name: str = NAME, *, articles: Mapping[str, Formula] | None = None,
    sides: Iterable[str] = (),
) -> steps.Plan:  # fmt: skip
    """The plan of one file.

    Args:
        parties: whose consent counts where a condition names none.
        articles: the conditions that articles of the agreement state, by number. sides: names that facts may have.
    Raises:
        AgreementError: AGR-004 to AGR-011 what the file says; AGR-060 a step named that is not there; AGR-061 steps that
            wait for one another in a circle; AGR-062 an id given twice; AGR-063 a party named that is none;
            AGR-064 an amendment without the moment at which it was made; AGR-016, AGR-021, AGR-023 a condition over facts;
            AGR-076 an article named that states no condition; AGR-077 a time that runs from nothing, or two deadlines.
    """
    document = parse(name, text)
    declared = validated(models.PlanFile, document)
    known = _Known(parties, articles or {}, {*sides, *parties})
    made = [_step(one, document.where(("steps", index)), known) for index, one in enumerate(declared.steps)]
    where = {one.id: document.where(("steps", index)) for index, one in enumerate(declared.steps)}
    return checked(made, where, parties, declared.title)


def checked(made: list[steps.Step], where: dict[str, str], parties: tuple[str, ...], title: str) -> steps.Plan:  # fmt: skip
    """Steps as a plan. Raises AgreementError AGR-060, AGR-061, AGR-062."""
    known = {one.id for one in made}
    for number, one in enumerate(made):
        if one.id in {earlier.id for earlier in made[:number]}:
            raise AgreementError(
                "AGR-062", "a step must have an id of its own", where=where.get(one.id, ""), value=one.id,
                remedy="Give one of the two another id.",
            )  # fmt: skip
        for name in sorted(steps.needs(one) - known):
            near = difflib.get_close_matches(name, sorted(known), n=1)
            raise AgreementError(
                "AGR-060", f"step {one.id} must wait for steps of the plan", where=where.get(one.id, ""), value=name,
                remedy=f"Did you mean {near[0]}?" if near else f"Known: {', '.join(sorted(known))}.",
            )  # fmt: skip
    ordered, circle = steps.in_order(made)
    if circle:
        raise AgreementError(
            "AGR-061", "steps must not wait for one another in a circle", where=where.get(circle[0], ""),
            value=", ".join(circle), remedy="None of them could ever open: remove one of the conditions.",
        )  # fmt: skip
    del ordered
    return steps.Plan(tuple(made), parties, title)


def bounds(moment: Moment, where: str) -> Bounds:
    """The earliest and the latest reading of a moment."""
    readings = [(one.local, one.zone) for one in moment.readings] or [(moment.local, moment.zone)]
    found = [bounds_of(local, zone, where) for local, zone in readings]
    return Bounds(min(one.earliest_ms for one in found), max(one.latest_ms for one in found))


def _step(one: models.StepFile, where: str, known: _Known) -> steps.Step:
    first = _terms(one, where, known)
    _timed(one, first, where)
    amendments = []
    for amendment in one.amendments:
        made = bounds(amendment.made, where)
        since = bounds(amendment.from_, where) if amendment.from_ else made
        terms = _terms(amendment, where, known)
        _timed(amendment, replace(terms, after=terms.after or first.after), where)
        amendments.append(
            steps.Terms(
                terms.deadline, terms.after, terms.holds, made.latest_ms, since.latest_ms, amendment.because,
                terms.deadline_text, terms.within,
            )
        )  # fmt: skip
    return steps.Step(
        id=one.id, title=one.title, terms=first, amendments=tuple(amendments), object=one.object, owner=one.owner,
        phase=one.phase, guarantee=one.guarantee, agreed=one.agreed, takes_days=one.takes_days, evidence=one.evidence,
        verified_by=one.verified_by, article=one.article, source=one.source.url or one.source.title if one.source else "",
    )  # fmt: skip


def _timed(one: models.TermsFile, terms: steps.Terms, where: str) -> None:
    if one.within is not None and (one.deadline is not None or (terms.after is None and terms.holds is None)):
        raise AgreementError(
            "AGR-077", "a time within which a step is due must run from what it waits for, and stand alone", where=where,
            value=one.within, remedy="Give `after`, and no `deadline` beside it.",
        )  # fmt: skip


def _terms(one: models.TermsFile, where: str, known: _Known) -> steps.Terms:
    return steps.Terms(
        deadline=bounds(one.deadline, where) if one.deadline else None,
        after=_condition(one.after, where, known), holds=_condition(one.while_, where, known),
        deadline_text=_words(one.deadline) if one.deadline else "",
        within=duration_of(one.within) if one.within else None,
    )  # fmt: skip


def _words(moment: Moment) -> str:
    if moment.readings:
        return " or ".join(one.note or f"{one.local} {one.zone or 'no zone'}" for one in moment.readings)
    return f"{moment.local} {moment.zone or 'no zone'}"


def _condition(one: models.Condition | None, where: str, known: _Known) -> steps.Condition | None:
    match one:
        case None:
            return None
        case str():
            return steps.Done(one)
        case models.All():
            return steps.AllOf(tuple(_certain(part, where, known) for part in one.all))
        case models.Any():
            return steps.AnyOf(tuple(_certain(part, where, known) for part in one.any))
        case models.NotBefore():
            return steps.From(bounds(one.not_before, where))
        case models.ConsentCondition():
            for party in one.consent.parties:
                if party not in known.parties:
                    raise AgreementError(
                        "AGR-063", "consent must be that of a party of the agreement", where=where, value=party,
                        remedy=f"Known: {', '.join(known.parties)}.",
                    )  # fmt: skip
            return steps.Consented(one.consent.task, one.consent.parties)
        case models.TogetherCondition():
            span, months = duration_of(one.together.within)
            if months:
                raise AgreementError(
                    "AGR-021", "steps must be together within minutes, hours or days", where=where, value=one.together.within,
                    remedy="Months differ in length.",
                )  # fmt: skip
            return steps.Together(one.together.steps, span)
        case models.ArticleCondition():
            if one.article not in known.articles:
                raise AgreementError(
                    "AGR-076", "an article that a step waits for must state a condition", where=where, value=one.article,
                    remedy=f"Known: {', '.join(known.articles) or 'none; add an article of shape condition'}.",
                )  # fmt: skip
            formula = known.articles[one.article]
            return steps.Over(f"article {one.article} ({formula.words})", formula)
        case models.FactCondition():
            check_formula(one.condition, where, known.sides)
            return steps.Over(one.condition.words, one.condition)


def _certain(one: models.Condition, where: str, known: _Known) -> steps.Condition:
    made = _condition(one, where, known)
    assert made is not None
    return made
