"""How likely each kind of source notices an incident at a distance, by day and by night, learned from what others saw.

A source is on trial wherever another source reported an incident while it was watching (Borchers, Zucchini & Fewster
1998, Biometrics 54: mark-recapture for distance sampling). Nothing is learned of a party or of a single source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from scipy.optimize import minimize

from truceline.coverage.grid import Grid, reported_by_others, reported_by_own
from truceline.coverage.sun import NIGHT_BELOW_DEG, elevation_deg
from truceline.errors import UsageError
from truceline.geo import Frame
from truceline.records.codes import MISSION_KINDS, SOURCE_KINDS

METHOD: Final = "truceline.coverage.detection"
VERSION: Final = 1
MICRO: Final = 1_000_000
BIN_M: Final = 250
FARTHEST_M: Final = 12_000
PLACE_SD_M: Final = 1_000.0
"""Incidents known less well than this put nobody on trial: their distance would be a guess."""

_NAMES: Final = ("day_top_e4", "day_scale_m", "night_top_e4", "night_scale_m", "shape_e2")
_JOINT: Final = ("any.day_joint_e4", "any.night_joint_e4")
_BINS: Final = FARTHEST_M // BIN_M
_PRIOR_TRIALS: Final = 12.0

TRIALS: Final = pa.schema(
    [
        ("source_kind", pa.string()), ("night", pa.bool_()), ("from_m", pa.int32()),
        ("trials_e4", pa.int64()), ("noticed_e4", pa.int64()),
    ]
)  # fmt: skip
"""Sufficient statistics by kind, light and distance (a bin of BIN_M from `from_m`); incidents count by their probability,
in units of 1e-4. Tables of several missions or weeks are added up by concatenation."""


@dataclass(frozen=True, slots=True)
class Curve:
    """p(d) = top exp(-(d / scale)^shape), by day and by night."""

    day_top_e4: int
    day_scale_m: int
    night_top_e4: int
    night_scale_m: int
    shape_e2: int


@dataclass(frozen=True, slots=True)
class Detection:
    """A curve for each kind that watches; integers, so that a set can stand on the log.

    Kinds miss together what is faint, far from the line or drowned by the wind, so the hazards of several do not simply
    add up: `day_joint_e4` and `night_joint_e4` say which share of their sum counts for any of the mission's own.
    """

    curves: Mapping[str, Curve] = field(default_factory=dict)
    day_joint_e4: int = 10_000
    night_joint_e4: int = 10_000

    def curve(self, kind: str) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """(top, scale in metres, shape) by day and by night; nought for a kind without a curve."""
        one = self.curves.get(kind)
        if one is None:
            return (0.0, 1.0, 1.0), (0.0, 1.0, 1.0)
        shape = one.shape_e2 / 100
        return (
            (one.day_top_e4 / 1e4, float(one.day_scale_m), shape),
            (one.night_top_e4 / 1e4, float(one.night_scale_m), shape),
        )

    def reach_m(self, kind: str) -> float:
        """The distance beyond which less than one in a hundred is noticed, at most FARTHEST_M."""
        found = [
            scale * np.log(top / 0.01) ** (1 / shape) for top, scale, shape in self.curve(kind) if top > 0.01
        ]
        return float(min(max(found, default=0.0), FARTHEST_M))

    def chance(self, kind: str, distance_m: npt.ArrayLike, night: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Chance of notice at a distance; broadcast."""
        day, dark = (
            top * np.exp(-((np.asarray(distance_m, dtype=np.float64) / scale) ** shape))
            for top, scale, shape in self.curve(kind)
        )
        return np.asarray(np.where(night, dark, day), dtype=np.float64)

    def as_dict(self) -> dict[str, int]:
        """Flat: `camera.day_scale_m` and so on."""
        values = {
            f"{kind}.{name}": getattr(self.curves[kind], name)
            for kind in sorted(self.curves)
            for name in _NAMES
        }
        return {**values, _JOINT[0]: self.day_joint_e4, _JOINT[1]: self.night_joint_e4}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Detection:
        """The inverse of `as_dict`.

        Raises:
            UsageError: COV-006 a value that is missing, unknown or out of bounds.
        """
        kinds = sorted({name.partition(".")[0] for name in values if name not in _JOINT})
        wanted = {f"{kind}.{name}" for kind in kinds for name in _NAMES} | set(_JOINT)
        wrong = sorted(set(values) ^ wanted) or [kind for kind in kinds if kind not in SOURCE_KINDS]
        wrong += [
            name
            for name in sorted(wanted & set(values))
            if not isinstance(values[name], int)
            or not (0 if name.endswith("_e4") else 1) <= values[name]
            or (name.endswith("_e4") and values[name] > 10_000)
        ]
        if wrong:
            raise UsageError(
                "COV-006", "a detection must hold every number of each kind, within bounds", where=wrong[0],
                value=values.get(wrong[0]), remedy="Learn it again: `truceline learn FOLDER`.",
            )  # fmt: skip
        curves = {kind: Curve(**{name: int(values[f"{kind}.{name}"]) for name in _NAMES}) for kind in kinds}
        return cls(curves, *(int(values[name]) for name in _JOINT))


DEFAULTS: Final = Detection(
    {
        "patrol": Curve(9_000, 5_400, 8_800, 4_500, 200),
        "post": Curve(9_500, 8_000, 9_400, 8_000, 270),
        "camera": Curve(7_000, 2_700, 7_500, 2_700, 220),
        "acoustic_array": Curve(5_500, 8_400, 8_600, 9_000, 240),
        "uav": Curve(7_500, 2_900, 5_800, 1_500, 180),
    },
    6_400,
    5_150,
)  # fmt: skip
"""Where nothing was learned, and the centre of the prior of what is learned. Learned on the exercises of seeds 101 to 104 and
rounded: no real mission has lent its data yet."""


def trials(incidents: pa.Table, observations: pa.Table, watches: pa.Table) -> pa.Table:
    """Who was on trial and who noticed (`TRIALS`).

    A trial is an incident with a place known to PLACE_SD_M, reported by some other source, while the source watched
    within FARTHEST_M (and its angle). Incidents with outgoing fire have no place and put nobody on trial.

    Args:
        incidents: `records.columns.INCIDENTS`. observations: to tell which source made which member.
        watches: `records.columns.WATCHES`.
    """
    counts = np.zeros((len(SOURCE_KINDS), 2, _BINS, 2), dtype=np.int64)
    spread = np.sqrt(
        np.maximum(*(incidents[n].cast(pa.float64()).fill_null(float("inf")).to_numpy() for n in ("cov_ee_m2", "cov_nn_m2")))
    )  # fmt: skip
    usable = (spread <= PLACE_SD_M) & ~incidents["outgoing"].to_numpy(zero_copy_only=False)
    chosen = incidents.filter(pa.array(usable))
    rows = watches.filter(
        pc.and_(
            pc.and_(pc.equal(watches["outcome"], "watched"), pc.is_in(watches["source_kind"], pa.array(sorted(MISSION_KINDS)))),
            pc.and_(pc.is_valid(watches["lon_udeg"]), pc.is_valid(watches["lat_udeg"])),
        )
    ).sort_by("from_ms")  # fmt: skip
    if chosen.num_rows and rows.num_rows:
        _counted(chosen, observations, rows, counts)
    kind, night, step = np.nonzero(counts[..., 0])
    return pa.table(
        [
            pa.array([SOURCE_KINDS[k] for k in kind.tolist()], pa.string()), pa.array(night.astype(bool)),
            pa.array(step.astype(np.int32) * BIN_M, pa.int32()),
            pa.array(counts[kind, night, step, 0]), pa.array(counts[kind, night, step, 1]),
        ], schema=TRIALS,
    )  # fmt: skip


def learn(counted: pa.Table, prior: Detection = DEFAULTS) -> Detection:
    """Curves from trials; a kind with few trials stays near the prior, which weighs as much as a dozen of them.

    The mode of the posterior: binomial trials, log-normal priors about the prior's numbers (Buckland et al. 2001,
    Introduction to Distance Sampling, for the family of curves).
    """
    found = dict(prior.curves)
    kinds = np.array(counted["source_kind"].to_pylist(), dtype="U16")
    night = counted["night"].to_numpy(zero_copy_only=False)
    middle = counted["from_m"].to_numpy() + BIN_M / 2
    tried, noticed = (counted[name].to_numpy() / 1e4 for name in ("trials_e4", "noticed_e4"))
    for kind, before in prior.curves.items():
        mine = kinds == kind
        if mine.any():
            found[kind] = _fitted(middle[mine], night[mine], tried[mine], noticed[mine], before)
    return Detection(found, prior.day_joint_e4, prior.night_joint_e4)


def temper(detection: Detection, incidents: pa.Table, exposed: pa.Table) -> Detection:
    """The same curves with the joint shares that incidents reported by outsiders call for.

    Outsiders (satellites, parties, media, complaints) do not watch with the mission, so the share of their incidents that
    the mission noticed too is what any of its own notices; incidents count by their probability, and a dozen imagined
    ones hold the share to what it was.

    Args:
        exposed: made by `exposure` with this detection.
    """
    grid = Grid.of(exposed)
    row = grid.find(incidents)
    told = np.flatnonzero((row >= 0) & reported_by_others(incidents))
    p = np.minimum(grid.rows["noticed_e4"].to_numpy()[row[told]] / 1e4, 0.9999)
    told, p = told[p > 0], p[p > 0]
    dark = grid.rows["night"].to_numpy(zero_copy_only=False)[row[told]]
    weight = incidents["probability_e4"].to_numpy()[told] / 1e4
    noticed = reported_by_own(incidents)[told]
    hazard = -np.log1p(-p)
    before = {False: detection.day_joint_e4, True: detection.night_joint_e4}
    found = [
        _joint(hazard[dark == light], weight[dark == light], noticed[dark == light], before[light])
        for light in (False, True)
    ]
    return Detection(detection.curves, *found)


def _joint(h: Any, weight: Any, noticed: Any, before_e4: int) -> int:
    """The share c of the hazard at which as many were noticed as 1 - exp(-c h) foretells; bisection in units of 1e-4."""
    if not len(h):
        return before_e4
    typical = float((weight * h).sum() / weight.sum())

    def gap(c_e4: int) -> float:
        c = c_e4 / before_e4
        prior = _PRIOR_TRIALS * (np.exp(-c * typical) - np.exp(-typical))
        return float((weight * (noticed - 1 + np.exp(-c * h))).sum() + prior)

    low, high = 1, 10_000
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if gap(middle) > 0 else (low, middle)
    return high


def _fitted(middle_m: Any, night: Any, tried: Any, noticed: Any, prior: Curve) -> Curve:
    start = np.array(
        [_logit(prior.day_top_e4), np.log(prior.day_scale_m), _logit(prior.night_top_e4), np.log(prior.night_scale_m), np.log(prior.shape_e2 / 100)]
    )  # fmt: skip
    tightness = np.array([1.0, 1.0, 1.0, 1.0, 4.0]) * _PRIOR_TRIALS / 4

    def loss(x: Any) -> float:
        top, scale = (np.where(night, x[i + 2], x[i]) for i in (0, 1))
        p = np.exp(-((middle_m / np.exp(scale)) ** np.exp(x[4]))) / (1 + np.exp(-top))
        p = np.clip(p, 1e-9, 1 - 1e-9)
        fit = (noticed * np.log(p) + (tried - noticed) * np.log1p(-p)).sum()
        return float(-fit + 0.5 * (tightness * (x - start) ** 2).sum())

    bounds = [
        (-6.0, 5.0),
        (np.log(50.0), np.log(2.0 * FARTHEST_M)),
        (-6.0, 5.0),
        (np.log(50.0), np.log(2.0 * FARTHEST_M)),
        (np.log(0.5), np.log(6.0)),
    ]
    x = minimize(loss, start, method="L-BFGS-B", bounds=bounds).x
    top_e4 = [min(9_999, round(1e4 / (1 + float(np.exp(-x[i]))))) for i in (0, 2)]
    scale_m = [round(float(np.exp(x[i]))) for i in (1, 3)]
    return Curve(top_e4[0], scale_m[0], top_e4[1], scale_m[1], round(100 * float(np.exp(x[4]))))


def _logit(share_e4: int) -> float:
    p = min(max(share_e4, 1), 9_999) / 1e4
    return float(np.log(p / (1 - p)))


def _counted(chosen: pa.Table, observations: pa.Table, rows: pa.Table, counts: Any) -> None:
    number = {name: index for index, name in enumerate(sorted(set(observations["source_id"].to_pylist())))}
    spoke = dict(zip(observations["obs_id"].to_pylist(), observations["source_id"].to_pylist(), strict=True))
    sources = [
        sorted({number[spoke[one]] for one in held if one in spoke})
        for held in chosen["supports"].to_pylist()
    ]
    first = np.concatenate([[0], np.cumsum([len(held) for held in sources])]).astype(np.int64)
    flat = np.array([one for held in sources for one in held], dtype=np.int64)
    lonlat = np.column_stack([chosen[n].to_numpy() for n in ("lon_udeg", "lat_udeg")]) / 1e6
    frame = Frame.at(lonlat)
    at = chosen["midpoint_ms"].to_numpy()
    dark = elevation_deg(at, lonlat[:, 0], lonlat[:, 1]) < NIGHT_BELOW_DEG
    stand = frame.to_xy(np.column_stack([rows[n].to_numpy() for n in ("lon_udeg", "lat_udeg")]) / 1e6)
    bearing, width = (
        rows[n].cast(pa.float64()).fill_null(float("nan")).to_numpy() for n in ("bearing_mdeg", "width_mdeg")
    )
    kind = np.array([SOURCE_KINDS.index(word) for word in rows["source_kind"].to_pylist()], dtype=np.int64)
    source = np.array([number.get(name, -1) for name in rows["source_id"].to_pylist()], dtype=np.int64)
    starts, ends = rows["from_ms"].to_numpy(), rows["to_ms"].to_numpy()
    _tried(
        frame.to_xy(lonlat), at, dark, chosen["probability_e4"].to_numpy().astype(np.int64), first, flat, stand, starts,
        ends, int((ends - starts).max()), bearing / 1e3, width / 2e3, kind, source, counts,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _tried(
    xy: Any, at: Any, dark: Any, weight: Any, first: Any, flat: Any, stand: Any, starts: Any, ends: Any, longest: Any,
    bearing: Any, half: Any, kind: Any, source: Any, counts: Any,
) -> None:  # fmt: skip  # pragma: no cover - compiled
    """Add each trial to counts (kind, night, bin, tried or noticed); watches are sorted by their start."""
    for i in range(len(xy)):
        w = np.searchsorted(starts, at[i] - longest)
        while w < len(starts) and starts[w] <= at[i]:
            if ends[w] > at[i]:
                east, north = xy[i, 0] - stand[w, 0], xy[i, 1] - stand[w, 1]
                step = int(np.hypot(east, north) // 250.0)
                off = 0.0
                if not np.isnan(bearing[w]) and not np.isnan(half[w]):
                    off = (
                        abs((np.degrees(np.arctan2(east, north)) - bearing[w] + 180.0) % 360.0 - 180.0)
                        - half[w]
                    )
                if step < counts.shape[2] and off <= 0.0:
                    mine, others = False, False
                    for e in range(first[i], first[i + 1]):
                        if flat[e] == source[w]:
                            mine = True
                        else:
                            others = True
                    if others:
                        night = 1 if dark[i] else 0
                        counts[kind[w], night, step, 0] += weight[i]
                        if mine:
                            counts[kind[w], night, step, 1] += weight[i]
            w += 1
