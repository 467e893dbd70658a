"""Tables of an observer mission in the shape of the OSCE SMM: position, event location, means, number, and so on.

A distance and a compass point are read as a sector from the position; coordinates of positions come from the mission's
geometry (role `post` or `place`) and from nowhere else. These rows name observers' posts: the original is sealed.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from truceline.intake import words
from truceline.intake.chunks import Block, Faults, Format, Translated, constant, mask_of
from truceline.intake.gazetteer import Gazetteer, Place
from truceline.intake.values import DAY_MS, each, to_utc, zone_of

_ACTS: Final = (
    ("muzzle", "muzzle_flash"), ("illumination", "illumination_flare"), ("flare", "illumination_flare"),
    ("explosion", "explosion"), ("burst", "burst"), ("shot", "shot"), ("projectile", "projectile"), ("tracer", "projectile"),
    ("rocket", "projectile"), ("airburst", "explosion"), ("impact", "explosion"), ("detonation", "explosion"),
)  # fmt: skip
_DESCRIPTIONS: Final = (
    ("undetermined", "undetermined"), ("outgoing", "outgoing"), ("impact", "impact"), ("incoming", "impact"),
    ("airburst", "airburst"), ("in flight", "in_flight"), ("in-flight", "in_flight"), ("flight", "in_flight"),
)  # fmt: skip
_MEANS: Final = (
    ("recorded", "recorded"), ("camera", "recorded"), ("uav", "uav_imagery"), ("saw", "saw"), ("seen", "saw"), ("observed", "saw"),
    ("heard", "heard"),
)  # fmt: skip
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[ T,]+(.*))?")
_NAMED: Final = re.compile(r"(\d{1,2})[- ]([a-z]{3,9})\.?(?:[- ](\d{4}))?(?:\s*,?\s+(.*))?")
_DOTTED: Final = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})(?:\s*,?\s+(.*))?")
_TOWARDS: Final = re.compile(r"from\s+[a-z-]+\s+to\s+([a-z-]+)")
_NEEDS: Final = frozenset(
    {"position", "event location", "means", "number", "observation", "description", "weapon", "date, time"}
)
_EPOCH: Final = dt.date(1970, 1, 1)


def translate(block: Block, settings: dict[str, Any], faults: Faults) -> Translated:
    """One row, one observation; named by its content."""
    rows = block.table.num_rows
    position, said = block.text("position"), block.text("event location")
    seen, description = block.text("observation"), block.text("description")
    both = pc.binary_join_element_wise(seen, description, " ", null_handling="skip")
    faults.add(mask_of(position.is_null()), "INT-105", "position must be given", remedy="Fill in the cell.")
    start, end, precision = _interval(block.text("date, time"), settings, faults)
    everything = pc.binary_join_element_wise(said, both, " ", null_handling="skip")
    columns = {
        "source_id": position,
        "source_kind": each(position, _source_kind, pa.string()),
        "stance": constant("report", rows),
        "observed_from_ms": start,
        "observed_to_ms": end,
        "time_precision": precision,
        "means": each(block.text("means"), lambda text: _word(text, _MEANS), pa.string()),
        "act": each(both, lambda text: _word(text, _ACTS) or "other", pa.string()),
        "description": each(both, lambda text: _word(text, _DESCRIPTIONS), pa.string()),
        "direction_mdeg": each(both, _towards, pa.int32()),
        "weapon": each(block.text("weapon"), _weapon, pa.string()),
        "calibre_um": each(block.text("weapon"), words.calibre_um, pa.int32()),
        "live_fire_exercise": each(
            everything, lambda text: "yes" if "live-fire" in text.lower() else None, pa.string()
        ),
        "in_disengagement_area": each(everything, _disengagement, pa.string()),
        "lang": constant("en", rows),
        "text": everything,
        **_place(position, said, settings["geometry"]),
        **_count(block.text("number"), both, faults),
    }
    return Translated(columns)


def _word(text: str, table: tuple[tuple[str, str], ...]) -> str | None:
    low = text.lower()
    return next((found for word, found in table if word in low), None)


def _source_kind(position: str) -> str:
    low = position.lower()
    if "camera" in low:
        return "camera"
    if "uav" in low:
        return "uav"
    return "patrol" if "patrol" in low else "post"


def _weapon(text: str) -> str | None:
    return None if words.nothing_said(text) else words.weapon(text) or "other"


def _towards(text: str) -> int | None:
    found = _TOWARDS.search(text.lower())
    return None if found is None else words.bearing(found[1])


def _disengagement(text: str) -> str | None:
    low = text.lower()
    if "disengagement area" not in low:
        return None
    before = low[: low.index("disengagement area")]
    return "no" if re.search(r"\b(?:outside|near|edge of)\b[^.;]*$", before) else "yes"


def _count(number: pa.Array, seen: pa.Array, faults: Faults) -> dict[str, pa.Array]:
    """From the number; where it says nothing, from the words of the observation ("bursts" is at least two)."""
    spans = each(number, _pair, pa.list_(pa.int64(), 2))
    bad = mask_of(number.is_valid()) & mask_of(spans.is_null())
    faults.add(
        bad, "INT-106", "number must be a number or a word for one", number, "E.g. 48, 5-7, at least 2, N/K."
    )
    worded = each(seen, _plural, pa.list_(pa.int64(), 2))
    said = mask_of(pc.list_element(spans, 0).is_valid()) | mask_of(pc.list_element(spans, 1).is_valid())
    chosen = pc.if_else(pa.array(said), spans, worded)
    return {"count_min": pc.list_element(chosen, 0), "count_max": pc.list_element(chosen, 1)}


def _pair(text: str) -> list[int | None] | None:
    span = words.count(text)
    return None if span is None else list(span)


def _plural(text: str) -> list[int | None] | None:
    low = text.lower().strip()
    if re.match(r"an?\b", low):
        return [1, 1]
    many = re.search(r"\b(?:explosions|bursts|shots|projectiles|flashes|flares)\b", low)
    return [2, None] if many else [1, None]


def _place(position: pa.Array, said: pa.Array, gazetteer: Gazetteer) -> dict[str, pa.Array]:
    def post(pick: Any) -> pa.Array:
        def one(name: str) -> Any:
            found = gazetteer.within(name)
            return None if found is None else pick(found)

        return each(position, one, pa.int32())

    def lon(place: Place) -> int:
        return place.lon_udeg

    def lat(place: Place) -> int:
        return place.lat_udeg

    bearing = each(said, _bearing, pa.int32())
    near, far = (each(said, lambda text, end=end: _range(text, end), pa.int32()) for end in (0, 1))
    known = post(lon).is_valid()
    sector = pc.and_(known, pc.or_(bearing.is_valid(), pc.or_(near.is_valid(), far.is_valid())))
    none32, none = pa.scalar(None, pa.int32()), pa.scalar(None, pa.string())
    named = pc.and_(pc.invert(sector), said.is_valid())
    unsaid = each(said, words.nothing_said, pa.bool_())
    named = pc.and_(named, pc.invert(pc.fill_null(unsaid, True)))
    return {
        "place_kind": pc.if_else(
            sector, pa.scalar("sector"), pc.if_else(named, pa.scalar("named"), pa.scalar("unknown"))
        ),
        "lon_udeg": pc.if_else(sector, post(lon), none32),
        "lat_udeg": pc.if_else(sector, post(lat), none32),
        "range_min_m": near,
        "range_max_m": far,
        "bearing_mdeg": bearing,
        "bearing_step_mdeg": pc.if_else(bearing.is_valid(), pa.scalar(22_500, pa.int32()), none32),
        "place_name": pc.if_else(named, said, none),
    }


def _bearing(text: str) -> int | None:
    return words.bearing(text) if words.seen_from_position(text) else None


def _range(text: str, end: int) -> int | None:
    span = words.distance(text) if words.seen_from_position(text) else None
    return None if span is None else span[end]


def _interval(
    cells: pa.Array, settings: dict[str, Any], faults: Faults
) -> tuple[pa.Array, pa.Array, pa.Array]:
    zone, year = zone_of(settings["zone"]), settings["year"]
    spans = each(cells, lambda text: _span(text, year), pa.list_(pa.int64(), 2))
    kinds = each(cells, lambda text: _kind(text, year), pa.string())
    bad = mask_of(cells.is_valid()) & mask_of(spans.is_null())
    remedy = "E.g. 19-Jul-2020, 20:35; without a year pass the setting year."
    faults.add(bad, "INT-109", "date, time must be a day and a time of day", cells, remedy)
    gone = mask_of(spans.is_null())
    first = pc.fill_null(pc.list_element(spans, 0), 0).to_numpy(zero_copy_only=False)
    last = pc.fill_null(pc.list_element(spans, 1), 0).to_numpy(zero_copy_only=False)
    return pa.array(to_utc(first, zone)[0], mask=gone), pa.array(to_utc(last, zone)[1], mask=gone), kinds


def _kind(text: str, year: str) -> str | None:
    found = _moment(text, year)
    return None if found is None else found[2]


def _span(text: str, year: str) -> list[int] | None:
    found = _moment(text, year)
    return None if found is None else [found[0], found[1]]


def _moment(text: str, year: str) -> tuple[int, int, str] | None:
    """From and to in ms on the local clock, and the precision."""
    low = " ".join(text.lower().split())
    for pattern in (_ISO, _NAMED, _DOTTED):
        found = pattern.fullmatch(low)
        if found is None:
            continue
        groups = found.groups()
        if pattern is _ISO:
            parts = (groups[0], groups[1], groups[2])
        elif pattern is _NAMED:
            month = groups[1][:3]
            if month not in _MONTHS or not (groups[2] or year):
                return None
            parts = (groups[2] or year, str(_MONTHS.index(month) + 1), groups[0])
        else:
            parts = (groups[2], groups[1], groups[0])
        return _dated(parts, groups[3])
    return None


def _dated(parts: tuple[str, str, str], clock: str | None) -> tuple[int, int, str] | None:
    try:
        day = (dt.date(*(int(part) for part in parts)) - _EPOCH).days * DAY_MS
    except ValueError:
        return None
    if clock is None:
        return day, day + DAY_MS - 1, "day"
    time = words.time_of_day(clock)
    return None if time is None else (day + time[0], day + time[1], time[2])


SMM: Final = Format(
    id="smm-rows", version=1, public=False, container=("csv", "xlsx"), needs=_NEEDS, translate=translate, family="smm",
    settings={"zone": None, "year": "", "geometry": ""},
)  # fmt: skip
