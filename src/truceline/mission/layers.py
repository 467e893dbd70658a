"""Two layers, measured: what parties and public can recompute, and what a fusion of the disclosed rows alone would lose.

There is one incident set, made from the sealed rows. Nobody else can make it; this says how far one would get without them.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa

from truceline import fusion
from truceline import score as scores
from truceline.errors import UsageError
from truceline.evidence import disclosed_observations
from truceline.geo import Frame
from truceline.geo.places import uncertain_places
from truceline.mission import computing
from truceline.mission.mission import Mission
from truceline.mission.views import Observed, Views
from truceline.records.kinds import Parameters, Report
from truceline.score.partitions import compare

_FOR_MEASURING = b"pseudonyms of a measurement, never published"


def layers(mission: Mission, truth: pa.Table | None = None) -> dict[str, Any]:
    """The newest incidents beside those that a fusion of the disclosed rows under the same parameters gives.

    Args:
        truth: obs_id and incident_id, where it is known; then `truth` holds the scores of both.
    Returns:
        `figures`: how many figures of the newest report each reader can recompute; `sealed`, `disclosed`: incidents, the sum of
        their probabilities, words; `grouping`: pairwise and B-cubed scores of the disclosed grouping, the sealed one being taken as
        true, and of each grouping alone; `probability_moved`: mean change of a row's probability; `sector_days_equal`: share of sectors and
        days with as many incidents; `verdicts`: findings by verdict in both, where an agreement stands.
    Raises:
        UsageError: MIS-020, MIS-022; MIS-192, no key at hand opens the sealed rows.
    """
    mission.refuse_record()
    if not mission.vault.can_open:
        raise UsageError(
            "MIS-192", "the two layers can only be compared by who may open the sealed one", where=str(mission.root),
            remedy="Run it with the mission's or the auditor's key; without, `truceline replay` recomputes what is public.",
        )  # fmt: skip
    fused = computing.newest_incidents(mission)
    views = Views(mission, before=fused.entry.body.inputs)  # type: ignore[attr-defined]
    observed = views.observed()
    coarse = disclosed(mission, observed)
    parameters = next(
        body
        for one, body in mission.of(Parameters)
        if one.id == fused.entry.body.parameters  # type: ignore[attr-defined]
    )
    alone = fusion.fuse(
        coarse.observations, origin=coarse.origin, parameters=fusion.Parameters.from_dict(parameters.values), line=mission.line,
        sectors=mission.sectors, alignments=mission.genesis.alignments,
    ).incidents  # fmt: skip
    first, second = _held(fused.table), _held(alone)
    both = sorted(first.keys() & second.keys())
    grouping = compare([second[one][0] for one in both], [first[one][0] for one in both]).as_dict()
    moved = [abs(first[one][1] - second[one][1]) for one in both]
    days = _sector_days(fused.table), _sector_days(alone)
    cells = days[0].keys() | days[1].keys()
    return {
        "figures": _recomputable(mission), "observations": observed.observations.num_rows,
        "sealed": _told(fused.table), "disclosed": _told(alone),
        "grouping": grouping | {"rows_in_both": len(both), "rows_lost": len(first.keys() - second.keys())},
        "probability_moved": float(np.mean(moved)) if moved else None,
        "sector_days_equal": sum(days[0][c] == days[1][c] for c in cells) / max(len(cells), 1),
        "verdicts": _verdicts(mission, fused.table, alone, observed, coarse),
        "truth": {} if truth is None else {
            name: scores.measure(one, truth) for name, one in (("sealed", fused.table), ("disclosed", alone))
        },
    }  # fmt: skip


def disclosed(mission: Mission, observed: Observed) -> Observed:
    """The rows as they are disclosed: a sector, whole hours, a pseudonym of the week, nothing sealed."""
    table = observed.observations
    sectors: list[str | None] = [None] * table.num_rows
    if mission.sectors is not None and table.num_rows:
        frame = Frame.of(table)
        places = uncertain_places(table, frame, mission.sectors)
        found = mission.sectors.of(frame.to_lonlat(places.mean_m))
        sectors = [name if known else None for name, known in zip(found, places.known.tolist(), strict=True)]
    coarse = disclosed_observations(table, sectors, _FOR_MEASURING)
    return Observed(coarse, observed.origin, observed.aside)


def _held(incidents: pa.Table) -> dict[str, tuple[str, float]]:
    """Row -> its incident and that incident's probability."""
    columns = (incidents[name].to_pylist() for name in ("incident_id", "supports", "probability_e4"))
    return {one: (name, e4 / 1e4) for name, supports, e4 in zip(*columns, strict=True) for one in supports}


def _told(incidents: pa.Table) -> dict[str, Any]:
    return {
        "incidents": incidents.num_rows, "expected": sum(incidents["probability_e4"].to_pylist()) / 1e4,
        "words": dict(sorted(Counter(incidents["word"].to_pylist()).items())),
        "sides_told": sum(side != "undetermined" for side in incidents["side"].to_pylist()),
    }  # fmt: skip


def _sector_days(incidents: pa.Table) -> Counter[tuple[str | None, int]]:
    return Counter(
        zip(incidents["sector_id"].to_pylist(), [at // 86_400_000 for at in incidents["midpoint_ms"].to_pylist()], strict=True)
    )  # fmt: skip


def _recomputable(mission: Mission) -> dict[str, int]:
    reports = mission.of(Report)
    if not reports:
        return {}
    figures = json.loads(mission.blobs.read(reports[-1][1].figures))["figures"]
    return dict(sorted(Counter(one["recompute_by"] for one in figures.values()).items()))


def _verdicts(
    mission: Mission, sealed: pa.Table, alone: pa.Table, observed: Observed, coarse: Observed
) -> dict[str, dict[str, int]]:
    try:
        version = computing.active_agreement(mission)
    except UsageError:
        return {}
    as_of = computing.moment(mission, observed.observations)
    found = {}
    fused = computing.newest_incidents(mission).entry
    for name, incidents, rows in (("sealed", sealed, observed), ("disclosed", alone, coarse)):
        known = computing.facts_then(
            mission, version[1], fused, incidents, rows.observations, mission.log.size
        )
        findings = computing.findings_of(mission, incidents, rows.observations, version, as_of, known)
        found[name] = dict(sorted(Counter(findings["verdict"].to_pylist()).items()))
    return found
