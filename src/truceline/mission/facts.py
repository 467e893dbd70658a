"""The facts of a mission, as conditions, duties and the plan take them: what was recorded of them, and what follows from the rest.

Recorded facts; complaints and replies (reported, answered); incidents (fire breaks a quiet, weapons seen are sightings);
coverage (watched). Only what the mission itself says, or what a signature shows, is verified.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.agreement import Agreement, Facts
from truceline.agreement.conditions import Formula
from truceline.agreement.models import Ceiling, Condition
from truceline.coverage.exposure import ANY, HOUR_MS
from truceline.mission.clock import from_iso, latest_ms
from truceline.mission.mission import Mission, Recorded
from truceline.records.canonical import canonical
from truceline.records.codes import SEALED_FACTS
from truceline.records.kinds import Complaint, Fact, Notice, Reply, Review, decode, encode
from truceline.records.reviews import state, words_of

SURE_E4, DOUBT_E4 = 8_000, 500
"""An incident breaks a quiet from 0.8, if more than a party vouches for it; below 0.05 it is passed over; between them nothing is known."""
CERTAIN_SD = 2.0
"""A weapon lies in a band if every edge is this many standard deviations away."""
RESTS_ON_SEALED = frozenset({*SEALED_FACTS, "watched", "breach"})
"""Facts that only who holds a key of the mission can see."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One fact; times in ms UTC."""

    kind: str
    at_ms: int
    known_ms: int
    verified: bool
    subject: str = ""
    by: str = ""
    to: str = ""
    until_ms: int | None = None
    count: int = 1
    denial: bool = False
    weapon: str = ""
    calibre_um: int = -1
    distance_m: int = -1


def seal(mission: Mission, fact: Fact) -> Fact:
    """The fact as it goes on the log: sealed where its kind is one of `codes.SEALED_FACTS`."""
    if fact.fact not in SEALED_FACTS or fact.sealed:
        return fact
    return Fact(fact.fact_id, sealed=mission.vault.seal_file(canonical(encode(fact))))


def opened(mission: Mission, fact: Fact) -> Fact | None:
    """What it says; None where it is sealed and no key here opens it. Raises EvidenceError EVI-011."""
    if not fact.sealed:
        return fact
    if not mission.vault.can_open:
        return None
    said = decode("fact", json.loads(mission.vault.read_file(fact.sealed)))
    assert isinstance(said, Fact)
    return said


def told(mission: Mission, before: int | None = None) -> list[tuple[Recorded, Fact]]:
    """Every recorded fact that can be read here, with its entry."""
    pairs = ((entry, opened(mission, body)) for entry, body in mission.of(Fact, before))
    return [(entry, body) for entry, body in pairs if body is not None]


def is_verified(mission: Mission, author: str, fact: Fact) -> bool:
    """Whether it is the mission's own word: signed by one of its roles, and not what somebody else told."""
    genesis = mission.genesis
    others = {party.id for party in genesis.parties} | {actor.id for actor in genesis.actors}
    return not fact.told_by and author not in others


def facts_of(
    mission: Mission, agreement: Agreement, *, before: int | None = None, incidents: pa.Table | None = None,
    exposure: Callable[[], pa.Table | None] = lambda: None,
) -> Facts:  # fmt: skip
    """Everything that the agreement's articles and plan may look at.

    Args:
        before: entries from this one on are passed over.
        incidents: `records.columns.INCIDENTS`; None where nothing was fused or no key opens it.
        exposure: makes the table `coverage.EXPOSURE`; asked only where a condition needs somebody to have watched.
    Raises:
        EvidenceError: EVI-011, the key at hand opens nothing here.
    """
    bound = _Bound(mission, agreement)
    rows = [*_recorded(mission, bound, before), *_exchanged(mission, bound, before)]
    parts = [_table(rows)]
    asked = kinds_asked(agreement)
    if incidents is not None and "breach" in asked:
        parts.append(_fire(mission, incidents, before))
    if incidents is not None and (_ceilings(agreement) or "sighting" in asked):
        parts.append(_sightings(mission, agreement, incidents))
    if "watched" in asked:
        watched = exposure()
        parts += [] if watched is None else [_watched(watched)]
    return Facts.joined(parts)


def kinds_asked(agreement: Agreement) -> frozenset[str]:
    """Kinds of facts that the conditions of articles and plan look at."""
    plan = () if agreement.plan is None else agreement.plan.conditions().values()
    holds = [one.holds for one in agreement.articles if isinstance(one, Condition)]
    return frozenset(kind for one in (*holds, *plan) for kind in one.kinds)


def asks_for_evidence(agreement: Agreement) -> bool:
    """Whether anything that the agreement asks for follows from incidents or coverage."""
    return bool(kinds_asked(agreement) & {"breach", "watched", "sighting"} or _ceilings(agreement))


def sealed_from(formula: Formula) -> bool:
    """Whether a condition rests on what only holders of a key can see."""
    return bool(RESTS_ON_SEALED & formula.kinds)


class _Bound:
    """Names of parties as the agreement's articles use them."""

    def __init__(self, mission: Mission, agreement: Agreement) -> None:
        named = {who for one in agreement.articles for who in getattr(one, "binds", ())}
        named |= {getattr(one, side) for one in agreement.articles for side in ("giver", "receiver") if hasattr(one, side)}  # fmt: skip
        plan = () if agreement.plan is None else agreement.plan.conditions().values()
        holds = [one.holds for one in agreement.articles if isinstance(one, Condition)]
        named |= {who for one in (*holds, *plan) for who in one.named}
        sides = {member: side.id for side in (*mission.genesis.alignments, *agreement.alignments) for member in side.members}  # fmt: skip
        self._names = {member: side for member, side in sides.items() if member not in named}

    def __call__(self, who: str) -> str:
        return self._names.get(who, who)


def _recorded(mission: Mission, bound: _Bound, before: int | None) -> Iterable[_Row]:
    for entry, body in told(mission, before):
        known = from_iso(entry.at)
        at = min(latest_ms(body.at), known)
        yield _Row(
            body.fact, at, known, is_verified(mission, entry.author, body), body.subject, bound(body.by), bound(body.to),
            max(at, latest_ms(body.until)) if body.until else None, 1 if body.count is None else body.count, body.stance == "denial",
            body.weapon, body.calibre_um or -1, -1 if body.distance_m is None else body.distance_m,
        )  # fmt: skip


def _exchanged(mission: Mission, bound: _Bound, before: int | None) -> Iterable[_Row]:
    """A complaint reports what a party says occurred; a reply answers it. That they were made their signatures show."""
    for entry, body in mission.of(Complaint, before):
        known = from_iso(entry.at)
        yield _Row("occurred", min(latest_ms(body.occurred_to), known), known, False, body.complaint_id, bound(body.by))  # fmt: skip
        yield _Row("reported", known, known, True, body.complaint_id, bound(body.by))
    notices = {body.notice_id: body.about for _, body in mission.of(Notice, before)}
    for entry, reply in mission.of(Reply, before):
        known = from_iso(entry.at)
        for subject in notices.get(reply.to) or (reply.to,):
            yield _Row("answered", known, known, True, subject, bound(reply.party))


def _table(rows: list[_Row]) -> Facts:
    def words(name: str) -> npt.NDArray[np.str_]:
        values = [getattr(one, name) for one in rows]
        return np.array(values, dtype=np.str_) if values else np.empty(0, dtype="U1")

    def numbers(values: list[int]) -> npt.NDArray[np.int64]:
        return np.array(values, dtype=np.int64)

    return Facts(
        words("kind"), words("subject"), words("by"), words("to"), numbers([one.at_ms for one in rows]),
        numbers([one.at_ms if one.until_ms is None else one.until_ms for one in rows]), numbers([one.known_ms for one in rows]),
        numbers([one.count for one in rows]), np.array([one.verified for one in rows], dtype=bool),
        np.array([one.denial for one in rows], dtype=bool), ((),) * len(rows), words("weapon"),
        numbers([one.calibre_um for one in rows]), numbers([one.distance_m for one in rows]),
    )  # fmt: skip


def _fire(mission: Mission, incidents: pa.Table, before: int | None) -> Facts:
    """Incidents as breaks of a quiet, in their sector."""
    table = incidents.filter(pc.greater_equal(incidents["probability_e4"], DOUBT_E4))
    ids = table["incident_id"].to_pylist()
    decided = _decided(mission, before)
    vouched = pc.not_equal(table["word"], "reported").to_numpy(zero_copy_only=False)
    likely = pc.greater_equal(table["probability_e4"], SURE_E4).to_numpy(zero_copy_only=False)
    located = pc.is_valid(table["sector_id"]).to_numpy(zero_copy_only=False)
    reviewed = np.array([one in decided for one in ids], dtype=bool)
    names = {name: (name,) for name in table["act"].unique().to_pylist()}
    return _derived(
        "breach", table, pc.fill_null(table["sector_id"], ""), np.full(table.num_rows, ""),
        ((vouched & likely) | reviewed) & located, np.ones(table.num_rows, dtype=np.int64),
    ).with_acts(tuple(names[name] for name in table["act"].to_pylist()))  # fmt: skip


def _decided(mission: Mission, before: int | None) -> frozenset[str]:
    """Incidents of which two reviewers say that a breach is verified."""
    said = words_of(body for _, body in mission.of(Review, before))
    return frozenset(name.rpartition("/")[0] for name, words in said.items() if state(words) == "verified")


def _ceilings(agreement: Agreement) -> list[Ceiling]:
    return [one for one in agreement.articles if isinstance(one, Ceiling)]


def _sightings(mission: Mission, agreement: Agreement, incidents: pa.Table) -> Facts:
    """Weapons that incidents saw, as many as were counted at once, by the side that the evidence carries."""
    chosen = pc.and_(pc.equal(incidents["act"], "weapon_present"), pc.greater_equal(incidents["probability_e4"], DOUBT_E4))  # fmt: skip
    table = incidents.filter(chosen)
    distance = np.abs(table["line_distance_m"].cast(pa.float64()).to_numpy())
    spread = table["line_distance_sd_m"].cast(pa.float64()).to_numpy()
    edges = {metres for one in _ceilings(agreement) if one.where for metres in (one.where.within_m, one.where.beyond_m) if metres}  # fmt: skip
    apart = [np.abs(distance - edge) > CERTAIN_SD * spread for edge in sorted(edges)]
    certain = np.all([np.isfinite(distance + spread), *apart], axis=0)
    side = np.array(table["side"].to_pylist(), dtype=np.str_) if table.num_rows else np.empty(0, dtype="U1")
    known = side != "undetermined"
    sure = pc.greater_equal(table["probability_e4"], SURE_E4).to_numpy(zero_copy_only=False)
    sure = sure & pc.not_equal(table["word"], "reported").to_numpy(zero_copy_only=False) & known & certain
    seen = _derived(
        "sighting", table, pa.array([""] * table.num_rows, pa.string()), np.where(known, side, ""), sure,
        pc.fill_null(table["count_min"], 1).to_numpy().astype(np.int64),
    )  # fmt: skip
    comparable = np.isfinite(distance) & _one_line(mission, agreement)
    return seen.with_weapons(
        np.array(table["weapon"].to_pylist(), dtype=np.str_) if table.num_rows else np.empty(0, dtype="U1"),
        pc.fill_null(table["calibre_um"], -1).to_numpy().astype(np.int64),
        np.where(comparable, np.nan_to_num(distance), -1).astype(np.int64),
    )


def _one_line(mission: Mission, agreement: Agreement) -> bool:
    """Whether every ceiling measures from the line that incidents are measured from: the mission's."""
    named = {one.where.line for one in _ceilings(agreement) if one.where and one.where.line}
    left = [one.id for one in agreement.line_names if one.drawn_by == "mission"]
    own = {mission.line.id, *left[:1]} if mission.line is not None else set()
    return named <= own


def _derived(
    kind: str, table: pa.Table, subject: pa.ChunkedArray | pa.Array, by: npt.NDArray[np.str_], verified: npt.NDArray[np.bool_],
    count: npt.NDArray[np.int64],
) -> Facts:  # fmt: skip
    """Incidents as facts; what was computed is known when it was over."""
    size = table.num_rows
    begin, end = (table[name].to_numpy().astype(np.int64) for name in ("from_ms", "to_ms"))
    return Facts(
        np.full(size, kind), np.array(subject.to_pylist(), dtype=np.str_) if size else np.empty(0, dtype="U1"), by,
        np.full(size, ""), begin, end, end, count, np.asarray(verified, dtype=bool), np.zeros(size, dtype=bool), ((),) * size,
    )  # fmt: skip


def _watched(exposure: pa.Table) -> Facts:
    """Which share of each sector's line, and of the whole, the mission watched in each hour, in whole per cent."""
    table = exposure.filter(pc.equal(exposure["source_kind"], ANY))
    sector = np.array(table["sector_id"].to_pylist(), dtype=np.str_) if table.num_rows else np.empty(0, dtype="U1")  # fmt: skip
    hour, share, metres = (table[name].to_numpy().astype(np.int64) for name in ("hour_ms", "watched_e4", "line_m"))  # fmt: skip
    hours, index = np.unique(hour, return_inverse=True)
    seen = np.bincount(index, weights=share * metres, minlength=len(hours))
    whole = np.bincount(index, weights=metres, minlength=len(hours))
    everywhere = (seen // np.maximum(whole, 1)).astype(np.int64)
    at = np.concatenate([hour, hours])
    size = len(at)
    return Facts(
        np.full(size, "watched"), np.concatenate([sector, np.full(len(hours), "")]), np.full(size, ""), np.full(size, ""),
        at, at + HOUR_MS, at + HOUR_MS, np.concatenate([share, everywhere]) // 100, np.ones(size, dtype=bool),
        np.zeros(size, dtype=bool), ((),) * size,
    )  # fmt: skip
