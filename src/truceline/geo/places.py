"""Each observation's place as a mean and a covariance in a local frame.

Formulas and their limits: docs/explanation/geo.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.geo.frame import Frame
from truceline.geo.points import BoolArray, Float64Array, Int64Array, column, from_udeg
from truceline.geo.sectors import Sectors

CEP50_PER_SIGMA = 1.1774
BEARING_SIGMA_DEG = 5.0
BEARING_STEP_DEG = 22.5
WIDE_SIGMA_DEG = 25.0
RANGE_SIGMA_LN = 0.28
NO_RANGE_M = (500.0, 10_000.0)
POINT_CEP_M = 250.0
GEOLOCATION_M = 100.0
FOOTPRINT_M = 375.0
NAMED_SIGMA_M = {1: 1_500.0, 2: 7_000.0, 3: 20_000.0, 4: 60_000.0, 5: 60_000.0, 6: 300_000.0, 7: 500_000.0}
NAMED_UNGRADED_M = 3_000.0
AREA_SIGMA_M = 8_000.0
SMALLEST_SIGMA_M = 5.0
SOUND_M_S = 340.0
_NOWHERE = 1 << 30


@dataclass(frozen=True, slots=True, eq=False)
class UncertainPlaces:
    """Places of n observations.

    Attributes:
        mean_m: (n, 2) metres in the frame; nan where unknown.
        cov_m2: (n, 2, 2) square metres; nan where unknown.
        known: (n,) whether a place was given at all.
        shared: (n,) number of the group of reports that name the same place, and so share its error; -1 if none.
    """

    mean_m: Float64Array
    cov_m2: Float64Array
    known: BoolArray
    shared: Int64Array


def uncertain_places(observations: pa.Table, frame: Frame, sectors: Sectors | None = None) -> UncertainPlaces:
    """Places of observations (`records.columns.OBSERVATIONS`), in their order.

    Args:
        sectors: gives areas their shape; without it an area with a centre has a wide circle.
    Returns:
        Means and covariances; an outgoing report is not treated apart here (fusion coarsens it first).
    Source: docs/explanation/geo.md; median radius to sigma: Siouris 1993, circular error probable.
    """
    n = observations.num_rows
    words = observations.column("place_kind").combine_chunks().dictionary_encode()
    kinds = np.array([*words.dictionary.to_pylist(), ""], dtype="U12")[words.indices.to_numpy()]
    mean = frame.to_xy(from_udeg(observations))
    cov = np.full((n, 2, 2), np.nan)
    known = ~np.isnan(mean).any(axis=1) & (kinds != "unknown")
    error = column(observations, "error_m")

    rows = np.flatnonzero(known & (kinds == "point"))
    cov[rows] = _round(np.where(np.isnan(error[rows]), POINT_CEP_M, error[rows]) / CEP50_PER_SIGMA)
    rows = np.flatnonzero(known & (kinds == "named"))
    cov[rows] = _round(_named_sigma(error[rows], column(observations, "place_precision")[rows]))
    rows = np.flatnonzero(known & (kinds == "footprint"))
    cov[rows] = _footprint(observations, error, rows)
    rows = np.flatnonzero(known & (kinds == "sector"))
    mean[rows], cov[rows] = _sector(observations, mean, rows)
    rows = np.flatnonzero(known & (kinds == "area"))
    cov[rows] = _round(np.where(np.isnan(error[rows]), AREA_SIGMA_M, error[rows] / CEP50_PER_SIGMA))
    if sectors is not None:
        _areas(observations, frame, sectors, kinds, mean, cov, known)
    mean[~known] = np.nan
    cov[~known] = np.nan
    return UncertainPlaces(mean, cov, known, _shared(observations, kinds, known))


def _round(sigma_m: Float64Array) -> Float64Array:
    return np.maximum(sigma_m, SMALLEST_SIGMA_M)[:, None, None] ** 2 * np.eye(2)


def _named_sigma(error: Float64Array, precision: Float64Array) -> Float64Array:
    graded = np.full(len(precision), NAMED_UNGRADED_M)
    for grade, sigma in NAMED_SIGMA_M.items():
        graded[precision == grade] = sigma
    return np.where(np.isnan(error), graded, error / CEP50_PER_SIGMA)


def _footprint(observations: pa.Table, error: Float64Array, rows: Int64Array) -> Float64Array:
    located = np.where(np.isnan(error[rows]), GEOLOCATION_M, error[rows] / CEP50_PER_SIGMA)
    cov = np.zeros((len(rows), 2, 2))
    for axis, name in enumerate(
        ("scan_m", "track_m")
    ):  # polar orbits: scan runs about east, track about north
        side = column(observations, name)[rows]
        cov[:, axis, axis] = np.where(np.isnan(side), FOOTPRINT_M, side) ** 2 / 12 + located**2
    return cov


def _sector(
    observations: pa.Table, mean: Float64Array, rows: Int64Array
) -> tuple[Float64Array, Float64Array]:
    """From a post, a bearing and a range; wide or unranged sectors by the moments of the whole fan."""
    near, far = column(observations, "range_min_m")[rows], column(observations, "range_max_m")[rows]
    bearing = column(observations, "bearing_mdeg")[rows] / 1e3
    step = column(observations, "bearing_step_mdeg")[rows] / 1e3
    step = np.where(np.isnan(step), BEARING_STEP_DEG, step)
    unranged = np.isnan(near) & np.isnan(far)
    near_m = np.where(np.isnan(near), far / 4, near)
    far_m = np.where(np.isnan(far), 3 * near, far)
    near_m, far_m = np.where(unranged, NO_RANGE_M[0], near_m), np.where(unranged, NO_RANGE_M[1], far_m)
    far_m = np.maximum(far_m, 1.0)
    near_m = np.clip(near_m, far_m / 10, far_m)
    r = np.sqrt(near_m * far_m)
    s_r = np.maximum(RANGE_SIGMA_LN, np.log(far_m / near_m) / np.sqrt(12))
    s_t = np.deg2rad(np.sqrt(BEARING_SIGMA_DEG**2 + step**2 / 12))
    s_t = np.where(np.isnan(bearing), np.inf, s_t)
    wide = unranged | (s_t > np.deg2rad(WIDE_SIGMA_DEG))
    shrink = np.exp(-(np.minimum(s_t, 40.0) ** 2) / 2)
    out = r * shrink * np.where(wide, np.exp(s_r**2 / 2), 1.0)
    square = r**2 * np.exp(2 * s_r**2)
    twice = np.exp(-2 * np.minimum(s_t, 20.0) ** 2)
    radial = np.where(wide, square * (1 + twice) / 2 - out**2, (r * s_r) ** 2)
    across = np.where(wide, square * (1 - twice) / 2, (r * np.where(wide, 0.0, s_t)) ** 2)
    theta = np.deg2rad(np.where(np.isnan(bearing), 0.0, bearing))
    ahead = np.stack([np.sin(theta), np.cos(theta)], axis=1)
    aside = np.stack([np.cos(theta), -np.sin(theta)], axis=1)
    cov = radial[:, None, None] * ahead[:, :, None] * ahead[:, None, :]
    cov = cov + across[:, None, None] * aside[:, :, None] * aside[:, None, :]
    return mean[rows] + out[:, None] * ahead, cov


def _areas(
    observations: pa.Table,
    frame: Frame,
    sectors: Sectors,
    kinds: np.ndarray[tuple[int], np.dtype[np.str_]],
    mean: Float64Array,
    cov: Float64Array,
    known: BoolArray,
) -> None:
    names = observations.column("area_id").to_pylist()
    shapes: dict[str, tuple[Float64Array, Float64Array]] = {}
    for row in np.flatnonzero(kinds == "area").tolist():
        name = names[row]
        if name not in sectors.ids:
            continue
        if name not in shapes:
            shapes[name] = (frame.to_xy(sectors.centre(name))[0], sectors.spread_m2(name, frame))
        mean[row], cov[row] = shapes[name]
        known[row] = True


def _shared(
    observations: pa.Table, kinds: np.ndarray[tuple[int], np.dtype[np.str_]], known: BoolArray
) -> Int64Array:
    named = known & ((kinds == "named") | (kinds == "area"))
    shared = np.full(len(kinds), -1, dtype=np.int64)
    rows = np.flatnonzero(named)
    if not len(rows):
        return shared
    some = observations.select(["lon_udeg", "lat_udeg", "place_name", "area_id"]).take(pa.array(rows))
    lon, lat = (some.column(c).fill_null(_NOWHERE).to_numpy() for c in ("lon_udeg", "lat_udeg"))
    names = pc.utf8_trim_whitespace(pc.utf8_lower(some.column("place_name").cast(pa.string()).fill_null("")))
    words = [_ranks(c.combine_chunks()) for c in (names, some.column("area_id").fill_null(""))]
    placed = lon != _NOWHERE
    key = np.column_stack([np.where(placed, words[0], -1), lon, lat, np.where(placed, -1, words[1])])
    shared[rows] = np.reshape(np.unique(key, axis=0, return_inverse=True)[1], -1)
    return shared


def _ranks(words: pa.Array) -> Int64Array:
    """Number of each word among the distinct ones in alphabetical order."""
    coded = words.dictionary_encode()
    distinct = coded.dictionary.to_pylist()
    rank = np.empty(len(distinct), dtype=np.int64)
    rank[sorted(range(len(distinct)), key=distinct.__getitem__)] = np.arange(len(distinct))
    ranks: Int64Array = rank[coded.indices.to_numpy()]
    return ranks


def sound_delay_s(
    observations: pa.Table, frame: Frame, mean_m: Float64Array, cov_m2: Float64Array, heard: BoolArray
) -> tuple[Float64Array, Float64Array]:
    """Seconds (n,) that sound took from each uncertain place to the post that heard it, and their standard deviation.

    Args:
        mean_m, cov_m2: places in `frame`; heard: (n,) rows that heard something. Only sectors have a post: others get 0.
    """
    delay, spread = np.zeros(len(mean_m)), np.zeros(len(mean_m))
    sectors = pc.equal(observations.column("place_kind"), "sector").to_numpy()
    rows = np.flatnonzero(heard & sectors & ~np.isnan(mean_m).any(axis=1))
    if len(rows):
        ahead = mean_m[rows] - frame.to_xy(from_udeg(observations)[rows])
        far = np.maximum(np.hypot(*ahead.T), 1.0)
        unit = ahead / far[:, None]
        delay[rows] = far / SOUND_M_S
        spread[rows] = np.sqrt(np.einsum("ni,nij,nj->n", unit, cov_m2[rows], unit)) / SOUND_M_S
    return delay, spread
