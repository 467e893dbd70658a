"""What people write in cells: counts, times of day, directions, weapons. Pure functions of one text."""

from __future__ import annotations

import re
from typing import Final

Span = tuple[int | None, int | None]

_NUMBERS: Final = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "dozen": 12, "a dozen": 12, "two dozen": 24, "twenty": 20,
}  # fmt: skip
_VAGUE: Final = {
    "some": (1, None), "casualties": (1, None), "victims": (1, None), "several": (2, None), "a few": (2, None),
    "few": (2, None), "multiple": (2, None), "bursts": (2, None), "shots": (2, None), "explosions": (2, None),
    "a couple": (2, 2), "many": (3, None), "dozens": (24, None), "tens": (20, None), "hundreds": (200, None),
}  # fmt: skip
_NONE: Final = frozenset({"", "n/k", "nk", "n/a", "na", "-", "–", "?", "unknown", "not known", "none given"})
_NUMBER: Final = (
    r"(\d{1,7}|a dozen|two dozen|"
    + "|".join(sorted(set(_NUMBERS) - {"a dozen", "two dozen", "a", "an"}))
    + ")"
)
_LEAST: Final = re.compile(rf"(?:at least|minimum|min\.?|no fewer than|not less than)\s+{_NUMBER}\b")
_MORE: Final = re.compile(rf"(?:more than|over|above|>)\s*{_NUMBER}\b")
_MOST: Final = re.compile(rf"(?:up to|at most|no more than|maximum)\s+{_NUMBER}\b")
_PLUS: Final = re.compile(r"\b(\d{1,7})\s*\+")
_RANGE: Final = re.compile(rf"\b{_NUMBER}\s*(?:-|–|to)\s*{_NUMBER}\b")
_ABOUT: Final = re.compile(rf"(?:about|around|approximately|approx\.?|some|~|ca\.?)\s*{_NUMBER}\b")
_EXACT: Final = re.compile(rf"\b{_NUMBER}\b")
_OF: Final = re.compile(  # the number that counts what we count, where several stand: "3-4 waves, a dozen explosions"
    rf"(?:(?:at least|more than|over|up to|about|around|approximately) )?\b(?:{_NUMBER}\s*(?:-|–|to)\s*)?{_NUMBER}\+?"
    r" (?:[a-z-]+ )?(?:explosion|burst|shot|projectile|shell|rocket|missile)s?\b"
)


def nothing_said(text: str) -> bool:
    """Whether a cell says that it says nothing: N/K, -, unknown."""
    return text.strip().lower() in _NONE


def count(text: str) -> Span | None:
    """At least and at most; None where the text holds no number that can be read.

    "30+" is (30, None), "at least two" (2, None), "about 15" (14, 16) with a tenth to either side, "7-8" (7, 8),
    "casualties" (1, None), "N/K" (None, None).
    """
    low = " ".join(text.lower().split())
    if low in _NONE:
        return None, None
    if low in _VAGUE:
        return _VAGUE[low]
    noun = _OF.search(low)
    if noun is not None:
        low = noun[0]
    for pattern, shape in ((_LEAST, "least"), (_MORE, "more"), (_MOST, "most"), (_PLUS, "least"), (_RANGE, "range"),
                           (_ABOUT, "about"), (_EXACT, "exact")):  # fmt: skip
        found = pattern.search(low)
        if found is not None:
            return _shaped(shape, [_number(group) for group in found.groups()])
    if low.split(" ", 1)[0] in ("a", "an"):
        return 1, 1
    for words, span in _VAGUE.items():
        if re.search(rf"\b{words}\b", low):
            return span
    return None


def _number(text: str) -> int:
    return int(text) if text.isdigit() else _NUMBERS[text]


def _shaped(shape: str, numbers: list[int]) -> Span:
    first = numbers[0]
    if shape == "least":
        return first, None
    if shape == "more":
        return first + 1, None
    if shape == "most":
        return None, first
    if shape == "range":
        return min(numbers), max(numbers)
    if shape == "about":
        slack = max(1, first // 10)
        return max(0, first - slack), first + slack
    return first, first


_MINUTE: Final = 60_000
_HOUR: Final = 3_600_000
_PARTS: Final = {  # hours on the local clock of the day named; negative is the evening before
    "early": (0, 9), "early morning": (0, 9), "dawn": (3, 8), "morning": (5, 12), "midday": (11, 14), "noon": (11, 13),
    "daytime": (5, 21), "during the day": (5, 21), "day": (5, 21), "afternoon": (12, 18), "evening": (16, 24),
    "late evening": (20, 24), "late": (20, 24), "night": (-4, 30), "overnight": (-6, 9), "midnight": (-1, 1),
}  # fmt: skip
_CLOCK: Final = r"(\d{1,2})[:.h](\d{2})(?::(\d{2}))?"
_ONE: Final = re.compile(
    rf"(?P<word>after|since|from|before|until|by|about|around|approximately|at|~)?\s*{_CLOCK}(?: ?hrs)?"
)
_TWO: Final = re.compile(rf"(?:from |between )?{_CLOCK}\s*(?:-|–|to|and|until)\s*{_CLOCK}(?: ?hrs)?")


def time_of_day(text: str) -> tuple[int, int, str] | None:
    """From and to in ms since local midnight, and the precision; None where the text names no time.

    "12:05" is that minute; "after 12:00" ends with the day; "around 12:00" has half an hour to either side; "12:00-14:00";
    parts of the day are wide on purpose and night reaches into both neighbouring days.
    """
    low = " ".join(text.lower().split())
    two = _TWO.fullmatch(low)
    if two is not None:
        first, last = _clock(*two.groups()[:3]), _clock(*two.groups()[3:])
        if first is None or last is None:
            return None
        return first, (last if last >= first else last + 24 * _HOUR) + _MINUTE - 1, "interval"
    one = _ONE.fullmatch(low)
    if one is not None:
        return _one(one["word"] or "", _clock(*one.groups()[1:]), one[4] is not None)
    part = _PARTS.get(low.removeprefix("in the ").removeprefix("at "))
    return None if part is None else (part[0] * _HOUR, part[1] * _HOUR - 1, "part_of_day")


def _one(word: str, at: int | None, seconds: bool) -> tuple[int, int, str] | None:
    if at is None:
        return None
    if word in ("after", "since", "from"):
        return at, max(at, 24 * _HOUR - 1), "interval"
    if word in ("before", "until", "by"):
        return 0, at, "interval"
    if word in ("about", "around", "approximately", "~"):
        return at - 30 * _MINUTE, at + 30 * _MINUTE, "interval"
    return at, at + (999 if seconds else _MINUTE - 1), "exact"


def _clock(hour: str, minute: str, second: str | None) -> int | None:
    h, m, s = int(hour), int(minute), int(second or 0)
    fits = (h < 24 and m < 60 and s < 60) or (h, m, s) == (24, 0, 0)
    return (h * 60 + m) * _MINUTE + s * 1000 if fits else None


_POINTS: Final = (
    "n",
    "nne",
    "ne",
    "ene",
    "e",
    "ese",
    "se",
    "sse",
    "s",
    "ssw",
    "sw",
    "wsw",
    "w",
    "wnw",
    "nw",
    "nnw",
)
_NAMED: Final = {
    "north": "n", "east": "e", "south": "s", "west": "w", "north-east": "ne", "south-east": "se", "south-west": "sw",
    "north-west": "nw", "north-north-east": "nne", "east-north-east": "ene", "east-south-east": "ese",
    "south-south-east": "sse", "south-south-west": "ssw", "west-south-west": "wsw", "west-north-west": "wnw",
    "north-north-west": "nnw",
}  # fmt: skip
_DISTANCE: Final = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:(?:-|–|to)\s*(\d+(?:[.,]\d+)?))?\s*(km|m)\b")
_BEARING: Final = re.compile(
    r"\b(" + "|".join(sorted((*_POINTS, *_NAMED), key=len, reverse=True)) + r")\b(?!/)"
)
_ELSEWHERE: Final = re.compile(
    r"\d\s*(?:km|m)\s+[a-z-]+\s+of\s+(?!(?:the\s+)?(?:position|post|camera|patrol)\b)"
)


def seen_from_position(text: str) -> bool:
    """Whether a distance and direction are told from the observer ("2-7km NNE"), not from a place ("3km N of Kapan")."""
    return _ELSEWHERE.search(text.lower()) is None


def bearing(text: str) -> int | None:
    """The first compass point of a text as millidegrees, of 16 points."""
    found = _BEARING.search(text.lower())
    if found is None:
        return None
    return _POINTS.index(_NAMED.get(found[1], found[1])) * 22_500


def distance(text: str) -> Span | None:
    """The first distance of a text in metres: "2-7km" is (2000, 7000), "800m" (800, 800); "up to 3km" (None, 3000)."""
    low = text.lower()
    found = _DISTANCE.search(low)
    if found is None:
        return None
    scale = 1000.0 if found[3] == "km" else 1.0
    near = round(float(found[1].replace(",", ".")) * scale)
    far = round(float(found[2].replace(",", ".")) * scale) if found[2] else near
    before = low[: found.start()].rstrip()
    if before.endswith(("up to", "at most", "less than")):
        return None, far
    if before.endswith(("at least", "more than", "over")):
        return near, None
    return min(near, far), max(near, far)


_WEAPON_WORDS: Final = (
    ("anti-tank guided", "anti_tank_missile"), ("atgm", "anti_tank_missile"), ("anti-tank missile", "anti_tank_missile"),
    ("recoilless", "recoilless_gun"), ("spg-9", "recoilless_gun"), ("grenade launcher", "grenade_launcher"),
    ("agl", "grenade_launcher"), ("rpg", "grenade_launcher"), ("ugl", "grenade_launcher"), ("heavy machine", "heavy_machine_gun"),
    ("heavy-machine", "heavy_machine_gun"), ("hmg", "heavy_machine_gun"), ("mortar", "mortar"), ("mlrs", "mlrs"),
    ("multiple launch", "mlrs"), ("grad", "mlrs"), ("smerch", "mlrs"), ("cannon", "cannon"), ("howitzer", "artillery"),
    ("artillery", "artillery"), ("small arms", "small_arms"), ("small-arms", "small_arms"), ("small arm", "small_arms"),
    ("rifle", "small_arms"), ("machine gun", "small_arms"), ("missile", "missile"), ("rocket", "mlrs"), ("drone", "uav"), ("uav", "uav"),
    ("air strike", "aircraft"), ("airstrike", "aircraft"), ("aircraft", "aircraft"), ("mine", "mine"), ("tank", "tank"),
)  # fmt: skip
_CALIBRE: Final = re.compile(r"(\d{1,3}(?:[.,]\d{1,2})?)\s*-?\s*mm\b")


def weapon(text: str) -> str | None:
    """The weapon class that a text names, None where it names none of ours."""
    low = text.lower()
    for word, found in _WEAPON_WORDS:
        if re.search(rf"\b{re.escape(word)}s?\b", low):
            return found
    return None


def calibre_um(text: str) -> int | None:
    """Calibre in micrometres from "120mm" or "12.7 mm"."""
    found = _CALIBRE.search(text.lower())
    return None if found is None else round(float(found[1].replace(",", ".")) * 1000)
