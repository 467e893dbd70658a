"""Packed agreements of older versions, read as ours: a log keeps its bytes for ever, so what they lack is told here, once.

Only what stands on a log is read so; a folder that somebody drafts now must say everything itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from truceline.agreement.documents import Document

UNDETERMINED: Final = "und"
"""BCP 47: the language is not known."""


def upcast(document: Document) -> tuple[Document, tuple[str, ...]]:
    """`agreement.yaml` as this version has it, and what was filled in, in words."""
    if not isinstance(document.value, dict):
        return document, ()
    filled: list[str] = []
    texts = [_text(one, filled) for one in _listed(document.value.get("texts"))]
    value = document.value | ({"texts": texts} if filled else {})
    return replace(document, value=value), tuple(filled)


def _text(one: Any, filled: list[str]) -> Any:
    if not isinstance(one, dict) or "language" in one:
        return one
    filled.append(f"text {one.get('id', '?')}: its language is not said")
    return {**one, "language": UNDETERMINED}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
