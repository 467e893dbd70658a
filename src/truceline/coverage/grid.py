"""Rows of an exposure found by sector and hour, for many incidents at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.records.codes import MISSION_KINDS

HOUR_MS: Final = 3_600_000
ANY: Final = "any"

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The rows of kind ANY, r of them, in the order of the table.

    Attributes:
        rows: the table of these rows. sectors: names, sorted. sector, hour_ms: (r,).
    """

    rows: pa.Table
    sectors: tuple[str, ...]
    sector: Ints
    hour_ms: Ints
    _hours: Ints
    _row: Ints

    @classmethod
    def of(cls, exposed: pa.Table) -> Grid:
        """Of an exposure."""
        rows = exposed.filter(pc.equal(exposed["source_kind"], ANY))
        sectors = tuple(sorted(pc.unique(rows["sector_id"]).to_pylist()))
        sector = _ranks(rows["sector_id"], sectors)
        hour = rows["hour_ms"].to_numpy()
        hours = np.unique(hour)
        row = np.full((len(sectors), len(hours)), -1, dtype=np.int64)
        row[sector, np.searchsorted(hours, hour)] = np.arange(len(hour))
        return cls(rows, sectors, sector, hour, hours, row)

    def find(self, incidents: pa.Table) -> Ints:
        """The row of the sector and hour of each incident; -1 where the exposure has none."""
        sector = _ranks(incidents["sector_id"], self.sectors)
        at = incidents["midpoint_ms"].to_numpy() // HOUR_MS * HOUR_MS
        if not len(self._hours):
            return np.full(len(at), -1, dtype=np.int64)
        hour = np.minimum(np.searchsorted(self._hours, at), len(self._hours) - 1)
        known = (sector >= 0) & (self._hours[hour] == at)
        return np.asarray(np.where(known, self._row[np.maximum(sector, 0), hour], -1), dtype=np.int64)


def reported_by_own(incidents: pa.Table) -> Bools:
    """Whether the mission's own reported each incident."""
    return _holds(incidents["source_kinds"], sorted(MISSION_KINDS))


def reported_by_others(incidents: pa.Table) -> Bools:
    """Whether anybody else did: satellites, imagery, parties, media, complaints."""
    kinds = incidents["source_kinds"]
    own = _count(kinds, sorted(MISSION_KINDS))
    lengths = pc.list_value_length(kinds).fill_null(0).to_numpy()
    return np.asarray(lengths > own)


def _holds(lists: Any, words: list[str]) -> Bools:
    return np.asarray(_count(lists, words) > 0)


def _count(lists: Any, words: list[str]) -> Ints:
    """How many of the words stand in each list."""
    whole = lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
    parent = pc.list_parent_indices(whole).to_numpy()
    hit = pc.is_in(pc.list_flatten(whole), pa.array(words)).to_numpy(zero_copy_only=False)
    return np.bincount(parent[hit], minlength=len(whole)).astype(np.int64)


def _ranks(names: Any, known: tuple[str, ...]) -> Ints:
    found: Ints = pc.index_in(names, pa.array(known, pa.string())).fill_null(-1).to_numpy().astype(np.int64)
    return found
