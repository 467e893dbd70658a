"""Every view made again from the log and its originals, held against what stood, and put in its place."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truceline.mission import computing
from truceline.mission.desk import Desk
from truceline.mission.mission import result_digest
from truceline.records.kinds import Findings, Incidents
from truceline.store import write_table

if TYPE_CHECKING:
    from truceline.store.comparing import Compared


@dataclass(slots=True)
class Rebuilt:
    """What came out.

    Attributes:
        results: name of a result -> whether it hashes to what its entry on the log says.
        views: each table of the database. replaced: whether what stood was replaced.
    """

    results: dict[str, bool] = field(default_factory=dict)
    views: list[Compared] = field(default_factory=list)
    replaced: bool = False

    @property
    def same(self) -> bool:
        return all(self.results.values()) and all(one.same for one in self.views)


def rebuild(root: Path, keys: Path | None = None, url: str | None = None, *, check: bool = False) -> Rebuilt:
    """Make the newest incidents, findings and the database's views again.

    Args:
        url: of the database; the file in the mission's folder unless given.
        check: only compare; nothing that stands is touched.
    Raises:
        As `Desk`; UsageError MIS-068, MIS-022, MIS-024; EvidenceError EVI-011 without the keys; ReplayError RPL-001, RPL-002, RPL-011.
    """
    from truceline.store.comparing import compare
    from truceline.store.database import Database, sqlite_url

    made = Rebuilt()
    desk = Desk(root, keys, url)
    try:
        with desk.mission.working(), tempfile.TemporaryDirectory(prefix="truceline-rebuild-") as name:
            incidents, findings = _again(desk, Path(name), made)
            fresh = Database(sqlite_url(Path(name) / "views.sqlite"))
            try:
                desk.fill(fresh, incidents, findings)
                made.views = compare(desk.database, fresh)
            finally:
                fresh.close()
            if not check and all(made.results.values()):
                for view, kind, table in (
                    ("incidents", Incidents, incidents),
                    ("findings", Findings, findings),
                ):
                    entry = desk.mission.of(kind)[-1][0]
                    write_table(root / "views" / f"{view}.parquet", table, {"entry": entry.id})
                desk.fill(desk.database, incidents, findings)
                made.replaced = True
    finally:
        desk.close()
    return made


def _again(desk: Desk, folder: Path, made: Rebuilt) -> tuple[Any, Any]:
    """Incidents and findings of the newest entries from the originals, in a folder without views."""
    mission = desk.mission
    computing.newest_findings(mission)  # raises where there is nothing to make again
    entry, body = mission.of(Findings)[-1]
    fused = next(one for made_by, one in mission.of(Incidents) if made_by.id == body.incidents)
    (folder / "views").mkdir()
    incidents = computing.recompute_incidents(mission, fused, folder / "views")
    made.results["incidents"] = result_digest(incidents.to_pylist()) == fused.result
    from truceline.mission.views import Views

    observations = Views(mission, folder / "views", fused.inputs).observed().observations
    findings = computing.recompute_findings(mission, entry, incidents, observations)
    made.results["findings"] = result_digest(findings.to_pylist()) == body.result
    return incidents, findings
