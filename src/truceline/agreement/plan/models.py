"""The shape of `plan.yaml`: steps that wait for one another, what must go on holding meanwhile, and what was amended.

A condition is the id of a step, or one of `all`, `any`, `not_before`, `consent`. The id of an ordinary step means that it
was verified; that of a guarantee means that it holds now.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt, StrictStr

from truceline.agreement.fields import Id, Model, Moment, Source, Text

StepId = Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_\-]{0,63}$")]


class All(Model):
    """Every one of these."""

    all: Annotated[tuple[Condition, ...], Field(min_length=1)]


class Any(Model):
    """At least one of these."""

    any: Annotated[tuple[Condition, ...], Field(min_length=1)]


class NotBefore(Model):
    """From that moment on."""

    not_before: Moment


class ConsentTerm(Model):
    """What the parties consent to; all parties of the agreement where none is named."""

    task: Text
    parties: tuple[Id, ...] = ()


class ConsentCondition(Model):
    """While each of those parties consents."""

    consent: ConsentTerm


Condition = StepId | All | Any | NotBefore | ConsentCondition


class TermsFile(Model):
    """When a step may begin, what must hold meanwhile, and until when it is to be done."""

    deadline: Moment | None = None
    after: Condition | None = None
    while_: Annotated[Condition | None, Field(alias="while")] = None


class AmendmentFile(TermsFile):
    """Terms that replace those given before; what it leaves out stays. `made`: when it was agreed; `from`: since when it holds."""

    made: Moment
    from_: Annotated[Moment | None, Field(alias="from")] = None
    because: StrictStr = ""
    source: Source | None = None


class StepFile(TermsFile):
    """One step. A guarantee, once established, must go on holding."""

    id: StepId
    title: Text
    object: StrictStr = ""
    owner: StrictStr = ""
    phase: StrictStr = ""
    guarantee: bool = False
    agreed: bool = True
    takes_days: Annotated[StrictInt, Field(ge=0, le=3650)] | None = None
    evidence: tuple[Text, ...] = ()
    verified_by: tuple[Id, ...] = ()
    article: StrictStr = ""
    source: Source | None = None
    amendments: tuple[AmendmentFile, ...] = ()


class PlanFile(Model):
    """`plan.yaml`."""

    format: Literal["truceline-plan/1"]
    title: Text
    note: StrictStr = ""
    steps: Annotated[tuple[StepFile, ...], Field(min_length=1)]


All.model_rebuild()
Any.model_rebuild()
