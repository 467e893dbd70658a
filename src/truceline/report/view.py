"""The frozen view that a report is made from: everything it may know, and no way to ask for more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from truceline.errors import ReportError
from truceline.records.kinds import Correction, Import, Notice, PlanStep, Reply, Review
from truceline.records.parties import Actor, Alignment, Party
from truceline.report.days import day_named, local, zone_named

COVERAGE: Final = pa.schema(
    [
        ("sector_id", pa.string()),
        ("week", pa.string()),  # ISO week, e.g. 2031-W12
        ("hours_total_e1", pa.int64()),  # tenths of an hour
        ("hours_watched_e1", pa.int64()),
        ("night_total_e1", pa.int64()),
        ("night_watched_e1", pa.int64()),
        ("access_denied", pa.int64()),
    ]
)
"""Coverage per sector and week, as `coverage.summary` gives it. Weeks not over at the cut-off are never printed."""

DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Article:
    """One article of the agreement, restated by us (not authoritative)."""

    number: str
    title: str
    restatement: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Owed:
    """How the obligations of one article stand for one who owes them: state -> how many. No place, time or count of forces."""

    article: str
    title: str
    owner: str  # alignment or party; "" where the text names nobody
    states: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class View:
    """What one report is made from. Times are ms UTC; periods are half-open and the previous one ends at the day's start.

    `observations` and `incidents` may carry sealed columns; nothing sealed passes `report.disclosed`.
    """

    mission: str
    exercise: bool
    date: str  # the local date of the cut-off that closes the day
    day_from_ms: int
    day_to_ms: int
    previous_from_ms: int
    previous_to_ms: int
    zone: str
    parties: tuple[Party, ...]
    alignments: tuple[Alignment, ...]
    observations: pa.Table
    incidents: pa.Table
    findings: pa.Table
    coverage: pa.Table
    geometry: dict[str, Any]  # one FeatureCollection in degrees
    agreement_title: str
    checkpoint: str  # the signed note, as text
    log_size: int
    version: str
    could_not_see: tuple[str, ...] = ()
    articles: tuple[Article, ...] = ()
    plan: tuple[PlanStep, ...] = ()  # every step with the state computed at the end of the day
    plan_sealed: bool = False  # the plan waits for what only holders of a key can see
    plan_before: tuple[PlanStep, ...] = ()  # the same at its start
    owed: tuple[Owed, ...] = ()  # as known when the delay had run out
    notices: tuple[Notice, ...] = ()
    replies: tuple[Reply, ...] = ()
    corrections: tuple[Correction, ...] = ()
    reviews: tuple[Review, ...] = ()
    rejected: tuple[Import, ...] = ()  # every import of the period; rejected rows are counted from them
    exposure: pa.Table | None = None  # columns sector_id, hour_ms, source_kind, watched_e4
    publish_sides: bool = False  # the mandate's setting (R12)
    as_of_ms: int | None = None  # when it is published; None means after the delay has run out
    unwatched: pa.Table | None = None  # coverage.REASONS: why hours of a sector and week went unwatched
    delay_ms: int = DAY_MS  # places younger than this are withheld
    actors: tuple[Actor, ...] = ()
    first_date: str = ""  # the mission's first reporting day; no day is compared with one before it

    def check(self) -> None:
        """Refuse a view that cannot be reported.

        Raises:
            ReportError: RPT-001 the date, RPT-002 the periods, RPT-003 exercise and real rows mixed,
                RPT-004 the zone, RPT-005 a finding about an absent incident, RPT-006 no reporting sector,
                RPT-011 a day that is not over, RPT-012 a day before the mission.
        """
        day_named(self.date)
        if not self.previous_from_ms < self.previous_to_ms == self.day_from_ms < self.day_to_ms:
            raise ReportError(
                "RPT-002", "the previous period must end where the day starts", where="day_from_ms",
                value=(self.previous_from_ms, self.previous_to_ms, self.day_from_ms, self.day_to_ms),
                remedy="Take both from report.days.reporting_day.",
            )  # fmt: skip
        for name, table in (("incidents", self.incidents), ("findings", self.findings)):
            if any(flag is not self.exercise for flag in table["exercise"].to_pylist()):
                raise ReportError(
                    "RPT-003", "every row must carry the mission's exercise mark", where=name,
                    remedy="Never mix simulated and real rows in one mission.",
                )  # fmt: skip
        zone_named(self.zone)
        self._check_span()
        known = set(self.incidents["incident_id"].to_pylist())
        absent = sorted(set(self.findings["incident_id"].to_pylist()) - known)
        if absent:
            raise ReportError(
                "RPT-005", "a finding must be about an incident of the view", where="findings",
                value=absent[0], remedy="Assess the same incidents that the view holds.",
            )  # fmt: skip
        if not any(f["properties"].get("role") == "sector" for f in self.geometry.get("features", ())):
            raise ReportError(
                "RPT-006", "the geometry must hold at least one reporting sector", where="geometry",
                remedy="Add a feature with role sector and an id.",
            )  # fmt: skip

    def _check_span(self) -> None:
        if self.date < self.first_date:
            raise ReportError(
                "RPT-012", "the day must not lie before the mission", where="date", value=self.date,
                remedy=f"The first reporting day is {self.first_date}.",
            )  # fmt: skip
        if self.as_of_ms is not None and self.as_of_ms < self.day_to_ms:
            ends = local(self.day_to_ms, self.zone)
            raise ReportError(
                "RPT-011", "the day must be over", where="date", value=self.date,
                remedy=f"Its cut-off is at {ends:%H:%M} on {ends:%Y-%m-%d}, {self.zone}; choose an earlier day.",
            )  # fmt: skip
