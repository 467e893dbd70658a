"""Tiles of time put together give what one process gives, and every row is owned once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from truceline.errors import FusionError, UsageError
from truceline.scale import Given, Tiles, fuse_tiles, stitched


@pytest.mark.parametrize("tiles", [Tiles(), Tiles(10, 5), Tiles(7, 6)])
def test_tiles_give_what_one_process_gives(
    theatre: pa.Table, given: Given, whole: tuple[pa.Table, pa.Table], tiles: Tiles
) -> None:
    assert len(np.unique(tiles.of(theatre))) >= 2
    parts = list(fuse_tiles(theatre, given, tiles))
    assert stitched(pa.concat_tables([p[1] for p in parts]), theatre.num_rows).equals(whole[1])
    assert pa.concat_tables([p[0] for p in parts]).sort_by("incident_id").combine_chunks().equals(whole[0])


def test_the_order_of_the_rows_does_not_matter(
    theatre: pa.Table, given: Given, whole: tuple[pa.Table, pa.Table]
) -> None:
    mixed = theatre.take(pa.array(np.random.default_rng(1).permutation(theatre.num_rows)))
    parts = list(fuse_tiles(mixed, given, Tiles(10, 5)))
    assert stitched(pa.concat_tables([p[1] for p in parts]), theatre.num_rows).equals(whole[1])


def test_a_row_owned_twice_or_never_is_refused(theatre: pa.Table, given: Given) -> None:
    held = pa.concat_tables([p[1] for p in fuse_tiles(theatre, given)])
    with pytest.raises(FusionError, match="SCA-002"):
        stitched(pa.concat_tables([held, held.slice(0, 1)]), theatre.num_rows + 1)
    with pytest.raises(FusionError, match="SCA-002"):
        stitched(held.slice(1), theatre.num_rows)


def test_a_tile_needs_a_core_and_a_halo_no_longer_than_it() -> None:
    for core, halo in ((0, 0), (5, 6), (5, -1)):
        with pytest.raises(UsageError, match="SCA-001"):
            Tiles(core, halo)
