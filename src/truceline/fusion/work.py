"""The arrays that the steps of association share, and what groups of rows say together."""

# Kernels take many columns, whose types numba infers.
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from truceline.fusion.compiled import compiled
from truceline.fusion.growing import grow
from truceline.fusion.joining import NEVER_TWICE, join
from truceline.fusion.near import Extents, near_pairs
from truceline.fusion.parameters import Parameters
from truceline.fusion.rates import ln_rates
from truceline.fusion.sheet import Sheet
from truceline.fusion.stats import (
    FROM,
    KNOWN,
    NAME,
    NARROW_M,
    NARROW_S,
    PXX,
    PXY,
    PYY,
    SAID,
    SUMS,
    TAU,
    TO,
    VAR,
    X,
    Y,
    finish,
    first_sums,
    sum_of,
)  # fmt: skip
from truceline.fusion.stories import retold_pairs
from truceline.geo.points import BoolArray, Float64Array, Int64Array
from truceline.records.codes import SOURCE_KINDS

ONCE: Final = ("patrol", "post", "camera", "acoustic_array", "uav")
OUTLET_PAYS: Final = 6
FITS_PLACE, FITS_TIME = 20.25, 16.0


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Rows and the groups that they bear on; `share` is 1 but for soft support."""

    row: Int64Array
    group: Int64Array
    share: Float64Array


def unmatched_odds(parameters: Parameters) -> Float64Array:
    """ln odds, by kind, that a report has another that matches it."""
    share = np.clip(np.array([parameters.unmatched_e4[kind] for kind in SOURCE_KINDS]) / 1e4, 0.01, 0.99)
    odds: Float64Array = np.log((1 - share) / share)
    return odds


class Work:
    """The arrays that all steps share, each row as a group of its own."""

    def __init__(self, sheet: Sheet, parameters: Parameters, active: BoolArray) -> None:
        n = len(sheet)
        self.sheet, self.parameters, self.active = sheet, parameters, active
        sigma, middle, half = sheet.extents()
        boxed = np.isnan(sheet.sd_s)
        self.extents = Extents(
            sheet.mean_m[:, 0].copy(), sheet.mean_m[:, 1].copy(), sigma**2, middle, np.where(boxed, half, 0.0),
            np.where(boxed, 0.0, half) ** 2,
        )  # fmt: skip
        self.precise = active & sheet.known & (sigma <= NARROW_M) & (half <= NARROW_S)
        self.sums, self.said = np.zeros((n, SUMS)), np.zeros((n, SAID))
        first_sums(
            sheet.mean_m, sheet.cov_m2, sheet.known.astype(np.int64), sheet.name, sheet.tau_s, sheet.sd_s, sheet.from_s, sheet.to_s,
            unmatched_odds(parameters)[sheet.kind], sheet.ln_class, self.sums, self.said,
        )  # fmt: skip
        cost = np.zeros(len(SOURCE_KINDS))
        cost[[SOURCE_KINDS.index(kind) for kind in ONCE]] = NEVER_TWICE
        cost[[SOURCE_KINDS.index(kind) for kind in ("party", "complaint")]] = parameters.same_source_e3 / 1e3
        cost[SOURCE_KINDS.index("media")] = parameters.same_source_e3 / 1e3 / OUTLET_PAYS
        self.cost = cost[sheet.kind]
        self.once = np.where(self.cost >= NEVER_TWICE, sheet.source, -1)
        counts = np.bincount(sheet.origins.number)[sheet.origins.number] if n else np.empty(0)
        told = sheet.origins.established & (sheet.origins.original < 0)
        repeated = np.zeros(int(sheet.origins.number.max(initial=0)) + 1, dtype=bool)
        repeated[sheet.origins.number[told]] = True
        self.origin = np.where(repeated[sheet.origins.number] & (counts > 1), sheet.origins.number, -1)
        self.bonus = (self.origin, parameters.same_text_e3 / 1e3)

    def alone(self) -> Int64Array:
        return np.where(self.active, np.arange(len(self.active)), -1)

    def rates(self, label: Int64Array, weight: float, grown: bool = False) -> Float64Array:
        """ln rates (n, 3) about each row's group; a group counts at the place of its lowest row."""
        n = len(label)
        answer = np.zeros((n, 3))
        heads = np.flatnonzero(self.active & ((label == np.arange(n)) | ~self.precise))
        e = self.extents
        if len(heads):
            answer[heads] = ln_rates(
                e.x[heads], e.y[heads], e.middle_s[heads], self.precise[heads], (1.0 if grown else weight, weight),
                self.sheet.ln_rate,
            )  # fmt: skip
            rest = np.flatnonzero(self.precise)
            answer[rest] = answer[label[rest]]
        return answer

    def pairs(self, members: Int64Array, rates: Float64Array) -> tuple[Int64Array, Int64Array]:
        """Pairs that may be about one incident, by place and time, or by telling the same story."""
        sheet = self.sheet
        most = float(np.max(sheet.marks.worth, initial=0.0)) + 6.0
        a, b = near_pairs(
            self.extents, members, self.said, rates, sheet.ln_area, self.once, (sheet.marks.any, most)
        )  # fmt: skip
        c, d = retold_pairs(sheet.texts, sheet.origins.story, members, self.extents)
        if not len(c):
            return a, b
        near = _within(self.said, c, d)
        key = np.unique(np.concatenate([a * len(self.said) + b, (c * len(self.said) + d)[near]]))
        return key // len(self.said), key % len(self.said)

    def grow(
        self, members: Int64Array, pairs: tuple[Int64Array, Int64Array], rates: Float64Array
    ) -> Int64Array:
        sheet = self.sheet
        label: Int64Array = grow(
            members, pairs, self.said, self.sums, rates, sheet.ln_area, sheet.source, self.cost, sheet.name, sheet.marks,
            self.bonus,
        )  # fmt: skip
        return label

    def join(
        self, label: Int64Array, vague: Int64Array, rates: Float64Array
    ) -> tuple[Int64Array, Pairs, Float64Array]:
        """Vague groups join precise ones; what they may belong to besides; and, by row, how likely that is."""
        empty, mass = np.empty(0, dtype=np.int64), np.zeros(len(label))
        if not self.precise.any():
            return label, Pairs(empty, empty, np.empty(0)), mass
        groups = Grouped.of(label, self)
        sharp = np.flatnonzero(self.precise[groups.heads])
        others = np.flatnonzero(~self.precise[groups.heads])
        known = (
            groups.said, rates[groups.heads], self.sheet.ln_area, groups.first, groups.after, self.sheet.source, self.cost,
            self.sheet.marks, self.bonus,
        )  # fmt: skip
        extents = groups.extents()
        found = join(extents, sharp, others, *known)
        single = sharp[np.diff(groups.start)[sharp] == 1]
        by_group = np.zeros(len(groups.heads))
        by_group[others] = found.mass
        by_group[single] = join(extents, sharp, single, *known, settle=False).mass
        mass = np.where(label >= 0, by_group[groups.compact], 0.0)
        target = np.arange(len(groups.heads))
        joins = found.into >= 0
        target[others[joins]] = found.into[joins]
        moved = np.where(label >= 0, groups.heads[target[groups.compact]], -1)
        start, rows = groups.start, groups.rows
        count = start[found.vague + 1] - start[found.vague]
        at = np.repeat(start[found.vague] - np.cumsum(count) + count, count) + np.arange(int(count.sum()))
        group = groups.heads[found.group]
        return moved, Pairs(rows[at], np.repeat(group, count), np.repeat(found.share, count)), mass

    def expel(self, label: Int64Array) -> Int64Array:
        """Rows that do not fit the consensus of their group stand alone."""
        groups = Grouped.of(label, self)
        bad = _misfits(groups.said, groups.start, groups.rows, self.said)
        label = label.copy()
        members = np.flatnonzero(label >= 0)
        stays = members[~bad[members]]
        lowest = np.full(len(groups.heads), len(label), dtype=np.int64)
        np.minimum.at(lowest, groups.compact[stays], stays)
        label[stays] = lowest[groups.compact[stays]]
        label[bad] = np.flatnonzero(bad)
        return label


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """k groups: their lowest rows, their rows (`rows[start[g]:start[g + 1]]`, ascending), and what they say together.

    Attributes:
        compact: (n,) number of each row's group; meaningless where it has none.
        first, after: the first row of each group; (n,) the next row of the same group, -1 at the end.
    """

    heads: Int64Array
    compact: Int64Array
    start: Int64Array
    rows: Int64Array
    first: Int64Array
    after: Int64Array
    said: Float64Array

    @classmethod
    def of(cls, label: Int64Array, work: Work) -> Grouped:
        members = np.flatnonzero(label >= 0)
        heads = np.unique(label[members])
        number = np.zeros(len(label), dtype=np.int64)
        number[heads] = np.arange(len(heads))
        compact = np.where(label >= 0, number[np.maximum(label, 0)], -1)
        rows = members[np.argsort(compact[members], kind="stable")]
        start = np.searchsorted(compact[rows], np.arange(len(heads) + 1)).astype(np.int64)
        after = np.full(len(label), -1, dtype=np.int64)
        same = compact[rows[:-1]] == compact[rows[1:]]
        after[rows[:-1][same]] = rows[1:][same]
        said = np.zeros((len(heads), SAID))
        _together(start, rows, work.sums, work.said, work.sheet.name, said)
        return cls(heads, compact, start, rows, rows[start[:-1]], after, said)

    def extents(self) -> Extents:
        """Where and when each group is."""
        s = self.said
        a, b, c = s[:, PXX], s[:, PXY], s[:, PYY]
        timed = np.isfinite(s[:, VAR])
        box = np.where(timed, 0.0, (np.where(timed, 0.0, s[:, TO]) - np.where(timed, 0.0, s[:, FROM])) / 2)
        return Extents(
            s[:, X].copy(), s[:, Y].copy(), (a + c) / 2 + np.hypot((a - c) / 2, b), s[:, TAU].copy(), box,
            np.where(timed, s[:, VAR], 0.0),
        )  # fmt: skip


@compiled
def _together(start, rows, sums, own, name, said):
    """`said` of each group from its rows; one of rows without any place keeps the place it was given."""
    both = np.empty(SUMS)
    for group in range(len(start) - 1):
        members = rows[start[group] : start[group + 1]]
        if len(members) == 1:
            said[group] = own[members[0]]
            continue
        common = sum_of(members, sums, name, both)
        for c in (X, Y, PXX, PXY, PYY):
            said[group, c] = own[members[0], c]
        finish(both, said[group], common)


@compiled
def _misfits(said, start, rows, own):
    """Rows (n,) further from their group's consensus than 4.5 deviations in place or 4 in time, or outside its box."""
    bad = np.zeros(len(own), dtype=np.bool_)
    for group in range(len(said)):
        if start[group + 1] - start[group] < 2:
            continue
        all_ = said[group]
        for index in range(start[group], start[group + 1]):
            one = own[rows[index]]
            if one[KNOWN] > 0 and all_[KNOWN] > 0:
                sxx, sxy, syy = one[PXX] + all_[PXX], one[PXY] + all_[PXY], one[PYY] + all_[PYY]
                east, north = one[X] - all_[X], one[Y] - all_[Y]
                square = (syy * east * east - 2 * sxy * east * north + sxx * north * north) / (
                    sxx * syy - sxy * sxy
                )
                if square > FITS_PLACE and not (one[NAME] >= 0 and one[NAME] == all_[NAME]):
                    bad[rows[index]] = True
            timed = one[VAR] < np.inf and all_[VAR] < np.inf
            if timed and (one[TAU] - all_[TAU]) ** 2 > FITS_TIME * (one[VAR] + all_[VAR]):
                bad[rows[index]] = True
            if all_[TO] < all_[FROM]:
                bad[rows[index]] = True
    return bad


@compiled
def _within(said, a, b):
    """Whether pairs lie within five standard deviations of each other in place and time."""
    near = np.zeros(len(a), dtype=np.bool_)
    for index in range(len(a)):
        one, two = said[a[index]], said[b[index]]
        if min(one[TO], two[TO]) < max(one[FROM], two[FROM]):
            continue
        if (
            one[VAR] < np.inf
            and two[VAR] < np.inf
            and (one[TAU] - two[TAU]) ** 2 > 25.0 * (one[VAR] + two[VAR])
        ):
            continue
        if one[KNOWN] > 0 and two[KNOWN] > 0:
            sxx, sxy, syy = one[PXX] + two[PXX], one[PXY] + two[PXY], one[PYY] + two[PYY]
            east, north = one[X] - two[X], one[Y] - two[Y]
            if syy * east * east - 2 * sxy * east * north + sxx * north * north > 25.0 * (
                sxx * syy - sxy * sxy
            ):
                continue
        near[index] = True
    return near
