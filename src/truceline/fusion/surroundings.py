"""What is corroborated around an incident: where and when something surely happens, a lone report is likelier true.

Incidents come where incidents are, false alarms come where observers are; so how many corroborated incidents stand about
a place and time tells a lone report of something from one of nothing. Counted in blocks of cells, other incidents only,
within a day, so that tiles and updates see all that they need. Who says it, a party least of all, plays no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from truceline.fusion.rates import around, cell_keys
from truceline.fusion.voices import Members
from truceline.geo.points import BoolArray, Float64Array, Int64Array
from truceline.records.codes import MISSION_KINDS, PHYSICAL_KINDS, SOURCE_KINDS

DEMONSTRABLE: Final = PHYSICAL_KINDS | MISSION_KINDS


@dataclass(frozen=True, slots=True)
class Window:
    """A block of 3 x 3 x 3 cells about an incident."""

    name: str
    cell_m: float
    cell_s: float
    words: str


SURROUNDINGS: Final = (
    Window("day", 1_300.0, 57_600.0, "within 2 km and a day"),
    Window("hour", 2_000.0, 2_400.0, "within 3 km and an hour"),
)
"""Words state half of a block's extent; where in its cell an incident lies moves the block by half a cell."""


def corroborated(members: Members, kind: Int64Array) -> BoolArray:
    """(k,) whether voices of two kinds agree, one of them physical or the mission's own."""
    k, kinds = len(members.start) - 1, len(SOURCE_KINDS)
    heard = np.zeros((k, kinds), dtype=bool)
    heard[members.group[members.chosen], kind[members.rows[members.chosen]]] = True
    shown = np.array([word in DEMONSTRABLE for word in SOURCE_KINDS])
    found: BoolArray = (heard.sum(axis=1) > 1) & heard[:, shown].any(axis=1)
    return found


def corroborated_near(
    mean_m: Float64Array, midpoint_ms: Int64Array, known: BoolArray, agreed: BoolArray
) -> Int64Array:
    """How many other corroborated incidents (k, windows) stand about each; -1 where its place is not known.

    Args:
        mean_m: (k, 2) places in the frame. known: (k,) whether they are. agreed: (k,) see `corroborated`.
    """
    near = np.full((len(known), len(SURROUNDINGS)), -1, dtype=np.int64)
    here = np.flatnonzero(known)
    for number, window in enumerate(SURROUNDINGS):
        keys = cell_keys(
            mean_m[here, 0], mean_m[here, 1], midpoint_ms[here] / 1e3, window.cell_m, window.cell_s
        )
        near[here, number] = around(keys, np.sort(keys[agreed[here]])) - agreed[here]
    return near
