"""Lower and upper bounds of each factor of a clause, for many incidents at once.

A bound is a probability; where nothing is known it is 0 below and 1 above. Nothing missing becomes a default.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.agreement.clauses import Clause
from truceline.agreement.fields import WeaponClass, calibre_bound, duration_of
from truceline.agreement.ground import Bools, Floats
from truceline.agreement.models import ExceptionArticle, Hours
from truceline.agreement.moments import Bounds
from truceline.agreement.sheet import Coded, Sheet
from truceline.agreement.temporal import Facts
from truceline.records.codes import MISSION_KINDS
from truceline.records.parties import Alignment

Pair = tuple[Floats, Floats]
_CLAIMS = {
    "announced_exercise": ("live_fire_exercise", "yes", "no"),
    "accident": ("intent", "accidental", "deliberate"),
}
TRUSTED_KINDS = MISSION_KINDS | {"registry"}


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


def hours_factor(facts: Sheet, hours: Hours) -> Pair:
    """Whether each interval lies in the opening hours, by the clocks of their zone; one that straddles them may or may not."""

    def minute(at_ms: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        local = pa.array(at_ms, pa.timestamp("ms", tz="UTC")).cast(pa.timestamp("ms", tz=hours.zone))
        return np.asarray(pc.hour(local).to_numpy() * 60 + pc.minute(local).to_numpy())

    def clock(text: str) -> int:
        return int(text[:2]) * 60 + int(text[3:])

    opens, closes = clock(hours.from_), clock(hours.until)
    short = facts.to_ms - facts.from_ms < 12 * 3_600_000

    def within(at: npt.NDArray[np.int64]) -> Bools:
        if opens <= closes:
            return np.asarray((at >= opens) & (at < closes))
        return np.asarray((at >= opens) | (at < closes))

    first, last = within(minute(facts.from_ms)), within(minute(np.maximum(facts.to_ms - 1, facts.from_ms)))
    return (first & last & short).astype(float), (first | last | ~short).astype(float)


def act_factor(facts: Sheet, clause: Clause) -> Pair:
    """1 for the acts of the clause; 0 to 1 for those that may be one of them, and for the unknown."""
    sure = facts.act.isin(clause.acts).astype(float)
    may_be = facts.act.isin((*clause.may_be, "unknown")).astype(float)
    return sure, np.maximum(sure, may_be)


def weapon_factor(facts: Sheet, weapons: WeaponClass | None) -> Pair:
    """Whether weapon and calibre fall under the class; exact comparison in micrometres."""
    low, high = np.ones(facts.n), np.ones(facts.n)
    if weapons is None:
        return low, high
    if weapons.weapons:
        low = facts.weapon.isin(weapons.weapons).astype(float)
        high = np.maximum(low, facts.weapon.isin(("unknown",)).astype(float))
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
    middle = (facts.from_ms + facts.to_ms) // 2
    left = np.ones(facts.n, dtype=bool)
    for item in alignments:  # the first that holds the party at that time counts
        if who not in item.members:
            continue
        rows = left.copy()
        if item.from_ms is not None:
            rows &= middle >= item.from_ms
        if item.until_ms is not None:
            rows &= middle < item.until_ms
        left &= ~rows
        part = facts.shares.get(item.id)
        if part is not None:
            low[rows] = part[rows] if item.members == (who,) else 0.0
            high[rows] = np.minimum(1.0, free[rows] + part[rows])
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
    low, high = np.zeros(incidents.num_rows), np.zeros(incidents.num_rows)
    spoken = observations.filter(pc.is_in(observations.column(column), pa.array([yes, no])))
    if not spoken.num_rows:
        return low, high
    word = Coded.of(spoken.column(column), "").isin((yes,))
    sure = Coded.of(spoken.column("source_kind"), "unknown").isin(TRUSTED_KINDS)
    members = incidents.column("members").combine_chunks()
    parent = pc.list_parent_indices(members).to_numpy(zero_copy_only=False)
    # The last observation of an id counts, as where a mapping is filled in order.
    ids = spoken.column("obs_id").combine_chunks().take(pa.array(np.arange(spoken.num_rows)[::-1]))
    index = pc.index_in(pc.list_flatten(members), value_set=ids).fill_null(-1).to_numpy(zero_copy_only=False)
    parent, index = parent[index >= 0], spoken.num_rows - 1 - index[index >= 0]

    def some(said: Bools) -> Bools:
        return np.bincount(parent[said], minlength=incidents.num_rows) > 0

    claimed, trusted, denied = some(word[index]), some(word[index] & sure[index]), some(~word[index])
    return (trusted & ~denied).astype(float), claimed.astype(float)


def procedure_factor(sheet: Sheet, facts: Facts | None, article: ExceptionArticle) -> Pair:
    """Bounds of P(every step of the procedure was taken for it), from facts before each incident.

    A step counts where the side of the incident took it (or the text's own office: no party named) in the time before.
    All steps by the mission's own word: 1. Some only by others' word, or the side not known: 0 to 1. One missing: 0.
    """
    low, high = np.zeros(sheet.n), np.zeros(sheet.n)
    if facts is None or not len(facts.at_ms):
        return low, high
    within = duration_of(article.within)[0]
    sure, may_be = np.ones(sheet.n, dtype=bool), np.ones(sheet.n, dtype=bool)
    for step in article.procedure:
        meant = facts.meant(step)
        verified, said = np.zeros(sheet.n, dtype=bool), np.zeros(sheet.n, dtype=bool)
        for party in np.unique(facts.by[meant]):
            mine = meant & (facts.by == party)
            rows = np.ones(sheet.n, dtype=bool) if party == "" else sheet.side.isin((str(party),))
            verified |= rows & _before(facts.at_ms[mine & facts.verified], sheet.from_ms, within)
            said |= (rows | sheet.side.isin(("undetermined",))) & _before(
                facts.at_ms[mine], sheet.from_ms, within
            )
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
