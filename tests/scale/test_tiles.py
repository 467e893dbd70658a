"""Tiles of time put together give what one process gives, and every row is owned once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from truceline.errors import UsageError
from truceline.scale import Given, Tiles, fuse_tile


def in_tiles(table: pa.Table, given: Given, tiles: Tiles) -> tuple[pa.Table, pa.Table]:
    """What the tiles own, put together, as Spark does."""
    owner = tiles.of(table)
    parts = []
    for tile in np.unique(owner).tolist():
        rows = np.concatenate([some[owner[some] + step == tile] for step, some in tiles.read_by(table)])
        parts.append(fuse_tile(table.take(pa.array(rows)), tile, tiles, given))
    incidents, membership = (pa.concat_tables([part[n] for part in parts]) for n in (0, 1))
    return incidents.sort_by("incident_id").combine_chunks(), membership.sort_by("obs_id").combine_chunks()


@pytest.mark.parametrize("tiles", [Tiles(), Tiles(10, 5), Tiles(7, 6)])
def test_tiles_give_what_one_process_gives(
    theatre: pa.Table, given: Given, whole: tuple[pa.Table, pa.Table], tiles: Tiles
) -> None:
    assert len(np.unique(tiles.of(theatre))) >= 2
    incidents, membership = in_tiles(theatre, given, tiles)
    assert membership.equals(whole[1])
    assert incidents.equals(whole[0])


def test_the_order_of_the_rows_does_not_matter(
    theatre: pa.Table, given: Given, whole: tuple[pa.Table, pa.Table]
) -> None:
    mixed = theatre.take(pa.array(np.random.default_rng(1).permutation(theatre.num_rows)))
    assert in_tiles(mixed, given, Tiles(10, 5))[1].equals(whole[1])


def test_a_tile_needs_a_core_and_a_halo_no_longer_than_it() -> None:
    for core, halo in ((0, 0), (5, 6), (5, -1)):
        with pytest.raises(UsageError, match="SCA-001"):
            Tiles(core, halo)
