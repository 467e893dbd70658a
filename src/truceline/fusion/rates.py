"""How many incidents there are about a place and a time anyway: what agreement has to beat.

Three windows, each shrunk towards the one around it: 7.5 km and 90 minutes, 48 km and 36 hours, the whole theatre.
Groups are counted, not reports, and the two under comparison are left out.
"""

from __future__ import annotations

import numpy as np

from truceline.fusion.candidates import expand
from truceline.geo.points import Float64Array, Int64Array

WINDOWS = ((2_500.0, 1_800.0), (16_000.0, 43_200.0))
_KEY = np.int64(1) << np.int64(20)


def ln_rates(mean_m: Float64Array, middle_s: Float64Array, weight: float, excluded: int = 2) -> Float64Array:
    """ln incidents per square metre and second about each group, (3, k): narrow, wide, whole theatre.

    Args:
        weight: incidents per group, one once groups are incidents.
        excluded: how many groups of each window are those under comparison.
    """
    k = len(mean_m)
    if not k:
        return np.empty((3, 0))
    area = theatre_m2(mean_m)
    span = float(middle_s.max() - middle_s.min()) + 86_400.0
    rate = np.full(k, max(weight * k, 1.0) / (area * span))
    answer = [np.log(rate)]
    for cell_m, bin_s in reversed(WINDOWS):
        count = weight * np.maximum(_around(mean_m, middle_s, cell_m, bin_s) - excluded, 0)
        volume = (3 * cell_m) ** 2 * 3 * bin_s
        rate = (count + 1.0) / (volume + 1.0 / rate)
        answer.append(np.log(rate))
    return np.array(answer[::-1])


def theatre_m2(mean_m: Float64Array) -> float:
    """Area of the 16 km cells in which anything was reported, at least one."""
    cells = np.floor(mean_m / 16_000.0).astype(np.int64) + (_KEY >> 1)
    return max(len(np.unique(cells[:, 0] * _KEY + cells[:, 1])), 1) * 16_000.0**2


def _around(mean_m: Float64Array, middle_s: Float64Array, cell_m: float, bin_s: float) -> Int64Array:
    """How many groups lie in the 3 x 3 x 3 block about each, itself included."""
    cell = np.floor(mean_m / cell_m).astype(np.int64) + (_KEY >> 1)
    slot = np.floor(middle_s / bin_s).astype(np.int64) + (_KEY >> 1)
    key = (cell[:, 0] * _KEY + cell[:, 1]) * _KEY + slot
    ordered = np.sort(key)
    total = np.zeros(len(key), dtype=np.int64)
    for east in (-1, 0, 1):
        for north in (-1, 0, 1):
            wanted = key + (np.int64(east) * _KEY + np.int64(north)) * _KEY
            total += np.searchsorted(ordered, wanted + 1, side="right") - np.searchsorted(
                ordered, wanted - 1, side="left"
            )
    return total


def overlap(
    pair_a: Int64Array, pair_b: Int64Array, label: Int64Array, source: Int64Array, cost: Float64Array, k: int
) -> Float64Array:
    """Summed cost (p,) of the sources that groups a and b both hold.

    Args:
        label, source, cost: (n,) each row's group, its source and what a second report of it costs.
    """
    if not len(pair_a):
        return np.empty(0)
    sources = int(source.max()) + 1
    keys, index = np.unique(label * sources + source, return_index=True)
    price = cost[index]
    owner_of = keys // sources
    starts, ends = (
        np.searchsorted(owner_of, np.arange(k)),
        np.searchsorted(owner_of, np.arange(k), side="right"),
    )
    owner, position = expand(starts[pair_a], (ends - starts)[pair_a])
    wanted = pair_b[owner] * sources + keys[position] % sources
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    hit = keys[at] == wanted
    paid = np.bincount(owner[hit], weights=np.maximum(price[position], price[at])[hit], minlength=len(pair_a))
    return np.asarray(paid, dtype=np.float64)
