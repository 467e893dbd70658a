"""Tiles, updates and officers' decisions: parts of a fusion give what the whole gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from truceline.errors import FusionError
from truceline.fusion import (
    DEFAULTS,
    Fused,
    Merge,
    Parameters,
    Split,
    Standing,
    changes,
    fuse,
    resolve,
    settled,
)

Row = Callable[..., dict[str, Any]]
Table = Callable[[list[dict[str, Any]]], pa.Table]
DAY_S = 86_400.0
FEW = settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def weeks(make_row: Row, seed: int, count: int, days: float = 60.0) -> list[dict[str, Any]]:
    """Reports of a few hundred incidents, each told by some kinds, over weeks; every tenth by an outlet and its copies."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    kinds = ["camera", "acoustic_array", "patrol", "post", "party"]
    for number in range(count):
        east, north = float(rng.uniform(-30_000, 30_000)), float(rng.normal(0, 3_000))
        at = float(rng.uniform(0, days * DAY_S))
        rows += [
            make_row(
                f"o{number:04d}{kind}", f"{kind}-{int(east) // 9_000}", source_kind=kind,
                east_m=east + float(rng.normal(0, 250)), north_m=north + float(rng.normal(0, 250)),
                at_s=at + float(rng.normal(0, 40)), actor="n1" if kind == "party" else None, error_m=300,
                stance="denial" if kind == "party" and rng.random() < 0.2 else "report",
            )
            for kind in kinds if rng.random() < 0.45
        ]  # fmt: skip
        if number % 10 == 0:
            day = at // DAY_S * DAY_S
            said = {
                "source_kind": "media",
                "lasts_s": DAY_S,
                "time_precision": "day",
                "place_kind": "named",
                "error_m": 4_000,
            }
            rows.append(
                make_row(f"m{number:04d}", "outlet-1", east_m=east, at_s=day, place_name="mill", **said)
            )
            rows.append(
                make_row(
                    f"n{number:04d}", "outlet-2", east_m=east, at_s=day, copy_of=f"m{number:04d}", **said
                )
            )
    return rows


def same(one: Fused, two: Fused | Standing) -> bool:
    """Whether incidents and membership are the same, in whatever order."""
    return all(
        sorted(getattr(one, name).to_pylist(), key=key) == sorted(getattr(two, name).to_pylist(), key=key)
        for name, key in (
            ("incidents", lambda row: row["incident_id"]),
            ("membership", lambda row: (row["obs_id"], row["incident_id"] or "")),
        )
    )


def settled_for(table: pa.Table) -> Parameters:
    return settled(table, DEFAULTS)


@FEW
@given(seed=st.integers(0, 10_000), days=st.sampled_from([5, 9, 30]))
def test_any_tiling_gives_the_incidents_of_the_whole(
    seed: int, days: int, make_row: Row, make_table: Table
) -> None:
    table = make_table(weeks(make_row, seed, 150))
    origin = np.arange(table.num_rows)
    whole = fuse(table, origin=origin, tile_days=0)
    tiled = fuse(table, origin=origin, tile_days=days)
    assert same(whole, tiled)
    assert tiled.incidents.equals(whole.incidents)
    assert tiled.detections.equals(whole.detections)


def test_a_margin_that_is_too_narrow_is_widened_until_no_row_is_lost(
    make_row: Row, make_table: Table
) -> None:
    table = make_table(weeks(make_row, 4, 120))
    origin = np.arange(table.num_rows)
    assert same(fuse(table, origin=origin, tile_days=0), fuse(table, origin=origin, tile_days=1, halo_days=1))


@pytest.mark.parametrize("threads", ["1", "2", "5"])
def test_any_number_of_threads_gives_the_same(
    threads: str, make_row: Row, make_table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = make_table(weeks(make_row, 11, 150))
    known: dict[str, Any] = {"origin": np.arange(table.num_rows), "tile_days": 9}
    first = fuse(table, **known)
    monkeypatch.setenv("TRUCELINE_THREADS", threads)
    monkeypatch.setattr("truceline.fusion.threads._SMALL", 0)
    again = fuse(table, **known)
    assert again.incidents.equals(first.incidents)
    assert again.membership.equals(first.membership)


@FEW
@given(seed=st.integers(0, 10_000), at=st.floats(0.2, 1.0))
def test_what_is_added_late_gives_what_fusing_everything_gives(
    seed: int, at: float, make_row: Row, make_table: Table
) -> None:
    rows = weeks(make_row, seed, 150)
    table = make_table(rows)
    parameters = settled_for(table)
    ranks = np.arange(len(rows))
    late = np.flatnonzero(np.abs(ranks - at * len(rows)) < 8)  # a few neighbours in the log, of any days
    early = np.setdiff1d(ranks, late)
    standing = Standing(table.take(pa.array(early)), origin=early, parameters=parameters)
    standing.update(table.take(pa.array(late)), origin=late)
    assert same(fuse(table, origin=ranks, parameters=parameters), standing)


def test_an_update_touches_only_the_days_around_it(make_row: Row, make_table: Table) -> None:
    rows = sorted(weeks(make_row, 21, 200), key=lambda row: row["observed_from_ms"])
    table, ranks = make_table(rows), np.arange(len(rows))
    parameters = settled_for(table)
    standing = Standing(table.slice(0, len(rows) - 10), origin=ranks[:-10], parameters=parameters)
    before = {day: id(block) for day, block in standing._blocks.items()}
    standing.update(table.slice(len(rows) - 10), origin=ranks[-10:])
    assert same(fuse(table, origin=ranks, parameters=parameters), standing)
    kept = [day for day, block in standing._blocks.items() if before.get(day) == id(block)]
    assert len(kept) > 0.7 * len(before)


def test_corrected_and_withdrawn_observations_leave_nothing_behind(make_row: Row, make_table: Table) -> None:
    rows = weeks(make_row, 8, 100)
    table, ranks = make_table(rows), np.arange(len(rows))
    parameters = settled_for(table)
    standing = Standing(table, origin=ranks, parameters=parameters)
    moved = rows[40] | {"lon_udeg": rows[40]["lon_udeg"] + 200_000}
    standing.update(make_table([moved]), origin=np.array([len(rows)]), withdrawn=[rows[7]["obs_id"]])
    rest = [row for index, row in enumerate(rows) if index not in (7, 40)] + [moved]
    where = np.array([*(i for i in range(len(rows)) if i not in (7, 40)), len(rows)])
    assert same(fuse(make_table(rest), origin=where, parameters=parameters), standing)
    with pytest.raises(FusionError, match="FUS-008"):
        standing.update(withdrawn=["nobody"])


@pytest.mark.parametrize("days", [1, 9, 25])
def test_a_copy_that_comes_weeks_later_is_known_as_one(days: int, make_row: Row, make_table: Table) -> None:
    rows = weeks(make_row, 5, 100, days=30)
    told = next(row for row in rows if row["obs_id"] == "m0040")
    copy = told | {"obs_id": "zz-late", "source_id": "outlet-9", "copy_of": "m0040"}
    for name in ("observed_from_ms", "observed_to_ms"):
        copy[name] += days * int(DAY_S * 1000)
    table, ranks = make_table([*rows, copy]), np.arange(len(rows) + 1)
    parameters = settled_for(table)
    whole = fuse(table, origin=ranks, parameters=parameters, tile_days=0)
    standing = Standing(table.slice(0, len(rows)), origin=ranks[:-1], parameters=parameters)
    standing.update(table.slice(len(rows)), origin=ranks[-1:])
    assert same(whole, standing)
    near = copy | {"obs_id": "zz-near", "source_id": "camera-9", "source_kind": "camera", "copy_of": None}
    standing.update(make_table([near]), origin=ranks[-1:] + 1)
    table, ranks = make_table([*rows, copy, near]), np.arange(len(rows) + 2)
    assert same(fuse(table, origin=ranks, parameters=parameters, tile_days=0), standing)
    standing.update(withdrawn=["m0040"])
    kept = [index for index, row in enumerate([*rows, copy, near]) if row["obs_id"] != "m0040"]
    assert same(fuse(table.take(pa.array(kept)), origin=np.array(kept), parameters=parameters), standing)


def test_what_officers_tie_together_holds_in_every_tile_and_after_every_update(
    make_row: Row, make_table: Table
) -> None:
    rows = [
        make_row(f"o{day:02d}{n}", f"camera-{n}", at_s=day * DAY_S + 300 * n, east_m=9_000 * n)
        for day in range(30)
        for n in range(3)
    ]
    table, ranks = make_table(rows), np.arange(len(rows))
    known: dict[str, Any] = {"parameters": settled_for(table), "constraints": [Merge(("o090", "o141"))]}
    whole = fuse(table, origin=ranks, tile_days=0, **known)
    assert ["o090", "o141"] in whole.incidents["supports"].to_pylist()
    for days in (1, 3, 10):
        assert same(whole, fuse(table, origin=ranks, tile_days=days, halo_days=1, **known))
    standing = Standing(table, origin=ranks, **known)
    for day in (8, 10, 14, 16):
        late = make_row(f"p{day}", "post-1", source_kind="post", at_s=day * DAY_S + 40, east_m=60)
        table = pa.concat_tables([table, make_table([late])])
        standing.update(make_table([late]), origin=np.array([table.num_rows - 1]))
        assert same(fuse(table, origin=np.arange(table.num_rows), tile_days=0, **known), standing)


def test_officers_decide_and_later_runs_obey(make_row: Row, make_table: Table) -> None:
    rows = [
        make_row("a1", "camera-1"), make_row("a2", "post-1", source_kind="post", at_s=20, east_m=100),
        make_row("a3", "patrol-1", source_kind="patrol", at_s=10, east_m=50),
        make_row("b1", "camera-2", east_m=9_000, at_s=900), make_row("b2", "post-2", source_kind="post", east_m=9_050, at_s=920),
    ]  # fmt: skip
    table, origin = make_table(rows), np.arange(5)

    def groups(*constraints: Merge | Split) -> list[list[str]]:
        return [
            i["supports"] for i in fuse(table, origin=origin, constraints=constraints).incidents.to_pylist()
        ]

    assert groups() == [["a1", "a2", "a3"], ["b1", "b2"]]
    assert groups(Merge(("a2", "b1"))) == [["a1", "a2", "a3", "b1", "b2"]]
    assert groups(Split((("a1",), ("a2",)))) in (
        [["a1", "a3"], ["a2"], ["b1", "b2"]],
        [["a1"], ["a2", "a3"], ["b1", "b2"]],
    )
    assert groups(Split((("a1", "a3"), ("a2",)))) == [["a1", "a3"], ["a2"], ["b1", "b2"]]
    assert groups(Split((("a1",), ("a2",))), Merge(("a1", "a2")))[0] == ["a1", "a2", "a3"]
    assert groups(Merge(("a1", "elsewhere"))) == groups()
    standing = Standing(table, origin=origin, parameters=settled_for(table))
    standing.update(constraints=[Split((("b1",), ("b2",)))])
    standing.update(make_table([make_row("c1", "camera-3", at_s=5, east_m=20)]), origin=np.array([9]))
    assert ["b2"] in standing.incidents["supports"].to_pylist()
    for wrong in (Merge(("a1",)), Split((("a1",), ("a1", "a2"))), Split((("a1",), ()))):
        with pytest.raises(FusionError, match="FUS-007"):
            groups(wrong)


def test_an_old_name_leads_to_where_its_observation_is_now_and_changes_are_told(
    make_row: Row, make_table: Table
) -> None:
    rows = [make_row("b1", "camera-1"), make_row("c1", "camera-9", east_m=40_000, at_s=9_000)]
    first = fuse(make_table(rows), origin=np.array([5, 6]))
    lower = make_row("a0", "post-1", source_kind="post", east_m=60, at_s=10)
    second = fuse(make_table([lower, *rows]), origin=np.array([1, 5, 6]))
    assert second.incidents["incident_id"].to_pylist() == ["a0", "c1"]
    assert resolve(second.membership, ["b1", "c1", "gone"]) == {"b1": "a0", "c1": "c1", "gone": None}
    told = changes(first.incidents, second.incidents, second.membership).to_pylist()
    assert [(one["incident_id"], one["now"], one["members"]) for one in told] == [("b1", "a0", True)]
    assert told[0]["probability_e4"] > 0
    assert changes(first.incidents, second.incidents, second.membership, only=["c1"]).num_rows == 0
    (lost,) = changes(second.incidents, first.incidents, first.membership, only=["a0"]).to_pylist()
    assert lost["now"] is None
