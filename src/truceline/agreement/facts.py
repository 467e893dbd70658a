"""A fact about what a party was to do: one line of a case, or of a mission's book of duties."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt

from truceline.agreement.conditions import FactKind
from truceline.agreement.fields import Act, Count, Id, Model, Moment, Weapon


class Fact(Model):
    """What was done, reported, counted or watched.

    `at` is when it happened, `until` where it lasted; `known` is when the mission learned of it (`at` where absent).
    A sighting may give weapon, calibre and distance from the party's own line instead of a subject.
    `source` says whose word it is: only the mission's own verifies. A denial says that it did not happen.
    """

    kind: FactKind
    at: Moment
    until: Moment | None = None
    known: Moment | None = None
    subject: Annotated[str, Field(max_length=400)] = ""
    by: Id | None = None
    to: Id | None = None
    acts: tuple[Act, ...] = ()
    count: Count | None = None
    weapon: Weapon | None = None
    calibre_um: Annotated[StrictInt, Field(ge=1, le=10_000_000)] | None = None
    distance_m: Annotated[StrictInt, Field(ge=0, le=1_000_000)] | None = None
    source: Literal["mission", "party", "other"] = "mission"
    stance: Literal["report", "denial"] = "report"
    note: Annotated[str, Field(max_length=400)] = ""
