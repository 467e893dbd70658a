"""What a mission already holds: rows by key and by content, compact enough for ten million.

Two sorted sets of 16-byte words: keys (what a row is about) and contents (the first half of a row's digest). A row
whose content is held is a duplicate, whatever else happened to its key since: reading any file again adds nothing. A
row with a held key and a new content supersedes. Limit: a source that goes back to an earlier wording of a row word
for word is not noticed, because it cannot be told from a re-import. 32 bytes a row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from truceline.intake.chunks import BoolArray, Chunk, UInt64Array
from truceline.intake.rows import digest_keys


@dataclass(frozen=True, slots=True)
class Sifted:
    """Three masks (n,) over the rows of a chunk; every row is in exactly one."""

    fresh: BoolArray
    duplicate: BoolArray
    superseding: BoolArray


class _Words:
    """A set of 128-bit words in runs sorted by first word, each at least twice the next: no Python objects."""

    def __init__(self) -> None:
        self._runs: list[UInt64Array] = []

    def __len__(self) -> int:
        return sum(len(run) for run in self._runs)

    def holds(self, words: UInt64Array) -> BoolArray:
        found = np.zeros(len(words), np.bool_)
        order = np.argsort(words[:, 0])
        ranked = words[order]  # needles in order walk the run once, not all over it
        for run in self._runs:
            found[order] |= _within(run, ranked)
        return found

    def add(self, words: UInt64Array) -> None:
        """Add words that are not held yet, each once."""
        if not len(words):
            return
        self._runs.append(np.ascontiguousarray(words[np.argsort(words[:, 0])]))
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            self._runs.append(_merged(self._runs.pop(), self._runs.pop()))


class Ledger:
    """The known rows. `sift` says what is new in a chunk and remembers it."""

    def __init__(self) -> None:
        self._keys, self._contents = _Words(), _Words()

    def __len__(self) -> int:
        """Number of different contents held."""
        return len(self._contents)

    def sift(self, chunk: Chunk) -> Sifted:
        """Classify the rows of a chunk and remember them; a key may occur twice within the chunk, the last is newest."""
        contents = digest_keys(chunk.digests)
        duplicate = self._contents.holds(contents) | ~_first(contents)
        known = self._keys.holds(chunk.keys)
        first_of_key = np.zeros(len(known), np.bool_)
        rest = np.flatnonzero(~duplicate)
        first_of_key[rest] = _first(chunk.keys[rest])
        fresh = ~duplicate & ~known & first_of_key
        superseding = ~duplicate & ~fresh
        self._contents.add(contents[~duplicate])
        self._keys.add(chunk.keys[fresh])
        return Sifted(fresh, duplicate, superseding)

    def remember(self, keys: UInt64Array, contents: UInt64Array) -> None:
        """Take in rows that were accepted before: uint64 (n, 2) each, in any order, repeats allowed."""
        for words, held in ((keys, self._keys), (contents, self._contents)):
            held.add(words[_first(words) & ~held.holds(words)])


def newest(keys: UInt64Array) -> BoolArray:
    """Which rows stand, given the keys (n, 2) of accepted rows in log order: the last of each key."""
    mask: BoolArray = _first(keys[::-1])[::-1]
    return mask


def _merged(one: UInt64Array, other: UInt64Array) -> UInt64Array:
    """Two runs as one."""
    whole = np.empty((len(one) + len(other), 2), np.uint64)
    places = np.searchsorted(other[:, 0], one[:, 0]) + np.arange(len(one))
    rest = np.ones(len(whole), np.bool_)
    rest[places] = False
    whole[places], whole[rest] = one, other
    return whole


def _first(words: UInt64Array) -> BoolArray:
    """True at the first row of each distinct word."""
    mask = np.ones(len(words), np.bool_)
    high = np.sort(words[:, 0])
    if (high[1:] == high[:-1]).any():
        order = np.lexsort((words[:, 1], words[:, 0]))  # stable: equal words keep their order
        ranked = words[order]
        mask[order[1:]] = (ranked[1:] != ranked[:-1]).any(axis=1)
    return mask


def _within(run: UInt64Array, words: UInt64Array) -> BoolArray:
    """Membership in a run sorted by first word; stretches of equal first words are walked."""
    high, low = run[:, 0], run[:, 1]
    at = np.searchsorted(high, words[:, 0])
    found = np.zeros(len(words), np.bool_)
    open_rows = np.arange(len(words))
    while len(open_rows):
        place = at[open_rows]
        inside = place < len(run)
        open_rows, place = open_rows[inside], place[inside]
        same = high[place] == words[open_rows, 0]
        open_rows, place = open_rows[same], place[same]
        hit = low[place] == words[open_rows, 1]
        found[open_rows[hit]] = True
        open_rows = open_rows[~hit]
        at[open_rows] += 1
    return found
