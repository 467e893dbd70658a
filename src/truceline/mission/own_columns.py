"""Anybody's observations as columns, fused without a mission: no log, no agreement, nothing kept but what is asked for."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from truceline import fusion, intake
from truceline.errors import FusionError, UsageError
from truceline.fusion import Parameters
from truceline.geo.lines import Line
from truceline.geo.sectors import Sectors
from truceline.intake.chunks import Rejected
from truceline.intake.ledger import newest
from truceline.mission.sifting import REJECTED_COLUMNS
from truceline.records.columns import INCIDENTS, OBSERVATIONS
from truceline.scale import HALO_DAYS, MEMBERSHIP, Tiles, memberships, sides_of

Say = Callable[[str, float], None]
OWN_INCIDENTS = pa.schema(
    [
        ("incident_id", pa.string()), ("existence", pa.float64()), ("at_ms", pa.int64()), ("lon_deg", pa.float64()),
        ("lat_deg", pa.float64()), ("type", pa.string()), ("side", pa.string()), ("side_probability", pa.float64()),
        *(field for field in INCIDENTS if field.name not in ("incident_id", "side")),
    ]
)  # fmt: skip
"""What `fuse --in` writes: the first eight columns for people, then those of `records.columns.INCIDENTS`."""


@dataclass(frozen=True, slots=True)
class Read:
    """observations: what stands. refused: rows that could not be read, and rows that a later one of their id replaces."""

    observations: pa.Table
    refused: tuple[Rejected, ...]
    rows: int


def read(path: Path, format: str | None = None, say: Say = lambda step, share: None) -> Read:
    """Observations of any file that `import` would take; bad rows are set aside, not dropped.

    Raises:
        UsageError: CLI-042 there is no such file, CLI-043 simulated and real rows are mixed. IntakeError: the file cannot be read.
    """
    if not path.is_file():
        raise UsageError("CLI-042", "the file must exist", where=str(path), remedy="Check the path.")
    tables: list[pa.Table] = []
    keys, lines, refused, rows = [], [], [], 0
    for chunk in intake.open_file(path, format=format):
        tables.append(chunk.observations)
        keys.append(chunk.keys)
        lines.append(chunk.lines)
        refused += chunk.rejected
        rows += chunk.observations.num_rows + len(chunk.rejected)
        say(f"{rows:,} rows read", 0.05)
    table = pa.concat_tables(tables) if tables else OBSERVATIONS.empty_table()
    if table.num_rows:
        stands = newest(np.concatenate(keys))
        if not stands.all():
            line = np.concatenate(lines)
            ids = table.column("obs_id").filter(pa.array(~stands)).to_pylist()
            refused += [
                Rejected(
                    at, "FUS-005", "an obs_id must occur once", name, "The last row of an id stands.", ""
                )
                for at, name in zip(line[~stands].tolist(), ids, strict=True)
            ]
            table = table.filter(pa.array(stands))
    simulated = pc.unique(table.column("exercise")).to_pylist()
    if len(simulated) > 1:
        raise UsageError(
            "CLI-043", "real and simulated observations are never fused together", where=str(path),
            value="column exercise is true and false", remedy="Keep them in files of their own.",
        )  # fmt: skip
    return Read(table, tuple(sorted(refused, key=lambda one: one.line)), rows)


def geometry(path: Path | None) -> tuple[Line | None, Sectors | None]:
    """Line and sectors of a GeoJSON file, by properties.role.

    Raises:
        UsageError: CLI-042, CLI-044 not GeoJSON. GeometryError: GEO-002 to GEO-008.
    """
    if path is None:
        return None, None
    if not path.is_file():
        raise UsageError("CLI-042", "the file must exist", where=str(path), remedy="Check the path.")
    try:
        drawn = json.loads(path.read_text(encoding="utf-8"))
        features = [one for one in drawn["features"] if isinstance(one["properties"], dict)]
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise UsageError("CLI-044", "geometry must be a GeoJSON FeatureCollection", where=str(path), value=str(problem), remedy="See docs/reference/geometry.md.") from problem  # fmt: skip
    lines = [one for one in features if one["properties"].get("role") == "line"]
    sectors = Sectors.from_geojson({"type": "FeatureCollection", "features": features})
    return (Line.from_geojson(lines[0]) if lines else None), (sectors if sectors.ids else None)


def parameters_of(path: Path) -> Parameters:
    """A set of parameters from a JSON file, as `--parameters-out` writes it.

    Raises:
        UsageError: CLI-042, CLI-045 not a JSON object of whole numbers. FusionError: FUS-001, FUS-002.
    """
    if not path.is_file():
        raise UsageError("CLI-042", "the file must exist", where=str(path), remedy="Check the path.")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as problem:
        raise UsageError("CLI-045", "parameters must be a JSON object of whole numbers", where=str(path), value=str(problem), remedy="Take a file that --parameters-out wrote.") from problem  # fmt: skip
    if not isinstance(values, dict):
        raise UsageError("CLI-045", "parameters must be a JSON object of whole numbers", where=str(path), value=type(values).__name__, remedy="Take a file that --parameters-out wrote.")  # fmt: skip
    return Parameters.from_dict(values)


def fuse(
    observations: pa.Table,
    *,
    parameters: Parameters | None = None,
    line: Line | None = None,
    sectors: Sectors | None = None,
    tiles: Tiles | None = None,
    say: Say = lambda step, share: None,
) -> tuple[pa.Table, pa.Table, Parameters]:
    """Incidents (`OWN_INCIDENTS`), membership (`scale.MEMBERSHIP`) and the parameters used: learned unless given.

    Args:
        tiles: how time is cut; as fusion does by itself where None.
    Raises:
        FusionError: as `fusion.fuse`.
    """
    named = [pc.unique(observations.column(name)).to_pylist() for name in ("accused", "actor")]
    alignments = sides_of([*named[0], *named[1]], line)
    if parameters is None:
        say("learning", 0.1)
        parameters = fusion.learn(observations, line=line, sectors=sectors, alignments=alignments)
    if not observations.num_rows:
        return OWN_INCIDENTS.empty_table(), MEMBERSHIP.empty_table(), parameters
    say("fusing", 0.5)
    made = fusion.fuse(
        observations, origin=np.zeros(observations.num_rows, dtype=np.int64), parameters=parameters, line=line,
        sectors=sectors, alignments=alignments, say=lambda step: say(step, 0.7),
        tile_days=None if tiles is None else tiles.core_days, halo_days=HALO_DAYS if tiles is None else tiles.halo_days,
    )  # fmt: skip
    return shown(made.incidents), memberships(made), parameters


def shown(incidents: pa.Table) -> pa.Table:
    """`OWN_INCIDENTS` of an incident table, in order of incident_id."""
    incidents = incidents.sort_by("incident_id").combine_chunks()
    sides = incidents.column("sides").combine_chunks()
    listed, of = sides.flatten(), pc.list_parent_indices(sides)
    side = incidents.column("side").combine_chunks()
    mine = pc.equal(listed.field("id"), side.take(of))
    chance = pc.divide(listed.field("e4").filter(mine).cast(pa.float64()), 1e4)
    if len(chance) != len(incidents):
        raise FusionError(
            "SCA-003",
            "each incident must have the share of its side once",
            where="sides",
            value=len(chance),
            remedy="Fuse again: the column of sides was altered.",
        )
    columns = {
        "existence": pc.divide(incidents.column("probability_e4").cast(pa.float64()), 1e4), "at_ms": incidents.column("midpoint_ms"),
        "lon_deg": pc.divide(incidents.column("lon_udeg").cast(pa.float64()), 1e6), "lat_deg": pc.divide(incidents.column("lat_udeg").cast(pa.float64()), 1e6),
        "type": incidents.column("act"), "side_probability": chance,
    }  # fmt: skip
    return pa.table(
        [columns[f.name] if f.name in columns else incidents.column(f.name) for f in OWN_INCIDENTS],
        schema=OWN_INCIDENTS,
    )


def write(table: pa.Table, path: Path) -> None:
    """A Parquet file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    waiting = path.with_name(path.name + ".waiting")
    try:
        pq.write_table(table, waiting, compression="zstd")
        waiting.replace(path)
    finally:
        waiting.unlink(missing_ok=True)


def write_refused(refused: tuple[Rejected, ...], path: Path) -> None:
    """The rows that were set aside, each with line, code, rule, value and remedy, as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(REJECTED_COLUMNS)
        out.writerows([getattr(one, name) for name in REJECTED_COLUMNS] for one in refused)


def summary(read_: Read, incidents: pa.Table) -> dict[str, Any]:
    """What a person is told."""
    words = pc.value_counts(incidents.column("word").combine_chunks())
    return {
        "observations": read_.observations.num_rows, "rejected": len(read_.refused), "incidents": incidents.num_rows,
        "words": dict(sorted(zip(*(words.field(i).to_pylist() for i in (0, 1)), strict=True))),
        "exercise": bool(pc.any(read_.observations.column("exercise")).as_py()),
    }  # fmt: skip
