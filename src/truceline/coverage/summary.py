"""Coverage by sector and week: the finest that is ever published, and only when the week is over."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.coverage.exposure import ANY, Ints, zone_named, zone_of

COVERAGE: Final = pa.schema(
    [
        ("sector_id", pa.string()),
        ("week", pa.string()),  # ISO week in the mission's zone, e.g. 2031-W12
        ("hours_total_e1", pa.int64()),  # tenths of an hour
        ("hours_watched_e1", pa.int64()),  # hours times the share of the sector's line that was watched
        ("night_total_e1", pa.int64()),
        ("night_watched_e1", pa.int64()),
        ("access_denied", pa.int64()),
    ]
)


def summary(
    exposed: pa.Table, *, zone: str | None = None, until_ms: int | None = None, source_kind: str = ANY
) -> pa.Table:
    """Coverage (`COVERAGE`) per sector and week.

    Args:
        zone: IANA name, instead of the one the exposure carries.
        until_ms: UTC ms; with it, only weeks that are over by then, which is what may be published.
        source_kind: one kind instead of the union of the mission's own.
    Returns:
        Sorted by week, then sector. A week with a change of clocks has 167 or 169 hours; a week that the exposure holds
        only in part counts that part.
    Raises:
        UsageError: COV-001, COV-005.
    """
    local = zone_of(exposed) if zone is None else zone_named(zone)
    rows = exposed.filter(pc.equal(exposed["source_kind"], source_kind))
    hours = rows["hour_ms"].to_numpy()
    distinct, back = np.unique(hours, return_inverse=True)
    weeks, over_ms = weeks_of(distinct, local)
    week = np.array(weeks, dtype="U8")[back]
    sector = np.array(rows["sector_id"].to_pylist(), dtype=np.str_)
    kept = np.ones(len(hours), dtype=np.bool_) if until_ms is None else np.array(over_ms)[back] <= until_ms
    night, share = (
        rows["night"].to_numpy(zero_copy_only=False),
        rows["watched_e4"].to_numpy().astype(np.int64),
    )
    denied = rows["access_denied"].to_numpy().astype(np.int64)
    found: dict[tuple[str, str], list[int]] = {}
    keys = np.char.add(np.char.add(week, "|"), sector) if len(week) else np.empty(0, dtype="U1")
    names, group = np.unique(keys[kept], return_inverse=True)
    totals = [
        np.bincount(group, weights=values[kept], minlength=len(names)).astype(np.int64)
        for values in (np.ones(len(hours)), share, night * 1.0, share * night, denied)
    ]
    for index, name in enumerate(names.tolist()):
        label, _, place = name.partition("|")
        found[(label, place)] = [int(total[index]) for total in totals]
    ordered = sorted(found)
    values = [found[key] for key in ordered]
    return pa.Table.from_arrays(
        [
            pa.array([key[1] for key in ordered], type=pa.string()),
            pa.array([key[0] for key in ordered], type=pa.string()),
            pa.array([v[0] * 10 for v in values], type=pa.int64()),
            pa.array([(v[1] + 500) // 1000 for v in values], type=pa.int64()),
            pa.array([v[2] * 10 for v in values], type=pa.int64()),
            pa.array([(v[3] + 500) // 1000 for v in values], type=pa.int64()),
            pa.array([v[4] for v in values], type=pa.int64()),
        ],
        schema=COVERAGE,
    )


def weeks_of(hours: Ints, zone: dt.tzinfo) -> tuple[list[str], list[int]]:
    """The local ISO week of each hour and the UTC ms at which that week is over."""
    names: list[str] = []
    over: list[int] = []
    ends: dict[tuple[int, int], int] = {}
    for hour in hours.tolist():
        local = dt.datetime.fromtimestamp(hour / 1000, zone)
        year, week, _ = local.isocalendar()
        if (year, week) not in ends:
            monday = dt.date.fromisocalendar(year, week, 1) + dt.timedelta(days=7)
            ends[(year, week)] = int(dt.datetime.combine(monday, dt.time(), zone).timestamp() * 1000)
        names.append(f"{year}-W{week:02d}")
        over.append(ends[(year, week)])
    return names, over


REASONS: Final = pa.schema(
    [("sector_id", pa.string()), ("week", pa.string()), ("reason", pa.string()), ("hours_e1", pa.int64())]
)
"""Hours times the share of the sector's line that none of the mission's own watched, by reason; tenths of an hour."""


def unwatched_weeks(gaps: pa.Table, *, zone: str, until_ms: int | None = None) -> pa.Table:
    """The unwatched (`exposure.UNWATCHED`) by sector, week and reason (`REASONS`), sorted; the finest ever published.

    Args:
        until_ms: only weeks that are over by then.
    Raises:
        UsageError: COV-001.
    """
    local = zone_named(zone)
    hours = gaps["hour_ms"].to_numpy()
    distinct, back = np.unique(hours, return_inverse=True)
    weeks, over_ms = weeks_of(distinct, local)
    kept = np.ones(len(hours), dtype=np.bool_) if until_ms is None else np.array(over_ms)[back] <= until_ms
    named = pa.table(
        {
            "sector_id": gaps["sector_id"], "week": pa.array(np.array(weeks, dtype="U8")[back].tolist(), pa.string()),
            "reason": gaps["reason"], "share": gaps["unwatched_e4"].cast(pa.int64()),
        }
    ).filter(pa.array(kept))  # fmt: skip
    added = named.group_by(["sector_id", "week", "reason"]).aggregate([("share", "sum")])
    added = added.sort_by([("week", "ascending"), ("sector_id", "ascending"), ("reason", "ascending")])
    tenths = (added["share_sum"].to_numpy() + 500) // 1_000
    return pa.Table.from_arrays(
        [added["sector_id"].combine_chunks(), added["week"].combine_chunks(), added["reason"].combine_chunks(), pa.array(tenths)],
        schema=REASONS,
    )  # fmt: skip
