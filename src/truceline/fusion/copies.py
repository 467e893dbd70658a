"""Who says it first-hand: the independent origin of each report, and equal texts.

Ten outlets that carry one agency's line are one origin. A party, whoever repeats it, is one origin together with all
that stand with it at the time.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from truceline.geo.points import BoolArray, Int64Array
from truceline.records.parties import Alignment, alignment_of

_NOT_WORD = re.compile(r"[\W_]+")
SPOKEN = ("claim", "denial", "third_party")
SHORTEST_TEXT = 12
RETOLD = frozenset({"media", "registry", "unknown"})
NEAR = 0.8
FIRST_HAND = frozenset({"saw", "heard", "recorded", "uav_imagery", "satellite_imagery", "thermal"})


def root_keys(table: pa.Table, alignments: tuple[Alignment, ...]) -> tuple[Int64Array, BoolArray, Int64Array]:
    """Number of the independent origin of each row, whether the row is an established copy, and its original's row.

    Returns:
        (n,) numbers in order of appearance; (n,) bool; (n,) row of the original where it is in the table, else -1.
    """
    ids, sources = table.column("obs_id").to_pylist(), table.column("source_id").to_pylist()
    kinds, actors = table.column("source_kind").to_pylist(), table.column("actor").to_pylist()
    stances, copies = table.column("stance").to_pylist(), table.column("copy_of").to_pylist()
    at = table.column("observed_from_ms").to_pylist()
    row_of = {obs_id: row for row, obs_id in enumerate(ids)}

    def own(row: int) -> tuple[str, str]:
        speaks = kinds[row] in ("party", "complaint") or stances[row] in SPOKEN
        if speaks and actors[row]:
            return "actor", alignment_of(alignments, actors[row], at[row])
        return "source", sources[row]

    keys: list[tuple[str, str]] = []
    established = np.zeros(len(ids), dtype=bool)
    original = np.full(len(ids), -1, dtype=np.int64)
    for row in range(len(ids)):
        here, seen = row, [row]
        key: tuple[str, str] | None = None
        while copies[here]:
            target = row_of.get(copies[here])
            if target is None:
                key = ("source", copies[here])
                break
            if target in seen:
                here = min(seen)
                break
            here = target
            seen.append(here)
        keys.append(key or own(here))
        established[row] = here != row or key is not None
        if key is None and here != row:
            original[row] = here
    seen_keys: dict[tuple[str, str], int] = {}
    numbers = np.array([seen_keys.setdefault(key, len(seen_keys)) for key in keys], dtype=np.int64)
    return numbers, established, original


def words(text: str) -> str:
    """A text in lower case with single spaces and no punctuation."""
    return _NOT_WORD.sub(" ", text.casefold()).strip()


def text_keys(table: pa.Table) -> Int64Array:
    """Equal texts of those who retell get equal numbers; -1 where a text is too short to mean anything.

    Observers and sensors write to a form: equal words of two posts are two observations.
    """
    seen: dict[str, int] = {}
    numbers = []
    for text, kind in zip(
        table.column("text").to_pylist(), table.column("source_kind").to_pylist(), strict=True
    ):
        plain = words(text) if text and kind in RETOLD else ""
        numbers.append(seen.setdefault(plain, len(seen)) if len(plain) >= SHORTEST_TEXT else -1)
    return np.array(numbers, dtype=np.int64)


def near(one: str, two: str) -> bool:
    """Whether two texts share four fifths of their words (Jaccard)."""
    a, b = set(words(one).split()), set(words(two).split())
    return len(a) > 3 and len(b) > 3 and len(a & b) >= NEAR * len(a | b)


def retells(kind: str, means: str) -> bool:
    """Whether a report of this kind, by these means, may do no more than repeat a party that blames the same side."""
    return kind in RETOLD and means not in FIRST_HAND
