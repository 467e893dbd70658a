"""How many of the incidents of a sector and hour each kind of source reported."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.fusion.coding import dictionary
from truceline.geo.points import Int64Array
from truceline.records.codes import SOURCE_KINDS

DETECTIONS: Final = pa.schema(
    [
        ("sector_id", pa.string()), ("hour_ms", pa.int64()), ("source_kind", pa.string()),
        ("incidents", pa.int64()), ("detected", pa.int64()), ("expected_e4", pa.int64()), ("watched_e4", pa.int32()),
    ]
)  # fmt: skip
"""incidents: how many were placed there and then; expected_e4: the sum of their probabilities; detected: how many of
them the kind supports; watched_e4: share of the sector's line it watched, null where no exposure was given."""

HOUR_MS: Final = 3_600_000
HOUR_BITS: Final = 32


def detections(incidents: pa.Table, exposure: pa.Table | None) -> pa.Table:
    """Counts by sector, hour and kind, sorted; kinds that watched and detected nothing are there too."""
    sector, names = dictionary(incidents.column("sector_id"))
    hour = incidents.column("midpoint_ms").to_numpy() // HOUR_MS
    placed = np.flatnonzero(sector >= 0)
    cells, cell = np.unique(_cell(sector[placed], hour[placed]), return_inverse=True)
    many = np.bincount(np.reshape(cell, -1), minlength=len(cells))
    chance = incidents.column("probability_e4").to_numpy()[placed].astype(np.float64)
    expected = np.bincount(np.reshape(cell, -1), weights=chance, minlength=len(cells)).astype(np.int64)
    hits = np.zeros((len(cells), len(SOURCE_KINDS)), dtype=np.int64)
    listed = incidents.column("source_kinds").combine_chunks()
    owner = pc.list_parent_indices(listed).to_numpy()
    kind = pc.index_in(listed.flatten(), value_set=pa.array(SOURCE_KINDS)).to_numpy()
    of = np.full(incidents.num_rows, -1, dtype=np.int64)
    of[placed] = np.reshape(cell, -1)
    kept = of[owner] >= 0
    np.add.at(hits, (of[owner[kept]], kind[kept]), 1)
    watched = np.full(hits.shape, -1, dtype=np.int64)
    if exposure is not None and len(cells):
        there = (
            pc.index_in(exposure.column("sector_id"), value_set=pa.array(names, pa.string()))
            .fill_null(-1)
            .to_numpy()
        )
        key = _cell(there.astype(np.int64), exposure.column("hour_ms").to_numpy() // HOUR_MS)
        at = np.minimum(np.searchsorted(cells, key), len(cells) - 1)
        who = (
            pc.index_in(exposure.column("source_kind"), value_set=pa.array(SOURCE_KINDS))
            .fill_null(-1)
            .to_numpy()
        )
        same = (there >= 0) & (cells[at] == key) & (who >= 0)
        watched[at[same], who[same]] = exposure.column("watched_e4").to_numpy()[same]
    row, kind = np.nonzero((hits > 0) | (watched >= 0))
    share = watched[row, kind]
    table = pa.table(
        {
            "sector_id": pa.array(names, pa.string()).take(pa.array(cells[row] >> HOUR_BITS)),
            "hour_ms": (cells[row] & ((1 << HOUR_BITS) - 1)) * HOUR_MS,
            "source_kind": pa.array(SOURCE_KINDS).take(pa.array(kind)), "incidents": many[row], "detected": hits[row, kind],
            "expected_e4": expected[row], "watched_e4": pa.array(share, mask=share < 0).cast(pa.int32()),
        },
        schema=DETECTIONS,
    )  # fmt: skip
    return table.sort_by([("sector_id", "ascending"), ("hour_ms", "ascending"), ("source_kind", "ascending")])


def _cell(sector: Int64Array, hour: Int64Array) -> Int64Array:
    return (sector << HOUR_BITS) + hour
