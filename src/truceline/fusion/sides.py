"""Which side, never from which place.

The side of the line on which the incident lies, what was seen there, the direction of flight, and statements, with the
same numbers for everyone. A party's word against another says next to nothing; its word about itself says much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import ndtr

from truceline.fusion.parameters import Parameters
from truceline.geo.frame import Frame
from truceline.geo.gaussian import largest_sd, normal_points, root
from truceline.geo.lines import Line
from truceline.geo.points import Float64Array, Int64Array
from truceline.records.parties import Alignment

UNDETERMINED = "undetermined"
OWN_SHARE = {"outgoing": 0.95, "airburst": 0.2, "in_flight": 0.45}
ACT_OWN_SHARE = {
    "muzzle_flash": 0.93, "weapon_present": 0.95, "advance": 0.35, "overflight": 0.4, "shelling": 0.2, "air_strike": 0.1,
    "damage": 0.12, "casualties": 0.15, "access_denied": 0.95, "illumination_flare": 0.5,
}  # fmt: skip
ORDINARY = 0.45
ELSEWHERE = 0.05
ACCUSATION = 0.1
STEP_M = 200.0
POINTS = 128
SAMPLE_M = 50.0
MOST_SAMPLES = 40_000
AT_ONCE = 8_192
DETERMINED_E4 = 8000


def own_shares(act: list[str], description: list[str], parameters: Parameters) -> Float64Array:
    """Share of such incidents for which the side on which they lie is responsible, for each act and description."""
    by_word = {
        (a, d): parameters.impact_own_e4 / 1e4 if d == "impact" else OWN_SHARE.get(d, ACT_OWN_SHARE.get(a, ORDINARY))
        for a in set(act) for d in set(description)
    }  # fmt: skip
    return np.array([by_word[one] for one in zip(act, description, strict=True)])


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


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """Who blames whom: each (incident, alignment that speaks or -1, alignment accused) once, numbers of `names`."""

    group: Int64Array
    speaker: Int64Array
    accused: Int64Array
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Rows (group, name, units of 1e-4) sorted by group and name, with "undetermined"; and the side (k,) where clear."""

    group: Int64Array
    name: list[str]
    e4: Int64Array
    side: list[str]


def shares(
    at_ms: Int64Array, alignments: tuple[Alignment, ...], line: Line | None, p_left: Float64Array, own: Float64Array,
    cosine: Float64Array, said: Said, parameters: Parameters,
) -> Shares:  # fmt: skip
    """Share of each alignment in each of k incidents.

    Args:
        at_ms: (k,) when. p_left: (k,) probability that it lies left of the line; nan where no place is known.
        own: see `own_shares`. cosine: see `across`.
    """
    k = len(at_ms)
    moments = sorted({m for a in alignments for m in (a.from_ms, a.until_ms) if m is not None})
    span = np.searchsorted(np.array(moments, dtype=np.int64), at_ms, side="right")
    side = np.full(k, UNDETERMINED, dtype=object)
    parts: list[tuple[Int64Array, Int64Array, Int64Array]] = []
    names = sorted(
        {UNDETERMINED, *(a.id for a in alignments), *((line.left, line.right) if line is not None else ())}
    )
    for part in np.unique(span).tolist():
        rows = np.flatnonzero(span == part)
        ids = standing(alignments, line, int(at_ms[rows[0]]))
        e4 = _shares(rows, ids, line, p_left, own, cosine, said, parameters)
        for column, name in enumerate(ids):
            side[rows[e4[:, column] >= DETERMINED_E4]] = name
            parts.append((rows, np.full(len(rows), names.index(name)), e4[:, column]))
        parts.append((rows, np.full(len(rows), names.index(UNDETERMINED)), 10_000 - e4.sum(axis=1)))
    if not parts:
        return Shares(np.empty(0, dtype=np.int64), [], np.empty(0, dtype=np.int64), [])
    group, name_of, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((name_of, group))
    words = np.array(names, dtype=object)
    return Shares(group[order], words[name_of[order]].tolist(), value[order].astype(np.int64), side.tolist())


def _shares(
    rows: Int64Array, ids: list[str], line: Line | None, p_left: Float64Array, own: Float64Array, cosine: Float64Array,
    said: Said, parameters: Parameters,
) -> Int64Array:  # fmt: skip
    """Units of 1e-4 (rows, ids) for incidents of one time in which the same alignments stand."""
    placed = ~np.isnan(p_left[rows]) & (line is not None)
    ln = np.zeros((len(rows), len(ids)))
    if line is not None:
        p, share = np.nan_to_num(p_left[rows]), own[rows]
        left = p * share + (1 - p) * (1 - share)
        right = (1 - p) * share + p * (1 - share)
        push = cosine[rows] * parameters.direction_e3 / 2e3
        for column, name in enumerate(ids):
            chance = (
                left if name == line.left else right if name == line.right else np.full(len(rows), ELSEWHERE)
            )
            ln[:, column] = np.where(placed, np.log(np.maximum(chance, 1e-6)), 0.0)
            sign = -1.0 if name == line.left else 1.0 if name == line.right else 0.0
            ln[:, column] += np.where(placed, sign * push, 0.0)
    place = np.full(int(rows.max(initial=0)) + 1, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    spoken = np.zeros(len(rows), dtype=bool)
    here = said.group <= rows.max(initial=-1)
    here[here] = place[said.group[here]] >= 0
    spoken[place[said.group[here]]] = True
    for column, name in enumerate(ids):
        if name not in said.names:
            continue
        blamed = here & (said.accused == said.names.index(name))
        own_word = said.speaker == said.accused
        for which, weight in ((own_word, parameters.admission_e3 / 1e3), (~own_word, ACCUSATION)):
            count = np.bincount(place[said.group[blamed & which]], minlength=len(rows))
            ln[:, column] += weight * count
    if len(ids) < 2:
        return np.zeros((len(rows), len(ids)), dtype=np.int64)
    weights = np.exp(ln - ln.max(axis=1, keepdims=True))
    total = np.sort(weights, axis=1).sum(axis=1)
    ranked = np.sort(weights / total[:, None], axis=1)[:, ::-1]
    decided = 1.0 - (1.0 - (ranked[:, 0] - ranked[:, 1])) / 2
    e4 = np.floor(np.round(weights / total[:, None] * decided[:, None] * 1e4, 6)).astype(np.int64)
    shown: Int64Array = np.where((placed | spoken)[:, None], e4, 0)
    return shown
