"""Whether it happened: log-odds that add up, term by term, in whole millionths.

probability = 1 / (1 + exp(-(prior + reports + agreement - denials - silence of watchers))). One voice counts once, with
its best report; a further voice of the same kind keeps a share of the weight of the one before it. Agreement is of
kinds, which err in different ways: two satellites that see one field burn err together.
"""

# Kernels take many columns, whose types numba infers.
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from truceline.fusion.coding import dictionary, is_one_of
from truceline.fusion.compiled import compiled
from truceline.fusion.copies import RETOLD
from truceline.fusion.parameters import Parameters
from truceline.fusion.sheet import Sheet
from truceline.fusion.voices import Members
from truceline.geo.points import BoolArray, Float64Array, Int64Array, column
from truceline.records.codes import EXISTENCE_WORDS, MEANS, MISSION_KINDS, PHYSICAL_KINDS, SOURCE_KINDS

E6: Final = 1_000_000
HOUR_MS: Final = 3_600_000
_MEANS: Final = {
    "saw": 250, "recorded": 300, "uav_imagery": 300, "satellite_imagery": 100, "told": -350, "read": -250, "heard": -50,
}  # fmt: skip
_SOURCE_GRADE: Final = {"A": 500, "B": 250, "C": 0, "D": -400, "E": -800, "F": -100}
_STATEMENT_GRADE: Final = {"1": 600, "2": 300, "3": 0, "4": -500, "5": -1000, "6": -100}
DEMONSTRABLE: Final = PHYSICAL_KINDS | MISSION_KINDS
CREDIBLE_E4: Final = 8000
CORROBORATED_E4: Final = 9500
MOST_MASS: Final = 0.99
PARTS_REAL: Final = 0.95  # of the incidents that a report may be part of
KINDS: Final = len(SOURCE_KINDS)
PRIOR, AGREEMENT, OWN_AGREEMENT, DENIAL, QUIET, FRAGMENT, UNSEEN, REPORT = (
    0,
    100,
    200,
    300,
    301,
    302,
    400,
    1000,
)
_MISSION: Final = np.array([kind in MISSION_KINDS for kind in SOURCE_KINDS])
_DEMONSTRABLE: Final = np.array([kind in DEMONSTRABLE for kind in SOURCE_KINDS])
_HEARSAY: Final = np.array([kind in RETOLD for kind in SOURCE_KINDS])


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """Of k incidents: terms `code[start[g]:start[g + 1]]` and their log-odds in millionths, probability, and the word."""

    start: Int64Array
    code: Int64Array
    value: Int64Array
    probability_e4: Int64Array
    word: Int64Array

    def names(self) -> pa.Array:
        """The terms in words."""
        distinct, back = np.unique(self.code, return_inverse=True)
        return pa.array([term_of(code) for code in distinct.tolist()], pa.string()).take(
            pa.array(np.reshape(back, -1))
        )

    def words(self) -> pa.Array:
        """The words of the incidents."""
        return pa.array(EXISTENCE_WORDS, pa.string()).take(pa.array(self.word))


def term_of(code: int) -> str:
    """A term in words."""
    if code >= REPORT:
        order, kind = divmod(code - REPORT, KINDS)
        return f"report: {SOURCE_KINDS[kind]}" + (f" ({order + 1})" if order else "")
    if code >= UNSEEN:
        return f"watched, not reported: {SOURCE_KINDS[code - UNSEEN]}"
    if code in (DENIAL, QUIET, FRAGMENT):
        return {DENIAL: "denial", QUIET: "reported quiet", FRAGMENT: "may be part of another incident"}[code]
    if code >= OWN_AGREEMENT:
        return f"agreement of {code - OWN_AGREEMENT} kinds of the mission's own"
    return f"agreement of {code - AGREEMENT} kinds" if code else "prior"


def own_weights(
    sheet: Sheet, sigma_m: Float64Array, half_s: Float64Array, parameters: Parameters
) -> Int64Array:
    """log likelihood ratio (n,), in millionths, that each report would bring alone."""
    base = np.array([parameters.weight_e3[kind] for kind in SOURCE_KINDS], dtype=np.float64)[sheet.kind]
    means = np.array([_MEANS.get(word, 0) for word in MEANS], dtype=np.float64)[sheet.means]
    given, grades = dictionary(sheet.table.column("grade"))
    grade = np.array([*(_grade(word) for word in grades), 0], dtype=np.float64)[given]
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
    members: Members, kind: Int64Array, by_party: BoolArray, weight: Int64Array, denials: Int64Array, quiet: Int64Array,
    watched_e4: Int64Array, mass: Float64Array, parameters: Parameters,
) -> Verdicts:  # fmt: skip
    """Existence of k incidents.

    Args:
        kind, by_party, weight: by row; weight in millionths.
        denials: (k,) independent voices that deny it.
        quiet: (k,) weight of the strongest voice that watched and reports quiet, 0 for none, -1 where none is quiet.
        mass: (k,) chance that what stands alone is part of another incident.
        watched_e4: (k, kinds) share of the place that each kind watched then, in units of 1e-4.
    """
    numbers = np.array(
        [
            parameters.prior_e3 * 1_000, parameters.repeat_e4, parameters.agreement_e3 * 1_000,
            parameters.own_agreement_e3 * 1_000, parameters.denial_e3 * 1_000, parameters.quiet_e3 * 1_000,
            max(1, *(parameters.weight_e3[k] for k in SOURCE_KINDS)), parameters.fragment_e4,
        ],
        dtype=np.int64,
    )  # fmt: skip
    chance = np.array([parameters.detection_e4[k] for k in SOURCE_KINDS], dtype=np.float64) / 1e8
    count, code, value, total = _terms(
        members.start,
        members.rows,
        members.chosen,
        kind,
        by_party,
        weight,
        denials,
        quiet,
        watched_e4,
        mass,
        numbers,
        chance,
    )
    probability = np.clip(np.rint(1e4 / (1.0 + np.exp(-total / E6))), 1, 9999).astype(np.int64)
    word = _words(members.start, members.rows, members.chosen, kind, by_party, probability)
    start = np.r_[0, np.cumsum(count)].astype(np.int64)
    return Verdicts(start, code, value, probability, word)


@compiled
def _terms(
    start, rows, chosen, kind, by_party, weight, denials, quiet, watched_e4, mass, numbers, chance
):  # fmt: skip
    k = len(start) - 1
    prior, keep, agreement, own_agreement, denial, silence, full, counted = numbers
    room = len(rows) + k * (6 + KINDS)
    code, value = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    count, total = np.zeros(k, dtype=np.int64), np.zeros(k, dtype=np.int64)
    at = 0
    seen = np.zeros(KINDS, dtype=np.int64)
    for group in range(k):
        first = at
        seen[:] = 0
        code[at], value[at] = PRIOR, prior
        at += 1
        begin = at
        for index in range(start[group], start[group + 1]):
            if chosen[index]:
                code[at], value[at] = rows[index], weight[rows[index]]
                at += 1
        for i in range(begin + 1, at):  # insertion sort: the heaviest first, then by kind, then parties last
            j = i
            while j > begin and _before(code[j], code[j - 1], value[j], value[j - 1], kind, by_party):
                code[j], code[j - 1] = code[j - 1], code[j]
                value[j], value[j - 1] = value[j - 1], value[j]
                j -= 1
        for i in range(begin, at):
            which = kind[code[i]]
            order = seen[which]
            seen[which] += 1
            kept = value[i]
            for _ in range(min(order, 200)):
                kept = kept * keep // 10_000
            value[i] = kept if i == begin else max(kept, 0)  # who agrees never takes away
            code[i] = REPORT + order * KINDS + which
        kinds = mine = 0
        for which in range(KINDS):
            kinds += seen[which] > 0
            mine += seen[which] > 0 and _MISSION[which]
        for number, bonus, name in ((kinds, agreement, AGREEMENT), (mine, own_agreement, OWN_AGREEMENT)):
            if number > 1:
                added, step = 0, bonus
                for _ in range(number - 1):
                    added, step = added + step, step * keep // 10_000
                code[at], value[at] = name + number, added
                at += 1
        if denials[group] > 0:
            code[at], value[at] = DENIAL, -denial * min(denials[group], 2)
            at += 1
        if quiet[group] >= 0:
            code[at], value[at] = (
                QUIET,
                -silence * (quiet[group] // 1) // (full * 1_000) if quiet[group] else 0,
            )
            at += 1
        for which in range(KINDS):
            missed = chance[which] * watched_e4[group, which]
            if seen[which] == 0 and missed > 0:
                code[at], value[at] = UNSEEN + which, int(np.rint(math.log1p(-min(missed, 0.95)) * E6))
                at += 1
        for i in range(first, at):
            total[group] += value[i]
        if mass[group] > 0:
            alone = 1.0 / (1.0 + math.exp(-total[group] / E6))
            part = min(mass[group], MOST_MASS)
            real = part * PARTS_REAL + (1.0 - part) * alone
            added = (int(np.rint(math.log(real / (1.0 - real)) * E6)) - total[group]) * counted // 10_000
            if added > 0:
                code[at], value[at] = FRAGMENT, added
                total[group] += added
                at += 1
        count[group] = at - first
    return count, code[:at].copy(), value[:at].copy(), total


@compiled
def _before(row, other, weight, its, kind, by_party):
    if weight != its:
        return weight > its
    if kind[row] != kind[other]:
        return kind[row] < kind[other]
    return by_party[row] < by_party[other]


@compiled
def _words(start, rows, chosen, kind, by_party, probability):
    """0 reported, 1 credible, 2 corroborated."""
    k = len(start) - 1
    word = np.zeros(k, dtype=np.int64)
    for group in range(k):
        voices = 0
        party = hearsay = True
        shown = False
        for index in range(start[group], start[group + 1]):
            if chosen[index]:
                row = rows[index]
                voices += 1
                party &= by_party[row]
                hearsay &= _HEARSAY[kind[row]]
                shown |= _DEMONSTRABLE[kind[row]]
        if party or (voices == 1 and hearsay):
            continue
        if probability[group] >= CORROBORATED_E4 and voices > 1 and shown:
            word[group] = 2
        elif probability[group] >= CREDIBLE_E4:
            word[group] = 1
    return word


class Watched:
    """Shares of a sector's line that were watched, by sector, hour and kind."""

    __slots__ = ("cells", "sectors", "share")

    def __init__(self, exposure: pa.Table | None) -> None:
        self.sectors: dict[str, int] = {}
        self.cells = np.empty(0, dtype=np.int64)
        self.share = np.zeros((1, KINDS), dtype=np.int64)
        if exposure is None or not exposure.num_rows:
            return
        number, names = dictionary(exposure.column("sector_id"))
        self.sectors = {name: index for index, name in enumerate(names)}
        kinds, words = dictionary(exposure.column("source_kind"))
        known = np.array([SOURCE_KINDS.index(word) if word in SOURCE_KINDS else -1 for word in words])[kinds]
        key = _cell(number, exposure.column("hour_ms").to_numpy())
        self.cells, back = np.unique(key, return_inverse=True)
        self.share = np.zeros((len(self.cells) + 1, KINDS), dtype=np.int64)  # the last row: nobody
        kept = known >= 0
        self.share[np.reshape(back, -1)[kept], known[kept]] = exposure.column("watched_e4").to_numpy()[kept]

    def here(self, sector: Int64Array, names: list[str], at_ms: Int64Array) -> Int64Array:
        """Shares (k, kinds) in units of 1e-4 at sectors (numbers of `names`, -1 for none) and times."""
        translate = np.array([*(self.sectors.get(name, -1) for name in names), -1], dtype=np.int64)
        number = translate[sector]
        key = _cell(number, at_ms // HOUR_MS * HOUR_MS)
        at = np.minimum(np.searchsorted(self.cells, key), max(len(self.cells) - 1, 0))
        found = (number >= 0) & (self.cells[at] == key) if len(self.cells) else np.zeros(len(key), dtype=bool)
        return self.share[np.where(found, at, len(self.share) - 1)]


def _cell(sector: Int64Array, hour_ms: Int64Array) -> Int64Array:
    return sector * (1 << 40) + hour_ms // HOUR_MS


def mission_kinds(kind: Int64Array) -> BoolArray:
    """Whether each kind (by number) is the mission's own eyes or instruments."""
    return is_one_of(kind, SOURCE_KINDS, MISSION_KINDS)
