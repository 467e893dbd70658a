"""Learning existence without labels: which kinds report together says who invents and who misses.

Capture and recapture with clutter. A real incident is reported by each kind independently, with a chance of its own
times the share that the kind watched; a report of nothing comes from one kind, and others join it by accident. Groups
with one pattern of kinds are one row of a table, so that a million reports cost what a thousand do. A group that may be
part of another incident counts only for the rest of its chance. Parties and complaints learn as one kind, for all
parties alike. Sources: Otis et al. 1978 (closed populations), Dempster, Laird and Rubin 1977; docs/explanation/fusion.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from truceline.fusion.parameters import DEFAULTS, Parameters
from truceline.geo.points import BoolArray, Float64Array, Int64Array
from truceline.records.codes import SOURCE_KINDS

PRIOR_COUNT: Final = 30.0
STEPS: Final = 20  # of the masses and shares that make a pattern
MOST_VOICES: Final = 3
ROUNDS: Final = 2_000
SETTLED: Final = 1e-8
LEAST: Final = 1e-4
MOST_WEIGHT_E3: Final = 6_000


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """What was learned, by kind: chance that a real incident is reported, that it is reported again, share of the clutter.

    real: share of the groups that are real. joins, again: chance that another kind, or the same, joins clutter by accident.
    """

    detects: Float64Array
    repeats: Float64Array
    clutter: Float64Array
    real: float
    joins: float
    again: float


def learn_mixture(voices: Int64Array, mass: Float64Array, watched: Float64Array) -> Mixture:
    """Expectation and maximisation over the table of distinct patterns, until nothing moves.

    Args:
        voices: (k, kinds) voices of each kind in each group.
        mass: (k,) chance that the group belongs to another.
        watched: (k, kinds) share watched, 1 for kinds of which it is not known.
    """
    kinds = voices.shape[1]
    cut = np.rint(np.column_stack([mass, watched]) * STEPS).astype(np.int64)
    table, count = np.unique(
        np.column_stack([np.minimum(voices, MOST_VOICES), cut]), axis=0, return_counts=True
    )
    here = table[:, :kinds]
    weight = count * (1.0 - table[:, kinds] / STEPS)
    share = table[:, kinds + 1 :] / STEPS
    seen, more = here > 0, np.maximum(here - 1, 0)
    n = seen.sum(axis=1)
    used: BoolArray = np.asarray(seen.any(axis=0))
    even: Float64Array = used / max(int(used.sum()), 1)
    m = Mixture(
        np.where(used, 0.3, 0.0), np.full(kinds, 0.2), even, real=0.6, joins=0.1, again=0.05
    )  # fmt: skip
    for _ in range(ROUNDS):
        chance = np.clip(m.detects * share, LEAST, 1 - LEAST)
        unseen = np.where(used, 1 - chance, 1.0).prod(axis=1)
        real = _real(m, seen, more, n, chance, unseen)
        r = weight * real
        f = weight - r
        whole = r / (1 - unseen)
        new = Mixture(
            detects=np.where(used, (r @ seen + PRIOR_COUNT * 0.3) / (whole @ share + PRIOR_COUNT), 0.0).clip(
                0.0, 1 - LEAST
            ),
            repeats=(r @ more + PRIOR_COUNT * 0.1) / (r @ here + PRIOR_COUNT),
            clutter=np.where(used, f @ seen + PRIOR_COUNT / used.sum(), 0.0) / (f @ n + PRIOR_COUNT),
            real=float((r.sum() + PRIOR_COUNT / 2) / (weight.sum() + PRIOR_COUNT)),
            joins=float((f @ (n - 1) + PRIOR_COUNT * 0.05) / (f @ n + PRIOR_COUNT)),
            again=float((f @ more.sum(axis=1) + PRIOR_COUNT * 0.05) / (f @ here.sum(axis=1) + PRIOR_COUNT)),
        )
        moved = max(
            np.abs(new.detects - m.detects).max(),
            abs(new.real - m.real),
            np.abs(new.clutter - m.clutter).max(),
        )
        m = new
        if moved < SETTLED:
            break
    return m


def _real(
    m: Mixture, seen: BoolArray, more: Int64Array, n: Int64Array, chance: Float64Array, unseen: Float64Array
) -> Float64Array:
    """Chance that each pattern is of something real."""
    ln = np.log(m.real / (1 - m.real)) - np.log(1 - unseen)
    ln = ln + (seen * np.log(chance) + ~seen * np.log1p(-chance)).sum(axis=1)
    ln = ln + (more * np.log(m.repeats / m.again) + seen * np.log((1 - m.repeats) / (1 - m.again))).sum(
        axis=1
    )
    clutter = np.log(np.maximum(m.clutter, LEAST))
    ln = ln - (seen * clutter).sum(axis=1) - np.log(n) - (n - 1) * np.log(m.joins) - np.log1p(-m.joins)
    answer: Float64Array = 1.0 / (1.0 + np.exp(-np.clip(ln, -35, 35)))
    return answer


def weighed(
    parameters: Parameters,
    m: Mixture,
    exposed: BoolArray,
    vague: BoolArray,
    mass: Float64Array,
    detail_e3: Float64Array,
) -> Parameters:
    """Parameters whose terms add up to what the mixture says.

    Args:
        exposed: (kinds,) kinds of which it is known where they watched: their silence is a term of its own.
        vague: (kinds,) kinds whose reports mostly cannot be linked: only the chance that they
            are part of others tells what they are worth. mass: (kinds,) its mean.
        detail_e3: (kinds,) what reports of each kind bring on average besides the weight of the kind.
    """
    used = m.clutter > 0
    d = np.clip(m.detects, LEAST, 1 - LEAST)
    missed = np.where(used & ~exposed, np.log1p(-d), 0.0)
    unseen = float(np.where(used, 1 - d, 1.0).prod())
    prior = (
        np.log(m.real / (1 - m.real)) - np.log(1 - min(unseen, 1 - LEAST)) - np.log1p(-m.joins) + missed.sum()
    )
    clutter = np.log(np.maximum(m.clutter, LEAST))
    weight = 1e3 * (np.log(d) - missed - clutter + np.log((1 - m.repeats) / (1 - m.again))) - detail_e3
    missed_by_all = min(max(unseen, LEAST), 1 - LEAST)
    linked = np.clip(
        mass, LEAST, 1 - LEAST
    )  # of the real reports of a vague kind all but `missed_by_all` have others
    alone = np.clip(linked * missed_by_all / (1 - missed_by_all) / (1 - linked), LEAST, 1 - LEAST)
    weight = np.where(vague, 1e3 * (np.log(alone / (1 - alone)) - prior) - detail_e3, weight)
    agreement = 1e3 * (-np.log(2) - np.log(m.joins))
    weights = {
        kind: int(np.clip(round(float(weight[i])), -MOST_WEIGHT_E3, MOST_WEIGHT_E3)) if used[i] or vague[i] else DEFAULTS.weight_e3[kind]
        for i, kind in enumerate(SOURCE_KINDS)
    }  # fmt: skip
    detection = {
        kind: round(1e4 * min(float(d[i]), 0.95)) if used[i] and exposed[i] else parameters.detection_e4[kind]
        for i, kind in enumerate(SOURCE_KINDS)
    }
    return replace(
        parameters, prior_e3=round(1e3 * float(prior)), weight_e3=weights, detection_e4=detection,
        agreement_e3=round(float(np.clip(agreement, 0, MOST_WEIGHT_E3))), own_agreement_e3=0,
    )  # fmt: skip
