"""The shape of `agreement.yaml` and of `cases/*.yaml`, field by field.

These models validate; what an article means stands in `clauses` (incidents) and `duties` (obligations). Unknown fields
are refused.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StrictInt, StrictStr

from truceline.agreement.conditions import Formula, Happened
from truceline.agreement.facts import Fact
from truceline.agreement.fields import (
    Act,
    Clock,
    Count,
    Digest,
    Duration,
    Id,
    Metres,
    Model,
    Moment,
    Number,
    Source,
    Text,
    Weapon,
    WeaponClass,
    Where,
    Zone,
    _listed,
    _number,
    _word,
)
from truceline.records import codes

DUTY_STATES = (
    "waiting", "not_due", "reported", "met", "met_late", "overdue", "breached", "disputed", "lapsed", "undetermined",
)  # fmt: skip


class Step(WeaponClass):
    """One class of weapons to keep away from a line, with its distance and deadline."""

    name: Text
    distance_m: Metres | dict[Id, Metres] | None = None
    width_m: Metres | None = None
    from_line: Id | dict[Id, Id] | None = None
    by: Moment | None = None
    until: Moment | None = None
    takes: Duration | None = None


class Article(Model):
    """What every article carries. The restatement is ours and binds nobody."""

    number: Number
    title: Text
    restatement: Text
    text: Id | None = None
    source: Source | None = None
    made: Moment | None = None
    from_: Moment | None = Field(default=None, alias="from")
    until: Moment | None = None
    when: Annotated[tuple[Number, ...], BeforeValidator(_listed)] = ()
    severity: Literal["minor", "serious", "grave"] = "serious"

    @property
    def key(self) -> str:
        """Number, and the text where the article exists in several: `3/text-1`."""
        return f"{self.number}/{self.text}" if self.text else self.number

    @property
    def authoritative(self) -> bool:
        """Never: the signed text rules."""
        return False

    @property
    def judges(self) -> bool:
        """Whether an incident can be held against this article by itself."""
        return isinstance(self, (Prohibition, Withdrawal, Overflight, Access, Corridor, Undefined))

    @property
    def obliges(self) -> bool:
        """Whether facts (reports of things done) can be held against this article."""
        staged = isinstance(self, Withdrawal) and any(step.takes or step.by for step in self.steps)
        return staged or isinstance(
            self,
            (Transfer, Task, Notification, ReportAndAnswer, Ceiling, FlowLimit, Renewal, Condition, Visits),
        )


class EntryIntoForce(Article):
    """From when the agreement holds; half-open, the moment itself is inside."""

    shape: Literal["entry_into_force"]


class Prohibition(Article):
    """Acts that must not happen."""

    shape: Literal["prohibition"]
    acts: Annotated[tuple[Act, ...], Field(min_length=1)]
    may_be: tuple[Act, ...] = ()
    where: Where | None = None
    weapons: WeaponClass | None = None
    exceptions: tuple[Number, ...] = ()
    binds: tuple[Id, ...] = ()


class Withdrawal(Article):
    """Weapons to be kept away from a line, by class; widths of a zone are halved."""

    shape: Literal["withdrawal"]
    acts: tuple[Act, ...] = ("weapon_present",)
    may_be: tuple[Act, ...] = ()
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    total: Duration | None = None
    exceptions: tuple[Number, ...] = ()
    binds: tuple[Id, ...] = ()


class Overflight(Article):
    """Nothing flies there."""

    shape: Literal["overflight"]
    where: Where
    weapons: WeaponClass | None = None
    exceptions: tuple[Number, ...] = ()
    binds: tuple[Id, ...] = ()


class Access(Article):
    """Observers are not refused."""

    shape: Literal["access"]
    where: Where | None = None
    binds: tuple[Id, ...] = ()


class Undefined(Article):
    """Something that was left to be agreed, and was not: its verdict is always undetermined."""

    shape: Literal["undefined"]
    acts: Annotated[tuple[Act, ...], Field(min_length=1)]
    missing: Annotated[tuple[Text, ...], Field(min_length=1)]


class Hours(Model):
    """Open from one clock time until another, every day."""

    from_: Annotated[Clock, Field(alias="from")]
    until: Clock
    zone: Zone


class Corridor(Article):
    """A way of a width along a line, under somebody's control, open at certain hours; closing it is a breach."""

    shape: Literal["corridor"]
    line: Id
    width_m: Metres
    controlled_by: Id | None = None
    open: Hours | None = None
    avoids: tuple[Id, ...] = ()
    acts: tuple[Act, ...] = ("access_denied",)
    may_be: tuple[Act, ...] = ()
    weapons: WeaponClass | None = None
    exceptions: tuple[Number, ...] = ()
    binds: tuple[Id, ...] = ()


class Transfer(Article):
    """An area passes from one party to another by a time."""

    shape: Literal["transfer"]
    area: Id
    giver: Id
    receiver: Id
    by: Moment | None = None
    within: Duration | None = None


class Task(Article):
    """Something that the parties bound do by a time, or within a time of the start."""

    shape: Literal["task"]
    what: Text
    fact: Literal["done", "began", "ordered", "visited", "withdrawn"] = "done"
    by: Moment | None = None
    within: Duration | None = None
    together_within: Duration | None = None
    binds: tuple[Id, ...] = ()


class Notification(Article):
    """What is announced, to whom, and how long before."""

    shape: Literal["notification"]
    what: Annotated[tuple[Text, ...], BeforeValidator(_listed), Field(min_length=1)]
    to: tuple[Id, ...] = ()
    before: Duration
    binds: tuple[Id, ...] = ()


class ReportAndAnswer(Article):
    """Who tells whom of an incident, within what time, and within what time the answer is due."""

    shape: Literal["report_and_answer"]
    contents: tuple[Text, ...] = ()
    to: tuple[Id, ...] = ()
    report_within: Duration | None = None
    answer_within: Duration | None = None
    binds: tuple[Id, ...] = ()


class Limit(WeaponClass):
    """So many of something, at most."""

    name: Text
    at_most: Count


class Ceiling(Article):
    """People or equipment in a place, at most; held against declared inventories and against sightings."""

    shape: Literal["ceiling"]
    where: Where | None = None
    limits: Annotated[tuple[Limit, ...], Field(min_length=1)]
    binds: tuple[Id, ...] = ()


class FlowLimit(Article):
    """So many in a calendar period, at most."""

    shape: Literal["flow_limit"]
    what: Text
    at_most: Count
    per: Literal["day", "week", "month", "year"]
    zone: Zone
    binds: tuple[Id, ...] = ()


class Visits(Article):
    """Somebody visits places (storage sites, for instance) at least so often."""

    shape: Literal["visits"]
    what: Annotated[tuple[Text, ...], BeforeValidator(_listed), Field(min_length=1)]
    every: Duration
    binds: tuple[Id, ...] = ()


class Renewal(Article):
    """How long it holds, and how it goes on unless somebody objects in time.

    `late_objection`: whether one that came after its time ends the next term (`next_term`), this one all the same
    (`ends_term`) or nothing (`void`); where the text is silent, it does not stop this
    renewal, and whether it stops the next is undetermined.
    """

    shape: Literal["renewal"]
    term: Duration
    start: Moment | None = None
    renews: Duration | None = None
    objection_before: Duration | None = None
    late_objection: Literal["next_term", "ends_term", "void"] | None = None
    binds: tuple[Id, ...] = ()


class Condition(Article):
    """What must have been so before other articles (their `when`) apply."""

    shape: Literal["condition"]
    holds: Formula


class ExceptionArticle(Article):
    """What other articles allow, when somebody shows it; with a procedure, when each of its steps is shown."""

    shape: Literal["exception"]
    claim: Literal["announced_exercise", "accident", "procedure"]
    procedure: tuple[Happened, ...] = ()
    within: Duration = "24 h"
    where: Where | None = None


class Declaration(Article):
    """What no observation can show or refute."""

    shape: Literal["declaration"]


AnyArticle = Annotated[
    EntryIntoForce
    | Prohibition
    | Withdrawal
    | Overflight
    | Access
    | Corridor
    | Transfer
    | Task
    | Notification
    | ReportAndAnswer
    | Ceiling
    | FlowLimit
    | Visits
    | Renewal
    | Condition
    | Undefined
    | ExceptionArticle
    | Declaration,
    Field(discriminator="shape"),
]


class LineName(Model):
    """A line that articles measure from, and who draws it."""

    id: Id
    title: Text
    drawn_by: Literal["mission", "folder"] = "mission"


class AreaName(Model):
    """A district or place that articles name, with each side's toponym; it may be drawn in geometry/ or not."""

    id: Id
    title: Text
    names: dict[StrictStr, StrictStr] = Field(default={})
    drawn_by: Literal["mission", "folder", "nobody"] = "nobody"


class PartyName(Model):
    """A signatory."""

    id: Id
    name: Text
    role: Literal["signatory", "mediator", "guarantor", "witness"] = "signatory"


class AlignmentName(Model):
    """Parties that stand together, from and until when; the ids that lines and distances use."""

    id: Id
    members: tuple[Id, ...] = ()
    from_: Moment | None = Field(default=None, alias="from")
    until: Moment | None = None


class TextVersion(Model):
    """One text: its language, date, authority, and the SHA-256 of its bytes; null where we do not hold it."""

    id: Id
    title: Text
    language: StrictStr
    authority: Literal["authentic", "translation", "circulated", "fictional"]
    dated: StrictStr | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}$")
    hash: Digest | None
    held: Text | None = None
    source: Source | None = None


class AgreementFile(Model):
    """`agreement.yaml`."""

    format: Literal["truceline-agreement/1"]
    id: Id
    version: Text
    title: Text
    exercise: bool = False
    note: StrictStr = ""
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    parties: tuple[PartyName, ...] = ()
    alignments: Annotated[tuple[AlignmentName, ...], Field(min_length=2)]
    texts: tuple[TextVersion, ...] = ()
    lines: tuple[LineName, ...] = ()
    areas: tuple[AreaName, ...] = ()
    roster: tuple[Act, ...] | None = None
    articles: Annotated[tuple[AnyArticle, ...], Field(min_length=1)]


Outcome = Annotated[StrictStr, _word((*codes.VERDICTS, *DUTY_STATES), "a verdict or the state of a duty")]


class Spot(Model):
    """A place told by its distance from a line; `error_m` is a circular error probable (50 %)."""

    line: Id
    side: Id
    distance_m: Annotated[StrictInt, Field(ge=0, le=1_000_000)]
    error_m: Annotated[StrictInt, Field(ge=0, le=1_000_000)] = 50


class Position(Model):
    """A place in degrees, as text: GeoJSON order, decimals allowed."""

    lon: Annotated[StrictStr, BeforeValidator(_number), Field(pattern=r"^-?\d{1,3}(\.\d{1,7})?$")]
    lat: Annotated[StrictStr, BeforeValidator(_number), Field(pattern=r"^-?\d{1,2}(\.\d{1,7})?$")]
    error_m: Annotated[StrictInt, Field(ge=0, le=1_000_000)] = 50


class Seen(Model):
    """What one observation of the incident said, as far as articles look at it."""

    source_kind: Annotated[StrictStr, _word(codes.SOURCE_KINDS, "a kind of source")] = "patrol"
    live_fire_exercise: Annotated[StrictStr, _word(codes.TRISTATE, "an answer")] = "unknown"
    intent: Annotated[StrictStr, _word(codes.INTENTS, "an intent")] = "unknown"


class Given(Model):
    """One incident, told in the words of the field."""

    act: Act
    at: Moment
    until: Moment | None = None
    weapon: Weapon = "unknown"
    calibre_um: Annotated[StrictInt, Field(ge=1, le=10_000_000)] | None = None
    place: Spot | None = None
    position: Position | None = None
    sides: dict[Id, Annotated[StrictInt, Field(ge=0, le=10_000)]] = Field(default={})
    probability_e4: Annotated[StrictInt, Field(ge=0, le=10_000)] = 10_000
    observations: tuple[Seen, ...] = ()


class Case(Model):
    """What must follow from what, and why. Several verdicts mean that readers may differ."""

    id: Id
    title: Text
    why: Text
    given: Given | None = None
    facts: tuple[Fact, ...] = ()
    background: tuple[Fact, ...] = ()
    as_of: Moment | None = None
    known: Moment | None = None
    expect: Annotated[
        dict[StrictStr, Annotated[tuple[Outcome, ...], BeforeValidator(_listed), Field(min_length=1)]],
        Field(min_length=1),
    ]


class CaseFile(Model):
    """One file of `cases/`."""

    cases: Annotated[tuple[Case, ...], Field(min_length=1)]
