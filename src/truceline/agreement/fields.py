"""What fields of an agreement are made of: words, metres, calibres, durations, moments, places, classes of weapons."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, StrictStr
from pydantic_core import PydanticCustomError

from truceline.records import codes

Text = Annotated[StrictStr, Field(min_length=1, max_length=4000)]
Id = Annotated[StrictStr, Field(pattern=r"^[a-z0-9][a-z0-9\-]{0,63}$")]
Metres = Annotated[StrictInt, Field(ge=1, le=1_000_000)]
_BOUND = re.compile(r"(>=|<=|>|<) ?(\d{1,4})(?:\.(\d{1,3}))? ?mm")


def _number(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Number = Annotated[str, BeforeValidator(_number), Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.()\-]{0,15}$")]


def _word(codes_of: tuple[str, ...], kind: str) -> Any:
    def known(value: str) -> str:
        if value not in codes_of:
            raise PydanticCustomError(
                "AGR-012",
                "{kind} must be a word of the code list",
                {"kind": kind, "known": ", ".join(codes_of)},
            )
        return value

    known.words = codes_of  # type: ignore[attr-defined]
    return AfterValidator(known)


Act = Annotated[StrictStr, _word(codes.ACTS, "an act")]
Weapon = Annotated[StrictStr, _word(codes.WEAPONS, "a weapon")]
Verdict = Annotated[StrictStr, _word(codes.VERDICTS, "a verdict")]


def calibre_bound(text: str) -> tuple[str, int]:
    """`>= 100 mm` as the comparison and micrometres; exact, no floats."""
    found = _BOUND.fullmatch(text)
    if found is None:
        raise PydanticCustomError("AGR-013", "a calibre must be a comparison and millimetres", {})
    sign, whole, part = found.groups()
    return sign, int(whole) * 1000 + int((part or "").ljust(3, "0"))


def _calibre(value: str) -> str:
    calibre_bound(value)
    return value


Calibre = Annotated[StrictStr, AfterValidator(_calibre)]


_DURATION = re.compile(r"([1-9]\d{0,4}) (min|h|d|months|years)")
_UNIT_MS = {"min": 60_000, "h": 3_600_000, "d": 86_400_000}


def duration_of(text: str) -> tuple[int, int]:
    """`7 d` as milliseconds and calendar months; one of the two is 0."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise PydanticCustomError("AGR-021", "a duration must be a whole number and a unit", {})
    amount, unit = int(found[1]), found[2]
    if unit in _UNIT_MS:
        return amount * _UNIT_MS[unit], 0
    return 0, amount * (12 if unit == "years" else 1)


def _duration(value: str) -> str:
    duration_of(value)
    return value


Duration = Annotated[StrictStr, AfterValidator(_duration)]
Count = Annotated[StrictInt, Field(ge=0, le=10_000_000)]
Digest = Annotated[StrictStr, Field(pattern=r"^[0-9a-f]{64}$")]
Zone = Annotated[StrictStr, Field(pattern=r"^[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+){0,2}$")]
Clock = Annotated[StrictStr, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Model(BaseModel):
    """Base: no unknown fields, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Source(Model):
    """Where the public text or fact stands."""

    title: Text
    url: StrictStr = ""
    confidence: Literal["seen", "general knowledge", "fictional"] = "seen"


class Reading(Model):
    """One way to read a time that the text leaves open."""

    local: StrictStr
    zone: StrictStr | None = None
    note: StrictStr = ""


class Moment(Model):
    """A local time with its zone, or the readings that the text allows."""

    local: StrictStr = ""
    zone: StrictStr | None = None
    readings: tuple[Reading, ...] = ()


class Where(Model):
    """Along a line or about a point (within or beyond a distance), inside a zone, or inside the corridor of an article."""

    line: Id | None = None
    side: Id | None = None
    within_m: Metres | None = None
    beyond_m: Metres | None = None
    zone: Id | None = None
    point: Id | None = None


class WeaponClass(Model):
    """Weapon words and, where the text has one, a calibre threshold; all bounds must hold."""

    weapons: tuple[Weapon, ...] = ()
    calibre: Annotated[tuple[Calibre, ...], BeforeValidator(_listed)] = ()
