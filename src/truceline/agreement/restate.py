"""An article in plain words, generated from the encoded rule and nothing else, so that a lawyer sees what was encoded.

A sentence for its shape, then every field of the rule with its label: nothing that is encoded is left out, in any language.
Catalogues: `catalogues/*.yaml`. None is authoritative; what no translator reviewed says so.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from truceline.agreement.documents import parse
from truceline.agreement.models import AnyArticle
from truceline.errors import UsageError

CATALOGUES: Final = Path(__file__).parent / "catalogues"
LANGUAGES: Final = tuple(sorted(path.stem for path in CATALOGUES.glob("*.yaml")))
_KEPT: Final = frozenset({"number", "title", "restatement", "text", "source", "shape"})
_TRANSLATED: Final = frozenset({"acts", "may_be", "weapons", "claim", "per", "severity", "fact"})
_METRES: Final = frozenset({"within_m", "beyond_m", "distance_m", "width_m"})


@cache
def catalogue(language: str) -> dict[str, Any]:
    """The words of a language. Raises UsageError AGR-070."""
    if language not in LANGUAGES:
        raise UsageError(
            "AGR-070", "there must be a catalogue of the language", value=language, remedy=f"Known: {', '.join(LANGUAGES)}."
        )  # fmt: skip
    text = (CATALOGUES / f"{language}.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = parse(f"{language}.yaml", text).value
    return found


def restate(article: AnyArticle, language: str = "en") -> str:
    """The article in plain words, one line. Raises UsageError AGR-070."""
    words = catalogue(language)
    plain = article.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True)
    parts = [_field(name, value, words) for name, value in plain.items() if name not in _KEPT]
    return " ".join(
        [words["shapes"][article.shape], *(f"{one[:1].upper()}{one[1:]}." for one in parts if one)]
    )


def note(language: str) -> str:
    """What is to be said beside every restatement in that language."""
    words = catalogue(language)
    reviewed = words["reviewed"] is True
    return str(words["disclaimer"] if reviewed else f"{words['disclaimer']} {words['unreviewed']}")


def _field(name: str, value: Any, words: dict[str, Any]) -> str:
    said = _value(name, value, words)
    return f"{words['labels'][name]}: {said}" if said else ""


def _value(name: str, value: Any, words: dict[str, Any]) -> str:
    if isinstance(value, dict):
        if value.keys() <= {"local", "zone", "readings"} and value.keys() & {"local", "readings"}:
            return _moment(value, words)
        known = words["labels"]
        parts = [
            _field(key, one, words) if key in known else f"{key} {_value(name, one, words)}"
            for key, one in value.items()
        ]
        return ", ".join(one for one in parts if one)
    if isinstance(value, (list, tuple)):
        between = "; " if any(isinstance(one, dict) for one in value) else ", "
        return between.join(_value(name, one, words) for one in value)
    if isinstance(value, bool):
        return str(words["yes" if value else "no"])
    if isinstance(value, int):
        return f"{value:,}".replace(",", " ")
    if name in _TRANSLATED:
        return str(words["words"].get(value, value))
    return str(value)


def _moment(value: dict[str, Any], words: dict[str, Any]) -> str:
    readings = value.get("readings") or [value]
    return f" {words['or']} ".join(
        f"{one['local'].replace('T', ' ')} ({one.get('zone') or words['no_zone']})" for one in readings
    )
