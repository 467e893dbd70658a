"""What must hold of every observation, whatever it came from."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from truceline.intake.chunks import Faults, mask_of
from truceline.intake.values import EARLIEST_MS, LATEST_MS
from truceline.records import codes
from truceline.records.columns import NEVER_NULL, OBSERVATIONS

_LISTS: Final = {
    field.name: pa.array(getattr(codes, field.metadata[b"codes"].decode()), pa.string())
    for field in OBSERVATIONS
    if b"codes" in (field.metadata or {})
}
_NOT_NEGATIVE: Final = (
    "error_m", "range_min_m", "range_max_m", "scan_m", "track_m", "calibre_um", "bearing_step_mdeg",
    "count_min", "count_max", "killed_min", "killed_max", "injured_min", "injured_max",
)  # fmt: skip
_PAIRS: Final = (
    ("count_min", "count_max"), ("killed_min", "killed_max"), ("injured_min", "injured_max"),
    ("range_min_m", "range_max_m"),
)  # fmt: skip
_CIRCLE_MDEG: Final = 360_000


def check(table: pa.Table, faults: Faults) -> None:
    """Add a fault to every row that no observation may be like.

    INT-105 a required value is missing; INT-106 a number out of its range; INT-107 a word that is not on its list;
    INT-108 coordinates; INT-109 a time outside 1900 to 2100; INT-110 an interval that ends before it starts; INT-111 a least above
    a most; INT-113 a kind of place without what it needs.
    """
    for name in sorted(NEVER_NULL):
        column = _column(table, name)
        if column.null_count:
            faults.add(
                mask_of(column.is_null()), "INT-105", f"{name} must be given", remedy="Fill in the cell."
            )
    for name, known in _LISTS.items():
        column = _column(table, name)
        wrong = ~mask_of(pc.is_in(column, known))
        if wrong.any():
            listed = ", ".join(known.to_pylist())
            faults.add(
                wrong, "INT-107", f"{name} must be a word of its code list", column, f"Known: {listed}."[:300]
            )
    _places(table, faults)
    _times(table, faults)
    for name in _NOT_NEGATIVE:
        column = _column(table, name)
        if column.null_count < len(column):
            faults.add(mask_of(pc.less(column, 0)), "INT-106", f"{name} must not be negative", column)
    for name in ("bearing_mdeg", "direction_mdeg"):
        column = _column(table, name)
        if column.null_count < len(column):
            outside = pc.or_(pc.less(column, 0), pc.greater_equal(column, _CIRCLE_MDEG))
            faults.add(mask_of(outside), "INT-106", f"{name} must lie from 0 to 359999", column)
    for least, most in _PAIRS:
        low, high = _column(table, least), _column(table, most)
        faults.add(mask_of(pc.greater(low, high)), "INT-111", f"{least} must not exceed {most}", low)


def _places(table: pa.Table, faults: Faults) -> None:
    lon, lat = _column(table, "lon_udeg"), _column(table, "lat_udeg")
    remedy = "Give degrees of WGS 84, longitude and latitude not swapped."
    for column, name, limit in ((lon, "lon_udeg", 180_000_000), (lat, "lat_udeg", 90_000_000)):
        outside = mask_of(pc.or_(pc.less(column, -limit), pc.greater(column, limit)))
        faults.add(outside, "INT-108", f"{name} must lie within {limit} micro-degrees of 0", column, remedy)
    no_lon, no_lat = mask_of(lon.is_null()), mask_of(lat.is_null())
    faults.add(no_lon != no_lat, "INT-108", "longitude and latitude must be given together", None, remedy)
    kind = _column(table, "place_kind")
    needs_point = mask_of(pc.is_in(kind, pa.array(["point", "sector", "footprint"])))
    rule = "a point, sector or footprint must have coordinates"
    faults.add(needs_point & no_lon, "INT-113", rule, kind, "Give lon and lat, or another place_kind.")
    for word, name in (("area", "area_id"), ("named", "place_name")):
        lacking = mask_of(pc.equal(kind, word)) & mask_of(_column(table, name).is_null())
        faults.add(lacking, "INT-113", f"place_kind {word} must have {name}", None, f"Give {name}.")


def _times(table: pa.Table, faults: Faults) -> None:
    start, end = _column(table, "observed_from_ms"), _column(table, "observed_to_ms")
    for column, name in ((start, "observed_from_ms"), (end, "observed_to_ms")):
        outside = mask_of(pc.or_(pc.less(column, EARLIEST_MS), pc.greater(column, LATEST_MS)))
        faults.add(
            outside, "INT-109", f"{name} must lie from 1900 to 2100", column, "Give milliseconds, UTC."
        )
    backwards = mask_of(pc.less(end, start))
    faults.add(
        backwards, "INT-110", "an interval must not end before it starts", end, "Swap or correct the times."
    )


def _column(table: pa.Table, name: str) -> Any:
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
