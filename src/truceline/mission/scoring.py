"""Scores of missions and of coded articles whose truth is known."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from truceline import fusion
from truceline import score as scores
from truceline.errors import ScoreError, UsageError
from truceline.mission import computing
from truceline.mission.mission import Mission
from truceline.mission.trying import exercise_of
from truceline.score import ged


def of_exercise(root: Path, keys: Path | None = None) -> dict[str, Any]:
    """Grouping and existence scores of the newest incidents of an exercise.

    Raises:
        UsageError: MIS-022, MIS-032.
    """
    made = exercise_of(root)
    incidents = computing.newest_incidents(Mission.open(root, keys)).table
    truth = made.truth.rename_columns(["obs_id", "incident_id"])
    return dict(_plain(scores.measure(incidents, truth)))


def truth_of(root: Path) -> pa.Table | None:
    """obs_id and incident_id of an exercise that can be simulated again; None of any other."""
    try:
        return exercise_of(root).truth.rename_columns(["obs_id", "incident_id"])
    except UsageError:
        return None


def of_ged(folder: Path) -> dict[str, Any]:
    """Scores on coded casualty articles. Raises UsageError MIS-033 where a file is missing."""
    files = {}
    for name in ged.FILES:
        if not (folder / name).is_file():
            raise UsageError(
                "MIS-033", "the coded articles need all their files", where=str(folder / name),
                remedy=f"The folder must hold {', '.join(ged.FILES)}.",
            )  # fmt: skip
        files[name] = (folder / name).read_bytes()
    return dict(_plain(ged.measure(files, _fuse)))


def of_columns(membership: Path, truth: Path) -> dict[str, Any]:
    """Scores of a membership file against a truth file.

    Raises:
        UsageError: CLI-042 there is no such file. ScoreError: SCO-001 to SCO-005.
    """
    return dict(_plain(scores.measure_columns(_columns(membership), _columns(truth))))


def _columns(path: Path) -> pa.Table:
    if not path.is_file():
        raise UsageError("CLI-042", "the file must exist", where=str(path), remedy="Check the path.")
    try:
        return pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as problem:
        raise ScoreError(
            "SCO-005",
            "the file must be readable Parquet",
            where=str(path),
            value=str(problem),
            remedy="Write it again.",
        ) from problem


def _fuse(observations: pa.Table) -> pa.Table:
    """Fused as a mission would, with what the articles themselves teach; nothing of the coders' filing is seen."""
    return fusion.fuse(
        observations, origin=np.arange(observations.num_rows), parameters=fusion.learn(observations),
    ).incidents  # fmt: skip


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value
