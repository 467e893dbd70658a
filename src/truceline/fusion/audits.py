"""Calibration on audits: what turned out to be true moves the weights of kinds of source, as little as it must.

A logistic regression on the terms of the explanation, held to the parameters in force by a normal prior. Weights are
those of kinds, never of parties; statements of parties and complaints move together, for all parties alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa

from truceline.fusion.existence import FRAGMENT, term_of
from truceline.fusion.parameters import Parameters
from truceline.geo.points import Float64Array
from truceline.records.codes import MISSION_KINDS, SOURCE_KINDS

SD_OF_WEIGHT: Final = 1.0
SD_OF_PRIOR: Final = 1.0
SD_OF_FRAGMENT: Final = 0.5
ROUNDS: Final = 60
FRAGMENT_TERM: Final = term_of(FRAGMENT)
_PRIOR, _AGREEMENT, _OWN, _FRAGMENT = range(len(SOURCE_KINDS), len(SOURCE_KINDS) + 4)


def calibrate(incidents: pa.Table, audits: Mapping[str, bool], parameters: Parameters) -> Parameters:
    """Parameters whose probabilities fit the audits better.

    Args:
        incidents: made by `fuse` with `parameters`.
        audits: obs_id -> whether what it reports happened, from a random sample of incidents; where several members
            were audited the majority counts, and a tie leaves the incident out.
    Returns:
        A whole set; without usable audits, `parameters` unchanged.
    """
    offsets: list[float] = []
    design: list[Float64Array] = []
    outcome: list[float] = []
    columns = (incidents.column(name).to_pylist() for name in ("supports", "explanation"))
    for supports, explanation in zip(*columns, strict=True):
        votes = [1 if audits[obs] else -1 for obs in supports if obs in audits]
        if not votes or sum(votes) == 0:
            continue
        offsets.append(sum(term["log_odds_e6"] for term in explanation) / 1e6)
        design.append(_features([(term["term"], term["log_odds_e6"]) for term in explanation], parameters))
        outcome.append(float(sum(votes) > 0))
    if not design:
        return parameters
    change = _fit(np.array(design), np.array(offsets), np.array(outcome))
    weights = {
        kind: int(parameters.weight_e3[kind] + round(1e3 * change[index]))
        for index, kind in enumerate(SOURCE_KINDS)
    }
    return replace(
        parameters,
        fragment_e4=int(np.clip(parameters.fragment_e4 + round(1e4 * change[_FRAGMENT]), 0, 10_000)),
        weight_e3=weights,
        prior_e3=int(parameters.prior_e3 + round(1e3 * change[_PRIOR])),
        agreement_e3=max(0, int(parameters.agreement_e3 + round(1e3 * change[_AGREEMENT]))),
        own_agreement_e3=max(0, int(parameters.own_agreement_e3 + round(1e3 * change[_OWN]))),
    )


def _features(terms: list[tuple[str, int]], parameters: Parameters) -> Float64Array:
    """How much of each kind's weight, of the prior and of the bonuses for agreement stands in an explanation.

    A report that takes nothing away although its kind would (0) stands in it with nothing.
    """
    row = np.zeros(len(SOURCE_KINDS) + 4)
    row[_PRIOR] = 1.0
    keep = parameters.repeat_e4 / 1e4
    kinds = set()
    for term, value in terms:
        if term == FRAGMENT_TERM:
            row[_FRAGMENT] = value / 100.0 / max(parameters.fragment_e4, 1)
        if term.startswith("report: "):
            kind, _, order = term.removeprefix("report: ").partition(" (")
            kinds.add(kind)
            if (kinds != {kind} and value <= 0) or (order and value <= 0):
                continue  # who agrees never takes away
            row[SOURCE_KINDS.index(kind)] += keep ** (int(order.rstrip(")")) - 1 if order else 0)
    row[_AGREEMENT] = sum(keep**step for step in range(len(kinds) - 1))
    row[_OWN] = sum(keep**step for step in range(len(kinds & MISSION_KINDS) - 1))
    return row


def _fit(design: Float64Array, offset: Float64Array, outcome: Float64Array) -> Float64Array:
    """Penalised maximum likelihood by damped Newton steps."""
    sd = np.full(design.shape[1], SD_OF_WEIGHT)
    sd[_PRIOR], sd[_FRAGMENT] = SD_OF_PRIOR, SD_OF_FRAGMENT
    pull = np.diag(1.0 / sd**2)
    change = np.zeros(design.shape[1])

    def loss(at: Float64Array) -> float:
        z = offset + design @ at
        return float((np.logaddexp(0.0, z) - outcome * z).sum() + at @ pull @ at / 2)

    for _ in range(ROUNDS):
        p = 1.0 / (1.0 + np.exp(-np.clip(offset + design @ change, -35.0, 35.0)))
        gradient = design.T @ (p - outcome) + pull @ change
        if np.abs(gradient).max() < 1e-9:
            break
        step = np.linalg.solve((design.T * (p * (1 - p))) @ design + pull, gradient)
        size = 1.0
        while size > 1e-6 and loss(change - size * step) > loss(change):
            size /= 2
        change = change - size * step
    return change
