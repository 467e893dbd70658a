"""Tiles of time: what each reads, what each owns, and the check that every row is owned exactly once.

A tile's core is a stretch of days counted from 1970, a global constant, so that no tiling depends on the data; it reads a
halo of days on either side. A row belongs to the tile whose core holds the middle of its interval. An incident belongs to
the tile that holds its lowest report, the one that names it. Under parameters that hold the theatre's frame, area and
rate, an incident far from the edge of what a tile reads comes out as it would from the whole table.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline import fusion
from truceline.errors import UsageError
from truceline.fusion import Parameters
from truceline.geo.lines import Line
from truceline.geo.sectors import Sectors
from truceline.records.parties import Alignment

Ints = npt.NDArray[np.int64]
CORE_DAYS: Final = 30
HALO_DAYS: Final = 5
DAY_MS: Final = 86_400_000
MEMBERSHIP: Final = pa.schema(
    [("obs_id", pa.string()), ("incident_id", pa.string()), ("existence", pa.float64())]
)
"""One row an observation; null where it belongs to no incident (a denial of nothing, an alert)."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """How time is cut. core_days, halo_days: see the module."""

    core_days: int = CORE_DAYS
    halo_days: int = HALO_DAYS

    def __post_init__(self) -> None:
        if self.core_days < 1 or not 0 <= self.halo_days <= self.core_days:
            raise UsageError(
                "SCA-001", "a tile must have a core of at least a day and a halo no longer than the core",
                value=(self.core_days, self.halo_days), remedy=f"The usual are {CORE_DAYS} and {HALO_DAYS} days.",
            )  # fmt: skip

    def of(self, observations: pa.Table) -> Ints:
        """(n,) the tile that owns each row."""
        return np.asarray(self._day(observations) // self.core_days, dtype=np.int64)

    def read_by(self, observations: pa.Table) -> list[tuple[int, Ints]]:
        """(difference, rows): which rows are read besides by the tile before (-1), their own (0), the tile after (1)."""
        day = self._day(observations)
        inside = day - day // self.core_days * self.core_days
        return [
            (-1, np.flatnonzero(inside < self.halo_days)), (0, np.arange(len(day))),
            (1, np.flatnonzero(inside >= self.core_days - self.halo_days)),
        ]  # fmt: skip

    @staticmethod
    def _day(observations: pa.Table) -> Ints:
        start = observations.column("observed_from_ms").to_numpy().astype(np.int64)
        end = observations.column("observed_to_ms").to_numpy().astype(np.int64)
        return np.asarray((start + (end - start) // 2) // DAY_MS, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What every tile is told: parameters that stand for the whole theatre, and the mission's geometry and sides."""

    parameters: Parameters
    line: Line | None = None
    sectors: Sectors | None = None
    alignments: tuple[Alignment, ...] = ()


def sides_of(names: Iterable[str | None], line: Line | None) -> tuple[Alignment, ...]:
    """Everyone who speaks or is blamed, and both beside the line: each stands alone, none is known to stand with another."""
    named = {*names, *((line.left, line.right) if line is not None else ())}
    return tuple(
        Alignment(id=name, members=(name,)) for name in sorted(n for n in named if n and n != "unknown")
    )


def memberships(fused: fusion.Fused) -> pa.Table:
    """`MEMBERSHIP` of a result, in order of obs_id; what contradicts several incidents stands with the lowest."""
    held = fused.membership.select(MEMBERSHIP.names).cast(MEMBERSHIP)
    held = held.sort_by([("obs_id", "ascending"), ("incident_id", "ascending")])
    ids = held.column("obs_id").combine_chunks()
    if not len(ids):
        return held
    first = np.ones(len(ids), dtype=bool)
    first[1:] = pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
    return held.filter(pa.array(first)).combine_chunks()


def fuse_tile(observations: pa.Table, tile: int, tiles: Tiles, given: Given) -> tuple[pa.Table, pa.Table]:
    """Incidents that a tile owns, and `MEMBERSHIP` of the rows in them and of its own rows that are in none.

    Args:
        observations: the rows of the tile's core and halo, in any order.
    """
    fused = fusion.fuse(
        observations, origin=np.zeros(observations.num_rows, dtype=np.int64), parameters=given.parameters,
        line=given.line, sectors=given.sectors, alignments=given.alignments,
    )  # fmt: skip
    own = observations.column("obs_id").filter(pa.array(tiles.of(observations) == tile)).combine_chunks()
    incidents = fused.incidents.filter(pc.is_in(fused.incidents.column("incident_id"), value_set=own))
    held = memberships(fused)
    mine = pc.or_(
        pc.is_in(held.column("incident_id"), value_set=incidents.column("incident_id").combine_chunks(), skip_nulls=True),
        pc.and_(pc.is_null(held.column("incident_id")), pc.is_in(held.column("obs_id"), value_set=own)),
    )  # fmt: skip
    return incidents, held.filter(pc.fill_null(mine, False))
