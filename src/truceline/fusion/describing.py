"""When, what and how many: an interval, votes of the voices, numbers that meet."""

# Kernels take many columns, whose types numba infers.
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from truceline.fusion.coding import dictionary
from truceline.fusion.compiled import compiled
from truceline.fusion.sheet import ZERO_MS, Sheet
from truceline.fusion.stats import FROM, TAU, TO
from truceline.fusion.voices import Members
from truceline.fusion.work import Grouped
from truceline.geo.points import BoolArray, Float64Array, Int64Array, column

SAYS_LITTLE: Final = frozenset({"unknown", "undetermined", "other", "statement", "casualties", "damage"})
MOST_POWER: Final = 6_000_000
_LITTLE: Final = 1e-6


def intervals(
    sheet: Sheet, members: Members, copied: BoolArray, core: Grouped
) -> tuple[Int64Array, Int64Array, Int64Array]:
    """From, to and midpoint (k,) in ms: the hull of the short intervals, else what the long ones share."""
    timed = ~np.isnan(sheet.sd_s)
    said = core.said
    low, high, short = _spans(members.start, members.rows, copied, timed, sheet.from_ms, sheet.to_ms)
    middle = np.where(
        short, said[:, TAU], (np.where(short, 0.0, said[:, FROM]) + np.where(short, 0.0, said[:, TO])) / 2
    )
    midpoint = ZERO_MS + np.rint(middle * 1e3).astype(np.int64)
    return low, high, np.clip(midpoint, low, high)


@compiled
def _spans(start, rows, copied, timed, from_ms, to_ms):
    k = len(start) - 1
    low, high, short = np.zeros(k, dtype=np.int64), np.zeros(k, dtype=np.int64), np.zeros(k, dtype=np.bool_)
    for group in range(k):
        here = rows[start[group] : start[group + 1]]
        some = False
        for row in here:
            some |= not copied[row]
        for row in here:
            if (not copied[row] or not some) and timed[row]:
                short[group] = True
        first = True
        for row in here:
            if (copied[row] and some) or (short[group] and not timed[row]):
                continue
            if first:
                low[group], high[group], first = from_ms[row], to_ms[row], False
            elif short[group]:
                low[group], high[group] = min(low[group], from_ms[row]), max(high[group], to_ms[row])
            else:
                low[group], high[group] = max(low[group], from_ms[row]), min(high[group], to_ms[row])
        if low[group] > high[group]:
            low[group], high[group] = high[group], low[group]
    return low, high, short


def power(knows: Int64Array) -> Float64Array:
    """Weight of each row's vote."""
    return np.exp(np.minimum(knows, MOST_POWER) / 1e6)


def vote_words(
    values: Int64Array, words: tuple[str, ...], members: Members, weight: Float64Array
) -> pa.Array:
    """The word (k,) that most of the voices' weight is for; words that say little count only where no other does."""
    little = np.array([word in SAYS_LITTLE for word in words])
    last = np.array([word == "unknown" for word in words])
    won = _vote(members.start, members.rows, members.chosen, values, weight, little, last)
    return pa.array([*words, "unknown"], pa.string()).take(pa.array(won % (len(words) + 1)))


def vote_values(values: Any, members: Members, weight: Float64Array) -> pa.Array:
    """The value (k,) of a column that most of the voices' weight is for; null where none has one."""
    numbers, distinct = dictionary(values)
    order = sorted(range(len(distinct)), key=distinct.__getitem__)
    rank = np.empty(len(distinct) + 1, dtype=np.int64)
    rank[[*order, len(distinct)]] = [*range(len(distinct)), -1]
    never = np.zeros(max(len(distinct), 1), dtype=bool)
    won = _vote(members.start, members.rows, members.chosen, rank[numbers], weight, never, never)
    return pa.array([distinct[i] for i in order], values.type).take(pa.array(won, mask=won < 0))


@compiled
def _vote(start, rows, chosen, values, weight, little, last):
    """Value of most weight among the chosen rows of each group, -1 for none; ties to one that is not last, then to the lowest."""
    k = len(start) - 1
    won = np.full(k, -1, dtype=np.int64)
    room = 16
    seen, tally = np.empty(room, dtype=np.int64), np.empty(room)
    for group in range(k):
        count = 0
        for index in range(start[group], start[group + 1]):
            value = values[rows[index]]
            if not chosen[index] or value < 0:
                continue
            at = 0
            while at < count and seen[at] != value:
                at += 1
            if at == room:
                room *= 2
                more, further = np.empty(room, dtype=np.int64), np.empty(room)
                more[:at], further[:at] = seen, tally
                seen, tally = more, further
            if at == count:
                seen[at], tally[at] = value, 0.0
                count += 1
            tally[at] += weight[rows[index]] * (_LITTLE if little[value] else 1.0)
        best = -1
        for at in range(count):
            if best < 0:
                best = at
                continue
            one, two = np.rint(tally[at] * 1e9), np.rint(tally[best] * 1e9)
            if one != two:
                better = one > two
            elif last[seen[at]] != last[seen[best]]:
                better = not last[seen[at]]
            else:
                better = seen[at] < seen[best]
            if better:
                best = at
        if best >= 0:
            won[group] = seen[best]
    return won


def meet(table: pa.Table, what: str, members: Members) -> tuple[pa.Array, pa.Array]:
    """Numbers of the voices as one range: where they meet, or all they span where they do not; never added up."""
    low, high = column(table, f"{what}_min"), column(table, f"{what}_max")
    if np.isnan(low).all() and np.isnan(high).all():
        nothing = pa.nulls(len(members.start) - 1, pa.int32())
        return nothing, nothing
    least, most = _meet(members.start, members.rows, members.chosen, low, high)
    return tuple(pa.array(np.nan_to_num(v), mask=np.isnan(v)).cast(pa.int32()) for v in (least, most))


@compiled
def _meet(start, rows, chosen, low, high):
    k = len(start) - 1
    least, most = np.full(k, np.nan), np.full(k, np.nan)
    for group in range(k):
        lows = highs = 0
        max_low, min_high = -np.inf, np.inf
        bottom, top = np.inf, -np.inf
        for index in range(start[group], start[group + 1]):
            if not chosen[index]:
                continue
            a, b = low[rows[index]], high[rows[index]]
            if np.isnan(a) and np.isnan(b):
                continue
            if not np.isnan(a):
                lows += 1
                max_low = max(max_low, a)
            if not np.isnan(b):
                highs += 1
                min_high = min(min_high, b)
            bottom = min(bottom, 0.0 if np.isnan(a) else a)
            top = max(top, a if np.isnan(b) else b)
        if lows and highs and max_low > min_high:
            least[group], most[group] = bottom, top
        else:
            if lows:
                least[group] = max_low
            if highs:
                most[group] = min_high
    return least, most
