"""How many of the incidents of a sector and hour each kind of source reported."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

DETECTIONS: Final = pa.schema(
    [
        ("sector_id", pa.string()), ("hour_ms", pa.int64()), ("source_kind", pa.string()),
        ("incidents", pa.int64()), ("detected", pa.int64()), ("expected_e4", pa.int64()), ("watched_e4", pa.int32()),
    ]
)  # fmt: skip
"""incidents: how many were placed there and then; expected_e4: the sum of their probabilities; detected: how many of
them the kind supports; watched_e4: share of the sector's line it watched, null where no exposure was given."""

HOUR_MS = 3_600_000


def detections(incidents: pa.Table, exposure: pa.Table | None) -> pa.Table:
    """Counts by sector, hour and kind, sorted; kinds that watched and detected nothing are there too."""
    total: dict[tuple[str, int], list[int]] = {}
    hits: dict[tuple[str, int, str], int] = {}
    names = ("sector_id", "midpoint_ms", "source_kinds", "probability_e4")
    for sector, at_ms, kinds, chance in zip(*(incidents.column(n).to_pylist() for n in names), strict=True):
        if sector is None:
            continue
        key = (sector, at_ms // HOUR_MS * HOUR_MS)
        here = total.setdefault(key, [0, 0])
        here[0] += 1
        here[1] += chance
        for kind in kinds:
            hits[(*key, kind)] = hits.get((*key, kind), 0) + 1
    watched: dict[tuple[str, int, str], int] = {}
    if exposure is not None:
        columns = ("sector_id", "hour_ms", "source_kind", "watched_e4")
        for sector, hour, kind, share in zip(*(exposure.column(n).to_pylist() for n in columns), strict=True):
            watched[(sector, hour, kind)] = share
    rows = []
    for sector, hour, kind in sorted(set(hits) | {cell for cell in watched if cell[:2] in total}):
        incidents_there, expected = total[(sector, hour)]
        rows.append(
            {
                "sector_id": sector, "hour_ms": hour, "source_kind": kind, "incidents": incidents_there,
                "detected": hits.get((sector, hour, kind), 0), "expected_e4": expected, "watched_e4": watched.get((sector, hour, kind)),
            }
        )  # fmt: skip
    return pa.Table.from_pylist(rows, schema=DETECTIONS)
