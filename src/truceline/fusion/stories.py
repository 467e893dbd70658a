"""Reports that tell the same story: equal or nearly equal texts, one address on the web, one media file."""

# Kernels take many columns, whose types numba infers.
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from __future__ import annotations

from typing import Final

import numpy as np

from truceline.fusion.compiled import compiled
from truceline.fusion.near import Extents
from truceline.fusion.texts import BANDS, Texts, nearly_same, signatures
from truceline.geo.points import Int64Array

NEXT: Final = 3
WITHIN_S: Final = 2 * 86_400.0


def retold_pairs(
    texts: Texts, story: Int64Array, members: Int64Array, extents: Extents
) -> tuple[Int64Array, Int64Array]:
    """Pairs (i, j), i < j, of members that tell one story within two days, each with the next three in time.

    Nearly equal texts are found by MinHash in bands and then compared word by word.
    """
    found = [_neighbours(number[members], members, extents) for number in (texts.number, story)]
    told = members[texts.number[members] >= 0]
    if len(told):
        keys = signatures(told, texts.start, texts.words)
        for band in range(BANDS):
            a, b = _neighbours(keys[:, band], told, extents)
            near = _near(a, b, texts.start, texts.words)
            found.append((a[near], b[near]))
    return np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found])


def _neighbours(number: Int64Array, rows: Int64Array, extents: Extents) -> tuple[Int64Array, Int64Array]:
    """Pairs of rows with the same number (>= 0), each with the next `NEXT` in time."""
    kept = number >= 0
    number, rows = number[kept], rows[kept]
    middle, half = extents.middle_s[rows], extents.box_s[rows]
    order = np.lexsort((rows, middle, number))
    number, rows, middle, half = number[order], rows[order], middle[order], half[order]
    first, second = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for step in range(1, NEXT + 1):
        same = number[:-step] == number[step:]
        same &= middle[step:] - middle[:-step] <= WITHIN_S + half[step:] + half[:-step]
        a, b = rows[:-step][same], rows[step:][same]
        first.append(np.minimum(a, b))
        second.append(np.maximum(a, b))
    return np.concatenate(first), np.concatenate(second)


@compiled
def _near(a, b, start, words):
    found = np.zeros(len(a), dtype=np.bool_)
    for index in range(len(a)):
        found[index] = nearly_same(a[index], b[index], start, words)
    return found
