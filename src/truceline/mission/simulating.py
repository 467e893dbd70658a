"""Simulated observations written to Parquet as they are made, the truth in files of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from truceline.records.columns import OBSERVATIONS
from truceline.simulate.columns import TRUE_INCIDENTS, TRUTH, Settings, blocks


def write(
    count: int,
    seed: int,
    settings: Settings,
    out: Path,
    truth: Path,
    incidents: Path | None = None,
    say: Callable[[int], None] = lambda rows: None,
) -> dict[str, Any]:
    """Write `count` observations and their truth, block by block; what was made, counted.

    Raises:
        UsageError: SIM-005, SIM-009 to SIM-013. OSError where a file cannot be written.
    """
    source = iter(blocks(count, seed, settings))
    first = next(source)  # settings and numbers are checked before a file is touched
    files = {out: OBSERVATIONS, truth: TRUTH} | ({incidents: TRUE_INCIDENTS} if incidents else {})
    meta = {"EXERCISE": "simulated; nothing of this happened", "seed": str(seed)}
    meta |= {f"settings.{name}": str(value) for name, value in asdict(settings).items()}
    rows = false = happened = told = 0
    writers = []
    try:
        for path, schema in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            writers.append(pq.ParquetWriter(path, schema.with_metadata(meta), compression="zstd"))
        for block in chain([first], source):
            for writer, table in zip(
                writers, (block.observations, block.truth, block.incidents), strict=False
            ):
                writer.write_table(table.replace_schema_metadata(meta))
            rows += block.observations.num_rows
            false += block.truth["incident_id"].null_count
            happened += block.incidents.num_rows
            told += int((block.incidents["reports"].to_numpy() > 0).sum())
            say(rows)
    finally:
        for writer in writers:
            writer.close()
    return {
        "observations": rows, "of_nothing": false, "incidents": happened, "incidents_told_of": told, "seed": seed,
        "settings": asdict(settings), "files": [str(path) for path in files],
    }  # fmt: skip
