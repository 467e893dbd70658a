"""Arrow lists from numbers, without a Python object a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from truceline.geo.points import Int64Array


def lists(group: Int64Array, values: Any, k: int) -> pa.ListArray:
    """Lists of values by group (ascending), k of them."""
    offsets = np.searchsorted(group, np.arange(k + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def structs(group: Int64Array, k: int, kind: Any, *columns: Any) -> pa.ListArray:
    """Lists of structs of a list type's value type."""
    made = pa.StructArray.from_arrays(list(columns), fields=list(kind.value_type))
    return lists(group, made, k)


def word_sets(
    group: Int64Array, words: Int64Array, names: tuple[str, ...] | list[str], k: int
) -> pa.ListArray:
    """Each group's distinct words in alphabetical order; numbers below 0 are passed over."""
    order = sorted(range(len(names)), key=names.__getitem__)
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    kept = words >= 0
    key = np.unique(group[kept] * max(len(names), 1) + rank[words[kept]])
    ordered = pa.array([names[i] for i in order], pa.string())
    return lists(key // max(len(names), 1), ordered.take(pa.array(key % max(len(names), 1))), k)
