"""Texts as sets of numbered words, and which of them are nearly the same.

A word is the low bits of its hash, so no vocabulary is kept and any part of a table reads the same as the whole. Rare
words weigh more; how rare a word is is guessed from its length, which needs no counting (docs/explanation/fusion.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.fusion.compiled import compiled
from truceline.geo.points import BoolArray, Float64Array, Int64Array

NEAR: Final = 0.8
HASHES, BANDS = 32, 8
_NOT_WORD: Final = r"[^\p{L}\p{N}]+"
_MASK: Final = np.uint64((1 << 62) - 1)
_SEEDS: Final = np.array(
    [(2 * i + 1) * 0x9E3779B97F4A7C15 % (1 << 64) for i in range(HASHES)], dtype=np.uint64
)


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Words of row i at start[i] to start[i + 1], each once, sorted; `number` is equal for equal texts, -1 for none."""

    start: Int64Array
    words: Int64Array
    weights: Float64Array
    number: Int64Array


def read_texts(values: Any, chosen: BoolArray, shortest: int) -> Texts:
    """Texts of chosen rows; others, and texts shorter than `shortest` characters, have no number.

    Args:
        values: a column of strings.
    """
    n = len(chosen)
    start = np.zeros(n + 1, dtype=np.int64)
    number = np.full(n, -1, dtype=np.int64)
    rows = np.flatnonzero(chosen)
    some = pc.take(values, pa.array(rows)) if len(rows) else None
    if some is None or some.null_count == len(rows):
        return Texts(start, np.empty(0, dtype=np.int64), np.empty(0), number)
    said = pc.utf8_trim_whitespace(
        pc.replace_substring_regex(pc.utf8_lower(some.fill_null("")), _NOT_WORD, " ")
    )
    said = said.combine_chunks() if isinstance(said, pa.ChunkedArray) else said
    said = pa.concat_arrays([said.cast(pa.large_string())])
    _, offset, content = said.buffers()
    ends = np.frombuffer(offset, dtype=np.int64)[: len(rows) + 1]
    octets = np.frombuffer(content, dtype=np.uint8) if content is not None else np.empty(0, dtype=np.uint8)
    counts, words, weights, whole = _split(ends, octets)
    start[1 + rows] = counts
    long = pc.utf8_length(said).to_numpy(zero_copy_only=False) >= shortest
    number[rows[long]] = whole[long]
    return Texts(np.cumsum(start), words, weights, number)


@compiled
def _split(ends: Int64Array, octets: Any) -> tuple[Int64Array, Int64Array, Float64Array, Int64Array]:
    """Distinct words of each text by their hashes (FNV-1a), sorted, with weights; and the hash of each whole text."""
    n = len(ends) - 1
    total = n
    for place in range(ends[0], ends[n]):
        total += octets[place] == 32
    words, weights = np.empty(total, dtype=np.int64), np.empty(total)
    counts, whole = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    at = 0
    for text in range(n):
        first = at
        hashed = every = np.uint64(0xCBF29CE484222325)
        length = 0
        for place in range(ends[text], ends[text + 1] + 1):
            last = place == ends[text + 1]
            if last or octets[place] == 32:
                if length:
                    words[at] = np.int64(hashed & _MASK)
                    weights[at] = float(min(length, 9))
                    at += 1
                hashed = np.uint64(0xCBF29CE484222325)
                length = 0
            else:
                hashed = (hashed ^ np.uint64(octets[place])) * np.uint64(0x100000001B3)
                length += (octets[place] & 0xC0) != 0x80
            if not last:
                every = (every ^ np.uint64(octets[place])) * np.uint64(0x100000001B3)
        whole[text] = np.int64(every & _MASK)
        order = np.argsort(words[first:at])
        sorted_words, sorted_weights = words[first:at][order], weights[first:at][order]
        end = first
        for index in range(at - first):
            if index == 0 or sorted_words[index] != sorted_words[index - 1]:
                words[end], weights[end] = sorted_words[index], sorted_weights[index]
                end += 1
        counts[text] = end - first
        at = end
    return counts, words[:at].copy(), weights[:at].copy(), whole


@compiled
def nearly_same(i: int, j: int, start: Int64Array, words: Int64Array) -> bool:
    """Whether two texts of more than three words share four fifths of them (Jaccard)."""
    a, b, both = start[i], start[j], 0
    one, two = start[i + 1] - a, start[j + 1] - b
    if one <= 3 or two <= 3:
        return False
    while a < start[i + 1] and b < start[j + 1]:
        if words[a] == words[b]:
            a, b, both = a + 1, b + 1, both + 1
        elif words[a] < words[b]:
            a += 1
        else:
            b += 1
    return bool(both >= NEAR * (one + two - both))


@compiled
def signatures(rows: Int64Array, start: Int64Array, words: Int64Array) -> Int64Array:
    """Keys (m, BANDS) of which nearly equal texts share at least one: MinHash in bands (Broder 1997)."""
    found = np.zeros((len(rows), BANDS), dtype=np.int64)
    each = HASHES // BANDS
    for index in range(len(rows)):
        for one in range(BANDS):
            key = np.uint64(one + 1)
            for turn in range(each):
                seed = _SEEDS[one * each + turn]
                least = np.uint64(0xFFFFFFFFFFFFFFFF)
                for place in range(start[rows[index]], start[rows[index] + 1]):
                    mixed = (np.uint64(words[place]) ^ seed) * np.uint64(0xBF58476D1CE4E5B9)
                    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0x94D049BB133111EB)
                    least = min(least, mixed ^ (mixed >> np.uint64(29)))
                key = (key ^ least) * np.uint64(0x100000001B3)
            found[index, one] = np.int64(key & _MASK)
    return found
