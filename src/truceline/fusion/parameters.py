"""What fusion was taught, as integers: a set stands on the log, and a replay uses exactly that set.

Units stand in the names: `_e4` shares of one in units of 1e-4, `_e3` natural-log odds in units of 1e-3, `_s` seconds.
`_udeg` microdegrees. No value belongs to a party, an alignment or a single source: what is learned is learned for a kind of source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from truceline.errors import FusionError
from truceline.records.codes import SOURCE_KINDS

METHOD: Final = "truceline-fusion"
VERSION: Final = 4

_WEIGHT: Final = (0, 400, -200, -150, 0, -1300, 2500, 500, 700, 200, 1300, 200, 100)
_CLOCK: Final = (120, 120, 15, 20, 60, 300, 600, 600, 600, 600, 1800, 120, 1200)
_UNMATCHED: Final = (5000, 5000, 5000, 5000, 6000, 8500, 6000, 5500, 5500, 6000, 5000, 8000, 6500)
_DETECTION: Final = (3500, 3500, 4500, 4000, 2000, 300, 300, 0, 0, 0, 0, 0, 0)

_ALIKE: Final = (-999, -57, 629, 1179, 1386, 1704, 2485)
BANDS: Final = tuple("abcdefg")
_AGAIN: Final = (1300, 2200, 2000, 3000, 1000, 0, 500, 100, 300, 100, 200, 200, 200)
_AROUND: Final = (270, 340)
WINDOWS: Final = ("day", "hour")


def _by_kind(values: tuple[int, ...]) -> dict[str, int]:
    return dict(zip(SOURCE_KINDS, values, strict=True))


@dataclass(frozen=True, slots=True)
class Parameters:
    """One set of parameters.

    Attributes:
        prior_e3: log-odds that something reported happened, before it is asked who reported it.
        weight_e3: log likelihood ratio of one ordinary report of each kind of source.
        clock_s: standard deviation of the clock of each kind.
        unmatched_e4: share of the reports of each kind that no other report matches.
        detection_e4: share of incidents before the eyes of a kind that it reports.
        again_e3: what a second voice of the same kind adds.
        repeat_e4: what each further voice of a kind keeps of that, and each further kind of `further_e3`.
        rate_e3: log of the ratio of incidents to reports, used before anything is grouped.
        same_source_e3: penalty for two reports of one party in one incident; outlets pay a sixth of it.
        same_text_e3: log likelihood ratio of two reports of which one is known to repeat the other's source.
        denial_e3, quiet_e3: what a denial, or a quiet report of a watcher of full weight, takes away.
        agreement_e3, further_e3: what it adds that a second, and a third, kind of source says the same.
        own_agreement_e3: what it adds besides that a further kind of the mission's own eyes and instruments does.
        around_e3: log likelihood ratio of e times as many corroborated incidents around, by window (`surroundings`).
        unseen_e4: how far the silence of those that could have noticed counts.
        place_tail_e1, place_scale_e3: degrees of freedom of the errors of place, in tenths, and their size against what is stated.
        fragment_e4: how far the chance of being part of another incident counts.
        direction_e3: log likelihood ratio of a direction of flight straight across the line.
        impact_own_e4: share of impacts that were fired from the side on which they fall.
        admission_e3: log likelihood ratio of a party naming its own side.
        alike_e3: log likelihood ratio of each band of likeness of two texts, from unlike (a) to alike (g).
        theatre_km2: square kilometres in which anything is reported; 0: taken from the observations, and the next three too.
        theatre_rate_e3: log of incidents a square kilometre and day in all of it.
        frame_lon_udeg, frame_lat_udeg: middle of the local frame.
    """

    prior_e3: int = -500
    weight_e3: Mapping[str, int] = field(default_factory=lambda: _by_kind(_WEIGHT))
    clock_s: Mapping[str, int] = field(default_factory=lambda: _by_kind(_CLOCK))
    unmatched_e4: Mapping[str, int] = field(default_factory=lambda: _by_kind(_UNMATCHED))
    detection_e4: Mapping[str, int] = field(default_factory=lambda: _by_kind(_DETECTION))
    again_e3: Mapping[str, int] = field(default_factory=lambda: _by_kind(_AGAIN))
    repeat_e4: int = 6500
    rate_e3: int = -400
    same_source_e3: int = 6000
    same_text_e3: int = 3000
    denial_e3: int = 350
    quiet_e3: int = 900
    agreement_e3: int = 1300
    further_e3: int = 300
    own_agreement_e3: int = 1300
    around_e3: Mapping[str, int] = field(default_factory=lambda: dict(zip(WINDOWS, _AROUND, strict=True)))
    unseen_e4: int = 8_500
    fragment_e4: int = 7_000
    place_tail_e1: int = 40
    place_scale_e3: int = 1_100
    direction_e3: int = 2000
    impact_own_e4: int = 900
    admission_e3: int = 3000
    alike_e3: Mapping[str, int] = field(default_factory=lambda: dict(zip(BANDS, _ALIKE, strict=True)))
    frame_lon_udeg: int = 0
    frame_lat_udeg: int = 0
    theatre_km2: int = 0
    theatre_rate_e3: int = 0

    def as_dict(self) -> dict[str, int]:
        """Flat: `prior_e3`, `weight_e3.camera` and so on, as the log holds them."""
        flat: dict[str, int] = {}
        for name in (item.name for item in fields(self)):
            value = getattr(self, name)
            flat |= (
                {f"{name}.{part}": value[part] for part in parts_of(name)}
                if isinstance(value, Mapping)
                else {name: value}
            )
        return flat

    @classmethod
    def from_dict(cls, values: Mapping[str, int]) -> Parameters:
        """The inverse of `as_dict`.

        Raises:
            FusionError: FUS-001 a name is unknown or missing; FUS-002 a value is no integer or out of range.
        """
        expected = DEFAULTS.as_dict()
        strange = sorted(set(values) ^ set(expected))
        if strange:
            raise FusionError(
                "FUS-001",
                "parameters must have exactly the names of this method's version",
                where=f"{METHOD} {VERSION}",
                value=strange[0],
                remedy="Take a set made by `fusion.learn` or the defaults.",
            )
        grouped: dict[str, Any] = {}
        for name, value in values.items():
            if (
                type(value) is not int
                or abs(value) > _FARTHEST.get(name, 1_000_000)
                or (not name.startswith(_SIGNED) and value < 0)
            ):
                raise FusionError(
                    "FUS-002", "a parameter must be an integer within its range", where=name, value=value,
                    remedy=f"The default is {expected[name]}.",
                )  # fmt: skip
            if "_e4" in name and value > 10_000:
                raise FusionError(
                    "FUS-002",
                    "a share must not exceed 10000",
                    where=name,
                    value=value,
                    remedy="Give a share in ten-thousandths, 0 to 10000.",
                )
            head, _, kind = name.partition(".")
            if kind:
                grouped.setdefault(head, {})[kind] = value
            else:
                grouped[head] = value
        for head, value in grouped.items():
            if isinstance(value, dict):
                grouped[head] = {part: value[part] for part in parts_of(head)}
        return cls(**grouped)


def parts_of(name: str) -> tuple[str, ...]:
    """What a parameter of several values is split by."""
    return {"alike_e3": BANDS, "around_e3": WINDOWS}.get(name, SOURCE_KINDS)


_SIGNED = ("prior_e3", "weight_e3", "rate_e3", "same_text_e3", "alike_e3", "theatre_rate_e3", "frame_l")
_FARTHEST = {"frame_lon_udeg": 180_000_000, "frame_lat_udeg": 90_000_000, "theatre_km2": 600_000_000}
DEFAULTS: Final = Parameters()
DESCRIBES: Final = Parameters(
    weight_e3=_by_kind((2300, 2000, 2900, 1700, 2600, 300, 2300, 700, 450, 400, 1300, 200, 100))
)
"""How well each kind knows what, with what and how much it was: fixed, and nothing to do with how often it invents."""
