"""Fuse and assess: pure functions over what the log held at one size, and the digests of their results on the log."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from truceline import agreement as agreements
from truceline import coverage, fusion
from truceline.errors import ReplayError, UsageError
from truceline.mission import facts, roster
from truceline.mission.clock import from_iso, iso
from truceline.mission.grouping import constraints_of
from truceline.mission.mission import Mission, Recorded, alone, result_digest
from truceline.mission.naming import named_by, renamed
from truceline.mission.shredded import Shredded
from truceline.mission.views import Observed, Views
from truceline.records.canonical import canonical
from truceline.records.columns import FINDINGS
from truceline.records.kinds import (
    AgreementVersion,
    Commitments,
    Decision,
    Disclosure,
    Findings,
    Import,
    Incidents,
    Parameters,
    Review,
    Withdrawal,
)  # fmt: skip
from truceline.report import disclosed_incidents, reporting_date
from truceline.store import read_metadata, read_table, write_table

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Computed:
    """A result and the entry that vouches for it."""

    entry: Recorded
    table: pa.Table
    aside: int = 0  # observations that were not of this mission's kind (real or simulated)
    decided: pa.Table | None = None  # incidents that were reviewed or decided on and are not what they were


@alone
def fuse(mission: Mission, *, at: str | None = None, as_of_ms: int | None = None) -> Computed:
    """Put the standing observations together into incidents and log the digest of the result.

    Raises:
        UsageError: MIS-020, a mission of record; MIS-021, nothing to fuse.
    """
    mission.refuse_record()
    parameters = _parameters(mission, at)
    inputs, views = mission.log.size, Views(mission)
    observed = views.observed()
    _refuse_nothing(mission, observed)
    made = fused_of(mission, observed, views.watches(), parameters.body, inputs)
    incidents = made.incidents.combine_chunks()
    decided = _decided_changed(mission, incidents, made.membership)
    as_of = moment(mission, observed.observations) if as_of_ms is None else as_of_ms
    rows = incidents.to_pylist()
    shown = _shown(mission, incidents, as_of, inputs)
    body = Incidents(
        inputs=inputs, as_of=iso(as_of), parameters=parameters.id, method=fusion.METHOD,
        observations=observed.observations.num_rows, incidents=incidents.num_rows, result=result_digest(rows),
        disclosed=mission.blobs.put(shown),
    )  # fmt: skip
    entry = mission.record(body, "operator", at)
    opened = Disclosure(entry.id, body.disclosed, shown.count(b"\n"), body.disclosed)
    mission.record(opened, "intake", at)
    write_table(_view(mission, "incidents"), incidents, {"entry": entry.id})
    return Computed(entry, incidents, observed.aside, decided)


def _decided_changed(mission: Mission, incidents: pa.Table, membership: pa.Table) -> pa.Table | None:
    """Incidents that are not what they were when somebody last reviewed or decided on them (`fusion.changes`).

    None where nobody has, or where what they were rests on evidence that was shredded since.
    """
    done = mission.of(Incidents)
    acts = [(one.index, body.finding_id) for one, body in mission.of(Review)]
    acts += [(one.index, body.about) for one, body in mission.of(Decision)]
    rests: dict[str, int] = {}  # incident -> place in `done` of what the newest word on it rests on
    for index, name in sorted(acts):
        place = sum(one.index < index for one, _ in done) - 1
        if place >= 0:
            rests |= dict.fromkeys((name, name.rpartition("/")[0]), place)
    found = []
    for place in sorted(set(rests.values())):
        before = _as_it_was(mission, *done[place])
        if before is not None:
            only = [name for name, at in rests.items() if at == place]
            found.append(fusion.changes(before, incidents, membership, only=only, name=named_by(mission)))
    return pa.concat_tables(found) if found else None


def _as_it_was(mission: Mission, entry: Recorded, body: Incidents) -> pa.Table | None:
    """The incidents of an entry that somebody's word rests on, kept beside the newest from then on."""
    kept = f"incidents-{entry.index:08d}"
    table = stored(mission, kept, entry, body.result)
    if table is not None:
        return table
    table = stored(mission, "incidents", entry, body.result)
    if table is None:
        if Shredded(mission).since(body.inputs) is not None:
            return None
        with tempfile.TemporaryDirectory(prefix="truceline-") as folder:
            table = recompute_incidents(mission, body, Path(folder))
    write_table(_view(mission, kept), table, {"entry": entry.id})
    return table


@alone
def learn(mission: Mission, audits: Mapping[str, bool] | None = None, *, at: str | None = None) -> Recorded:
    """Learn fusion's parameters from the standing observations, and weights from audits; the set goes on the log.

    Where somebody watched, how likely each kind of source notices is learned too, and goes before it.

    The next `fuse` takes it. Incidents that stand keep the set that they name.

    Args:
        audits: obs_id -> whether what it reports happened, from a random sample of incidents.
    Raises:
        UsageError: MIS-020, a mission of record; MIS-021, nothing to learn from.
    """
    mission.refuse_record()
    views = Views(mission)
    observed = views.observed()
    _refuse_nothing(mission, observed)
    learned = fusion.learn(
        observed.observations, exposure_of(mission, views.watches(), observed.observations), line=mission.line,
        sectors=mission.sectors, alignments=mission.genesis.alignments, audits=audits,
    )  # fmt: skip
    body, watches = Parameters(fusion.METHOD, fusion.VERSION, learned.as_dict()), views.watches()
    if watches.num_rows and mission.sectors is not None and mission.line is not None:
        incidents = incidents_of(mission, observed, watches, body)
        detection = _detection(mission, incidents, observed.observations, watches)
        mission.record(Parameters(coverage.METHOD, coverage.VERSION, detection.as_dict()), "operator", at)
    return mission.record(body, "operator", at)


def detection_of(mission: Mission, before: int | None = None) -> coverage.Detection:
    """How likely each kind of source notices: the newest set that was learned, or the prior."""
    for _, body in reversed(mission.of(Parameters, before)):
        if (body.method, body.version) == (coverage.METHOD, coverage.VERSION):
            return coverage.Detection.from_dict(body.values)
    return coverage.DEFAULTS


def _detection(
    mission: Mission, incidents: pa.Table, observations: pa.Table, watches: pa.Table
) -> coverage.Detection:
    """Curves from who noticed what others reported, tempered by what outsiders reported."""
    learned = coverage.learn(coverage.trials(incidents, observations, watches))
    exposed = exposure_of(mission, watches, observations, learned)
    return learned if exposed is None else coverage.temper(learned, incidents, exposed)


def incidents_of(
    mission: Mission, observed: Observed, watches: pa.Table, parameters: Any, before: int | None = None
) -> pa.Table:
    """The incidents of one state of the log; pure in its arguments, the genesis and what officers grouped `before` an entry."""
    return fused_of(mission, observed, watches, parameters, before).incidents.combine_chunks()


def fused_of(
    mission: Mission, observed: Observed, watches: pa.Table, parameters: Any, before: int | None = None
) -> fusion.Fused:
    """The same with the membership of each observation."""
    made = fusion.fuse(
        observed.observations, origin=observed.origin, parameters=fusion.Parameters.from_dict(parameters.values),
        line=mission.line, sectors=mission.sectors, alignments=mission.genesis.alignments,
        exposure=exposure_of(mission, watches, observed.observations), constraints=constraints_of(mission, before),
    )  # fmt: skip
    return renamed(made, named_by(mission))


def moment(mission: Mission, observations: pa.Table) -> int:
    """Now, for what is computed: an exercise's clock has also reached the newest of its observations."""
    now = mission.clock_ms()
    if not mission.genesis.exercise or not observations.num_rows:
        return now
    return max(now, int(pc.max(observations.column("observed_to_ms")).as_py()) + 1)


def exposure_of(
    mission: Mission, watches: pa.Table, observations: pa.Table, detection: coverage.Detection | None = None
) -> pa.Table | None:
    """Who could have seen what, by sector and hour, over the span of watches and observations; None without watches."""
    if not watches.num_rows or mission.sectors is None or mission.line is None:
        return None
    starts = [pc.min(watches.column("from_ms")).as_py()]
    ends = [pc.max(watches.column("to_ms")).as_py()]
    if observations.num_rows:
        starts.append(pc.min(observations.column("observed_from_ms")).as_py())
        ends.append(pc.max(observations.column("observed_to_ms")).as_py())
    return coverage.exposure(
        watches, sectors=mission.sectors, line=mission.line, from_ms=min(starts) // HOUR_MS * HOUR_MS,
        to_ms=-(-max(ends) // HOUR_MS) * HOUR_MS, zone=str(mission.setting("reporting_zone")),
        detection=detection,
    )  # fmt: skip


@alone
def assess(mission: Mission, *, at: str | None = None, as_of_ms: int | None = None) -> Computed:
    """Hold the newest incidents against the active agreement and log the digest of the findings.

    Without an agreement there is nothing to hold them against: the entry says so, and a report then states facts only.

    Raises:
        UsageError: MIS-020, MIS-022 no incidents yet.
    """
    mission.refuse_record()
    fused = newest_incidents(mission)
    version = next(reversed(mission.of(AgreementVersion)), None)
    observed = Views(mission).observed() if fused.entry.body.inputs == mission.log.size else None  # type: ignore[attr-defined]
    observations = observed.observations if observed else _observed_then(mission, fused.entry)
    as_of = moment(mission, observations) if as_of_ms is None else as_of_ms
    findings = FINDINGS.empty_table()
    if version is not None:
        known = facts_then(mission, version[1], fused.entry, fused.table, observations, mission.log.size)
        findings = findings_of(mission, fused.table, observations, version, as_of, known)
    body = Findings(
        incidents=fused.entry.id, agreement="" if version is None else version[0].id, as_of=iso(as_of), findings=findings.num_rows,
        result=result_digest(findings.to_pylist()),
    )  # fmt: skip
    entry = mission.record(body, "operator", at)
    write_table(_view(mission, "findings"), findings, {"entry": entry.id})
    return Computed(entry, findings)


def findings_of(
    mission: Mission, incidents: pa.Table, observations: pa.Table,
    version: tuple[Recorded, AgreementVersion], as_of_ms: int, known: agreements.Facts | None = None,
) -> pa.Table:  # fmt: skip
    """The findings of one agreement version over one set of incidents; pure in its arguments and the genesis.

    `known`: the facts that conditions wait for (`facts_then`); without them what waits is undetermined.
    """
    agreement = agreements.unpack(mission.blobs.read(version[1].blob))
    return agreements.assess(
        incidents, observations, agreement, as_of_ms=as_of_ms, line=mission.line, sectors=mission.sectors,
        alignments=mission.genesis.alignments, facts=known,
    ).combine_chunks()  # fmt: skip


def facts_then(
    mission: Mission, version: AgreementVersion | agreements.Agreement, fused: Recorded, incidents: pa.Table,
    observations: pa.Table, before: int, folder: Path | None = None,
) -> agreements.Facts:  # fmt: skip
    """What the log held before the entry `before` of everything that the agreement's conditions and duties look at.

    Args:
        fused: the entry of the incidents; coverage is that of the same moment.
        folder: for views that are made again from the originals.
    """
    assert isinstance(fused.body, Incidents)
    inputs = fused.body.inputs
    agreement = version if isinstance(version, agreements.Agreement) else agreements.unpack(mission.blobs.read(version.blob))  # fmt: skip

    def exposed() -> pa.Table | None:
        with tempfile.TemporaryDirectory(prefix="truceline-") as aside:
            place = folder or (None if inputs == mission.log.size else Path(aside))
            return watched_by_consent(mission, Views(mission, place, inputs).watches(), observations, before)

    return facts.facts_of(mission, agreement, before=before, incidents=incidents, exposure=exposed)


def watched_by_consent(
    mission: Mission, watches: pa.Table, observations: pa.Table, before: int
) -> pa.Table | None:
    """Coverage by those who were assigned with the consent of all, which alone verifies a quiet (R9)."""
    stands = [not why for why in roster.unconsented(mission, watches, before)]
    return exposure_of(mission, watches.filter(pa.array(stands, pa.bool_())), observations)


def facts_now(
    mission: Mission, agreement: agreements.Agreement, before: int | None = None
) -> agreements.Facts:
    """The same from the newest incidents before an entry; without a key, or where nothing was fused, only what was recorded."""
    fused = mission.of(Incidents, before)
    if not fused or not mission.vault.can_open or not facts.asks_for_evidence(agreement):
        return facts.facts_of(mission, agreement, before=before)
    entry, body = fused[-1]
    table = stored(mission, "incidents", entry, body.result)
    if table is None:
        _refuse_shredded(mission, body)
        table = recompute_incidents(mission, body, None)
    end = mission.log.size if before is None else before
    return facts_then(mission, agreement, entry, table, _observed_then(mission, entry), end)


@alone
def adopt(mission: Mission, packed: bytes, *, at: str | None = None, in_force_from: str = "") -> Recorded:
    """Put an agreement (made by `agreement.pack`) on the log as the version in force from now on."""
    agreement = agreements.unpack(packed)
    blob = mission.blobs.put(packed)
    body = AgreementVersion(agreement.id, agreement.version, blob, agreement.title, in_force_from)
    return mission.record(body, "operator", at)


def active_agreement(mission: Mission, before: int | None = None) -> tuple[Recorded, AgreementVersion]:
    """The newest agreement version. Raises UsageError MIS-023."""
    versions = mission.of(AgreementVersion, before)
    if not versions:
        raise UsageError(
            "MIS-023", "the mission must have an agreement", where=str(mission.root),
            remedy=f"Adopt one: `truceline agreement adopt {mission.root} ID`.",
        )  # fmt: skip
    return versions[-1]


def newest_incidents(mission: Mission) -> Computed:
    """The newest incidents; recomputed when the view is missing or of another entry. Raises UsageError MIS-022."""
    done = mission.of(Incidents)
    if not done:
        raise UsageError(
            "MIS-022", "incidents must have been fused", where=str(mission.root),
            remedy=f"Run `truceline fuse {mission.root}`.",
        )  # fmt: skip
    entry, body = done[-1]
    table = stored(mission, "incidents", entry, body.result)
    if table is None:
        _refuse_shredded(mission, body)
        table = recompute_incidents(mission, body, None)
        write_table(_view(mission, "incidents"), table, {"entry": entry.id})
    return Computed(entry, table)


def newest_findings(mission: Mission) -> Computed:
    """The newest findings. Raises UsageError MIS-024 where nothing was assessed."""
    done = mission.of(Findings)
    if not done:
        raise UsageError(
            "MIS-024", "incidents must have been assessed", where=str(mission.root),
            remedy=f"Run `truceline assess {mission.root}`.",
        )  # fmt: skip
    entry, body = done[-1]
    table = stored(mission, "findings", entry, body.result)
    if table is None:
        fused_entry, fused = next(pair for pair in mission.of(Incidents) if pair[0].id == body.incidents)
        _refuse_shredded(mission, fused)
        incidents = recompute_incidents(mission, fused, None)
        table = recompute_findings(mission, entry, incidents, _observed_then(mission, fused_entry))
        write_table(_view(mission, "findings"), table, {"entry": entry.id})
    return Computed(entry, table)


def stored(mission: Mission, view: str, entry: Recorded, result: str) -> pa.Table | None:
    """A view made at an entry, if it stands and its rows hash to what the entry says; a view is never trusted alone."""
    path = _view(mission, view)
    try:
        if not path.is_file() or read_metadata(path).get("entry") != entry.id:
            return None
        table = read_table(path)
    except (OSError, pa.ArrowException):
        return None
    return table if result_digest(table.to_pylist()) == result else None


def _refuse_shredded(mission: Mission, body: Incidents) -> None:
    since = Shredded(mission).since(body.inputs)
    if since is not None:
        raise UsageError(
            "MIS-068", "incidents must rest on evidence that is still there", where=f"entry {since}",
            remedy=f"Evidence was shredded since: run `truceline fuse {mission.root}`, then assess again.",
        )  # fmt: skip


def recompute_incidents(mission: Mission, body: Incidents, folder: Path | None) -> pa.Table:
    """The incidents of an entry, again; from the originals when `folder` is an empty folder for views.

    Raises:
        ReplayError: RPL-011, another version of the method made them.
    """
    parameters, made_by = next(pair for pair in mission.of(Parameters) if pair[0].id == body.parameters)
    if (made_by.method, made_by.version) != (fusion.METHOD, fusion.VERSION):
        raise ReplayError(
            "RPL-011", "incidents must be recomputed by the method that made them", where=f"entry {parameters.index}",
            value=f"{fusion.METHOD} {fusion.VERSION}",
            remedy=f"Install the Truceline that has {made_by.method} {made_by.version}.",
        )  # fmt: skip
    views = Views(mission, folder, body.inputs)
    return incidents_of(mission, views.observed(), views.watches(), parameters.body, body.inputs)


def recompute_findings(
    mission: Mission, entry: Recorded, incidents: pa.Table, observations: pa.Table, folder: Path | None = None
) -> pa.Table:
    """The findings of an entry, again; from the originals when `folder` is a folder for views."""
    body = entry.body
    assert isinstance(body, Findings)
    if not body.agreement:
        return FINDINGS.empty_table()
    fused = next(one for one, _ in mission.of(Incidents) if one.id == body.incidents)
    version = next(pair for pair in mission.of(AgreementVersion) if pair[0].id == body.agreement)
    known = facts_then(mission, version[1], fused, incidents, observations, entry.index, folder)
    return findings_of(mission, incidents, observations, version, from_iso(body.as_of), known)


def _observed_then(mission: Mission, fused: Recorded) -> pa.Table:
    assert isinstance(fused.body, Incidents)
    with tempfile.TemporaryDirectory(prefix="truceline-") as folder:
        later = any(one.index >= fused.body.inputs for one, _ in _inputs(mission))
        return (
            Views(mission, Path(folder) if later else None, fused.body.inputs if later else None)
            .observed()
            .observations
        )


def _inputs(mission: Mission) -> list[tuple[Recorded, Any]]:
    return [*mission.of(Import), *mission.of(Commitments), *mission.of(Withdrawal)]


def _refuse_nothing(mission: Mission, observed: Observed) -> None:
    if not observed.observations.num_rows:
        raise UsageError(
            "MIS-021", "there must be observations to fuse", where=str(mission.root),
            remedy=f"Import a file first: `truceline import {mission.root} FILE`.",
        )  # fmt: skip


def _parameters(mission: Mission, at: str | None) -> Recorded:
    values = fusion.DEFAULTS.as_dict()
    for one, body in reversed(mission.of(Parameters)):
        if (body.method, body.version) == (fusion.METHOD, fusion.VERSION):
            return one
    return mission.record(Parameters(fusion.METHOD, fusion.VERSION, values), "operator", at)


def _shown(mission: Mission, incidents: pa.Table, as_of_ms: int, before: int) -> bytes:
    """The disclosed rows with their reporting day, one canonical line each, by id.

    Sectors younger than the delay are withheld.
    """
    after = as_of_ms - int(mission.setting("disclosure_delay_ms", before))
    rows = disclosed_incidents(incidents, withheld_after_ms=after).to_pylist()
    cutoff, zone = (str(mission.setting(f"reporting_{name}")) for name in ("cutoff", "zone"))
    for row, middle in zip(rows, incidents["midpoint_ms"].to_pylist(), strict=True):
        row["reporting_day"] = reporting_date(middle, cutoff, zone)
    rows.sort(key=lambda row: str(row["incident_id"]))
    return b"".join(canonical(row) + b"\n" for row in rows)


def disclosed_digest(mission: Mission, incidents: pa.Table, body: Incidents) -> str:
    """SHA-256 of the disclosed rows that these incidents ought to have given at that entry."""
    return hashlib.sha256(_shown(mission, incidents, from_iso(body.as_of), body.inputs)).hexdigest()


def read_shown(mission: Mission, body: Incidents) -> list[dict[str, Any]]:
    """The disclosed rows of an incidents entry."""
    return [json.loads(line) for line in mission.blobs.read(body.disclosed).splitlines()]


def _view(mission: Mission, name: str) -> Path:
    return mission.root / "views" / f"{name}.parquet"
