"""Which members of an incident speak for themselves, and which only repeat another.

Members with one origin, equal or nearly equal texts, one address or one media file are one voice. So is who retells,
without having seen anything, what a party in the same incident says of the same side. Each voice counts once, by the
member that knows best; the others are copies.
"""

# Kernels take many columns, whose types numba infers.
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from truceline.fusion.coding import is_one_of
from truceline.fusion.compiled import compiled
from truceline.fusion.copies import FIRST_HAND, RETOLD
from truceline.fusion.sheet import Sheet
from truceline.fusion.texts import nearly_same
from truceline.fusion.threads import chunks, each
from truceline.geo.points import BoolArray, Int64Array
from truceline.records.codes import MEANS, SOURCE_KINDS

TEXTS_COMPARED: Final = 40


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """Rows that support each of k incidents: `rows[start[g]:start[g + 1]]`, ascending; `chosen` speak for a voice."""

    start: Int64Array
    rows: Int64Array
    chosen: BoolArray

    @property
    def group(self) -> Int64Array:
        """The incident of each of `rows`."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


def voices(sheet: Sheet, start: Int64Array, rows: Int64Array, knows: Int64Array) -> Members:
    """Mark the rows that speak for a voice.

    Args:
        knows: (n,) how well each row knows; the better one speaks for its voice.
    """
    retells = is_one_of(sheet.kind, SOURCE_KINDS, RETOLD) & ~is_one_of(sheet.means, MEANS, FIRST_HAND)
    chosen = np.zeros(len(rows), dtype=bool)
    o = sheet.origins
    each(
        _choose, chunks(start), start, rows, o.number, o.established, o.story, o.by_party, sheet.texts.number,
        sheet.texts.start, sheet.texts.words, sheet.accused, retells, knows, chosen,
    )  # fmt: skip
    return Members(start, rows, chosen)


@compiled
def _find(parent, i):
    while parent[i] != i:
        i = parent[i]
    return i


@compiled
def _unite(parent, i, j):
    i, j = _find(parent, i), _find(parent, j)
    parent[max(i, j)] = min(i, j)


@compiled
def _unite_equal(parent, values):
    """Unite places with equal values (>= 0)."""
    m = len(values)
    if m <= 24:
        for i in range(1, m):
            if values[i] >= 0:
                for j in range(i):
                    if values[j] == values[i]:
                        _unite(parent, i, j)
                        break
        return
    order = np.argsort(values)
    for index in range(1, m):
        i, j = order[index - 1], order[index]
        if values[i] >= 0 and values[i] == values[j]:
            _unite(parent, i, j)


@compiled
def _choose(
    low, high, start, rows, number, established, story, by_party, text, word_start, words, accused, retells, knows, chosen
):  # fmt: skip
    for group in range(low, high):
        first, m = start[group], start[group + 1] - start[group]
        if m == 1:
            chosen[first] = True
            continue
        here = rows[first : first + m]
        parent = np.arange(m)
        _unite_equal(parent, number[here])
        _unite_equal(parent, text[here])
        _unite_equal(parent, story[here])
        told = np.empty(TEXTS_COMPARED, dtype=np.int64)
        count = 0
        for i in range(m):
            if text[here[i]] >= 0 and count < TEXTS_COMPARED:
                new = True
                for j in range(count):
                    if text[here[told[j]]] == text[here[i]]:
                        new = False
                        break
                if new:
                    for j in range(count):
                        if nearly_same(here[told[j]], here[i], word_start, words):
                            _unite(parent, told[j], i)
                    told[count] = i
                    count += 1
        retelling = np.zeros(m, dtype=np.bool_)
        for i in range(m):
            if retells[here[i]] and accused[here[i]] >= 0:
                for j in range(m):
                    if by_party[here[j]] and accused[here[j]] == accused[here[i]]:
                        _unite(parent, i, j)
                        retelling[i] = True
                        break
        best = np.full(m, -1, dtype=np.int64)
        for i in range(m):
            root = _find(parent, i)
            j = best[root]
            if j < 0:
                best[root] = i
                continue
            one, two = here[i], here[j]
            if established[one] != established[two]:
                better = not established[one]
            elif retelling[i] != retelling[j]:
                better = not retelling[i]
            else:
                better = knows[one] > knows[two]
            if better:
                best[root] = i
        for i in range(m):
            if best[i] >= 0:
                chosen[first + best[i]] = True
