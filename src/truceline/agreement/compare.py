"""Two versions of an agreement: what was added, dropped and changed, in articles, on the map, in the plan and in the cases."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from truceline.agreement.folder import Agreement
from truceline.agreement.plan.steps import Step
from truceline.geo import displaced_m


def diff(old: Agreement, new: Agreement) -> list[dict[str, Any]]:
    """Every difference: `part` (head, article, map, plan, case), `where`, `what` (field), `before`, `after`; "" for absent.

    Articles are told apart by their key and their turn among those of that key; the order of articles means nothing.
    """
    return [*_head(old, new), *_articles(old, new), *_map(old, new), *_plan(old, new), *_cases(old, new)]


def in_words(change: dict[str, Any]) -> tuple[str, str]:
    """Before and after as a drafter would say them; of two lists only what they do not share."""
    before, after = change["before"], change["after"]
    if isinstance(before, list) and isinstance(after, list):
        before, after = ([one for one in mine if one not in other] for mine, other in ((before, after), (after, before)))  # fmt: skip
    return _said(before) or "absent", _said(after) or "absent"


def _said(value: Any) -> str:
    match value:
        case None | "":
            return ""
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return "; ".join(_said(one) for one in value)
        case {"readings": [_, *_] as readings}:
            return " or ".join(_said(one) for one in readings)
        case {"local": local, **rest} if local:
            return f"{local} {rest.get('zone') or '(no zone)'}"
        case {"title": str(title), "url": url}:
            return f"{title} ({url})" if url else title
        case dict():
            told = {name.replace("_", " "): _said(one) for name, one in value.items()}
            return ", ".join(f"{name} {one}" for name, one in told.items() if one)
        case _:
            return str(value)


def _head(old: Agreement, new: Agreement) -> Iterator[dict[str, Any]]:
    first, second = (
        one.declared.model_dump(mode="json", by_alias=True, exclude={"articles"}) for one in (old, new)
    )
    for name in [*first, *(name for name in second if name not in first)]:
        if first.get(name) != second.get(name):
            yield _row("head", name, "", first.get(name), second.get(name))


def _articles(old: Agreement, new: Agreement) -> Iterator[dict[str, Any]]:
    before, after = _keyed(old), _keyed(new)
    for key in [*before, *(key for key in after if key not in before)]:
        one, other = before.get(key), after.get(key)
        if one is None or other is None:
            title = (one or other or {}).get("title", "")
            yield _row("article", key, "", title if one else "", title if other else "")
            continue
        for name in [*one, *(name for name in other if name not in one)]:
            if one.get(name) != other.get(name):
                yield _row("article", key, name, one.get(name, ""), other.get(name, ""))


def _keyed(agreement: Agreement) -> dict[str, dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    for article in agreement.articles:
        for turn in itertools.count(1):
            key = article.key if turn == 1 else f"{article.key} ({turn})"
            if key not in made:
                made[key] = article.model_dump(
                    mode="json", by_alias=True, exclude_none=True, exclude_unset=True
                )
                break
    return made


def _map(old: Agreement, new: Agreement) -> Iterator[dict[str, Any]]:
    first, second = _features(old), _features(new)
    for key in sorted(first.keys() | second.keys()):
        if first.get(key) == second.get(key):
            continue
        role, ident = key
        words = ""
        if key in first and key in second:
            lines = [one.lines.get(ident) or one.case_lines.get(ident) for one in (old, new)]
            words = "redrawn"
            if lines[0] is not None and lines[1] is not None:
                words = f"moved by up to {displaced_m(lines[0], lines[1]):,.0f} m"
        yield _row(
            "map", f"{role} {ident}", words, "drawn" if key in first else "", "drawn" if key in second else ""
        )


def _features(agreement: Agreement) -> dict[tuple[str, str], Any]:
    return {
        (one["properties"]["role"], one["properties"]["id"]): (one.get("geometry"), one["properties"])
        for one in agreement.geometry["features"]
    }


def _plan(old: Agreement, new: Agreement) -> Iterator[dict[str, Any]]:
    first, second = ({step.id: step for step in one.plan.steps} if one.plan else {} for one in (old, new))
    for ident in [*first, *(one for one in second if one not in first)]:
        one, other = first.get(ident), second.get(ident)
        if one is None or other is None:
            step = one or other
            assert step is not None
            yield _row("plan", ident, "", step.title if one else "", step.title if other else "")
            continue
        for name in Step.__slots__:
            if getattr(one, name) != getattr(other, name):
                yield _row("plan", ident, name, str(getattr(one, name)), str(getattr(other, name)))


def _cases(old: Agreement, new: Agreement) -> Iterator[dict[str, Any]]:
    first, second = ({case.id: case for case in one.cases} for one in (old, new))
    for ident in sorted(first.keys() | second.keys()):
        one, other = first.get(ident), second.get(ident)
        if one != other:
            told = ["" if case is None else str(case.expect) for case in (one, other)]
            yield _row(
                "case", ident, "expectation" if one and other and one.expect != other.expect else "", *told
            )


def _row(part: str, where: str, what: str, before: Any, after: Any) -> dict[str, Any]:
    return {"part": part, "where": where, "what": what, "before": before, "after": after}
