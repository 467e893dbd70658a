"""A long table in tiles of time: bounded memory, both cores, the same incidents.

A tile fuses its own days and some days around them, and keeps the incidents whose lowest observation is its own. What
is taken from the whole is in the parameters (`theatre.settled`). Copies are fused beside their originals wherever they
are. If an observation came to be in no tile's incidents, or in those of two, the margin is doubled: no row is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.fusion.assembly import Assembled
from truceline.fusion.threads import count
from truceline.geo.points import BoolArray, Int64Array

DAY_MS: Final = 86_400_000
CORE_DAYS: Final = 30
HALO_DAYS: Final = 5
Fuse = Callable[[pa.Table, Int64Array], Assembled]


@dataclass(frozen=True, slots=True)
class Tile:
    """Owns the observations whose middle lies in [from_ms, until_ms)."""

    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True, eq=False)
class Tiled:
    """The parts of the table that are fused with each tile, and the pieces of the result."""

    tiles: tuple[Tile, ...]
    parts: tuple[Assembled, ...]


def middles_ms(observations: pa.Table) -> Int64Array:
    """Middle of each observation's interval."""
    start, end = (observations.column(name).to_numpy() for name in ("observed_from_ms", "observed_to_ms"))
    middle: Int64Array = start + (end - start) // 2
    return middle


def tiles_of(middle_ms: Int64Array, core_days: int = CORE_DAYS) -> tuple[Tile, ...]:
    """Tiles on a grid of whole cores since 1970 that hold any observation; neighbours of few rows are one."""
    core = core_days * DAY_MS
    return tuple(Tile(n * core, (n + 1) * core) for n in np.unique(middle_ms // core).tolist())


def rows_of(tile: Tile, middle_ms: Int64Array, linked: Int64Array, halo_days: int = HALO_DAYS) -> Int64Array:
    """Rows that are fused with a tile, ascending: its own, those around it, and copies and originals of all these.

    Args:
        linked: (n,) the row whose copy each row is, itself for most.
    """
    halo = halo_days * DAY_MS
    near = (middle_ms >= tile.from_ms - halo) & (middle_ms < tile.until_ms + halo)
    originals = np.zeros(len(near), dtype=bool)
    originals[linked[near]] = True
    return np.flatnonzero(near | originals[linked])


def linked_rows(observations: pa.Table, together: Sequence[Sequence[str]] = ()) -> Int64Array:
    """(n,) the row that each row copies, by `copy_of`; itself where it copies nothing or nothing that is here.

    Args:
        together: obs_ids that officers tied to each other: all lead to one row.
    """
    linked = _copied_rows(observations)
    ids = observations.column("obs_id").combine_chunks() if together else None
    for names in together:
        rows = np.asarray(pc.index_in(pa.array(sorted(names), pa.string()), value_set=ids).drop_null())
        roots = np.unique(linked[rows])
        if len(roots) > 1:
            linked[np.isin(linked, roots)] = roots[0]
    return linked


def _copied_rows(observations: pa.Table) -> Int64Array:
    n = observations.num_rows
    copied = observations.column("copy_of")
    if copied.null_count == n:
        return np.arange(n)
    target = pc.index_in(copied.combine_chunks(), value_set=observations.column("obs_id").combine_chunks())
    here = np.asarray(pc.fill_null(target, -1)).astype(np.int64)
    here[np.asarray(pc.fill_null(pc.equal(copied, ""), True))] = -1
    linked = np.where(here >= 0, here, np.arange(n))
    for _ in range(64):  # chains of copies; a circle stays what it is
        further = linked[linked]
        if (further == linked).all():
            break
        linked = further
    return linked


def fuse_tiles(
    observations: pa.Table, origin: Int64Array, fuse: Fuse, *, core_days: int = CORE_DAYS, halo_days: int = HALO_DAYS,
    together: Sequence[Sequence[str]] = (), say: Callable[[str], None] = lambda step: None,
) -> Assembled:  # fmt: skip
    """The incidents of a table, tile by tile.

    Args:
        fuse: fuses part of the table; must not depend on anything outside of it.
        together: obs_ids that are fused together wherever they are.
    """
    middle, linked = middles_ms(observations), linked_rows(observations, together)
    tiles = tiles_of(middle, core_days)
    done = 0

    def one(tile: Tile) -> Assembled:
        nonlocal done
        rows = rows_of(tile, middle, linked, halo_days)
        part = observations.take(pa.array(rows)) if len(rows) < len(middle) else observations
        made = owned(fuse(part, origin[rows]), part, lambda at: (at >= tile.from_ms) & (at < tile.until_ms))
        done += 1
        say(f"tile {done} of {len(tiles)}")
        return made

    if count() > 1 and len(tiles) > 1:
        with ThreadPoolExecutor(min(count(), len(tiles))) as pool:
            parts = list(pool.map(one, tiles))
    else:
        parts = [one(tile) for tile in tiles]
    whole = joined(parts)
    if not _once(whole, observations, len(middle)):
        span = int(middle.max() - middle.min()) // DAY_MS + 2 * core_days
        if halo_days <= span:
            return fuse_tiles(
                observations,
                origin,
                fuse,
                core_days=core_days,
                halo_days=2 * halo_days,
                together=together,
                say=say,
            )
    return whole


def owned(made: Assembled, part: pa.Table, mine: Callable[[Int64Array], BoolArray]) -> Assembled:
    """The incidents whose lowest observation is owned; and of observations in none, those that are owned."""
    ids = made.incidents.column("incident_id")
    at = pc.index_in(
        part.column("obs_id"), value_set=ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    )
    rows = np.flatnonzero(np.asarray(at.is_valid()))
    middle = middles_ms(part)
    lowest = np.empty(made.incidents.num_rows, dtype=np.int64)
    lowest[np.asarray(at.drop_null()).astype(np.int64)] = middle[rows]
    keep = mine(lowest)
    members = made.membership
    inside = pc.is_in(members.column("incident_id"), value_set=ids.filter(pa.array(keep)).combine_chunks())
    alone = np.flatnonzero(np.asarray(members.column("incident_id").is_null()))
    mask = np.asarray(inside).copy()
    where = pc.index_in(
        members.column("obs_id").take(pa.array(alone)), value_set=part.column("obs_id").combine_chunks()
    )
    mask[alone] = mine(middle[np.asarray(where).astype(np.int64)])
    return Assembled(made.incidents.filter(pa.array(keep)), members.filter(pa.array(mask)))


def joined(parts: list[Assembled]) -> Assembled:
    """Parts as one."""
    return Assembled(
        pa.concat_tables([part.incidents for part in parts]),
        pa.concat_tables([part.membership for part in parts]),
    )


def _once(whole: Assembled, observations: pa.Table, n: int) -> bool:
    """Whether every observation supports at most one incident and stands in the membership."""
    members = whole.membership
    supports = members.filter(pc.not_equal(members.column("role"), "contradicts"))
    ids = supports.column("obs_id")
    against = members.column("obs_id").filter(pc.equal(members.column("role"), "contradicts"))
    return (
        len(pc.unique(ids)) == len(ids)
        and len(pc.unique(pa.chunked_array([*ids.chunks, *against.chunks]))) == n
    )
