"""The same pure functions over partitions of time: partition, halo, stitch. It owns no meaning.

tiles.py which rows a tile reads and which incidents are its own; spark.py the tiles on a cluster (the only file that
imports pyspark). In one process `fusion.fuse` cuts by itself.
"""

from truceline.scale.tiles import (
    CORE_DAYS,
    HALO_DAYS,
    MEMBERSHIP,
    Given,
    Tiles,
    fuse_tile,
    memberships,
    sides_of,
)

__all__ = ["CORE_DAYS", "HALO_DAYS", "MEMBERSHIP", "Given", "Tiles", "fuse_tile", "memberships", "sides_of"]
