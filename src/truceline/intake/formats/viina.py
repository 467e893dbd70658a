"""VIINA: news reports of the war in Ukraine, with places and several types in one cell.

A ticker's time says when it was published: the incident is taken to lie in the `lag_hours` before it. Midnight stands
for "some time that day". The first type in a fixed order of violence names the act. Source: VIINA codebook; names of
types come with and without a damaged last letter ("retreab").
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.errors import IntakeError
from truceline.intake.chunks import Block, Faults, Format, Translated, constant, mask_of
from truceline.intake.values import DAY_MS, each, micro_degrees, moments, zone_of

_HOUR_MS: Final = 3_600_000
_TYPES: Final = (  # type, act, weapon; the first that a row names counts
    ("airstrike", "air_strike", "aircraft"), ("artillery", "shelling", "artillery"), ("armor", "clash", "tank"),
    ("firefight", "clash", "small_arms"), ("firefighb", "clash", "small_arms"), ("raid", "clash", "unknown"),
    ("ied", "explosion", "unknown"), ("uav", "other", "uav"), ("aad", "other", "missile"),
    ("civcas", "casualties", "unknown"), ("milcas", "casualties", "unknown"), ("hospital", "damage", "unknown"),
    ("property", "damage", "unknown"), ("control", "advance", "unknown"), ("occupy", "advance", "unknown"),
    ("airalert", "air_raid_alert", "unknown"), ("airalerb", "air_raid_alert", "unknown"),
)  # fmt: skip
_OTHER: Final = frozenset({"loc", "arrest", "arresb", "retreat", "retreab", "cyber", "san"})


def translate(block: Block, settings: dict[str, Any], faults: Faults) -> Translated:
    """One report, one observation; named by its content, so a repeated row is a duplicate."""
    rows = block.table.num_rows
    lag_ms = round(_hours(settings["lag_hours"]) * _HOUR_MS)
    given = block.text("datetime")
    start, end, dated = moments(given, faults, "datetime", zone_of(settings["zone"]))
    midnight = dated | mask_of(pc.ends_with(given, " 00:00:00")) | mask_of(pc.ends_with(given, "T00:00:00"))
    day_end = pc.add(start, DAY_MS - 1)
    columns = {
        "source_id": constant("viina", rows),
        "source_kind": constant("media", rows),
        "stance": constant("report", rows),
        "observed_from_ms": pc.if_else(pa.array(midnight), start, pc.subtract(start, lag_ms)),
        "observed_to_ms": pc.if_else(pa.array(midnight), day_end, pc.add(end, 59_999)),
        "time_precision": pa.array(np.where(midnight, "day", "interval").astype(object), pa.string()),
        "place_kind": _place_kind(block),
        "lon_udeg": micro_degrees(block.text("lon"), faults, "lon", 180),
        "lat_udeg": micro_degrees(block.text("lat"), faults, "lat", 90),
        "place_name": block.text("place_name"),
        "means": constant("read", rows),
        "act": each(block.text("event_type"), lambda cell: _first(cell)[0], pa.string()),
        "weapon": each(block.text("event_type"), lambda cell: _first(cell)[1], pa.string()),
        "text": block.text("headline"),
    }
    return Translated(columns)


def _first(cell: str) -> tuple[str, str]:
    named = {word.strip().lower() for word in cell.split("|")}
    for word, act, weapon in _TYPES:
        if word in named:
            return act, weapon
    return ("other", "unknown") if named & _OTHER else ("unknown", "unknown")


def _place_kind(block: Block) -> pa.Array:
    named, point = block.text("place_name").is_valid(), block.text("lon").is_valid()
    return pc.if_else(named, pa.scalar("named"), pc.if_else(point, pa.scalar("point"), pa.scalar("unknown")))


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = -1.0
    if not 0 <= hours <= 168:
        raise IntakeError(
            "INT-010", "lag_hours must be a number of hours from 0 to 168", where="settings", value=text,
            remedy="E.g. lag_hours=3.",
        )  # fmt: skip
    return hours


VIINA: Final = Format(
    id="viina-csv", version=1, public=True, container=("csv",),
    needs=frozenset({"datetime", "lon", "lat", "place_name", "event_type", "headline"}),
    translate=translate, family="viina", settings={"zone": "Europe/Kyiv", "lag_hours": "3"},
)  # fmt: skip
