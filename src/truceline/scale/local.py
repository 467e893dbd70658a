"""Tile after tile in one process: memory is that of one tile, whatever the length."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

from truceline.scale.tiles import Given, Tiles, fuse_tile


def fuse_tiles(
    observations: pa.Table,
    given: Given,
    tiles: Tiles | None = None,
    say: Callable[[int, int], None] = lambda done, whole: None,
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """(incidents, membership) of each tile in turn; see `tiles.fuse_tile`.

    Args:
        say: told how many tiles are done, of how many.
    """
    tiles = tiles or Tiles()
    owner = tiles.of(observations)
    read = [(rows, owner[rows] + step) for step, rows in tiles.read_by(observations)]
    row, tile = np.concatenate([one[0] for one in read]), np.concatenate([one[1] for one in read])
    order = np.lexsort((row, tile))
    row, tile = row[order], tile[order]
    wanted = np.unique(owner)
    first, last = np.searchsorted(tile, wanted), np.searchsorted(tile, wanted, side="right")
    for index, number in enumerate(wanted.tolist()):
        some = observations.take(pa.array(row[first[index] : last[index]]))
        yield fuse_tile(some, number, tiles, given)
        say(index + 1, len(wanted))
