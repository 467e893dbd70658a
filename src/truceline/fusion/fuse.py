"""Observations to incidents."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from truceline.fusion.assembly import assemble
from truceline.fusion.association import Say, associate
from truceline.fusion.detections import detections
from truceline.fusion.parameters import DEFAULTS, Parameters
from truceline.fusion.sheet import read
from truceline.geo.lines import Line
from truceline.geo.points import Int64Array
from truceline.geo.sectors import Sectors
from truceline.records.parties import Alignment


@dataclass(frozen=True, slots=True, eq=False)
class Fused:
    """incidents: `records.columns.INCIDENTS`. membership: `assembly.MEMBERSHIP`. detections: see `fusion.detections`."""

    incidents: pa.Table
    membership: pa.Table
    detections: pa.Table


def fuse(
    observations: pa.Table,
    *,
    origin: Int64Array,
    parameters: Parameters = DEFAULTS,
    line: Line | None = None,
    sectors: Sectors | None = None,
    alignments: tuple[Alignment, ...] = (),
    exposure: pa.Table | None = None,
    say: Say = lambda step: None,
) -> Fused:
    """Group observations into incidents, with a probability, a place, a time and shares of the sides.

    Pure and deterministic; the order of the rows does not matter.

    Args:
        observations: `records.columns.OBSERVATIONS`, superseded rows left out.
        origin: int64 (n,), the rank of each row on the log; equal ranks are told apart by obs_id.
        parameters: a set from the log, or the defaults.
        line, sectors: the mission's geometry; without sectors outgoing fire is placed to a quarter of a degree.
        alignments: who stands with whom, and when.
        exposure: who could have seen what (`coverage.exposure`).
        say: told of each step.
    Raises:
        FusionError: FUS-003 to FUS-006, the table does not hold together.
    Source: docs/explanation/fusion.md.
    """
    sheet = read(
        observations, origin, parameters=parameters, sectors=sectors, alignments=alignments, line=line
    )
    found = associate(sheet, parameters, say)
    say("describing incidents")
    made = assemble(sheet, found, parameters=parameters, line=line, alignments=alignments, exposure=exposure)
    return Fused(made.incidents, made.membership, detections(made.incidents, exposure))
