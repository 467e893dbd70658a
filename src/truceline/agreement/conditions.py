"""The form of a condition over time. What each one means: docs/explanation/agreement-time.md; the monitor: `temporal`.

A condition is a map with one key: the operator. Operands are conditions again.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from truceline.agreement.fields import Act, Count, Duration, Id, Model, Text, Zone, _listed

FactKind = Literal[
    "watched", "breach", "began", "done", "handed_over", "withdrawn", "visited", "refused", "notified", "performed",
    "occurred", "reported", "answered", "objected", "ordered", "attempted", "inventory", "sighting", "movement",
]  # fmt: skip


class Happened(Model):
    """Which facts are meant: their kind and, where given, subject and party."""

    fact: FactKind
    subject: Text | None = None
    by: Id | None = None


class Quiet(Model):
    """Nothing of these acts, with somebody watching all the while; an unwatched time is neither quiet nor not."""

    duration: Annotated[Duration, Field(alias="for")]
    acts: tuple[Act, ...] = ()
    verified: bool = True


class Soon(Model):
    """After each `first`, a `then` follows within a time."""

    first: Happened
    then: Happened
    within: Duration


class Together(Model):
    """Each of these is done, and the first and the last of them lie at most a time apart."""

    facts: Annotated[tuple[Happened, ...], Field(min_length=2)]
    within: Duration


class AtMost(Model):
    """In the calendar period that holds the moment, facts add up to no more than a number."""

    fact: FactKind
    subject: Text | None = None
    at_most: Count
    per: Literal["day", "week", "month", "year"]
    zone: Zone


class Held(Model):
    """A condition that held without a break for a time."""

    condition: Formula
    duration: Annotated[Duration, Field(alias="for")]


class Formula(Model):
    """A condition: exactly one operator."""

    quiet: Quiet | None = None
    once: Happened | None = None
    soon: Soon | None = None
    together: Together | None = None
    at_most: AtMost | None = None
    held: Held | None = None
    all_: Annotated[tuple[Formula, ...], BeforeValidator(_listed), Field(default=(), alias="all")]
    any_: Annotated[tuple[Formula, ...], BeforeValidator(_listed), Field(default=(), alias="any")]
    not_: Annotated[Formula | None, Field(default=None, alias="not")]

    @property
    def operators(self) -> list[str]:
        """The operators given; one in a valid condition."""
        return [
            (field.alias or name) for name, field in type(self).model_fields.items() if getattr(self, name)
        ]


Held.model_rebuild()
Formula.model_rebuild()
