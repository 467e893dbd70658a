"""Rows of observations, from arrays: defaults, ids, nulls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from truceline.records.columns import OBSERVATIONS, WATCHES
from truceline.simulate.chance import bits
from truceline.simulate.plane import Ints, Plane

NULL = int(np.iinfo(np.int64).min)  # "not said", in an array of integers
TRUTH = pa.schema([("obs_id", pa.string()), ("incident", pa.string())])

Rows = tuple[pa.Table, Ints]
"""OBSERVATIONS and, for each row, the index of the true incident (-1 for none)."""


def ids(seed: int, stream: int, *keys: Any) -> list[str]:
    """One id for each combination of keys; it gives neither source nor place away."""
    return [f"EXERCISE-{word >> 16:012x}" for word in bits(seed, stream, *keys).tolist()]


def rows(obs_id: list[str], truth: Ints, **columns: Any) -> Rows:
    """A table of observations: a column is an array, a list or one value for all; coded columns default to unknown."""
    count = len(obs_id)
    columns = {"obs_id": obs_id, "stance": "report", "exercise": True, **columns}
    made = [_array(field, columns.get(field.name), count) for field in OBSERVATIONS]
    unknown = set(columns) - set(OBSERVATIONS.names)
    assert not unknown, unknown
    return pa.Table.from_arrays(made, schema=OBSERVATIONS), np.asarray(truth, dtype=np.int64)


def watch_rows(count: int, **columns: Any) -> pa.Table:
    """A table of watches, in the same way."""
    columns = {"exercise": True, **columns}
    return pa.Table.from_arrays(
        [_array(field, columns.get(field.name), count) for field in WATCHES], schema=WATCHES
    )


def together(parts: list[Rows]) -> Rows:
    """All rows in the order in which they were received, then by id."""
    table = pa.concat_tables([part[0] for part in parts])
    truth = np.concatenate([part[1] for part in parts])
    received = table["received_at_ms"].to_numpy()
    obs = np.array(table["obs_id"].to_pylist(), dtype=np.str_)
    order = np.lexsort((obs, received))
    return table.take(pa.array(order)).combine_chunks(), truth[order]


def place(plane: Plane, xy: Any) -> dict[str, Any]:
    """Columns lon_udeg and lat_udeg of points (n, 2)."""
    udeg = plane.to_udeg(np.asarray(xy, dtype=np.float64).reshape(-1, 2))
    return {"lon_udeg": udeg[:, 0], "lat_udeg": udeg[:, 1]}


def _array(field: Any, value: Any, count: int) -> Any:
    if value is None and b"codes" in (field.metadata or {}):
        value = "unknown"
    if value is None:
        return pa.nulls(count, field.type)
    if isinstance(value, (str, bool, int)):
        return pa.repeat(pa.scalar(value, field.type), count)
    if isinstance(value, np.ndarray) and value.dtype.kind in "iu":
        return pa.array(np.where(value == NULL, 0, value), mask=value == NULL).cast(field.type)
    return pa.array(value, type=field.type)
