"""The shape of `plan.yaml`: steps that wait for one another, what must go on holding meanwhile, and what was amended.

A condition is the id of a step, or one of `all`, `any`, `not_before`, `consent`, `together`, `article`, `condition`. The id of an
ordinary step means that it was verified; that of a guarantee means that it holds now.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Discriminator, Field, StrictInt, StrictStr, Tag

from truceline.agreement.conditions import Formula
from truceline.agreement.fields import Duration, Id, Model, Moment, Number, Source, Text

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


class TogetherTerm(Model):
    """Steps that are to be done at most a time apart."""

    steps: Annotated[tuple[StepId, ...], Field(min_length=2)]
    within: Duration


class TogetherCondition(Model):
    """Each of those steps was verified, and the first and the last were done at most that time apart."""

    together: TogetherTerm


class ArticleCondition(Model):
    """The condition that this article of the agreement states holds now."""

    article: Number


class FactCondition(Model):
    """A condition over facts holds now; its form is that of an article of shape condition."""

    condition: Formula


def _operator(value: object) -> str | None:
    """Which form a condition has, so that what is wrong with it is told of that form."""
    if isinstance(value, str):
        return "step"
    named = list(value) if isinstance(value, dict) else [name for name in FORMS if hasattr(value, name)]
    return str(named[0]) if len(named) == 1 and named[0] in FORMS else None


FORMS: Final = ("all", "any", "not_before", "consent", "together", "article", "condition")
Condition = Annotated[
    Annotated[StepId, Tag("step")]
    | Annotated[All, Tag("all")]
    | Annotated[Any, Tag("any")]
    | Annotated[NotBefore, Tag("not_before")]
    | Annotated[ConsentCondition, Tag("consent")]
    | Annotated[TogetherCondition, Tag("together")]
    | Annotated[ArticleCondition, Tag("article")]
    | Annotated[FactCondition, Tag("condition")],
    Discriminator(
        _operator,
        custom_error_type="condition",
        custom_error_message=f"A condition is the id of a step, or a map with one of {', '.join(FORMS)}",
    ),
]


class TermsFile(Model):
    """When a step may begin, what must hold meanwhile, and until when it is to be done: a date, or a time after it opened."""

    deadline: Moment | None = None
    within: Duration | None = None
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
