"""ACLED, as CSV export or JSON of its interface.

actor1 and actor2 imply no direction and accuse nobody; they stand in the text only. Source: ACLED codebook: event and
sub-event types, time_precision 1 day, 2 week, 3 month; geo_precision 1 to 3; 0 fatalities means none or not known.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.intake.chunks import Block, Faults, Format, Int64Array, Translated, constant, mask_of
from truceline.intake.values import DAY_MS, code, each, micro_degrees, to_utc, whole, zone_of

_ACTS: Final = {
    "shelling/artillery/missile attack": "shelling", "air/drone strike": "air_strike", "armed clash": "clash",
    "remote explosive/landmine/ied": "explosion", "grenade": "explosion", "suicide bomb": "explosion",
    "chemical weapon": "other", "government regains territory": "advance",
    "non-state actor overtakes territory": "advance", "non-violent transfer of territory": "advance",
    "looting/property destruction": "damage", "attack": "clash", "agreement": "statement",
}  # fmt: skip
_WEAPONS: Final = {"remote explosive/landmine/ied": "mine", "grenade": "other"}
_PLACES: Final = {"1": 1, "2": 2, "3": 4}  # where_prec of the same width
_TIMES: Final = {"1": "day", "2": "week", "3": "month"}
_WRITTEN: Final = ("%Y-%m-%d", "%d %B %Y", "%d-%B-%Y", "%d %b %Y", "%d/%m/%Y")


def translate(block: Block, settings: dict[str, Any], faults: Faults) -> Translated:
    """One row, one observation; the key is event_id_cnty."""
    rows = block.table.num_rows
    key = pc.utf8_trim_whitespace(block.text("event_id_cnty"))
    faults.add(mask_of(key.is_null()), "INT-105", "event_id_cnty must be given", remedy="Fill in the cell.")
    date = block.text("event_date")
    day = each(date, _day, pa.int64())
    faults.add(
        mask_of(date.is_valid()) & mask_of(day.is_null()),
        "INT-109",
        "event_date must be a day",
        date,
        "E.g. 2020-10-10.",
    )
    precision = code(pc.fill_null(block.text("time_precision"), "1"), _TIMES, faults, "time_precision")
    first, last = _span(day, precision)
    zone = zone_of(settings["zone"])
    none = mask_of(day.is_null())
    kind = block.text("sub_event_type")
    killed = whole(block.text("fatalities"), faults, "fatalities", low=0)
    columns = {
        "source_id": constant("acled", rows),
        "source_kind": constant("registry", rows),
        "stance": constant("report", rows),
        "observed_from_ms": pa.array(to_utc(first, zone)[0], mask=none),
        "observed_to_ms": pa.array(to_utc(last + DAY_MS, zone)[1] - 1, mask=none),
        "time_precision": precision,
        "place_kind": pc.if_else(block.text("location").is_valid(), pa.scalar("named"), pa.scalar("point")),
        "lon_udeg": micro_degrees(block.text("longitude"), faults, "longitude", 180),
        "lat_udeg": micro_degrees(block.text("latitude"), faults, "latitude", 90),
        "place_name": block.text("location"),
        "place_precision": each(
            block.text("geo_precision"), lambda cell: _PLACES.get(cell.strip()), pa.int64()
        ),
        "means": constant("read", rows),
        "act": code(kind, _ACTS, None, "sub_event_type", rest="other"),
        "weapon": code(kind, _WEAPONS, None, "sub_event_type", rest="unknown"),
        "killed_min": killed,
        "killed_max": pc.if_else(pc.greater(killed, 0), killed, pa.scalar(None, pa.int64())),
        "lang": constant("en", rows),
        "text": _text(block),
    }
    return Translated(columns, key)


def _day(text: str) -> int | None:
    for form in _WRITTEN:
        try:
            day = dt.datetime.strptime(text.strip(), form).date()
        except ValueError:
            continue
        return (day - dt.date(1970, 1, 1)).days * DAY_MS
    return None


def _span(day: pa.Array, precision: pa.Array) -> tuple[Int64Array, Int64Array]:
    """First and last possible day: the day, six days to either side, or the calendar month."""
    days: Int64Array = pc.fill_null(day, 0).to_numpy(zero_copy_only=False)
    week, month = mask_of(pc.equal(precision, "week")), mask_of(pc.equal(precision, "month"))
    months = (days // DAY_MS).astype("datetime64[D]").astype("datetime64[M]")
    first_of = months.astype("datetime64[D]").astype(np.int64) * DAY_MS
    last_of = ((months + 1).astype("datetime64[D]").astype(np.int64) - 1) * DAY_MS
    first = np.where(month, first_of, np.where(week, days - 6 * DAY_MS, days))
    last = np.where(month, last_of, np.where(week, days + 6 * DAY_MS, days))
    return first, last


def _text(block: Block) -> pa.Array:
    actors = pc.binary_join_element_wise(
        block.text("actor1"), block.text("actor2"), " / ", null_handling="skip"
    )
    actors = pc.if_else(pc.equal(actors, ""), pa.scalar(None, pa.string()), actors)
    return pc.binary_join_element_wise(block.text("notes"), actors, " | ", null_handling="skip")


ACLED: Final = Format(
    id="acled", version=1, public=True, container=("csv", "json"),
    needs=frozenset({"event_id_cnty", "event_date", "event_type", "sub_event_type", "latitude", "longitude", "fatalities"}),
    translate=translate, family="acled", settings={"zone": "UTC"},
)  # fmt: skip
