"""Steps, terms, facts: what a plan is made of once its texts are read. Times are ms UTC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from truceline.agreement.conditions import Formula
from truceline.agreement.moments import Bounds

ACTS: Final = ("begun", "reported", "verified", "disputed", "retracted", "lapsed", "restored")
"""What can be recorded about a step; every other state follows from these."""
STATES: Final = (
    "waiting", "open", "reported", "verified", "overdue", "disputed", "suspended", "amended", "not_agreed",
)  # fmt: skip
"""`amended` is the state of terms that others replaced; `not_agreed` that of a step that nobody agreed to."""


@dataclass(frozen=True, slots=True)
class Done:
    """An ordinary step was verified, or a guarantee holds."""

    step: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every condition; Kleene's conjunction."""

    of: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one condition; Kleene's disjunction."""

    of: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class From:
    """The moment has come; unknown between its bounds."""

    moment: Bounds


@dataclass(frozen=True, slots=True)
class Consented:
    """Each of the parties consents to the task; where none is named, each party of the plan."""

    task: str
    parties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Together:
    """Each step was verified, and the first and the last of them were done at most `within_ms` apart."""

    steps: tuple[str, ...]
    within_ms: int


@dataclass(frozen=True, slots=True)
class Over:
    """A condition over facts holds; unknown where no facts are at hand. Equal words are equal conditions."""

    words: str
    formula: Formula = field(compare=False)


Condition = Done | AllOf | AnyOf | From | Consented | Together | Over


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for a step from `from_ms`, as agreed at `made_ms`; None in a field of an amendment keeps what was.

    `within`: (milliseconds, calendar months) after the step opened, instead of a deadline.
    """

    deadline: Bounds | None = None
    after: Condition | None = None
    holds: Condition | None = None
    made_ms: int | None = None
    from_ms: int | None = None
    because: str = ""
    deadline_text: str = ""
    within: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step with its first terms and the amendments in any order."""

    id: str
    title: str
    terms: Terms = Terms()
    amendments: tuple[Terms, ...] = ()
    object: str = ""
    owner: str = ""
    phase: str = ""
    guarantee: bool = False
    agreed: bool = True
    takes_days: int | None = None
    evidence: tuple[str, ...] = ()
    verified_by: tuple[str, ...] = ()
    article: str = ""
    source: str = ""

    def terms_at(self, at_ms: int, known_ms: int) -> Terms:
        """The terms that hold at `at_ms`, of the amendments that had been made by `known_ms`."""
        held = self.terms
        for one in sorted(self.amendments, key=lambda a: (a.from_ms or 0, a.made_ms or 0, a.deadline_text)):
            if (one.made_ms or 0) <= known_ms and (one.from_ms or 0) <= at_ms:
                held = replace(
                    one, deadline=one.deadline or (None if one.within else held.deadline), after=one.after or held.after,
                    holds=one.holds or held.holds, deadline_text=one.deadline_text or held.deadline_text,
                    within=one.within or (None if one.deadline else held.within),
                )  # fmt: skip
        return held


@dataclass(frozen=True, slots=True)
class Fact:
    """Somebody recorded an act about a step. `at_ms`: when it took place; `known_ms`: when it was recorded."""

    step: str
    act: str
    at_ms: int
    known_ms: int
    by: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class ConsentFact:
    """A party gives or withdraws consent to a task from `from_ms`, until `until_ms` where it is given for a time."""

    party: str
    task: str
    given: bool
    from_ms: int
    known_ms: int
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order of their prerequisites; `parties` are those whose consent counts where none is named."""

    steps: tuple[Step, ...]
    parties: tuple[str, ...] = ()
    title: str = ""

    def without_amendments(self) -> Plan:
        """The plan as it was first agreed."""
        return replace(self, steps=tuple(replace(one, amendments=()) for one in self.steps))

    def conditions(self) -> dict[str, Formula]:
        """Every condition over facts, by its words."""
        return {
            part.words: part.formula for step in self.steps for terms in (step.terms, *step.amendments)
            for side in (terms.after, terms.holds) for part in parts_of(side) if isinstance(part, Over)
        }  # fmt: skip


def parts_of(condition: Condition | None) -> Iterator[Condition]:
    """A condition and everything in it."""
    if condition is not None:
        yield condition
    if isinstance(condition, AllOf | AnyOf):
        for one in condition.of:
            yield from parts_of(one)


def named(condition: Condition | None) -> Iterator[str]:
    """Ids of the steps in a condition."""
    for one in parts_of(condition):
        if isinstance(one, Done):
            yield one.step
        elif isinstance(one, Together):
            yield from one.steps


def needs(step: Step) -> set[str]:
    """Every step that this one waits for or holds with, under any of its terms."""
    return {
        name for terms in (step.terms, *step.amendments) for part in (terms.after, terms.holds) for name in named(part)
    }  # fmt: skip


def in_order(steps: Iterable[Step]) -> tuple[list[Step], list[str]]:
    """Steps after their prerequisites, otherwise as given; and the ids of a circle, empty where there is none."""
    waiting = {one.id: one for one in steps}
    made: list[Step] = []
    done: set[str] = set()
    while waiting:
        ready = [
            one for one in waiting.values() if needs(one) - {one.id} <= done | (needs(one) - waiting.keys())
        ]
        ready = [one for one in ready if one.id not in needs(one)]
        if not ready:
            return made, sorted(waiting)
        for one in ready:
            made.append(waiting.pop(one.id))
            done.add(one.id)
    return made, []
