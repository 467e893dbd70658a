"""Draw a month many times over and count what would be watched, noticed, verified, attributed, and when.

Seeded: every source and every replication has its own stream of chance, named by the source's id, so that two proposals
meet the same incidents, and one that moves a post changes that post's draws and nothing else. Each replication also
doubts the inputs: rates, hot spots, curves of notice. Nothing here reads a mission.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from truceline.coverage import DEFAULTS, Curve, Detection
from truceline.coverage.sun import NIGHT_BELOW_DEG, elevation_deg
from truceline.mechanism.ground import Bools, Floats, Ints, Terrain
from truceline.mechanism.proposal import Array as Microphones
from truceline.mechanism.proposal import Camera, Drone, Post, Proposal, Team

QUARTER_S: Final = 900
PER_DAY: Final = 96
DAY_S: Final = 86_400
KINDS: Final = ("post", "patrol", "camera", "acoustic_array", "uav")
_DOUBT: Final = {"rate": 0.2, "spot": 0.35, "scale": 0.12, "joint": 0.12, "up": 0.03, "refused": 0.3}
"""Standard errors of what a proposal expects and assumes: relative, `up` in shares of the time."""
_JOINT: Final = (0.7, 0.48)
"""By day and by night, which share of the hazards of several watchers counts; set on the exercises of seeds 101 to 104. Here
hazards are of the place of an incident, so less of them is shared than where coverage speaks of the line."""
_SIDE_AT: Final = 0.8
"""A side is said from here on, as everywhere in the program."""
_FIX: Final = {"post": 0.20, "patrol": 0.20, "camera": 0.10, "acoustic_array": 0.06, "uav": 0.0}
_FIX_M: Final = {"post": 150.0, "patrol": 150.0, "camera": 60.0, "acoustic_array": 70.0, "uav": 60.0}
"""Error of place of a report: a share of the distance, and metres besides."""
_SPEED_M_S: Final = 6.0
"""A visit's way, roads and checkpoints included."""


@dataclass(frozen=True, slots=True, eq=False)
class Happened:
    """Incidents of one replication, in the order of time. `at_s` from midnight of the first day, local."""

    at_s: Floats
    along_m: Floats
    off_m: Floats  # positive to the left
    xy: Floats
    night: Bools
    traces: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Stands:
    """The stretches of one source: where it stands, from when to when, on whose ground; only those that take place."""

    start_s: Floats
    end_s: Floats
    xy: Floats  # (m, 2)


@dataclass(slots=True, eq=False)
class Seen:
    """What a mechanism makes of the incidents of one replication.

    Attributes:
        grid: (quarters, points) watched within the stated range. sources, kinds: (n,) how many reported.
        error_m: (n,) of the best report. told: (n,) a report tells arrival from departure.
        visit_h: (n,) hours until a visit, inf where none comes in time or access is refused. reporters: id -> rows.
    """

    grid: Bools
    sources: Ints
    kinds: Ints
    error_m: Floats
    told: Bools
    visit_h: Floats
    reporters: dict[str, Ints] = field(default_factory=dict)


def stream(seed: int, replication: int, name: str) -> np.random.Generator:
    """A stream of chance of its own for each name."""
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence([seed, replication, zlib.crc32(name.encode())]))
    )


def nights(proposal: Proposal, land: Terrain) -> Bools:
    """Whether each quarter of an hour is night, (days * 96,)."""
    midnight = int(np.datetime64(proposal.starts, "ms").astype(np.int64)) - round(
        proposal.utc_offset_hours * 3_600_000
    )
    at = midnight + (np.arange(proposal.days * PER_DAY) * QUARTER_S + QUARTER_S // 2) * 1_000
    return np.asarray(elevation_deg(at, *land.centre) < NIGHT_BELOW_DEG)


def happen(proposal: Proposal, land: Terrain, dark: Bools, seed: int, replication: int) -> Happened:
    """The incidents of one replication; they hang on what is expected, never on who watches."""
    chance, expect = stream(seed, replication, "incidents"), proposal.expect
    rate = expect.incidents_per_day * proposal.days * chance.lognormal(0.0, _DOUBT["rate"])
    count = int(chance.poisson(rate))
    weight = np.array([spot.weight for spot in expect.hot_spots]) * chance.lognormal(
        0.0, _DOUBT["spot"], len(expect.hot_spots)
    )
    evenly = chance.random(count) < (expect.anywhere_share if len(weight) else 1.0)
    along = chance.random(count) * land.length_m
    if len(weight):
        spot = chance.choice(len(weight), count, p=weight / weight.sum())
        middle, spread = (
            np.array([getattr(s, n) for s in expect.hot_spots])[spot] * 1_000.0
            for n in ("at_km", "spread_km")
        )
        along = np.where(
            evenly, along, np.clip(middle + spread * chance.normal(size=count), 0, land.length_m)
        )
    off = expect.depth_m * np.exp(0.7 * chance.normal(size=count))
    off *= np.where(chance.random(count) < expect.left_share, 1.0, -1.0)
    slots = [np.flatnonzero(dark == light) for light in (False, True)]
    night = chance.random(count) < expect.night_share
    if not all(len(one) for one in slots):
        night[:] = bool(len(slots[1]))
    pick = chance.random(count)
    quarter = np.where(
        night, *(one[(pick * len(one)).astype(np.int64)] if len(one) else 0 for one in reversed(slots))
    )
    at = (quarter + chance.random(count)) * QUARTER_S
    traces = chance.random(count) < expect.leaves_traces
    order = np.argsort(at, kind="stable")
    along, off = along[order], off[order]
    return Happened(at[order], along, off, land.beside(along, off), night[order], traces[order])


class Watching:
    """A proposal's watchers on its ground."""

    def __init__(self, proposal: Proposal, land: Terrain, seed: int) -> None:
        self.proposal, self.land, self.seed = proposal, land, seed
        self.dark = nights(proposal, land)
        assume, curves = proposal.assume, dict(DEFAULTS.curves)
        for kind, one in assume.detection.items():
            tops = round(one.day_top * 9_999), round(one.night_top * 9_999)
            curves[kind] = Curve(tops[0], one.day_scale_m, tops[1], one.night_scale_m, round(100 * one.shape))
        self.detection = Detection(curves)
        self.joint = np.array(
            [
                _JOINT[0] if assume.day_joint is None else assume.day_joint,
                _JOINT[1] if assume.night_joint is None else assume.night_joint,
            ]
        )
        self.sources = [
            *proposal.posts,
            *proposal.cameras,
            *proposal.arrays,
            *proposal.teams,
            *proposal.drones,
        ]

    def empty(self, happened: Happened) -> Seen:
        """Nobody watches."""
        n = len(happened.at_s)
        return Seen(
            np.zeros((len(self.dark), len(self.land.points)), dtype=np.bool_), np.zeros(n, dtype=np.int64),
            np.zeros(n, dtype=np.int64), np.full(n, np.inf), np.zeros(n, dtype=np.bool_), np.full(n, np.inf),
        )  # fmt: skip

    def see(self, happened: Happened, replication: int) -> Seen:
        """What all of them make of one replication."""
        seen = self.empty(happened)
        by_kind = dict.fromkeys(KINDS, 0)
        bit = {kind: 1 << index for index, kind in enumerate(by_kind)}
        mask = np.zeros(len(happened.at_s), dtype=np.int64)
        for source in self.sources:
            rows = self.add(seen, source, happened, replication)
            mask[rows] |= bit[kind_of(source)]
        seen.kinds = sum(((mask >> index) & 1 for index in range(len(KINDS))), np.zeros_like(mask))
        return seen

    def add(self, seen: Seen, source: Any, happened: Happened, replication: int) -> Ints:
        """Let one more source watch; `seen` grows, and the rows that it reported come back."""
        chance = stream(self.seed, replication, f"source {source.id}")
        doubt = stream(self.seed, replication, "access and outages").normal(size=2)
        stands = self._stands(
            source, chance, _DOUBT["up"] * float(doubt[0]), float(np.exp(_DOUBT["refused"] * doubt[1]))
        )
        kind = kind_of(source)
        self._cover(seen.grid, source, stands)
        n = len(happened.at_s)
        lucky, error, tells = chance.random(n), chance.normal(size=n), chance.random(n)
        which = np.searchsorted(stands.start_s, happened.at_s, side="right") - 1
        on = (
            (which >= 0) & (happened.at_s < stands.end_s[which]) if len(stands.start_s) else np.zeros(n, bool)
        )
        rows = np.flatnonzero(on)
        if len(rows):
            stand = stands.xy[which[rows]]
            p = self._chance(source, kind, stand, happened.xy[rows], happened.night[rows], replication)
            rows = rows[lucky[rows] < p]
        away = np.hypot(*(happened.xy[rows] - stands.xy[which[rows]]).T) if len(rows) else np.empty(0)
        seen.sources[rows] += 1
        sigma = (_FIX[kind] * away + _FIX_M[kind]) * np.exp(0.2 * error[rows])
        seen.error_m[rows] = np.minimum(seen.error_m[rows], sigma)
        seen.told[rows] |= tells[rows] < self.proposal.review.describes
        if isinstance(source, Team) and source.visits_per_day > 0:
            self._visit(seen, source, happened, chance)
        seen.reporters[source.id] = rows
        return rows

    def _chance(
        self, source: Any, kind: str, stand: Floats, xy: Floats, night: Bools, replication: int
    ) -> Floats:
        doubt = stream(self.seed, replication, f"curve {kind}").normal(size=3)
        gap = xy - stand
        away = np.hypot(gap[:, 0], gap[:, 1]) / np.exp(_DOUBT["scale"] * doubt[0])
        dark = night & (not (isinstance(source, Camera) and source.thermal))
        share = np.clip(self.joint * np.exp(_DOUBT["joint"] * doubt[1:]), 0.0, 1.0)[night.astype(np.int64)]
        p = 1.0 - (1.0 - np.minimum(self.detection.chance(kind, away, night), 0.9999)) ** share
        if isinstance(source, Camera):
            p = np.where(dark | ~self._faced(source, gap), 0.0, p)
        if len(self.land.hills) and kind != "acoustic_array" and kind != "uav":
            hidden = self.land.hidden(stand, getattr(source, "eye_m", 2.0), xy)
            p = np.where(hidden, 0.0 if kind == "camera" else self.proposal.assume.heard_behind_hills * p, p)
        return np.asarray(p)

    def _faced(self, source: Camera, gap: Floats) -> Bools:
        bearing = source.bearing_deg
        if bearing is None:
            bearing = self.land.bearing_across(source.at_km * 1_000, source.side)
        off = np.abs((np.degrees(np.arctan2(gap[:, 0], gap[:, 1])) - bearing + 180.0) % 360.0 - 180.0)
        return np.asarray(off <= source.width_deg / 2)

    def _cover(self, grid: Bools, source: Any, stands: Stands) -> None:
        """Mark the points within range, in sight, for each quarter of an hour that a stretch takes."""
        points = self.land.points
        known: dict[tuple[float, float], Bools] = {}
        first = np.rint(stands.start_s / QUARTER_S).astype(np.int64).clip(0, len(grid))
        last = np.rint(stands.end_s / QUARTER_S).astype(np.int64).clip(0, len(grid))
        for begin, end, place in zip(first.tolist(), last.tolist(), stands.xy, strict=True):
            key = (float(place[0]), float(place[1]))
            if key not in known:
                gap = points - place
                field_ = np.hypot(gap[:, 0], gap[:, 1]) <= source.range_m
                if isinstance(source, Camera):
                    field_ &= self._faced(source, gap)
                if isinstance(source, (Camera, Post)) and len(self.land.hills):
                    near = np.flatnonzero(field_)
                    field_[near] &= ~self.land.hidden(place, source.eye_m, points[near])
                known[key] = field_
            grid[begin:end] |= known[key]

    def _stands(
        self, source: Any, chance: np.random.Generator, more_up: float, more_refused: float
    ) -> Stands:
        days = np.arange(self.proposal.days)
        if isinstance(source, Team):
            return self._beat(source, chance, more_refused)
        if isinstance(source, Drone):
            return self._flights(source, chance)
        place = self.land.beside(
            np.array([source.at_km * 1_000.0]), np.array([self.land.sign(source.side) * float(source.offset_m)])
        )[0]  # fmt: skip
        block = chance.random((len(days), 4))
        closed = self._closed(source.side, source.at_km)
        refused = (
            self.proposal.access.refused.get(source.side, 0.0) * more_refused
            if isinstance(source, Post)
            else 0.0
        )
        works = min(max(source.up + more_up, 0.0), 1.0)
        open_ = (block[:, 1] >= refused) & (not closed)
        up = (block[:, 0] < works) & open_
        if isinstance(source, Post):
            begin, end = _clock(source.hours)
            spans = [(days[up] * DAY_S + begin, days[up] * DAY_S + end)]
            late = (block[:, 2] < source.nights_per_week / 7) & (block[:, 3] < works) & open_
            spans.append((days[late] * DAY_S + end, days[late] * DAY_S + DAY_S + min(begin, DAY_S)))
        elif isinstance(source, Camera) and not source.thermal:
            light = ~self.dark.reshape(-1, PER_DAY)
            begin = light.argmax(axis=1) * QUARTER_S
            end = (PER_DAY - light[:, ::-1].argmax(axis=1)) * QUARTER_S
            some = up & light.any(axis=1)
            spans = [(days[some] * DAY_S + begin[some], days[some] * DAY_S + end[some])]
        else:
            spans = [(days[up] * DAY_S, days[up] * DAY_S + DAY_S)]
        start, stop = (
            np.concatenate([np.asarray(span[k], dtype=np.float64) for span in spans]) for k in (0, 1)
        )
        order = np.argsort(start, kind="stable")
        return Stands(start[order], stop[order], np.tile(place, (len(order), 1)))

    def _beat(self, team: Team, chance: np.random.Generator, more_refused: float) -> Stands:
        begin, end = _clock(team.hours)
        days, stops = self.proposal.days, team.stops_per_day
        u = chance.random((days, max(stops, 1), 2))
        if not stops:
            return Stands(np.empty(0), np.empty(0), np.empty((0, 2)))
        slot = (end - begin) / stops
        length = min(team.hours_per_stop * 3_600.0, slot)
        start = np.arange(days)[:, None] * DAY_S + begin + np.arange(stops) * slot + 0.0 * u[:, :, 0]
        along = 1_000.0 * (team.from_km + (team.to_km - team.from_km) * u[:, :, 0])
        refused = u[:, :, 1] < self.proposal.access.refused.get(team.side, 0.0) * more_refused
        shut = np.array([self._closed(team.side, km) for km in (along / 1_000).ravel()]).reshape(along.shape)
        kept = (~refused & ~shut).ravel()
        place = self.land.beside(
            along.ravel(), np.full(along.size, self.land.sign(team.side) * float(team.offset_m))
        )
        return Stands(start.ravel()[kept], start.ravel()[kept] + length, place[kept])

    def _flights(self, drone: Drone, chance: np.random.Generator) -> Stands:
        most = int(np.ceil(drone.flights_per_day))
        u = chance.random((self.proposal.days, max(most, 1), 3))
        if not most:
            return Stands(np.empty(0), np.empty(0), np.empty((0, 2)))
        begin, end = (0.0, float(DAY_S)) if drone.night else _clock("06:00-18:00")
        slot = (end - begin) / most
        length = min(drone.hours_per_flight * 3_600.0, slot)
        start = np.arange(self.proposal.days)[:, None] * DAY_S + begin + np.arange(most) * slot
        spots = [s for s in self.proposal.expect.hot_spots if drone.from_km <= s.at_km <= drone.to_km]
        along = 1_000.0 * (drone.from_km + (drone.to_km - drone.from_km) * u[:, :, 0])
        if spots:
            along = np.array([s.at_km * 1_000.0 for s in spots])[(u[:, :, 0] * len(spots)).astype(np.int64)]
        kept = ((u[:, :, 1] < drone.flights_per_day / most) & (u[:, :, 2] >= drone.jammed)).ravel()
        place = self.land.beside(along.ravel(), np.zeros(along.size))
        return Stands(start.ravel()[kept], start.ravel()[kept] + length, place[kept])

    def _closed(self, side: str, at_km: float) -> bool:
        return any(
            one.side == side and one.from_km <= at_km <= one.to_km for one in self.proposal.access.closed
        )

    def _visit(self, seen: Seen, team: Team, happened: Happened, chance: np.random.Generator) -> None:
        """The first reported places that leave traces, on ground the team may enter, as many a day as it can."""
        review, access = self.proposal.review, self.proposal.access
        refusal = chance.random(len(happened.at_s))
        side = np.where(happened.off_m > 0, 0, 1)
        mine = self.land.sides.index(team.side)
        may = (side == mine) | team.crosses
        shares = np.array([access.refused.get(name, 0.0) for name in self.land.sides])
        km = happened.along_m / 1_000
        for one in access.closed:
            may &= ~((side == self.land.sides.index(one.side)) & (km >= one.from_km) & (km <= one.to_km))
        wanted = (
            may & (seen.sources > 0) & (refusal >= shares[side]) & (km >= team.from_km) & (km <= team.to_km)
        )
        begin, end = _clock(team.hours)
        way = self.land.length_m / max(len(self.land.points), 1) + 0.25 * (team.to_km - team.from_km) * 1_000
        ready = happened.at_s + 3_600 * (review.report_hours + access.notice_hours) + way / _SPEED_M_S
        of_day = ready % DAY_S
        go = np.where(
            of_day < begin,
            ready - of_day + begin,
            np.where(of_day < end, ready, ready - of_day + DAY_S + begin),
        )
        left: dict[int, float] = {}
        for row in np.flatnonzero(wanted).tolist():
            at, day, late = happened.at_s[row], int(go[row] // DAY_S), False
            last = at + 3_600 * review.visit_within_hours
            while left.setdefault(day, team.visits_per_day) < 1 and day * DAY_S + begin <= last:
                left[day + 1] = (
                    left.get(day + 1, team.visits_per_day) + left[day]
                )  # parts of a visit are saved up
                left[day] = 0.0
                day, late = day + 1, True
            arrival = day * DAY_S + begin if late else go[row]
            if left[day] < 1 or arrival > last:
                continue
            left[day] -= 1
            if happened.traces[row]:
                seen.visit_h[row] = min(seen.visit_h[row], (arrival - at) / 3_600)


def kind_of(source: Any) -> str:
    """The word of the code list of sources."""
    names: dict[Any, str] = {
        Post: "post",
        Team: "patrol",
        Camera: "camera",
        Microphones: "acoustic_array",
        Drone: "uav",
    }
    return names[type(source)]


def verified(seen: Seen) -> Bools:
    """Likely to be verified: two sources of the mission's own, or one and a visit that found traces."""
    return np.asarray((seen.sources >= 2) | np.isfinite(seen.visit_h))


def attributed(seen: Seen, happened: Happened) -> Bools:
    """Verified, told arrival from departure, and the side of the line certain to 0.8 under the error of place."""
    from scipy.special import ndtr

    error = np.where(np.isfinite(seen.visit_h), 20.0, seen.error_m)
    sure = ndtr(np.abs(happened.off_m) / np.where(np.isfinite(error), error, 1e9)) >= _SIDE_AT
    return np.asarray(verified(seen) & (seen.told | np.isfinite(seen.visit_h)) & sure)


def hours_to_finding(seen: Seen, proposal: Proposal) -> Floats:
    """Hours until a draft finding has been reviewed; inf where none is likely."""
    review = proposal.review
    soon = np.where(seen.sources >= 2, review.report_hours, np.inf)
    return np.asarray(np.minimum(soon, seen.visit_h) + review.review_hours)


def _clock(words: str) -> tuple[float, float]:
    """Seconds of the day of `08:00-18:00`; an end at or before the start is the next day's."""
    begin, end = (int(one[:2]) * 3_600 + int(one[3:]) * 60 for one in words.split("-"))
    return float(begin), float(end if end > begin else end + DAY_S)
