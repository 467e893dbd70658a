"""Whether it happened: log-odds that add up, term by term, in whole millionths.

probability = 1 / (1 + exp(-(prior + reports + agreement - denials - silence of watchers))). One independent group
counts once, with its best report; a further group of the same kind keeps a share of the weight of the one before it.
Agreement is of kinds, which err in different ways: two satellites that see one field burn err together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from truceline.fusion.copies import RETOLD
from truceline.fusion.parameters import Parameters
from truceline.fusion.sheet import Sheet
from truceline.geo.points import Float64Array, Int64Array, column
from truceline.records.codes import MISSION_KINDS, PHYSICAL_KINDS, SOURCE_KINDS

E6 = 1_000_000
_MEANS = {
    "saw": 250,
    "recorded": 300,
    "uav_imagery": 300,
    "satellite_imagery": 100,
    "told": -350,
    "read": -250,
    "heard": -50,
}
_SOURCE_GRADE = {"A": 500, "B": 250, "C": 0, "D": -400, "E": -800, "F": -100}
_STATEMENT_GRADE = {"1": 600, "2": 300, "3": 0, "4": -500, "5": -1000, "6": -100}
DEMONSTRABLE = PHYSICAL_KINDS | MISSION_KINDS
CREDIBLE_E4 = 8000
CORROBORATED_E4 = 9500


@dataclass(frozen=True, slots=True)
class Verdict:
    """Terms (name, log-odds in millionths), the probability in units of 1e-4, and the word."""

    terms: tuple[tuple[str, int], ...]
    probability_e4: int
    word: str


def own_weights(
    sheet: Sheet, sigma_m: Float64Array, half_s: Float64Array, parameters: Parameters
) -> Int64Array:
    """log likelihood ratio (n,), in millionths, that each report would bring alone."""
    base = np.array([parameters.weight_e3[kind] for kind in SOURCE_KINDS], dtype=np.float64)[sheet.kind]
    means = np.array(
        [_MEANS.get(word, 0) for word in sheet.table.column("means").to_pylist()], dtype=np.float64
    )
    grade = np.array([_grade(word) for word in sheet.table.column("grade").to_pylist()], dtype=np.float64)
    detail = 120.0 * (sheet.weapon > 0) + 120.0 * ~np.isnan(column(sheet.table, "calibre_um"))
    detail += 80.0 * ~np.isnan(column(sheet.table, "count_min"))
    place = np.where(sheet.known, -110.0 * np.clip(np.log(sigma_m / 600.0), -1.5, 4.0), -550.0)
    time = -90.0 * np.clip(np.log(np.maximum(half_s, 1.0) / 600.0), -1.5, 6.0)
    total = base + means + grade + detail + place + time
    return np.asarray(np.rint(total) * 1_000, dtype=np.int64)


def _grade(word: str | None) -> int:
    if not word or len(word) != 2 or word[0] not in _SOURCE_GRADE or word[1] not in _STATEMENT_GRADE:
        return 0
    return _SOURCE_GRADE[word[0]] + _STATEMENT_GRADE[word[1]]


def judge(
    groups: list[tuple[str, int, bool]],
    denials: int,
    quiet: list[int],
    unseen: list[tuple[str, int]],
    parameters: Parameters,
) -> Verdict:
    """Existence of one incident.

    Args:
        groups: (kind, weight in millionths, said by a party), one for each independent group, in any order.
        denials: independent groups that deny it.
        quiet: weights of independent groups that watched and report quiet.
        unseen: (kind, log likelihood ratio in millionths) of watchers that reported nothing.
    """
    terms: list[tuple[str, int]] = [("prior", parameters.prior_e3 * 1_000)]
    seen: dict[str, int] = {}
    for kind, weight, _ in sorted(groups, key=lambda g: (-g[1], SOURCE_KINDS.index(g[0]), g[2])):
        order = seen[kind] = seen.get(kind, 0) + 1
        kept = weight
        for _ in range(order - 1):
            kept = kept * parameters.repeat_e4 // 10_000
        terms.append(
            (f"report: {kind}" + (f" ({order})" if order > 1 else ""), max(kept, 0) if order > 1 else kept)
        )
    own = len(MISSION_KINDS & set(seen))
    for count, bonus, word in (
        (len(seen), parameters.agreement_e3, "kinds"),
        (own, parameters.own_agreement_e3, "kinds of the mission's own"),
    ):
        if count > 1:
            terms.append((f"agreement of {count} {word}", _shrinking(bonus * 1_000, count - 1, parameters)))
    if denials:
        terms.append(("denial", -parameters.denial_e3 * 1_000 * min(denials, 2)))
    if quiet:
        full = max(parameters.weight_e3[kind] for kind in SOURCE_KINDS)
        strongest = max(0, *quiet)
        terms.append(("reported quiet", -parameters.quiet_e3 * strongest // max(full, 1)))
    terms += [(f"watched, not reported: {kind}", value) for kind, value in unseen]
    total = sum(value for _, value in terms)
    probability = min(9999, max(1, round(1e4 / (1.0 + math.exp(-total / E6)))))
    return Verdict(tuple(terms), probability, _word(probability, groups))


def _shrinking(first: int, count: int, parameters: Parameters) -> int:
    """The sum of `count` bonuses, each a share of the one before."""
    total = 0
    for _ in range(count):
        total, first = total + first, first * parameters.repeat_e4 // 10_000
    return total


def _word(probability_e4: int, groups: list[tuple[str, int, bool]]) -> str:
    hearsay = len(groups) == 1 and groups[0][0] in RETOLD
    if hearsay or all(party for _, _, party in groups):
        return "reported"
    demonstrable = any(kind in DEMONSTRABLE for kind, _, _ in groups)
    if probability_e4 >= CORROBORATED_E4 and len(groups) > 1 and demonstrable:
        return "corroborated"
    return "credible" if probability_e4 >= CREDIBLE_E4 else "reported"


class Watched:
    """Shares of a sector's line that were watched, by sector, hour and kind."""

    __slots__ = ("share",)

    def __init__(self, exposure: pa.Table | None) -> None:
        self.share: dict[tuple[str, int], dict[str, int]] = {}
        if exposure is None:
            return
        for sector, hour, kind, share in zip(
            *(
                exposure.column(name).to_pylist()
                for name in ("sector_id", "hour_ms", "source_kind", "watched_e4")
            ),
            strict=True,
        ):
            self.share.setdefault((sector, hour), {})[kind] = share

    def here(self, sector: str | None, at_ms: int) -> dict[str, int]:
        """Share of the sector's line that each kind watched in that hour, in units of 1e-4."""
        return self.share.get((sector or "", at_ms // 3_600_000 * 3_600_000), {})

    def unseen(
        self, sector: str | None, at_ms: int, kinds: set[str], parameters: Parameters
    ) -> list[tuple[str, int]]:
        """What it says that watchers of other kinds reported nothing; empty where nobody could have seen it."""
        here = self.here(sector, at_ms)
        found: list[tuple[str, int]] = []
        if not here:
            return found
        for kind in SOURCE_KINDS:
            chance = parameters.detection_e4[kind] * here.get(kind, 0) / 1e8
            if kind not in kinds and chance > 0:
                found.append((kind, round(math.log1p(-min(chance, 0.95)) * E6)))
        return found
