"""Arrays to Arrow: words by number, ids by mixing, so that millions of rows are made in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.records.columns import OBSERVATIONS
from truceline.simulate.chance import bits
from truceline.simulate.plane import Ints

NULL = int(np.iinfo(np.int64).min)
_PREFIX = b"EXERCISE-"
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_ALWAYS: dict[str, Any] = {"stance": "report", "exercise": True, "lang": "en"}


@dataclass(frozen=True, slots=True)
class Words:
    """A text column as numbers into a list; -1 is null."""

    index: Ints
    words: tuple[str, ...]


@dataclass(slots=True)
class Part:
    """Reports of one kind. truth: (n,) number of the incident, -1 for none; key: (n,) when it is told, for the order."""

    truth: Ints
    key: Any
    columns: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.truth)


def observations(part: Part, numbers: Ints, seed: int) -> pa.Table:
    """The rows of a part, ids from their numbers."""
    columns = {**_ALWAYS, "obs_id": obs_ids(numbers, seed), **part.columns}
    assert set(columns) <= set(OBSERVATIONS.names), set(columns) - set(OBSERVATIONS.names)
    made = [_array(one, columns.get(one.name), len(part)) for one in OBSERVATIONS]
    return pa.Table.from_arrays(made, schema=OBSERVATIONS)


def obs_ids(numbers: Ints, seed: int) -> Any:
    """`EXERCISE-` and sixteen hexadecimal digits: different numbers give different ids, and an id tells nothing."""
    start = bits(seed, 7_900)[0]
    with np.errstate(over="ignore"):
        mixed = _bijection(numbers.astype(np.uint64) + start)
    return _hex(mixed, _PREFIX, 16)


def incident_ids(numbers: Ints, first: int) -> Any:
    """`EXERCISE-I` and a number; null below 0."""
    made = _hex(np.maximum(numbers + first, 0).astype(np.uint64), b"EXERCISE-I", 9)
    return pc.if_else(pa.array(numbers < 0), pa.scalar(None, pa.string()), made)


def _bijection(word: Any) -> Any:
    """The finisher of SplitMix64, which loses nothing."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


def _hex(word: Any, prefix: bytes, digits: int) -> Any:
    width = len(prefix) + digits
    letters = np.empty((len(word), width), dtype=np.uint8)
    letters[:, : len(prefix)] = np.frombuffer(prefix, dtype=np.uint8)
    for place in range(digits):
        letters[:, width - 1 - place] = _HEX[
            ((word >> np.uint64(4 * place)) & np.uint64(15)).astype(np.int64)
        ]
    offsets = np.arange(0, (len(word) + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(len(word), pa.py_buffer(offsets), pa.py_buffer(letters.tobytes()))


def _array(one: Any, value: Any, count: int) -> Any:
    if value is None:
        if b"codes" in (one.metadata or {}):
            value = "unknown"
        else:
            return pa.nulls(count, one.type)
    if isinstance(value, Words):
        missing = value.index < 0
        index = pa.array(np.maximum(value.index, 0).astype(np.int32), mask=missing if missing.any() else None)
        return pa.DictionaryArray.from_arrays(index, pa.array(value.words, pa.string())).cast(pa.string())
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f":
            value = np.rint(value).astype(np.int64)
        missing = value == NULL
        return pa.array(np.where(missing, 0, value), mask=missing if missing.any() else None).cast(one.type)
    if isinstance(value, (pa.Array, pa.ChunkedArray)):
        return value
    return pa.repeat(pa.scalar(value, one.type), count)
