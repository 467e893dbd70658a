"""What is learned of watchers from what others saw, and what may be said of the unseen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline import coverage
from truceline.coverage.detection import BIN_M, DEFAULTS, FARTHEST_M
from truceline.coverage.track import Track
from truceline.errors import RecordError, UsageError
from truceline.geo import Line, Sectors
from truceline.records.columns import INCIDENTS, OBSERVATIONS, WATCHES

HOUR = 3_600_000
START = 1_930_248_000_000 // HOUR * HOUR
LINE = Line("EXERCISE-line", [[62.0, 0.8], [62.4, 0.8]], "north", "south")  # type: ignore[arg-type]


def square(name: str, west: float, east: float) -> dict[str, Any]:
    ring = [[west, 0.6], [east, 0.6], [east, 1.0], [west, 1.0], [west, 0.6]]
    return {
        "type": "Feature", "properties": {"id": name, "role": "sector"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }  # fmt: skip


PLAIN = coverage.Detection(DEFAULTS.curves)
SECTORS = Sectors.from_geojson({"features": [square("W", 62.0, 62.2), square("E", 62.2, 62.4)]})


def watch(**said: Any) -> dict[str, Any]:
    return {
        "watch_id": "EXERCISE-w", "source_id": "EXERCISE-post-1", "source_kind": "post", "from_ms": START,
        "to_ms": START + HOUR, "outcome": "watched", "lon_udeg": 62_100_000, "lat_udeg": 800_000, "radius_m": 3_000,
        "bearing_mdeg": None, "width_mdeg": None, "sector_id": None, "blocked_by": None, "quoted_reason": None,
        "exercise": True, **said,
    }  # fmt: skip


def table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=WATCHES)


def exposed(rows: list[dict[str, Any]], detection: Any = None, hours: int = 4) -> pa.Table:
    return coverage.exposure(
        table(rows), sectors=SECTORS, line=LINE, from_ms=START, to_ms=START + hours * HOUR, zone="UTC", detection=detection,
    )  # fmt: skip


WATCHES_MADE = st.lists(
    st.fixed_dictionaries(
        {
            "lon": st.integers(61_950_000, 62_450_000), "lat": st.integers(780_000, 820_000),
            "radius": st.integers(0, 9_000), "start": st.integers(-30, 200), "length": st.integers(0, 120),
            "kind": st.sampled_from(["post", "camera", "patrol", "satellite"]),
            "outcome": st.sampled_from(["watched", "watched", "jammed", "access_denied", "weather"]),
            "bearing": st.one_of(st.none(), st.integers(0, 359)), "width": st.integers(5, 300),
        }
    ),
    max_size=7,
)  # fmt: skip


def made(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        watch(
            lon_udeg=r["lon"], lat_udeg=r["lat"], radius_m=r["radius"], from_ms=START + r["start"] * 60_000,
            to_ms=START + (r["start"] + r["length"]) * 60_000, source_kind=r["kind"], outcome=r["outcome"],
            bearing_mdeg=None if r["bearing"] is None else r["bearing"] * 1000, width_mdeg=r["width"] * 1000,
        )
        for r in rows
    ]  # fmt: skip


def plain(rows: list[dict[str, Any]], hours: int) -> tuple[Any, Any]:
    """Reference: minute by minute, point by point, nothing clever. Shares watched and noticed by any of the mission's own."""
    track = Track.of(SECTORS, LINE)
    seen, noticed = np.zeros((len(track.ids), hours)), np.zeros((len(track.ids), hours))
    stands = [track.frame.to_xy(np.array([[r["lon_udeg"] / 1e6, r["lat_udeg"] / 1e6]]))[0] for r in rows]
    night = {(r["sector_id"], r["hour_ms"]): r["night"] for r in exposed([watch()], hours=hours).to_pylist()}
    for p, point in enumerate(track.xy):
        s = track.sector[p]
        for minute in range(hours * 60):
            at = START + minute * 60_000
            dark = night[(track.ids[s], START + minute // 60 * HOUR)]
            any_seen, missed = False, 1.0
            for r, stand in zip(rows, stands, strict=True):
                if (
                    not (r["from_ms"] <= at < r["to_ms"])
                    or r["outcome"] != "watched"
                    or r["source_kind"] == "satellite"
                ):
                    continue
                east, north = point - stand
                if r["bearing_mdeg"] is not None:
                    off = abs(
                        (np.degrees(np.arctan2(east, north)) - r["bearing_mdeg"] / 1e3 + 180) % 360 - 180
                    )
                    if off > r["width_mdeg"] / 2e3:
                        continue
                gap = float(np.hypot(east, north))
                any_seen |= gap <= r["radius_m"]
                if gap <= max(r["radius_m"], PLAIN.reach_m(r["source_kind"])):
                    missed *= 1 - float(PLAIN.chance(r["source_kind"], gap, dark))
            seen[s, minute // 60] += any_seen
            noticed[s, minute // 60] += 1 - missed
    whole = 60 * np.bincount(track.sector, minlength=len(track.ids))[:, None]
    return seen / whole, noticed / whole


@settings(max_examples=12, deadline=None)
@given(WATCHES_MADE)
def test_kernels_agree_with_the_plain_reference(rows: list[dict[str, Any]]) -> None:
    watches = made(rows)
    found = exposed(watches, PLAIN, hours=2)
    found = found.filter(pc.equal(found["source_kind"], coverage.ANY))
    seen, noticed = plain(watches, 2)
    for row in found.to_pylist():
        s, h = ("W", "E").index(row["sector_id"]), (row["hour_ms"] - START) // HOUR
        assert row["watched_e4"] == pytest.approx(1e4 * seen[s, h], abs=0.51)
        assert row["noticed_e4"] == pytest.approx(1e4 * noticed[s, h], abs=0.6)


@settings(max_examples=25, deadline=None)
@given(WATCHES_MADE, st.randoms())
def test_watched_and_unwatched_make_the_whole_in_any_order(rows: list[dict[str, Any]], chance: Any) -> None:
    watches = made(rows)
    mixed = list(watches)
    chance.shuffle(mixed)
    assert exposed(watches, DEFAULTS).equals(exposed(mixed, DEFAULTS))
    gaps = coverage.unwatched(
        table(watches), sectors=SECTORS, line=LINE, from_ms=START, to_ms=START + 4 * HOUR
    )
    total: dict[Any, int] = {}
    for row in gaps.to_pylist():
        key = (row["sector_id"], row["hour_ms"])
        total[key] = total.get(key, 0) + row["unwatched_e4"]
    for row in exposed(watches).to_pylist():
        if row["source_kind"] == coverage.ANY:
            assert row["watched_e4"] + total.get((row["sector_id"], row["hour_ms"]), 0) == 10_000


def test_a_gap_says_why_and_a_blocked_watch_that_another_made_good_is_no_gap() -> None:
    refused = watch(outcome="access_denied", radius_m=100_000)
    jammed = watch(outcome="jammed", radius_m=100_000)
    where = {"sectors": SECTORS, "line": LINE, "from_ms": START, "to_ms": START + 2 * HOUR}
    gaps = coverage.unwatched(table([jammed, refused]), **where).to_pylist()
    assert {(g["reason"], g["unwatched_e4"]) for g in gaps if g["hour_ms"] == START} == {
        ("access_denied", 10_000)
    }
    assert {g["reason"] for g in gaps if g["hour_ms"] == START + HOUR} == {coverage.NOBODY}
    both = coverage.unwatched(table([refused, watch(radius_m=100_000)]), **where).to_pylist()
    assert not [g for g in both if g["hour_ms"] == START]
    weeks = coverage.unwatched_weeks(coverage.unwatched(table([refused]), **where), zone="UTC").to_pylist()
    assert {(w["reason"], w["hours_e1"]) for w in weeks} == {("access_denied", 10), (coverage.NOBODY, 10)}
    assert not coverage.unwatched_weeks(
        coverage.unwatched(table([refused]), **where), zone="UTC", until_ms=START + 2 * HOUR
    ).num_rows


def test_one_more_watch_never_lowers_what_is_noticed() -> None:
    one = watch(source_kind="camera", radius_m=2_000)
    before = exposed([one], DEFAULTS)["noticed_e4"].to_pylist()
    after = exposed([one, watch(source_kind="camera", source_id="EXERCISE-2", radius_m=2_000)], DEFAULTS)
    assert all(b >= a for a, b in zip(before, after["noticed_e4"].to_pylist(), strict=True))
    assert sum(after["noticed_e4"].to_pylist()) > sum(before)


def counted(curve: Any, each: int, rng: Any) -> pa.Table:
    rows = []
    for night in (False, True):
        for low in range(0, FARTHEST_M, BIN_M):
            p = float(coverage.Detection({"post": curve}).chance("post", low + BIN_M / 2, night))
            rows.append(
                {
                    "source_kind": "post", "night": night, "from_m": low, "trials_e4": each * 10_000,
                    "noticed_e4": int(rng.binomial(each, p)) * 10_000,
                }
            )  # fmt: skip
    return pa.Table.from_pylist(rows, schema=coverage.TRIALS)


def test_a_curve_is_found_again_from_its_trials() -> None:
    curve = coverage.Curve(7_000, 3_000, 4_000, 1_500, 220)
    found = coverage.learn(counted(curve, 400, np.random.default_rng(5)))
    for night in (False, True):
        for distance in (300, 1_000, 2_500, 4_000):
            want = coverage.Detection({"post": curve}).chance("post", distance, night)
            assert found.chance("post", distance, night) == pytest.approx(want, abs=0.05)
    assert found.curves["camera"] == DEFAULTS.curves["camera"]


def test_without_trials_the_prior_stands_and_adding_tables_is_concatenation() -> None:
    assert coverage.learn(coverage.TRIALS.empty_table()).curves == DEFAULTS.curves
    part = counted(coverage.Curve(7_000, 3_000, 4_000, 1_500, 220), 40, np.random.default_rng(1))
    assert coverage.learn(pa.concat_tables([part, part])).curves == coverage.learn(pa.concat_tables([part, part]).sort_by("from_m")).curves  # fmt: skip


def test_what_was_learned_goes_to_the_log_and_back() -> None:
    assert coverage.Detection.from_dict(DEFAULTS.as_dict()) == DEFAULTS
    for wrong in ({"post.day_top_e4": 1}, DEFAULTS.as_dict() | {"post.day_scale_m": 0}, DEFAULTS.as_dict() | {"moon.day_top_e4": 1}):  # fmt: skip
        with pytest.raises(UsageError) as problem:
            coverage.Detection.from_dict(wrong)
        assert problem.value.code == "COV-006"


def incident(number: int, **said: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(INCIDENTS.names)
    return row | {
        "incident_id": f"EXERCISE-{number}", "supports": [f"EXERCISE-o{number}"], "midpoint_ms": START + 1, "lon_udeg": 62_100_000,
        "lat_udeg": 800_000, "cov_ee_m2": 10_000, "cov_nn_m2": 10_000, "sector_id": "W", "probability_e4": 10_000,
        "source_kinds": ["post"], "outgoing": False, "exercise": True, **said,
    }  # fmt: skip


def observation(name: str, source: str, kind: str) -> dict[str, Any]:
    row: dict[str, Any] = {field.name: None for field in OBSERVATIONS}
    return row | {"obs_id": name, "source_id": source, "source_kind": kind}


def test_a_source_is_on_trial_only_where_another_saw_something() -> None:
    observations = pa.Table.from_pylist(
        [observation("a", "EXERCISE-post-1", "post"), observation("b", "EXERCISE-camera-9", "camera")],
        schema=OBSERVATIONS,
    )
    alone, other, both, far = (
        incident(1, supports=["a"]), incident(2, supports=["b"]), incident(3, supports=["a", "b"]),
        incident(4, supports=["b"], cov_nn_m2=10_000_000),
    )  # fmt: skip
    outgoing = incident(5, supports=["b"], outgoing=True)
    found = coverage.trials(
        pa.Table.from_pylist([alone, other, both, far, outgoing], schema=INCIDENTS), observations, table([watch()])
    ).to_pylist()  # fmt: skip
    assert [(r["source_kind"], r["trials_e4"], r["noticed_e4"]) for r in found] == [("post", 20_000, 10_000)]


def test_totals_divide_by_the_chance_of_notice_and_refuse_where_it_is_thin() -> None:
    curve = coverage.Curve(9_999, 11_000, 9_999, 11_000, 600)
    watches = [watch(radius_m=100_000, lon_udeg=62_100_000, to_ms=START + 24 * HOUR)]
    table_ = coverage.exposure(
        table(watches), sectors=SECTORS, line=LINE, from_ms=START, to_ms=START + 24 * HOUR, zone="Etc/GMT-4",
        detection=coverage.Detection({"post": curve}, 5_000, 5_000),
    )  # fmt: skip
    incidents = pa.Table.from_pylist(
        [incident(n, midpoint_ms=START + n * HOUR) for n in range(24)], schema=INCIDENTS
    )
    rows = {(r["sector_id"], r["light"]): r for r in coverage.totals(incidents, table_).to_pylist()}
    west = rows[("W", "both")]
    assert west["reported"] == 24
    assert west["total_e1"] == pytest.approx(10 * 24 / (west["noticed_e4"] / 1e4), rel=0.02)
    assert west["low_e1"] < west["total_e1"] < west["high_e1"]
    assert rows[("E", "both")]["total_e1"] is None  # beyond the post's reach: thin
    assert rows[("all", "both")]["total_e1"] is None
    with pytest.raises(UsageError) as problem:
        coverage.totals(incidents, exposed(watches))
    assert problem.value.code == "COV-008"


def test_joint_shares_follow_what_outsiders_reported() -> None:
    watches = [watch(radius_m=4_000, to_ms=START + 100 * HOUR)]
    loud = exposed(watches, DEFAULTS, hours=100)
    missed = [incident(n, source_kinds=["media"], midpoint_ms=START + (n % 100) * HOUR) for n in range(400)]
    tempered = coverage.temper(DEFAULTS, pa.Table.from_pylist(missed, schema=INCIDENTS), loud)
    assert tempered.day_joint_e4 < 1_000
    assert tempered.night_joint_e4 < 2_000
    assert coverage.temper(DEFAULTS, INCIDENTS.empty_table(), loud) == DEFAULTS


def test_a_track_is_watched_along_its_way_and_not_where_it_was_lost() -> None:
    fixes = pa.table(
        {
            "source_id": ["EXERCISE-team-1"] * 4, "at_ms": [START, START + 600_000, START + 3 * HOUR, START + 3 * HOUR + 600_000],
            "lon_udeg": [62_050_000, 62_150_000, 62_300_000, 62_310_000], "lat_udeg": [801_000] * 4,
        }, schema=coverage.FIXES,
    )  # fmt: skip
    legs = coverage.patrol_watches(fixes, radius_m=2_000, exercise=True)
    assert legs.schema.equals(WATCHES)
    assert pc.sum(pc.subtract(legs["to_ms"], legs["from_ms"])).as_py() == 1_200_000
    shares = coverage.exposure(
        legs, sectors=SECTORS, line=LINE, from_ms=START, to_ms=START + 4 * HOUR, zone="UTC"
    )
    any_ = [r for r in shares.to_pylist() if r["source_kind"] == coverage.ANY]
    assert {r["hour_ms"] for r in any_ if r["watched_e4"]} == {START, START + 3 * HOUR}
    assert len(set(legs["watch_id"].to_pylist())) == legs.num_rows
    with pytest.raises(RecordError) as problem:
        coverage.patrol_watches(fixes, radius_m=0)
    assert problem.value.code == "COV-007"


def test_satellites_pass_and_do_not_watch_and_clouds_block_them() -> None:
    passes = pa.table(
        {
            "source_id": ["EXERCISE-sat"] * 2, "at_ms": [START + HOUR, START + 3 * HOUR], "lon_udeg": [62_200_000] * 2,
            "lat_udeg": [800_000] * 2, "swath_m": [200_000] * 2, "clear": [True, False],
        }, schema=coverage.PASSES,
    )  # fmt: skip
    watches = coverage.pass_watches(passes, lingers_ms=HOUR)
    shares = coverage.exposure(
        watches, sectors=SECTORS, line=LINE, from_ms=START, to_ms=START + 4 * HOUR, zone="UTC"
    ).to_pylist()
    assert {r["watched_e4"] for r in shares if r["source_kind"] == coverage.ANY} == {0}
    seen = {r["hour_ms"] for r in shares if r["source_kind"] == "satellite" and r["watched_e4"]}
    assert seen == {START}
