"""So many at most: at once, by inventory and sighting, or in a calendar period."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from truceline.agreement.conditions import FactKind, Happened
from truceline.agreement.duties.duty import Duty
from truceline.agreement.factors import compare
from truceline.agreement.fields import Where
from truceline.agreement.models import (
    FlowLimit,
    Limit,
)
from truceline.agreement.moments import Bounds
from truceline.agreement.temporal import Facts, periods


def ceiling(limit: Limit, where: Where | None, duty: Duty, facts: Facts, as_of_ms: int) -> Duty:
    def mine(kind: FactKind) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        all_of_kind = facts.meant(Happened(fact=kind, by=duty.owner or None)) & (facts.at_ms <= as_of_ms)
        return np.asarray(all_of_kind & ((facts.subject == limit.name) | _of_class(limit, where, facts)))

    declared, seen = mine("inventory"), mine("sighting")
    number = _latest(facts, declared)
    sure = int(facts.count[seen & facts.verified].max(initial=-1))
    said = int(facts.count[seen].max(initial=-1))
    shown = (
        f"at most {limit.at_most}; declared {'nothing' if number is None else number}, seen {max(sure, 0)}"
    )
    if sure > limit.at_most:
        return replace(duty, state="breached", reason=f"More were seen at once than allowed ({shown}).")
    if number is not None and number > limit.at_most:
        return replace(duty, state="breached", reason=f"More are declared than allowed ({shown}).")
    if number is not None and sure > number:
        return replace(
            duty,
            state="disputed",
            reason=f"More were seen than declared ({shown}).",
            needs="A corrected declaration, or an inspection.",
        )
    if said > limit.at_most:
        return replace(
            duty,
            state="undetermined",
            reason=f"More than allowed are said to be there ({shown}).",
            needs="A sighting by the mission.",
        )
    if number is not None and bool((declared & facts.verified).any()):
        return replace(duty, state="met", reason=f"Declared, inspected, and within the number ({shown}).")
    if number is not None:
        return replace(
            duty,
            state="reported",
            reason=f"Declared within the number and not inspected ({shown}).",
            needs="An inspection.",
        )
    return replace(
        duty,
        state="undetermined",
        reason=f"No inventory is known ({shown}).",
        needs="A declaration and an inspection.",
    )


def flow(article: FlowLimit, duty: Duty, facts: Facts, as_of_ms: int) -> Duty:
    mine = facts.meant(Happened(fact="movement", subject=article.what, by=duty.owner or None)) & (
        facts.at_ms <= as_of_ms
    )
    if not mine.any():
        return replace(
            duty,
            state="undetermined",
            reason="No movement was reported or seen.",
            needs="Counts at the points of entry.",
        )
    at, count, verified = facts.at_ms[mine], facts.count[mine], facts.verified[mine]
    begin, end = periods(at, article.per, article.zone)
    marks, index = np.unique(begin, return_inverse=True)
    sure = np.bincount(index, weights=np.where(verified, count, 0), minlength=len(marks))
    said = np.bincount(index, weights=count, minlength=len(marks))
    most = f"at most {article.at_most} a {article.per}, {int(sure.max())} seen and {int(said.max())} reported in the fullest one"
    last = int(end.max())
    if (sure > article.at_most).any():
        return replace(
            duty, state="breached", due=Bounds(last, last), reason=f"More than allowed in a period: {most}."
        )
    if (said > article.at_most).any():
        return replace(
            duty,
            state="undetermined",
            reason=f"More than allowed by what parties say: {most}.",
            needs="Counts by the mission.",
        )
    if verified.all():
        return replace(duty, state="met", reason=f"Within the number: {most}.")
    return replace(
        duty,
        state="reported",
        reason=f"Within the number by what parties say: {most}.",
        needs="Counts by the mission.",
    )


def _of_class(limit: Limit, where: Where | None, facts: Facts) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Facts without a subject that tell weapon, calibre and distance, and fall under the limit by them."""
    if facts.weapon is None or facts.calibre_um is None or facts.distance_m is None or not limit.weapons:
        return np.zeros(len(facts.at_ms), dtype=bool)
    keep = (facts.subject == "") & np.isin(facts.weapon, limit.weapons)
    for bound in limit.calibre:
        keep &= (facts.calibre_um >= 0) & compare(facts.calibre_um.astype(float), bound)
    if where is not None:
        far = np.inf if where.within_m is None else where.within_m
        keep &= (facts.distance_m >= (where.beyond_m or 0)) & (facts.distance_m < far)
    return np.asarray(keep)


def _latest(facts: Facts, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int | None:
    if not rows.any():
        return None
    at = facts.at_ms[rows]
    return int(facts.count[rows][at == at.max()].max())
