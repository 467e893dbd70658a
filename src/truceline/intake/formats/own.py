"""Truceline's own table: the columns of OBSERVATIONS, as CSV, GeoJSON or Parquet.

For people who write by hand, `observed_from` and `observed_to` (ISO 8601 with offset) and `lon_deg` and `lat_deg` may
stand instead of the whole numbers. Without `place_kind` it follows from what is given.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.intake.chunks import Block, BoolArray, Faults, Format, Translated, mask_of
from truceline.intake.values import SAFE_MAX, micro_degrees, moments, truth, whole
from truceline.records.columns import OBSERVATIONS

ALIASES: Final = {
    "observed_from": "observed_from_ms", "observed_to": "observed_to_ms", "received_at": "received_at_ms",
    "lon_deg": "lon_udeg", "lat_deg": "lat_udeg",
}  # fmt: skip
EXAMPLE: Final[dict[str, Any]] = {
    "source_id": "EXERCISE-post-01", "source_kind": "post", "stance": "report", "observed_from": "2031-03-03T21:40:00+04:00",
    "observed_to": "2031-03-03T21:45:00+04:00", "time_precision": "interval", "place_kind": "sector", "lon_deg": -29.95,
    "lat_deg": 46.08, "range_min_m": 2000, "range_max_m": 7000, "bearing_mdeg": 22500, "bearing_step_mdeg": 22500,
    "means": "heard", "act": "explosion", "count_min": 3, "text": "EXERCISE: three explosions, 2-7 km to the NNE", "exercise": True,
}  # fmt: skip
"""What a filled row looks like, as a person would write it; the place lies in the open ocean."""
KNOWN: Final = frozenset(OBSERVATIONS.names) | frozenset(ALIASES)


def translate(block: Block, settings: dict[str, Any], faults: Faults) -> Translated:
    """One row, one observation. The key is obs_id; rows without one are named by their content."""
    columns: dict[str, pa.Array] = {}
    names = set(block.table.column_names)
    for field in OBSERVATIONS:
        if field.name in names:
            columns[field.name] = _typed(field, _array(block, field.name), faults)
    for index, alias in enumerate(("observed_from", "observed_to", "received_at")):
        if alias in names:
            span = moments(_array(block, alias).cast(pa.string()), faults, alias, None)
            _fill(columns, ALIASES[alias], span[1 if index == 1 else 0])
    for alias, limit in (("lon_deg", 180), ("lat_deg", 90)):
        if alias in names:
            _fill(columns, ALIASES[alias], micro_degrees(_array(block, alias), faults, alias, limit))
    if "observed_to_ms" not in columns and "observed_from_ms" in columns:
        columns["observed_to_ms"] = columns["observed_from_ms"]
    columns["place_kind"] = _place_kind(columns, block.table.num_rows)
    return Translated(columns, columns.get("obs_id"))


def _array(block: Block, name: str) -> pa.Array:
    column = block.table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _typed(field: Any, array: pa.Array, faults: Faults) -> pa.Array:
    if pa.types.is_string(field.type):
        return array if pa.types.is_string(array.type) else array.cast(pa.string())
    if pa.types.is_boolean(field.type):
        return truth(array, faults, field.name)
    if pa.types.is_int64(field.type):
        return whole(array, faults, field.name, low=-SAFE_MAX, high=SAFE_MAX)
    return whole(array, faults, field.name)


def _fill(columns: dict[str, pa.Array], name: str, array: pa.Array) -> None:
    """The whole-number column wins where both are given."""
    columns[name] = pc.coalesce(columns[name], array) if name in columns else array


def _place_kind(columns: dict[str, pa.Array], rows: int) -> pa.Array:
    def given(name: str) -> BoolArray:
        return mask_of(columns[name].is_valid()) if name in columns else np.zeros(rows, np.bool_)

    point = given("lon_udeg")
    choices = [
        (point & given("bearing_mdeg"), "sector"), (point & given("scan_m"), "footprint"), (point, "point"),
        (given("area_id"), "area"), (given("place_name"), "named"),
    ]  # fmt: skip
    said = columns.get("place_kind")
    if said is not None and not said.null_count:
        return said
    words = np.select([mask for mask, _ in choices], [word for _, word in choices], "unknown").astype(object)
    inferred = pa.array(words, pa.string())
    return inferred if said is None else pc.coalesce(said, inferred)


def _own(name: str, container: str) -> Format:
    return Format(
        id=name, version=1, public=False, container=(container,), needs=frozenset({"source_id"}),
        translate=translate, family="truceline", known=KNOWN,
    )  # fmt: skip


CSV: Final = _own("truceline-csv", "csv")
GEOJSON: Final = _own("truceline-geojson", "geojson")
PARQUET: Final = _own("truceline-parquet", "parquet")
