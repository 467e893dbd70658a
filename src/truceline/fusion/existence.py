"""Whether it happened: log-odds that add up, term by term, in whole millionths.

probability = 1 / (1 + exp(-(prior + reports + agreement + surroundings - denials - silence of watchers))). One voice
counts once, with its best report. A second voice of one kind has a weight of its own, since two posts that hear one thing
err apart and two satellites that see one field burn err together; the third keeps a share of that, and so on. Agreement
of kinds is never less than what the agreeing kind takes away.
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
from truceline.fusion.surroundings import DEMONSTRABLE, SURROUNDINGS
from truceline.fusion.voices import Members
from truceline.geo.points import BoolArray, Float64Array, Int64Array, column
from truceline.records.codes import EXISTENCE_WORDS, MEANS, MISSION_KINDS, SOURCE_KINDS

E6: Final = 1_000_000
_MEANS: Final = {
    "saw": 250, "recorded": 300, "uav_imagery": 300, "satellite_imagery": 100, "told": -350, "read": -250, "heard": -50,
}  # fmt: skip
_SOURCE_GRADE: Final = {"A": 500, "B": 250, "C": 0, "D": -400, "E": -800, "F": -100}
_STATEMENT_GRADE: Final = {"1": 600, "2": 300, "3": 0, "4": -500, "5": -1000, "6": -100}
CREDIBLE_E4: Final = 8000
CORROBORATED_E4: Final = 9500
MOST_MASS: Final = 0.99
MOST_AROUND: Final = 9_999
PARTS_REAL: Final = 0.95  # of the incidents that a report may be part of
KINDS: Final = len(SOURCE_KINDS)
PRIOR, AGREEMENT, OWN_AGREEMENT, DENIAL, QUIET, FRAGMENT, UNSEEN, REPORT, AROUND = (
    0, 100, 200, 300, 301, 302, 400, 1_000, 1_000_000,
)  # fmt: skip
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
    if code >= AROUND:
        window, count = divmod(code - AROUND, MOST_AROUND + 1)
        return f"{count} corroborated {SURROUNDINGS[window].words}"
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
    watched_e4: Int64Array, mass: Float64Array, near: Int64Array, parameters: Parameters,
) -> Verdicts:  # fmt: skip
    """Existence of k incidents.

    Args:
        kind, by_party, weight: by row; weight in millionths.
        denials: (k,) independent voices that deny it.
        quiet: (k,) weight of the strongest voice that watched and reports quiet, 0 for none, -1 where none is quiet.
        mass: (k,) chance that what stands alone is part of another incident.
        watched_e4: (k, kinds) chance that each kind reports what happens there and then, in units of 1e-4.
        near: (k, windows) corroborated incidents around, see `surroundings.corroborated_near`.
    """
    numbers = np.array(
        [
            parameters.prior_e3 * 1_000, parameters.repeat_e4, parameters.agreement_e3 * 1_000, parameters.further_e3 * 1_000,
            parameters.own_agreement_e3 * 1_000, parameters.denial_e3 * 1_000, parameters.quiet_e3 * 1_000,
            max(1, *(parameters.weight_e3[k] for k in SOURCE_KINDS)), parameters.fragment_e4, parameters.unseen_e4,
        ],
        dtype=np.int64,
    )  # fmt: skip
    again = np.array([parameters.again_e3[k] * 1_000 for k in SOURCE_KINDS], dtype=np.int64)
    around = np.array([parameters.around_e3[one.name] * 1_000 for one in SURROUNDINGS], dtype=np.int64)
    count, code, value, total = _terms(
        members.start, members.rows, members.chosen, kind, by_party, weight, again, denials, quiet, watched_e4, mass,
        np.minimum(near, MOST_AROUND), around, numbers,
    )  # fmt: skip
    probability = np.clip(np.rint(1e4 / (1.0 + np.exp(-total / E6))), 1, 9999).astype(np.int64)
    word = _words(members.start, members.rows, members.chosen, kind, by_party, probability)
    start = np.r_[0, np.cumsum(count)].astype(np.int64)
    return Verdicts(start, code, value, probability, word)


@compiled
def _terms(
    start, rows, chosen, kind, by_party, weight, again, denials, quiet, watched_e4, mass, near, around, numbers
):  # fmt: skip
    k = len(start) - 1
    prior, keep, agreement, further, own_agreement, denial, silence, full, counted, unseen = numbers
    room = len(rows) + k * (6 + KINDS + len(around))
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
        kinds = mine = 0
        agreed, bonus = 0, agreement
        for i in range(begin, at):
            which = kind[code[i]]
            order = seen[which]
            seen[which] += 1
            if order == 0:
                kinds += 1
                mine += _MISSION[which]
                if kinds > 1:
                    agreed += max(bonus, -value[i])  # who agrees never takes away
                    bonus = further if kinds == 2 else bonus * keep // 10_000
            else:
                kept = again[which]
                for _ in range(min(order - 1, 200)):
                    kept = kept * keep // 10_000
                value[i] = kept
            code[i] = REPORT + order * KINDS + which
        if kinds > 1:
            code[at], value[at] = AGREEMENT + kinds, agreed
            at += 1
        if mine > 1:
            added, step = 0, own_agreement
            for _ in range(mine - 1):
                added, step = added + step, step * keep // 10_000
            code[at], value[at] = OWN_AGREEMENT + mine, added
            at += 1
        for window in range(len(around)):
            if near[group, window] >= 0:
                code[at] = AROUND + window * (MOST_AROUND + 1) + near[group, window]
                value[at] = int(np.rint(around[window] * math.log(near[group, window] + 0.5)))
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
            if seen[which] == 0 and watched_e4[group, which] > 0:
                missed = math.log1p(-min(watched_e4[group, which] / 1e4, 0.95))
                code[at], value[at] = UNSEEN + which, int(np.rint(missed * unseen * 100.0))
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


def mission_kinds(kind: Int64Array) -> BoolArray:
    """Whether each kind (by number) is the mission's own eyes or instruments."""
    return is_one_of(kind, SOURCE_KINDS, MISSION_KINDS)
