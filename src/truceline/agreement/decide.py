"""One verdict for each incident, by the clause that is nearest to a breach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from truceline.agreement.ground import Bools, Floats
from truceline.agreement.judge import FACTORS, Judged
from truceline.agreement.sheet import Sheet
from truceline.records.codes import VERDICTS

BREACH_E4, NO_BREACH_E4 = 8000, 2000
"""A breach is `breach` from 0.8, `no_breach` up to 0.2 (given that it happened); between them nothing is decided."""


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """One article against n incidents, each by its deciding clause.

    Attributes:
        judged: the clauses; `best` the one that decides (n,); `verdict` as an index into VERDICTS (n,).
        breach_e4: probability that the article is breached, in 1/10000 (n,), where `estimated`.
        low, high: factor -> bound (n,).
        edge_m, edge_sd_m: distance to the deciding edge where `placed`.
    """

    judged: list[Judged]
    best: npt.NDArray[np.int64]
    verdict: npt.NDArray[np.int8]
    breach_e4: Floats
    estimated: Bools
    low: dict[str, Floats]
    high: dict[str, Floats]
    edge_m: Floats
    edge_sd_m: Floats
    placed: Bools
    excepted: Bools
    by_side: Bools

    def unknown(self, factor: str) -> Bools:
        """Where nothing is known of the factor, (n,)."""
        return np.asarray((self.low[factor] <= 0.0) & (self.high[factor] >= 1.0))


def decide(judged: list[Judged], sheet: Sheet) -> Decided:
    """Verdicts of one article; see docs/explanation/agreement.md for the thresholds."""
    best = deciding(judged)
    everybody = np.arange(sheet.n)

    def pick(arrays: list[Any]) -> Any:
        return arrays[0] if len(arrays) == 1 else np.stack(arrays)[best, everybody]

    low = {name: pick([item.low[name] for item in judged]) for name in FACTORS}
    high = {name: pick([item.high[name] for item in judged]) for name in FACTORS}
    in_scope = pick([item.in_scope for item in judged])
    least = e4(pick([item.low_total for item in judged]) * sheet.existence[0])
    most = e4(pick([item.high_total for item in judged]))
    undefined = np.array([bool(item.clause.missing) for item in judged])[best]
    breach = in_scope & ~undefined & (least >= BREACH_E4) & sheet.vouched
    no_breach = in_scope & ~undefined & (most <= NO_BREACH_E4)
    verdict = np.full(sheet.n, VERDICTS.index("undetermined"), dtype=np.int8)
    verdict[breach], verdict[no_breach] = VERDICTS.index("breach"), VERDICTS.index("no_breach")
    verdict[~in_scope] = VERDICTS.index("out_of_scope")
    blank = np.any([(low[name] <= 0.0) & (high[name] >= 1.0) for name in FACTORS], axis=0)
    edge = pick([item.edge_m for item in judged])
    return Decided(
        judged, best, verdict, least, in_scope & (breach | no_breach | ~blank), low, high, edge,
        pick([item.edge_sd_m for item in judged]), np.isfinite(edge) & in_scope,
        pick([item.excepted for item in judged]), pick([item.by_side for item in judged]),
    )  # fmt: skip


def deciding(judged: list[Judged]) -> npt.NDArray[np.int64]:
    """For each incident the clause that is nearest to a breach; the first among equals."""
    best = np.zeros(len(judged[0].low_total), dtype=np.int64)
    if len(judged) == 1:
        return best
    for index in range(1, len(judged)):
        one, other = judged[index], best
        low = np.choose(other, [item.low_total for item in judged])
        high = np.choose(other, [item.high_total for item in judged])
        scope = np.choose(other, [item.in_scope for item in judged])
        more = (one.low_total > low) | ((one.low_total == low) & (one.high_total > high))
        equal = (one.low_total == low) & (one.high_total == high)
        more |= equal & one.in_scope & ~scope
        # Of clauses that do not apply, the one that is still to come or in force says more than one that has ended.
        ended = np.choose(other, [item.ended for item in judged])
        more |= equal & ~one.in_scope & ~scope & ended & ~one.ended
        best = np.where(more, index, best)
    return best


def e4(chance: Floats) -> Floats:
    """Probabilities as whole numbers of 1/10000."""
    whole: Floats = np.rint(np.clip(chance, 0.0, 1.0) * 1e4)
    return whole
