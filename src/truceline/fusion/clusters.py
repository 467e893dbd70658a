"""What a group of reports says together: one place, one time, one class; and how well two groups agree.

Places and times of a group are the product of its members' (information form), with one member for each shared place
name, since reports that name the same town share its error. A box of time is the intersection of the members' boxes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp, ndtr

from truceline.fusion.classes import PRIOR
from truceline.fusion.sheet import Sheet
from truceline.geo.points import BoolArray, Float64Array, Int64Array

LN_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """k groups; arrays are indexed by group number."""

    mean_m: Float64Array
    cov_m2: Float64Array
    tau_s: Float64Array
    var_s2: Float64Array  # inf where no member has a Gaussian time
    from_s: Float64Array
    to_s: Float64Array
    ln_class: Float64Array
    ln_own_class: Float64Array
    ln_box: Float64Array
    size: Int64Array
    name: Int64Array  # the one name all members with a name share, -1 none, -2 several
    omega: Float64Array
    known: BoolArray

    def times(self) -> tuple[Float64Array, Float64Array]:
        """Middle of the time and its standard deviation or half-width, (k,) seconds each."""
        timed = np.isfinite(self.var_s2)
        start, end = np.where(timed, 0.0, self.from_s), np.where(timed, 0.0, self.to_s)
        middle = np.where(timed, self.tau_s, (start + end) / 2)
        half = np.where(timed, np.sqrt(np.where(timed, self.var_s2, 1.0)), (end - start) / 2)
        return middle, half


def summarise(
    sheet: Sheet, label: Int64Array, k: int, omega: Float64Array, members: BoolArray | None = None
) -> Clusters:
    """Statistics of groups 0..k-1 from each row's group (-1: in none)."""
    rows = np.flatnonzero(label >= 0 if members is None else (label >= 0) & members)
    group = label[rows]
    cov = sheet.cov_m2[rows]
    det = cov[:, 0, 0] * cov[:, 1, 1] - cov[:, 0, 1] ** 2
    name = sheet.name[rows]
    order = np.lexsort((rows, det, name, group))
    first = np.ones(len(rows), dtype=bool)
    g, m = group[order], name[order]
    first[1:] = (g[1:] != g[:-1]) | (m[1:] != m[:-1]) | (m[1:] < 0)
    counts = np.zeros(len(rows), dtype=bool)
    counts[order] = first
    unknown = ~sheet.known[rows]
    has_known = np.bincount(group, weights=~unknown, minlength=k) > 0
    counts &= ~(unknown & has_known[group])
    inverse = np.empty_like(cov)
    inverse[:, 0, 0], inverse[:, 1, 1] = cov[:, 1, 1] / det, cov[:, 0, 0] / det
    inverse[:, 0, 1] = inverse[:, 1, 0] = -cov[:, 0, 1] / det
    inverse[~counts] = 0.0
    lone = ~has_known
    if lone.any():  # unknown places say the same nothing, however many
        spare = np.bincount(group, weights=counts, minlength=k)
        inverse /= np.where(lone, np.maximum(spare, 1), 1)[group][:, None, None]
    weighted = np.einsum("nij,nj->ni", inverse, sheet.mean_m[rows])
    J = np.zeros((k, 2, 2))
    for a, b in ((0, 0), (0, 1), (1, 1)):
        J[:, a, b] = J[:, b, a] = np.bincount(group, weights=inverse[:, a, b], minlength=k)
    h = np.stack([np.bincount(group, weights=weighted[:, a], minlength=k) for a in (0, 1)], axis=1)
    D = np.maximum(J[:, 0, 0] * J[:, 1, 1] - J[:, 0, 1] ** 2, 1e-300)
    P = np.empty_like(J)
    P[:, 0, 0], P[:, 1, 1] = J[:, 1, 1] / D, J[:, 0, 0] / D
    P[:, 0, 1] = P[:, 1, 0] = -J[:, 0, 1] / D
    mean = np.einsum("nij,nj->ni", P, h)
    gaussian = ~np.isnan(sheet.sd_s[rows])
    precision = np.where(gaussian, 1.0 / np.where(gaussian, sheet.sd_s[rows], 1.0) ** 2, 0.0)
    total = np.bincount(group, weights=precision, minlength=k)
    moment = np.bincount(group, weights=precision * np.where(gaussian, sheet.tau_s[rows], 0.0), minlength=k)
    timed = total > 0
    start, end = np.full(k, -np.inf), np.full(k, np.inf)
    np.maximum.at(start, group, sheet.from_s[rows])
    np.minimum.at(end, group, sheet.to_s[rows])
    boxed = np.isfinite(start) & np.isfinite(end)
    middle = (np.where(boxed, start, 0.0) + np.where(boxed, end, 0.0)) / 2
    tau = np.where(timed, moment / np.where(timed, total, 1.0), middle)
    variance = np.where(timed, 1.0 / np.where(timed, total, 1.0), np.inf)
    classes: Float64Array = np.stack(
        [np.bincount(group, weights=column, minlength=k) for column in sheet.ln_class[rows].T], axis=1
    )
    size = np.bincount(group, minlength=k)
    classes *= (np.minimum(size, 4) / np.maximum(size, 1))[
        :, None
    ]  # words of many reports are not independent
    low, high = np.full(k, np.iinfo(np.int64).max), np.full(k, -1)
    named = name >= 0
    np.minimum.at(low, group[named], name[named])
    np.maximum.at(high, group[named], name[named])
    return Clusters(
        mean_m=mean, cov_m2=P, tau_s=tau, var_s2=variance, from_s=start, to_s=end, ln_class=classes,
        ln_own_class=np.asarray(logsumexp(classes + np.log(PRIOR), axis=1)) if k else np.empty(0),
        ln_box=ln_box(tau, variance, start, end), size=size,
        name=np.where(high < 0, -1, np.where(low == high, low, -2)),
        omega=np.bincount(group, weights=omega[rows], minlength=k) / np.maximum(size, 1), known=has_known,
    )  # fmt: skip


def ln_box(tau: Float64Array, variance: Float64Array, start: Float64Array, end: Float64Array) -> Float64Array:
    """ln of the time likelihood's integral over the box: a probability with a Gaussian time, else seconds."""
    sd = np.sqrt(np.where(np.isfinite(variance), variance, 1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b = (start - tau) / sd, (end - tau) / sd
        inside = np.where(a > 0, ndtr(-a) - ndtr(-b), ndtr(b) - ndtr(a))
        length = np.maximum(end - start, 0.0)
        value: Float64Array = np.log(np.where(np.isfinite(variance), inside, length))
    return value


def gain(c: Clusters, i: Int64Array, j: Int64Array, ln_rate: Float64Array, ln_area: float) -> Float64Array:
    """ln of how much better one incident explains groups i and j than two; -inf where it cannot.

    Args:
        ln_rate: (p,) ln of incidents per square metre and second about each pair.
        ln_area: ln of the square metres in which incidents are reported at all; errors are not thought wider.
    """
    step = c.mean_m[i] - c.mean_m[j]
    same_name = (c.name[i] >= 0) & (c.name[i] == c.name[j])
    S = c.cov_m2[i] + c.cov_m2[j]
    det = S[:, 0, 0] * S[:, 1, 1] - S[:, 0, 1] ** 2
    square = (
        S[:, 1, 1] * step[:, 0] ** 2 - 2 * S[:, 0, 1] * step[:, 0] * step[:, 1] + S[:, 0, 0] * step[:, 1] ** 2
    ) / det
    square = np.where(same_name, 0.0, square)
    located = c.known[i] & c.known[j]
    square = np.where(located, square, 0.0)
    space = np.where(located, -np.minimum(LN_2PI + 0.5 * np.log(det), ln_area), -ln_area) - 0.5 * square
    both = np.isfinite(c.var_s2[i]) & np.isfinite(c.var_s2[j])
    vi, vj = (np.where(np.isfinite(c.var_s2[k]), c.var_s2[k], 1.0) for k in (i, j))
    ti, tj = c.tau_s[i], c.tau_s[j]
    gaussian = np.where(both, -0.5 * LN_2PI - 0.5 * np.log(vi + vj) - 0.5 * (ti - tj) ** 2 / (vi + vj), 0.0)
    variance = np.where(both, 1.0 / (1.0 / vi + 1.0 / vj), np.minimum(c.var_s2[i], c.var_s2[j]))
    tau = np.where(both, (ti * vj + tj * vi) / (vi + vj), np.where(np.isfinite(c.var_s2[i]), ti, tj))
    start, end = np.maximum(c.from_s[i], c.from_s[j]), np.minimum(c.to_s[i], c.to_s[j])
    with np.errstate(invalid="ignore"):
        time = gaussian + ln_box(tau, variance, start, end) - c.ln_box[i] - c.ln_box[j]
        words = (
            np.asarray(logsumexp(c.ln_class[i] + c.ln_class[j] + np.log(PRIOR), axis=1)) if len(i) else 0.0
        )
        words = words - c.ln_own_class[i] - c.ln_own_class[j]
        total = space + time + words - ln_rate + (c.omega[i] + c.omega[j]) / 2
    far = square > 16.0
    late = both & ((ti - tj) ** 2 > 16.0 * (vi + vj))
    answer: Float64Array = np.where(far | late | np.isnan(total), -np.inf, total)
    return answer


def fits(c: Clusters, sheet: Sheet, rows: Int64Array, group: Int64Array) -> BoolArray:
    """Whether rows fit their group's consensus: place within 3.5 and time within 4 standard deviations of the sum."""
    step = sheet.mean_m[rows] - c.mean_m[group]
    S = sheet.cov_m2[rows] + c.cov_m2[group]
    det = S[:, 0, 0] * S[:, 1, 1] - S[:, 0, 1] ** 2
    square = (
        S[:, 1, 1] * step[:, 0] ** 2 - 2 * S[:, 0, 1] * step[:, 0] * step[:, 1] + S[:, 0, 0] * step[:, 1] ** 2
    ) / det
    timed = ~np.isnan(sheet.sd_s[rows]) & np.isfinite(c.var_s2[group])
    apart = np.where(timed, (np.where(timed, sheet.tau_s[rows], 0.0) - c.tau_s[group]) ** 2, 0.0)
    spread = np.where(
        timed, np.where(timed, sheet.sd_s[rows], 0.0) ** 2 + np.where(timed, c.var_s2[group], 0.0), 1.0
    )
    return (square <= 12.25) & (apart <= 16.0 * spread) & (c.to_s[group] >= c.from_s[group])
