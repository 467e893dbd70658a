"""Any number of simulated observations: deterministic, valid, marked, with the truth apart and each knob doing its work."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy.spatial import cKDTree

from truceline.errors import UsageError
from truceline.records import codes
from truceline.records.columns import NEVER_NULL, OBSERVATIONS
from truceline.simulate.columns import MODELS, Settings, blocks

ROWS = 45_000
USUAL = Settings()


@cache
def made(settings: Settings = USUAL, seed: int = 3, rows: int = ROWS) -> tuple[pa.Table, pa.Table, pa.Table]:
    parts = list(blocks(rows, seed, settings))
    return tuple(
        pa.concat_tables([getattr(p, name) for p in parts]).combine_chunks()
        for name in ("observations", "truth", "incidents")
    )  # type: ignore[return-value]


def share(table: pa.Table, column: str, word: str) -> float:
    return float(pc.mean(pc.equal(table[column], word).cast(pa.float64())).as_py())


@pytest.mark.parametrize("model", MODELS)
def test_rows_keep_the_documented_schema_and_its_code_lists(model: str) -> None:
    table, truth, _ = made(Settings(model))
    assert table.schema == OBSERVATIONS
    assert table.num_rows == truth.num_rows == ROWS
    for field in OBSERVATIONS:
        column = table[field.name]
        if field.name in NEVER_NULL:
            assert column.null_count == 0, field.name
        if field.metadata and b"codes" in field.metadata:
            assert set(pc.unique(column).to_pylist()) <= set(
                getattr(codes, field.metadata[b"codes"].decode())
            ), field.name
    assert pc.all(pc.greater_equal(table["observed_to_ms"], table["observed_from_ms"])).as_py()
    assert len(pc.unique(table["obs_id"])) == ROWS


@pytest.mark.parametrize("model", MODELS)
def test_everything_says_exercise_and_the_table_does_not_hold_the_truth(model: str) -> None:
    table, truth, incidents = made(Settings(model))
    assert pc.all(table["exercise"]).as_py()
    for name in ("obs_id", "source_id"):
        assert pc.all(pc.starts_with(table[name], "EXERCISE-")).as_py()
    for name in ("text", "place_name"):
        assert pc.all(pc.starts_with(pc.drop_null(table[name]), "EXERCISE")).as_py()
    told = set(pc.unique(pc.drop_null(truth["incident_id"])).to_pylist())
    assert told <= set(incidents["incident_id"].to_pylist())
    assert 0.05 < truth["incident_id"].null_count / ROWS < 0.4
    assert not any("incident" in name for name in table.column_names)
    counted = dict(
        zip(
            *(c.to_pylist() for c in pc.value_counts(pc.drop_null(truth["incident_id"])).flatten()),
            strict=True,
        )
    )
    said = {
        i: n
        for i, n in zip(incidents["incident_id"].to_pylist(), incidents["reports"].to_pylist(), strict=True)
        if n
    }
    assert counted == said


def test_equal_seeds_give_equal_rows_and_a_shorter_run_is_the_start_of_a_longer() -> None:
    table, truth, _ = made()
    again = list(blocks(20_000, 3))
    assert pa.concat_tables([b.observations for b in again]).equals(table.slice(0, 20_000))
    assert pa.concat_tables([b.truth for b in again]).equals(truth.slice(0, 20_000))
    assert not made(seed=4, rows=2_000)[0].equals(table.slice(0, 2_000))


def test_parties_follow_one_rule() -> None:
    table, _, _ = made()
    claims = table.filter(pc.equal(table["stance"], "claim"))
    assert share(claims, "actor", "party-1") == pytest.approx(0.5, abs=0.05)
    made_up = made(Settings(strategic=0.4))
    for party in ("party-1", "party-2"):
        mine = pc.and_(pc.equal(made_up[0]["stance"], "claim"), pc.equal(made_up[0]["actor"], party))
        assert made_up[1].filter(mine)["incident_id"].null_count / pc.sum(mine).as_py() == pytest.approx(
            0.4, abs=0.06
        )


def dark(table: pa.Table) -> float:
    """Share of the posts' reports that are of the night."""
    hour = (table["observed_from_ms"].to_numpy() // 3_600_000) % 24
    return float(((hour + 6) % 24 < 12)[pc.equal(table["source_kind"], "post").to_numpy()].mean())


def reports(incidents: pa.Table) -> float:
    return float(incidents["reports"].to_numpy().mean())


def span(table: pa.Table) -> int:
    return int(np.ptp(table["observed_from_ms"].to_numpy()))


def test_each_setting_does_what_it_says() -> None:
    table, truth, incidents = made()
    cameras = share(table, "source_kind", "camera")
    assert share(made(Settings(jamming=0.9))[0], "source_kind", "camera") < cameras / 2
    assert dark(made(Settings(night=0.0))[0]) < dark(table) - 0.1
    assert reports(made(Settings(misses=2.0))[2]) < 0.7 * reports(incidents)
    assert (
        made(Settings(false_reports=3.0))[1]["incident_id"].null_count > 1.7 * truth["incident_id"].null_count
    )
    assert made(Settings(copies=0.0))[0]["copy_of"].null_count == ROWS > table["copy_of"].null_count
    assert span(made(Settings(density=25.0))[0]) < span(table) / 5


def test_copies_that_name_their_original_are_of_the_same_incident() -> None:
    table, truth, _ = made()
    of = dict(zip(truth["obs_id"].to_pylist(), truth["incident_id"].to_pylist(), strict=True))
    pairs = [
        (a, b)
        for a, b in zip(table["obs_id"].to_pylist(), table["copy_of"].to_pylist(), strict=True)
        if b in of
    ]
    assert len(pairs) > 100
    assert all(of[a] == of[b] for a, b in pairs)


def test_cascades_and_barrages_cluster_and_barrages_keep_a_distance() -> None:
    near, close = {}, {}
    for model in MODELS:
        found = made(Settings(model))[2]
        spot = [found[name].to_numpy() * 0.111 / 2_000 for name in ("lon_udeg", "lat_udeg")]
        cloud = np.column_stack([*spot, found["at_ms"].to_numpy() / 3_600_000])
        apart = cKDTree(cloud).query(cloud, 2)[0][:, 1]
        near[model], close[model] = float((apart < 1).mean()), float((apart < 0.1).mean())
    assert near["standard"] < 0.8 * min(near["cascade"], near["barrage"])
    assert close["barrage"] / near["barrage"] < close["cascade"] / near["cascade"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"model": "own"}, "SIM-009"), ({"density": 0.0}, "SIM-010"), ({"misses": float("nan")}, "SIM-010"), ({"copies": -1.0}, "SIM-011"),
        ({"tails": 1.0}, "SIM-011"), ({"strategic": 0.5}, "SIM-012"), ({"night": 2.0}, "SIM-012"), ({"jamming": -0.1}, "SIM-012"),
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused(change: dict[str, object], code: str) -> None:
    with pytest.raises(UsageError, match=code):
        Settings(**change)  # type: ignore[arg-type]


def test_a_number_of_observations_below_one_is_refused() -> None:
    with pytest.raises(UsageError, match="SIM-013"):
        next(blocks(0, 1))
    with pytest.raises(UsageError, match="SIM-005"):
        next(blocks(10, -1))
