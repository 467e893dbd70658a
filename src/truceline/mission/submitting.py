"""Observations handed in one by one, by a device or a person with a token: judged like any file, sealed like any record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from truceline.errors import UsageError
from truceline.mission.entering import Entered, observations_of
from truceline.mission.mission import Mission
from truceline.mission.writing import Written

MOST: Final = 64


def submit(mission: Mission, source_id: str, given: Sequence[Mapping[str, Any]]) -> Entered:
    """Seal observations of one source; durable when this returns.

    Args:
        source_id: who reports; nobody reports for another. given: fields of Truceline's own table (docs/reference/formats.md).
    Raises:
        UsageError: MIS-233 nobody to report as, too many, or somebody else's; MIS-020.
        IntakeError: a field that cannot be read; nothing was taken then. EnvironmentFailure: ENV-001, ENV-003.
    """
    mission.refuse_record()
    named = {str(one.get("source_id", source_id)) for one in given}
    if not source_id or not given or len(given) > MOST or named != {source_id}:
        raise UsageError(
            "MIS-233", f"observations are handed in by the source that made them, 1 to {MOST} at a time", where="source_id",
            value=sorted(named - {source_id}) or len(given), remedy="Leave source_id out: the account says whose they are.",
        )  # fmt: skip
    made = Entered()
    written = [
        Written(f"observations[{number}]", "observation", "", dict(one) | {"source_id": source_id})
        for number, one in enumerate(given)
    ]
    with mission.working():
        rows = observations_of(mission, written, made)
        if rows:
            before = mission.log.size
            mission.seal(rows)
            made.sealed = len(rows)
            made.entries += range(before, mission.log.size)
    return made
