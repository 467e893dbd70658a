"""Code lists: the words that records may use, versioned together.

Sources: docs/reference/codes.md gives each list's origin (OSCE SMM tables, Admiralty grading, ICD 203, CAMEO).
"unknown" is a value of its own in every list where it can be true.
"""

from __future__ import annotations

from typing import Final

CODES_VERSION: Final = 1

SOURCE_KINDS: Final = (
    "patrol", "post", "camera", "acoustic_array", "uav", "satellite", "imagery",
    "complaint", "party", "media", "registry", "civil_alert", "unknown",
)  # fmt: skip
"""Who or what reports. `party` is a statement of a party; `complaint` is lodged with the mission; `registry` is a coded
data set (GED, ACLED); the first seven are physical or seen by the mission or a sensor."""

PHYSICAL_KINDS: Final = frozenset({"camera", "acoustic_array", "uav", "satellite", "imagery"})
MISSION_KINDS: Final = frozenset({"patrol", "post", "camera", "acoustic_array", "uav"})

STANCES: Final = ("report", "claim", "denial", "third_party", "quiet", "unknown")
"""`quiet` says that nothing happened; `denial` that something did not."""

PLACE_KINDS: Final = ("point", "sector", "footprint", "area", "named", "unknown")

MEANS: Final = (
    "heard",
    "saw",
    "recorded",
    "uav_imagery",
    "satellite_imagery",
    "thermal",
    "told",
    "read",
    "unknown",
)

ACTS: Final = (
    "explosion", "burst", "shot", "projectile", "muzzle_flash", "illumination_flare", "thermal_anomaly",
    "shelling", "air_strike", "clash", "advance", "overflight", "weapon_present", "damage", "casualties",
    "access_denied", "jamming", "air_raid_alert", "statement", "other", "unknown",
)  # fmt: skip

DESCRIPTIONS: Final = ("undetermined", "outgoing", "impact", "airburst", "in_flight", "unknown")

WEAPONS: Final = (
    "unknown", "small_arms", "heavy_machine_gun", "grenade_launcher", "cannon", "recoilless_gun", "mortar",
    "artillery", "tank", "mlrs", "missile", "uav", "aircraft", "mine", "anti_tank_missile", "other",
)  # fmt: skip

PRECISIONS: Final = ("exact", "interval", "part_of_day", "day", "week", "month", "year", "unknown")
TRISTATE: Final = ("yes", "no", "unknown")
INTENTS: Final = ("accidental", "deliberate", "unknown")

VERDICTS: Final = ("breach", "no_breach", "undetermined", "out_of_scope")
EXISTENCE_WORDS: Final = ("reported", "credible", "corroborated")
RECOMPUTABLE_BY: Final = ("public", "parties", "auditor")
WATCH_OUTCOMES: Final = ("watched", "access_denied", "delayed", "jammed", "out_of_order", "weather")

FACT_KINDS: Final = (
    "began", "done", "handed_over", "withdrawn", "ordered", "reported", "answered", "objected", "occurred", "attempted",
    "notified", "performed", "visited", "refused", "inventory", "sighting", "movement",
)  # fmt: skip
"""What can be recorded of duties and conditions; `watched` and `breach` are computed from coverage and incidents."""
SEALED_FACTS: Final = (
    "occurred", "attempted", "notified", "performed", "visited", "refused", "inventory", "sighting", "movement",
)  # fmt: skip
"""Facts whose content could be exploited, or shows where observers go: sealed (R19)."""

ADMIRALTY_SOURCE: Final = {
    "A": "completely reliable", "B": "usually reliable", "C": "fairly reliable",
    "D": "not usually reliable", "E": "unreliable", "F": "reliability cannot be judged",
}  # fmt: skip
ADMIRALTY_INFORMATION: Final = {
    "1": "confirmed", "2": "probably true", "3": "possibly true",
    "4": "doubtful", "5": "improbable", "6": "truth cannot be judged",
}  # fmt: skip

CAMEO: Final = {
    "0356": "intent to de-escalate", "0861": "receive peacekeepers", "0862": "receive inspectors", "087": "de-escalate",
    "0871": "declare truce", "0872": "ease blockade", "0873": "demobilize", "0874": "retreat", "093": "investigate",
    "112": "accuse", "1245": "decline", "1246": "decline", "154": "mobilize", "1661": "expel observers",
    "1662": "expel peacekeepers", "191": "blockade", "192": "occupy", "193": "small arms", "194": "artillery and tanks",
    "195": "aerial weapons", "196": "violate ceasefire",
}  # fmt: skip

_ICD_203: Final = (
    (500, "almost no chance"), (2000, "very unlikely"), (4500, "unlikely"), (5500, "roughly even chance"),
    (8000, "likely"), (9500, "very likely"), (10001, "almost certain"),
)  # fmt: skip


def probability_word(probability_e4: int) -> str:
    """The ICD 203 word for a probability in units of 1e-4; bands are half-open, upper edge excluded."""
    return next(word for below, word in _ICD_203 if probability_e4 < below)
