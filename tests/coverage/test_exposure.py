"""Exposure: unions, not sums; refused watches see nothing; hours are hours whatever the clocks do."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline import coverage
from truceline.errors import RecordError, TrucelineError
from truceline.geo import Line, Sectors
from truceline.records.columns import WATCHES

HOUR = 3_600_000
START = 1_930_248_000_000 // HOUR * HOUR
LINE = Line("EXERCISE-line", [[62.0, 0.8], [62.4, 0.8]], "north", "south")  # type: ignore[arg-type]


def square(name: str, west: float, east: float) -> dict[str, Any]:
    ring = [[west, 0.6], [east, 0.6], [east, 1.0], [west, 1.0], [west, 0.6]]
    return {
        "type": "Feature", "properties": {"id": name, "role": "sector"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }  # fmt: skip


SECTORS = Sectors.from_geojson(
    {"features": [square("W", 62.0, 62.1), square("E", 62.1, 62.4), square("far", 70, 71)]}
)


def watch(**said: Any) -> dict[str, Any]:
    return {
        "watch_id": "EXERCISE-w", "source_id": "EXERCISE-post-1", "source_kind": "post", "from_ms": START,
        "to_ms": START + HOUR, "outcome": "watched", "lon_udeg": 62_050_000, "lat_udeg": 800_000, "radius_m": 30_000,
        "bearing_mdeg": None, "width_mdeg": None, "sector_id": None, "blocked_by": None, "quoted_reason": None,
        "exercise": True, **said,
    }  # fmt: skip


def exposed(*watches: dict[str, Any], hours: int = 4, start: int = START, zone: str = "UTC") -> pa.Table:
    table = pa.Table.from_pylist(list(watches), schema=WATCHES)
    return coverage.exposure(
        table, sectors=SECTORS, line=LINE, from_ms=start, to_ms=start + hours * HOUR, zone=zone
    )


def share(table: pa.Table, sector: str, hour: int, kind: str = coverage.ANY) -> int:
    found = [
        r["watched_e4"] for r in table.to_pylist()
        if (r["sector_id"], r["source_kind"], r["hour_ms"]) == (sector, kind, START + hour * HOUR)
    ]  # fmt: skip
    return int(found[0])


def test_a_watch_over_the_whole_line_fills_its_hour_and_no_other() -> None:
    table = exposed(watch(radius_m=100_000))
    assert [share(table, "W", hour) for hour in range(4)] == [10_000, 0, 0, 0]
    assert share(table, "E", 0) == 10_000


def test_half_an_hour_is_half() -> None:
    table = exposed(watch(radius_m=100_000, from_ms=START + HOUR // 4, to_ms=START + 3 * HOUR // 4))
    assert share(table, "W", 0) == 5_000


def test_two_that_overlap_are_not_counted_twice() -> None:
    first = watch(radius_m=100_000, to_ms=START + HOUR // 2)
    second = watch(radius_m=100_000, from_ms=START + HOUR // 4, to_ms=START + HOUR, source_kind="patrol")
    table = exposed(first, second)
    assert share(table, "W", 0) == 10_000
    assert share(table, "W", 0, "post") == 5_000
    assert share(table, "W", 0, "patrol") == 7_500


def test_a_sector_that_holds_none_of_the_line_is_left_out() -> None:
    assert set(exposed(watch())["sector_id"].to_pylist()) == {"W", "E"}
    metres = {r["sector_id"]: r["line_m"] for r in exposed(watch()).to_pylist()}
    assert metres["W"] == pytest.approx(11_132, abs=250)
    assert sum(metres.values()) == pytest.approx(44_528, abs=50)


def test_share_of_a_circle_is_its_chord() -> None:
    table = exposed(watch(lon_udeg=62_250_000, radius_m=5_000))
    assert share(table, "E", 0) == pytest.approx(10_000 * 10_000 / 33_396, abs=100)
    assert share(table, "W", 0) == 0


def test_an_angle_looks_one_way() -> None:
    table = exposed(watch(lon_udeg=62_100_000, radius_m=50_000, bearing_mdeg=90_000, width_mdeg=60_000))
    assert (share(table, "W", 0), share(table, "E", 0)) == (0, 10_000)


def test_an_angle_across_north_is_one_angle() -> None:
    looks_north = watch(lat_udeg=780_000, radius_m=50_000, bearing_mdeg=1_000, width_mdeg=170_000)
    west = watch(lat_udeg=780_000, radius_m=50_000, bearing_mdeg=359_000, width_mdeg=170_000)
    assert share(exposed(looks_north), "W", 0) == share(exposed(west), "W", 0) == 10_000


def test_a_place_without_a_radius_covers_nothing_and_a_sector_alone_covers_itself() -> None:
    assert share(exposed(watch(radius_m=None)), "W", 0) == 0
    table = exposed(watch(lon_udeg=None, lat_udeg=None, radius_m=None, sector_id="W"))
    assert (share(table, "W", 0), share(table, "E", 0)) == (10_000, 0)


@pytest.mark.parametrize("outcome", ["access_denied", "delayed", "jammed", "out_of_order", "weather"])
def test_a_watch_that_could_not_be_kept_sees_nothing(outcome: str) -> None:
    table = exposed(watch(radius_m=100_000, outcome=outcome))
    assert share(table, "W", 0) == 0
    denied = sum(table["access_denied"].to_pylist())
    assert denied == (1 if outcome == "access_denied" else 0)


def test_satellites_pass_and_do_not_watch() -> None:
    table = exposed(watch(radius_m=100_000, source_kind="satellite"))
    assert (share(table, "W", 0), share(table, "W", 0, "satellite")) == (0, 10_000)


def test_no_watches_at_all_is_a_table_of_zeros() -> None:
    table = exposed()
    assert set(table["source_kind"].to_pylist()) == {coverage.ANY}
    assert set(table["watched_e4"].to_pylist()) == {0}
    assert table.num_rows == 8


watches = st.builds(
    lambda kind, begin, length, lon, radius, outcome: watch(
        source_kind=kind, from_ms=START + begin * 60_000, to_ms=START + (begin + length) * 60_000, lon_udeg=lon,
        radius_m=radius, outcome=outcome,
    ),
    st.sampled_from(["post", "patrol", "camera"]), st.integers(-90, 300), st.integers(0, 200),
    st.integers(61_900_000, 62_500_000), st.integers(0, 20_000), st.sampled_from(["watched", "watched", "jammed"]),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(watches, max_size=6))
def test_the_union_lies_between_the_greatest_part_and_the_sum(made: list[dict[str, Any]]) -> None:
    table = exposed(*made)
    for sector in ("W", "E"):
        for hour in range(4):
            parts = [
                share(table, sector, hour, k) for k in set(table["source_kind"].to_pylist()) - {coverage.ANY}
            ]
            union = share(table, sector, hour)
            assert max(parts, default=0) <= union <= min(sum(parts) + len(parts), 10_000)


@settings(max_examples=40, deadline=None)
@given(st.lists(watches, min_size=1, max_size=5), st.data())
def test_doubling_splitting_and_shuffling_watches_change_nothing(
    made: list[dict[str, Any]], data: st.DataObject
) -> None:
    plain = exposed(*made)
    assert exposed(*made, made[0]).equals(plain)
    assert exposed(*data.draw(st.permutations(made))).equals(plain)
    first = made[0]
    cut = data.draw(st.integers(first["from_ms"], first["to_ms"]))
    assert exposed({**first, "to_ms": cut}, {**first, "from_ms": cut}, *made[1:]).equals(plain)


@settings(max_examples=30, deadline=None)
@given(st.lists(watches, min_size=1, max_size=4), watches)
def test_one_more_watch_never_lowers_a_share(made: list[dict[str, Any]], more: dict[str, Any]) -> None:
    before, after = exposed(*made), exposed(*made, more)
    for sector in ("W", "E"):
        assert all(share(before, sector, h) <= share(after, sector, h) for h in range(4))


def test_hours_are_cut_from_long_periods_in_the_same_way() -> None:
    """Longer than one inner stretch, and equal to what its parts give."""
    long = exposed(watch(from_ms=START + 230 * HOUR, to_ms=START + 250 * HOUR), hours=500)
    short = exposed(
        watch(from_ms=START + 230 * HOUR, to_ms=START + 250 * HOUR), hours=20, start=START + 235 * HOUR
    )
    inside = pc.and_(
        pc.greater_equal(long["hour_ms"], START + 235 * HOUR), pc.less(long["hour_ms"], START + 255 * HOUR)
    )
    assert long.filter(inside).to_pylist() == short.to_pylist()


def wrong_period() -> pa.Table:
    return coverage.exposure(
        WATCHES.empty_table(), sectors=SECTORS, line=LINE, from_ms=5, to_ms=5, zone="UTC"
    )


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("COV-001", lambda: exposed(zone="Mars/Olympus")),
        ("COV-001", lambda: exposed(zone="../etc/passwd")),
        ("COV-002", wrong_period),
        ("COV-003", lambda: exposed(watch(to_ms=START - 1))),
        ("COV-003", lambda: exposed(watch(from_ms=None))),
        ("COV-004", lambda: exposed(watch(outcome="asleep"))),
        ("COV-004", lambda: exposed(watch(source_kind=None))),
    ],
)
def test_what_cannot_be_measured_is_refused(code: str, wrong: Any) -> None:
    with pytest.raises(TrucelineError) as caught:
        wrong()
    assert caught.value.code == code
    assert isinstance(caught.value, RecordError) == (code in ("COV-003", "COV-004"))
