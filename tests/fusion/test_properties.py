"""What holds whatever the numbers: shifts in time and place, who agrees never lowers, surroundings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from truceline.fusion import DEFAULTS, Parameters, fuse
from truceline.fusion.existence import judge
from truceline.fusion.surroundings import SURROUNDINGS, corroborated_near
from truceline.fusion.voices import Members
from truceline.records.codes import SOURCE_KINDS

Row = Callable[..., dict[str, Any]]
Table = Callable[[list[dict[str, Any]]], pa.Table]
FEW = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
EPOCH_MS = 84 * 86_400_000
KINDS = len(SOURCE_KINDS)


def some(make_row: Row, seed: int, count: int = 60) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    return [
        make_row(
            f"o{number:03d}", f"{kind}-{rng.integers(3)}", source_kind=kind, error_m=int(rng.integers(100, 900)),
            east_m=float(number % 9 * 3_000 + rng.normal(0, 400)), north_m=float(rng.normal(0, 400)),
            at_s=float(number % 9 * 4_000 + rng.normal(0, 90)), act=str(rng.choice(["explosion", "burst"])),
        )
        for number, kind in enumerate(rng.choice(["camera", "post", "patrol", "party", "media"], count).tolist())
    ]  # fmt: skip


def told(rows: list[dict[str, Any]], make_table: Table, parameters: Parameters = DEFAULTS) -> list[Any]:
    found = fuse(make_table(rows), origin=np.arange(len(rows)), parameters=parameters).incidents.to_pylist()
    return [(i["supports"], i["copies"], i["probability_e4"], i["word"], i["explanation"]) for i in found]


@FEW
@given(seed=st.integers(0, 10_000), epochs=st.integers(-3, 3), degrees=st.integers(-20, 20))
def test_another_season_or_meridian_changes_nothing_else(
    seed: int, epochs: int, degrees: int, make_row: Row, make_table: Table
) -> None:
    rows = some(make_row, seed)
    moved = [
        row | {name: row[name] + epochs * EPOCH_MS for name in ("observed_from_ms", "observed_to_ms")}
        | {"lon_udeg": row["lon_udeg"] + degrees * 1_000_000}
        for row in rows
    ]  # fmt: skip
    assert told(rows, make_table) == told(moved, make_table)


def probability(
    kinds: list[int], weights: list[int], parties: list[bool], mass: float, parameters: Parameters
) -> int:
    rows = np.arange(len(kinds))
    members = Members(np.array([0, len(rows)]), rows, np.ones(len(rows), dtype=bool))
    watched = np.full((1, KINDS), 4_000)
    verdicts = judge(
        members, np.array(kinds), np.array(parties), np.array(weights), np.zeros(1, dtype=np.int64),
        np.full(1, -1), watched, np.full(1, mass), np.full((1, len(SURROUNDINGS)), 3), parameters,
    )  # fmt: skip
    assert int(verdicts.value.sum()) == sum(verdicts.value.tolist())
    exact = 1 / (1 + np.exp(-verdicts.value.sum() / 1e6))
    assert abs(verdicts.probability_e4[0] / 1e4 - np.clip(exact, 1e-4, 0.9999)) <= 0.5e-4 + 1e-9
    return int(verdicts.probability_e4[0])


@settings(max_examples=300, deadline=None)
@given(
    voices=st.lists(st.tuples(st.integers(0, KINDS - 1), st.integers(-6_000_000, 6_000_000), st.booleans()), min_size=1, max_size=6),
    more=st.tuples(st.integers(0, KINDS - 1), st.integers(-6_000_000, 6_000_000), st.booleans()), mass=st.floats(0, 1),
)  # fmt: skip
def test_an_independent_voice_that_agrees_never_lowers_a_probability(
    voices: list[tuple[int, int, bool]], more: tuple[int, int, bool], mass: float
) -> None:
    def said(these: list[tuple[int, int, bool]]) -> int:
        kinds, weights, parties = (list(column) for column in zip(*these, strict=True))
        return probability(kinds, weights, parties, mass, DEFAULTS)

    assert said([*voices, more]) >= said(voices)


def test_what_is_corroborated_around_raises_a_lone_report_and_an_incident_never_counts_itself(
    make_row: Row, make_table: Table
) -> None:
    lone = make_row("o1", "camera-9")
    pairs = [
        make_row(f"p{n}{kind}", f"{kind}-1", source_kind=kind, east_m=900.0 + n, at_s=1_500.0 * (n + 1))
        for n in range(3) for kind in ("camera", "patrol")
    ]  # fmt: skip
    apart = [row | {"lat_udeg": row["lat_udeg"] + 2_000_000} for row in pairs]
    alone, beside, far = (
        next(one for one in told(rows, make_table) if one[0] == ["o1"])
        for rows in ([lone], [lone, *pairs], [lone, *apart])
    )
    assert beside[2] > alone[2] == far[2]
    assert any(term["term"].startswith("3 corroborated within 2 km") for term in beside[4])
    nobody = corroborated_near(
        np.zeros((2, 2)), np.zeros(2, dtype=np.int64), np.ones(2, dtype=bool), np.array([True, False])
    )
    assert nobody.tolist() == [[0, 0], [1, 1]]


def test_the_same_web_address_or_media_file_is_one_voice(make_row: Row, make_table: Table) -> None:
    said = {"source_kind": "media", "time_precision": "day", "lasts_s": 86_400.0}
    rows = [make_row(f"o{i}", f"outlet-{i}", url="https://example.org/clip", **said) for i in range(2)]
    assert [
        i["independent_groups"] for i in fuse(make_table(rows), origin=np.arange(2)).incidents.to_pylist()
    ] == [1]
    apart = [row | {"url": None} for row in rows]
    table = make_table(apart)
    assert [i["independent_groups"] for i in fuse(table, origin=np.arange(2)).incidents.to_pylist()] == [2]
    table = table.append_column("media_sha256", pa.array(["ab" * 32] * 2))
    assert [i["independent_groups"] for i in fuse(table, origin=np.arange(2)).incidents.to_pylist()] == [1]


def test_a_sound_is_dated_back_by_its_way(make_row: Row, make_table: Table) -> None:
    heard = make_row(
        "o1", "post-1", source_kind="post", place_kind="sector", means="heard", range_min_m=3_300, range_max_m=3_500,
        bearing_mdeg=0, bearing_step_mdeg=5_000, error_m=None,
    )  # fmt: skip
    seen = heard | {"means": "saw"}
    times = [
        fuse(make_table([row]), origin=np.zeros(1)).incidents["midpoint_ms"][0].as_py()
        for row in (seen, heard)
    ]
    assert times[0] - times[1] == pytest.approx(10_000, abs=400)
