"""`truceline fuse`: observations into incidents, of a mission or of anybody's columns."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from truceline.cli.common import PROGRAM, AsJson, Keys, Progress, emit
from truceline.errors import UsageError
from truceline.mission import computing, own_columns
from truceline.mission.mission import Mission
from truceline.records.kinds import Incidents
from truceline.scale import CORE_DAYS, HALO_DAYS, Tiles


def fuse(
    folder: Annotated[Path | None, typer.Argument(metavar="FOLDER", help="The mission's folder.", show_default=False)] = None,
    keys: Keys = None,
    in_: Annotated[Path | None, typer.Option("--in", help="Observations without a mission: a file in any format that import takes.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option(help="With --in: Parquet file for the incidents.", show_default=False)] = None,
    membership: Annotated[Path | None, typer.Option(help="With --in: Parquet file for obs_id, incident_id, existence.", show_default=False)] = None,
    geometry: Annotated[Path | None, typer.Option(help="With --in: GeoJSON with the line and sectors.", show_default=False)] = None,
    parameters: Annotated[Path | None, typer.Option(help="With --in: parameters to use instead of learning them.", show_default=False)] = None,
    parameters_out: Annotated[Path | None, typer.Option(help="With --in: write the parameters used as JSON.", show_default=False)] = None,
    format: Annotated[str | None, typer.Option(help="With --in: the file's format; found by itself otherwise.", show_default=False)] = None,
    tiled: Annotated[bool, typer.Option("--tiled", help="With --in: cut time as the next two options say; above 200,000 rows it is cut anyway.")] = False,
    core_days: Annotated[int, typer.Option(help="With --tiled: days of a tile.")] = CORE_DAYS,
    halo_days: Annotated[int, typer.Option(help="With --tiled: days it reads besides, on either side.")] = HALO_DAYS,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Put observations together into incidents, each with a probability: a mission's, the result's digest logged, or --in any file's."""
    if in_ is None:
        if folder is None or any(
            one is not None for one in (out, membership, geometry, parameters, parameters_out, format)
        ):
            raise UsageError(
                "CLI-046", "fuse needs a mission's folder, or --in with --out and --membership",
                remedy="E.g. truceline fuse --in observations.parquet --out incidents.parquet --membership membership.parquet.",
            )  # fmt: skip
        _mission(folder, keys, as_json)
        return
    if folder is not None or out is None or membership is None:
        raise UsageError(
            "CLI-046", "--in needs --out and --membership, and no folder", remedy="Give both files."
        )
    files = [path.resolve() for path in (in_, out, membership, geometry, parameters, parameters_out) if path]
    if len(set(files)) < len(files):
        raise UsageError(
            "CLI-041", "each output needs a file of its own", value=str(out), remedy="Give different names."
        )
    progress = Progress(not as_json)
    tiles = Tiles(core_days, halo_days) if tiled else None
    line, sectors = own_columns.geometry(geometry)
    known = own_columns.parameters_of(parameters) if parameters else None
    read = own_columns.read(in_, format, progress.step)
    incidents, held, used = own_columns.fuse(
        read.observations, parameters=known, line=line, sectors=sectors, tiles=tiles, say=progress.step
    )
    own_columns.write(incidents, out)
    own_columns.write(held, membership)
    result = own_columns.summary(read, incidents) | {"out": str(out), "membership": str(membership)}
    if parameters_out:
        parameters_out.write_text(json.dumps(used.as_dict(), indent=1) + "\n", encoding="utf-8")
    aside = ""
    if read.refused:
        refused = out.with_suffix(".rejected.csv")
        own_columns.write_refused(read.refused, refused)
        result["rejected_file"] = str(refused)
        aside = f"\n{len(read.refused):,} rows were set aside, each with its reason: {refused}"
    progress.done()
    said = ", ".join(
        f"{count:,} {word}" for word, count in sorted(result["words"].items(), key=lambda one: -one[1])
    )
    mark = "EXERCISE: " if result["exercise"] else ""
    emit(
        result, as_json,
        f"{mark}{result['observations']:,} observations make {result['incidents']:,} incidents{': ' if said else ''}{said}.{aside}",
    )  # fmt: skip


def _mission(folder: Path, keys: Path | None, as_json: bool) -> None:
    made = computing.fuse(Mission.open(folder, keys))
    body = made.entry.body
    assert isinstance(body, Incidents)
    words = Counter(made.table["word"].to_pylist())
    result = {
        "observations": body.observations, "incidents": body.incidents, "words": dict(sorted(words.items())),
        "result": body.result, "log_entry": made.entry.index, "aside": made.aside,
        "decided_changed": made.decided.to_pylist() if made.decided is not None else [],
    }  # fmt: skip
    said = ", ".join(f"{count:,} {word}" for word, count in words.most_common())
    aside = (
        f" {made.aside:,} observations were set aside: real and simulated are never fused together."
        if made.aside
        else ""
    )
    if made.decided is not None and made.decided.num_rows:
        names = ", ".join(made.decided["incident_id"].to_pylist()[:10])
        aside += f"\n{made.decided.num_rows:,} incidents that were reviewed or decided on are not what they were: {names}."
    emit(
        result, as_json,
        f"{body.observations:,} observations make {body.incidents:,} incidents: {said}.{aside}\nNext: {PROGRAM} assess {folder}",
    )  # fmt: skip
