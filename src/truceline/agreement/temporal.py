"""Conditions over time: three-valued, over facts as columns, without a loop over facts.

A signal says for every millisecond whether something holds: 1 yes, -1 no, 0 not known. It is a step function. "And" is
the smallest value, "or" the largest, "not" the negative (Kleene). Each operator's meaning at one moment is given in
docs/explanation/agreement-time.md and, slowly and literally, by the reference that the tests hold this against.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from truceline.agreement.conditions import FIRE, AtMost, Formula, Happened, Quiet, Soon, Together
from truceline.agreement.facts import Fact
from truceline.agreement.fields import duration_of
from truceline.agreement.moments import add_months
from truceline.agreement.references import moment_bounds

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[Any]
EVER = -(2**60)
NEVER = 2**60


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """Facts as columns, (n,) each, in any order; times are UTC ms; `verified` is the mission's own word.

    `weapon` "", `calibre_um` and `distance_m` -1 where not said; None where no fact says any.
    """

    kind: Words
    subject: Words
    by: Words
    to: Words
    at_ms: Ints
    until_ms: Ints
    known_ms: Ints
    count: Ints
    verified: npt.NDArray[np.bool_]
    denial: npt.NDArray[np.bool_]
    acts: tuple[tuple[str, ...], ...] | None = None
    weapon: Words | None = None
    calibre_um: Ints | None = None
    distance_m: Ints | None = None

    @classmethod
    def of(cls, listed: Sequence[Fact]) -> Facts:
        """From the facts of a case. A fact whose time can be read in several ways is taken at its latest reading."""

        def words(values: list[str]) -> Words:
            return np.array(values, dtype=np.str_) if values else np.empty(0, dtype="U1")

        at = [moment_bounds(item.at).latest_ms for item in listed]
        until = [
            one if item.until is None else moment_bounds(item.until).latest_ms
            for item, one in zip(listed, at, strict=True)
        ]
        known = [
            one if item.known is None else moment_bounds(item.known).latest_ms
            for item, one in zip(listed, at, strict=True)
        ]
        return cls(
            words([item.kind for item in listed]), words([item.subject for item in listed]),
            words([item.by or "" for item in listed]), words([item.to or "" for item in listed]),
            np.array(at, dtype=np.int64), np.array(until, dtype=np.int64), np.array(known, dtype=np.int64),
            np.array([_counted(item) for item in listed], dtype=np.int64),
            np.array([item.source == "mission" for item in listed], dtype=bool),
            np.array([item.stance == "denial" for item in listed], dtype=bool),
            tuple(item.acts for item in listed),
            words([item.weapon or "" for item in listed]),
            np.array([item.calibre_um or -1 for item in listed], dtype=np.int64),
            np.array([-1 if item.distance_m is None else item.distance_m for item in listed], dtype=np.int64),
        )  # fmt: skip

    @classmethod
    def joined(cls, parts: Sequence[Facts]) -> Facts:
        """All facts of several tables; at least one."""

        def column(name: str, blank: Any = None) -> Any:
            values = [getattr(one, name) for one in parts]
            return np.concatenate(
                [
                    np.full(len(one.at_ms), blank) if value is None else value
                    for one, value in zip(parts, values, strict=True)
                ]
            )

        acts = tuple(
            each for one in parts for each in (((),) * len(one.at_ms) if one.acts is None else one.acts)
        )
        return cls(
            column("kind"), column("subject"), column("by"), column("to"), column("at_ms"), column("until_ms"),
            column("known_ms"), column("count"), column("verified"), column("denial"), acts, column("weapon", ""),
            column("calibre_um", -1), column("distance_m", -1),
        )  # fmt: skip

    def rows(self, keep: npt.NDArray[np.bool_]) -> Facts:
        """Only the facts where `keep` is true."""
        acts = (
            None
            if self.acts is None
            else tuple(one for one, kept in zip(self.acts, keep.tolist(), strict=True) if kept)
        )
        more = (None if one is None else one[keep] for one in (self.weapon, self.calibre_um, self.distance_m))
        return Facts(
            self.kind[keep], self.subject[keep], self.by[keep], self.to[keep], self.at_ms[keep], self.until_ms[keep],
            self.known_ms[keep], self.count[keep], self.verified[keep], self.denial[keep], acts, *more,
        )  # fmt: skip

    def with_acts(self, acts: tuple[tuple[str, ...], ...]) -> Facts:
        """The same with acts."""
        return replace(self, acts=acts)

    def with_weapons(self, weapon: Words, calibre_um: Ints, distance_m: Ints) -> Facts:
        """The same with weapons and where they stood."""
        return replace(self, weapon=weapon, calibre_um=calibre_um, distance_m=distance_m)

    def known_by(self, time_ms: int) -> Facts:
        """What the mission knew at a time."""
        return self.rows(self.known_ms <= time_ms)

    def meant(self, which: Happened) -> npt.NDArray[np.bool_]:
        """Reports (no denials) of that kind, subject and party."""
        keep = (self.kind == which.fact) & ~self.denial
        if which.subject is not None:
            keep &= self.subject == which.subject
        if which.by is not None:
            keep &= self.by == which.by
        return np.asarray(keep)


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """A step function: `values[i]` from `times[i]` until the next; `times[0]` is EVER."""

    times: Ints
    values: npt.NDArray[np.int8]

    @classmethod
    def steady(cls, value: int) -> Signal:
        """The same value always."""
        return cls(np.array([EVER], dtype=np.int64), np.array([value], dtype=np.int8))

    @classmethod
    def layers(cls, base: int, *layers: tuple[Ints, Ints, int]) -> Signal:
        """`base`, over which each layer paints its value on its half-open intervals [start, end); later ones win."""
        ends = [np.array([EVER], dtype=np.int64)]
        painted: list[tuple[Ints, Ints, int]] = []
        for start, end, value in layers:
            merged = _union(start, end)
            painted.append((*merged, value))
            ends += list(merged)
        times = np.unique(np.concatenate(ends))
        values = np.full(len(times), base, dtype=np.int8)
        for start, end, value in painted:
            values[_inside(times, start, end)] = value
        return cls(times, values)._plain()

    def at(self, times_ms: Any) -> npt.NDArray[np.int8]:
        """Values at these times."""
        index = np.searchsorted(self.times, np.asarray(times_ms, dtype=np.int64), side="right") - 1
        return self.values[np.maximum(index, 0)]

    def negated(self) -> Signal:
        """Not."""
        return Signal(self.times, -self.values)

    def met(self, other: Signal, both: bool) -> Signal:
        """And (the smaller) or or (the larger)."""
        times = np.union1d(self.times, other.times)
        pick = np.minimum if both else np.maximum
        return Signal(times, pick(self.at(times), other.at(times)))._plain()

    def held(self, duration_ms: int) -> Signal:
        """The least value over [t - duration, t)."""
        after = np.append(self.times[1:], NEVER)

        def spread(chosen: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
            start = np.where(self.times[chosen] == EVER, EVER, self.times[chosen] + 1)
            return start, np.minimum(after[chosen] + duration_ms, NEVER)

        return Signal.layers(1, (*spread(self.values < 1), 0), (*spread(self.values < 0), -1))

    def first(self, value: int = 1, since_ms: int = EVER) -> int | None:
        """The earliest time from `since_ms` on at which it has a value; None where it never has."""
        after = np.append(self.times[1:], NEVER)
        found = np.flatnonzero((self.values == value) & (after > since_ms))
        return max(int(self.times[found[0]]), since_ms) if len(found) else None

    def _plain(self) -> Signal:
        keep = np.r_[True, self.values[1:] != self.values[:-1]]
        return Signal(self.times[keep], self.values[keep])


def signal_of(formula: Formula, facts: Facts) -> Signal:
    """The condition over all time, from these facts; callers hand over only what was known."""
    match formula.operators[0]:
        case "quiet":
            assert formula.quiet is not None
            return _quiet(formula.quiet, facts)
        case "once":
            assert formula.once is not None
            return _once(formula.once, facts)
        case "soon":
            assert formula.soon is not None
            return _soon(formula.soon, facts)
        case "together":
            assert formula.together is not None
            return _together(formula.together, facts)
        case "at_most":
            assert formula.at_most is not None
            return _at_most(formula.at_most, facts)
        case "held":
            assert formula.held is not None
            return signal_of(formula.held.condition, facts).held(duration_of(formula.held.duration)[0])
        case "not":
            assert formula.not_ is not None
            return signal_of(formula.not_, facts).negated()
        case name:
            parts = formula.all_ if name == "all" else formula.any_
            return reduce(lambda a, b: a.met(b, name == "all"), (signal_of(part, facts) for part in parts))


def _quiet(form: Quiet, facts: Facts) -> Signal:
    watched = facts.meant(Happened(fact="watched")) & facts.verified & (facts.count >= form.watched_percent)
    broken = facts.meant(Happened(fact="breach"))
    if facts.acts is not None:
        wanted = set(form.acts or FIRE)
        counts = {acts: not acts or bool(wanted.intersection(acts)) for acts in set(facts.acts)}
        broken &= np.array([counts[acts] for acts in facts.acts], dtype=bool)
    end = np.maximum(facts.until_ms, facts.at_ms + 1)
    nowhere = facts.subject == ""

    def here(seen: npt.NDArray[np.bool_], fire: npt.NDArray[np.bool_]) -> Signal:
        sure, said = fire & facts.verified, fire & ~facts.verified
        return Signal.layers(
            0 if form.verified else 1,
            (facts.at_ms[seen], facts.until_ms[seen], 1),
            (facts.at_ms[said], end[said], 0),
            (facts.at_ms[sure], end[sure], -1),
        )

    spots = [facts.subject == place for place in form.places]
    parts = [here(watched & (spot | nowhere), broken & (spot | nowhere)) for spot in spots]
    base = reduce(lambda a, b: a.met(b, True), parts) if parts else here(watched & nowhere, broken)
    return base.held(duration_of(form.duration)[0])


def _counted(fact: Fact) -> int:
    """Of a watching the share in per cent, of anything else a number; all and one where nothing is said."""
    if fact.count is not None:
        return fact.count
    return 100 if fact.kind == "watched" else 1


def _once(form: Happened, facts: Facts) -> Signal:
    meant = facts.meant(form)
    sure, said = (
        _earliest(facts.at_ms[meant & facts.verified]),
        _earliest(facts.at_ms[meant & ~facts.verified]),
    )
    return Signal.layers(-1, (_one(said), _one(NEVER), 0), (_one(sure), _one(NEVER), 1))


def _soon(form: Soon, facts: Facts) -> Signal:
    within = duration_of(form.within)[0]
    first, then = facts.meant(form.first), facts.meant(form.then)
    sure = np.sort(facts.at_ms[then & facts.verified])
    any_ = np.sort(facts.at_ms[then])
    start = facts.at_ms[first]
    certain = facts.verified[first]
    came, maybe = _next(sure, start), _next(any_, start)
    due = start + within + 1
    in_time = came < due
    possible = ~in_time & (maybe < due)
    open_end = np.where(in_time, came, np.where(possible | ~certain, NEVER, due))
    late = ~in_time & ~possible & certain
    return Signal.layers(1, (start, open_end, 0), (due[late], np.full(int(late.sum()), NEVER), -1))


def _together(form: Together, facts: Facts) -> Signal:
    within = duration_of(form.within)[0]
    meant = [facts.meant(one) for one in form.facts]
    sure = [_earliest(facts.at_ms[one & facts.verified]) for one in meant]
    any_ = [_earliest(facts.at_ms[one]) for one in meant]
    if max(sure) < NEVER:
        done = max(sure) - min(sure) <= within
        return Signal.layers(-1, (_one(max(sure)), _one(NEVER), 1 if done else -1))
    return Signal.layers(-1, (_one(max(any_)), _one(NEVER), 0))


def _at_most(form: AtMost, facts: Facts) -> Signal:
    meant = facts.meant(Happened(fact=form.fact, subject=form.subject))
    order = np.argsort(facts.at_ms[meant], kind="stable")
    at, count = facts.at_ms[meant][order], facts.count[meant][order]
    sure = np.where(facts.verified[meant][order], count, 0)
    begin, end = periods(at, form.per, form.zone)
    over, doubt = _within_period(sure, begin) > form.at_most, _within_period(count, begin) > form.at_most
    return Signal.layers(1, (at[doubt], end[doubt], 0), (at[over], end[over], -1))


def _within_period(count: Ints, begin: Ints) -> Ints:
    """Running totals that start anew with each period; `begin` is sorted."""
    total = np.cumsum(count)
    fresh = np.r_[True, begin[1:] != begin[:-1]] if len(begin) else np.empty(0, dtype=bool)
    before = np.where(fresh, total - count, 0)
    return total - np.maximum.accumulate(before) if len(total) else total


def periods(at_ms: Ints, per: str, zone: str) -> tuple[Ints, Ints]:
    """Begin and end of the calendar period of each time, by the clocks of `zone`; days are few, so they are looked up."""
    begin, end = np.empty_like(at_ms), np.empty_like(at_ms)
    if not len(at_ms):
        return begin, end
    known = ZoneInfo(zone)
    edges = [_floor(int(at_ms.min()), per, known)]
    while edges[-1] <= int(at_ms.max()):
        edges.append(_following(edges[-1], per, known))
    marks = np.array(edges, dtype=np.int64)
    index = np.searchsorted(marks, at_ms, side="right")
    return marks[index - 1], marks[index]


def _floor(at_ms: int, per: str, zone: ZoneInfo) -> int:
    local = dt.datetime.fromtimestamp(at_ms / 1000, zone).replace(
        hour=0, minute=0, second=0, microsecond=0, tzinfo=None
    )
    if per == "week":
        local -= dt.timedelta(days=local.weekday())
    elif per != "day":
        local = local.replace(day=1, month=1 if per == "year" else local.month)
    return _utc(local, zone)


def _following(at_ms: int, per: str, zone: ZoneInfo) -> int:
    local = dt.datetime.fromtimestamp(at_ms / 1000, zone).replace(tzinfo=None)
    if per in ("day", "week"):
        return _utc(local + dt.timedelta(days=7 if per == "week" else 1), zone)
    return _utc(add_months(local, 12 if per == "year" else 1), zone)


def _utc(local: dt.datetime, zone: ZoneInfo) -> int:
    return int(local.replace(tzinfo=zone).timestamp() * 1000)


def _union(start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Disjoint intervals that cover the same times."""
    keep = start < end
    start, end = start[keep], end[keep]
    if not len(start):
        return start.astype(np.int64), end.astype(np.int64)
    order = np.argsort(start, kind="stable")
    start, end = start[order], np.maximum.accumulate(end[order])
    fresh = np.r_[True, start[1:] > end[:-1]]
    last = np.r_[np.flatnonzero(fresh)[1:] - 1, len(start) - 1]
    return start[fresh], end[last]


def _inside(times: Ints, start: Ints, end: Ints) -> npt.NDArray[np.bool_]:
    if not len(start):
        return np.zeros(len(times), dtype=bool)
    index = np.searchsorted(start, times, side="right") - 1
    return np.asarray((index >= 0) & (times < end[np.maximum(index, 0)]))


def _earliest(times: Ints) -> int:
    return int(times.min()) if len(times) else NEVER


def _next(times: Ints, start: Ints) -> Ints:
    """The first of sorted `times` at or after each start; NEVER where none is."""
    padded = np.append(times, NEVER)
    return padded[np.searchsorted(times, start, side="left")]


def _one(time: int) -> Ints:
    return np.array([time], dtype=np.int64)
