"""Reasons and needs as sentences with slots: words, numbers and distances are set into the slots by column.

Nothing here decides anything. A slot is a control character, which no text of an agreement can hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from truceline.agreement.clauses import Clause

ACT, SUBJECT, EDGE, SPREAD, EXISTENCE = "\x00", "\x01", "\x02", "\x03", "\x04"
LOW = {"place": "\x0e", "time": "\x0f", "act": "\x10", "weapon": "\x11", "side": "\x12"}
HIGH = {"place": "\x13", "time": "\x14", "act": "\x15", "weapon": "\x16", "side": "\x17"}
SLOT = re.compile("([\x00-\x04\x0e-\x17])")
PLACES = (
    "",
    f", {EDGE} km inside the edge (sd {SPREAD} km)",
    f", {EDGE} km outside the edge (sd {SPREAD} km)",
)
CLOSED, UNKNOWN, ONE, RANGE = range(4)
"""What is said of a factor: nothing, that it is not known, one number, or two."""

_SETTLES = {
    "place": "a place with a smaller error, such as a second bearing or imagery",
    "time": "a narrower time of the incident",
    "act": "what act it was",
    "weapon": "the class and calibre of the weapon",
    "side": "evidence of the side",
}
_OPEN = {
    "place": "whether the place falls under the article",
    "time": "whether it happened while the article was in force",
    "act": "whether the act is one that the article names",
    "weapon": "whether the weapon falls under the article",
    "side": "whether a side bound by the article did it",
}
_FAILS = {
    "place": "the place does not fall under the article",
    "time": "most of its time lies outside the time in force",
    "act": "the act is not one that the article names",
    "weapon": "the weapon does not fall under the article",
    "side": "no side bound by the article did it",
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """All that decides which sentence is said, apart from what is set into its slots.

    Attributes:
        shares: factor -> CLOSED, UNKNOWN, ONE or RANGE, in the order of the factors.
        place: which of PLACES is said.
        weakest: the factor with the least upper bound.
        late, other_act: the time, or the act, rules the article out.
        unsure: that it happened has less than 0.8; `kept` that this alone keeps the verdict open; `hearsay` that only
            the word of parties, or of others who retell it, does.
        unsided: no side is known.
    """

    clause: Clause
    verdict: str
    shares: dict[str, int]
    place: int
    weakest: str
    late: bool
    other_act: bool
    excepted: bool
    by_side: bool
    needs_line: str
    early: bool
    unsure: bool
    kept: bool
    hearsay: bool
    unvouched: bool
    unsided: bool


def reason_of(said: Sentence) -> str:
    """Why this verdict, one or two sentences."""
    if said.verdict == "out_of_scope":
        return _out_of_scope(said)
    if said.clause.missing:
        return f"Never agreed: {'; '.join(said.clause.missing)}. The article cannot be applied."
    subject = f"{SUBJECT}{PLACES[said.place]}"
    if said.verdict == "breach":
        return f"{subject}: all conditions of '{said.clause.name}' hold.{_exception(said)}"
    if said.verdict == "no_breach":
        excepted = said.excepted and said.weakest == "place"
        return f"{subject}: {'an exception of the article applies' if excepted else _FAILS[said.weakest]}."
    doubts = [_what(said, name) + _share(said, name) for name in _open(said)]
    if not doubts or said.kept:
        doubts.append(f"that it happened has probability {EXISTENCE}")
    told = "; ".join(doubts)
    if said.hearsay:
        told = "only parties say so, or others retell it, and that alone makes no breach"
    return f"{subject}: not settled: {told}.{_exception(said)}"


def needs_of(said: Sentence) -> str:
    """What evidence would settle it; empty where nothing is open."""
    if said.verdict in ("out_of_scope", "no_breach"):
        return ""
    if said.clause.missing:
        return f"An agreement of the parties on: {'; '.join(said.clause.missing)}."
    wanted: list[str] = []
    if said.verdict == "undetermined":
        wanted = [_settles(said, name) for name in _open(said)]
        if said.unsure or said.unvouched:
            wanted.append("an independent source that it happened")
    if said.unsided and _SETTLES["side"] not in wanted:
        wanted.append("evidence of the side, to say whom it is about")
    told = "; ".join(wanted)
    return f"{told[:1].upper()}{told[1:]}." if wanted else ""


def _settles(said: Sentence, name: str) -> str:
    if name == "place" and said.needs_line:
        return f"the geometry of {said.needs_line}"
    if name == "place" and said.by_side:
        return _SETTLES["side"]
    if name == "place" and said.excepted:
        return "confirmation that the exception applies, from a source of the mission"
    if name == "time" and said.clause.when:
        return f"verification of the condition in article {', '.join(said.clause.when)}"
    if name == "time" and said.clause.start is None:
        return "the time of entry into force"
    return _SETTLES[name]


def _what(said: Sentence, name: str) -> str:
    if name == "place" and said.by_side:
        return "whose it is, for each side measures from its own line"
    return "whether the exception applies" if name == "place" and said.excepted else _OPEN[name]


def _out_of_scope(said: Sentence) -> str:
    if said.late:
        if not said.early and said.clause.open is not None:
            hours = said.clause.open
            return f"Outside the opening hours, {hours.from_} to {hours.until} ({hours.zone}), or no longer in force."
        if not said.early:
            return "The article was no longer in force."
        if said.clause.when:
            return "Not in force: its condition had not come about."
        return (
            "Not due yet: the step's deadline lies later."
            if said.clause.due
            else "Before the entry into force."
        )
    if said.other_act:
        return f"The article does not speak of this act ({ACT})."
    return "The article does not bind the side that did it."


def _open(said: Sentence) -> list[str]:
    """The factors that keep the verdict open, in their order."""
    return [name for name, share in said.shares.items() if share != CLOSED]


def _share(said: Sentence, name: str) -> str:
    match said.shares[name]:
        case 1:
            return " (not known)"
        case 2:
            return f" ({LOW[name]})"
        case _:
            return f" ({LOW[name]} to {HIGH[name]})"


def _exception(said: Sentence) -> str:
    if not said.excepted:
        return ""
    return (
        " An exception was claimed and did not suffice."
        if said.verdict == "breach"
        else " An exception is claimed."
    )
