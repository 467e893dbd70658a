"""What is taken from the whole table, as parameters: with them any part of it fuses like the whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from truceline.fusion.coding import coded
from truceline.fusion.parameters import Parameters
from truceline.fusion.rates import theatre_m2
from truceline.geo.frame import Frame
from truceline.geo.lines import Line
from truceline.geo.points import BoolArray, from_udeg
from truceline.geo.sectors import Sectors
from truceline.records.codes import ACTS, DESCRIPTIONS, STANCES

NO_SECTOR_DEG = 0.25
FLASHES = ("muzzle_flash",)
DAY_S = 86_400.0


def settled(
    observations: pa.Table,
    parameters: Parameters,
    *,
    line: Line | None = None,
    sectors: Sectors | None = None,
) -> Parameters:
    """Parameters whose frame, area and rate no longer depend on the observations given; unchanged where they do not.

    What says itself that it is a copy has no part in them, or it could move others.

    Args:
        line, sectors: the mission's geometry has the first word on where the frame is.
    Raises:
        FusionError: FUS-003, a word is not in its code list.
    """
    if parameters.theatre_km2 or not observations.num_rows:
        return parameters
    own = observations.filter(observations.column("copy_of").is_null())
    observations = own if own.num_rows else observations
    outgoing = is_outgoing(observations)
    lonlat = from_udeg(observations)
    lonlat = np.where(outgoing[:, None], (np.floor(lonlat / NO_SECTOR_DEG) + 0.5) * NO_SECTOR_DEG, lonlat)
    if sectors is not None and sectors.ids:
        frame = sectors.frame()
    else:
        frame = line.frame() if line is not None else Frame.at(lonlat)
    xy = frame.to_xy(lonlat)
    xy = xy[~np.isnan(xy).any(axis=1)]
    area_km2 = max(1, round(theatre_m2(xy[:, 0], xy[:, 1]) / 1e6))
    middle = (
        observations.column("observed_from_ms").to_numpy() + observations.column("observed_to_ms").to_numpy()
    ) / 2e3
    days = (float(middle.max() - middle.min()) + DAY_S) / DAY_S
    stance, act = coded(observations, "stance", STANCES), coded(observations, "act", ACTS)
    says = (stance != STANCES.index("denial")) & (stance != STANCES.index("quiet"))
    says &= act != ACTS.index("air_raid_alert")
    rate = np.log(max(int(says.sum()), 1) / (area_km2 * days)) + parameters.rate_e3 / 1e3
    return replace(
        parameters, frame_lon_udeg=round(frame.lon0_deg * 1e6), frame_lat_udeg=round(frame.lat0_deg * 1e6),
        theatre_km2=area_km2, theatre_rate_e3=round(1e3 * float(rate)),
    )  # fmt: skip


def is_outgoing(observations: pa.Table) -> BoolArray:
    """Rows that may tell where fire came from: they are coarsened before anything else."""
    description, act = coded(observations, "description", DESCRIPTIONS), coded(observations, "act", ACTS)
    flash: BoolArray = np.isin(act, [ACTS.index(name) for name in FLASHES])
    flash |= description == DESCRIPTIONS.index("outgoing")
    return flash
