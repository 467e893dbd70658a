"""Recompute everything that was computed, from the originals, and compare digests.

Who holds a key that opens the sealed payloads (mission, auditor) replays all: parse, fuse, assess, report. Who holds
none replays what is disclosed: the counts of the disclosed rows, and the figures marked `public`.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from truceline import report as reports
from truceline.errors import CheckFailed, ReplayError
from truceline.mission import computing
from truceline.mission.clock import from_iso
from truceline.mission.comparing import differences
from truceline.mission.mission import Mission, Recorded, result_digest
from truceline.mission.planning import rests_on_sealed, steps_of
from truceline.mission.publishing import view_of
from truceline.mission.recording import record_figures, record_view
from truceline.mission.referring import check_references
from truceline.mission.roster import check_assignments, check_decisions
from truceline.mission.shredded import Shredded
from truceline.mission.verifying import verify
from truceline.mission.views import Views
from truceline.records.canonical import digest
from truceline.records.kinds import Findings, Incidents, Report
from truceline.report.record import render_record

NAMED_BY = {"incidents": "incident_id", "findings": "finding_id"}


@dataclass(slots=True)
class Replay:
    """What was compared; `difference` names the first thing that differs, `tolerated` what only rounding moved."""

    clearance: str
    identical: bool = True
    difference: str = ""
    compared: list[str] = field(default_factory=list)
    tolerated: list[str] = field(default_factory=list)
    not_compared: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def replay(mission: Mission, say: Callable[[str], None] = lambda step: None) -> Replay:
    """Verify the log, then recompute at the clearance of the keys at hand; the first thing that is wrong is the difference.

    Raises:
        EvidenceError: EVI-011, the key at hand opens nothing here. EnvironmentFailure: ENV-001, ENV-003.
    """
    record_only = bool(mission.setting("record_only"))  # nothing in it is sealed, so anyone replays all of it
    made = Replay("auditor" if mission.vault.can_open and not record_only else "public")
    try:
        say("log")
        verify(mission.root, disclosed_only=not mission.vault.can_open)
        made.compared.append(f"log of {mission.log.size} entries")
        check_references(mission)
        decided = check_decisions(mission)
        if decided:
            made.compared.append(f"quorum of {decided} decisions")
        (_record if record_only else _whole if mission.vault.can_open else _public)(mission, made, say)
    except CheckFailed as problem:
        if problem.code == "EVI-011":
            raise
        made.identical, made.difference = False, str(problem)
    return made


def replay_folder(
    root: Path, keys: Path | None = None, say: Callable[[str], None] = lambda step: None
) -> Replay:
    """Replay a folder, even one whose log was altered so much that it cannot be opened.

    Raises:
        as `replay`; UsageError: MIS-002, MIS-003, MIS-006, MIS-007.
    """
    try:
        mission = Mission.open(root, keys)
    except CheckFailed as problem:
        return Replay("none", identical=False, difference=str(problem))
    return replay(mission, say)


def _whole(mission: Mission, made: Replay, say: Callable[[str], None]) -> None:
    shredded = Shredded(mission)
    with tempfile.TemporaryDirectory(prefix="truceline-replay-") as name:
        folder = Path(name)
        tables: dict[str, tuple[pa.Table, pa.Table]] = {}
        closed: set[str] = set()
        for entry, body in mission.of(Incidents):
            since = shredded.since(body.inputs)
            if since is not None:
                closed.add(entry.id)
                made.not_compared.append(
                    f"association and probabilities of entry {entry.index}: evidence was shredded by entry {since}"
                )
                continue
            say(f"incidents of entry {entry.index}")
            incidents = computing.recompute_incidents(mission, body, folder)
            stands = _stands(mission, made, entry, "incidents", incidents, body.result)
            shown = computing.disclosed_digest(mission, stands, body)
            _same(entry, "disclosed rows", shown, body.disclosed)
            tables[entry.id] = stands, Views(mission, folder, body.inputs).observed().observations
            made.compared.append(f"{incidents.num_rows} incidents of entry {entry.index}")
        found: dict[str, tuple[pa.Table, pa.Table]] = {}
        for entry, assessed in mission.of(Findings):
            if assessed.incidents in closed:
                made.not_compared.append(f"findings of entry {entry.index}: they rest on shredded evidence")
                continue
            say(f"findings of entry {entry.index}")
            incidents, observations = tables[assessed.incidents]
            findings = computing.recompute_findings(mission, entry, incidents, observations, folder)
            findings = _stands(mission, made, entry, "findings", findings, assessed.result)
            found[entry.id] = incidents, findings
            made.compared.append(f"{findings.num_rows} findings of entry {entry.index}")
        assignments = check_assignments(mission)
        if assignments:
            made.compared.append(f"consent to {assignments} assignments")
        for entry, report in mission.of(Report):
            if report.findings not in found:
                continue
            say(f"figures of {report.date}")
            incidents, findings = found[report.findings]
            figures = _figures(mission, report, incidents, findings, folder)
            _same_figures(mission, entry, report, figures)
            made.compared.append(f"{len(figures['figures'])} figures of the report of {report.date}")
        if closed:
            _public(mission, made, say, closed)


def _stands(
    mission: Mission, made: Replay, entry: Recorded, what: str, again: pa.Table, result: str
) -> pa.Table:
    """The logged table: `again` itself where it hashes to the result, else the view if all differences are rounding."""
    rows = again.to_pylist()
    seen = result_digest(rows)
    if seen == result:
        return again
    logged = computing.stored(mission, what, entry, result)
    if logged is None:
        raise _difference(entry, f"digest of the {what}", seen, result)
    found = list(differences(rows, logged.to_pylist(), NAMED_BY[what]))
    beyond = next((one for one in found if not one.within), None)
    if beyond is not None:
        raise _difference(entry, f"{what}, {beyond.where}", beyond.again, beyond.logged)
    if not found:
        raise _difference(entry, f"digest of the {what}", seen, result)
    made.tolerated.append(f"{len(found)} values of the {what} of entry {entry.index}")
    return logged


def _record(mission: Mission, made: Replay, say: Callable[[str], None]) -> None:
    """The pages of a mission of record, again from what the log held, byte for byte."""
    for entry, report in mission.of(Report):
        say(f"pages of entry {entry.index}")
        view = record_view(mission, report.checkpoint_size)
        again = {
            name: hashlib.sha256(text.encode()).hexdigest() for name, text in render_record(view).items()
        }
        for name in sorted(again.keys() | report.files.keys()):
            _same(
                entry,
                f"digest of {name}",
                again.get(name, "no such page"),
                report.files.get(name, "no such page"),
            )
            made.compared.append(f"{name} of entry {entry.index}")
        _same_figures(mission, entry, report, record_figures(view))
        made.compared.append(f"counts of entry {entry.index}")


def _figures(
    mission: Mission, report: Report, incidents: pa.Table, findings: pa.Table, folder: Path
) -> dict[str, Any]:
    views = Views(mission, folder, report.checkpoint_size)
    observations = views.observed().observations
    view = view_of(
        mission, report.date, observations=observations, incidents=incidents, findings=findings,
        exposure=computing.exposure_of(mission, views.watches(), observations), as_of_ms=from_iso(report.as_of),
        before=report.checkpoint_size, checkpoint="", watches=views.watches(),
    )  # fmt: skip
    return reports.figures(view)


def _same_figures(mission: Mission, entry: Recorded, report: Report, figures: dict[str, Any]) -> None:
    if digest(figures) == report.figures:
        return
    logged = json.loads(mission.blobs.read(report.figures))
    for name, value in sorted(logged["figures"].items()):
        again = figures["figures"].get(name)
        if again != value:
            raise _difference(entry, f"figure {name}", again, value)
    raise _difference(entry, "figures", digest(figures), report.figures)


def _public(
    mission: Mission, made: Replay, say: Callable[[str], None], only: Collection[str] | None = None
) -> None:
    """Without a key: the disclosed rows must say what the entries and the public figures say.

    `only`: ids of the incidents entries that cannot be recomputed otherwise; all when None.
    """
    shown: dict[str, list[dict[str, Any]]] = {}
    for entry, body in mission.of(Incidents):
        if only is not None and entry.id not in only:
            continue
        say(f"disclosed rows of entry {entry.index}")
        shown[entry.id] = computing.read_shown(mission, body)
        if len(shown[entry.id]) != body.incidents:
            raise _difference(entry, "number of disclosed incidents", len(shown[entry.id]), body.incidents)
        made.compared.append(f"{body.incidents} disclosed incidents of entry {entry.index}")
        if only is None:
            made.not_compared.append(f"association and probabilities of entry {entry.index}: auditor")
    findings = {entry.id: body for entry, body in mission.of(Findings)}
    for entry, report in mission.of(Report):
        if findings[report.findings].incidents not in shown:
            continue
        say(f"public figures of {report.date}")
        again = _public_figures(mission, report, shown[findings[report.findings].incidents])
        logged = json.loads(mission.blobs.read(report.figures))
        called = {name: one for name, one in logged["figures"].items() if one["recompute_by"] == "public"}
        for name in sorted(called.keys() | again.keys()):
            if called.get(name) != again.get(name):
                raise _difference(entry, f"figure {name}", again.get(name), called.get(name))
        made.compared.append(f"{len(again)} public figures of the report of {report.date}")
        rest = len(logged["figures"]) - len(again)
        who = "auditor" if only is None else "they rest on shredded evidence"
        made.not_compared.append(f"{rest} other figures of the report of {report.date}: {who}")


def _public_figures(
    mission: Mission, report: Report, rows: list[dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """From the disclosed rows, the public geometry and the settings."""
    cutoff, zone = (str(mission.setting(f"reporting_{name}")) for name in ("cutoff", "zone"))
    began = reports.reporting_date(from_iso(mission.entry(0).at), cutoff, zone)
    first = min([began, *(row["reporting_day"] for row in rows)])
    days = (report.date, reports.day_before(report.date))
    now, before = ([row for row in rows if row["reporting_day"] == day] for day in days)
    spans = [to_ms - from_ms for from_ms, to_ms in (reports.reporting_day(day, cutoff, zone) for day in days)]
    size = report.checkpoint_size
    starts, ends = reports.reporting_day(report.date, cutoff, zone)
    return reports.public_figures(
        now, before if reports.compared(report.date, first) else None,
        sectors=len(mission.sectors.ids) if mission.sectors else 0, spans_ms=(spans[0], spans[1]),
        plan=None if rests_on_sealed(mission, size) else steps_of(mission, ends - 1, size),
        plan_before=None if rests_on_sealed(mission, size) else steps_of(mission, starts - 1, size),
    )  # fmt: skip


def _same(entry: Recorded, what: str, again: str, logged: str) -> None:
    if again != logged:
        raise _difference(entry, f"digest of the {what}", again, logged)


def _difference(entry: Recorded, what: str, again: object, logged: object) -> ReplayError:
    return ReplayError(
        "RPL-010", f"{what} must come out as logged ({logged!r})", where=f"entry {entry.index}", value=again,
        remedy="The entry was made by another version, or somebody published what was not computed.",
    )  # fmt: skip
