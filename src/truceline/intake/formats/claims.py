"""What parties and others say happened, one statement a row: who claims, denies or saw what, when, where.

The speaker is the source, whatever outlet carried the words: one speaker in ten outlets is one source. Whom a row
accuses counts only where it is a claim: a denial accuses nobody, and an onlooker's report does not blame.
"""

from __future__ import annotations

import re
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from truceline.intake import words
from truceline.intake.chunks import Block, Faults, Format, Translated, mask_of
from truceline.intake.gazetteer import Gazetteer
from truceline.intake.values import DAY_MS, code, each, moments, to_utc, zone_of

_STANCES: Final = {
    "claim": "claim", "denial": "denial", "third-party observation": "third_party", "third_party": "third_party",
    "third party": "third_party", "report": "report", "quiet": "quiet",
}  # fmt: skip
_ACTS: Final = (
    ("air strike", "air_strike"), ("airstrike", "air_strike"), ("ground assault", "advance"), ("offensive", "advance"),
    ("raid", "clash"), ("projectile", "projectile"), ("explosion", "explosion"), ("shelling", "shelling"), ("rocket", "shelling"),
    ("missile", "shelling"), ("strikes", "shelling"), ("artillery", "shelling"), ("mortar", "shelling"),
    ("drone", "air_strike"), ("attack", "clash"), ("clash", "clash"), ("fire", "shot"), ("shot", "shot"),
)  # fmt: skip
_PARTY: Final = re.compile(r"([A-Z]{2,3})\b")
_NEEDS: Final = frozenset(
    {"claimant", "accused_side", "stance", "event_date", "event_time_local", "place", "weapon"}
)


def translate(block: Block, settings: dict[str, Any], faults: Faults) -> Translated:
    """One statement, one observation; the key is doc_id where there is one."""
    speaker = pc.utf8_trim_whitespace(block.text("claimant"))
    faults.add(mask_of(speaker.is_null()), "INT-105", "claimant must be given", remedy="Fill in the cell.")
    stance = code(block.text("stance"), _STANCES, faults, "stance")
    party = pc.is_in(stance, pa.array(["claim", "denial"]))
    start, end, precision = _interval(block, settings, faults)
    weapon = block.text("weapon")
    names, none = settings["parties"], pa.scalar(None, pa.string())

    def party_of(text: str) -> str:
        return str(names.get(text, text))

    columns = {
        "source_id": speaker,
        "source_kind": pc.if_else(party, pa.scalar("party"), pa.scalar("media")),
        "actor": each(pc.if_else(party, each(speaker, _actor, pa.string()), none), party_of, pa.string()),
        "stance": stance,
        "observed_from_ms": start,
        "observed_to_ms": end,
        "time_precision": precision,
        "means": pc.if_else(party, pa.scalar("told"), pa.scalar("read")),
        "act": each(weapon, _act, pa.string()),
        "weapon": each(weapon, words.weapon, pa.string()),
        "accused": each(
            pc.if_else(pc.equal(stance, "claim"), block.text("accused_side"), none), party_of, pa.string()
        ),
        "lang": block.text("lang"),
        "text": weapon,
        "url": block.text("url"),
        **_place(block.text("place"), settings["geometry"]),
        **_counts("count", weapon, faults, strict=False),
        **_counts("killed", block.text("killed"), faults, strict=True),
        **_counts("injured", block.text("injured"), faults, strict=True),
    }
    key = block.text("doc_id") if "doc_id" in block.table.column_names else None

    return Translated(columns, key)


def _actor(speaker: str) -> str | None:
    """The short name of a party that a speaker's title begins with ("AM MoD spokesperson")."""
    found = _PARTY.match(speaker)
    return None if found is None else found[1]


def _act(text: str) -> str:
    low = text.lower()
    return next((act for word, act in _ACTS if re.search(rf"\b{word}s?\b", low)), "other")


def _counts(name: str, array: pa.Array, faults: Faults, *, strict: bool) -> dict[str, pa.Array]:
    spans = each(array, lambda cell: _pair(words.count(cell)), pa.list_(pa.int64(), 2))
    bad = mask_of(array.is_valid()) & mask_of(spans.is_null())
    if strict:
        faults.add(
            bad, "INT-106", f"{name} must be a number or a word for one", array, "E.g. 5, 30+, casualties."
        )
    whole = pc.list_element(spans, 0), pc.list_element(spans, 1)
    return {f"{name}_min": whole[0], f"{name}_max": whole[1]}


def _pair(span: words.Span | None) -> list[int | None] | None:
    return None if span is None else list(span)


def _place(names: pa.Array, gazetteer: Gazetteer) -> dict[str, pa.Array]:
    def part(pick: Any, kind: Any) -> pa.Array:
        def one(name: str) -> Any:
            place = gazetteer.find(name)
            return None if place is None else pick(place)

        return each(names, one, kind)

    return {
        "place_kind": pc.if_else(names.is_valid(), pa.scalar("named"), pa.scalar("unknown")),
        "place_name": names,
        "lon_udeg": part(lambda place: place.lon_udeg, pa.int32()),
        "lat_udeg": part(lambda place: place.lat_udeg, pa.int32()),
        "error_m": part(lambda place: place.error_m, pa.int32()),
    }


def _interval(block: Block, settings: dict[str, Any], faults: Faults) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Day and time of day on the local clock; a time that cannot be read leaves the whole day."""
    zone = zone_of(settings["zone"])
    day, _end, _dated = moments(block.text("event_date"), faults, "event_date", zone_of("UTC"))
    spans = each(block.text("event_time_local"), _span, pa.list_(pa.int64(), 2))
    kinds = each(block.text("event_time_local"), _kind, pa.string())
    first = pc.fill_null(pc.list_element(spans, 0), 0)
    last = pc.fill_null(pc.list_element(spans, 1), DAY_MS - 1)
    gone = mask_of(day.is_null())
    local = pc.fill_null(day, 0)
    start = to_utc(pc.add(local, first).to_numpy(zero_copy_only=False), zone)[0]
    end = to_utc(pc.add(local, last).to_numpy(zero_copy_only=False), zone)[1]
    return pa.array(start, mask=gone), pa.array(end, mask=gone), pc.fill_null(kinds, "day")


def _span(text: str) -> list[int] | None:
    found = words.time_of_day(text)
    return None if found is None else [found[0], found[1]]


def _kind(text: str) -> str | None:
    found = words.time_of_day(text)
    return None if found is None else found[2]


CLAIMS: Final = Format(
    id="claims-csv", version=1, public=True, container=("csv", "xlsx"), needs=_NEEDS, translate=translate,
    family="claims", settings={"zone": "Asia/Baku", "parties": "", "geometry": ""},
)  # fmt: skip
