"""Who could have noticed what: the chance that a kind reports what happens in a sector and hour.

Where the exposure tells the chance of notice (`noticed_e4`: distance, light and kind are in it), that is taken; else the
share of the line that the kind watched, times the share of incidents before its eyes that it reports.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from truceline.fusion.coding import dictionary
from truceline.fusion.parameters import Parameters
from truceline.geo.points import BoolArray, Int64Array
from truceline.records.codes import SOURCE_KINDS

HOUR_MS = 3_600_000
KINDS = len(SOURCE_KINDS)


class Watched:
    """Shares of a sector's line that were watched, and chances of notice, by sector, hour and kind."""

    __slots__ = ("cells", "noticed", "sectors", "share")

    def __init__(self, exposure: pa.Table | None) -> None:
        self.sectors: dict[str, int] = {}
        self.cells = np.empty(0, dtype=np.int64)
        self.share = np.zeros((1, KINDS), dtype=np.int64)
        self.noticed = np.full((1, KINDS), -1, dtype=np.int64)
        if exposure is None or not exposure.num_rows:
            return
        number, names = dictionary(exposure.column("sector_id"))
        self.sectors = {name: index for index, name in enumerate(names)}
        kinds, words = dictionary(exposure.column("source_kind"))
        known = np.array([SOURCE_KINDS.index(word) if word in SOURCE_KINDS else -1 for word in words])[kinds]
        key = _cell(number, exposure.column("hour_ms").to_numpy())
        self.cells, back = np.unique(key, return_inverse=True)
        self.share = np.zeros((len(self.cells) + 1, KINDS), dtype=np.int64)  # the last row: nobody
        self.noticed = np.full(self.share.shape, -1, dtype=np.int64)
        kept = known >= 0
        at = (np.reshape(back, -1)[kept], known[kept])
        self.share[at] = exposure.column("watched_e4").to_numpy()[kept]
        if "noticed_e4" in exposure.column_names:
            self.noticed[at] = exposure.column("noticed_e4").fill_null(-1).to_numpy()[kept]

    def here(self, sector: Int64Array, names: list[str], at_ms: Int64Array) -> tuple[Int64Array, Int64Array]:
        """Shares watched and chances of notice (k, kinds) in units of 1e-4; a chance is -1 where none is told.

        Args:
            sector: numbers of `names`, -1 for none.
        """
        translate = np.array([*(self.sectors.get(name, -1) for name in names), -1], dtype=np.int64)
        number = translate[sector]
        key = _cell(number, at_ms // HOUR_MS * HOUR_MS)
        at = np.minimum(np.searchsorted(self.cells, key), max(len(self.cells) - 1, 0))
        found: BoolArray = np.zeros(len(key), dtype=bool)
        if len(self.cells):
            found = (number >= 0) & (self.cells[at] == key)
        row = np.where(found, at, len(self.share) - 1)
        return self.share[row], self.noticed[row]


def chances(share_e4: Int64Array, noticed_e4: Int64Array, parameters: Parameters) -> Int64Array:
    """Chance (k, kinds), in units of 1e-4, that each kind reports what happened there and then."""
    detects = np.array([parameters.detection_e4[kind] for kind in SOURCE_KINDS], dtype=np.int64)
    return np.where(noticed_e4 >= 0, noticed_e4, share_e4 * detects // 10_000)


def _cell(sector: Int64Array, hour_ms: Int64Array) -> Int64Array:
    return sector * (1 << 40) + hour_ms // HOUR_MS
