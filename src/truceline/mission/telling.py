"""The written cases of an exercise: what happened, what the mission heard, and what came of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa

from truceline.mission.clock import from_iso
from truceline.mission.computing import newest_findings, newest_incidents
from truceline.mission.mission import Mission
from truceline.mission.planning import planned
from truceline.mission.trying import exercise_of
from truceline.records.codes import probability_word
from truceline.records.kinds import Consent, Correction, Kind, Notice, PlanStep, Reply, Review
from truceline.report import reporting_date


def stories(root: Path, keys: Path | None = None) -> list[dict[str, Any]]:
    """Each story with the incidents that hold its reports, their verdicts, and what people recorded about them.

    Raises:
        UsageError: MIS-022, MIS-024 nothing was computed; MIS-032 not an exercise of `truceline demo`.
        EvidenceError: EVI-011, no key here opens what was sealed.
    """
    mission, made = Mission.open(root, keys), exercise_of(root)
    incidents = newest_incidents(mission).table.to_pylist()
    verdicts = _verdicts(newest_findings(mission).table)
    acts = _acts(mission)
    told = []
    for story in made.stories:
        own = set(story.obs_ids)
        parts = Counter({one["incident_id"]: len(own & set(one["members"])) for one in incidents})
        held = sorted(
            (one for one in incidents if parts[one["incident_id"]]),
            key=lambda one: (-parts[one["incident_id"]], one["incident_id"]),
        )
        told.append(
            {
                "title": story.title,
                "what": story.what,
                "reports": len(own),
                "incidents": [
                    _incident(mission, one, parts[one["incident_id"]], verdicts, acts) for one in held
                ],
                "records": _records(mission, set(story.record_ids)),
            }
        )
    return told


def _incident(
    mission: Mission,
    one: dict[str, Any],
    reports: int,
    verdicts: dict[str, dict[str, str]],
    acts: dict[str, list[str]],
) -> dict[str, Any]:
    ident = one["incident_id"]
    return {
        "incident_id": ident,
        "reports": reports,
        "day": reporting_date(
            one["midpoint_ms"],
            str(mission.setting("reporting_cutoff")),
            str(mission.setting("reporting_zone")),
        ),
        "act": one["act"],
        "word": one["word"],
        "probability": probability_word(one["probability_e4"]),
        "independent_groups": one["independent_groups"],
        "contradicted_by": len(one["contradicts"]),
        "side": one["side"],
        "verdicts": verdicts.get(ident, {}),
        "said": acts.get(ident, []),
    }


def _verdicts(findings: pa.Table) -> dict[str, dict[str, str]]:
    made: dict[str, dict[str, str]] = {}
    for one in findings.to_pylist():
        if one["verdict"] != "out_of_scope":
            made.setdefault(one["incident_id"], {})[one["article"]] = one["verdict"]
    return made


def _acts(mission: Mission) -> dict[str, list[str]]:
    """What people said about an incident, in the order of the log."""
    owner = {one["finding_id"]: one["incident_id"] for one in newest_findings(mission).table.to_pylist()}
    said: dict[str, list[str]] = {}
    for one in mission.entries():
        line, about = _line(one.body)
        if isinstance(one.body, Notice) and about:
            owner[one.body.notice_id] = owner.get(about[0], about[0])
        for name in about:
            said.setdefault(owner.get(name, name), []).append(f"entry {one.index}: {line}")
    return said


def _line(body: Kind) -> tuple[str, tuple[str, ...]]:
    match body:
        case Notice():
            return "notice to all parties", body.about
        case Reply():
            return f"{body.party} {body.position}", (body.to,)
        case Review():
            return f"{body.reviewer_role} says {body.word.replace('_', ' ')}", (body.finding_id,)
        case Correction():
            return f"corrected in public: {body.now}", (body.of,)
        case _:
            return "", ()


def _records(mission: Mission, wanted: set[str]) -> list[str]:
    """Consents and plan steps that a story names, and what the plan then computes for those steps."""
    steps = {name for name in wanted if any(body.step_id == name for _, body in mission.of(PlanStep))}
    known = planned(mission)
    lines = []
    for one in mission.entries():
        match one.body:
            case Consent() if one.body.consent_id in wanted:
                lines.append(
                    f"entry {one.index}: {one.body.party} {'gives' if one.body.given else 'withdraws'} consent: {one.body.task}"
                )
                at = from_iso(one.body.from_time)
                lines += [
                    f"computed from then on: {status.step.id} {status.state}"
                    for status in known.status(at)
                    if not one.body.given and status.step.id in steps and status.state == "suspended"
                ]
            case PlanStep() if one.body.step_id in steps:
                lines.append(
                    f"entry {one.index}: {one.body.step_id} {one.body.state.replace('_', ' ')}{': ' + one.body.because if one.body.because else ''}"
                )
            case _:
                pass
    return lines
