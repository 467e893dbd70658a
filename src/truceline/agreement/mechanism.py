"""The mechanism is negotiated too: who proposes what about it, where each party stands, and what is agreed so far.

Pure; any number of parties, none favoured; independent of order. A proposal is agreed when the last word of every party on
it is that it offers or accepts it. A condition, an answer put off, or silence is not acceptance. Stances of others than the
parties (mediators, would-be contributors) are shown and count for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

ELEMENTS: Final = ("principle", "composition", "mandate", "access", "quorum")
"""That there is a mechanism at all; whose observers; what they may do and publish; where they may go; how many make a team."""
STANCES: Final = ("offered", "accepted", "rejected", "conditional", "silent")
_AGREES: Final = frozenset({"offered", "accepted"})
_ALIASES: Final = {"mechanism": "principle"}


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal; `terms` are what it would set, see docs/reference/mechanism.md. Times are ms UTC."""

    id: str
    about: str
    terms: dict[str, Any]
    by: str
    restatement: str
    at_ms: int
    known_ms: int
    source: dict[str, str]


@dataclass(frozen=True, slots=True)
class Stand:
    """Where somebody stood on a proposal at some time, and the record that shows it."""

    proposal: str
    about: str
    who: str
    stance: str
    at_ms: int
    known_ms: int
    shown_by: str = ""
    source: str = ""


def element_of(about: str) -> str:
    """The element that a proposal is about; `mechanism` is the principle."""
    return _ALIASES.get(about, about)


def status(
    proposals: Sequence[Proposed], stands: Sequence[Stand], parties: Sequence[str], as_of_ms: int, known_ms: int | None = None
) -> dict[str, Any]:  # fmt: skip
    """What is agreed and what is not, as plain JSON.

    Args:
        parties: whose agreement it takes, in the order in which they are to be shown.
    Returns:
        `elements` (each: `element`, `word` of agreed, rejected, open, not_proposed; `agreed`: id or None; `proposals`),
        `agreed`, `not_agreed` (names of elements), `terms` (element -> terms of what is agreed).
    """
    known = as_of_ms if known_ms is None else known_ms
    said = sorted(
        (one for one in stands if one.at_ms <= as_of_ms and one.known_ms <= known),
        key=lambda one: (one.at_ms, one.known_ms, STANCES.index(one.stance), one.who, one.shown_by),
    )
    made = {one.id: one for one in proposals if one.at_ms <= as_of_ms and one.known_ms <= known}
    about: dict[str, str] = {one.proposal: element_of(one.about) for one in said}
    about |= {one.id: element_of(one.about) for one in made.values()}
    rows = [
        _proposal(name, made.get(name), [one for one in said if one.proposal == name], parties, about[name])
        for name in sorted(about)
    ]
    others = sorted(set(about.values()) - set(ELEMENTS))
    elements = [_element(one, [row for row in rows if row["element"] == one]) for one in (*ELEMENTS, *others)]
    terms = {
        one["element"]: next(row["terms"] for row in one["proposals"] if row["id"] == one["agreed"])
        for one in elements if one["agreed"]
    }  # fmt: skip
    return {
        "elements": elements, "agreed": [one["element"] for one in elements if one["word"] == "agreed"],
        "not_agreed": [one["element"] for one in elements if one["word"] != "agreed"], "terms": terms,
    }  # fmt: skip


def _proposal(
    name: str, made: Proposed | None, said: Sequence[Stand], parties: Sequence[str], element: str
) -> dict[str, Any]:
    last: dict[str, Stand] = {one.who: one for one in said}
    words = {party: last[party].stance if party in last else "silent" for party in parties}
    if made is not None and made.by in words and made.by not in last:
        words[made.by] = "offered"
    agreed = bool(parties) and all(word in _AGREES for word in words.values())
    rejected = any(word == "rejected" for word in words.values())
    return {
        "id": name, "element": element, "by": made.by if made else "", "restatement": made.restatement if made else "",
        "terms": dict(made.terms) if made else {}, "source": dict(made.source) if made else {},
        "word": "agreed" if agreed else "rejected" if rejected else "open",
        "since_ms": max((last[party].at_ms for party in parties if party in last), default=made.at_ms if made else 0),
        "stances": words,
        "others": {who: one.stance for who, one in sorted(last.items()) if who not in words},
        "history": [
            {"who": one.who, "stance": one.stance, "at_ms": one.at_ms, "shown_by": one.shown_by, "source": one.source} for one in said
        ],
    }  # fmt: skip


def _element(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The agreed proposal of an element is the one agreed last; an earlier one is superseded by it."""
    agreed = sorted(
        (row for row in rows if row["word"] == "agreed"), key=lambda row: (row["since_ms"], row["id"])
    )
    for row in agreed[:-1]:
        row["word"] = "superseded"
    words = {row["word"] for row in rows}
    return {
        "element": name, "agreed": agreed[-1]["id"] if agreed else None,
        "word": "agreed" if agreed else "not_proposed" if not rows else "rejected" if words == {"rejected"} else "open",
        "proposals": rows,
    }  # fmt: skip
