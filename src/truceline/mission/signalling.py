"""The ledger of signals: who called whom, by what channel, when, who reported it, what each side read out, and where these part.

Gaps and asymmetries are facts about the record, told for every party alike and without a verdict. A private call is sealed
to the mediators alone (a key of their own, not the mission's) until a mediator releases it deliberately.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from truceline.errors import UsageError
from truceline.evidence import Vault
from truceline.mission.clock import from_iso, iso
from truceline.mission.marking import new_id, said
from truceline.mission.mission import Mission, Recorded
from truceline.records.canonical import canonical
from truceline.records.kinds import SealedSignal, Signal, Statement, decode, encode

CHANNELS: Final = ("phone", "hotline", "video", "message", "letter", "in_person", "unknown")
COMPARTMENT: Final = "mediators"


@dataclass(frozen=True, slots=True)
class Call:
    """One signal, and what each side said of it in public."""

    entry: Recorded
    signal: Signal
    readouts: tuple[
        tuple[str, Statement | None], ...
    ]  # (actor, its statement; None where it is not on the log)


@dataclass(frozen=True, slots=True)
class Exchange:
    """Signals that are said to carry the same content.

    Attributes:
        reached, not_reached: parties that were called, and the others.
        gap_min: minutes between the first and the last of the calls, where their times are known to the minute.
        differences: where the calls or readouts part, in words.
    """

    calls: tuple[Call, ...]
    reached: tuple[str, ...]
    not_reached: tuple[str, ...]
    gap_min: int | None
    differences: tuple[str, ...]


def ledger(mission: Mission) -> list[Exchange]:
    """All exchanges in the order of their first signal."""
    statements = {body.statement_id: body for _, body in mission.of(Statement)}
    parties = [one.id for one in mission.genesis.parties]
    signals = mission.of(Signal)
    head: dict[str, str] = {}
    for _, one in signals:
        head[one.signal_id] = head.get(one.mirrors, one.mirrors) if one.mirrors else one.signal_id
    groups: dict[str, list[Call]] = {}
    for entry, one in signals:
        read = tuple((actor, statements.get(name)) for actor, name in sorted(one.readouts.items()))
        groups.setdefault(head[one.signal_id], []).append(Call(entry, one, read))
    return [_exchange(tuple(calls), parties) for calls in groups.values()]


def _exchange(calls: tuple[Call, ...], parties: list[str]) -> Exchange:
    ends = [{one.signal.from_actor, one.signal.to_actor} for one in calls]
    reached = tuple(party for party in parties if any(party in pair for pair in ends))
    starts = [ms for one in calls if (ms := _moment(one.signal.held_from)) is not None]
    gap = (max(starts) - min(starts)) // 60_000 if len(starts) == len(calls) > 1 else None
    told: list[str] = []
    for name, words in (
        ("channel", "channels"),
        ("content", "content as reported"),
        ("confirmed", "confirmation"),
    ):
        values = [getattr(one.signal, name) for one in calls]
        if len(set(values)) > 1:
            told.append(f"{words} differ" if name == "channel" else f"{words} differs")
    for party in reached:
        own = [statement for one in calls if party in (one.signal.from_actor, one.signal.to_actor) for actor, statement in one.readouts if actor == party]  # fmt: skip
        if not own:
            told.append(f"{party} read nothing out")
        elif any(one is not None and one.hedged for one in own):
            told.append(f"{party} hedged its readout")
    away = tuple(party for party in parties if party not in reached)
    return Exchange(calls, reached, away, gap, tuple(told))


def signal(mission: Mission, fields: Mapping[str, Any], *, role: str) -> Recorded:
    """Record a call in the open. Raises UsageError MIS-226, MIS-003."""
    return mission.record(_checked(mission, fields), role)


def keep_private(mission: Mission, fields: Mapping[str, Any], *, role: str) -> Recorded:
    """Seal a private call to the mediators; the log holds that there is one. Raises UsageError MIS-226, MIS-003."""
    body = _checked(mission, fields)
    digest = _compartment(mission).seal_file(canonical(encode(body)))
    return mission.record(SealedSignal(new_id(mission, "sealed"), digest), role)


def private(mission: Mission) -> list[tuple[Recorded, SealedSignal, Signal, bool]]:
    """What the mediators' compartment holds: entry, its mark on the log, the call, and whether it was released.

    Raises:
        EvidenceError: EVI-011, the folder of keys does not hold the compartment's key.
    """
    released = {body.released for _, body in mission.of(Signal)}
    vault = _compartment(mission) if mission.of(SealedSignal) else None
    return [
        (entry, body, _opened(vault, body), body.sealed_id in released)
        for entry, body in mission.of(SealedSignal) if vault is not None
    ]  # fmt: skip


def release(mission: Mission, sealed_id: str, *, role: str) -> Recorded:
    """Put a private call into the open, for good. Raises UsageError MIS-227 no such call is held back; MIS-003."""
    for _, mark, body, is_released in private(mission):
        if mark.sealed_id == sealed_id and not is_released:
            return mission.record(decode("signal", encode(body) | {"released": sealed_id}), role)
    raise UsageError(
        "MIS-227", "only a private call that is still held back may be released", where="sealed_id", value=sealed_id,
        remedy="Take the id from the mediators' part of the page of signals.",
    )  # fmt: skip


def _compartment(mission: Mission) -> Vault:
    """A vault of its own over the mission's sealed files: other recipients, another key."""
    identity = mission.keys.compartment(COMPARTMENT)
    return Vault(mission.root / "sealed", [str(identity.to_public())], str(identity))


def _opened(vault: Vault, body: SealedSignal) -> Signal:
    found = decode("signal", json.loads(vault.read_file(body.sealed)))
    assert isinstance(found, Signal)
    return found


def _checked(mission: Mission, fields: Mapping[str, Any]) -> Signal:
    known = [
        *(one.id for one in mission.genesis.parties),
        *(one.id for one in mission.genesis.actors),
        "mission",
    ]
    get = {name: str(value).strip() for name, value in fields.items()}
    for name in ("from_actor", "to_actor", "reported_by"):
        if get.get(name, "") not in known:
            raise UsageError("MIS-226", "a call is between parties, actors and the mission, and reported by one of them", where=name, value=get.get(name, ""), remedy=f"Known: {', '.join(known)}.")  # fmt: skip
    if get["from_actor"] == get["to_actor"] or not get.get("content") or get.get("channel") not in CHANNELS:
        raise UsageError("MIS-226", "a call must have two ends, a known channel and content", where="channel", value=get.get("channel", ""), remedy=f"Channels: {', '.join(CHANNELS)}.")  # fmt: skip
    start = _moment(get.get("held_from", ""))
    end = _moment(get.get("held_to", "") or get.get("held_from", ""))
    if start is None or end is None or end < start:
        raise UsageError(
            "MIS-226", "a call must begin before it ends, both as ISO 8601 with an offset", where="held_from",
            value=f"{get.get('held_from', '')} to {get.get('held_to', '')}", remedy="Write e.g. 2026-11-24T14:05+04:00.",
        )  # fmt: skip
    mirrored = get.get("mirrors", "")
    if mirrored and mirrored not in {body.signal_id for _, body in mission.of(Signal)}:
        raise UsageError("MIS-226", "a call may only mirror one of the ledger", where="mirrors", value=mirrored, remedy="Take its id from the page of signals.")  # fmt: skip
    return Signal(
        new_id(mission, "signal"), get["from_actor"], get["to_actor"], get["channel"], iso(start), iso(end), get["reported_by"],
        said(mission, get["content"]), confirmed=get.get("confirmed") or "unknown", mirrors=mirrored,
    )  # fmt: skip


def _moment(text: str) -> int | None:
    """Milliseconds of a time with an offset; None for a bare date, which says no minute."""
    try:
        return from_iso(text) if "T" in text and ("Z" in text or "+" in text or "-" in text[11:]) else None
    except ValueError:
        return None
