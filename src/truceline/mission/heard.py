"""What a device said in a sealed record: judged by one rule when it arrives, when views are made, and by the auditor.

Nobody can ask a device to say it again, for it cannot read what it sent. So a record that was signed and is in sequence is
always taken; one that breaks a rule is sealed like any other and set aside, and the rule is told.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

from truceline.errors import IntakeError, RecordError
from truceline.intake.checks import check
from truceline.intake.chunks import Faults, assemble
from truceline.log.entries import Entry
from truceline.records.codes import SOURCE_KINDS, WATCH_OUTCOMES
from truceline.records.columns import OBSERVATIONS, WATCHES
from truceline.records.kinds import Clock, Observation, Watch, decode

MARK: Final = "~"
"""Between a source and the number of its device, in the name that a device signs with."""
_SPEAKS: Final = (Observation, Watch, Clock)
_FARTHEST_M: Final = 100_000


def source_of(author: str) -> str:
    """The source that an author is, or that a device belongs to."""
    return author.partition(MARK)[0]


def by_device(author: str) -> bool:
    """Whether a device in the field signed."""
    return MARK in author


def heard(entry: Entry, *, exercise: bool) -> Observation | Watch | Clock:
    """The record of a device's entry.

    Raises:
        RecordError: REC-010, REC-011 no such record. IntakeError: INT-105 to INT-113 a rule of observations, INT-030 of watches,
            INT-031 a record that is not of that device or mission.
    """
    body = decode(entry.kind, entry.body)
    if not isinstance(body, _SPEAKS):
        raise IntakeError(
            "INT-031", "a device says observations, watches and clocks only", value=entry.kind, where=entry.author,
            remedy="Use the field form of this version.",
        )  # fmt: skip
    if isinstance(body, Clock):
        return body
    judge(body, source_of(entry.author), exercise=exercise, where=entry.author)
    return body


def judge(body: Observation | Watch, source: str, *, exercise: bool, where: str) -> None:
    """Whether what a device says of its source can stand in views. Raises as `heard`."""
    row = body.row
    if row.get("source_id") != source or row.get("exercise", False) is not exercise:
        raise IntakeError(
            "INT-031", "a device speaks for its own source, in its own mission", where=where, value=row.get("source_id"),
            remedy="Pair the device anew.",
        )  # fmt: skip
    if isinstance(body, Observation):
        _observation(row, where)
    else:
        _watch(row, where)


def allow_for(row: dict[str, Any], off_ms: int) -> None:
    """Let a row's times be wrong by as much as its clock was: an observation may be earlier or later, a watch claims less."""
    early, late = min(0, off_ms), max(0, off_ms)
    if "observed_from_ms" in row:
        row["observed_from_ms"] += early
        row["observed_to_ms"] += late
    elif row["from_ms"] + late < row["to_ms"] + early:
        row["from_ms"] += late
        row["to_ms"] += early


def _observation(row: dict[str, Any], where: str) -> None:
    table = _table(row, OBSERVATIONS, where)
    if table["obs_id"].null_count:
        raise IntakeError("INT-105", "obs_id must be given", where=where, remedy="Use the field form of this version.")  # fmt: skip
    filled = assemble({name: table[name].combine_chunks() for name in OBSERVATIONS.names}, 1)
    faults = Faults(1)
    check(filled, faults)
    if faults.reasons:
        code, rule, value, remedy = faults.reasons[0]
        raise IntakeError(code, rule, where=where, value=value or None, remedy=remedy or "Use the field form of this version.")  # fmt: skip


def _watch(row: dict[str, Any], where: str) -> None:
    one = _table(row, WATCHES, where).to_pylist()[0]
    placed = one["lon_udeg"] is not None and one["lat_udeg"] is not None and one["radius_m"] is not None
    good = (
        bool(one["watch_id"])
        and one["source_kind"] in SOURCE_KINDS
        and one["outcome"] in WATCH_OUTCOMES
        and (one["from_ms"] or 0) < (one["to_ms"] or 0)
        and (placed or one["sector_id"] is not None)
        and abs(one["lon_udeg"] or 0) <= 180_000_000
        and abs(one["lat_udeg"] or 0) <= 90_000_000
        and 0 < (one["radius_m"] or 1) <= _FARTHEST_M
    )
    if not good:
        raise IntakeError(
            "INT-030", "a watch must say who, when, how it went, and where on the earth", where=where, value=one,
            remedy="Use the field form of this version.",
        )  # fmt: skip


def _table(row: dict[str, Any], schema: Any, where: str) -> pa.Table:
    unknown = sorted(set(row) - set(schema.names))
    try:
        if unknown:
            raise TypeError(f"unknown: {', '.join(unknown)}")
        return pa.Table.from_pylist([row], schema=schema)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as problem:
        raise RecordError(
            "REC-011", "the row must fit the columns of its kind", where=where, value=str(problem),
            remedy="Use the field form of this version.",
        ) from problem  # fmt: skip
