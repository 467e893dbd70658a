"""The form of a condition over time. What each one means: docs/explanation/agreement-time.md; the monitor: `temporal`.

A condition is a map with one key: the operator. Operands are conditions again.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, StrictInt, StrictStr

from truceline.agreement.fields import Act, Count, Duration, Id, Model, Text, Zone, _listed

FactKind = Literal[
    "watched", "breach", "began", "done", "handed_over", "withdrawn", "visited", "refused", "notified", "performed",
    "occurred", "reported", "answered", "objected", "ordered", "attempted", "inventory", "sighting", "movement",
]  # fmt: skip


Sector = Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_\-]{0,63}$")]


class Happened(Model):
    """Which facts are meant: their kind and, where given, subject and party."""

    fact: FactKind
    subject: Text | None = None
    by: Id | None = None

    @property
    def words(self) -> str:
        """In a few words."""
        about = f" {self.subject}" if self.subject else ""
        return f"{self.fact.replace('_', ' ')}{about}{f' by {self.by}' if self.by else ''}"


FIRE: Final = (
    "explosion", "burst", "shot", "projectile", "muzzle_flash", "shelling", "air_strike", "clash", "advance",
)  # fmt: skip
"""What breaks a quiet that names no acts."""


class Quiet(Model):
    """Nothing of these acts, with somebody watching all the while; an unwatched time is neither quiet nor not.

    `acts`: fire of any kind where none are named. `places`: sectors; everywhere where none are named. `watched_percent`: the
    least share of the line that the mission must have watched in every hour.
    """

    duration: Annotated[Duration, Field(alias="for")]
    acts: tuple[Act, ...] = ()
    verified: bool = True
    places: tuple[Sector, ...] = ()
    watched_percent: Annotated[StrictInt, Field(ge=1, le=100)] = 100


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

    @property
    def words(self) -> str:
        """What it asks for, in a few words; equal conditions have equal words."""
        if self.quiet is not None:
            one, named = self.quiet, ", ".join((*self.quiet.acts, *self.quiet.places))
            seen = f", {one.watched_percent} % watched" if one.verified else ", as far as anybody reports"
            return f"{one.duration} of quiet{f' ({named})' if named else ''}{seen}"
        if self.once is not None:
            return self.once.words
        if self.soon is not None:
            return f"{self.soon.then.words} within {self.soon.within} of {self.soon.first.words}"
        if self.together is not None:
            return f"{' and '.join(one.words for one in self.together.facts)} within {self.together.within} of each other"
        if self.at_most is not None:
            most = self.at_most
            what = f"{most.fact} of {most.subject}" if most.subject else most.fact
            return f"at most {most.at_most} {what} a {most.per} ({most.zone})"
        if self.held is not None:
            return f"for {self.held.duration}: {self.held.condition.words}"
        if self.not_ is not None:
            return f"not ({self.not_.words})"
        between = " and " if self.all_ else " or "
        return between.join(f"({part.words})" for part in self.parts)

    @property
    def parts(self) -> tuple[Formula, ...]:
        """Its operands that are conditions."""
        held = (self.held.condition,) if self.held else ()
        return (*self.all_, *self.any_, *((self.not_,) if self.not_ else ()), *held)

    @property
    def named(self) -> frozenset[str]:
        """Parties and alignments whose facts it looks at by name."""
        facts = [self.once] if self.once is not None else []
        facts += [self.soon.first, self.soon.then] if self.soon is not None else []
        facts += self.together.facts if self.together is not None else ()
        own = {one.by for one in facts if one.by is not None}
        return frozenset(own.union(*(part.named for part in self.parts)))

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of facts that it looks at."""
        own: set[str] = set()
        if self.quiet is not None:
            own |= {"breach", "watched"} if self.quiet.verified else {"breach"}
        own |= {one.fact for one in (self.once, self.at_most) if one is not None}
        if self.soon is not None:
            own |= {self.soon.first.fact, self.soon.then.fact}
        if self.together is not None:
            own |= {one.fact for one in self.together.facts}
        return frozenset(own.union(*(part.kinds for part in self.parts)))


Held.model_rebuild()
Formula.model_rebuild()
