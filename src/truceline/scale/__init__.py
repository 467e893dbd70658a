"""The same pure functions over partitions of time: partition, halo, stitch. It owns no meaning.

tiles.py which rows a tile reads and which incidents are its own; local.py tile after tile in one process, in bounded
memory; spark.py the same tiles on a cluster (the only file that imports pyspark).
"""

from truceline.scale.local import fuse_tiles
from truceline.scale.tiles import (
    CORE_DAYS,
    HALO_DAYS,
    MEMBERSHIP,
    Given,
    Tiles,
    memberships,
    sides_of,
    stitched,
)

__all__ = [
    "CORE_DAYS",
    "HALO_DAYS",
    "MEMBERSHIP",
    "Given",
    "Tiles",
    "fuse_tiles",
    "memberships",
    "sides_of",
    "stitched",
]
