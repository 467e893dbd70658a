"""Which observations are about one incident.

Groups grow by merging pairs that are each other's best, always judged on the statistics of the whole groups, so that a
string of neighbours does not drag its far ends together. Precise reports come first, vague ones then join what they
fit, if one group has more than half of the chance; denials and quiet reports join last and add nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from truceline.fusion.candidates import equal_pairs, near_pairs
from truceline.fusion.clusters import Clusters, fits, gain, summarise
from truceline.fusion.marks import marks
from truceline.fusion.parameters import Parameters
from truceline.fusion.rates import ln_rates, overlap
from truceline.fusion.sheet import Sheet
from truceline.geo.points import BoolArray, Float64Array, Int64Array
from truceline.records.codes import ACTS, SOURCE_KINDS, STANCES

PRECISE_M = 3_000.0
PRECISE_S = 2_700.0
HOPELESS = -8.0
STEP = float(1 << 20)  # gains are compared in units of 2^-20, the same on every machine
SHARE = 0.5
SOFT = 0.05
AGAINST = tuple(STANCES.index(word) for word in ("denial", "quiet"))
CONTEXT = (ACTS.index("air_raid_alert"),)  # a warning says what is feared, not what happened
ONCE = ("patrol", "post", "camera", "acoustic_array", "uav")


@dataclass(frozen=True, slots=True, eq=False)
class Association:
    """Each row's group, named by its lowest row.

    Attributes:
        label: (n,) lowest row of the group; -1 for an alert, and for a denial or quiet report that belongs to none.
        copy: (n,) rows attached to the original that they copy.
        against: pairs (row, group) that contradict.
        soft: (row, group, share) of vague reports that fit several groups.
    """

    label: Int64Array
    copy: BoolArray
    against: tuple[tuple[int, int], ...]
    soft: tuple[tuple[int, int, float], ...]


@dataclass(slots=True, eq=False)
class _Pairs:
    """Pairs of rows: a bonus of which the best counts between groups, and marks of which the mean does."""

    a: Int64Array
    b: Int64Array
    bonus: Float64Array
    marks: Float64Array

    def take(self, kept: BoolArray) -> _Pairs:
        return _Pairs(self.a[kept], self.b[kept], self.bonus[kept], self.marks[kept])


def associate(sheet: Sheet, parameters: Parameters) -> Association:
    """Group the observations; see the module."""
    n = len(sheet)
    against = np.isin(sheet.stance, AGAINST)
    context = np.isin(sheet.act, CONTEXT)
    copy = (sheet.original >= 0) & ~against & ~context
    active = ~against & ~copy & ~context
    label = np.where(active, np.arange(n), -1)
    if not active.any():
        return Association(label, np.zeros(n, dtype=bool), (), ())
    omega = _omega(parameters)[sheet.kind]
    sigma, middle, half = extents(sheet)
    precise = active & sheet.known & (sigma <= PRECISE_M) & (half <= PRECISE_S)
    pairs = _candidates(sheet, active, sigma, middle, half, parameters)
    weight = float(np.exp(parameters.rate_e3 / 1e3))
    grown = label
    for this_weight, rate_label in ((weight, label), (1.0, None)):
        rates = _rates(
            sheet, grown if rate_label is None else rate_label, active, sigma, middle, half, this_weight
        )
        grown = _grow(sheet, label, pairs, precise, rates, omega, parameters)
        grown = _grow(sheet, grown, pairs, active & ~precise, rates, omega, parameters)
    grown = _expel(sheet, grown, omega)
    grown, soft = _join(sheet, grown, pairs, precise, rates, omega, parameters)
    grown = _expel(sheet, grown, omega)
    attached = grown.copy()
    first = _first_active(sheet.original, copy, against)[copy]
    attached[copy] = np.where(first >= 0, grown[first], -1)
    opposed = _oppose(sheet, grown, against & ~context, sigma, middle, half, rates, omega)
    label = attached
    for row, group in opposed:
        if label[row] < 0:
            label[row] = group
    return Association(label, copy & (label >= 0), tuple(opposed), tuple((r, int(g), s) for r, g, s in soft))


def extents(sheet: Sheet) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Standard deviation of place along its long axis, middle of time, its standard deviation or half-width."""
    a, b, c = sheet.cov_m2[:, 0, 0], sheet.cov_m2[:, 0, 1], sheet.cov_m2[:, 1, 1]
    sigma = np.sqrt((a + c) / 2 + np.hypot((a - c) / 2, b))
    boxed = np.isnan(sheet.sd_s)
    start, end = np.where(boxed, sheet.from_s, 0.0), np.where(boxed, sheet.to_s, 0.0)
    middle = np.where(boxed, (start + end) / 2, sheet.tau_s)
    half = np.where(boxed, (end - start) / 2, sheet.sd_s)
    return sigma, middle, half


def _omega(parameters: Parameters) -> Float64Array:
    share = np.clip(np.array([parameters.unmatched_e4[kind] for kind in SOURCE_KINDS]) / 1e4, 0.01, 0.99)
    odds: Float64Array = np.log((1 - share) / share)
    return odds


def _first_active(original: Int64Array, copy: BoolArray, against: BoolArray) -> Int64Array:
    """Row at the root of each chain of copies; a copy of a denial belongs where nothing is."""
    root = original.copy()
    for _ in range(64):
        deeper = (root >= 0) & copy[np.maximum(root, 0)]
        if not deeper.any():
            break
        root[deeper] = original[root[deeper]]
    root[(root >= 0) & against[np.maximum(root, 0)]] = -1
    return root


def _candidates(
    sheet: Sheet,
    active: BoolArray,
    sigma: Float64Array,
    middle: Float64Array,
    half: Float64Array,
    parameters: Parameters,
) -> _Pairs:
    rows = np.flatnonzero(active)
    boxed = np.isnan(sheet.sd_s)
    i, j = near_pairs(sheet.mean_m[rows], sigma[rows], middle[rows], half[rows], boxed[rows])
    same = [equal_pairs(number[rows], middle[rows], half[rows], 2 * 86_400.0) for number in (sheet.text,)]
    a = np.concatenate([rows[i], *(rows[p[0]] for p in same)])
    b = np.concatenate([rows[j], *(rows[p[1]] for p in same)])
    key = np.unique(a * len(sheet) + b) if len(a) else a
    a, b = (key // len(sheet), key % len(sheet)) if len(a) else (a, b)
    near = _within(sheet, a, b)
    a, b = a[near], b[near]
    root = (sheet.root[a] == sheet.root[b]) & (sheet.established[a] | sheet.established[b])
    return _Pairs(
        a,
        b,
        np.where(root, parameters.same_text_e3 / 1e3, 0.0),
        marks(sheet.table, sheet.name, sheet.act, sheet.accused, middle, a, b),
    )


def _within(sheet: Sheet, a: Int64Array, b: Int64Array) -> BoolArray:
    """Whether rows lie within five standard deviations of each other in place and time."""
    step = sheet.mean_m[a] - sheet.mean_m[b]
    S = sheet.cov_m2[a] + sheet.cov_m2[b]
    det = S[:, 0, 0] * S[:, 1, 1] - S[:, 0, 1] ** 2
    square = (
        S[:, 1, 1] * step[:, 0] ** 2 - 2 * S[:, 0, 1] * step[:, 0] * step[:, 1] + S[:, 0, 0] * step[:, 1] ** 2
    ) / det
    both = ~np.isnan(sheet.sd_s[a]) & ~np.isnan(sheet.sd_s[b])
    gap = np.where(both, sheet.tau_s[a] - sheet.tau_s[b], 0.0)
    spread = np.where(both, sheet.sd_s[a] ** 2 + sheet.sd_s[b] ** 2, 1.0)
    meet = np.minimum(sheet.to_s[a], sheet.to_s[b]) >= np.maximum(sheet.from_s[a], sheet.from_s[b])
    located = sheet.known[a] & sheet.known[b]
    near: BoolArray = (~located | (square <= 25.0)) & (gap**2 <= 25.0 * spread) & meet
    return near


def _rates(
    sheet: Sheet,
    label: Int64Array,
    active: BoolArray,
    sigma: Float64Array,
    middle: Float64Array,
    half: Float64Array,
    weight: float,
) -> Float64Array:
    """ln rate (3, n) about each row, groups counted once at their lowest row's place."""
    heads = np.flatnonzero(active & (label == np.arange(len(sheet))))
    answer = np.full((3, len(sheet)), 0.0)
    if len(heads):
        answer[:, heads] = ln_rates(sheet.mean_m[heads], middle[heads], weight)
        rest = np.flatnonzero(active)
        answer[:, rest] = answer[:, label[rest]]
    return answer


def _level(c: Clusters) -> Int64Array:
    """Which window of `rates` suits a group: 0 narrow, 1 wide, 2 the theatre."""
    sigma = np.sqrt(np.maximum(c.cov_m2[:, 0, 0], c.cov_m2[:, 1, 1]))
    half = c.times()[1]
    narrow = (sigma <= PRECISE_M) & (half <= PRECISE_S)
    wide = (sigma <= 20_000.0) & (half <= 60_000.0)
    level: Int64Array = np.where(narrow, 0, np.where(wide, 1, 2)).astype(np.int64)
    return level


def _evaluate(
    sheet: Sheet, c: Clusters, compact: Int64Array, heads: Int64Array, a: Int64Array, b: Int64Array, bonus: Float64Array,
    rates: Float64Array, parameters: Parameters,
) -> Float64Array:  # fmt: skip
    ln_area = sheet.ln_area
    level = _level(c)
    which = np.maximum(level[a], level[b])
    rate = (rates[which, heads[a]] + rates[which, heads[b]]) / 2
    value = gain(c, a, b, rate, ln_area) + bonus
    cost = np.zeros(len(SOURCE_KINDS))
    cost[[SOURCE_KINDS.index(kind) for kind in ONCE]] = np.inf
    cost[SOURCE_KINDS.index("party")] = cost[SOURCE_KINDS.index("complaint")] = (
        parameters.same_source_e3 / 1e3
    )
    cost[SOURCE_KINDS.index("media")] = parameters.same_source_e3 / 6e3
    rows = np.flatnonzero(compact >= 0)
    alive = np.flatnonzero(value > HOPELESS)
    price = overlap(a[alive], b[alive], compact[rows], sheet.source[rows], cost[sheet.kind[rows]], len(heads))
    value[alive] -= price
    finite = np.isfinite(value)
    value[finite] = np.rint(value[finite] * STEP) / STEP
    value[np.isnan(value)] = -np.inf
    return value


def _compact(label: Int64Array, members: BoolArray) -> tuple[Int64Array, Int64Array]:
    heads = np.unique(label[members])
    compact = np.full(len(label), -1, dtype=np.int64)
    compact[members] = np.searchsorted(heads, label[members])
    return compact, heads


def _group_pairs(compact: Int64Array, k: int, pairs: _Pairs) -> _Pairs:
    """Pairs of rows as pairs of groups, each once."""
    a, b = compact[pairs.a], compact[pairs.b]
    kept = (a >= 0) & (b >= 0) & (a != b)
    low, high = np.minimum(a, b)[kept], np.maximum(a, b)[kept]
    key, index = np.unique(low * k + high, return_inverse=True)
    bonus = np.zeros(len(key))
    np.maximum.at(bonus, index, pairs.bonus[kept])
    mean = np.bincount(index, weights=pairs.marks[kept], minlength=len(key)) / np.maximum(
        np.bincount(index, minlength=len(key)), 1
    )
    return _Pairs(key // k, key % k, bonus, np.asarray(mean, dtype=np.float64))


def _grow(
    sheet: Sheet,
    label: Int64Array,
    pairs: _Pairs,
    members: BoolArray,
    rates: Float64Array,
    omega: Float64Array,
    parameters: Parameters,
) -> Int64Array:
    """Merge pairs that are each other's best, round by round, until no merge gains anything."""
    label = label.copy()
    chosen = members[pairs.a] & members[pairs.b]
    pairs = pairs.take(chosen)
    while len(pairs.a):
        compact, heads = _compact(label, members)
        c = summarise(sheet, compact, len(heads), omega)
        between = _group_pairs(compact, len(heads), pairs)
        value = _evaluate(
            sheet, c, compact, heads, between.a, between.b, between.bonus + between.marks, rates, parameters
        )
        alive = value > HOPELESS
        a, b, value = between.a[alive], between.b[alive], value[alive]
        pairs = pairs.take(_kept(compact, pairs, a, b, len(heads)))
        good = value > 0
        merge = _mutual(a[good], b[good], value[good], len(heads))
        if not len(merge):
            break
        target = np.arange(len(heads))
        target[b[good][merge]] = a[good][merge]
        label[members] = heads[target[compact[members]]]
    return label


def _kept(compact: Int64Array, pairs: _Pairs, a: Int64Array, b: Int64Array, k: int) -> BoolArray:
    """Pairs of rows whose groups are still among the pairs (a, b)."""
    one, two = compact[pairs.a], compact[pairs.b]
    wanted: BoolArray = np.isin(np.minimum(one, two) * k + np.maximum(one, two), a * k + b)
    return wanted


def _mutual(a: Int64Array, b: Int64Array, value: Float64Array, k: int) -> Int64Array:
    """Pairs (a < b) that are the best of both; ties go to the lower groups."""
    if not len(a):
        return np.empty(0, dtype=np.int64)
    order = np.lexsort((b, a, -value))
    rank = np.empty(len(a), dtype=np.int64)
    rank[order] = np.arange(len(a))
    best = np.full(k, len(a), dtype=np.int64)
    np.minimum.at(best, a, rank)
    np.minimum.at(best, b, rank)
    found: Int64Array = np.flatnonzero((best[a] == rank) & (best[b] == rank)).astype(np.int64)
    return found


def _join(
    sheet: Sheet,
    label: Int64Array,
    pairs: _Pairs,
    precise: BoolArray,
    rates: Float64Array,
    omega: Float64Array,
    parameters: Parameters,
) -> tuple[Int64Array, list[tuple[int, int, float]]]:
    """Vague groups join the precise group that has more than half of the chance."""
    label = label.copy()
    members = label >= 0
    soft: list[tuple[int, int, float]] = []
    is_precise = np.zeros(len(sheet), dtype=bool)
    is_precise[label[precise]] = True
    while True:
        compact, heads = _compact(label, members)
        sharp = is_precise[heads]
        between = _group_pairs(compact, len(heads), pairs)
        cross = sharp[between.a] != sharp[between.b]
        a, b, bonus = between.a[cross], between.b[cross], (between.bonus + between.marks)[cross]
        if not len(a):
            return label, soft
        c = summarise(sheet, compact, len(heads), omega)
        value = _evaluate(sheet, c, compact, heads, a, b, bonus, rates, parameters)
        vague = np.where(sharp[a], b, a)
        other = np.where(sharp[a], a, b)
        weight = np.exp(np.minimum(value, 60.0))
        share = weight / (1.0 + np.bincount(vague, weights=weight, minlength=len(heads)))[vague]
        good = np.flatnonzero((value > 0) & (share > SHARE))
        low, high = np.minimum(vague, other), np.maximum(vague, other)
        merge = good[_mutual(low[good], high[good], value[good], len(heads))]
        if not len(merge):
            rows = np.flatnonzero((share >= SOFT) & (value > HOPELESS))
            by_group: dict[int, list[int]] = {}
            for row in np.flatnonzero(members).tolist():
                by_group.setdefault(int(compact[row]), []).append(row)
            for index in rows.tolist():
                soft += [
                    (row, int(heads[other[index]]), float(share[index]))
                    for row in by_group[int(vague[index])]
                ]
            return label, soft
        target = np.arange(len(heads))
        target[high[merge]] = low[merge]
        is_precise[heads[low[merge]]] = True
        label[members] = heads[target[compact[members]]]


def _expel(sheet: Sheet, label: Int64Array, omega: Float64Array) -> Int64Array:
    """Rows that do not fit the consensus of their group stand alone; groups keep the name of their lowest row."""
    label = label.copy()
    members = label >= 0
    compact, heads = _compact(label, members)
    c = summarise(sheet, compact, len(heads), omega)
    rows = np.flatnonzero(members)
    bad = rows[~fits(c, sheet, rows, compact[rows]) & (c.size[compact[rows]] > 1)]
    alone = np.zeros(len(label), dtype=bool)
    alone[bad] = True
    rest = np.flatnonzero(members & ~alone)
    lowest = np.full(len(heads), len(label), dtype=np.int64)
    np.minimum.at(lowest, compact[rest], rest)
    label[rest] = lowest[compact[rest]]
    label[bad] = bad
    return label


def _oppose(
    sheet: Sheet, label: Int64Array, against: BoolArray, sigma: Float64Array, middle: Float64Array, half: Float64Array,
    rates: Float64Array, omega: Float64Array,
) -> list[tuple[int, int]]:  # fmt: skip
    """(row, group) of denials, each for the one it fits best, and of quiet reports, for every one inside them."""
    rows = np.flatnonzero(against)
    members = label >= 0
    if not len(rows) or not members.any():
        return []
    compact, heads = _compact(label, members)
    c = summarise(sheet, compact, len(heads), omega)
    group_sigma = np.sqrt(np.maximum(c.cov_m2[:, 0, 0], c.cov_m2[:, 1, 1]))
    group_middle, group_half = c.times()
    k = len(heads)
    i, j = near_pairs(
        np.concatenate([c.mean_m, sheet.mean_m[rows]]),
        np.concatenate([group_sigma, sigma[rows]]),
        np.concatenate([group_middle, middle[rows]]),
        np.concatenate([group_half, half[rows]]),
        np.concatenate([np.isinf(c.var_s2), np.isnan(sheet.sd_s[rows])]),
    )
    cross = (i < k) & (j >= k)
    group, row = i[cross], rows[j[cross] - k]
    step = sheet.mean_m[row] - c.mean_m[group]
    S = sheet.cov_m2[row] + c.cov_m2[group]
    det = S[:, 0, 0] * S[:, 1, 1] - S[:, 0, 1] ** 2
    square = (
        S[:, 1, 1] * step[:, 0] ** 2 - 2 * S[:, 0, 1] * step[:, 0] * step[:, 1] + S[:, 0, 0] * step[:, 1] ** 2
    ) / det
    gap = np.abs(middle[row] - group_middle[group])
    quiet = sheet.stance[row] == STANCES.index("quiet")
    width = (sheet.to_ms[row] - sheet.from_ms[row]) / 2e3
    inside = quiet & (gap <= np.maximum(width, 60.0)) & (group_half[group] <= np.maximum(2 * width, 3_600.0))
    near = ~quiet & (gap <= 2 * half[row] + 2 * group_half[group] + 3_600.0)
    located = sheet.known[row]
    kept = np.flatnonzero(located & (square <= 6.0) & (inside | near))
    score = np.rint((0.5 * square + 0.5 * np.log(det) + gap / (half[row] + group_half[group])) * STEP)
    best: dict[int, tuple[float, int]] = {}
    found: list[tuple[int, int]] = []
    for index in kept.tolist():
        if quiet[index]:
            found.append((int(row[index]), int(heads[group[index]])))
        else:
            offer = (float(score[index]), int(heads[group[index]]))
            best[int(row[index])] = min(offer, best.get(int(row[index]), offer))
    found += [(r, g) for r, (_, g) in best.items()]
    return sorted(found)
