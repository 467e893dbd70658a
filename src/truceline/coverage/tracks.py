"""Watches from what moves: patrols by the fixes of their track, satellites by their passes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from truceline.errors import RecordError
from truceline.geo import Frame
from truceline.records.columns import WATCHES

LOST_MS: Final = 15 * 60_000
"""Fixes further apart than this leave a gap in which nothing is known to have been watched."""

FIXES: Final = pa.schema(
    [("source_id", pa.string()), ("at_ms", pa.int64()), ("lon_udeg", pa.int32()), ("lat_udeg", pa.int32())]
)
PASSES: Final = pa.schema(
    [
        ("source_id", pa.string()), ("at_ms", pa.int64()), ("lon_udeg", pa.int32()), ("lat_udeg", pa.int32()),
        ("swath_m", pa.int32()), ("clear", pa.bool_()),
    ]
)  # fmt: skip
"""The point of the pass nearest to the line, the width of what is imaged, and whether the sky was clear."""


def patrol_watches(
    fixes: pa.Table,
    *,
    radius_m: int,
    source_kind: str = "patrol",
    lost_ms: int = LOST_MS,
    exercise: bool = False,
) -> pa.Table:
    """Watches (`records.columns.WATCHES`) along tracks (`FIXES`), in pieces during which a patrol moves at most half its radius.

    A column `outcome`, where there is one, says from each fix on what became of watching: access denied, jammed, ...

    Raises:
        RecordError: COV-007 a radius that is not above 0, or two fixes of one source at one instant.
    """
    if radius_m <= 0:
        raise RecordError(
            "COV-007",
            "a track must have a radius above 0",
            value=radius_m,
            remedy="Give how far a patrol sees.",
        )
    rows = fixes.sort_by([("source_id", "ascending"), ("at_ms", "ascending")])
    if rows.num_rows < 2:
        return WATCHES.empty_table()
    source = np.array(rows["source_id"].to_pylist(), dtype=np.str_)
    at = rows["at_ms"].to_numpy()
    lonlat = np.column_stack([rows[n].to_numpy() for n in ("lon_udeg", "lat_udeg")]) / 1e6
    frame = Frame.at(lonlat)
    xy = frame.to_xy(lonlat)
    same, gone = source[1:] == source[:-1], np.diff(at)
    if (same & (gone == 0)).any():
        twice = int(np.flatnonzero(same & (gone == 0))[0])
        raise RecordError(
            "COV-007", "a track must have one fix at an instant", where=str(source[twice]), value=int(at[twice]),
            remedy="Leave one of the two out.",
        )  # fmt: skip
    leg = np.flatnonzero(same & (gone <= lost_ms))
    moved = np.hypot(*(xy[leg + 1] - xy[leg]).T)
    pieces = np.maximum(np.ceil(moved / (radius_m / 2)), 1).astype(np.int64)
    row = np.repeat(leg, pieces)
    number = np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = np.repeat(pieces, pieces)
    begin, end = (at[row] + (gone[row] * (number + k)) // share for k in (0, 1))
    middle = frame.to_lonlat(xy[row] + (xy[row + 1] - xy[row]) * ((number + 0.5) / share)[:, None])
    said = rows["outcome"].to_pylist() if "outcome" in rows.column_names else ["watched"] * rows.num_rows
    outcome, whose = np.array(said, dtype=np.str_)[row], source[row]
    stopped = np.zeros(
        len(row), dtype=np.bool_
    )  # a patrol that was stopped was stopped once, however many fixes say so
    stopped[1:] = (outcome[1:] != "watched") & (outcome[1:] == outcome[:-1])
    stopped[1:] &= (begin[1:] == end[:-1]) & (whose[1:] == whose[:-1])
    first = np.flatnonzero(~stopped)
    end = end[np.append(first[1:], len(row)) - 1]
    return _watches(
        whose[first].tolist(), source_kind, begin[first], end, middle[first], np.full(len(first), radius_m), outcome[first].tolist(), exercise
    )  # fmt: skip


def thinned(fixes: pa.Table, radius_m: int, *, lost_ms: int = LOST_MS) -> pa.Table:
    """The fixes of tracks that matter: a receiver's fix a second would make a watch a second.

    Kept are the first and the last of a track and of each piece without a gap, those at which its `outcome` changes, and
    between them one whenever the patrol is an eighth of its radius from the last one kept, or a third of `lost_ms` later.
    Two that say the same of one source at one instant are one.
    """
    rows = fixes.sort_by([("source_id", "ascending"), ("at_ms", "ascending")])
    if rows.num_rows < 3 or radius_m <= 0:
        return rows
    source, at = np.array(rows["source_id"].to_pylist(), dtype=np.str_), rows["at_ms"].to_numpy()
    lonlat = np.column_stack([rows[n].to_numpy() for n in ("lon_udeg", "lat_udeg")]) / 1e6
    xy = Frame.at(lonlat).to_xy(lonlat)
    said = rows["outcome"].to_pylist() if "outcome" in rows.column_names else [""] * rows.num_rows
    kept = np.ones(rows.num_rows, dtype=np.bool_)
    last = 0
    for row in range(1, rows.num_rows):
        same = source[row] == source[row - 1]
        if (
            same
            and at[row] == at[row - 1]
            and (lonlat[row] == lonlat[row - 1]).all()
            and said[row] == said[row - 1]
        ):
            kept[row] = False
            continue
        ends = row + 1 == rows.num_rows or source[row + 1] != source[row] or at[row + 1] - at[row] > lost_ms
        begins = not same or at[row] - at[row - 1] > lost_ms
        if (
            ends
            or begins
            or said[row] != said[last]
            or at[row] - at[last] > lost_ms // 3
            or np.hypot(*(xy[row] - xy[last])) >= radius_m / 8
        ):
            last = row
        else:
            kept[row] = False
    return rows.filter(pa.array(kept))


def pass_watches(
    passes: pa.Table, *, lingers_ms: int, source_kind: str = "satellite", exercise: bool = False
) -> pa.Table:
    """Watches of satellites (`PASSES`): what still burned or lay open at the pass happened up to `lingers_ms` before.

    A pass over cloud is a watch that the weather blocked.
    """
    at = passes["at_ms"].to_numpy()
    lonlat = np.column_stack([passes[n].to_numpy() for n in ("lon_udeg", "lat_udeg")]) / 1e6
    outcome = ["watched" if clear else "weather" for clear in passes["clear"].to_pylist()]
    return _watches(
        passes["source_id"].to_pylist(), source_kind, at - lingers_ms, at, lonlat, passes["swath_m"].to_numpy() // 2, outcome,
        exercise,
    )  # fmt: skip


def _watches(
    source: list[str], kind: str, begin: Any, end: Any, lonlat: Any, radius: Any, outcome: list[str], exercise: bool
) -> pa.Table:  # fmt: skip
    size = len(source)
    udeg = np.rint(np.asarray(lonlat).reshape(-1, 2) * 1e6).astype(np.int32)
    mark = "EXERCISE-" if exercise else ""
    columns = {
        "watch_id": [
            f"{mark}{name.removeprefix('EXERCISE-')}-{start}"
            for name, start in zip(source, begin.tolist(), strict=True)
        ],
        "source_id": source, "source_kind": [kind] * size, "from_ms": begin, "to_ms": end, "outcome": outcome,
        "lon_udeg": udeg[:, 0], "lat_udeg": udeg[:, 1], "radius_m": radius.astype(np.int32), "exercise": [exercise] * size,
    }  # fmt: skip
    return pa.Table.from_arrays(
        [
            pa.array(columns[f.name], type=f.type) if f.name in columns else pa.nulls(size, f.type)
            for f in WATCHES
        ],
        schema=WATCHES,
    )
