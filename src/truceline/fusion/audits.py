"""Calibration on audits: what turned out to be true moves the weights of kinds of source, as little as it must.

A logistic regression on the terms of the explanation, held to the parameters in force by normal priors whose widths are
how much these weights differ from one simulated country to another. How far to trust the audits against the priors is
settled by cross-fitting over days. Weights are those of kinds, never of parties.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa

from truceline.fusion.existence import FRAGMENT, term_of
from truceline.fusion.parameters import Parameters
from truceline.fusion.surroundings import SURROUNDINGS
from truceline.geo.points import Float64Array, Int64Array
from truceline.records.codes import MISSION_KINDS, SOURCE_KINDS

ROUNDS: Final = 60
FOLDS: Final = 5
TRUST: Final = (0.1, 0.4, 1.6, 6.4)  # variance of the priors, against what they are
FEWEST_FOLDED: Final = 40
DAY_MS: Final = 86_400_000
FRAGMENT_TERM: Final = term_of(FRAGMENT)
_K: Final = len(SOURCE_KINDS)
_AGAIN: Final = _K
_PRIOR, _AGREEMENT, _FURTHER, _OWN, _FRAGMENT, _UNSEEN = range(2 * _K, 2 * _K + 6)
_AROUND: Final = 2 * _K + 6
_WIDTH: Final = _AROUND + len(SURROUNDINGS)
SD: Final = np.array([0.7] * _K + [0.7] * _K + [0.5, 0.5, 0.4, 0.3, 0.5, 0.5] + [0.25] * len(SURROUNDINGS))
_NEAR: Final = re.compile(r"(\d+) corroborated (.+)")
_WORDS: Final = {one.words: number for number, one in enumerate(SURROUNDINGS)}


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """n audited incidents: what stands in their explanations, the log-odds now, what was found, and the day."""

    design: Float64Array
    offset: Float64Array
    outcome: Float64Array
    day: Int64Array

    def part(self, rows: Int64Array) -> Looked:
        """Some of them."""
        return Looked(self.design[rows], self.offset[rows], self.outcome[rows], self.day[rows])


def calibrate(
    incidents: pa.Table, audits: Mapping[str, bool], parameters: Parameters, *, trust: float | None = None
) -> Parameters:
    """Parameters whose probabilities fit the audits better.

    Args:
        incidents: made by `fuse` with `parameters`.
        audits: obs_id -> whether what it reports happened, from a random sample of incidents; where several members
            were audited the majority counts, and a tie leaves the incident out.
        trust: variance of the priors against `SD` squared; by default what cross-fitting finds best.
    Returns:
        A whole set; without usable audits, `parameters` unchanged.
    """
    looked = looked_into(incidents, audits, parameters)
    if not len(looked.outcome):
        return parameters
    change = fit(looked, settled_trust(looked) if trust is None else trust)
    weights, again = (
        {kind: int(values[kind] + round(1e3 * change[first + i])) for i, kind in enumerate(SOURCE_KINDS)}
        for values, first in ((parameters.weight_e3, 0), (parameters.again_e3, _AGAIN))
    )
    around = {
        one.name: max(0, int(parameters.around_e3[one.name] + round(1e3 * change[_AROUND + i])))
        for i, one in enumerate(SURROUNDINGS)
    }
    return replace(
        parameters, weight_e3=weights, again_e3={kind: max(0, value) for kind, value in again.items()}, around_e3=around,
        prior_e3=int(parameters.prior_e3 + round(1e3 * change[_PRIOR])),
        agreement_e3=max(0, int(parameters.agreement_e3 + round(1e3 * change[_AGREEMENT]))),
        further_e3=max(0, int(parameters.further_e3 + round(1e3 * change[_FURTHER]))),
        own_agreement_e3=max(0, int(parameters.own_agreement_e3 + round(1e3 * change[_OWN]))),
        fragment_e4=int(np.clip(parameters.fragment_e4 + round(1e4 * change[_FRAGMENT]), 0, 10_000)),
        unseen_e4=int(np.clip(parameters.unseen_e4 + round(1e4 * change[_UNSEEN]), 0, 10_000)),
    )  # fmt: skip


def looked_into(incidents: pa.Table, audits: Mapping[str, bool], parameters: Parameters) -> Looked:
    """The audited ones among the incidents."""
    offsets: list[float] = []
    design: list[Float64Array] = []
    outcome: list[float] = []
    days: list[int] = []
    columns = (incidents.column(name).to_pylist() for name in ("supports", "explanation", "midpoint_ms"))
    for supports, explanation, at in zip(*columns, strict=True):
        votes = [1 if audits[obs] else -1 for obs in supports if obs in audits]
        if not votes or sum(votes) == 0:
            continue
        offsets.append(sum(term["log_odds_e6"] for term in explanation) / 1e6)
        design.append(_features([(term["term"], term["log_odds_e6"]) for term in explanation], parameters))
        outcome.append(float(sum(votes) > 0))
        days.append(at // DAY_MS)
    return Looked(
        np.reshape(np.array(design), (-1, _WIDTH)), np.array(offsets), np.array(outcome), np.array(days, dtype=np.int64)
    )  # fmt: skip


def settled_trust(looked: Looked) -> float:
    """The trust under which each fifth is foretold best by the rest; whole days stay together where there are enough."""
    n = len(looked.outcome)
    if n < FEWEST_FOLDED:
        return TRUST[0]
    days = np.unique(looked.day, return_inverse=True)[1]
    fold = (days if days.max() >= 2 * FOLDS else np.arange(n)) % FOLDS
    loss = []
    for trust in TRUST:
        total = 0.0
        for number in range(FOLDS):
            out = np.flatnonzero(fold == number)
            change = fit(looked.part(np.flatnonzero(fold != number)), trust)
            z = looked.offset[out] + looked.design[out] @ change
            total += float((np.logaddexp(0.0, z) - looked.outcome[out] * z).sum())
        loss.append(round(total, 9))
    return TRUST[int(np.argmin(loss))]


def _features(terms: list[tuple[str, int]], parameters: Parameters) -> Float64Array:
    """How much of each weight and bonus stands in an explanation.

    A kind that would take away more than its agreement gives stands in it with nothing.
    """
    row = np.zeros(_WIDTH)
    row[_PRIOR] = 1.0
    keep = parameters.repeat_e4 / 1e4
    kinds: list[str] = []
    bonus = float(parameters.agreement_e3)
    share = 1.0
    for term, value in terms:
        near = _NEAR.fullmatch(term)
        if near:
            row[_AROUND + _WORDS[near[2]]] = np.log(int(near[1]) + 0.5)
        elif term == FRAGMENT_TERM:
            row[_FRAGMENT] = value / 100.0 / max(parameters.fragment_e4, 1)
        elif term.startswith("watched, not reported"):
            row[_UNSEEN] += value / 100.0 / max(parameters.unseen_e4, 1)
        elif term.startswith("report: "):
            kind, _, order = term.removeprefix("report: ").partition(" (")
            if order:
                row[_AGAIN + SOURCE_KINDS.index(kind)] += keep ** (int(order.rstrip(")")) - 2)
                continue
            kinds.append(kind)
            which = _AGREEMENT if len(kinds) == 2 else _FURTHER
            if len(kinds) == 1 or value / 1e3 + bonus > 0:
                row[SOURCE_KINDS.index(kind)] += 1.0
                if len(kinds) > 1:
                    row[which] += share
            if len(kinds) > 1:
                share = 1.0 if len(kinds) == 2 else share * keep
                bonus = float(parameters.further_e3) * share
    row[_OWN] = sum(keep**step for step in range(len(set(kinds) & MISSION_KINDS) - 1))
    return row


def fit(looked: Looked, trust: float) -> Float64Array:
    """Change of each weight: penalised maximum likelihood by damped Newton steps."""
    design, offset, outcome = looked.design, looked.offset, looked.outcome
    pull = np.diag(1.0 / (SD**2 * trust))
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
