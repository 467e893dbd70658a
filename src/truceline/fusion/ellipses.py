"""Places of incidents under errors with heavy tails: who errs far counts less, and the ellipse is as wide as it must be.

Each report's place is Student's t about the true one. The place is the mode of their product, found by reweighting; the
covariance is stated such that its 90 % ellipse, read as that of a bell, holds nine in ten. Source: Lange, Little and
Taylor 1989, doi:10.1080/01621459.1989.10478852 (reweighting); docs/explanation/fusion.md.
"""

# Kernels take many columns, whose types numba infers.
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from __future__ import annotations

import math
from typing import Final

import numpy as np

from truceline.fusion.compiled import compiled
from truceline.fusion.parameters import Parameters
from truceline.fusion.stats import KNOWN, PXX, PXY, PYY, X, Y
from truceline.fusion.work import Grouped, Work
from truceline.geo.points import Float64Array

TURNS: Final = 12
CHI2_90: Final = -2 * math.log(0.1)  # of two degrees of freedom


def settled_places(core: Grouped, work: Work, parameters: Parameters) -> tuple[Float64Array, Float64Array]:
    """Means (k, 2) and covariances (k, 2, 2) of the places of groups; meaningless where none of a group is known."""
    k = len(core.heads)
    mean, cov = np.zeros((k, 2)), np.zeros((k, 3))
    tail, scale = parameters.place_tail_e1 / 10.0, (parameters.place_scale_e3 / 1e3) ** 2
    _settle(core.start, core.rows, work.said, work.sheet.name, core.said, tail, scale, mean, cov)
    return mean, cov[:, [0, 1, 1, 2]].reshape(k, 2, 2)


@compiled
def _settle(start, rows, own, name, together, tail, scale, mean, cov):
    for group in range(len(start) - 1):
        members = rows[start[group] : start[group + 1]]
        mean[group, 0], mean[group, 1] = together[group, X], together[group, Y]
        cov[group, 0], cov[group, 1], cov[group, 2] = (
            together[group, PXX],
            together[group, PXY],
            together[group, PYY],
        )
        n = len(members)
        counts = np.zeros(n, dtype=np.bool_)
        j = np.zeros((n, 3))
        many = 0
        for i in range(n):
            one = own[members[i]]
            if one[KNOWN] <= 0:
                continue
            det = (one[PXX] * one[PYY] - one[PXY] ** 2) * scale
            j[i, 0], j[i, 1], j[i, 2] = one[PYY] / det, -one[PXY] / det, one[PXX] / det
            counts[i] = True
            many += 1
        for i in range(n):  # reports that name one place share its error: the most precise counts
            if counts[i] and name[members[i]] >= 0:
                mine = j[i, 0] * j[i, 2] - j[i, 1] ** 2
                for o in range(n):
                    if o != i and counts[o] and name[members[o]] == name[members[i]]:
                        its = j[o, 0] * j[o, 2] - j[o, 1] ** 2
                        if its > mine or (its == mine and o < i):
                            counts[i] = False
                            many -= 1
                            break
        if many == 0:
            continue
        x, y = mean[group, 0], mean[group, 1]
        a = b = c = 0.0
        for _ in range(TURNS if many > 1 else 1):
            a = b = c = u = v = 0.0
            for i in range(n):
                if counts[i]:
                    one = own[members[i]]
                    east, north = one[X] - x, one[Y] - y
                    square = j[i, 0] * east * east + 2 * j[i, 1] * east * north + j[i, 2] * north * north
                    w = (tail + 2) / (tail + square)
                    a, b, c = a + w * j[i, 0], b + w * j[i, 1], c + w * j[i, 2]
                    u += w * (j[i, 0] * one[X] + j[i, 1] * one[Y])
                    v += w * (j[i, 1] * one[X] + j[i, 2] * one[Y])
            det = a * c - b * b
            x, y = (c * u - b * v) / det, (a * v - b * u) / det
        free = many * (tail + 2) - 2
        wide = (free + 2) / free * free * (0.1 ** (-2 / free) - 1) / CHI2_90
        mean[group, 0], mean[group, 1] = x, y
        cov[group, 0], cov[group, 1], cov[group, 2] = c / det * wide, -b / det * wide, a / det * wide
