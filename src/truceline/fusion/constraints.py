"""What officers decided about which observations belong together; later runs obey it.

A merge puts the incidents of its observations together. A split keeps sets of observations in incidents of their own;
whatever else was in the incident goes where it fits better. Later ones have the last word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.errors import FusionError
from truceline.fusion.stats import NEVER, SAID, SUMS, finish, gain, sum_of
from truceline.fusion.work import Work
from truceline.geo.points import Float64Array, Int64Array


@dataclass(frozen=True, slots=True)
class Merge:
    """These observations are about one incident."""

    obs_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """Observations of different sets are about different incidents; those of one set about one."""

    sets: tuple[tuple[str, ...], ...]


Constraint = Merge | Split


def observed_in(constraint: Constraint) -> tuple[str, ...]:
    """The observations that a constraint names."""
    return constraint.obs_ids if isinstance(constraint, Merge) else sum(constraint.sets, ())


def check(constraints: Sequence[Constraint]) -> None:
    """Refuse what cannot be obeyed.

    Raises:
        FusionError: FUS-007, fewer than two observations or sets, or an observation in two sets.
    """
    for one in constraints:
        named = observed_in(one)
        parts = one.obs_ids if isinstance(one, Merge) else one.sets
        if len(parts) < 2 or len(set(named)) < len(named) or not all(parts):
            raise FusionError(
                "FUS-007", "a merge names two or more observations, a split two or more sets without common ones",
                where=type(one).__name__.lower(), value=list(named), remedy="Name each observation once.",
            )  # fmt: skip


def obey(label: Int64Array, constraints: Sequence[Constraint], work: Work, rates: Float64Array) -> Int64Array:
    """Labels (n,) as the officers decided; observations that are not here, or in no incident, are passed over.

    Args:
        label: (n,) lowest row of each row's group, -1 for none.
    """
    if not constraints:
        return label
    label = label.copy()
    ids = pa.array(sorted({obs for one in constraints for obs in observed_in(one)}), pa.string())
    at = (
        pc.index_in(ids, value_set=work.sheet.table.column("obs_id").combine_chunks())
        .fill_null(-1)
        .to_numpy()
    )
    row_of = {
        obs: int(row) for obs, row in zip(ids.to_pylist(), at, strict=True) if row >= 0 and label[row] >= 0
    }
    for one in constraints:
        if isinstance(one, Merge):
            _merge(label, [row_of[obs] for obs in one.obs_ids if obs in row_of])
        else:
            sets = [[row_of[obs] for obs in part if obs in row_of] for part in one.sets]
            _split(label, [part for part in sets if part], work, rates)
    return label


def _merge(label: Int64Array, rows: list[int]) -> None:
    groups = np.unique(label[rows])
    if len(groups) > 1:
        label[np.isin(label, groups)] = groups[0]


def _split(label: Int64Array, sets: list[list[int]], work: Work, rates: Float64Array) -> None:
    if len(sets) < 2:
        return
    named = [row for part in sets for row in part]
    others = np.setdiff1d(np.flatnonzero(np.isin(label, np.unique(label[named]))), named)
    came_from = label[others].copy()
    was = [set(label[part].tolist()) for part in sets]
    for part in sets:
        label[part] = min(part)
    said = [_said(np.array(sorted(part)), work) for part in sets]
    for row, group in zip(others.tolist(), came_from.tolist(), strict=True):
        fit = [
            gain(work.said[row], said[i], rates[row], rates[min(sets[i])], work.sheet.ln_area)
            if group in was[i] else 2 * NEVER
            for i in range(len(sets))
        ]  # fmt: skip
        label[row] = min(sets[int(np.argmax(fit))])


def _said(rows: Int64Array, work: Work) -> Float64Array:
    both, said = np.empty(SUMS), np.zeros(SAID)
    said[:5] = work.said[rows[0], :5]
    finish(both, said, sum_of(rows, work.sums, work.sheet.name, both)) if len(rows) > 1 else None
    return work.said[rows[0]] if len(rows) == 1 else said
