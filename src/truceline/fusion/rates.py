"""How many incidents there are about a place and a time anyway: what agreement has to beat.

Three windows, each shrunk towards the one around it: 7.5 km and 90 minutes, 48 km and 36 hours, the whole theatre.
Groups are counted, not reports, and the two under comparison are left out.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from truceline.fusion.compiled import compiled
from truceline.geo.points import BoolArray, Float64Array, Int64Array

WINDOWS: Final = ((2_500.0, 1_800.0), (16_000.0, 43_200.0))
COMPARED: Final = 2
AREA_CELL_M: Final = 16_000.0
_KEY: Final = 1 << 20


def ln_rates(
    x: Float64Array, y: Float64Array, middle_s: Float64Array, sharp: BoolArray, weight: tuple[float, float],
    ln_theatre_rate: float,
) -> Float64Array:  # fmt: skip
    """ln incidents per square metre and second about each of k groups, (k, 3): narrow, wide, whole theatre.

    Args:
        sharp: (k,) groups that know their place and time; the narrow window counts no others.
        weight: incidents for each sharp group, and for each other one.
        ln_theatre_rate: ln incidents per square metre and second in the whole theatre.
    """
    k = len(x)
    answer = np.empty((k, 3))
    rate = np.full(k, np.exp(ln_theatre_rate))
    answer[:, 2] = ln_theatre_rate
    for level, (cell_m, bin_s) in reversed(list(enumerate(WINDOWS))):
        keys = cell_keys(x, y, middle_s, cell_m, bin_s)
        count = weight[0] * around(keys, np.sort(keys[sharp]))
        own = np.where(sharp, weight[0], 0.0 if level == 0 else weight[1])
        if level > 0 and not sharp.all():
            count = count + weight[1] * around(keys, np.sort(keys[~sharp]))
        count = np.maximum(count - COMPARED * own, 0.0)
        volume = (3 * cell_m) ** 2 * 3 * bin_s
        rate = (count + 1.0) / (volume + 1.0 / rate)
        answer[:, level] = np.log(rate)
    return answer


def cell_keys(
    x: Float64Array, y: Float64Array, middle_s: Float64Array, cell_m: float, bin_s: float
) -> Int64Array:
    """The cell (k,) of each place and time, as one number."""
    east, north, slot = (
        np.floor(v / size).astype(np.int64) + (_KEY >> 1)
        for v, size in ((x, cell_m), (y, cell_m), (middle_s, bin_s))
    )
    keys: Int64Array = (east * _KEY + north) * _KEY + slot
    return keys


def theatre_m2(x: Float64Array, y: Float64Array) -> float:
    """Area of the 16 km cells in which anything was reported, at least one."""
    east, north = (np.floor(v / AREA_CELL_M).astype(np.int64) + (_KEY >> 1) for v in (x, y))
    return max(len(np.unique(east * _KEY + north)), 1) * AREA_CELL_M**2


def around(keys: Int64Array, counted: Int64Array) -> Int64Array:
    """How many of `counted` (sorted) lie in the 3 x 3 x 3 block about each key."""
    distinct, back = np.unique(keys, return_inverse=True)
    return _around(distinct, counted)[np.reshape(back, -1)]


@compiled
def _around(distinct: Int64Array, counted: Int64Array) -> Int64Array:
    total = np.zeros(len(distinct), dtype=np.int64)
    for east in range(-1, 2):
        for north in range(-1, 2):
            shift = (east * _KEY + north) * _KEY
            low = high = 0
            for index in range(len(distinct)):
                wanted = distinct[index] + shift
                while low < len(counted) and counted[low] < wanted - 1:
                    low += 1
                high = max(high, low)
                while high < len(counted) and counted[high] <= wanted + 1:
                    high += 1
                total[index] += high - low
    return total
