"""One clause against many incidents: bounds of every factor, and which of an article's clauses decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from truceline.agreement.clauses import Clause, Rule
from truceline.agreement.factors import (
    Pair,
    act_factor,
    hours_factor,
    side_factor,
    time_factor,
    unattributed,
    weapon_factor,
)
from truceline.agreement.ground import (
    ANYWHERE,
    Band,
    Bools,
    Floats,
    Ground,
    Region,
    difference,
)
from truceline.agreement.models import ExceptionArticle
from truceline.agreement.sheet import Sheet
from truceline.errors import AgreementError
from truceline.records.parties import Alignment

FACTORS = ("place", "time", "act", "weapon", "side")
Claims = Callable[[ExceptionArticle], Pair]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A clause held against n incidents.

    Attributes:
        low, high: factor -> bound (n,); `low_total` and `high_total` their products.
        in_scope: (n,) whether the article speaks about the incident at all.
        edge_m, edge_sd_m: distance to the deciding edge, positive inside; nan where there is none.
        excepted: (n,) whether an exception lowered the place factor.
        by_side: (n,) whether the place counts for one side and not for another, so that the side decides.
        ended: (n,) whether the clause had ceased to hold.
        needs_line: ids of lines that the clause measures from and nobody drew, "" where none.
    """

    clause: Clause
    low: dict[str, Floats]
    high: dict[str, Floats]
    low_total: Floats
    high_total: Floats
    in_scope: Bools
    edge_m: Floats
    edge_sd_m: Floats
    excepted: Bools
    by_side: Bools
    needs_line: str
    ended: Bools


def judge(
    rule: Rule,
    clause: Clause,
    facts: Sheet,
    ground: Ground,
    alignments: tuple[Alignment, ...],
    claims: Claims,
) -> Judged:
    """Bounds of all factors of one clause."""
    time = time_factor(facts, clause.start, clause.end)
    if clause.open is not None:
        hours = hours_factor(facts, clause.open)
        time = (time[0] * hours[0], time[1] * hours[1])
    act = act_factor(facts, clause)
    side = side_factor(facts, clause.binds, alignments)
    in_scope = (time[1] > 0) & (act[1] > 0) & (side[1] > 0)
    nan = np.full(facts.n, np.nan)
    ended = np.asarray(facts.from_ms >= clause.end.latest_ms)
    if clause.missing:
        unknown = (np.zeros(facts.n), np.ones(facts.n))
        pairs = {"place": unknown, "time": time, "act": act, "weapon": unknown, "side": unknown}
        no = np.zeros(facts.n, dtype=bool)
        return _judged(clause, pairs, in_scope, nan, nan, no, no, "", ended)
    weapon = weapon_factor(facts, clause.weapons)
    rows = in_scope & (weapon[1] > 0)
    regions = _regions(rule, clause, ground)
    found = [_place(region, clause, ground, rows, claims) for _, region in regions]
    place, excepted, by_side = _mixed(facts, regions, found)
    edge, sd = _edge(facts, regions, [pair for pair, _ in found], ground, in_scope)
    if excepted.any() and len(regions) == 1:
        edge, sd = _excepted_edge(rule, clause, regions[0][1], ground, excepted, (edge, sd))
    pairs = {"place": place, "time": time, "act": act, "weapon": weapon, "side": side}
    absent = sorted({region.line for _, region in regions if isinstance(region, Band)} - set(ground.lines))
    return _judged(clause, pairs, in_scope, edge, sd, excepted, by_side, ", ".join(absent), ended)


def _judged(
    clause: Clause,
    pairs: dict[str, Pair],
    in_scope: Bools,
    edge: Floats,
    sd: Floats,
    excepted: Bools,
    by_side: Bools,
    line: str,
    ended: Bools,
) -> Judged:
    low = {name: pairs[name][0] for name in FACTORS}
    high = {name: pairs[name][1] for name in FACTORS}
    low_total, high_total = np.ones(len(edge)), np.ones(len(edge))
    for name in FACTORS:
        low_total, high_total = low_total * low[name], high_total * high[name]
    return Judged(
        clause, low, high, low_total, high_total, in_scope, edge, sd, excepted, by_side, line, ended
    )


def _regions(rule: Rule, clause: Clause, ground: Ground) -> list[tuple[str, Region]]:
    """The forbidden region for each side, or one for everybody (side "")."""
    step = clause.step
    if step is None:
        return [("", ground.region(clause.where, rule.key))]
    reference = step.from_line
    main = next(iter(ground.lines.values()), None) if reference is None else None
    if isinstance(reference, str):
        main = ground.lines.get(reference)
    elif isinstance(reference, dict):
        main = next((ground.lines[name] for name in reference.values() if name in ground.lines), None)
    distances = step.distance_m
    named = set(reference) if isinstance(reference, dict) else set()
    named |= set(distances) if isinstance(distances, dict) else set()
    if main is not None:
        for side in sorted(named):
            ground.require_side(main, side, rule.key)
    sides = tuple(sorted(named)) if main is None else (main.left, main.right)
    whole = step.width_m / 2 if step.width_m is not None else distances
    regions: list[tuple[str, Region]] = []
    for side in sides or ("",):
        metres = whole.get(side) if isinstance(whole, dict) else whole
        line = reference.get(side) if isinstance(reference, dict) else reference
        if metres is not None and line is not None:
            regions.append((side, Band(line, ((-float(metres), float(metres)),))))
        else:
            regions.append((side, Band("", ())))
    distinct = {region for _, region in regions}
    return [("", regions[0][1])] if len(distinct) == 1 else regions


def _place(region: Region, clause: Clause, ground: Ground, rows: Bools, claims: Claims) -> tuple[Pair, Bools]:
    """Bounds of P(the place is forbidden), with what exceptions take away."""
    excepted = np.zeros(ground.n, dtype=bool)
    if isinstance(region, Band) and not region.intervals:
        return (np.zeros(ground.n), np.zeros(ground.n)), excepted
    base_low, base_high = ground.probability(region, rows)
    low, high = base_low, base_high
    for article in clause.exceptions:
        claim_low, claim_high = claims(article)
        claimed = rows & (claim_high > 0)
        if not claimed.any():
            continue
        rest_low, rest_high = ground.without(region, ground.region(article.where, article.key), claimed)
        taken = np.where(claimed, base_low - np.minimum(rest_low, base_low), 0.0)
        low = np.maximum(low - taken, 0.0)
        high = np.where(claimed & (claim_low > 0), np.minimum(high, rest_high), high)
        excepted |= claimed & ((taken > 0) | (rest_high < base_high))
    return (low, high), excepted


def _mixed(
    facts: Sheet, regions: list[tuple[str, Region]], found: list[tuple[Pair, Bools]]
) -> tuple[Pair, Bools, Bools]:
    """Place bounds over the sides: each side's by its share, the unattributed share by the extremes."""
    if len(regions) == 1:
        return (*found[0], np.zeros(facts.n, dtype=bool))
    free = unattributed(facts)
    lows, highs = np.stack([pair[0] for pair, _ in found]), np.stack([pair[1] for pair, _ in found])
    low, high = free * lows.min(axis=0), free * highs.max(axis=0)
    for index, (side, _) in enumerate(regions):
        share = facts.shares.get(side, np.zeros(facts.n))
        low, high = low + share * lows[index], high + share * highs[index]
    by_side = (lows.max(axis=0) - highs.min(axis=0) > 0.5) & (free > 0.2)
    return (low, np.minimum(high, 1.0)), np.any([part for _, part in found], axis=0), by_side


def _edge(
    facts: Sheet, regions: list[tuple[str, Region]], places: list[Pair], ground: Ground, rows: Bools
) -> tuple[Floats, Floats]:
    """Distance to the edge of the region of the side that is known; of the most likely one otherwise."""
    edge, sd, best = np.full(facts.n, np.nan), np.full(facts.n, np.nan), np.full(facts.n, -1.0)
    for (side, region), (low, high) in zip(regions, places, strict=True):
        if region is None or not rows.any():
            continue
        here, spread = (
            ground.edge(region) if not (isinstance(region, Band) and not region.intervals) else (edge, sd)
        )
        known = facts.side.isin((side,))
        weight = np.where(known, 10.0, low + high)
        better = rows & ~np.isnan(here) & ((weight > best) | ((weight == best) & (here > edge)))
        edge, sd, best = (
            np.where(better, here, edge),
            np.where(better, spread, sd),
            np.where(better, weight, best),
        )
    return edge, sd


def _excepted_edge(
    rule: Rule, clause: Clause, region: Region, ground: Ground, excepted: Bools, plain: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Where an exception of the same line is claimed, the edge that decides is the one it leaves."""
    edge, sd = plain
    for article in clause.exceptions:
        taken = ground.region(article.where, rule.key)
        if not isinstance(taken, Band) or not (region is None or isinstance(region, Band)):
            continue
        if isinstance(region, Band) and region.line != taken.line:
            continue
        left = difference(ANYWHERE if region is None else region.intervals, taken.intervals)
        if left:
            rest, spread = ground.edge(Band(taken.line, left))
            edge, sd = np.where(excepted, rest, edge), np.where(excepted, spread, sd)
    return edge, sd


def schema_refusal(table: str, missing: list[str]) -> AgreementError:
    """AGR-019: a table that `assess` cannot read."""
    return AgreementError(
        "AGR-019",
        f"{table} must have the columns of records.columns",
        value=missing,
        remedy="Pass the tables as fusion and intake give them.",
    )
