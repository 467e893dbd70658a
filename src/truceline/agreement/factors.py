"""Lower and upper bounds of each factor of a clause, for many incidents at once.

A bound is a probability; where nothing is known it is 0 below and 1 above. Nothing missing becomes a default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from truceline.agreement.clauses import Clause
from truceline.agreement.fields import WeaponClass, calibre_bound, duration_of
from truceline.agreement.ground import Bools, Floats
from truceline.agreement.models import ExceptionArticle
from truceline.agreement.moments import Bounds
from truceline.agreement.temporal import Facts
from truceline.records.codes import MISSION_KINDS
from truceline.records.parties import Alignment, alignment_of

Pair = tuple[Floats, Floats]
_CLAIMS = {
    "announced_exercise": ("live_fire_exercise", "yes", "no"),
    "accident": ("intent", "accidental", "deliberate"),
}
TRUSTED_KINDS = MISSION_KINDS | {"registry"}


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Columns of incidents as arrays, (n,) each; calibre nan where not said.

    vouched: more than "reported", the word for what only parties say or others retell.
    """

    n: int
    from_ms: npt.NDArray[np.int64]
    to_ms: npt.NDArray[np.int64]
    act: npt.NDArray[Any]
    weapon: npt.NDArray[Any]
    calibre_um: Floats
    existence: Pair
    shares: dict[str, Floats]
    side: list[str]
    vouched: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, incidents: pa.Table) -> Sheet:
        """From a table of `records.columns.INCIDENTS`."""
        n = incidents.num_rows
        chance = (
            incidents.column("probability_e4").cast(pa.float64()).fill_null(float("nan")).to_numpy() / 1e4
        )
        shares: dict[str, Floats] = {}
        for row, listed in enumerate(incidents.column("sides").to_pylist()):
            for share in listed or ():
                if share["id"] != "undetermined":
                    shares.setdefault(share["id"], np.zeros(n))[row] += share["e4"] / 1e4
        return cls(
            n,
            incidents.column("from_ms").to_numpy(),
            incidents.column("to_ms").to_numpy(),
            _words(incidents, "act"),
            _words(incidents, "weapon"),
            incidents.column("calibre_um").cast(pa.float64()).fill_null(float("nan")).to_numpy(),
            (np.nan_to_num(chance, nan=0.0), np.nan_to_num(chance, nan=1.0)),
            shares,
            [side or "undetermined" for side in incidents.column("side").to_pylist()],
            _words(incidents, "word") != "reported",
        )


def _words(table: pa.Table, name: str) -> npt.NDArray[Any]:
    listed = ["unknown" if word is None else word for word in table.column(name).to_pylist()]
    return np.array(listed, dtype="U32") if listed else np.empty(0, dtype="U32")


def time_factor(facts: Sheet, start: Bounds | None, end: Bounds) -> Pair:
    """Share of each interval inside [start, end); a point is inside or not."""
    if start is None:
        return np.zeros(facts.n), np.ones(facts.n)
    return (
        _inside(facts, start.latest_ms, end.earliest_ms),
        _inside(facts, start.earliest_ms, end.latest_ms),
    )


def _inside(facts: Sheet, start: int, end: int) -> Floats:
    length = facts.to_ms - facts.from_ms
    inside = np.maximum(np.minimum(facts.to_ms, end) - np.maximum(facts.from_ms, start), 0)
    at_once = ((facts.from_ms >= start) & (facts.from_ms < end)).astype(float)
    share: Floats = np.where(length > 0, inside / np.maximum(length, 1), at_once)
    return share


def act_factor(facts: Sheet, clause: Clause) -> Pair:
    """1 for the acts of the clause; 0 to 1 for those that may be one of them, and for the unknown."""
    sure = np.isin(facts.act, clause.acts).astype(float)
    may_be = np.isin(facts.act, (*clause.may_be, "unknown")).astype(float)
    return sure, np.maximum(sure, may_be)


def weapon_factor(facts: Sheet, weapons: WeaponClass | None) -> Pair:
    """Whether weapon and calibre fall under the class; exact comparison in micrometres."""
    low, high = np.ones(facts.n), np.ones(facts.n)
    if weapons is None:
        return low, high
    if weapons.weapons:
        low = np.isin(facts.weapon, weapons.weapons).astype(float)
        high = np.maximum(low, (facts.weapon == "unknown").astype(float))
    said = ~np.isnan(facts.calibre_um)
    for text in weapons.calibre:
        holds = compare(facts.calibre_um, text).astype(float)
        low = np.minimum(low, np.where(said, holds, 0.0))
        high = np.minimum(high, np.where(said, holds, 1.0))
    return low, high


def compare(calibre_um: Floats, text: str) -> Bools:
    """`calibre_um` against a bound such as ">= 100 mm"; nan compares false."""
    sign, bound = calibre_bound(text)
    match sign:
        case ">=":
            return np.asarray(calibre_um >= bound)
        case ">":
            return np.asarray(calibre_um > bound)
        case "<=":
            return np.asarray(calibre_um <= bound)
        case _:
            return np.asarray(calibre_um < bound)


def share_of(facts: Sheet, who: str, alignments: tuple[Alignment, ...]) -> Pair:
    """Bounds of P(the side is `who`), an alignment or a party; the undetermined share may be anybody's.

    Attribution stops at a side: of a party in an alignment with others only the upper bound is known.
    """
    free = unattributed(facts)
    if who in facts.shares or any(item.id == who for item in alignments):
        low = facts.shares.get(who, np.zeros(facts.n))
        return low, np.minimum(low + free, 1.0)
    low, high = np.zeros(facts.n), free.copy()
    middle = ((facts.from_ms + facts.to_ms) // 2).tolist()
    for row, at_ms in enumerate(middle):
        holder = alignment_of(alignments, who, at_ms)
        if holder in facts.shares:
            part = facts.shares[holder][row]
            alone = any(item.id == holder and item.members == (who,) for item in alignments)
            low[row] = part if alone else 0.0
            high[row] = min(1.0, free[row] + part)
    return low, high


def side_factor(facts: Sheet, binds: tuple[str, ...], alignments: tuple[Alignment, ...]) -> Pair:
    """Bounds of P(somebody bound did it); 1 where the clause binds everybody."""
    if not binds:
        return np.ones(facts.n), np.ones(facts.n)
    low, beyond = np.zeros(facts.n), np.zeros(facts.n)
    free = unattributed(facts)
    for who in binds:
        part_low, part_high = share_of(facts, who, alignments)
        low, beyond = low + part_low, beyond + np.maximum(part_high - free, 0.0)
    return np.minimum(low, 1.0), np.minimum(beyond + free, 1.0)


def unattributed(facts: Sheet) -> Floats:
    """The share of each incident that no side has."""
    named = np.zeros(facts.n)
    for share in facts.shares.values():
        named = named + share
    return np.clip(1.0 - named, 0.0, 1.0)


def claim_factor(incidents: pa.Table, observations: pa.Table, article: ExceptionArticle) -> Pair:
    """Bounds of P(the exception's claim is true), from what the members of each incident say.

    Nobody claims it: 0. Said by a source of the mission or a registry and denied by none: 1. Claimed only by others,
    or denied by somebody: anything from 0 to 1.
    """
    column, yes, no = _CLAIMS[article.claim]
    said = observations.column(column).to_pylist()
    trusted = [kind in TRUSTED_KINDS for kind in observations.column("source_kind").to_pylist()]
    spoken = {
        name: (word == yes, sure)
        for name, word, sure in zip(observations.column("obs_id").to_pylist(), said, trusted, strict=True)
        if word in (yes, no)
    }
    low, high = np.zeros(incidents.num_rows), np.zeros(incidents.num_rows)
    if not spoken:
        return low, high
    for row, members in enumerate(incidents.column("members").to_pylist()):
        heard = [spoken[name] for name in members or () if name in spoken]
        claimed = any(word for word, _ in heard)
        high[row] = float(claimed)
        low[row] = float(any(word and sure for word, sure in heard) and all(word for word, _ in heard))
    return low, high


def procedure_factor(sheet: Sheet, facts: Facts | None, article: ExceptionArticle) -> Pair:
    """Bounds of P(every step of the procedure was taken for it), from facts before each incident.

    A step counts where the side of the incident took it (or the text's own office: no party named) in the time before.
    All steps by the mission's own word: 1. Some only by others' word, or the side not known: 0 to 1. One missing: 0.
    """
    low, high = np.zeros(sheet.n), np.zeros(sheet.n)
    if facts is None or not len(facts.at_ms):
        return low, high
    within = duration_of(article.within)[0]
    who = np.array(sheet.side, dtype=np.str_)
    sure, may_be = np.ones(sheet.n, dtype=bool), np.ones(sheet.n, dtype=bool)
    for step in article.procedure:
        meant = facts.meant(step)
        verified, said = np.zeros(sheet.n, dtype=bool), np.zeros(sheet.n, dtype=bool)
        for party in np.unique(facts.by[meant]):
            mine = meant & (facts.by == party)
            rows = np.ones(sheet.n, dtype=bool) if party == "" else who == party
            verified |= rows & _before(facts.at_ms[mine & facts.verified], sheet.from_ms, within)
            said |= (rows | (who == "undetermined")) & _before(facts.at_ms[mine], sheet.from_ms, within)
        sure, may_be = sure & verified, may_be & (said | verified)
    return sure.astype(float), may_be.astype(float)


def _before(times: npt.NDArray[np.int64], at_ms: npt.NDArray[np.int64], within: int) -> Bools:
    """Whether one of `times` lies in [at - within, at]."""
    ordered = np.sort(times)
    index = np.searchsorted(ordered, at_ms, side="right") - 1
    return (
        np.asarray((index >= 0) & (ordered[np.maximum(index, 0)] >= at_ms - within))
        if len(ordered)
        else np.zeros(len(at_ms), dtype=bool)
    )
