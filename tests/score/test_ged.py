"""Coded casualty articles: what a headline gives, and that fusion beats chance on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from truceline.fusion import fuse
from truceline.score import ged

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "ged_donbas"
RAW = (
    "where_coordinates,longitude,latitude\n"
    "Elm town,30.5,50.5\nElm Grove village,30.7,50.7\nElm town,30.4,50.6\nDonetsk town,37.8,48.0\nElm oblast,31,51\n"
)
ARTICLES = (
    "obs_id,outlet,published,headline\n"
    "o1,Wire,2015-03-01,Two soldiers killed in shelling near Elm Grove\n"
    "o2,Wire,2015-03-01,Militiaman dies in Donetsk republic\n"
    "o3,Wire,2015-03-02,Seven wounded in clashes over past week\n"
)


def test_an_observation_holds_what_the_headline_says_and_no_more() -> None:
    files = {"observations.csv": ARTICLES.encode(), "ged_raw_cp1252.csv": RAW.encode("cp1252")}
    first, second, third = ged.observations(files).to_pylist()
    assert (first["place_name"], first["killed_min"], first["act"]) == ("elm grove", 2, "shelling")
    assert (first["lon_udeg"], first["injured_min"]) == (30_700_000, None)
    assert (second["place_kind"], second["killed_max"]) == ("unknown", 1)
    assert (third["injured_min"], third["killed_min"]) == (7, None)
    assert third["observed_to_ms"] - third["observed_from_ms"] > 6 * ged.DAY_MS


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the GED articles stand beside the checkout only")
def test_fusion_of_real_articles_beats_leaving_them_alone() -> None:
    files = {name: (FOLDER / name).read_bytes() for name in ged.FILES}
    found = ged.measure(files, lambda t: fuse(t, origin=np.zeros(t.num_rows, dtype=np.int64)).incidents)
    assert found["articles"] == 640
    assert found["fused"]["bcubed_f1"] > found["alone"]["bcubed_f1"] > found["same_text"]["bcubed_f1"]
    assert found["fused"]["pairwise_precision"] > 0.45
    assert found["fused"]["pairwise_recall"] > 0.45
