"""What others would do with the same observations, and what knowing the true incidents would give.

scikit-learn and Splink come with the extra `peers`; without it their lines say so and the rest is measured.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.spatial import cKDTree

from truceline.geo.frame import Frame
from truceline.geo.places import uncertain_places
from truceline.geo.points import Float64Array, Int64Array

MISSING = "not measured: pip install 'truceline[peers]'"
EPS = (
    (500.0, 300.0),
    (1_000.0, 300.0),
    (1_000.0, 900.0),
    (2_000.0, 600.0),
    (2_000.0, 1_800.0),
    (3_000.0, 900.0),
    (5_000.0, 1_800.0),
)
SPEED_M_S = 2_000.0 / 600.0


class Spots:
    """Places with errors in metres and times with errors in seconds of n observations, as fusion reads them."""

    def __init__(self, observations: pa.Table) -> None:
        self.frame = Frame.of(observations)
        places = uncertain_places(observations, self.frame)
        self.xy, self.cov, self.known = places.mean_m, places.cov_m2, places.known
        start, end = (observations.column(f"observed_{n}_ms").to_numpy() / 1e3 for n in ("from", "to"))
        self.from_s, self.to_s, self.at = start, end, (start + end) / 2
        self.at = self.at - self.at.min()
        self.kind = np.array(observations.column("source_kind").to_pylist())
        self.act = np.array(observations.column("act").to_pylist())
        self.weapon = np.array(observations.column("weapon").to_pylist())


def dbscan(spots: Spots, rows: Int64Array) -> Iterator[tuple[str, Int64Array]]:
    """Labels of `rows` for each of seven settings; a report that is noise stands alone."""
    from sklearn.cluster import DBSCAN

    for metres, seconds in EPS:
        cloud = np.column_stack([spots.xy[rows] / metres, spots.at[rows] / seconds])
        cloud[~np.isfinite(cloud)] = 1e9
        label = DBSCAN(eps=1.0, min_samples=2).fit_predict(cloud).astype(np.int64)
        alone = label < 0
        label[alone] = label.max(initial=0) + 1 + np.arange(int(alone.sum()))
        yield f"{metres / 1000:g} km, {seconds / 60:g} min", label


def splink(spots: Spots, rows: Int64Array, truth: Int64Array) -> tuple[str, Int64Array]:
    """Splink's EM on distance, time, act and weapon, the best of three thresholds by the truth it is not shown."""
    import pandas as pd
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on
    from splink import comparison_library as cl

    from truceline.score.partitions import of_numbers

    logging.getLogger("splink").setLevel(logging.ERROR)
    table = pd.DataFrame(
        {
            "unique_id": rows, "x": spots.xy[rows, 0], "y": spots.xy[rows, 1], "t": spots.at[rows], "act": spots.act[rows],
            "weapon": [None if word == "unknown" else word for word in spots.weapon[rows].tolist()],
        }
    )  # fmt: skip
    rules: list[Any] = []
    for dx in (0, 1):
        for dt in (0, 1):
            table[f"b{dx}{dt}"] = [
                f"{int(x // 4000 + dx / 2)}_{int(y // 4000 + dx / 2)}_{int(t // 1800 + dt / 2)}"
                for x, y, t in zip(table["x"], table["y"], table["t"], strict=True)
            ]
            rules.append(block_on(f"b{dx}{dt}"))
    far = "sqrt(power(x_l - x_r, 2) + power(y_l - y_r, 2))"
    levels: list[Any] = [
        {"output_column_name": "place", "comparison_levels": [{"sql_condition": "x_l is null or x_r is null", "is_null_level": True}, *({"sql_condition": f"{far} < {m}"} for m in (300, 800, 1_500, 3_000)), {"sql_condition": "ELSE"}]},
        {"output_column_name": "time", "comparison_levels": [*({"sql_condition": f"abs(t_l - t_r) < {s}"} for s in (30, 120, 400, 1_000)), {"sql_condition": "ELSE"}]},
        cl.ExactMatch("act"), cl.ExactMatch("weapon"),
    ]  # fmt: skip
    settings = SettingsCreator(
        link_type="dedupe_only", comparisons=levels, blocking_rules_to_generate_predictions=rules
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        linker: Any = Linker(DuckDBAPI().register(table), settings, log_level=logging.ERROR)
        linker.training.estimate_probability_two_random_records_match([block_on("b00", "act")], recall=0.5)
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
        linker.training.estimate_parameters_using_expectation_maximisation(block_on("b00"))
        pairs = linker.inference.predict(threshold_match_probability=0.3)
        best: tuple[float, str, Int64Array] | None = None
        for threshold in (0.5, 0.9, 0.99):
            held = linker.clustering.cluster_pairwise_predictions_at_threshold(
                pairs, threshold_match_probability=threshold
            ).as_pandas_dataframe()
            held = held.set_index("unique_id").loc[rows]
            label = np.unique(held["cluster_id"].to_numpy(), return_inverse=True)[1].astype(np.int64)
            f1 = of_numbers(label, truth).bcubed_f1
            if best is None or f1 > best[0]:
                best = (f1, f"match probability {threshold}", label)
    assert best is not None
    return best[1], best[2]


def ceiling(
    spots: Spots, truth_xy: Float64Array, truth_at: Float64Array, truth_act: Any, clutter: float
) -> Int64Array:
    """Each observation to the true incident that explains it best, with place, time and kind of act of all of them known.

    The errors are taken with the tails that the simulator gives them (Student's t, 3 degrees of freedom).

    Args:
        clutter: ln density of reports of nothing, for each square metre and second; below it a report stands alone.
    Returns:
        (n,) number of a true incident, or n_true + row.
    """
    n, k = len(spots.at), len(truth_at)
    answer = k + np.arange(n)
    best = np.full(n, clutter)
    sigma = np.sqrt(np.maximum(spots.cov[:, 0, 0], spots.cov[:, 1, 1]))
    half = np.maximum((spots.to_s - spots.from_s) / 2, 60.0)
    tree_at = np.column_stack([truth_xy, truth_at * SPEED_M_S])
    tree = cKDTree(tree_at)
    zero = spots.from_s.min()
    middle = (spots.from_s + spots.to_s) / 2
    for low, high in ((0, 1_500.0), (1_500.0, 6_000.0), (6_000.0, 1e9)):
        reach_m = np.clip(3.0 * np.nan_to_num(sigma, nan=1e9), 300.0, 12_000.0)
        reach = np.maximum(reach_m, np.clip(half + 400.0, 0, 90_000.0) * SPEED_M_S)
        rows = np.flatnonzero(spots.known & (reach >= low) & (reach < high))
        for some in np.array_split(rows, max(1, len(rows) // 20_000)):
            if not len(some):
                continue
            cloud = np.column_stack([spots.xy[some], (middle[some] - zero) * SPEED_M_S])
            near = tree.query_ball_point(cloud, np.minimum(reach[some], 400_000.0))
            owner = np.repeat(some, [len(one) for one in near])
            other = (
                np.concatenate([np.array(one, dtype=np.int64) for one in near])
                if len(owner)
                else np.empty(0, dtype=np.int64)
            )
            step = spots.xy[owner] - truth_xy[other]
            S = spots.cov[owner]
            det = S[:, 0, 0] * S[:, 1, 1] - S[:, 0, 1] ** 2
            square = (
                S[:, 1, 1] * step[:, 0] ** 2
                - 2 * S[:, 0, 1] * step[:, 0] * step[:, 1]
                + S[:, 0, 0] * step[:, 1] ** 2
            ) / det
            wide = np.sqrt(half[owner] ** 2 / 3 + 60.0**2)
            gap = (middle[owner] - zero) - truth_at[other]
            boxed = half[owner] > 1_800.0
            when = np.where(
                boxed,
                np.where(np.abs(gap) <= half[owner] + 120, -np.log(2 * half[owner]), -50.0),
                -2.0 * np.log1p((gap / wide) ** 2 / 3) - np.log(wide * 2.72),
            )
            same = np.where(
                spots.act[owner] == truth_act[other],
                0.0,
                np.where(
                    np.isin(spots.act[owner], ["thermal_anomaly", "damage", "shelling"])
                    & (truth_act[other] == "explosion"),
                    0.0,
                    -2.5,
                ),
            )
            value = -2.5 * np.log1p(square / 3) - 0.5 * np.log(det) - 1.838 + when + same
            order = np.lexsort((other, -value, owner))
            first = np.r_[True, owner[order][1:] != owner[order][:-1]] if len(order) else np.empty(0, bool)
            top = order[first]
            better = value[top] > best[owner[top]]
            answer[owner[top][better]] = other[top][better]
    return answer


def points(observations: pa.Table, spots: Spots) -> Float64Array:
    """(n,) points of the rule that public dashboards use, for each report that speaks of something but a fire.

    A fire of 15 km and six hours about it scores 3 at 50 MW and more, 2 from 15 MW; another source scores 1 within 25 km and
    6 h, at most 6; eight points confirm. The pixels simulated here hold no power: half of them count as 50 MW, half as 15.
    """
    del observations
    cloud = np.column_stack([spots.xy / 25_000.0, spots.at / 21_600.0])
    nowhere = ~np.isfinite(cloud).all(axis=1)
    cloud[nowhere] = 1e6 + 10.0 * np.flatnonzero(nowhere)[:, None]  # a report without a place is near to none
    fire = spots.kind == "satellite"
    others = (
        np.asarray(cKDTree(cloud[~fire]).query_ball_point(cloud, 1.0, p=np.inf, return_length=True)) - ~fire
    )
    fires = (
        np.asarray(cKDTree(cloud[fire]).query_ball_point(cloud, 1.0, p=np.inf, return_length=True))
        if fire.any()
        else np.zeros(len(cloud))
    )
    score: Float64Array = (
        1.0 + np.minimum(others, 6) + np.where(fires >= 2, 3.0, np.where(fires == 1, 2.0, 0.0))
    )
    return score
