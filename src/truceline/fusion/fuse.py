"""Observations to incidents: the one entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.fusion.assembly import Assembled, assemble
from truceline.fusion.association import Say, associate
from truceline.fusion.constraints import Constraint, check, observed_in
from truceline.fusion.detections import detections
from truceline.fusion.parameters import DEFAULTS, Parameters
from truceline.fusion.sheet import read, refuse_disorder
from truceline.fusion.theatre import settled
from truceline.fusion.tiling import CORE_DAYS, HALO_DAYS, fuse_tiles
from truceline.geo.lines import Line
from truceline.geo.points import Int64Array
from truceline.geo.sectors import Sectors
from truceline.records.parties import Alignment

WHOLE_UP_TO: Final = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Fused:
    """incidents: `records.columns.INCIDENTS`. membership: `assembly.MEMBERSHIP`. detections: see `fusion.detections`.

    parameters: those that were used, with what was taken from the whole table.
    """

    incidents: pa.Table
    membership: pa.Table
    detections: pa.Table
    parameters: Parameters


def fuse(
    observations: pa.Table,
    *,
    origin: Int64Array,
    parameters: Parameters = DEFAULTS,
    line: Line | None = None,
    sectors: Sectors | None = None,
    alignments: tuple[Alignment, ...] = (),
    exposure: pa.Table | None = None,
    constraints: Sequence[Constraint] = (),
    tile_days: int | None = None,
    halo_days: int = HALO_DAYS,
    say: Say = lambda step: None,
) -> Fused:
    """Group observations into incidents, with a probability, a place, a time and shares of the sides.

    Pure and deterministic; neither the order of the rows nor the number of threads matters. Long tables are fused in
    tiles of time, which bounds memory and gives the same incidents.

    Args:
        observations: `records.columns.OBSERVATIONS`, superseded and withdrawn rows left out. A further column
            `media_sha256` is read where it is present: equal media files are one voice.
        origin: int64 (n,), the rank of each row on the log; equal ranks are told apart by obs_id.
        parameters: a set from the log, or the defaults.
        line, sectors: the mission's geometry; without sectors outgoing fire is placed to a quarter of a degree.
        alignments: who stands with whom, and when.
        exposure: who could have seen what (`coverage.exposure`).
        constraints: what officers decided about what belongs together, oldest first.
        tile_days: days of a tile; 0 for one piece; by default 30 for more than 200,000 rows.
        halo_days: days around a tile that are fused with it.
        say: told of each step.
    Raises:
        FusionError: FUS-003 to FUS-007, the table or the constraints do not hold together.
    Source: docs/explanation/fusion.md.
    """
    check(constraints)
    refuse_disorder(observations, origin)
    parameters = settled(observations, parameters, line=line, sectors=sectors)
    ranks = np.asarray(origin, dtype=np.int64)

    def part(rows: pa.Table, rank: Int64Array, say: Say = lambda step: None) -> Assembled:
        sheet = read(rows, rank, parameters=parameters, sectors=sectors, alignments=alignments, line=line)
        found = associate(sheet, parameters, say, constraints)
        say("describing incidents")
        return assemble(
            sheet, found, parameters=parameters, line=line, alignments=alignments, exposure=exposure
        )

    days = (CORE_DAYS if observations.num_rows > WHOLE_UP_TO else 0) if tile_days is None else tile_days
    if days:
        tied = [observed_in(one) for one in constraints]
        made = fuse_tiles(
            observations, ranks, part, core_days=days, halo_days=halo_days, together=tied, say=say
        )
        made = in_order(made, observations, ranks)
    else:
        made = part(observations, ranks, say)
    return Fused(made.incidents, made.membership, detections(made.incidents, exposure), parameters)


def in_order(made: Assembled, observations: pa.Table, origin: Int64Array) -> Assembled:
    """Incidents in the order of their lowest observations."""
    ids = made.incidents.column("incident_id")
    at = pc.index_in(ids, value_set=observations.column("obs_id").combine_chunks())
    rank = origin[np.asarray(at).astype(np.int64)]
    keys = pa.table({"rank": rank, "id": ids})
    if len(rank) < 2 or (np.diff(rank) > 0).all():
        return made
    order = pc.sort_indices(keys, sort_keys=[("rank", "ascending"), ("id", "ascending")])
    if (np.diff(np.asarray(order)) == 1).all():
        return made
    return Assembled(made.incidents.take(order), made.membership)
