"""What to simulate: the settings of a fictional country and of those who watch it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from truceline.errors import UsageError
from truceline.records.parties import Actor, Alignment, Party

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


def _party(party: str, word: str) -> Party:
    return Party(id=party, names={"en": f"EXERCISE Party {word}"}, names_by="EXERCISE")


@dataclass(frozen=True, slots=True)
class World:
    """A country: its line, its parties, its days and how busy they are.

    `alignments[0]` lies to the left of the line's drawing direction (which runs towards growing longitude),
    `alignments[1]` to the right; the members of an alignment share its side of the line in equal parts from west to
    east.
    """

    name: str = "EXERCISE: the two banks"
    lon0_deg: float = 62.0  # open ocean: nobody's land, and the sun keeps the zone's time
    lat0_deg: float = 0.8
    extent_m: float = 151_300.0  # from end to end, as the crow flies
    line_m: float = 180_000.0  # along the line
    sectors: int = 12
    reach_m: float = 20_000.0  # of a sector to either side
    places: int = 54
    hot_spots: int = 17
    start_ms: int = 1_930_248_000_000  # 2031-03-03T00:00 at UTC+4
    zone: str = "Etc/GMT-4"  # POSIX sign: this zone is four hours AHEAD of UTC
    days: int = 45
    incidents: float = 1_893.0
    branching: float = 0.42  # share of incidents that answer another
    withdrawal_day: int = (
        30  # counted from 1: the day on which one party refuses access; above `days` for never
    )
    parties: tuple[Party, ...] = (
        _party("party-1", "One"), _party("party-2", "Two"), _party("party-3", "Three"),
    )  # fmt: skip
    alignments: tuple[Alignment, ...] = (
        Alignment(id="north", members=("party-1", "party-2")),
        Alignment(id="south", members=("party-3",)),
    )
    actors: tuple[Actor, ...] = (
        Actor("mediator-1", {"en": "EXERCISE Mediator"}, ("mediator", "guarantor")),
        Actor("guarantor-1", {"en": "EXERCISE Guarantor"}, ("guarantor", "contributor")),
        Actor("agency-1", {"en": "EXERCISE Wire agency"}, ("source",)),
    )

    def __post_init__(self) -> None:
        if len(self.alignments) != 2:
            raise UsageError(
                "SIM-001", "a line has one alignment on either side", value=len(self.alignments),
                remedy="Give two alignments, each with any number of members.",
            )  # fmt: skip
        if self.line_m < self.extent_m:
            raise UsageError(
                "SIM-002", "the line must not be shorter than its extent", value=self.line_m,
                remedy=f"Give line_m of at least {self.extent_m}.",
            )  # fmt: skip
        if self.days < 1 or self.sectors < 1 or self.hot_spots < 1 or self.places < 1:
            raise UsageError(
                "SIM-003", "days, sectors, places and hot spots must be at least 1",
                value=(self.days, self.sectors, self.places, self.hot_spots),
             remedy="Give at least 1 of each.")  # fmt: skip

    @property
    def end_ms(self) -> int:
        """The end of the last day, UTC ms, excluded."""
        return self.start_ms + self.days * DAY_MS

    def scaled(self, scale: float) -> World:
        """The same country, `scale` times as busy.

        Raises:
            UsageError: SIM-004 a scale that is not above 0.
        """
        if not scale > 0:
            raise UsageError("SIM-004", "scale must be above 0", value=scale, remedy="Give e.g. 1.0.")
        return replace(self, incidents=self.incidents * scale)


@dataclass(frozen=True, slots=True)
class Roster:
    """Who watches: how many of each, how far they see, how often they are there."""

    posts: int = 12
    teams: int = 6
    cameras: int = 8
    thermal_cameras: int = 3  # of the cameras: the ones that work at night
    arrays: int = 3
    uavs: int = 2
    outlets: int = 14
    post_radius_m: int = 3_900
    team_radius_m: int = 2_700
    camera_radius_m: int = 2_400
    array_radius_m: int = 3_700
    uav_radius_m: int = 3_000
    post_up: float = 0.83
    night_posts: float = 0.035  # share of nights on which a post is manned
    array_up: float = 0.55


def generator(seed: int, stream: int) -> np.random.Generator:
    """Independent generators, so that one more draw in one place moves nothing elsewhere.

    Raises:
        UsageError: SIM-005 a seed below 0.
    """
    if seed < 0:
        raise UsageError(
            "SIM-005",
            "a seed must be an integer of 0 or more",
            value=seed,
            remedy="Give a whole number, such as 7.",
        )
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, stream])))
