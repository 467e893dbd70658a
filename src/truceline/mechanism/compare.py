"""Proposals side by side: the same incidents, replication by replication, and what one more of each would add."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from truceline.errors import MechanismError
from truceline.mechanism.foretell import (
    PER_DAY,
    Happened,
    Seen,
    Watching,
    attributed,
    happen,
    hours_to_finding,
    nights,
    verified,
)
from truceline.mechanism.ground import Floats, Terrain
from truceline.mechanism.proposal import Camera, Post, Proposal, Team

BAND: Final = (0.05, 0.95)
STRETCHES: Final = 12
MORE_REPLICATIONS: Final = 24

MEASURES: Final = (
    ("watched_day", "Line-hours watched by day", "share"),
    ("watched_night", "Line-hours watched by night", "share"),
    ("noticed", "Incidents noticed by the mission", "share"),
    ("noticed_day", "... by day", "share"),
    ("noticed_night", "... by night", "share"),
    ("verified", "Incidents likely to be verified", "share"),
    ("verified_night", "... by night", "share"),
    ("attributed", "Incidents likely to be attributed to a side", "share"),
    ("finding_median_h", "Hours to a reviewed finding, half of them", "hours"),
    ("finding_p90_h", "Hours to a reviewed finding, nine in ten", "hours"),
    ("verified_left", "Likely to be verified on the ground of {left}", "share"),
    ("verified_right", "Likely to be verified on the ground of {right}", "share"),
    ("asymmetry", "Asymmetry: {left} less {right}", "points"),
)
"""Key, words, unit. Shares are of what happened; `asymmetry` is the difference of the two lines above it."""

Say = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Interval:
    """Mean and the band that holds nine in ten of the replications; None where there was nothing to measure."""

    mean: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, values: Floats) -> Interval:
        """Of replications, those without a value left out."""
        kept = values[np.isfinite(values)]
        if not len(kept):
            return cls(None, None, None)
        low, high = np.quantile(kept, BAND)
        return cls(*(round(float(one), 6) for one in (kept.mean(), low, high)))


@dataclass(frozen=True, slots=True, eq=False)
class Foretold:
    """What one proposal would do.

    Attributes:
        measures: key -> interval. against: key -> difference with the first proposal, replication by replication.
        ribbon_day, ribbon_night: (p,) share of time watched at each point of the line.
        more: one more of each kind at each stretch, best first. cost: a month, or None.
    """

    proposal: Proposal
    measures: dict[str, Interval]
    against: dict[str, Interval]
    ribbon_day: Floats
    ribbon_night: Floats
    more: list[dict[str, Any]]
    cost: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """All proposals over one ground and one expectation."""

    land: Terrain
    foretold: tuple[Foretold, ...]
    density: Floats  # (p,) expected incidents per km and day
    seed: int
    replications: int

    @property
    def exercise(self) -> bool:
        """Whether the ground is fictional."""
        return self.foretold[0].proposal.exercise

    def words(self, key: str) -> str:
        """What a measure is called here."""
        words = next(said for name, said, _ in MEASURES if name == key)
        return words.format(left=self.land.sides[0], right=self.land.sides[1])


def compare(
    proposals: Sequence[Proposal],
    *,
    seed: int = 1,
    replications: int = 100,
    more: bool = True,
    say: Say = lambda word, share: None,
) -> Comparison:
    """Foretell each proposal and hold the others against the first.

    Raises:
        MechanismError: MEC-003; MEC-004 proposals of different ground, expectation or days; MEC-005 two of one name.
    """
    first = proposals[0]
    for one in proposals[1:]:
        for name in ("ground", "expect", "starts", "days", "utc_offset_hours", "exercise"):
            if getattr(one, name) != getattr(first, name):
                raise MechanismError(
                    "MEC-004", f"proposals must share `{name}` to be compared", where=one.name,
                    remedy="Change only who watches, access, review, budget and what is assumed.",
                )  # fmt: skip
    names = [one.name for one in proposals]
    if len(set(names)) != len(names):
        raise MechanismError("MEC-005", "each proposal must have a name of its own", value=names[0], remedy="Rename one.")  # fmt: skip
    land = Terrain.of(first)
    for one in proposals[1:]:
        Terrain.of(one)
    dark = nights(first, land)
    watching = [Watching(one, land, seed) for one in proposals]
    values: list[dict[str, list[float]]] = [{key: [] for key, _, _ in MEASURES} for _ in proposals]
    ribbons = np.zeros((len(proposals), 2, len(land.points)))
    density = np.zeros(len(land.points))
    kept: list[list[tuple[Happened, Seen]]] = [[] for _ in proposals]
    for number in range(replications):
        happened = happen(first, land, dark, seed, number)
        density += np.bincount(
            (happened.along_m / land.length_m * len(land.points)).astype(np.int64).clip(0, len(land.points) - 1),
            minlength=len(land.points),
        )  # fmt: skip
        for index, watch in enumerate(watching):
            seen = watch.see(happened, number)
            for key, value in _measured(seen, happened, watch.proposal, dark).items():
                values[index][key].append(value)
            for light in (0, 1):
                held = dark == bool(light)
                ribbons[index, light] += seen.grid[held].mean(axis=0) if held.any() else 0.0
            if more and number < MORE_REPLICATIONS:
                kept[index].append((happened, seen))
        say("replications", (number + 1) / replications * (0.6 if more else 1.0))
    density /= replications * first.days * land.length_m / 1_000 / len(land.points)
    table = [{key: np.array(column) for key, column in one.items()} for one in values]
    found = []
    for index, watch in enumerate(watching):
        gains = _one_more(watch, kept[index], dark) if more else []
        found.append(
            Foretold(
                watch.proposal, {key: Interval.of(column) for key, column in table[index].items()},
                {key: Interval.of(column - table[0][key]) for key, column in table[index].items()} if index else {},
                ribbons[index, 0] / replications, ribbons[index, 1] / replications, gains, cost_of(watch.proposal),
            )
        )  # fmt: skip
        say("one more", 0.6 + 0.4 * (index + 1) / len(watching))
    return Comparison(land, tuple(found), density, seed, replications)


def cost_of(proposal: Proposal) -> float | None:
    """A month of everything, in the budget's unit."""
    if proposal.budget is None:
        return None
    costs = proposal.budget.costs
    return float(
        len(proposal.posts) * costs.post + sum(p.nights_per_week for p in proposal.posts) * costs.night_post
        + len(proposal.cameras) * costs.camera + len(proposal.arrays) * costs.array + len(proposal.teams) * costs.team
        + len(proposal.drones) * costs.drone
    )  # fmt: skip


def _measured(seen: Seen, happened: Happened, proposal: Proposal, dark: Any) -> dict[str, float]:
    good, named = verified(seen), attributed(seen, happened)
    hours = hours_to_finding(seen, proposal)
    hours = hours[np.isfinite(hours)]
    noticed, night, left = seen.sources > 0, happened.night, happened.off_m > 0

    def share(what: Any, where: Any) -> float:
        return float(what[where].mean()) if where.any() else float("nan")

    every = np.ones(len(good), dtype=np.bool_)
    sides = share(good, left), share(good, ~left)
    return {
        "watched_day": float(seen.grid[~dark].mean()) if (~dark).any() else float("nan"),
        "watched_night": float(seen.grid[dark].mean()) if dark.any() else float("nan"),
        "noticed": share(noticed, every), "noticed_day": share(noticed, ~night), "noticed_night": share(noticed, night),
        "verified": share(good, every), "verified_night": share(good, night), "attributed": share(named, every),
        "finding_median_h": float(np.median(hours)) if len(hours) else float("nan"),
        "finding_p90_h": float(np.quantile(hours, 0.9)) if len(hours) else float("nan"),
        "verified_left": sides[0], "verified_right": sides[1], "asymmetry": sides[0] - sides[1],
    }  # fmt: skip


def candidates(watching: Watching) -> list[tuple[str, str, float, float, Any]]:
    """(kind, side, from km, to km, source) of one more of each, at the middle of each stretch, on each side."""
    land = watching.land
    edges = np.linspace(0.0, land.length_m / 1_000, STRETCHES + 1)
    found: list[tuple[str, str, float, float, Any]] = []
    for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        for side in land.sides:
            middle = round((low + high) / 2, 3)
            name = f"one-more-{round(low)}-{land.sides.index(side)}"
            for kind, one in (
                ("post", Post(id=f"{name}-post", at_km=middle, side=side, nights_per_week=7)),
                ("camera", Camera(id=f"{name}-camera", at_km=middle, side=side, thermal=True)),
                ("team", Team(id=f"{name}-team", from_km=round(low, 3), to_km=round(high, 3), side=side)),
            ):
                found.append((kind, side, low, high, one))
    return found


def _one_more(watching: Watching, kept: list[tuple[Happened, Seen]], dark: Any) -> list[dict[str, Any]]:
    before = [(verified(seen), seen.grid[~dark].mean(), seen.grid[dark].mean()) for _, seen in kept]
    hours = PER_DAY / 4 * 30 * watching.land.length_m / 1_000
    costs = watching.proposal.budget.costs if watching.proposal.budget else None
    found = []
    for kind, side, low, high, source in candidates(watching):
        gain, lit, unlit = [], [], []
        for number, ((happened, seen), (good, day, night)) in enumerate(zip(kept, before, strict=True)):
            more = Seen(
                seen.grid.copy(), seen.sources.copy(), seen.kinds, seen.error_m.copy(), seen.told.copy(),
                seen.visit_h.copy(),
            )  # fmt: skip
            watching.add(more, source, happened, number)
            gain.append((verified(more).sum() - good.sum()) * 30 / watching.proposal.days)
            lit.append((more.grid[~dark].mean() - day) * (~dark).mean() * hours if (~dark).any() else 0.0)
            unlit.append((more.grid[dark].mean() - night) * dark.mean() * hours if dark.any() else 0.0)
        added, by_day, by_night = (Interval.of(np.array(one, dtype=np.float64)) for one in (gain, lit, unlit))
        price = None
        if costs is not None:
            price = {"post": costs.post + 7 * costs.night_post, "camera": costs.camera, "team": costs.team}[
                kind
            ]
        found.append(
            {
                "kind": kind, "side": side, "from_km": round(low, 1), "to_km": round(high, 1),
                "verified_per_month": added, "line_km_hours_day": by_day, "line_km_hours_night": by_night, "cost": price,
            }
        )  # fmt: skip
    return sorted(
        found, key=lambda one: (-(one["verified_per_month"].mean or 0.0), one["from_km"], one["kind"])
    )
