"""What is taken from the whole table, as parameters: with them any part of it fuses like the whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from truceline.fusion.parameters import Parameters
from truceline.fusion.sheet import DAY_S, read
from truceline.geo.lines import Line
from truceline.geo.sectors import Sectors
from truceline.records.parties import Alignment


def settled(
    observations: pa.Table,
    parameters: Parameters,
    *,
    line: Line | None = None,
    sectors: Sectors | None = None,
    alignments: tuple[Alignment, ...] = (),
) -> Parameters:
    """Parameters whose frame, area and rate no longer depend on the observations given; unchanged where they do not.

    Raises:
        FusionError: as `fuse`.
    """
    if parameters.theatre_km2 or not observations.num_rows:
        return parameters
    origin = np.zeros(observations.num_rows, dtype=np.int64)
    sheet = read(
        observations, origin, parameters=parameters, sectors=sectors, alignments=alignments, line=line
    )
    return replace(
        parameters,
        frame_lon_udeg=round(sheet.frame.lon0_deg * 1e6),
        frame_lat_udeg=round(sheet.frame.lat0_deg * 1e6),
        theatre_km2=max(1, round(float(np.exp(sheet.ln_area)) / 1e6)),
        theatre_rate_e3=round(1e3 * (sheet.ln_rate + float(np.log(1e6 * DAY_S))) + parameters.rate_e3),
    )
