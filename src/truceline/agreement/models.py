"""The shape of `agreement.yaml` and of `cases/*.yaml`, field by field.

These models validate; what an article means stands in `clauses`. Unknown fields are refused.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, StrictStr
from pydantic_core import PydanticCustomError

from truceline.records import codes

Text = Annotated[StrictStr, Field(min_length=1, max_length=4000)]
Id = Annotated[StrictStr, Field(pattern=r"^[a-z0-9][a-z0-9\-]{0,63}$")]
Metres = Annotated[StrictInt, Field(ge=1, le=1_000_000)]
_BOUND = re.compile(r"(>=|<=|>|<) ?(\d{1,4})(?:\.(\d{1,3}))? ?mm")


def _number(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Number = Annotated[str, BeforeValidator(_number), Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.()\-]{0,15}$")]


def _word(codes_of: tuple[str, ...], kind: str) -> Any:
    def known(value: str) -> str:
        if value not in codes_of:
            raise PydanticCustomError(
                "AGR-012",
                "{kind} must be a word of the code list",
                {"kind": kind, "known": ", ".join(codes_of)},
            )
        return value

    return AfterValidator(known)


Act = Annotated[StrictStr, _word(codes.ACTS, "an act")]
Weapon = Annotated[StrictStr, _word(codes.WEAPONS, "a weapon")]
Verdict = Annotated[StrictStr, _word(codes.VERDICTS, "a verdict")]


def calibre_bound(text: str) -> tuple[str, int]:
    """`>= 100 mm` as the comparison and micrometres; exact, no floats."""
    found = _BOUND.fullmatch(text)
    if found is None:
        raise PydanticCustomError("AGR-013", "a calibre must be a comparison and millimetres", {})
    sign, whole, part = found.groups()
    return sign, int(whole) * 1000 + int((part or "").ljust(3, "0"))


def _calibre(value: str) -> str:
    calibre_bound(value)
    return value


Calibre = Annotated[StrictStr, AfterValidator(_calibre)]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Model(BaseModel):
    """Base: no unknown fields, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Source(Model):
    """Where the public text or fact stands."""

    title: Text
    url: StrictStr = ""
    confidence: Literal["seen", "general knowledge", "fictional"] = "seen"


class Reading(Model):
    """One way to read a time that the text leaves open."""

    local: StrictStr
    zone: StrictStr | None = None
    note: StrictStr = ""


class Moment(Model):
    """A local time with its zone, or the readings that the text allows."""

    local: StrictStr = ""
    zone: StrictStr | None = None
    readings: tuple[Reading, ...] = ()


class Where(Model):
    """Along a line (within or beyond a distance, on one side or both), or inside a zone."""

    line: Id | None = None
    side: Id | None = None
    within_m: Metres | None = None
    beyond_m: Metres | None = None
    zone: Id | None = None


class WeaponClass(Model):
    """Weapon words and, where the text has one, a calibre threshold; all bounds must hold."""

    weapons: tuple[Weapon, ...] = ()
    calibre: Annotated[tuple[Calibre, ...], BeforeValidator(_listed)] = ()


class Step(WeaponClass):
    """One class of weapons to keep away from a line, with its distance and deadline."""

    name: Text
    distance_m: Metres | dict[Id, Metres] | None = None
    width_m: Metres | None = None
    from_line: Id | dict[Id, Id] | None = None
    by: Moment | None = None
    until: Moment | None = None


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
        return isinstance(self, (Prohibition, Withdrawal, Overflight, Access, Undefined))


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


class ExceptionArticle(Article):
    """What other articles allow, when somebody shows it."""

    shape: Literal["exception"]
    claim: Literal["announced_exercise", "accident"]
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


class PartyName(Model):
    """A signatory."""

    id: Id
    name: Text
    role: Literal["signatory", "mediator", "guarantor", "witness"] = "signatory"


class AlignmentName(Model):
    """Parties that stand together; the ids that lines and distances use."""

    id: Id
    members: tuple[Id, ...] = ()


class TextVersion(Model):
    """One of several texts in circulation, and what weight it has."""

    id: Id
    title: Text
    language: StrictStr = ""
    authority: Literal["authentic", "translation", "circulated", "fictional"]
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
    articles: Annotated[tuple[AnyArticle, ...], Field(min_length=1)]


class Spot(Model):
    """A place told by its distance from a line; `error_m` is a circular error probable (50 %)."""

    line: Id
    side: Id
    distance_m: Annotated[StrictInt, Field(ge=0, le=1_000_000)]
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
    sides: dict[Id, Annotated[StrictInt, Field(ge=0, le=10_000)]] = {}
    probability_e4: Annotated[StrictInt, Field(ge=0, le=10_000)] = 10_000
    observations: tuple[Seen, ...] = ()


class Case(Model):
    """What must follow from what, and why. Several verdicts mean that readers may differ."""

    id: Id
    title: Text
    why: Text
    given: Given
    as_of: Moment | None = None
    expect: Annotated[
        dict[StrictStr, Annotated[tuple[Verdict, ...], BeforeValidator(_listed), Field(min_length=1)]],
        Field(min_length=1),
    ]


class CaseFile(Model):
    """One file of `cases/`."""

    cases: Annotated[tuple[Case, ...], Field(min_length=1)]
