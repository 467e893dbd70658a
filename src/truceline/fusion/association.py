"""Which observations are about one incident.

Precise reports are grouped first, the best pair first; vague ones are grouped among themselves and then join the
precise group that has more than half of the chance; what does not fit the consensus is put out again; copies go where
their original is; denials and quiet reports come last and add nothing.
"""

# Kernels take many columns, whose types numba infers.
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from truceline.fusion.constraints import Constraint, obey
from truceline.fusion.opposing import oppose
from truceline.fusion.parameters import Parameters
from truceline.fusion.sheet import Sheet
from truceline.fusion.work import Pairs, Work
from truceline.geo.points import BoolArray, Float64Array, Int64Array
from truceline.records.codes import ACTS, STANCES

AGAINST: Final = tuple(STANCES.index(word) for word in ("denial", "quiet"))
CONTEXT: Final = ACTS.index("air_raid_alert")  # a warning says what is feared, not what happened

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Association:
    """Each row's group, named by its lowest row.

    Attributes:
        label: (n,) lowest row of the group; -1 for an alert, and for a denial or quiet report that belongs to none.
        copy: (n,) rows attached to the original that they copy.
        against: rows that contradict, and the groups.
        soft: vague reports that fit several groups.
        mass: (n,) chance that a group which stands alone belongs to another all the same, by row.
    """

    label: Int64Array
    copy: BoolArray
    against: Pairs
    soft: Pairs
    mass: Float64Array


def associate(
    sheet: Sheet, parameters: Parameters, say: Say = lambda step: None, constraints: Sequence[Constraint] = ()
) -> Association:
    """Group the observations; see the module. `constraints` are obeyed whatever the numbers say."""
    n = len(sheet)
    against = np.isin(sheet.stance, AGAINST)
    context = sheet.act == CONTEXT
    copy = (sheet.origins.original >= 0) & ~against & ~context
    active = ~against & ~copy & ~context
    nothing = np.empty(0, dtype=np.int64)
    none = Pairs(nothing, nothing, np.empty(0))
    if not active.any():
        return Association(np.full(n, -1, dtype=np.int64), np.zeros(n, dtype=bool), none, none, np.zeros(n))
    say("reading")
    work = Work(sheet, parameters, active)
    say("grouping precise reports")
    weight = float(np.exp(parameters.rate_e3 / 1e3))
    rates = work.rates(work.alone(), weight)
    pairs = work.pairs(np.flatnonzero(work.precise), rates)
    for _ in range(2):
        label = work.grow(np.flatnonzero(work.precise), pairs, rates)
        rates = work.rates(label, weight, grown=True)
    say("grouping vague reports")
    vague = np.flatnonzero(active & ~work.precise)
    if len(vague):
        one = work.grow(vague, work.pairs(vague, rates), rates)
        label[vague] = one[vague]
    label[~active] = -1
    say("joining")
    label, soft, mass = work.join(label, vague, rates)
    label = _lowest(obey(work.expel(label), constraints, work, rates))
    soft = Pairs(soft.row, label[soft.group], soft.share)
    attached = label.copy()
    first = _first_active(sheet.origins.original, copy, against)[copy]
    attached[copy] = np.where(first >= 0, label[first], -1)
    say("hearing denials")
    row, group = oppose(sheet, work, label, against & ~context)
    unplaced = attached[row] < 0
    attached[row[unplaced][::-1]] = group[unplaced][::-1]
    against_pairs = Pairs(row, group, np.ones(len(row)))
    return Association(attached, copy & (attached >= 0), against_pairs, soft, mass)


def _first_active(original: Int64Array, copy: BoolArray, against: BoolArray) -> Int64Array:
    """Row at the root of each copy; a copy of a denial belongs where nothing is."""
    root = original.copy()
    root[(root >= 0) & against[np.maximum(root, 0)]] = -1
    return root


def _lowest(label: Int64Array) -> Int64Array:
    """Groups named by their lowest row."""
    lowest = np.full(len(label), len(label), dtype=np.int64)
    rows = np.flatnonzero(label >= 0)
    np.minimum.at(lowest, label[rows], rows)
    return np.where(label >= 0, lowest[np.maximum(label, 0)], -1)
