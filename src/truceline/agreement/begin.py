"""An agreement to start from: the questions a mediator would ask, and the folder that the answers make.

What nobody has an answer to becomes an article of shape `undefined`, so that the gap stands in the text and is found by `check`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from truceline.agreement.documents import parse
from truceline.agreement.fields import calibre_bound
from truceline.agreement.moments import bounds_of
from truceline.errors import AgreementError, TrucelineError
from truceline.records import codes

_FILE: Final = Path(__file__).parent / "questions.yaml"
_ID: Final = re.compile(r"[a-z0-9][a-z0-9\-]{0,63}")
_EDITOR: Final = "# yaml-language-server: $schema={}.schema.json\n"
"""An editor with a YAML language server completes the file by it; the schemas stand beside the folder, which holds the agreement alone."""
_LINE: Final = "line-of-contact"


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `must` marks those without which there is no agreement to write."""

    id: str
    kind: str
    ask: str
    why: str
    must: bool = False
    default: str = ""


@cache
def questions() -> tuple[Question, ...]:
    """All questions in the order in which they are asked."""
    return tuple(Question(**one) for one in parse(_FILE.name, _FILE.read_text(encoding="utf-8")).value)


def answered(question: Question, text: str) -> Any:
    """An answer in its form; None for a blank one.

    Raises:
        AgreementError: AGR-075, an answer that does not fit, or none where there must be one.
    """
    text = text.strip()
    if not text:
        if question.must:
            raise _unfit(question, text, "This one cannot be left open.")
        return None
    try:
        return _READERS[question.kind](text)
    except (ValueError, KeyError, TrucelineError) as problem:
        raise _unfit(question, text, str(problem)) from problem


def begin(answers: Mapping[str, Any]) -> dict[str, str]:
    """The files of the folder, path -> text.

    Args:
        answers: question id -> text; those of absent questions count as blank.
    Raises:
        AgreementError: AGR-074 a question that is none, AGR-075 an answer that does not fit.
    """
    known = {one.id: one for one in questions()}
    for name in answers:
        if name not in known:
            raise AgreementError("AGR-074", "an answer must belong to a question", value=name, remedy=f"Known: {', '.join(known)}.")  # fmt: skip
    made = {name: answered(one, str(answers.get(name, ""))) for name, one in known.items()}
    strangers = {party for _, members in made["sides"] for party in members} - {
        ident for ident, _ in made["parties"]
    }
    if strangers:
        raise _unfit(known["sides"], str(answers["sides"]), f"No party: {', '.join(sorted(strangers))}.")
    mark = "EXERCISE " if made["exercise"] else ""
    return {
        "agreement.yaml": _EDITOR.format("../agreement") + _dump(_agreement(made, mark)),
        "cases/first.yaml": _EDITOR.format("../../agreement-cases") + _dump({"cases": _cases(made)}),
        "geometry/case-line.geojson": json.dumps(_case_line(made, mark), ensure_ascii=False, indent=2) + "\n",
    }  # fmt: skip


def _agreement(made: Mapping[str, Any], mark: str) -> dict[str, Any]:
    source = {"title": made["source"], "confidence": "fictional" if made["exercise"] else "general knowledge"}
    if str(made["source"]).startswith("http"):
        source["url"] = made["source"]
    articles = [one | {"source": source} for one in _articles(made)]
    return {
        "format": "truceline-agreement/1", "id": made["id"], "version": "draft-1", "title": mark + made["title"],
        "exercise": made["exercise"], "note": "A draft. Every restatement is in the drafter's own words and binds nobody.",
        "sources": [source],
        "parties": [{"id": ident, "name": mark + name} for ident, name in made["parties"]],
        "alignments": [{"id": side, "members": members} for side, members in made["sides"]],
        "lines": [{"id": _LINE, "title": mark + (made["line"] or "line to be agreed"), "drawn_by": "mission"}],
        "articles": articles,
    }  # fmt: skip


def _articles(made: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def add(shape: str, title: str, restatement: str, **rule: Any) -> None:
        found.append(
            {
                "number": str(len(found) + 1),
                "shape": shape,
                "title": title,
                "restatement": restatement,
                **rule,
            }
        )

    def left(title: str, acts: list[str], *missing: str) -> None:
        add("undefined", title, f"Left to be agreed: {', '.join(missing)}.", acts=acts, missing=list(missing))

    acts = made["acts"] or []
    if made["start"] is not None:
        moment = {"local": made["start"]} | ({"zone": made["zone"]} if made["zone"] else {})
        add(
            "entry_into_force",
            "Entry into force",
            f"It holds from {made['start']}, {made['zone'] or 'no zone agreed'}.",
            **{"from": moment},
        )
    else:
        left("Entry into force", acts or ["other"], "the moment from which it holds")
    exception = [str(5)] if made["exercises"] is False else []
    if acts and made["fire_within_m"] is not None:
        where = {"where": {"line": _LINE, "within_m": made["fire_within_m"]}} if made["fire_within_m"] else {}
        rest = {"exceptions": exception} if exception else {}
        add("prohibition", "No fire", "Nobody does any of these acts there.", acts=acts, **where, **rest)
    else:
        left(
            "No fire",
            acts or ["other"],
            *([] if acts else ["the acts that are forbidden"]),
            *(["how far from the line"] if made["fire_within_m"] is None else []),
        )
    if made["calibre"] and made["distance_m"]:
        step = {
            "name": f"guns of {made['calibre']}",
            "weapons": ["artillery", "mortar", "mlrs", "tank"],
            "calibre": made["calibre"],
            "distance_m": made["distance_m"],
            "from_line": _LINE,
        }
        add(
            "withdrawal",
            "Withdrawal",
            f"Guns of {made['calibre']} stay {made['distance_m']} m from the line on each side.",
            steps=[step],
        )
    else:
        left(
            "Withdrawal",
            ["weapon_present"],
            *([] if made["calibre"] else ["which weapons"]),
            *([] if made["distance_m"] else ["how far on each side"]),
        )
    if made["access"]:
        add("access", "Access of observers", "Observers are let through everywhere.")
    else:
        left("Access of observers", ["access_denied"], "where observers may go")
    if made["exercises"] is False:
        add(
            "exception",
            "Announced exercises",
            "An exercise announced beforehand does not count as fire.",
            claim="announced_exercise",
        )
    elif made["exercises"] is None:
        left("Announced exercises", acts or ["other"], "whether announced exercises count as fire")
    if made["flights_within_m"]:
        add(
            "overflight",
            "No flights",
            f"Nothing flies within {made['flights_within_m']} m of the line.",
            where={"line": _LINE, "within_m": made["flights_within_m"]},
        )
    elif made["flights_within_m"] is None:
        left("Flights", ["overflight"], "within what distance nothing flies")
    if made["notice_hours"]:
        add(
            "notification",
            "Notice of exercises",
            f"Exercises are announced {made['notice_hours']} hours before.",
            what=["exercise"],
            before=f"{made['notice_hours']} h",
        )
    if made["answer_hours"]:
        add(
            "report_and_answer",
            "Reports and answers",
            f"A report is answered within {made['answer_hours']} hours.",
            answer_within=f"{made['answer_hours']} h",
        )
    if made["observers"]:
        add("declaration", "Observers", made["observers"])
    else:
        left("Observers", ["other"], "whose observers", "their mandate", "how many make a team")
    return found


def _cases(made: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Cases on the edges that the answers drew; the drafters write the others."""
    numbers = {one["title"]: one["number"] for one in _articles(made)}
    at = {"local": "2100-01-01T12:00", "zone": "Etc/UTC"}
    sides = [side for side, _ in made["sides"]]
    cases: list[dict[str, Any]] = []

    def spot(distance_m: int) -> dict[str, Any]:
        return {
            "line": _LINE,
            "side": sides[len(cases) % len(sides)],
            "distance_m": distance_m,
            "error_m": 50,
        }

    def add(ident: str, title: str, why: str, given: dict[str, Any], article: str, verdict: str) -> None:
        cases.append(
            {
                "id": ident,
                "title": title,
                "why": why,
                "given": given | {"at": at, "observations": [{"source_kind": "patrol"}]},
                "expect": {numbers[article]: verdict},
            }
        )

    dated = made["start"] is not None
    if dated and made["acts"] and made["fire_within_m"] is not None:
        near = min(1000, made["fire_within_m"] // 2) if made["fire_within_m"] else 1000
        add(
            "fire-near",
            "One forbidden act near the line",
            "Article 2 names it.",
            {"act": made["acts"][0], "place": spot(near)},
            "No fire",
            "breach",
        )
        if made["fire_within_m"]:
            add(
                "fire-far",
                "The same act 2 km beyond the zone",
                "It does not reach so far.",
                {"act": made["acts"][0], "place": spot(made["fire_within_m"] + 2000)},
                "No fire",
                "no_breach",
            )
    if dated and made["calibre"] and made["distance_m"]:
        sign, calibre = calibre_bound(made["calibre"])
        held = sign in (">=", "<=")
        gun = {
            "act": "weapon_present",
            "weapon": "artillery",
            "calibre_um": calibre,
            "place": spot(max(0, made["distance_m"] - 500)),
        }
        add(
            "gun-on-the-edge",
            f"A gun of exactly the calibre in {made['calibre']}, 500 m too near",
            "The threshold itself is inside." if held else "The threshold itself is outside.",
            gun,
            "Withdrawal",
            "breach" if held else "no_breach",
        )
        gun = {
            "act": "weapon_present",
            "weapon": "artillery",
            "calibre_um": calibre + (1000 if sign.startswith(">") else -1000),
            "place": spot(made["distance_m"] + 500),
        }
        add(
            "gun-far-enough",
            "A gun of that class, 500 m beyond the distance",
            "It is far enough on its side.",
            gun,
            "Withdrawal",
            "no_breach",
        )
    if dated and made["access"]:
        add(
            "observers-refused",
            "A patrol is refused",
            "Refusing observers is a breach.",
            {"act": "access_denied", "place": spot(3000)},
            "Access of observers",
            "breach",
        )
    if not cases:
        article = next(one for one in _articles(made) if one["shape"] == "undefined")
        add(
            "left-open",
            "Something happens that was left to be agreed",
            "Nobody can be held to what was not agreed.",
            {"act": article["acts"][0], "place": spot(1000)},
            article["title"],
            "undetermined",
        )
    return cases


def _case_line(made: Mapping[str, Any], mark: str) -> dict[str, Any]:
    sides = [side for side, _ in made["sides"]]
    properties = {
        "id": _LINE,
        "role": "case-line",
        "name": f"{mark}line for the cases, in the open ocean",
        "left": sides[0],
        "right": sides[1],
    }
    return {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": properties, "geometry": {"type": "LineString", "coordinates": [[-30.9, 0.0], [-29.1, 0.0]]}}],
    }  # fmt: skip


class _Plain(yaml.SafeDumper):
    """Writes every value out: an agreement has no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _dump(value: Any) -> str:
    return yaml.dump(value, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=120)


def _ids(text: str) -> list[tuple[str, str]]:
    made = []
    for one in text.split(","):
        ident, _, name = one.strip().partition("=")
        if not _ID.fullmatch(ident.strip()):
            raise ValueError(f"{ident.strip()!r} is no id of small letters, digits and hyphens")
        made.append((ident.strip(), name.strip() or ident.strip()))
    return made


def _sides(text: str) -> list[tuple[str, list[str]]]:
    made = []
    for one in text.split(";"):
        side, _, members = one.partition(":")
        if not _ID.fullmatch(side.strip()) or not members.split():
            raise ValueError("write it as side: party party; side: party")
        made.append((side.strip(), members.replace(",", " ").split()))
    if len(made) != 2:
        raise ValueError("a line has two sides")
    return made


def _words(text: str) -> list[str]:
    made = [one.strip() for one in text.split(",") if one.strip()]
    unknown = [one for one in made if one not in codes.ACTS]
    if unknown:
        raise ValueError(f"{unknown[0]} is no act; known: {', '.join(codes.ACTS)}")
    return made


def _number(text: str) -> int:
    if not re.fullmatch(r"\d{1,6}", text):
        raise ValueError("a whole number, please")
    return int(text)


def _time(text: str) -> str:
    bounds_of(text, None)
    return text


def _zone(text: str) -> str:
    bounds_of("2031-01-01T12:00", text)
    return text


def _calibre(text: str) -> str:
    try:
        calibre_bound(text)
    except Exception as problem:
        raise ValueError("write it as >= 100 mm or > 100 mm") from problem
    return text


def _yes(text: str) -> bool:
    return {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}[text.lower()]


def _text(text: str) -> str:
    return text


_READERS: Final = {
    "text": _text, "ids": _ids, "sides": _sides, "time": _time, "zone": _zone, "words": _words, "calibre": _calibre,
    "metres": _number, "hours": _number, "yes_no": _yes,
}  # fmt: skip


def _unfit(question: Question, text: str, problem: str) -> AgreementError:
    return AgreementError("AGR-075", f"the answer to {question.id} must fit: {question.ask}", value=text, remedy=problem)  # fmt: skip
