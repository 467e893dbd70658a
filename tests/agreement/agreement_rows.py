"""Small incidents and observations for the tests of agreements; everything is an exercise in the open ocean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from truceline.geo import Line
from truceline.records.columns import INCIDENTS, OBSERVATIONS

AFTER_MS = 1_930_000_000_000  # 27 February 2031, before the accord
IN_FORCE_MS = 1_930_500_000_000  # 5 March 2031, after it
LATE_MS = 2_000_000_000_000
LINE = Line("line-of-contact", np.array([[-31.0, 0.0], [-30.0, 0.0], [-29.0, 0.0]]), "north", "south")
M_PER_UDEG_LAT = 110_574.0 / 1e6


def incident(
    name: str = "EXERCISE-1", *, metres: float | None = 5_000, sd_m: int = 50, **fields: Any
) -> dict[str, Any]:
    """One row; `metres` is the distance from the line, positive on the left (north)."""
    row: dict[str, Any] = dict.fromkeys(INCIDENTS.names) | {
        "incident_id": name, "members": [], "from_ms": IN_FORCE_MS, "to_ms": IN_FORCE_MS, "midpoint_ms": IN_FORCE_MS,
        "act": "shelling", "weapon": "unknown", "probability_e4": 10_000, "sides": [], "side": "undetermined",
        "exercise": True,
    }  # fmt: skip
    if metres is not None:
        row |= {
            "lon_udeg": -30_000_000, "lat_udeg": round(metres / M_PER_UDEG_LAT),
            "cov_ee_m2": sd_m**2, "cov_en_m2": 0, "cov_nn_m2": sd_m**2,
        }  # fmt: skip
    return row | fields


def incidents(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=INCIDENTS)


def observations(*rows: dict[str, Any]) -> pa.Table:
    blank: dict[str, Any] = dict.fromkeys(OBSERVATIONS.names) | {
        "source_kind": "patrol", "live_fire_exercise": "unknown", "intent": "unknown", "exercise": True,
    }  # fmt: skip
    return pa.Table.from_pylist([blank | row for row in rows], schema=OBSERVATIONS)


NOBODY = observations()
