"""What of an incident may be seen outside the mission. Every file of a report is made from this form."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

from truceline.records.codes import probability_word
from truceline.report.view import View

HOUR_MS: Final = 3_600_000

COUNTED_ACTS: Final = frozenset(
    {
        "explosion", "burst", "shot", "projectile", "muzzle_flash", "illumination_flare",
        "shelling", "air_strike", "clash",
    }
)  # fmt: skip
"""Acts whose single shots, bursts and explosions count as violations; the rest count as incidents only."""

DISCLOSED: Final = pa.schema(
    [
        ("incident_id", pa.string()), ("sector_id", pa.string()),
        ("from_ms", pa.int64()), ("to_ms", pa.int64()),  # widened to whole hours
        ("act", pa.string()), ("means", pa.list_(pa.string())), ("weapon", pa.string()),
        ("calibre_um", pa.int32()), ("count_min", pa.int64()), ("count_max", pa.int64()),
        ("open_ended", pa.bool_()),
        ("killed_min", pa.int32()), ("killed_max", pa.int32()),
        ("injured_min", pa.int32()), ("injured_max", pa.int32()),
        ("probability_e4", pa.int32()), ("probability_word", pa.string()), ("word", pa.string()),
        ("independent_groups", pa.int32()), ("source_kinds", pa.list_(pa.string())),
        ("supports", pa.int64()), ("contradicts", pa.int64()), ("copies", pa.int64()),
        ("exercise", pa.bool_()),
    ]
)  # fmt: skip
"""`supports`, `contradicts`, `copies` are numbers of observations. Side, place, direction and distance are absent."""

_COPIED: Final = (
    "incident_id", "act", "means", "weapon", "calibre_um", "killed_min", "killed_max", "injured_min",
    "injured_max", "probability_e4", "word", "independent_groups", "source_kinds", "exercise",
)  # fmt: skip


def disclosed_incidents(incidents: pa.Table, *, withheld_after_ms: int | None = None) -> pa.Table:
    """The public form of incident rows, in the same order.

    Args:
        incidents: `columns.INCIDENTS`.
        withheld_after_ms: the sector of incidents that end after this moment is withheld (null).
    Returns:
        `DISCLOSED`. `count_min` is at least 1 for a counted act and 0 for others; where no upper count was said,
        `count_max` repeats `count_min` and `open_ended` is true.
    """
    columns: dict[str, list[Any]] = {name: incidents[name].to_pylist() for name in _COPIED}
    from_ms, to_ms = incidents["from_ms"].to_pylist(), incidents["to_ms"].to_pylist()
    columns["from_ms"] = [at // HOUR_MS * HOUR_MS for at in from_ms]
    columns["to_ms"] = [_later_hour(at, start) for at, start in zip(to_ms, from_ms, strict=True)]
    columns["sector_id"] = [
        None if withheld_after_ms is not None and end > withheld_after_ms else sector
        for sector, end in zip(incidents["sector_id"].to_pylist(), to_ms, strict=True)
    ]
    columns["count_min"], columns["count_max"], columns["open_ended"] = [], [], []
    for act, least, most in zip(
        columns["act"], incidents["count_min"].to_pylist(), incidents["count_max"].to_pylist(), strict=True
    ):
        counted = act in COUNTED_ACTS
        low = max(least or 1, 1) if counted else 0
        columns["count_min"].append(low)
        columns["count_max"].append(max(most or low, low) if counted else 0)
        columns["open_ended"].append(counted and most is None)
    columns["probability_word"] = [
        None if p is None else probability_word(p) for p in columns["probability_e4"]
    ]
    for name in ("supports", "contradicts", "copies"):
        columns[name] = [len(ids or ()) for ids in incidents[name].to_pylist()]
    return pa.table({field.name: columns[field.name] for field in DISCLOSED}, schema=DISCLOSED)


def _later_hour(at_ms: int, from_ms: int) -> int:
    return max(-(-at_ms // HOUR_MS) * HOUR_MS, from_ms // HOUR_MS * HOUR_MS + HOUR_MS)


def incidents_between(incidents: pa.Table, from_ms: int, to_ms: int) -> pa.Table:
    """Incidents whose midpoint lies in the half-open period, by whole hours then id: no order finer than what is told."""
    middles, ids = incidents["midpoint_ms"].to_pylist(), incidents["incident_id"].to_pylist()
    rows = [row for row, at in enumerate(middles) if at is not None and from_ms <= at < to_ms]
    starts, ends = incidents["from_ms"].to_pylist(), incidents["to_ms"].to_pylist()
    rows.sort(key=lambda row: (starts[row] // HOUR_MS, _later_hour(ends[row], starts[row]), ids[row]))
    return incidents.take(pa.array(rows, pa.int64()))


def withheld_after(view: View) -> int | None:
    """The moment after which the view's delay still withholds places."""
    return None if view.as_of_ms is None else view.as_of_ms - view.delay_ms
