"""What quiet is worth, and what the mission could not see.

Sentences are made from weeks that are over, whole sectors and rounded shares: no post, no hour, no present gap.
"""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.coverage.exposure import ANY, HOUR_MS, zone_of
from truceline.coverage.summary import summary
from truceline.errors import UsageError

Silence = Literal[
    "quiet, watched and reported so", "silent, watched", "silent, partly watched", "not watched", "not quiet"
]
"""Quiet is what watchers said; silent is that nobody said anything; where nobody watched it is neither."""
WATCHED_FROM_E4: Final = 5_000
"""At least half of the line-hours: one may speak of quiet."""
UNWATCHED_BELOW_E4: Final = 1_000
"""Less than a tenth: nothing can be said."""

SILENCE: Final = pa.schema([("sector_id", pa.string()), ("word", pa.string()), ("watched_e4", pa.int32())])


def could_not_see(exposed: pa.Table, from_ms: int, to_ms: int) -> tuple[str, ...]:
    """Sentences for the box "what we could not see" of a report on [from_ms, to_ms).

    They speak of the latest week that was over at `to_ms`, of sectors as a whole, in steps of five per cent.

    Raises:
        UsageError: COV-001, COV-002, COV-005.
    """
    zone = zone_of(exposed)
    if not from_ms < to_ms:
        raise UsageError(
            "COV-002", "a period must run forwards", value=(from_ms, to_ms), remedy="Swap the times."
        )
    closed = summary(exposed, until_ms=to_ms)
    day = dt.datetime.fromtimestamp((to_ms - 1) / 1000, zone).date()
    general = "Where nobody watches, no report does not mean that nothing happened."
    if not closed.num_rows:
        return (
            f"Coverage is published by sector and week, when the week is over: none was over on {day.isoformat()}.",
            general,
        )
    week = max(closed["week"].to_pylist())
    rows = closed.filter(pc.equal(closed["week"], week)).to_pylist()
    metres = _line_m(exposed)
    share, night = (
        _weighted([(metres[r["sector_id"]] * r[watched], metres[r["sector_id"]] * r[total]) for r in rows])
        for watched, total in (("hours_watched_e1", "hours_total_e1"), ("night_watched_e1", "night_total_e1"))
    )
    said = [
        f"In week {week} the mission did not watch {_per_cent(share)} of the line-hours{_at_night(night)}."
    ]
    blind = [
        r["sector_id"]
        for r in rows
        if r["hours_watched_e1"] * 10_000 < UNWATCHED_BELOW_E4 * r["hours_total_e1"]
    ]
    if blind:
        said.append(f"Hardly watched at all in that week: {', '.join(blind)}.")
    dark = [
        r["sector_id"]
        for r in rows
        if r["sector_id"] not in blind
        and r["night_watched_e1"] * 10_000 < UNWATCHED_BELOW_E4 * r["night_total_e1"]
    ]
    if dark:
        said.append(f"Hardly watched at night: {', '.join(dark)}.")
    refused = sum(r["access_denied"] for r in rows)
    if refused:
        times = "once" if refused == 1 else f"{refused} times"
        said.append(f"Access was denied {times} in that week.")
    return (*said, general)


def silence(
    exposed: pa.Table,
    from_ms: int,
    to_ms: int,
    *,
    sector_id: str | None = None,
    observed: tuple[str, ...] = (),
    quiet: tuple[str, ...] = (),
) -> pa.Table:
    """What no report from a sector means in [from_ms, to_ms), which is sealed: it shows gaps as they are.

    Args:
        sector_id: one sector instead of all.
        observed: sectors from which something was reported; theirs is "not quiet".
        quiet: sectors from which the mission's own watchers reported quiet. It makes a difference only where at least half was
            watched; a party's word is not one of these.
    Returns:
        `SILENCE`, sorted by sector. Where the period lies outside the exposure, the sector counts as not watched.
    Raises:
        UsageError: COV-002, COV-005.
    """
    zone_of(exposed)
    if not from_ms < to_ms:
        raise UsageError(
            "COV-002", "a period must run forwards", value=(from_ms, to_ms), remedy="Swap the times."
        )
    rows = exposed.filter(pc.equal(exposed["source_kind"], ANY))
    every = sorted(set(rows["sector_id"].to_pylist()))
    inside = rows.filter(
        pc.and_(pc.greater(rows["hour_ms"], from_ms - HOUR_MS), pc.less(rows["hour_ms"], to_ms))
    )
    start = inside["hour_ms"].to_numpy()
    length = np.minimum(start + HOUR_MS, to_ms) - np.maximum(start, from_ms)
    names = np.array(inside["sector_id"].to_pylist(), dtype=np.str_)
    share = inside["watched_e4"].to_numpy()
    found: list[tuple[str, str, int]] = []
    for name in every if sector_id is None else [sector_id]:
        mine = names == name
        watched = int((share[mine] * length[mine]).sum() // (to_ms - from_ms)) if mine.any() else 0
        found.append((name, "not quiet" if name in observed else word_of(watched, name in quiet), watched))
    return (
        pa.Table.from_arrays(
            [pa.array(c) for c in zip(*found, strict=True)] if found else None, schema=SILENCE
        )
        if found
        else SILENCE.empty_table()
    )


def word_of(watched_e4: int, reported_quiet: bool = False) -> Silence:
    """What it means that nothing was reported where this share was watched."""
    if watched_e4 >= WATCHED_FROM_E4:
        return "quiet, watched and reported so" if reported_quiet else "silent, watched"
    return "silent, partly watched" if watched_e4 >= UNWATCHED_BELOW_E4 else "not watched"


def _line_m(exposed: pa.Table) -> dict[str, int]:
    held = exposed.group_by("sector_id").aggregate([("line_m", "max")])
    return dict(zip(held["sector_id"].to_pylist(), held["line_m_max"].to_pylist(), strict=True))


def _weighted(pairs: list[tuple[int, int]]) -> int:
    """Unwatched share in units of 1e-4; -1 where there was nothing to watch."""
    whole = sum(total for _, total in pairs)
    return -1 if whole == 0 else 10_000 - 10_000 * sum(part for part, _ in pairs) // whole


def _at_night(unwatched_e4: int) -> str:
    return "" if unwatched_e4 < 0 else f", and {_per_cent(unwatched_e4)} of those at night"


def _per_cent(share_e4: int) -> str:
    near = round(share_e4 / 500) * 5
    if near == 0:
        return "less than 5 %"
    return "almost all" if near == 100 else f"about {near} %"
