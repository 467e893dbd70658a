"""Which side, never from which place.

The side of the line on which the incident lies, what was seen there, the direction of flight, and statements, with the
same numbers for everyone. A party's word against another says next to nothing; its word about itself says much.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import ndtr

from truceline.fusion.parameters import Parameters
from truceline.geo.frame import Frame
from truceline.geo.gaussian import largest_sd, normal_points, root
from truceline.geo.lines import Line
from truceline.geo.points import Float64Array
from truceline.records.parties import Alignment

UNDETERMINED = "undetermined"
OWN_SHARE = {"outgoing": 0.95, "airburst": 0.2, "in_flight": 0.45}
ACT_OWN_SHARE = {
    "muzzle_flash": 0.93, "weapon_present": 0.95, "advance": 0.35, "overflight": 0.4, "shelling": 0.2, "air_strike": 0.1,
    "damage": 0.12, "casualties": 0.15, "access_denied": 0.95, "illumination_flare": 0.5,
}  # fmt: skip
ELSEWHERE = 0.05
STEP_M = 200.0
POINTS = 128
SAMPLE_M = 50.0
MOST_SAMPLES = 40_000
AT_ONCE = 8_192
DETERMINED_E4 = 8000


def own_share(act: str, description: str, parameters: Parameters) -> float:
    """Share of such incidents for which the side on which they lie is responsible."""
    if description == "impact":
        return parameters.impact_own_e4 / 1e4
    return OWN_SHARE.get(description, ACT_OWN_SHARE.get(act, 0.45))


def across(line: Line, mean_m: Float64Array, direction_deg: Float64Array, frame: Frame) -> Float64Array:
    """Cosine (n,) of a direction with the perpendicular to the line, positive towards the left; 0 where unknown."""
    angle = np.deg2rad(direction_deg)
    step = STEP_M * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    known = ~np.isnan(step).any(axis=1) & ~np.isnan(mean_m).any(axis=1)
    cosine = np.zeros(len(mean_m))
    if known.any():
        cov = np.tile(np.eye(2), (int(known.sum()), 1, 1))
        after = line.distance_with_error(mean_m[known] + step[known], cov, frame)[0]
        before = line.distance_with_error(mean_m[known] - step[known], cov, frame)[0]
        cosine[known] = np.clip((after - before) / (2 * STEP_M), -1.0, 1.0)
    return cosine


def left_of(line: Line, mean_m: Float64Array, cov_m2: Float64Array, frame: Frame) -> Float64Array:
    """P(left of the line), (n,), computed once for each different place; nan where the mean is nan.

    A bend of the line matters only within the error of the place: there 128 fixed points are counted, elsewhere the
    closed form holds. Error: below 0.02.
    """
    answer = np.full(len(mean_m), np.nan)
    known = np.flatnonzero(~np.isnan(mean_m).any(axis=1))
    if not len(known):
        return answer
    shape = np.column_stack([mean_m[known], cov_m2[known][:, [0, 0, 1], [0, 1, 1]]])
    places, back = np.unique(shape, axis=0, return_inverse=True)
    cov = places[:, [2, 3, 3, 4]].reshape(-1, 2, 2)
    distance, sd = line.distance_with_error(places[:, :2], cov, frame)
    left = ndtr(distance / sd)
    wide = largest_sd(cov)
    doubtful = np.flatnonzero(np.abs(distance) < 4.0 * wide)
    if len(doubtful):
        spots, normals = _samples(line.xy(frame))
        tree = cKDTree(spots)
    for some in np.array_split(doubtful, -(-len(doubtful) // AT_ONCE)) if len(doubtful) else ():
        steps = np.einsum("nij,kj->nki", root(cov[some]), normal_points()[:POINTS])
        points = (places[some, None, :2] + steps).reshape(-1, 2)
        nearest = tree.query(points)[1]
        side = ((points - spots[nearest]) * normals[nearest]).sum(axis=1) > 0
        left[some] = side.reshape(-1, POINTS).mean(axis=1)
    answer[known] = left[np.reshape(back, -1)]
    return answer


def _samples(path: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Points along a path, each in the middle of its piece, with the unit normal to the left, (m, 2) each."""
    a, step = path[:-1], np.diff(path, axis=0)
    length = np.hypot(*step.T)
    pieces = np.maximum(1, np.ceil(length / max(SAMPLE_M, float(length.sum()) / MOST_SAMPLES))).astype(
        np.int64
    )
    of = np.repeat(np.arange(len(a)), pieces)
    within = np.arange(len(of)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    spots = a[of] + ((within + 0.5) / pieces[of])[:, None] * step[of]
    normals = np.column_stack([-step[:, 1], step[:, 0]]) / length[:, None]
    return spots, normals[of]


def standing(alignments: tuple[Alignment, ...], line: Line | None, at_ms: int) -> list[str]:
    """Alignments that hold at a time, with the two beside the line."""
    ids = {
        a.id
        for a in alignments
        if (a.from_ms is None or a.from_ms <= at_ms) and (a.until_ms is None or at_ms < a.until_ms)
    }
    return sorted(ids | ({line.left, line.right} if line is not None else set()))


def shares(
    ids: list[str],
    line: Line | None,
    p_left: float,
    own: float,
    cosine: float,
    said: list[tuple[str, str]],
    parameters: Parameters,
) -> tuple[list[tuple[str, int]], str]:
    """Share of each alignment in units of 1e-4, with "undetermined" for the rest, and the side if it is clear.

    Args:
        p_left: probability that the incident lies left of the line; nan where no place is known.
        own: see `own_share`.
        cosine: see `across`.
        said: (alignment that speaks or "", alignment accused), each pair once.
    """
    ln = dict.fromkeys(ids, 0.0)
    placed = line is not None and not math.isnan(p_left)
    if line is not None and placed:
        left = p_left * own + (1 - p_left) * (1 - own)
        right = (1 - p_left) * own + p_left * (1 - own)
        for name in ids:
            ln[name] += math.log(max({line.left: left, line.right: right}.get(name, ELSEWHERE), 1e-6))
        push = cosine * parameters.direction_e3 / 2e3
        ln[line.left] -= push
        ln[line.right] += push
    for speaker, accused in said:
        if accused in ln:
            ln[accused] += parameters.admission_e3 / 1e3 if speaker == accused else 0.1
    if len(ids) < 2 or (not placed and not said):
        return sorted([*((name, 0) for name in ids), (UNDETERMINED, 10_000)]), UNDETERMINED
    top = max(ln.values())
    weight = {name: math.exp(value - top) for name, value in ln.items()}
    total = math.fsum(sorted(weight.values()))
    ranked = sorted((value / total for value in weight.values()), reverse=True)
    decided = 1.0 - (1.0 - (ranked[0] - ranked[1])) / 2
    e4 = {name: math.floor(round(weight[name] / total * decided * 1e4, 6)) for name in ids}
    side = next((name for name in ids if e4[name] >= DETERMINED_E4), UNDETERMINED)
    return sorted([*e4.items(), (UNDETERMINED, 10_000 - sum(e4.values()))]), side
