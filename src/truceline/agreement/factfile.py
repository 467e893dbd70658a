"""A file of facts, and times as people type them: what `truceline agreement duties` reads."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from truceline.agreement.documents import parse
from truceline.agreement.facts import Fact
from truceline.agreement.fields import Model
from truceline.agreement.moments import bounds_of
from truceline.agreement.references import moment_bounds
from truceline.agreement.validate import validated
from truceline.errors import AgreementError


class FactFile(Model):
    """A list of facts."""

    facts: Annotated[tuple[Fact, ...], Field(max_length=200_000)]


def read_facts(name: str, text: str) -> tuple[Fact, ...]:
    """The facts of one YAML file.

    Raises:
        AgreementError: AGR-004 to AGR-013 what the file says.
    """
    document = parse(name, text)
    facts = validated(FactFile, document).facts
    for index, fact in enumerate(facts):
        for told in (fact.at, fact.until, fact.known):
            if told is not None:
                moment_bounds(told, document.where(("facts", index)))
    return facts


def utc_ms(text: str, where: str) -> int:
    """A time in UTC, such as 2020-11-20T12:00 (a Z may follow), as milliseconds.

    Raises:
        AgreementError: AGR-010.
    """
    if not text:
        raise AgreementError(
            "AGR-010", "a time must be given", where=where, remedy="For example 2020-11-20T12:00, in UTC."
        )
    return bounds_of(text.removesuffix("Z"), "Etc/UTC", where).earliest_ms
