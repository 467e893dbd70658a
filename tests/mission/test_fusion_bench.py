"""The benchmark of fusion measures what it says: peers and limits are what they claim to be, on small simulated worlds."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from truceline.mission.fusion_bench import accuracy, peers, real, speed
from truceline.mission.fusion_bench.accuracy import World
from truceline.simulate.columns import Settings

DATA = Path(__file__).parents[3] / "shared" / "data"


@cache
def world(audits: int = 0) -> World:
    return accuracy.world(2_500, 5, Settings(), audits)


def test_labels_of_truth_and_of_fusion_follow_the_tables() -> None:
    made = world()
    names = made.truth["incident_id"].to_pylist()
    for a, b in ((0, 1), (10, 400), (77, 78)):
        assert (made.real[a] == made.real[b]) == (names[a] is not None and names[a] == names[b])
    assert (
        len(set(made.real[pc.is_null(made.truth["incident_id"]).to_numpy()].tolist()))
        == made.truth["incident_id"].null_count
    )
    assert len(np.unique(made.found)) >= made.incidents.num_rows


def test_knowing_the_true_incidents_groups_better_than_chance_and_than_dbscan() -> None:
    lines, figures = accuracy.grouping(
        world(), "standard", importlib.util.find_spec("sklearn") is not None, 0.98
    )
    fine = figures["fine"]
    assert fine["true incidents given"]["bcubed_f1"] > 0.8
    for name, score in fine.items():
        if name.startswith("DBSCAN"):
            assert score["bcubed_f1"] < fine["true incidents given"]["bcubed_f1"]
    assert lines[0].goal == ">= 0.98"


def test_audits_calibrate_and_the_limit_is_above_the_base_rate() -> None:
    lines, figures = accuracy.existence(world(), world(200), "standard", 200)
    assert 0 < figures["kinds_skill"] < 1
    given = accuracy.measure_columns(accuracy.on_true_groups(world()), world().truth)
    assert given["b3_f1"] > accuracy.measure_columns(world().membership, world().truth)["b3_f1"] + 0.03
    assert figures["with_audits"]["ece"] < figures["without_audits"]["ece"]
    assert {line.met for line in lines} <= {True, False, None}


def test_ellipses_are_held_against_the_true_place() -> None:
    for line in accuracy.places(world(), "standard"):
        assert 0.2 < float(line.measured.rstrip("%")) / 100 <= 1.0


def test_the_points_rule_rewards_other_sources_and_fires() -> None:
    made = world()
    spots = peers.Spots(made.observations)
    score = peers.points(made.observations, spots)
    assert score.min() >= 1
    assert score.max() <= 10


def test_zones_are_checked_against_shapely() -> None:
    assert speed.zones(20_000, 20)[0].value is not None


@pytest.mark.skipif(not (DATA / "air_raid").is_dir(), reason="the real alerts are not beside the checkout")
def test_two_sources_of_one_alert_differ_by_seconds() -> None:
    _, figures = real._alerts(DATA)
    assert figures["official"] > 4_000
    assert figures["within_300_s"] == pytest.approx(0.981, abs=0.003)
