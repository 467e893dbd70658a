"""UCDP Georeferenced Event Dataset (GED), as CSV, in UTF-8 or cp1252, with ISO or American dates.

A row says that somebody was killed, so the act is `casualties`. side_a and side_b fought; they do not accuse, and stand
in the text only. Source: UCDP GED codebook: where_prec, date_prec, event_clarity, best, high and low.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from truceline.intake.chunks import Block, Faults, Format, Int64Array, Translated, constant, mask_of
from truceline.intake.values import DAY_MS, code, each, micro_degrees, to_utc, whole, zone_of

_PRECISIONS: Final = {"1": "day", "2": "interval", "3": "week", "4": "month", "5": "year"}
_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_SLASHED: Final = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{4})(?: (?:12:00(?::00)? AM|0?0:00(?::00)?))?", re.IGNORECASE
)
_NEEDS: Final = frozenset(
    {"id", "type_of_violence", "side_a", "side_b", "where_prec", "latitude", "longitude", "date_prec", "date_start",
     "date_end", "best", "high", "low"}
)  # fmt: skip


def translate(block: Block, settings: dict[str, Any], faults: Faults) -> Translated:
    """One row, one observation; the key is the source's own id."""
    rows = block.table.num_rows
    zone = zone_of(settings["zone"])
    first = _days(block.text("date_start"), settings["date_order"], faults, "date_start")
    last = _days(block.text("date_end"), settings["date_order"], faults, "date_end")
    none = mask_of(first.is_null()) | mask_of(last.is_null())
    start = to_utc(_filled(first), zone)[0]
    end = to_utc(_filled(last) + DAY_MS, zone)[1] - 1
    least, most = _killed(block, faults)
    place = pc.coalesce(
        block.text("where_coordinates"), block.text("adm_2"), block.text("adm_1"), block.text("country")
    )
    key = pc.utf8_trim_whitespace(block.text("id"))
    faults.add(mask_of(key.is_null()), "INT-105", "id must be given", remedy="Fill in the cell.")
    precision = code(block.text("date_prec"), _PRECISIONS, faults, "date_prec")
    columns = {
        "source_id": constant("ucdp-ged", rows),
        "source_kind": constant("registry", rows),
        "stance": constant("report", rows),
        "observed_from_ms": pa.array(start, mask=none),
        "observed_to_ms": pa.array(end, mask=none),
        "time_precision": precision,
        "place_kind": pc.if_else(place.is_valid(), pa.scalar("named"), pa.scalar("point")),
        "lon_udeg": micro_degrees(block.text("longitude"), faults, "longitude", 180),
        "lat_udeg": micro_degrees(block.text("latitude"), faults, "latitude", 90),
        "place_name": place,
        "place_precision": whole(block.text("where_prec"), faults, "where_prec", low=1, high=7),
        "means": constant("read", rows),
        "act": constant("casualties", rows),
        "killed_min": least,
        "killed_max": most,
        "grade": _clarity(block),
        "lang": constant("en", rows),
        "text": _text(block),
    }
    return Translated(columns, key)


def _filled(days: pa.Array) -> Int64Array:
    filled: Int64Array = pc.fill_null(days, 0).to_numpy(zero_copy_only=False)
    return filled


def _days(array: pa.Array, order: str, faults: Faults, name: str) -> pa.Array:
    def one(text: str) -> int | None:
        text = text.strip()
        found = _ISO.fullmatch(text)
        if found is not None:
            year, month, day = (int(group) for group in found.groups())
        else:
            found = _SLASHED.fullmatch(text)
            if found is None:
                return None
            a, b, year = (int(group) for group in found.groups())
            month, day = (a, b) if order == "mdy" else (b, a)
        try:
            return (dt.date(year, month, day) - dt.date(1970, 1, 1)).days * DAY_MS
        except ValueError:
            return None

    days = each(array, one, pa.int64())
    bad = mask_of(array.is_valid()) & mask_of(days.is_null())
    faults.add(
        bad, "INT-109", f"{name} must be a day", array, "E.g. 2020-10-10, or 10/31/2020 with date_order=mdy."
    )
    return days


def _killed(block: Block, faults: Faults) -> tuple[pa.Array, pa.Array]:
    """The widest range of low, best and high: a few rows of the source have them out of order."""
    three = [whole(block.text(name), faults, name, low=0) for name in ("low", "best", "high")]
    return pc.min_element_wise(*three), pc.max_element_wise(*three)


def _clarity(block: Block) -> pa.Array:
    given = block.text("event_clarity")
    return pc.binary_join_element_wise(pa.scalar("event_clarity"), given, " ")


def _text(block: Block) -> pa.Array:
    dyad = pc.binary_join_element_wise(block.text("side_a"), block.text("side_b"), " / ")
    return pc.binary_join_element_wise(block.text("source_headline"), dyad, " | ", null_handling="skip")


GED: Final = Format(
    id="ged-csv", version=1, public=True, container=("csv",), needs=_NEEDS, translate=translate, family="ged",
    settings={"zone": "UTC", "date_order": "mdy", "encoding": "utf-8-or-cp1252"},
)  # fmt: skip
