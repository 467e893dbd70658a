"""Tracks of patrols and passes of satellites become watches: sealed records of who could have seen what."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from truceline import coverage
from truceline.errors import UsageError
from truceline.intake.tracks import read_tracks
from truceline.mission.importing import refuse_mixing
from truceline.mission.mission import Mission, alone
from truceline.mission.views import Views
from truceline.records.codes import SOURCE_KINDS
from truceline.records.kinds import Watch

HOUR_MS: Final = 3_600_000


@dataclass(slots=True)
class Watched:
    """What became of a file of tracks or passes."""

    sealed: int = 0
    duplicates: int = 0
    fixes: int = 0
    sources: list[str] = field(default_factory=list)
    hours: float = 0.0  # watched, access and sky permitting


@alone
def watch(
    mission: Mission, path: Path, *, source_id: str = "", source_kind: str = "", radius_m: int = 0, lingers_ms: int = 0
) -> Watched:  # fmt: skip
    """Take tracks or passes in, all of a file or none of it; what is there already adds nothing.

    Args:
        source_id: whose, where the file does not say. source_kind: patrol, or satellite for passes, unless given.
        radius_m: how far a patrol sees. lingers_ms: how long before a pass what it shows may have happened.
    Raises:
        IntakeError: COV-010, COV-011. RecordError: COV-007. UsageError: COV-012 what a file of this kind needs, MIS-012,
            MIS-020, MIS-248 a watch of that source at that time stands with other words.
    """
    mission.refuse_record()
    refuse_mixing(mission, path)
    fixes = read_tracks(path, source_id=source_id)
    passes = "swath_m" in fixes.column_names
    kind = source_kind or ("satellite" if passes else "patrol")
    if kind not in SOURCE_KINDS:
        raise UsageError("COV-012", "the kind of source must be known", where="--kind", value=kind, remedy=f"Known: {', '.join(SOURCE_KINDS)}.")  # fmt: skip
    if passes and lingers_ms <= 0:
        raise UsageError("COV-012", "passes need the hours before them that they tell of", where="--lingers-hours", value=lingers_ms / HOUR_MS, remedy="E.g. 6 for fires, 24 or more for damage.")  # fmt: skip
    if not passes and radius_m <= 0:
        raise UsageError("COV-012", "a track needs how far its patrol sees", where="--radius-m", value=radius_m, remedy="E.g. 2000 by day on open ground.")  # fmt: skip
    mark = mission.genesis.exercise
    table = (
        coverage.pass_watches(fixes, lingers_ms=lingers_ms, source_kind=kind, exercise=mark) if passes
        else coverage.patrol_watches(coverage.thinned(fixes, radius_m), radius_m=radius_m, source_kind=kind, exercise=mark)
    )  # fmt: skip
    if not table.num_rows:
        raise UsageError("COV-012", "a track needs two fixes of one source within 15 minutes", where=path.name, value=fixes.num_rows, remedy="A watch from one spot is a `watch` for `truceline record`.")  # fmt: skip
    held = {row["watch_id"]: row for row in Views(mission).watches().to_pylist()}
    made = Watched(fixes=fixes.num_rows, sources=sorted(set(fixes["source_id"].to_pylist())))
    found = []
    for row in table.to_pylist():
        earlier = held.setdefault(row["watch_id"], row)
        if earlier is not row and earlier == row:
            made.duplicates += 1
            continue
        if earlier is not row:
            raise UsageError(
                "MIS-248", "a source must watch one thing at a time, and another watch of it stands from then", where=path.name,
                value=row["watch_id"], remedy="The same track was taken with another radius or other fixes; what is on the log is never rewritten.",
            )  # fmt: skip
        made.hours += (row["to_ms"] - row["from_ms"]) / HOUR_MS if row["outcome"] == "watched" else 0.0
        found.append(Watch({name: value for name, value in row.items() if value is not None}))
    if found:
        mission.seal(found)
    made.sealed, made.hours = len(found), round(made.hours, 1)
    return made
