"""The report of one reporting day: a frozen view of the mission, files made from it, digests on the log."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

import truceline
from truceline import agreement as agreements
from truceline import coverage
from truceline import report as reports
from truceline.log.files import write_durably
from truceline.mission import facts
from truceline.mission.clock import from_iso, iso
from truceline.mission.computing import (
    exposure_of,
    moment,
    newest_findings,
    newest_incidents,
    watched_by_consent,
)
from truceline.mission.mechanism import publishes_sides
from truceline.mission.mission import Mission, Recorded, alone
from truceline.mission.planning import rests_on_sealed, steps_of
from truceline.mission.views import Views
from truceline.records.canonical import canonical
from truceline.records.kinds import (
    AgreementVersion,
    Correction,
    Import,
    Notice,
    Reply,
    Report,
    Review,
)  # fmt: skip
from truceline.store import write_table

HOUR_MS = 3_600_000
NO_AGREEMENT = "none adopted; this report states facts and makes no finding"


@dataclass(frozen=True, slots=True)
class Published:
    """The files of a report by format, and its entry."""

    files: dict[str, Path]
    entry: Recorded
    figures: dict[str, Any]


@alone
def publish(
    mission: Mission, date: str, formats: Sequence[str], *, at: str | None = None, as_of_ms: int | None = None
) -> Published:
    """Write the report of the day that the cut-off on `date` closes, and log the digest of its figures.

    Args:
        date: YYYY-MM-DD, local; a day that is over and not before the mission.
        formats: of `report.FORMATS`.
    Raises:
        UsageError: MIS-020 a mission of record; MIS-022, MIS-024. ReportError: RPT.
    """
    mission.refuse_record()
    findings = newest_findings(mission)
    views = Views(mission)
    observations = views.observed().observations
    as_of = moment(mission, observations) if as_of_ms is None else as_of_ms
    exposure = exposure_of(mission, views.watches(), observations)
    view = view_of(
        mission, date, observations=observations, incidents=newest_incidents(mission).table,
        findings=findings.table, exposure=exposure, as_of_ms=as_of, watches=views.watches(), before=mission.log.size,
        checkpoint=mission.log.checkpoint.decode(),
    )  # fmt: skip
    figures = reports.figures(view)
    digest = mission.blobs.put(canonical(figures))
    with tempfile.TemporaryDirectory(prefix="truceline-") as name:
        files = reports.write(view, Path(name), tuple(formats))
        kept = {path.name: mission.blobs.put(path) for path in sorted(Path(name).iterdir())}
    body = Report(
        date=date, findings=findings.entry.id, figures=digest, files=kept, checkpoint_size=view.log_size,
        as_of=iso(as_of),
    )  # fmt: skip
    if exposure is not None:
        write_table(mission.root / "views" / "exposure.parquet", exposure)
    entry = mission.record(body, "operator", at)
    laid = lay_out(mission, body)
    return Published({one: laid[path.name] for one, path in files.items()}, entry, figures)


def lay_out(mission: Mission, report: Report) -> dict[str, Path]:
    """Put the files of a report that is on the log where people look for them: `reports/<date>/`, by name."""
    folder = mission.root / "reports" / report.date
    for name, stored in report.files.items():
        write_durably(folder / name, mission.blobs.read(stored))
    return {name: folder / name for name in report.files}


def _reasons(mission: Mission, watches: pa.Table, weekly: pa.Table, told_ms: int) -> pa.Table | None:
    """Why hours of whole weeks that are over went unwatched, by sector and week."""
    if mission.line is None or mission.sectors is None:
        return None
    hours = weekly["hour_ms"]
    gaps = coverage.unwatched(
        watches, sectors=mission.sectors, line=mission.line, from_ms=hours[0].as_py(), to_ms=hours[-1].as_py() + HOUR_MS,
    )  # fmt: skip
    return coverage.unwatched_weeks(gaps, zone=str(mission.setting("reporting_zone")), until_ms=told_ms)


def view_of(
    mission: Mission, date: str, *, observations: pa.Table, incidents: pa.Table, findings: pa.Table,
    exposure: pa.Table | None, as_of_ms: int, before: int, checkpoint: str, watches: pa.Table | None = None,
) -> reports.View:  # fmt: skip
    """What the log said before the entry `before`, as one report may know it.

    Args:
        watches: from which it is told why hours went unwatched, and which of them had consent.
    """
    genesis, zone = mission.genesis, str(mission.setting("reporting_zone"))
    cutoff = str(mission.setting("reporting_cutoff"))
    day_from, day_to = reports.reporting_day(date, cutoff, zone)
    previous_from = reports.reporting_day(reports.day_before(date), cutoff, zone)[0]
    delay = int(mission.setting("disclosure_delay_ms", before))
    told = min(day_to, as_of_ms - delay)  # gaps in coverage wait as places do
    weekly = None if exposure is None else _from_first_week(exposure, zone)
    version = next((body for _, body in reversed(mission.of(AgreementVersion, before))), None)
    agreement = None if version is None else agreements.unpack(mission.blobs.read(version.blob))
    seen = (
        None
        if agreement is None
        else facts.facts_of(
            mission,
            agreement,
            before=before,
            incidents=incidents,
            exposure=lambda: (
                exposure if watches is None else watched_by_consent(mission, watches, observations, before)
            ),
        )
    )
    known = set(incidents["incident_id"].to_pylist())
    return reports.View(
        mission=genesis.name, exercise=genesis.exercise, date=date, day_from_ms=day_from, day_to_ms=day_to,
        previous_from_ms=previous_from, previous_to_ms=day_from, zone=zone, parties=genesis.parties,
        alignments=genesis.alignments, actors=genesis.actors, observations=observations, incidents=incidents,
        findings=findings.filter(pa.array([one in known for one in findings["incident_id"].to_pylist()], pa.bool_())),
        coverage=reports.COVERAGE.empty_table() if weekly is None else coverage.summary(weekly, zone=zone).cast(reports.COVERAGE),
        geometry=mission.geometry, agreement_title=NO_AGREEMENT if version is None else version.title, checkpoint=checkpoint, log_size=before,
        version=truceline.__version__,
        unwatched=None if weekly is None or watches is None else _reasons(mission, watches, weekly, told),
        could_not_see=() if weekly is None else coverage.could_not_see(weekly, told - HOUR_MS, told),
        articles=tuple(
            reports.Article(one.key, one.title, one.restatement, one.source.url if one.source else "") for one in (agreement.articles if agreement else ())
        ),
        plan=steps_of(mission, day_to - 1, before, seen), plan_before=steps_of(mission, day_from - 1, before, seen),
        owed=() if agreement is None or seen is None else _owed(agreement, seen, told),
        plan_sealed=rests_on_sealed(mission, before),
        notices=_until(mission, Notice, day_to, before),
        replies=_until(mission, Reply, as_of_ms, before), corrections=_until(mission, Correction, as_of_ms, before),
        reviews=_until(mission, Review, as_of_ms, before),
        rejected=tuple(body for one, body in mission.of(Import, before)),
        exposure=exposure, publish_sides=publishes_sides(mission, day_to - 1, before), as_of_ms=as_of_ms,
        delay_ms=delay, first_date=first_date(mission, incidents["midpoint_ms"].to_pylist()),
    )  # fmt: skip


def _owed(agreement: agreements.Agreement, seen: agreements.Facts, at_ms: int) -> tuple[reports.Owed, ...]:
    """Obligations at the end of the delay, counted by state; what set them going is not told."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for duty in agreements.duties(agreement, seen, as_of_ms=at_ms):
        found.setdefault((duty.article, duty.owner), Counter())[duty.state] += 1
    titles = {one.key: one.title for one in agreement.articles}
    return tuple(
        reports.Owed(key, titles[key], owner, tuple(sorted(states.items())))
        for (key, owner), states in found.items()
    )


def _from_first_week(exposure: pa.Table, zone: str) -> pa.Table:
    """Without a first week of which the mission saw less than a day: nought of one hour is no share of a week."""
    if not exposure.num_rows:
        return exposure
    first = pc.min(exposure["hour_ms"]).as_py()
    ends = reports.week_end_ms(reports.week_of(first, zone), zone)
    if ends - first >= 24 * HOUR_MS:
        return exposure
    return exposure.filter(pc.greater_equal(exposure["hour_ms"], ends))


def first_date(mission: Mission, at_ms: Iterable[int]) -> str:
    """The mission's first reporting day: that of its genesis, or of its oldest incident where that is older."""
    oldest = min([from_iso(mission.entry(0).at), *at_ms])
    return reports.reporting_date(
        oldest, str(mission.setting("reporting_cutoff")), str(mission.setting("reporting_zone"))
    )


def _until(mission: Mission, kind: Any, to_ms: int, before: int) -> tuple[Any, ...]:
    return tuple(body for one, body in mission.of(kind, before) if from_iso(one.at) < to_ms)
