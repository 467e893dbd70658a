"""What changed in a mission: alerts, hot spots, day and night, before and after a date. For the mission; sealed by day and sector."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pyarrow as pa

from truceline import coverage
from truceline.errors import UsageError
from truceline.mission.clock import iso
from truceline.mission.computing import detection_of, exposure_of, moment, newest_incidents
from truceline.mission.mission import Mission
from truceline.mission.views import Views
from truceline.records.codes import MISSION_KINDS

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True, eq=False)
class Trends:
    """Everything that a page of trends is made from. `day` of an alert counts from `daily.first`, an ordinal date."""

    mission: str
    exercise: bool
    daily: coverage.Daily
    alerts: tuple[coverage.Alert, ...]
    false_per_year: float
    hot_spots: pa.Table
    decision: str
    before_after: pa.Table | None
    totals: pa.Table
    unwatched: pa.Table
    silence: pa.Table
    silence_from: str
    silence_to: str


def trends(
    mission: Mission, *, decision: str = "", span: int = 14, false_per_year: float = coverage.FALSE_PER_YEAR
) -> Trends:
    """Trends of the newest incidents against coverage, up to the last local day and week that are over.

    Args:
        decision: YYYY-MM-DD, local; rates of `span` days from it on are held against those before it.
    Raises:
        UsageError: MIS-020, MIS-022; MIS-190 no watches, so nothing to hold counts against; MIS-191 a date that is none.
    """
    mission.refuse_record()
    fused = newest_incidents(mission)
    views = Views(mission)
    observations, watches = views.observed().observations, views.watches()
    exposed = exposure_of(mission, watches, observations, detection_of(mission))
    if exposed is None or mission.line is None or mission.sectors is None:
        raise UsageError(
            "MIS-190", "trends need watches, a line and sectors", where=str(mission.root),
            remedy="Counts without coverage tell more of the watchers than of the incidents: record who watched when.",
        )  # fmt: skip
    now = moment(mission, observations)
    series = coverage.daily(fused.table, exposed, until_ms=now)
    made, _ = coverage.alerts(
        series.sectors, series.count.sum(axis=2), series.notice, false_per_year=false_per_year
    )
    changed = None
    if decision:
        try:
            day = dt.date.fromisoformat(decision).toordinal()
        except ValueError as problem:
            raise UsageError(
                "MIS-191", "a decision's day must be a date", value=decision, remedy="Write it as YYYY-MM-DD."
            ) from problem
        changed = coverage.before_after(series, day, span=span)
    gaps = coverage.unwatched(
        watches, sectors=mission.sectors, line=mission.line, from_ms=exposed["hour_ms"][0].as_py(),
        to_ms=exposed["hour_ms"][-1].as_py() + 3_600_000,
    )  # fmt: skip
    return Trends(
        mission.genesis.name, mission.genesis.exercise, series, tuple(made), false_per_year, coverage.hot_spots(series), decision, changed,
        coverage.totals(fused.table, exposed, until_ms=now),
        coverage.unwatched_weeks(gaps, zone=str(mission.setting("reporting_zone")), until_ms=now),
        *silence_of(fused.table, observations, exposed, now),
    )  # fmt: skip


def silence_of(
    incidents: pa.Table, observations: pa.Table, exposed: pa.Table, now_ms: int
) -> tuple[pa.Table, str, str]:
    """What it means that a sector reported nothing in the seven days before the newest midnight of the exposure that is over."""
    last = min(exposed["hour_ms"][-1].as_py() + HOUR_MS, now_ms) // HOUR_MS * HOUR_MS
    first = last - 7 * 24 * HOUR_MS
    observed = {
        sector
        for sector, at, kinds in zip(
            *(incidents[n].to_pylist() for n in ("sector_id", "midpoint_ms", "source_kinds")), strict=True
        )
        if sector is not None and first <= at < last and MISSION_KINDS & set(kinds)
    }
    columns = ("source_kind", "stance", "area_id", "observed_from_ms", "observed_to_ms")
    quiet = {
        area
        for kind, stance, area, begin, end in zip(
            *(observations[n].to_pylist() for n in columns), strict=True
        )
        if stance == "quiet" and kind in MISSION_KINDS and area is not None and begin < last and end > first
    }
    table = coverage.silence(
        exposed, first, last, observed=tuple(sorted(observed)), quiet=tuple(sorted(quiet))
    )
    return table, iso(first), iso(last)
