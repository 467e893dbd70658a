"""What entries say about other entries and about blobs, checked before anything is recomputed from it.

A signature makes an entry authentic, not sensible: whoever holds the keys can sign an entry that leads nowhere.
"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from truceline.errors import ReplayError
from truceline.evidence.showing import read_shown
from truceline.mission.clock import from_iso
from truceline.mission.mission import Mission, Recorded
from truceline.records.kinds import (
    AgreementVersion,
    Commitments,
    Disclosure,
    Findings,
    Incidents,
    Kind,
    Parameters,
    Report,
)
from truceline.report.disclosed import DISCLOSED


def check_references(mission: Mission) -> None:
    """Each computed entry rests on entries before it, and its blobs are what their kind says.

    Raises:
        EvidenceError: EVI-030, a disclosure of what was not committed to.
        ReplayError: RPL-003 an entry that rests on nothing, RPL-004 a blob or a time that cannot be read.
    """
    before: dict[str, Kind] = {}
    for entry in mission.entries():
        body = entry.body
        if isinstance(body, Disclosure):
            of = before.get(body.of)
            if isinstance(of, Commitments):
                shown = read_shown(
                    mission.blobs.read(body.blob), of.commitments, f"disclosure of entry {entry.index}"
                )
                if len(shown) != body.rows:
                    raise _unreadable(entry, "it must show as many records as it says", str(body.rows))
        if isinstance(body, Incidents):
            _rests_on(entry, "parameters", before.get(body.parameters), Parameters, body.parameters)
            _within(entry, "inputs", body.inputs)
            _moment(entry, body.as_of)
            _rows(mission, entry, body.disclosed)
        elif isinstance(body, Findings):
            _rests_on(entry, "incidents", before.get(body.incidents), Incidents, body.incidents)
            adopted = any(isinstance(one, AgreementVersion) for one in before.values())
            if body.agreement or adopted:  # only a mission that has none yet holds its facts against none
                _rests_on(entry, "agreement", before.get(body.agreement), AgreementVersion, body.agreement)
            _moment(entry, body.as_of)
        elif isinstance(body, Report):
            if not mission.setting("record_only"):
                _rests_on(entry, "findings", before.get(body.findings), Findings, body.findings)
            _within(entry, "checkpoint_size", body.checkpoint_size)
            _moment(entry, body.as_of)
            _moment(entry, f"{body.date}T00:00:00Z")
            _figures(mission, entry, body.figures)
        before[entry.id] = body


def _rests_on(entry: Recorded, what: str, found: Kind | None, kind: type[Kind], named: str) -> None:
    if not isinstance(found, kind):
        raise ReplayError(
            "RPL-003", f"its {what} must be an entry that stands before it", where=f"entry {entry.index}", value=named,
            remedy=_remedy(entry),
        )  # fmt: skip


def _within(entry: Recorded, what: str, size: int) -> None:
    if not 0 < size <= entry.index:
        raise ReplayError(
            "RPL-003", f"its {what} must be a size that the log had before it", where=f"entry {entry.index}",
            value=size, remedy=_remedy(entry),
        )  # fmt: skip


def _moment(entry: Recorded, text: str) -> None:
    try:
        from_iso(text)
    except ValueError as problem:
        raise _unreadable(entry, "its times must be ISO 8601, UTC", text) from problem


def _rows(mission: Mission, entry: Recorded, digest: str) -> None:
    try:
        rows = [json.loads(line) for line in mission.blobs.read(digest).splitlines()]
        pa.Table.from_pylist(rows, schema=DISCLOSED)
        known = all(set(DISCLOSED.names) | {"reporting_day"} <= set(row) for row in rows)
    except (ValueError, TypeError, AttributeError, RecursionError, pa.ArrowException) as problem:
        raise _unreadable(entry, "its disclosed rows must be rows of incidents", digest) from problem
    if not known:
        raise _unreadable(entry, "its disclosed rows must have all columns", digest)


def _figures(mission: Mission, entry: Recorded, digest: str) -> None:
    try:
        figures: dict[str, dict[str, Any]] = json.loads(mission.blobs.read(digest))["figures"]
        known = all({"value", "recompute_by"} <= set(one) for one in figures.values())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        raise _unreadable(entry, "its figures must be an object of figures", digest) from problem
    if not known:
        raise _unreadable(entry, "each of its figures must have a value and say who recomputes it", digest)


def _unreadable(entry: Recorded, rule: str, value: str) -> ReplayError:
    return ReplayError("RPL-004", rule, where=f"entry {entry.index}", value=value, remedy=_remedy(entry))


def _remedy(entry: Recorded) -> str:
    return f"Ask {entry.author}, who signed it: nothing can be recomputed from it."
