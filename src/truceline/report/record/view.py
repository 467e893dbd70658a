"""The frozen view that the pages of a mission of record are made from: the records of a log, as they stand there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from truceline.errors import ReportError
from truceline.records.kinds import (
    AgreedText,
    Appeal,
    Kind,
    Passage,
    PlanStep,
    Proposal,
    Signal,
    Source,
    Stance,
    Statement,
)  # fmt: skip
from truceline.records.parties import Actor, Party


@dataclass(frozen=True, slots=True)
class Fact:
    """One record of the log.

    Attributes:
        number: place on the log.
        id: the name by which records lead to each other; unique.
    """

    number: int
    id: str
    body: Kind


@dataclass(frozen=True, slots=True)
class Provision:
    """One article of the agreement that the mission adopted.

    Attributes:
        shape: as in the agreement folder: undefined, entry_into_force, declaration, ...
        missing: what was left to be agreed, for an undefined one.
        readings: the moments that its text allows, in words; more than one where it is not clear.
    """

    number: str
    title: str
    shape: str
    missing: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A town or district under its neutral id; `names` are (language tag, toponym)."""

    id: str
    kind: str
    names: tuple[tuple[str, str], ...]
    source: Source


@dataclass(frozen=True, slots=True)
class RecordView:
    """Everything that the pages may know.

    Attributes:
        facts: texts, statements, signals, appeals, stances, plan steps and passages, in the order of the log.
        agreement_id, provisions: of the agreement that the mission adopted; its text has the same id.
        computed: entries of any kind that can hold a watch, an observation, an incident or a finding.
        log_size: entries that the pages are made from.
    """

    mission: str
    parties: tuple[Party, ...]
    actors: tuple[Actor, ...]
    facts: tuple[Fact, ...]
    agreement_id: str
    provisions: tuple[Provision, ...]
    places: tuple[Place, ...]
    computed: int
    log_size: int
    version: str

    def check(self) -> None:
        """Refuse a view that would print a finding, a dead link or a fact without a source.

        Raises:
            ReportError: RPT-020 something observed or computed; RPT-021 a name that no record has, or two have;
                RPT-022 a fact without an address that a reader can open.
        """
        if self.computed:
            raise ReportError(
                "RPT-020", "a mission of record must hold no observation, incident or finding", where=self.mission,
                value=f"{self.computed} such entries", remedy="Use the daily report of an ordinary mission.",
            )  # fmt: skip
        known = {anchor(fact.id) for fact in self.facts}
        if len(known) != len(self.facts):
            raise ReportError(
                "RPT-021", "every record must have a name of its own", where=self.mission,
                value=f"{len(self.facts)} records, {len(known)} names", remedy="Rename one of the two.",
            )  # fmt: skip
        for fact in self.facts:
            for name in links_of(fact.body):
                if anchor(name) not in known:
                    raise ReportError(
                        "RPT-021", "a record must lead to a record that is there", where=fact.id, value=name,
                        remedy="Correct the name, or record what it names.",
                    )  # fmt: skip
            source = getattr(fact.body, "source", None)
            if source is not None and not re.fullmatch(r"https?://\S+", source.url):
                raise ReportError(
                    "RPT-022", "a fact must lead to a public page", where=fact.id, value=source.url,
                    remedy="Give the address of its source, http or https.",
                )  # fmt: skip


def anchor(name: str) -> str:
    """The id of a record on the page: letters, digits and hyphens."""
    return "r-" + re.sub(r"[^A-Za-z0-9]+", "-", name)


def links_of(body: Kind) -> tuple[str, ...]:
    """The records that a record names."""
    match body:
        case Statement():
            return (*body.reiterates, *body.rejects)
        case Signal():
            return (*body.readouts.values(), *((body.mirrors,) if body.mirrors else ()))
        case Stance():
            return (body.statement_id,)
        case PlanStep():
            return (*body.preconditions, *body.while_holds)
        case Passage():
            return body.carried_by
        case _:
            return ()


SHOWN = (AgreedText, Statement, Signal, Appeal, Proposal, Stance, PlanStep, Passage)
"""The kinds that the pages show."""
