"""Codes, numbers and times in words that a reader outside the mission understands."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Final, TypeVar

from truceline.records.codes import SOURCE_KINDS
from truceline.report.days import local, utc

MARK: Final = "EXERCISE"

_SPECIAL: Final = {
    "uav": "UAV", "mlrs": "multiple rocket launcher", "uav_imagery": "UAV imagery",
    "unknown": "not known", "thermal_anomaly": "heat seen from space", "party": "statement of a party",
    "registry": "coded registry", "imagery": "satellite imagery", "acoustic_array": "sound array",
    "post": "observation post", "camera": "mission camera", "satellite": "fire-detecting satellite",
    "quiet": "says nothing happened", "denial": "denies it", "third_party": "third party",
    "air_raid_alert": "air-raid alert", "air_strike": "air strike",
}  # fmt: skip
_SHORT: Final = {
    "acoustic_array": "array", "post": "post", "camera": "camera", "party": "party", "satellite": "satellite",
    "uav": "UAV", "imagery": "imagery", "civil_alert": "alert",
}  # fmt: skip

TERMS: Final = (
    (re.compile(r"prior"), "how common such incidents are, the same for all parties"),
    (re.compile(r"report: (\w+)"), "a report: {}"),
    (re.compile(r"report: (\w+) \(\d+\)"), "more reports of that kind: {}"),
    (re.compile(r"agreement of \d+ kinds"), "independent kinds of source agree"),
    (
        re.compile(r"agreement of \d+ kinds of the mission's own"),
        "the mission's own eyes and instruments agree",
    ),
    (re.compile(r"\d+ corroborated within .+"), "what else is corroborated around there and then"),
    (re.compile(r"may be part of another incident"), "it may be part of another incident"),
    (re.compile(r"denial"), "a denial"),
    (re.compile(r"reported quiet"), "sources that watched say nothing happened"),
    (re.compile(r"watched, not reported: (\w+)"), "sources that watched and did not report it"),
)
"""Names of additive terms that may be printed, after fusion. Who watched and said nothing is never told by kind."""

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
    for pattern, said in TERMS:
        found = pattern.fullmatch(name)
        if found and all(word in SOURCE_KINDS for word in found.groups()):
            return said.format(*(code(word) for word in found.groups()))
    return "other evidence"


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


def decimal(count: int | None) -> str:
    """Tenths, as a number with one decimal."""
    return "not known" if count is None else f"{count // 10:,}.{count % 10}"


def change(value: int | None) -> str:
    """A signed difference with the previous period."""
    if value is None:
        return "no earlier figure"
    return "no change" if value == 0 else f"{'+' if value > 0 else '−'}{abs(value):,}"


def against(value: int | None, unit: str = "") -> str:
    """A difference with the day before, in words: −20 against the day before."""
    if value is None:
        return change(None)
    if value == 0:
        return "no change from the day before"
    unit = f" {unit}{'' if abs(value) == 1 else 's'}" if unit else ""
    return f"{change(value)}{unit} against the day before"


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


def floor_percent(part: int, whole: int) -> int | None:
    """Whole percent, rounded down, so that nothing looks better watched than it was; None of nothing."""
    return None if whole <= 0 else 100 * part // whole


def plain(text: str) -> str:
    """An id or name without the exercise mark, for places where the mark stands beside it."""
    return re.sub(rf"^{MARK}[\s:_-]*", "", text) or text


def moment(at_ms: int, zone: str | None = None) -> str:
    """12 Mar 2031 14:00 on the mission's clock, or in UTC when no zone is given."""
    at = utc(at_ms) if zone is None else local(at_ms, zone)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year} {at:%H:%M}"


def zone_words(zone: str, at_ms: int) -> str:
    """The mission's clock as people say it: Europe/Kyiv (UTC+3); a zone that is only an offset is its offset."""
    minutes = int((local(at_ms, zone).utcoffset() or dt.timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    offset = (
        "UTC" if not minutes else f"UTC{'+' if minutes > 0 else '−'}{hours}{f':{rest:02}' if rest else ''}"
    )
    return offset if zone.startswith("Etc/") or zone == "UTC" else f"{zone} ({offset})"


def is_late(done: str, due: str) -> bool:
    """Whether one ISO time lies after another; what is no time, or lacks its offset, is never called late."""
    try:
        first, last = dt.datetime.fromisoformat(done), dt.datetime.fromisoformat(due)
        return first > last
    except (ValueError, TypeError):
        return False


def when(text: str, zone: str) -> str:
    """An ISO date or time as on the mission's clock with UTC beside it; anything else as it stands."""
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    if len(text) == 10:
        return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"
    if at.tzinfo is None:
        return text
    at_ms = int(at.timestamp()) * 1000
    return f"{moment(at_ms, zone)} ({utc(at_ms):%H:%M} UTC)"


def span(from_ms: int, to_ms: int, zone: str | None = None, *, beside: str | None = None) -> str:
    """12 Mar 14:00–15:00 on the mission's clock, or in UTC when no zone is given.

    `beside` is the zone of a time that stands beside it: the day is then said only where it differs.
    """
    start, end = (utc(at) if zone is None else local(at, zone) for at in (from_ms, to_ms))
    days = {local(at, beside).date() for at in (from_ms, to_ms)} if beside else set()
    if days == {start.date()} == {end.date()}:
        return f"{start:%H:%M}–{end:%H:%M}"
    head = f"{start.day} {_MONTHS[start.month - 1]} {start:%H:%M}"
    if start.date() == end.date():
        return f"{head}–{end:%H:%M}"
    if not end.hour and not end.minute and (end.date() - start.date()).days == 1:
        return f"{head}–24:00"
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
