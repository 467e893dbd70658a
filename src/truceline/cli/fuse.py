"""`truceline fuse`: observations into incidents."""

from __future__ import annotations

from collections import Counter

from truceline.cli.common import PROGRAM, AsJson, Folder, Keys, emit
from truceline.mission import computing
from truceline.mission.mission import Mission
from truceline.records.kinds import Incidents


def fuse(folder: Folder, keys: Keys = None, as_json: AsJson = False) -> None:
    """Put the mission's observations together into incidents, each with a probability; the result's digest is logged."""
    made = computing.fuse(Mission.open(folder, keys))
    body = made.entry.body
    assert isinstance(body, Incidents)
    words = Counter(made.table["word"].to_pylist())
    result = {
        "observations": body.observations, "incidents": body.incidents, "words": dict(sorted(words.items())),
        "result": body.result, "log_entry": made.entry.index, "aside": made.aside,
    }  # fmt: skip
    said = ", ".join(f"{count:,} {word}" for word, count in words.most_common())
    aside = (
        f" {made.aside:,} observations were set aside: real and simulated are never fused together."
        if made.aside
        else ""
    )
    emit(
        result, as_json,
        f"{body.observations:,} observations make {body.incidents:,} incidents: {said}.{aside}\nNext: {PROGRAM} assess {folder}",
    )  # fmt: skip
