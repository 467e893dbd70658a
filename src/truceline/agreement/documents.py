"""Strict YAML: plain words, whole numbers, no surprises, and the line on which each value stands.

A subset of YAML 1.2 core: strings, integers, true/false, null, lists, maps with string keys. Times and decimals stay
strings. Refused: aliases, tags, several documents, a key given twice, deep nesting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from truceline.errors import AgreementError

MAX_BYTES = 1_000_000
MAX_DEPTH = 30
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,15})")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file: its plain value, and the line of every path in it."""

    name: str
    value: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def where(self, path: Path) -> str:
        """`file:line` of the deepest part of `path` that exists; steps that are not in the file are passed over."""
        here: Path = ()
        for step in path:
            if (*here, step) in self.lines:
                here = (*here, step)
        return f"{self.name}:{self.lines.get(here, 1)}"


def parse(name: str, text: str) -> Document:
    """Parse one YAML file.

    Raises:
        AgreementError: AGR-004 not plain YAML, AGR-005 a key given twice.
    """
    try:
        _refuse(name, text)
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f"{name}:{mark.line + 1}" if mark is not None else name
        words = getattr(problem, "problem", None) or "cannot be read"
        raise AgreementError(
            "AGR-004",
            "the file must be plain YAML",
            where=where,
            value=words,
            remedy="Correct the file there.",
        ) from problem
    document = Document(name, None)
    value = None if node is None else _value(name, node, (), document.lines)
    return Document(name, value, document.lines)


def _refuse(name: str, text: str) -> None:
    depth = documents = 0
    for token in yaml.parse(text, Loader=yaml.BaseLoader):
        mark = token.start_mark
        where = name if mark is None else f"{name}:{mark.line + 1}"
        if isinstance(token, yaml.AliasEvent) or getattr(token, "anchor", None):
            raise AgreementError(
                "AGR-004", "anchors and aliases are not allowed", where=where, remedy="Write the value out."
            )
        if isinstance(token, yaml.DocumentStartEvent):
            documents += 1
        if isinstance(token, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
        if isinstance(token, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1
        if depth > MAX_DEPTH or documents > 1:
            raise AgreementError(
                "AGR-004",
                "the file must hold one document, not nested deeply",
                where=where,
                value=depth,
                remedy="Correct the file there.",
            )
        tag = getattr(token, "tag", None)
        if tag:
            raise AgreementError(
                "AGR-004", "tags are not allowed", where=where, value=tag, remedy="Correct the file there."
            )


def _value(name: str, node: Any, path: Path, lines: dict[Path, int]) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [_value(name, item, (*path, index), lines) for index, item in enumerate(node.value)]
    found: dict[str, Any] = {}
    for key, item in node.value:
        where = f"{name}:{key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode):
            raise AgreementError(
                "AGR-004", "a key must be a word", where=where, remedy="Correct the file there."
            )
        if key.value in found:
            raise AgreementError(
                "AGR-005",
                "a key must be given once",
                where=where,
                value=key.value,
                remedy="Remove one of them.",
            )
        found[key.value] = _value(name, item, (*path, key.value), lines)
        lines[(*path, key.value)] = key.start_mark.line + 1
    return found


def _scalar(node: Any) -> Any:
    text: str = node.value
    if node.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text
