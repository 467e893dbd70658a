"""What a group of reports says together: one place, one time, one class; and how well two groups agree.

Compiled. A group is a row of `Groups.said`; its place and time are the product of its members' (information form, in
`Groups.sums`), with one member for each shared place name, since reports that name one town share its error. A box of
time is the intersection of the members' boxes. Formulas: docs/explanation/fusion.md.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from truceline.fusion.classes import PRIOR
from truceline.fusion.compiled import compiled
from truceline.geo.points import Float64Array, Int64Array

# columns of `said`
X, Y, PXX, PXY, PYY, TAU, VAR, FROM, TO, LN_BOX, LN_OWN, KNOWN, OMEGA, NAME, LEVEL, SIZE, CLASS = range(17)
SAID: Final = CLASS + len(PRIOR)
# columns of `sums`: information about the place, the time, its box, then counts and the classes
JXX, JXY, JYY, HX, HY, JT, HT, START, END, OMEGAS, COUNT, PLACED, NAMED, WORDS = range(14)
SUMS: Final = WORDS + len(PRIOR)

LN_2PI: Final = math.log(2 * math.pi)
NARROW_M, NARROW_S = 3_000.0, 2_700.0
WIDE_M, WIDE_S = 20_000.0, 60_000.0
WORDS_COUNTED: Final = 4.0  # the words of many reports are not independent
FARTHEST_SQUARE: Final = 36.0
FARTHEST_TIME: Final = 16.0
TAIL: Final = 5.0  # degrees of freedom of errors of place; clocks and hours err as a bell does, or steady fire would run together
_PRIOR: Final = np.array(PRIOR)
_CLASSES: Final = len(PRIOR)
_ROOT_HALF: Final = math.sqrt(0.5)
NEVER: Final = -1e300


@compiled
def below(z: float) -> float:
    """Standard normal distribution function."""
    return 0.5 * math.erfc(-z * _ROOT_HALF)


@compiled
def ln_box(tau: float, variance: float, start: float, end: float) -> float:
    """ln of the time likelihood's integral over the box: a probability with a Gaussian time, else seconds."""
    if variance < np.inf:
        if start == -np.inf and end == np.inf:
            return 0.0
        sd = math.sqrt(variance)
        a, b = (start - tau) / sd, (end - tau) / sd
        inside = below(-a) - below(-b) if a > 0 else below(b) - below(a)
    else:
        inside = end - start
    return math.log(inside) if inside > 0 else NEVER


@compiled
def finish(sums: Float64Array, said: Float64Array, name: float) -> None:
    """`said` of one group from its `sums`."""
    det = sums[JXX] * sums[JYY] - sums[JXY] * sums[JXY]
    if sums[PLACED] > 0 and det > 0:
        said[PXX], said[PYY], said[PXY] = sums[JYY] / det, sums[JXX] / det, -sums[JXY] / det
        said[X] = said[PXX] * sums[HX] + said[PXY] * sums[HY]
        said[Y] = said[PXY] * sums[HX] + said[PYY] * sums[HY]
        said[KNOWN] = 1.0
    else:
        said[KNOWN] = 0.0
    said[FROM], said[TO] = sums[START], sums[END]
    if sums[JT] > 0:
        said[TAU], said[VAR] = sums[HT] / sums[JT], 1.0 / sums[JT]
        half = math.sqrt(said[VAR])
    else:
        said[TAU], said[VAR] = (sums[START] + sums[END]) / 2, np.inf
        half = (sums[END] - sums[START]) / 2
    said[LN_BOX] = ln_box(said[TAU], said[VAR], said[FROM], said[TO])
    size = sums[COUNT]
    share = min(size, WORDS_COUNTED) / size
    top = -np.inf
    for c in range(_CLASSES):
        top = max(top, sums[WORDS + c])
    own = 0.0
    for c in range(_CLASSES):
        said[CLASS + c] = math.exp((sums[WORDS + c] - top) * share)
        own += _PRIOR[c] * said[CLASS + c]
    said[LN_OWN] = math.log(own)
    said[OMEGA] = sums[OMEGAS] / size
    said[NAME] = name
    said[SIZE] = size
    wide = math.sqrt(max(said[PXX], said[PYY]))
    if said[KNOWN] > 0 and wide <= NARROW_M and half <= NARROW_S:
        said[LEVEL] = 0.0
    elif said[KNOWN] > 0 and wide <= WIDE_M and half <= WIDE_S:
        said[LEVEL] = 1.0
    else:
        said[LEVEL] = 2.0


@compiled
def gain(
    a: Float64Array, b: Float64Array, rate_a: Float64Array, rate_b: Float64Array, ln_area: float
) -> float:
    """ln of how much better one incident explains two groups than two do; `NEVER` where it cannot.

    Args:
        a, b: rows of `said`.
        rate_a, rate_b: (3,) ln of incidents per square metre and second about each: narrow, wide, the theatre.
        ln_area: ln of the square metres in which anything is reported at all; errors are not thought wider.
    """
    if a[KNOWN] > 0 and b[KNOWN] > 0:
        sxx, sxy, syy = a[PXX] + b[PXX], a[PXY] + b[PXY], a[PYY] + b[PYY]
        det = sxx * syy - sxy * sxy
        square = 0.0
        if not (a[NAME] >= 0 and a[NAME] == b[NAME]):
            east, north = a[X] - b[X], a[Y] - b[Y]
            square = (syy * east * east - 2 * sxy * east * north + sxx * north * north) / det
            if square > FARTHEST_SQUARE:
                return NEVER
        total = -min(LN_2PI + 0.5 * math.log(det), ln_area) - (TAIL / 2 + 1) * math.log1p(square / TAIL)
    else:
        total = -ln_area
    start, end = max(a[FROM], b[FROM]), min(a[TO], b[TO])
    if end < start:
        return NEVER
    if a[VAR] < np.inf and b[VAR] < np.inf:
        spread = a[VAR] + b[VAR]
        late = (a[TAU] - b[TAU]) ** 2
        if late > FARTHEST_TIME * spread:
            return NEVER
        total += -0.5 * (LN_2PI + math.log(spread) + late / spread)
        if start > -np.inf or end < np.inf:
            tau = (a[TAU] * b[VAR] + b[TAU] * a[VAR]) / spread
            total += ln_box(tau, a[VAR] * b[VAR] / spread, start, end) - a[LN_BOX] - b[LN_BOX]
    elif a[VAR] < np.inf:
        total += ln_box(a[TAU], a[VAR], start, end) - a[LN_BOX] - b[LN_BOX]
    else:
        total += ln_box(b[TAU], b[VAR], start, end) - a[LN_BOX] - b[LN_BOX]
    words = 0.0
    for c in range(_CLASSES):
        words += _PRIOR[c] * a[CLASS + c] * b[CLASS + c]
    if words <= 0:
        return NEVER
    level = int(max(a[LEVEL], b[LEVEL]))
    total += math.log(words) - a[LN_OWN] - b[LN_OWN]
    total += (a[OMEGA] + b[OMEGA] - rate_a[level] - rate_b[level]) / 2
    return total if total > NEVER else NEVER


@compiled
def first_sums(
    mean_m: Float64Array, cov_m2: Float64Array, known: Int64Array, name: Int64Array, tau_s: Float64Array,
    sd_s: Float64Array, from_s: Float64Array, to_s: Float64Array, omega: Float64Array, ln_class: Float64Array,
    sums: Float64Array, said: Float64Array,
) -> None:  # fmt: skip
    """Each row as a group of its own."""
    for row in range(len(mean_m)):
        one = sums[row]
        if known[row]:
            a, b, c = cov_m2[row, 0, 0], cov_m2[row, 0, 1], cov_m2[row, 1, 1]
            det = a * c - b * b
            one[JXX], one[JXY], one[JYY] = c / det, -b / det, a / det
            one[HX] = one[JXX] * mean_m[row, 0] + one[JXY] * mean_m[row, 1]
            one[HY] = one[JXY] * mean_m[row, 0] + one[JYY] * mean_m[row, 1]
            one[PLACED] = 1.0
        if not np.isnan(sd_s[row]):
            one[JT] = 1.0 / sd_s[row] ** 2
            one[HT] = one[JT] * tau_s[row]
        one[START], one[END] = from_s[row], to_s[row]
        one[OMEGAS] = omega[row]
        one[COUNT] = 1.0
        one[NAMED] = 1.0 if name[row] >= 0 else 0.0
        for c in range(_CLASSES):
            one[WORDS + c] = ln_class[row, c]
        finish(one, said[row], float(name[row]))
        said[row, X], said[row, Y] = mean_m[row, 0], mean_m[row, 1]
        said[row, PXX], said[row, PXY], said[row, PYY] = (
            cov_m2[row, 0, 0], cov_m2[row, 0, 1], cov_m2[row, 1, 1],
        )  # fmt: skip


@compiled
def add(into: Float64Array, other: Float64Array) -> None:
    """Sums of two groups that share no place name."""
    for c in range(SUMS):
        if c == START:
            into[c] = max(into[c], other[c])
        elif c == END:
            into[c] = min(into[c], other[c])
        else:
            into[c] += other[c]


@compiled
def sum_of(rows: Int64Array, own: Float64Array, name: Int64Array, into: Float64Array) -> float:
    """Sums of rows from each row's own; of those that share a name only the most precise has a place.

    Returns:
        the one name that all named rows share, -1 for none, -2 for several.
    """
    into[:] = 0.0
    into[START], into[END] = -np.inf, np.inf
    common = -1.0
    for index in range(len(rows)):
        row = rows[index]
        counted = True
        if name[row] >= 0:
            common = float(name[row]) if common == -1.0 or common == float(name[row]) else -2.0
            mine = own[row, JXX] * own[row, JYY] - own[row, JXY] ** 2
            for other in range(len(rows)):
                if other != index and name[rows[other]] == name[row]:
                    its = own[rows[other], JXX] * own[rows[other], JYY] - own[rows[other], JXY] ** 2
                    if its > mine or (its == mine and rows[other] < row):
                        counted = False
                        break
        for c in range(SUMS):
            if c == START:
                into[c] = max(into[c], own[row, c])
            elif c == END:
                into[c] = min(into[c], own[row, c])
            elif counted or c >= JT:
                into[c] += own[row, c]
    return common
