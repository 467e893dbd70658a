"""Incidents as they stand this moment: every new observation is fused where it falls, and only what changed is told.

What `truceline fuse` logs stays what counts; this is what the mission's own screens show until then. Parties and the public
keep reading the disclosed rows of the newest entry: live and precise is for the mission only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline import fusion
from truceline.fusion.standing import Standing
from truceline.mission import computing
from truceline.mission.computing import exposure_of
from truceline.mission.grouping import constraints_of
from truceline.mission.mission import Mission
from truceline.mission.naming import named, named_by
from truceline.mission.views import Views
from truceline.records.kinds import Commitments, Grouping, Import, Incidents, Parameters


@dataclass(frozen=True, slots=True, eq=False)
class Changed:
    """What a change did: ids that are no more, incidents that are new or otherwise, their findings, observations that came."""

    gone: tuple[str, ...]
    incidents: pa.Table
    findings: pa.Table
    observations: pa.Table


class Living:
    """The standing fusion of a mission."""

    def __init__(self, mission: Mission) -> None:
        """Fuse what stands. Raises as `fusion.fuse`, `Views.observed`; UsageError MIS-022 nothing was fused yet."""
        self._mission, self._name = mission, named_by(mission)
        self._inputs = _inputs(mission)
        newest = computing.newest_incidents(mission)
        body = newest.entry.body
        assert isinstance(body, Incidents)
        self._groupings = len(mission.of(Grouping))
        views = Views(mission)
        observed, watches = views.observed(), views.watches()
        made = next(one for entry, one in mission.of(Parameters) if entry.id == body.parameters)
        self._standing = Standing(
            observed.observations, origin=observed.origin, parameters=fusion.Parameters.from_dict(made.values), line=mission.line,
            sectors=mission.sectors, alignments=mission.genesis.alignments,
            exposure=exposure_of(mission, watches, observed.observations), constraints=constraints_of(mission),
        )  # fmt: skip
        self._known = set(observed.observations.column("obs_id").to_pylist())
        logged = newest.table.to_pylist()
        self.first = self._changed(logged, self._incidents(), observed.observations)

    def take(self) -> Changed | None:
        """Fuse what came since; None where nothing did. Raises as `Standing.update`."""
        inputs = _inputs(self._mission)
        if inputs == self._inputs:
            return None
        observed = Views(self._mission).observed()
        ids = observed.observations.column("obs_id").to_pylist()
        fresh = np.array([name not in self._known for name in ids], dtype=np.bool_)
        groupings = constraints_of(self._mission)
        new_rules = groupings[self._groupings :] if len(groupings) >= self._groupings else ()
        self._inputs, self._groupings = inputs, len(groupings)
        withdrawn = self._known - set(ids)
        if not fresh.any() and not withdrawn and not new_rules:
            return None
        added = observed.observations.filter(pa.array(fresh))
        before = self._incidents()
        known_before = _by_id(before)
        self._standing.update(
            added, origin=observed.origin[fresh], withdrawn=withdrawn, constraints=new_rules
        )
        self._known = set(ids)
        after = self._incidents()
        return self._changed_since(known_before, after, added, observed.observations)

    def _incidents(self) -> pa.Table:
        return named(self._standing.incidents, self._name)

    def _changed_since(
        self, before: dict[str, dict[str, Any]], after: pa.Table, added: pa.Table, observations: pa.Table
    ) -> Changed:
        return self._changed(list(before.values()), after, observations, added)

    def _changed(
        self, before: list[dict[str, Any]], after: pa.Table, observations: pa.Table, added: pa.Table | None = None
    ) -> Changed:  # fmt: skip
        was = {row["incident_id"]: row for row in before}
        now = after.to_pylist()
        other = [number for number, row in enumerate(now) if was.get(row["incident_id"]) != row]
        changed = after.take(pa.array(other, pa.int64())).combine_chunks()
        gone = tuple(sorted(set(was) - {row["incident_id"] for row in now}))
        members = {name for number in other for name in now[number]["members"]}
        mine = observations.filter(
            pc.is_in(observations.column("obs_id"), value_set=pa.array(sorted(members), pa.string()))
        )
        version = computing.active_agreement(self._mission)
        as_of = computing.moment(self._mission, observations)
        findings = computing.findings_of(self._mission, changed, mine, version, as_of)
        return Changed(gone, changed, findings, mine if added is None else pa.concat_tables([mine, added]))


def _by_id(table: pa.Table) -> dict[str, dict[str, Any]]:
    return {row["incident_id"]: row for row in table.to_pylist()}


def _inputs(mission: Mission) -> tuple[int, ...]:
    return tuple(len(mission.of(kind)) for kind in (Commitments, Import, Grouping, Incidents))
