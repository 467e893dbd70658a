"""Codes, numbers and times in words that a reader outside the mission understands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeVar

from truceline.records.codes import ACTS, DESCRIPTIONS, MEANS, PLACE_KINDS, SOURCE_KINDS, STANCES, WEAPONS
from truceline.report.days import local, utc

MARK: Final = "EXERCISE"

_SPECIAL: Final = {
    "uav": "uncrewed aircraft", "mlrs": "multiple rocket launcher", "uav_imagery": "imagery from uncrewed aircraft",
    "unknown": "not known", "thermal_anomaly": "heat seen from space", "party": "statement of a party",
    "registry": "coded registry", "imagery": "satellite imagery", "acoustic_array": "sound array",
    "post": "observation post", "camera": "mission camera", "satellite": "fire-detecting satellite",
    "quiet": "says nothing happened", "denial": "denies it", "third_party": "third party",
    "air_raid_alert": "air-raid alert", "air_strike": "air strike",
}  # fmt: skip
_SHORT: Final = {
    "acoustic_array": "array", "post": "post", "camera": "camera", "party": "party", "satellite": "satellite",
    "uav": "uncrewed aircraft", "imagery": "imagery", "civil_alert": "alert",
}  # fmt: skip
_CODES: Final = frozenset(SOURCE_KINDS + ACTS + MEANS + WEAPONS + STANCES + PLACE_KINDS + DESCRIPTIONS)

TERMS: Final = {
    "prior": "how common such incidents are here, the same for all parties",
    "base_rate": "how common such incidents are here, the same for all parties",
    "clutter": "how often single reports arise from nothing",
    "false_alarm": "how often single reports arise from nothing",
    "coverage": "who could have seen it and did not report it",
    "exposure": "who could have seen it and did not report it",
    "missed": "who could have seen it and did not report it",
    "type": "how well the kinds of act fit together",
    "place": "how well the places fit together",
    "time": "how well the times fit together",
    "copies": "reports that repeat another",
    "unlinked": "reports that may be about it but were not linked",
    "denials": "denials",
    "quiet": "reports that nothing happened",
    "agreement": "independent reports that agree",
    "physical": "a sensor recorded it",
    "calibration": "how such estimates held up in audits",
}  # fmt: skip
"""Names of additive terms that may be printed. Any other name is summed under `other evidence`."""

_MONTHS: Final = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

Item = TypeVar("Item")


def code(word: str | None) -> str:
    """A code as words."""
    return "not said" if word is None else _SPECIAL.get(word, word.replace("_", " "))


def short(word: str) -> str:
    """A kind of source in one word, for narrow columns."""
    return _SHORT.get(word, code(word))


def term(name: str) -> str:
    """An additive term of an explanation in words; what is not a known word is never printed."""
    parts = [part for part in re.split(r"[:./ |]+", name.lower()) if part]
    said = [TERMS[part] if part in TERMS else code(part) if part in _CODES else "" for part in parts]
    return ": ".join(said) if said and all(said) else "other evidence"


def strength(log_odds_e6: int) -> str:
    """How far an additive term moves the probability: bands at 0.5, 1.5 and 3 natural log-odds."""
    size = abs(log_odds_e6)
    if size < 500_000:
        return "hardly changes it"
    way = "raises it" if log_odds_e6 > 0 else "lowers it"
    return f"{way} {'a little' if size < 1_500_000 else 'clearly' if size < 3_000_000 else 'strongly'}"


def number(value: int | None) -> str:
    """With thousands separated."""
    return "not known" if value is None else f"{value:,}"


def change(value: int | None) -> str:
    """A signed difference with the previous period."""
    if value is None:
        return "no earlier figure"
    return "no change" if value == 0 else f"{'+' if value > 0 else '−'}{abs(value):,}"


def between(low: int, high: int, open_ended: bool = False) -> str:
    """A range; open-ended ones say so."""
    if open_ended:
        return f"{number(low)} or more" if low == high else f"{number(low)} to {number(high)} or more"
    return number(low) if low == high else f"{number(low)}–{number(high)}"


def tenths(value: int | None) -> str:
    """Tenths as whole numbers, half away from nought."""
    return "not known" if value is None else f"{(value + 5) // 10:,}"


def percent(part: int, whole: int) -> int | None:
    """Whole percent, half up; None of nothing."""
    return None if whole <= 0 else (200 * part + whole) // (2 * whole)


def plain(text: str) -> str:
    """An id or name without the exercise mark, for places where the mark stands beside it."""
    return re.sub(rf"^{MARK}[\s:_-]*", "", text) or text


def moment(at_ms: int, zone: str | None = None) -> str:
    """12 Mar 2031 14:00 on the mission's clock, or in UTC when no zone is given."""
    at = utc(at_ms) if zone is None else local(at_ms, zone)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year} {at:%H:%M}"


def span(from_ms: int, to_ms: int, zone: str | None = None, *, beside: str | None = None) -> str:
    """12 Mar 14:00–15:00 on the mission's clock, or in UTC when no zone is given.

    `beside` is the zone of a time that stands beside it: the day is then said only where it differs.
    """
    start, end = (utc(at) if zone is None else local(at, zone) for at in (from_ms, to_ms))
    if beside is not None and [local(at, beside).date() for at in (from_ms, to_ms)] == [
        start.date(),
        end.date(),
    ]:
        return f"{start:%H:%M}–{end:%H:%M}"
    head = f"{start.day} {_MONTHS[start.month - 1]} {start:%H:%M}"
    if start.date() == end.date():
        return f"{head}–{end:%H:%M}"
    return f"{head} – {end.day} {_MONTHS[end.month - 1]} {end:%H:%M}"


def listed(words: Sequence[str], last: str = "and") -> str:
    """a, b and c."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def plural(count: int, one: str, many: str = "") -> str:
    """1 incident, 2 incidents."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def rotated(items: Sequence[Item], ordinal: int) -> tuple[Item, ...]:
    """The items from another start each day: the order depends on their positions, never on their names."""
    if not items:
        return ()
    start = ordinal % len(items)
    return (*items[start:], *items[:start])
