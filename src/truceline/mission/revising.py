"""Which past findings of a mission another version of its agreement would change; nothing is recorded."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from truceline import agreement as agreements
from truceline.mission import computing
from truceline.mission.mission import Mission
from truceline.mission.views import Views


def changed_findings(
    mission: Mission, old: agreements.Agreement, new: agreements.Agreement
) -> dict[str, Any]:
    """The newest incidents, assessed under both versions as of now.

    Returns:
        `compared`: pairs of incident and article; `changed`: those that differ, "" where a version has no finding.
    Raises:
        UsageError: MIS-020 a mission of record, MIS-022 nothing fused. EvidenceError: EVI-011 without a key.
    """
    mission.refuse_record()
    incidents = computing.newest_incidents(mission)
    observations = Views(mission).observed().observations
    as_of = computing.moment(mission, observations)
    verdicts = [_verdicts(mission, incidents, observations, one, as_of) for one in (old, new)]
    pairs = sorted(verdicts[0].keys() | verdicts[1].keys())
    changed = [
        {"incident": pair[0], "article": pair[1], "before": verdicts[0].get(pair, ""), "after": verdicts[1].get(pair, "")}
        for pair in pairs if verdicts[0].get(pair) != verdicts[1].get(pair)
    ]  # fmt: skip
    return {"compared": len(pairs), "changed": changed}


def _verdicts(
    mission: Mission,
    incidents: computing.Computed,
    observations: pa.Table,
    agreement: agreements.Agreement,
    as_of: int,
) -> dict[tuple[str, str], str]:
    known = computing.facts_then(
        mission, agreement, incidents.entry, incidents.table, observations, mission.log.size
    )
    found = agreements.assess(
        incidents.table, observations, agreement, as_of_ms=as_of, line=mission.line, sectors=mission.sectors,
        alignments=mission.genesis.alignments, facts=known,
    )  # fmt: skip
    return {
        (row["incident_id"], row["article"]): row["verdict"]
        for row in found.select(["incident_id", "article", "verdict"]).to_pylist()
    }
