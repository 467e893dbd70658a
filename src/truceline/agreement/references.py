"""What one part of an agreement says of another must exist; what must be said once is said once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from truceline.agreement.conditions import Formula
from truceline.agreement.fields import Moment, Where, duration_of
from truceline.agreement.models import (
    DUTY_STATES,
    AgreementFile,
    AnyArticle,
    Case,
    Condition,
    Corridor,
    ExceptionArticle,
    Step,
    Task,
    Transfer,
    Withdrawal,
)
from truceline.agreement.moments import Bounds, bounds_of
from truceline.errors import AgreementError
from truceline.records import codes


def moment_bounds(moment: Moment, where: str = "") -> Bounds:
    """The bounds of a moment over its readings.

    Raises:
        AgreementError: AGR-010, AGR-011; AGR-017 neither or both of a local time and readings.
    """
    if bool(moment.local) == bool(moment.readings):
        raise AgreementError(
            "AGR-017",
            "a time must have either `local` or `readings`",
            where=where,
            remedy="Readings are for a text that can be read in several ways.",
        )
    if moment.local:
        return bounds_of(moment.local, moment.zone, where)
    found = [bounds_of(reading.local, reading.zone, where) for reading in moment.readings]
    return Bounds(min(one.earliest_ms for one in found), max(one.latest_ms for one in found))


def duty_key(key: str) -> tuple[str, str, str]:
    """`2:tanks@north` as article, name of the duty, owner; what is not given is ""."""
    rest, _, owner = key.partition("@")
    article, _, name = rest.partition(":")
    return article, name, owner


def moments_of(article: AnyArticle) -> list[tuple[str, Moment]]:
    """Every time an article names, with the field that names it."""
    named = [("made", article.made), ("from", article.from_), ("until", article.until)]
    named += [(name, getattr(article, name, None)) for name in ("by", "start")]
    if isinstance(article, Withdrawal):
        for step in article.steps:
            named += [(f"{step.name}: by", step.by), (f"{step.name}: until", step.until)]
    return [(name, moment) for name, moment in named if moment is not None]


def check_references(
    declared: AgreementFile,
    places: tuple[str, ...],
    lines: Mapping[str, Any],
    zones: Mapping[str, Any],
    case_lines: Mapping[str, Any],
    points: Mapping[str, Any],
    cases: tuple[Case, ...],
    case_places: tuple[str, ...],
) -> None:
    """Raise the first reference that leads nowhere.

    Raises:
        AgreementError: AGR-010, AGR-011 times; AGR-015 something given twice; AGR-016 something that does not exist;
            AGR-017 one of two fields; AGR-018 a place that is none.
    """
    sides = {item.id for item in declared.alignments} | {party.id for party in declared.parties}
    names = {line.id for line in declared.lines}
    texts = {text.id for text in declared.texts}
    exceptions = {item.number for item in declared.articles if isinstance(item, ExceptionArticle)}
    for kind, ids in (
        ("alignment", [item.id for item in declared.alignments]),
        ("line", [item.id for item in declared.lines]),
        ("text", [item.id for item in declared.texts]),
        ("case", [item.id for item in cases]),
    ):
        for index, name in enumerate(ids):
            if name in ids[:index]:
                raise AgreementError(
                    "AGR-015",
                    f"a {kind} must be given once",
                    value=name,
                    where="agreement.yaml",
                    remedy="Give one of the two another name.",
                )
    for alignment in declared.alignments:
        for told in (alignment.from_, alignment.until):
            if told is not None:
                moment_bounds(told, f"agreement.yaml, alignment {alignment.id}")
    for text in declared.texts:
        if text.hash is None and text.held is None:
            raise AgreementError(
                "AGR-022", "a text that we do not hold must say so", where=f"agreement.yaml, text {text.id}", value="hash: null",
                remedy="Give the SHA-256 of its bytes, or `held` with the reason why there is none.",
            )  # fmt: skip
    for area in declared.areas:
        if area.drawn_by == "folder" and area.id not in zones:
            _nowhere("agreement.yaml", "an area drawn by the folder must stand in geometry/", area.id, zones)
    conditions = {item.number for item in declared.articles if isinstance(item, Condition)}
    for item in declared.lines:
        if item.drawn_by == "folder" and item.id not in lines:
            _nowhere("agreement.yaml", "a line drawn by the folder must stand in geometry/", item.id, lines)
    made: set[tuple[str, int]] = set()
    for article, place in zip(declared.articles, places, strict=True):
        where = f"{place}, article {article.key}"
        for _, moment in moments_of(article):
            moment_bounds(moment, where)
        mark = (article.key, 0 if article.made is None else moment_bounds(article.made).earliest_ms)
        if mark in made:
            raise AgreementError(
                "AGR-015",
                "an article must be given once for each text and each time it was made",
                where=where,
                value=article.key,
                remedy="Give an amendment a later `made`, or a text its own id.",
            )
        made.add(mark)
        if article.text is not None and article.text not in texts:
            _nowhere(where, "a text must be declared under `texts`", article.text, texts)
        for number in getattr(article, "exceptions", ()):
            if number not in exceptions:
                _nowhere(where, "an exception must be an article of shape exception", number, exceptions)
        for side in getattr(article, "binds", ()):
            if side not in sides:
                _nowhere(where, "`binds` must name an alignment or a party", side, sides)
        named: Where | None = getattr(article, "where", None)
        if named is not None:
            _check_where(named, where, names, zones, sides, points)
        for number in article.when:
            if number not in conditions:
                _nowhere(where, "`when` must name an article of shape condition", number, conditions)
        _check_shape(article, where, declared, sides, names, zones)
        if isinstance(article, Withdrawal):
            for step in article.steps:
                _check_step(step, f"{where}, {step.name}", names, sides, bool(declared.lines))
    for case, place in zip(cases, case_places, strict=True):
        where = f"{place}, case {case.id}"
        if case.given is not None and case.facts:
            raise AgreementError(
                "AGR-017", "a case must have either `given` (an incident) or `facts`", where=where,
                remedy="Facts beside an incident, such as watching, stand under `background`.",
            )  # fmt: skip
        known = {
            article.key
            for article in declared.articles
            if (article.judges if case.given else article.obliges)
        }
        for key in case.expect:
            if duty_key(key)[0] not in known:
                _nowhere(
                    where, "a case must expect something of an article that judges, or of a duty", key, known
                )
            words = codes.VERDICTS if case.given else DUTY_STATES
            for word in case.expect[key]:
                if word not in words:
                    raise AgreementError(
                        "AGR-012", "a case of an incident must expect verdicts, one of facts states", where=where, value=word,
                        remedy=f"Known: {', '.join(words)}.",
                    )  # fmt: skip
        for fact in (*case.facts, *case.background):
            for told in (fact.at, fact.until, fact.known):
                if told is not None:
                    moment_bounds(told, where)
            for side in (fact.by, fact.to):
                if side is not None and side not in sides:
                    _nowhere(where, "a fact must name known parties", side, sides)
        if case.given is None and case.as_of is None:
            raise AgreementError("AGR-007", "a case of facts must say `as_of`, the time at which it is looked at", where=where, remedy="Duties have a state only at a time.")  # fmt: skip
        for told in (case.as_of, case.known):
            if told is not None:
                moment_bounds(told, where)
        if case.given is None:
            continue
        for side in case.given.sides:
            if side not in sides and side != "undetermined":
                _nowhere(where, "a case must name known sides", side, sides)
        for told in (case.given.at, case.given.until):
            if told is not None:
                moment_bounds(told, where)
        spot = case.given.place
        if spot is not None and spot.line not in {**lines, **case_lines}:
            _nowhere(where, "a case must measure from a line that the folder draws", spot.line, case_lines)
        if spot is not None:
            line = {**lines, **case_lines}[spot.line]
            if spot.side not in (line.left, line.right):
                _nowhere(where, "a case must lie on a side of its line", spot.side, (line.left, line.right))


def _check_shape(
    article: AnyArticle,
    where: str,
    declared: AgreementFile,
    sides: set[str],
    names: set[str],
    zones: Mapping[str, Any],
) -> None:
    """What single shapes must satisfy."""
    areas = {area.id for area in declared.areas}
    if isinstance(article, Transfer):
        if article.area not in areas:
            _nowhere(where, "an area must be declared under `areas`", article.area, areas)
        for side in (article.giver, article.receiver):
            if side not in sides:
                _nowhere(where, "a transfer must name known parties", side, sides)
    if isinstance(article, (Transfer, Task)) and article.by is not None and article.within is not None:
        raise AgreementError(
            "AGR-017",
            "a duty must have either `by` or `within`",
            where=where,
            remedy="A date, or a time from the start.",
        )
    if isinstance(article, Corridor):
        if article.line not in names:
            _nowhere(where, "a line must be declared under `lines`", article.line, names)
        for zone in article.avoids:
            if zone not in areas and zone not in zones:
                _nowhere(where, "what a corridor avoids must be an area or a zone", zone, areas | set(zones))
        if article.open is not None:
            bounds_of("2000-01-01T12:00", article.open.zone, where)
        if article.controlled_by is not None and article.controlled_by not in sides:
            _nowhere(where, "a corridor must be controlled by a known party", article.controlled_by, sides)
    for side in getattr(article, "to", ()):
        if side not in sides:
            _nowhere(where, "`to` must name a known party", side, sides)
    if isinstance(article, Condition):
        check_formula(article.holds, where, sides)
    if isinstance(article, ExceptionArticle) and (article.claim == "procedure") != bool(article.procedure):
        raise AgreementError(
            "AGR-017", "an exception with a procedure must list its steps, and no other may", where=where,
            remedy="Give `claim: procedure` and `procedure`.",
        )  # fmt: skip


def check_formula(formula: Formula, where: str, sides: set[str]) -> None:
    """Raises AgreementError AGR-011, AGR-016, AGR-021, AGR-023 where a condition cannot stand."""
    named = formula.operators
    if len(named) != 1:
        raise AgreementError(
            "AGR-023", "a condition must have exactly one operator", where=where, value=named,
            remedy="Put several under `all` or `any`.",
        )  # fmt: skip
    for part in formula.parts:
        check_formula(part, where, sides)
    spans = [one.duration for one in (formula.quiet, formula.held) if one] + [
        one.within for one in (formula.soon, formula.together) if one
    ]
    for span in spans:
        if duration_of(span)[1]:
            raise AgreementError(
                "AGR-021",
                "a condition must count in minutes, hours or days",
                where=where,
                value=span,
                remedy="Months differ in length.",
            )
    happened = [
        *([formula.once] if formula.once else ()),
        *([formula.soon.first, formula.soon.then] if formula.soon else ()),
        *(formula.together.facts if formula.together else ()),
    ]
    for one in happened:
        if one.by is not None and one.by not in sides:
            _nowhere(where, "a condition must name known parties", one.by, sides)
    if formula.at_most is not None:
        bounds_of("2000-01-01T00:00", formula.at_most.zone, where)


def _check_where(
    place: Where,
    where: str,
    names: set[str],
    zones: Mapping[str, Any],
    sides: set[str],
    points: Mapping[str, Any],
) -> None:
    if place.point is not None:
        if (
            place.line
            or place.zone
            or place.side
            or (place.beyond_m or 0) >= (place.within_m or 10**9)
            or not (place.within_m or place.beyond_m)
        ):
            raise AgreementError(
                "AGR-018", "`where` at a point must have within_m or beyond_m alone", where=where,
                value=place.model_dump(exclude_none=True), remedy="Distances are metres from the point.",
            )  # fmt: skip
        if place.point not in points:
            _nowhere(where, "a point must stand in geometry/", place.point, points)
        return
    banded = place.line is not None and (place.within_m is not None or place.beyond_m is not None)
    zoned = place.zone is not None and place.line is None and place.side is None and place.within_m is None
    upside_down = banded and (place.beyond_m or 0) >= (place.within_m or 10**9)
    if banded == (zoned and place.beyond_m is None) or upside_down or (banded and place.zone is not None):
        raise AgreementError(
            "AGR-018",
            "`where` must name a line with within_m or beyond_m (beyond below within), or a zone alone",
            where=where,
            value=place.model_dump(exclude_none=True),
            remedy="Distances are metres from the line on each side, not widths.",
        )
    if place.line is not None and place.line not in names:
        _nowhere(where, "a line must be declared under `lines`", place.line, names)
    if place.zone is not None and place.zone not in zones:
        _nowhere(where, "a zone must stand in geometry/", place.zone, zones)
    if place.side is not None and place.side not in sides:
        _nowhere(where, "a side must be an alignment", place.side, sides)


def _check_step(step: Step, where: str, names: set[str], sides: set[str], any_line: bool) -> None:
    if (step.distance_m is None) == (step.width_m is None):
        raise AgreementError(
            "AGR-017",
            "a step must have either `distance_m` (from the line, each side) or `width_m` (of the whole zone)",
            where=where,
            remedy="A zone 50 km wide keeps weapons 25 km away on each side.",
        )
    if step.width_m is not None and step.width_m < 2:
        raise AgreementError(
            "AGR-018",
            "a zone must be at least 2 m wide",
            where=where,
            value=step.width_m,
            remedy="Widen the zone, or leave it out.",
        )
    if isinstance(step.distance_m, dict):
        for side in step.distance_m:
            if side not in sides:
                _nowhere(where, "a distance must belong to an alignment", side, sides)
    if step.from_line is None and not any_line:
        _nowhere(where, "a step must measure from a declared line", None, names)
    by_side = step.from_line if isinstance(step.from_line, dict) else {}
    for side in by_side:
        if side not in sides:
            _nowhere(where, "a reference line must belong to an alignment", side, sides)
    for line in by_side.values() if by_side else [step.from_line] if isinstance(step.from_line, str) else []:
        if line not in names:
            _nowhere(where, "a line must be declared under `lines`", line, names)


def _nowhere(where: str, rule: str, value: object, known: Any) -> None:
    raise AgreementError(
        "AGR-016", rule, where=where, value=value, remedy=f"Known: {', '.join(sorted(known)) or 'none'}."
    )
