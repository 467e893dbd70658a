"""Defects that show only when parts of a text are held against each other: stages, thresholds, widths, overlaps, means."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from truceline.agreement.conditions import Formula
from truceline.agreement.fields import WeaponClass, calibre_bound, duration_of
from truceline.agreement.folder import Agreement
from truceline.agreement.models import (
    AnyArticle,
    Condition,
    Corridor,
    Overflight,
    Prohibition,
    Step,
    Task,
    Transfer,
    Withdrawal,
)
from truceline.agreement.problems import Problem
from truceline.geo import Line

_WIDE = re.compile(r"(\d+(?:[.,]\d+)?) ?(km|m)\b[^.;]{0,12}?\b(?:wide|width|broad)", re.IGNORECASE)
_DAY_MS = 86_400_000
TOUCH_M = 1.0


def stages(article: AnyArticle, where: str) -> Iterator[Problem]:
    """AGR-040: stages whose days do not add up to the total that the text names."""
    if not isinstance(article, Withdrawal) or article.total is None:
        return
    parts = [duration_of(step.takes)[0] for step in article.steps if step.takes is not None]
    total = duration_of(article.total)[0]
    if parts and sum(parts) != total:
        said = " + ".join(f"{part / _DAY_MS:g}" for part in parts)
        yield Problem(
            "AGR-040", where, "the stages must add up to the total",
            f"{said} = {sum(parts) / _DAY_MS:g} days, and the text says {total / _DAY_MS:g}",
            "Agree where the difference belongs; the program does not guess.", "warning",
        )  # fmt: skip


def widths(article: AnyArticle, where: str) -> Iterator[Problem]:
    """AGR-044: a width that the words name and the encoding takes for a distance from the line, or the reverse."""
    said = {
        round(float(number.replace(",", ".")) * (1000 if unit.lower() == "km" else 1))
        for number, unit in _WIDE.findall(f"{article.title}. {article.restatement}")
    }
    for name, metres in _distances(article):
        if metres in said:
            yield Problem(
                "AGR-044", where, "a width must not be taken for a distance", f"{name}: {metres} m, and the words call {metres} m wide",
                f"Give width_m: {metres}, which is {metres // 2} m a side.", "error",
            )  # fmt: skip


def thresholds(agreement: Agreement) -> Iterator[Problem]:
    """AGR-045: within one text, a weapon of exactly the threshold falls under no class, or under two with different distances."""
    for article, place in _judging(agreement):
        if not isinstance(article, Withdrawal):
            continue
        for one, other in itertools.combinations(article.steps, 2):
            shared = sorted(set(one.weapons) & set(other.weapons))
            if not shared:
                continue
            for first, second in itertools.product(one.calibre, other.calibre):
                (sign, bound), (sign2, bound2) = calibre_bound(first), calibre_bound(second)
                if bound == bound2 and {sign, sign2} == {"<", ">"}:
                    yield Problem(
                        "AGR-045", f"{place}, article {article.key}", "a weapon of the threshold itself must fall under a class",
                        f"{', '.join(shared)} of {bound / 1000:g} mm is neither {first} nor {second}", "Let one of the two include it.", "warning",
                    )  # fmt: skip


def overlaps(agreement: Agreement) -> Iterator[Problem]:
    """AGR-041 articles that contradict each other, AGR-042 articles that say the same of one act."""
    listed = [(article, place) for article, place in _judging(agreement) if article.made is None]
    for (one, place), (other, place2) in itertools.combinations(listed, 2):
        if one.number == other.number:
            continue
        where = f"{place2}, article {other.key}"
        if isinstance(one, Withdrawal) and isinstance(other, Withdrawal):
            for step, step2 in itertools.product(one.steps, other.steps):
                if (
                    _same_weapon(step, step2)
                    and _away(step) != _away(step2)
                    and step.from_line == step2.from_line
                ):
                    yield Problem(
                        "AGR-041", where, "two articles must not ask different distances of one weapon",
                        f"{_away(step)} m in article {one.key} ({place}), {_away(step2)} m here",
                        "Say which rules, or since when.", "warning",
                    )  # fmt: skip
        elif isinstance(one, (Prohibition, Overflight)) and isinstance(other, (Prohibition, Overflight)):
            shared = sorted(set(_acts(one)) & set(_acts(other)))
            if (
                shared
                and one.where == other.where
                and one.weapons == other.weapons
                and one.binds == other.binds
            ):
                yield Problem(
                    "AGR-042", where, "an act must be forbidden once", f"{', '.join(shared)}, also in article {one.key} ({place})",
                    "One incident gives two findings; drop one, or tell them apart by place or weapon.", "warning",
                )  # fmt: skip
                if set(one.exceptions) != set(other.exceptions):
                    yield Problem(
                        "AGR-041", where, "what one article allows another must not forbid",
                        f"{', '.join(shared)}: article {one.key} has the exceptions {', '.join(one.exceptions) or 'none'}, this one {', '.join(other.exceptions) or 'none'}",
                        "Give both the same exceptions.", "error",
                    )  # fmt: skip


def unverifiable(agreement: Agreement, roster: frozenset[str] | None) -> Iterator[Problem]:
    """AGR-046: what no sensor or observer of the roster can see."""
    if roster is None:
        return
    for article, place in zip(agreement.articles, agreement.places, strict=True):
        where = f"{place}, article {article.key}"
        acts = _acts(article)
        if acts and not set(acts) & roster:
            yield Problem(
                "AGR-046", where, "somebody must be able to see a breach", ", ".join(acts),
                "Add a sensor or observer that can, or agree on another sign.", "error",
            )  # fmt: skip
        if isinstance(article, Condition):
            for unseen in _unseen(article.holds, roster):
                yield Problem(
                    "AGR-046", where, "a condition must be one that somebody can verify", f"quiet of {', '.join(unseen)}",
                    "Add a sensor or observer that can see them, or agree on another condition.", "error",
                )  # fmt: skip


def timeless(article: AnyArticle, where: str) -> Iterator[Problem]:
    """AGR-047: a duty with no time by which it is due can never be overdue."""
    if isinstance(article, (Task, Transfer)) and article.by is None and article.within is None:
        yield Problem(
            "AGR-047", where, "a duty must have a time by which it is due", article.title,
            "Agree on one; until then it can be met and never overdue.", "warning",
        )  # fmt: skip


def touching(agreement: Agreement) -> Iterator[Problem]:
    """AGR-043: a zone that says which line it lies along (`properties.line`) and does not touch it."""
    for feature in agreement.geometry["features"]:
        properties = feature["properties"]
        name = properties.get("line")
        if properties["role"] != "zone" or name is None:
            continue
        line = {**agreement.case_lines, **agreement.lines}.get(name)
        if not isinstance(line, Line):
            yield Problem("AGR-043", f"geometry {properties['id']}", "the line of a zone must be drawn", str(name), "Draw it, or correct the name.", "error")  # fmt: skip
            continue
        gap = agreement.zones[properties["id"]].gap_m(line)
        if gap > TOUCH_M:
            yield Problem(
                "AGR-043", f"geometry {properties['id']}", "a zone must touch its line", f"{gap:.0f} m between it and {name}",
                "Draw it up to the line; what lies between belongs to nobody.", "error",
            )  # fmt: skip


def _unseen(formula: Formula, roster: frozenset[str]) -> Iterator[list[str]]:
    if formula.quiet is not None and formula.quiet.verified:
        acts = formula.quiet.acts or ("shelling", "explosion", "shot")
        missing = [act for act in acts if act not in roster]
        if len(missing) == len(acts) or (formula.quiet.acts and missing):
            yield missing
    for part in formula.parts:
        yield from _unseen(part, roster)


def _judging(agreement: Agreement) -> list[tuple[AnyArticle, str]]:
    return [
        (article, place)
        for article, place in zip(agreement.articles, agreement.places, strict=True)
        if article.judges
    ]


def _acts(article: AnyArticle) -> tuple[str, ...]:
    if isinstance(article, (Prohibition, Withdrawal, Corridor)):
        return article.acts
    return ("overflight",) if isinstance(article, Overflight) else ()


def _distances(article: AnyArticle) -> Iterator[tuple[str, int]]:
    if isinstance(article, Withdrawal):
        for step in article.steps:
            for metres in (
                step.distance_m.values() if isinstance(step.distance_m, dict) else [step.distance_m]
            ):
                if metres is not None:
                    yield step.name, metres
    where = getattr(article, "where", None)
    if where is not None and where.within_m is not None:
        yield "within_m", where.within_m


def _away(step: Step) -> object:
    return step.width_m // 2 if step.width_m is not None else step.distance_m


def _same_weapon(one: WeaponClass, other: WeaponClass) -> bool:
    """Whether some weapon falls under both classes."""
    if one.weapons and other.weapons and not set(one.weapons) & set(other.weapons):
        return False
    bounds = [calibre_bound(text) for text in (*one.calibre, *other.calibre)]
    edges = sorted({bound for _, bound in bounds})
    tried = [edge + step for edge in edges for step in (-1, 0, 1)] or [0]
    return any(all(_holds(calibre, sign, bound) for sign, bound in bounds) for calibre in tried)


def _holds(calibre: int, sign: str, bound: int) -> bool:
    return {">=": calibre >= bound, ">": calibre > bound, "<=": calibre <= bound, "<": calibre < bound}[sign]
