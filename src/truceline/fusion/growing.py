"""Merging groups, the best pair first, until no merge gains anything.

Reports fall into islands that no pair joins; what happens on one island does not touch another, so islands are worked
on in parallel and the answer does not depend on how. Gains are whole numbers of 2^-20, and ties go to the lower rows,
so the order of merges is the same on every machine. A gain is always that of the whole groups.
"""

# Kernels take many columns, whose types numba infers.
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from __future__ import annotations

from typing import Final

import numpy as np

from truceline.fusion.compiled import compiled
from truceline.fusion.marks import mark
from truceline.fusion.stats import NAME, NAMED, NEVER, SAID, SUMS, add, finish, gain, sum_of
from truceline.fusion.threads import chunks, each
from truceline.geo.points import Float64Array, Int64Array

STEP: Final = float(1 << 20)


@compiled
def islands(n: int, a: Int64Array, b: Int64Array) -> Int64Array:
    """(n,) lowest row that pairs lead to from each row."""
    root = np.arange(n)
    for index in range(len(a)):
        i, j = a[index], b[index]
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        while root[j] != j:
            root[j] = root[root[j]]
            j = root[j]
        if i < j:
            root[j] = i
        else:
            root[i] = j
    for i in range(n):
        root[i] = root[root[i]]
    return root


def grow(
    members: Int64Array, pairs: tuple[Int64Array, Int64Array], said: Float64Array, sums: Float64Array, rates: Float64Array,
    ln_area: float, source: Int64Array, cost: Float64Array, name: Int64Array, marked, bonus: tuple[Int64Array, float],
):  # fmt: skip
    """Lowest row (n,) of each member's group; other rows keep their own number.

    Args:
        said, sums: each row as a group of its own; not changed.
        source, cost: (n,) number of the source, and what a second report of it in one incident costs.
        marked: `marks.Marks`.
        bonus: (n,) number of an origin that is known to be repeated, -1 for none, and what sharing it is worth.
    """
    n = len(said)
    label = np.arange(n)
    a, b = pairs
    if not len(a):
        return label
    root = islands(n, a, b)
    order = np.lexsort((b, a, root[a]))
    a, b = a[order], b[order]
    edge_root = root[a]
    first = np.flatnonzero(np.r_[True, edge_root[1:] != edge_root[:-1]])
    edge_start = np.r_[first, len(a)].astype(np.int64)
    alone = root[members]
    busy = np.isin(alone, edge_root[first]) if len(first) < 1000 else _marked(n, edge_root[first])[alone]
    rows = members[busy]
    rows = rows[np.lexsort((rows, root[rows]))]
    row_root = root[rows]
    row_start = np.r_[np.flatnonzero(np.r_[True, row_root[1:] != row_root[:-1]]), len(rows)].astype(np.int64)
    local = np.empty(n, dtype=np.int64)
    each(
        _grow, chunks(edge_start), rows, row_start, a, b, edge_start, said, sums, rates, ln_area, source, cost, name,
        bool(marked.any.any()), marked.any, marked.columns(), bonus[0], bonus[1], label, local,
    )  # fmt: skip
    return label


def _marked(n: int, rows: Int64Array) -> np.ndarray:
    found = np.zeros(n, dtype=bool)
    found[rows] = True
    return found


@compiled
def _less(key, lo, hi, i, j):
    if key[i] != key[j]:
        return key[i] > key[j]
    if lo[i] != lo[j]:
        return lo[i] < lo[j]
    return hi[i] < hi[j]


@compiled
def _longer(values: Int64Array) -> Int64Array:
    more = np.empty(2 * len(values), dtype=np.int64)
    more[: len(values)] = values
    return more


@compiled
def quantised(value: float) -> int:
    """A gain in units of 2^-20; hopeless ones are all alike."""
    return int(np.rint(max(value, -1e6) * STEP))


@compiled
def shared_cost(first, other, after, source, cost, stamp, paid, token):
    """Summed cost of the sources that two chains of rows both hold; `stamp` and `paid` are by source."""
    row = first
    while row >= 0:
        if stamp[source[row]] != token:
            stamp[source[row]], paid[source[row]] = token, cost[row]
        row = after[row]
    total, row = 0.0, other
    while row >= 0:
        if stamp[source[row]] == token:
            total += max(paid[source[row]], cost[row])
            stamp[source[row]] = -token
        row = after[row]
    return total


@compiled
def _grow(
    low, high, rows, row_start, a, b, edge_start, said, sums, rates, ln_area, source, cost, name,
    any_marks, marks_any, marks, origin, origin_bonus, label, local,
):  # fmt: skip
    most_rows = most_edges = 0
    for island in range(low, high):
        most_rows = max(most_rows, row_start[island + 1] - row_start[island])
        most_edges = max(most_edges, edge_start[island + 1] - edge_start[island])
    S, A = np.empty((most_rows, SAID)), np.empty((most_rows, SUMS))
    last, head = np.empty(most_rows, dtype=np.int64), np.empty(most_rows, dtype=np.int64)
    gone = np.empty(most_rows, dtype=np.bool_)
    after = np.empty(most_rows, dtype=np.int64)  # next row of the same group, by local number
    src, price, nam = (
        np.empty(most_rows, dtype=np.int64),
        np.empty(most_rows),
        np.empty(most_rows, dtype=np.int64),
    )
    stamp, paid = np.zeros(most_rows, dtype=np.int64), np.zeros(most_rows)
    ea, eb = np.empty(most_edges, dtype=np.int64), np.empty(most_edges, dtype=np.int64)
    bonus, mean, times = np.zeros(most_edges), np.zeros(most_edges), np.zeros(most_edges)
    version, dead = np.zeros(most_edges, dtype=np.int64), np.zeros(most_edges, dtype=np.bool_)
    link = np.empty(2 * most_edges, dtype=np.int64)  # next half-edge of the same group
    opening, closing = np.empty(most_rows, dtype=np.int64), np.empty(most_rows, dtype=np.int64)
    seen, where = np.zeros(most_rows, dtype=np.int64), np.zeros(most_rows, dtype=np.int64)
    room = 2 * most_edges + 16
    key, lo, hi = (
        np.empty(room, dtype=np.int64),
        np.empty(room, dtype=np.int64),
        np.empty(room, dtype=np.int64),
    )
    of, made = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    heap = np.empty(room, dtype=np.int64)
    touched = np.empty(most_edges, dtype=np.int64)
    together = np.empty(most_rows, dtype=np.int64)
    both = np.empty(SUMS)
    for island in range(low, high):
        r0, m = row_start[island], row_start[island + 1] - row_start[island]
        e0, e = edge_start[island], edge_start[island + 1] - edge_start[island]
        token = 0
        for i in range(m):
            row = rows[r0 + i]
            local[row] = i
            S[i], A[i] = said[row], sums[row]
            last[i], head[i], gone[i], after[i] = i, row, False, -1
            price[i], nam[i] = cost[row], name[row]
            opening[i] = closing[i] = -1
            seen[i] = -1
            stamp[i] = 0
        for i in range(m):  # sources numbered within the island
            src[i] = i
        if m <= 12:
            for i in range(m):
                for j in range(i):
                    if source[rows[r0 + i]] == source[rows[r0 + j]]:
                        src[i] = src[j]
                        break
        else:
            order = np.argsort(source[rows[r0 : r0 + m]])
            number = 0
            for index in range(m):
                if index and source[rows[r0 + order[index]]] != source[rows[r0 + order[index - 1]]]:
                    number += 1
                src[order[index]] = number
        count = 0  # stacked offers
        size = 0  # of the heap
        waiting = 0
        for k in range(e):
            ea[k], eb[k] = local[a[e0 + k]], local[b[e0 + k]]
            i, j = a[e0 + k], b[e0 + k]
            bonus[k] = origin_bonus if origin[i] >= 0 and origin[i] == origin[j] else 0.0
            mean[k] = 0.0
            if any_marks and marks_any[i] and marks_any[j]:
                mean[k] = mark(i, j, marks[0], marks[1], marks[2], marks[3], marks[4], marks[5], marks[6])
            times[k], version[k], dead[k] = 1.0, 0, False
            for side in range(2):
                node = ea[k] if side == 0 else eb[k]
                half = 2 * k + side
                link[half] = -1
                if opening[node] < 0:
                    opening[node] = half
                else:
                    link[closing[node]] = half
                closing[node] = half
            touched[waiting] = k
            waiting += 1
        while True:
            for index in range(waiting):  # offers of the pairs that changed
                k = touched[index]
                i, j = ea[k], eb[k]
                value = gain(S[i], S[j], rates[head[i]], rates[head[j]], ln_area)
                if value > NEVER:
                    value += bonus[k] + mean[k] / times[k]
                    if value > 0.0:
                        token += 1
                        value -= shared_cost(i, j, after, src, price, stamp, paid, token)
                offer = quantised(value)
                version[k] += 1
                if offer > 0:
                    if count == room:
                        key, lo, hi = _longer(key), _longer(lo), _longer(hi)
                        of, made, heap = _longer(of), _longer(made), _longer(heap)
                        room = len(key)
                    slot = count
                    count += 1
                    key[slot], of[slot], made[slot] = offer, k, version[k]
                    lo[slot], hi[slot] = min(head[i], head[j]), max(head[i], head[j])
                    place = size
                    size += 1
                    heap[place] = slot
                    while place > 0:
                        parent = (place - 1) // 2
                        if not _less(key, lo, hi, heap[place], heap[parent]):
                            break
                        heap[place], heap[parent] = heap[parent], heap[place]
                        place = parent
            waiting = 0
            chosen = -1
            while size > 0 and chosen < 0:
                slot = heap[0]
                size -= 1
                heap[0] = heap[size]
                place = 0
                while True:
                    child = 2 * place + 1
                    if child >= size:
                        break
                    if child + 1 < size and _less(key, lo, hi, heap[child + 1], heap[child]):
                        child += 1
                    if not _less(key, lo, hi, heap[child], heap[place]):
                        break
                    heap[place], heap[child] = heap[child], heap[place]
                    place = child
                if not dead[of[slot]] and version[of[slot]] == made[slot]:
                    chosen = of[slot]
            if chosen < 0:
                break
            keep, drop = ea[chosen], eb[chosen]
            if head[drop] < head[keep]:
                keep, drop = drop, keep
            after[last[keep]] = drop
            last[keep] = last[drop]
            gone[drop] = True
            if A[keep, NAMED] > 0 and A[drop, NAMED] > 0:
                held, walk = 0, keep
                while walk >= 0:
                    together[held] = rows[r0 + walk]
                    held += 1
                    walk = after[walk]
                common = sum_of(together[:held], sums, name, both)
                A[keep] = both
                finish(A[keep], S[keep], common)
            else:
                common = S[keep, NAME] if A[keep, NAMED] > 0 else S[drop, NAME]
                add(A[keep], A[drop])
                finish(A[keep], S[keep], common)
            dead[chosen] = True
            half = opening[drop]
            if half >= 0:
                if opening[keep] < 0:
                    opening[keep] = half
                else:
                    link[closing[keep]] = half
                closing[keep] = closing[drop]
            half, before = opening[keep], -1
            token += 1
            while half >= 0:
                k = half // 2
                following = link[half]
                stays = not dead[k]
                if stays:
                    if ea[k] == drop:
                        ea[k] = keep
                    if eb[k] == drop:
                        eb[k] = keep
                    other = eb[k] if ea[k] == keep else ea[k]
                    if other == keep:
                        dead[k] = True
                        stays = False
                    elif seen[other] == token:
                        first = where[other]
                        bonus[first] = max(bonus[first], bonus[k])
                        mean[first] += mean[k]
                        times[first] += times[k]
                        dead[k] = True
                        stays = False
                    else:
                        seen[other], where[other] = token, k
                        touched[waiting] = k
                        waiting += 1
                if not stays:
                    if before < 0:
                        opening[keep] = following
                    else:
                        link[before] = following
                    if following < 0:
                        closing[keep] = before
                else:
                    before = half
                half = following
        for i in range(m):
            if not gone[i]:
                walk = i
                while walk >= 0:
                    label[rows[r0 + walk]] = head[i]
                    walk = after[walk]
