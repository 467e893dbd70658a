"""Pydantic's findings, said our way: where, rule, value, remedy."""

from __future__ import annotations

import difflib
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from truceline.agreement.documents import Document
from truceline.errors import AgreementError

Shape = TypeVar("Shape", bound=BaseModel)
_CALIBRE_REMEDY = 'For example ">= 100 mm" or "> 100 mm"; the two differ for a 100 mm gun.'


def validated(model: type[Shape], document: Document) -> Shape:
    """`document` as `model`.

    Raises:
        AgreementError: AGR-006 an unknown field, AGR-007 a missing one, AGR-008 a value that does not fit,
            AGR-012 a word outside the code lists, AGR-013 a calibre, AGR-021 a duration that cannot be read.
    """
    try:
        return model.model_validate(document.value)
    except ValidationError as problem:
        raise _first(document, problem) from problem


def _first(document: Document, problem: ValidationError) -> AgreementError:
    # An unknown field explains most of what else is wrong beside it, so it goes first.
    found = sorted(problem.errors(include_url=False), key=lambda item: item["type"] != "extra_forbidden")[0]
    kind, context, loc = found["type"], found.get("ctx", {}), found["loc"]
    where, field = document.where(loc), _dotted(loc, document)
    value: Any = found.get("input")
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(loc[-1]), _FIELDS, n=1)
        remedy = f"Did you mean {near[0]}?" if near else "Remove it; see reference/agreement-format."
        return AgreementError("AGR-006", "a field must be known", where=where, value=field, remedy=remedy)
    if kind == "missing":
        return AgreementError(
            "AGR-007", f"{field} must be given", where=where, remedy="See reference/agreement-format."
        )
    if kind == "AGR-012":
        return AgreementError(
            kind, found["msg"], where=where, value=value, remedy=f"Known: {context['known']}."
        )
    if kind == "AGR-013":
        return AgreementError(kind, found["msg"], where=where, value=value, remedy=_CALIBRE_REMEDY)
    if kind == "AGR-021":
        place = f"{where}, {field}"
        return AgreementError(
            kind, found["msg"], where=place, value=value, remedy='For example "7 d", "24 h", "6 months".'
        )
    rule = f"{field or 'the file'} must fit: {found['msg'][0].lower()}{found['msg'][1:]}"
    return AgreementError("AGR-008", rule, where=where, value=value, remedy="See reference/agreement-format.")


def _dotted(loc: tuple[str | int, ...], document: Document) -> str:
    """The path as people write it, without the tags that a union adds."""
    kept: tuple[str | int, ...] = ()
    for index, step in enumerate(loc):
        if index == len(loc) - 1 or (*kept, step) in document.lines:
            kept = (*kept, step)
    text = ""
    for step in kept:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _fields() -> list[str]:
    from truceline.agreement import conditions, facts, models

    shapes = [
        item
        for module in (conditions, facts, models)
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, BaseModel)
    ]
    return sorted({field.alias or name for shape in shapes for name, field in shape.model_fields.items()})


_FIELDS = _fields()
