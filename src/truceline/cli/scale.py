"""`truceline scale`: the same fusion and assessment on Spark, over Parquet partitions."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from truceline import agreement as agreements
from truceline.cli.common import AsJson, emit
from truceline.errors import UsageError
from truceline.mission import own_columns
from truceline.mission.clock import from_iso
from truceline.scale import CORE_DAYS, HALO_DAYS, Tiles, spark

app = typer.Typer(
    help="The same functions on many machines, by Spark. On one machine `fuse --in` is faster.",
    no_args_is_help=True,
)
Master = Annotated[
    str,
    typer.Option(
        help="E.g. local[2], local-cluster[2,1,2048], spark://host:7077; left out: what spark-submit says."
    ),
]
Geometry = Annotated[Path | None, typer.Option(help="GeoJSON with the line and sectors.", show_default=False)]
Conf = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="A setting for Spark; repeat.", show_default=False),
]


@app.command()
def fuse(
    in_: Annotated[str, typer.Option("--in", help="Parquet data set of observations, all columns of the schema.", show_default=False)],
    out: Annotated[str, typer.Option(help="New folder for the incidents.", show_default=False)],
    membership: Annotated[str, typer.Option(help="New folder for obs_id, incident_id, existence.", show_default=False)],
    master: Master = "",
    geometry: Geometry = None,
    parameters: Annotated[Path | None, typer.Option(help="Parameters to use instead of learning them.", show_default=False)] = None,
    parameters_out: Annotated[Path | None, typer.Option(help="Write the parameters used as JSON.", show_default=False)] = None,
    core_days: Annotated[int, typer.Option(help="Days of a tile.")] = CORE_DAYS,
    halo_days: Annotated[int, typer.Option(help="Days it reads besides, on either side.")] = HALO_DAYS,
    conf: Conf = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Fuse a data set by tiles of time; equal to one process under the same parameters."""
    tiles = Tiles(core_days, halo_days)
    line, sectors = own_columns.geometry(geometry)
    known = own_columns.parameters_of(parameters) if parameters else None
    with spark.session(master, _settings(conf)) as session:
        made = spark.fuse(
            session, in_, out, membership, parameters=known, line=line, sectors=sectors, tiles=tiles
        )
    if parameters_out:
        parameters_out.write_text(json.dumps(made["parameters"], indent=1) + "\n", encoding="utf-8")
    emit(
        made,
        as_json,
        f"{made['observations']:,} observations in {made['tiles']:,} tiles make {made['incidents']:,} incidents: {out}",
    )


@app.command()
def assess(
    incidents: Annotated[str, typer.Option(help="Parquet data set of incidents, as `scale fuse` writes it.", show_default=False)],
    observations: Annotated[str, typer.Option(help="Parquet data set of their observations.", show_default=False)],
    out: Annotated[str, typer.Option(help="New folder for the findings.", show_default=False)],
    agreement: Annotated[str, typer.Option(metavar="PATH|ID", help="An agreement folder or library id.", show_default=False)],
    as_of: Annotated[str, typer.Option(help="UTC, e.g. 2031-06-01T00:00:00Z: articles made later are not known.", show_default=False)],
    master: Master = "",
    geometry: Geometry = None,
    conf: Conf = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Hold incidents against an agreement, partition by partition; findings stay alleged until people review them."""
    line, sectors = own_columns.geometry(geometry)
    packed = agreements.pack(agreement)
    as_of_ms = _moment(as_of)
    with spark.session(master, _settings(conf)) as session:
        made = spark.assess(
            session, incidents, observations, out, packed, as_of_ms=as_of_ms, line=line, sectors=sectors
        )
    emit(made, as_json, f"{made['incidents']:,} incidents give {made['findings']:,} alleged findings: {out}")


def _settings(said: list[str] | None) -> dict[str, str]:
    pairs = [one.partition("=") for one in said or []]
    for name, equals, value in pairs:
        if not equals or not name or not value:
            raise UsageError(
                "CLI-047",
                "a setting for Spark reads NAME=VALUE",
                value=name,
                remedy="E.g. --conf spark.executor.memory=4g.",
            )
    return {name: value for name, _, value in pairs}


def _moment(text: str) -> int:
    try:
        if datetime.fromisoformat(text).tzinfo is not None:
            return from_iso(text)
    except (ValueError, OverflowError):
        pass
    raise UsageError(
        "CLI-048",
        "a time is ISO 8601 with an offset",
        where="--as-of",
        value=text,
        remedy="E.g. 2031-06-01T00:00:00Z.",
    )
