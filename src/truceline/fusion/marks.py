"""What two reports say besides place, time and kind: their words, their tolls, whom they blame.

All are weak: reports of one incident often give different tolls, and reports of different ones use the same words. How
much a likeness of words is worth depends on how often reports more than two days apart are just as alike: where
everyone writes to a form, it is worth nothing. What reports of one incident look like was set on one year of coded
articles and tried on others (docs/explanation/fusion.md).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix, diags

from truceline.fusion.copies import RETOLD, words
from truceline.geo.points import Float64Array, Int64Array, column

EDGES: Final = np.array([0.04, 0.1, 0.2, 0.35, 0.6, 0.85])
SAME: Final = np.array([0.20, 0.17, 0.15, 0.13, 0.12, 0.11, 0.12])
APART: Final = np.array([0.64, 0.18, 0.08, 0.04, 0.03, 0.02, 0.01])
APART_COUNTS: Final = 60.0
FARTHEST: Final = (-1.0, 2.8)
GAP_S: Final = 2 * 86_400.0
BLAMED_SAME: Final = 0.2
BLAMED_OTHER: Final = -1.5
TOLL_EQUAL: Final = 1.0
TOLL_APART: Final = -0.7
RARER: Final = 0.4
FEWEST_WORDS: Final = 4
SPOKEN_KINDS: Final = RETOLD | {"party", "complaint"}


def marks(
    table: pa.Table,
    name: Int64Array,
    act: Int64Array,
    accused: Int64Array,
    middle_s: Float64Array,
    a: Int64Array,
    b: Int64Array,
) -> Float64Array:
    """ln likelihood ratio (p,) of rows a and b being about one incident, from words and tolls alone.

    Args:
        name, act, middle_s: (n,) place name, act and time: reports of one place and act that lie far apart in time
            show how alike different incidents sound.
        accused: (n,) whom each blames, -1 for nobody.
    """
    if not len(a):
        return np.empty(0)
    total = _words(table, name, act, middle_s, a, b)
    for toll in ("killed", "injured"):
        total += _tolls(column(table, f"{toll}_min"), column(table, f"{toll}_max"), a, b)
    both = (accused[a] >= 0) & (accused[b] >= 0)
    total += np.where(both, np.where(accused[a] == accused[b], BLAMED_SAME, BLAMED_OTHER), 0.0)
    return total


def _tolls(low: Float64Array, high: Float64Array, a: Int64Array, b: Int64Array) -> Float64Array:
    low = np.where(np.isnan(low), high, low)
    high = np.where(np.isnan(high), low, high)
    said = ~np.isnan(low[a]) & ~np.isnan(low[b])
    with np.errstate(invalid="ignore"):
        equal = (low[a] == low[b]) & (high[a] == high[b])
        meet = (low[a] <= high[b]) & (low[b] <= high[a])
    rare = RARER * np.log(np.clip(np.where(said, low[a], 1.0), 1.0, 100.0))
    value: Float64Array = np.where(
        said, np.where(equal, TOLL_EQUAL + rare, np.where(meet, 0.3, TOLL_APART)), 0.0
    )
    return value


def _words(
    table: pa.Table, name: Int64Array, act: Int64Array, middle_s: Float64Array, a: Int64Array, b: Int64Array
) -> Float64Array:
    value = np.zeros(len(a))
    matrix, long = _matrix(table)
    if matrix is None:
        return value
    langs = [str(lang) for lang in table.column("lang").to_pylist()]
    tongue = {lang: index for index, lang in enumerate(sorted(set(langs)))}
    spoken = np.array([tongue[lang] for lang in langs], dtype=np.int64)
    pairs = np.flatnonzero(long[a] & long[b] & (spoken[a] == spoken[b]))
    if not len(pairs):
        return value
    rows = np.flatnonzero(long)
    rows = rows[np.lexsort((rows, middle_s[rows], name[rows], act[rows], spoken[rows]))]
    counts = APART_COUNTS * APART
    for step in (1, 2, 5, 11):
        one, two = rows[:-step], rows[step:]
        far = (
            (np.abs(middle_s[one] - middle_s[two]) > GAP_S)
            & (spoken[one] == spoken[two])
            & (act[one] == act[two])
        )
        band = np.searchsorted(EDGES, _cosine(matrix, one[far], two[far]), side="right")
        counts = counts + np.bincount(band, minlength=len(counts))
    worth = np.clip(np.log(SAME / (counts / counts.sum())), *FARTHEST)
    value[pairs] = worth[np.searchsorted(EDGES, _cosine(matrix, a[pairs], b[pairs]), side="right")]
    return value


def _matrix(table: pa.Table) -> tuple[Any, Any]:
    """Rows of unit length, rare words weighing more (tf-idf), and which rows have enough words."""
    texts, kinds = table.column("text").to_pylist(), table.column("source_kind").to_pylist()
    rows: list[int] = []
    columns: list[int] = []
    vocabulary: dict[str, int] = {}
    long = np.zeros(len(texts), dtype=bool)
    for row, text in enumerate(texts):
        said = sorted(set(words(text).split())) if text and kinds[row] in SPOKEN_KINDS else []
        if len(said) >= FEWEST_WORDS:
            long[row] = True
            rows += [row] * len(said)
            columns += [vocabulary.setdefault(word, len(vocabulary)) for word in said]
    if not vocabulary:
        return None, long
    matrix = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(texts), len(vocabulary)))
    rarity = np.log((long.sum() + 1.0) / (np.asarray(matrix.sum(axis=0)).ravel() + 0.5))
    matrix = matrix @ diags(np.maximum(rarity, 0.0))
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    long &= length > 0
    return diags(1.0 / np.where(length > 0, length, 1.0)) @ matrix, long


def _cosine(matrix: Any, a: Int64Array, b: Int64Array) -> Float64Array:
    """Cosines, rounded so that the bands are the same on every machine."""
    if not len(a):
        return np.empty(0)
    product = np.asarray(matrix[a].multiply(matrix[b]).sum(axis=1)).ravel()
    return np.asarray(np.round(product, 9), dtype=np.float64)
