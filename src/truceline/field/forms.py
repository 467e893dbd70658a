"""The mission's forms for ODK Collect and ODK Web Forms, made from the code lists with pyxform."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from truceline.errors import EnvironmentFailure
from truceline.records import codes

Question = tuple[str, str, str, dict[str, str]]  # type, name, label, what else XLSForm says of it
BANDS: Final = {
    "0_1": (0, 1000),
    "1_2": (1000, 2000),
    "2_5": (2000, 5000),
    "5_10": (5000, 10_000),
    "10_more": (10_000, 20_000),
}
"""What an observer can tell of a distance, in metres."""
CONFIDENCE: Final = ("low", "medium", "high")
_LISTS: Final = {
    "means": codes.MEANS, "acts": codes.ACTS, "descriptions": codes.DESCRIPTIONS, "weapons": codes.WEAPONS,
    "outcomes": codes.WATCH_OUTCOMES, "bands": tuple(BANDS), "confidence": CONFIDENCE,
}  # fmt: skip
_OBSERVATION: Final[tuple[Question, ...]] = (
    ("dateTime", "when", "When it began", {"default": "now()", "required": "yes"}),
    ("geopoint", "position", "Where you are", {}),
    ("select_one means", "means", "How you noticed it", {"default": "heard", "required": "yes"}),
    ("select_one acts", "act", "What it was", {"required": "yes"}),
    ("integer", "count", "How many, each shot, burst or explosion", {"constraint": ". >= 1 and . <= 100000"}),
    ("integer", "bearing", "Where from, degrees from north", {"constraint": ". >= 0 and . <= 359"}),
    ("select_one bands", "distance", "How far, kilometres", {}),
    ("select_one descriptions", "description", "Outgoing or impact, only if known", {}),
    ("select_one weapons", "weapon", "Weapon, only if known", {}),
    ("select_one confidence", "confidence", "How sure", {}),
    ("image", "photo", "Photo", {}),
    ("audio", "voice", "Voice note", {}),
    ("text", "text", "In words, no names", {}),
)
_WATCH: Final[tuple[Question, ...]] = (
    ("dateTime", "from", "From", {"required": "yes"}),
    ("dateTime", "to", "To", {"default": "now()", "required": "yes", "constraint": ". > ${from}"}),
    ("select_one outcomes", "outcome", "How it went", {"required": "yes"}),
    ("geopoint", "position", "Where", {"required": "yes"}),
    ("select_one parties", "blocked_by", "Who stopped you, if anybody", {}),
    ("text", "reason", "The reason they gave, in their words", {}),
)
_FORMS: Final = {"observation": ("Observation", _OBSERVATION), "watch": ("Watch", _WATCH)}


@dataclass(frozen=True, slots=True)
class Form:
    """One form. `xml` is an XForm; `version` changes with its content."""

    id: str
    title: str
    version: str
    xml: bytes

    @property
    def md5(self) -> str:
        """As the form list names it; a mark of change, not of trust."""
        return hashlib.md5(self.xml, usedforsecurity=False).hexdigest()


def forms(parties: Mapping[str, str], *, exercise: bool, validate: bool = False) -> dict[str, Form]:
    """The forms of a mission by id.

    Args:
        parties: id -> name.
        validate: let ODK Validate, which comes with pyxform and wants Java, look at each.
    Raises:
        EnvironmentFailure: FLD-020, pyxform is not installed.
    """
    return _forms(tuple(sorted(parties.items())), exercise, validate)


@lru_cache(maxsize=4)
def _forms(parties: tuple[tuple[str, str], ...], exercise: bool, validate: bool) -> dict[str, Form]:
    return {name: _form(name, parties, exercise, validate) for name in _FORMS}


def _form(name: str, parties: tuple[tuple[str, str], ...], exercise: bool, validate: bool) -> Form:
    try:
        from pyxform.xls2xform import convert
    except ModuleNotFoundError as problem:
        raise EnvironmentFailure(
            "FLD-020",
            "forms for ODK need pyxform",
            value=problem.name,
            remedy="Install it: pip install 'truceline[odk]'.",
        ) from problem
    title, questions = _FORMS[name]
    mark = "EXERCISE: " if exercise else ""
    survey = [
        {"type": kind, "name": field, "label": f"{mark}{label}"} | more
        for kind, field, label, more in questions
    ]
    wanted = {kind.partition(" ")[2] for kind, *_ in questions if " " in kind}
    choices = [
        {"list_name": listed, "name": word, "label": word.replace("_", " ")}
        for listed, words in _LISTS.items() if listed in wanted for word in words
    ]  # fmt: skip
    if "parties" in wanted:
        choices += [
            {"list_name": "parties", "name": party, "label": label}
            for party, label in (*parties, ("unknown", "unknown"))
        ]
    content: dict[str, Any] = {"survey": survey, "choices": choices}
    version = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
    settings = {"form_id": name, "form_title": f"{mark}{title}", "version": version, "name": "data"}
    made = convert(content | {"settings": [settings]}, validate=validate, form_name="data")
    return Form(name, settings["form_title"], version, made.xform.encode())
