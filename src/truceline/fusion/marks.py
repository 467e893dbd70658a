"""What two reports say besides place, time and kind: their words, their tolls.

Both are weak: reports of one incident often give different tolls, and reports of different ones use the same words. The
steps were set on one year of coded articles and tried on others (docs/explanation/fusion.md).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix, diags

from truceline.fusion.copies import words
from truceline.geo.points import Float64Array, Int64Array, column

COSINES: Final = (0.0, 0.04, 0.1, 0.3, 0.8, 1.0)
LN_COSINE: Final = (-0.9, -0.5, 0.4, 1.4, 2.5, 2.8)
TOLL_EQUAL: Final = 1.0
TOLL_APART: Final = -0.7
RARER: Final = 0.4
FEWEST_WORDS: Final = 4


def marks(table: pa.Table, a: Int64Array, b: Int64Array) -> Float64Array:
    """ln likelihood ratio (p,) of rows a and b being about one incident, from words and tolls alone."""
    if not len(a):
        return np.empty(0)
    total = _words(table, a, b)
    for name in ("killed", "injured"):
        total += _tolls(column(table, f"{name}_min"), column(table, f"{name}_max"), a, b)
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


def _words(table: pa.Table, a: Int64Array, b: Int64Array) -> Float64Array:
    """From the cosine of the two texts, rare words weighing more (tf-idf); 0 where either is short or in another language."""
    texts = table.column("text").to_pylist()
    langs = table.column("lang").to_pylist()
    rows: list[int] = []
    columns: list[int] = []
    vocabulary: dict[str, int] = {}
    long = np.zeros(len(texts), dtype=bool)
    for row, text in enumerate(texts):
        said = sorted(set(words(text).split())) if text else []
        if len(said) >= FEWEST_WORDS:
            long[row] = True
            rows += [row] * len(said)
            columns += [vocabulary.setdefault(word, len(vocabulary)) for word in said]
    value = np.zeros(len(a))
    if not vocabulary:
        return value
    tongue = {lang: index for index, lang in enumerate(sorted({str(lang) for lang in langs}))}
    spoken = np.array([tongue[str(lang)] for lang in langs], dtype=np.int64)
    matrix = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(texts), len(vocabulary)))
    rarity = np.log((long.sum() + 1.0) / (np.asarray(matrix.sum(axis=0)).ravel() + 0.5))
    matrix = matrix @ diags(np.maximum(rarity, 0.0))
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    pairs = np.flatnonzero(long[a] & long[b] & (spoken[a] == spoken[b]))
    pairs = pairs[(length[a[pairs]] > 0) & (length[b[pairs]] > 0)]
    if len(pairs):
        product = np.asarray(matrix[a[pairs]].multiply(matrix[b[pairs]]).sum(axis=1)).ravel()
        cosine = product / (length[a[pairs]] * length[b[pairs]])
        value[pairs] = np.interp(cosine, COSINES, LN_COSINE)
    return value
