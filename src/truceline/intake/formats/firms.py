"""NASA FIRMS active fires: VIIRS 375 m and MODIS 1 km, archive and near real time.

A fire is not a shelling: a row becomes a thermal anomaly with the pixel as its footprint, and `confidence` (quality of
the detection) becomes the source's own grade. Source: FIRMS attribute tables; scan and track are kilometres.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.intake.chunks import Block, Faults, Format, Translated, constant, mask_of
from truceline.intake.values import civil_ms, decimal, micro_degrees, number_field, scaled, whole

_SATELLITES: Final = {
    "n": "suomi-npp", "snpp": "suomi-npp", "suomi npp": "suomi-npp", "n20": "noaa-20", "1": "noaa-20",
    "noaa-20": "noaa-20", "n21": "noaa-21", "2": "noaa-21", "noaa-21": "noaa-21",
    "terra": "terra", "t": "terra", "aqua": "aqua", "a": "aqua",
}  # fmt: skip
_WORDS: Final = {"l": "low", "n": "nominal", "h": "high", "low": "low", "nominal": "nominal", "high": "high"}
_NEEDS: Final = frozenset(
    {"latitude", "longitude", "scan", "track", "acq_date", "acq_time", "satellite", "confidence", "frp"}
)


def translate(block: Block, settings: dict[str, Any], faults: Faults) -> Translated:
    """One pixel, one observation, seen during the minute of acquisition (UTC); named by its content."""
    rows = block.table.num_rows
    start = _minute(block.text("acq_date"), block.text("acq_time"), faults)
    sides = {
        side: scaled(decimal(block.text(side[:-2]), faults, side[:-2]), 1000.0)
        for side in ("scan_m", "track_m")
    }
    word = pc.utf8_lower(pc.utf8_trim_whitespace(block.text("confidence")))
    grade = pc.coalesce(
        pc.take(pa.array(list(_WORDS.values())), pc.index_in(word, pa.array(list(_WORDS)))), word
    )
    columns = {
        "source_id": _source(block),
        "source_kind": constant("satellite", rows),
        "stance": constant("report", rows),
        "observed_from_ms": start,
        "observed_to_ms": pc.add(start, 59_999),
        "time_precision": constant("exact", rows),
        "place_kind": constant("footprint", rows),
        "lon_udeg": micro_degrees(block.text("longitude"), faults, "longitude", 180),
        "lat_udeg": micro_degrees(block.text("latitude"), faults, "latitude", 90),
        "means": constant("thermal", rows),
        "act": constant("thermal_anomaly", rows),
        "grade": grade,
        "text": _text(block),
        **sides,
    }
    return Translated(columns)


def _source(block: Block) -> pa.Array:
    satellite = pc.utf8_lower(pc.utf8_trim_whitespace(block.text("satellite")))
    known = pc.take(pa.array(list(_SATELLITES.values())), pc.index_in(satellite, pa.array(list(_SATELLITES))))
    instrument = pc.utf8_lower(pc.fill_null(block.text("instrument"), "unknown"))
    return pc.binary_join_element_wise(instrument, pc.coalesce(known, satellite), "-")


def _minute(date: pa.Array, time: pa.Array, faults: Faults) -> pa.Array:
    """acq_date YYYY-MM-DD and acq_time HHMM, whose leading zeros may have been lost, to ms UTC."""
    parts = pc.extract_regex(
        pc.utf8_trim_whitespace(date), pattern=r"^(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})$"
    )
    day, wrong = civil_ms(*(number_field(parts, name) for name in "ymd"))
    wrong |= ~mask_of(parts.is_valid())
    faults.add(wrong, "INT-109", "acq_date must be a day, YYYY-MM-DD", date)
    bare = pc.replace_substring(pc.utf8_trim_whitespace(time), ":", "")
    clock = whole(bare, faults, "acq_time", low=0, high=2359)
    minutes = pc.fill_null(clock, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    late = minutes % 100 > 59
    faults.add(late, "INT-109", "acq_time must be a time of day, HHMM", time)
    moment = day + (minutes // 100 * 60 + minutes % 100) * 60_000
    return pa.array(moment, mask=wrong | late | mask_of(clock.is_null()))


def _text(block: Block) -> pa.Array:
    """What the instrument measured, as words that a person can read."""
    parts = []
    for name, label in (
        ("frp", "frp_mw"), ("brightness", "brightness_k"), ("bright_ti4", "bright_ti4_k"),
        ("bright_t31", "bright_t31_k"), ("bright_ti5", "bright_ti5_k"), ("daynight", "daynight"),
        ("version", "version"), ("type", "type"),
    ):  # fmt: skip
        if name in block.table.column_names:
            parts.append(pc.binary_join_element_wise(pa.scalar(label), block.text(name), "="))
    return pc.binary_join_element_wise(*parts, " ", null_handling="skip")


FIRMS: Final = Format(
    id="firms-csv",
    version=1,
    public=True,
    container=("csv",),
    needs=_NEEDS,
    translate=translate,
    family="firms",
)
