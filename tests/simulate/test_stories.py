"""Each of the seven stories is really there, and is told by the rows, the watches and the records."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from truceline import coverage
from truceline.geo import Line, Sectors
from truceline.records.kinds import Consent, PlanStep
from truceline.simulate import Exercise, Story, build
from truceline.simulate import stories as told

HOUR_MS = 3_600_000


@pytest.fixture(scope="module", params=[1, 2, 5])
def played(request: pytest.FixtureRequest) -> Exercise:
    return build(request.param, 1.0 if request.param == 1 else 0.2)


def story(made: Exercise, title: str) -> Story:
    return next(one for one in made.stories if one.title == title)


def rows_of(made: Exercise, one: Story) -> list[dict[str, Any]]:
    rows = {row["obs_id"]: row for row in made.observations.to_pylist()}
    return [rows[obs] for obs in one.obs_ids]


def truth_of(made: Exercise, one: Story) -> set[str]:
    known = dict(zip(made.truth["obs_id"].to_pylist(), made.truth["incident"].to_pylist(), strict=True))
    return {known[obs] for obs in one.obs_ids}


def line_of(made: Exercise) -> Line:
    return Line.from_geojson(next(f for f in made.geometry["features"] if f["properties"]["role"] == "line"))


def exposure_of(made: Exercise) -> pa.Table:
    sectors = Sectors.from_geojson(made.geometry)
    return coverage.exposure(
        made.watches,
        sectors=sectors,
        line=line_of(made),
        from_ms=made.start_ms,
        to_ms=made.end_ms,
        zone=made.zone,
    )


def test_all_seven_stories_are_told(played: Exercise) -> None:
    assert len(played.stories) == 7
    assert len({one.title for one in played.stories}) == 7
    assert all(one.obs_ids or one.record_ids for one in played.stories)


def test_both_sides_accuse_each_other_of_one_explosion_on_the_line(played: Exercise) -> None:
    one = story(played, told.ACCUSED)
    rows = rows_of(played, one)
    claims = [row for row in rows if row["stance"] == "claim"]
    assert len(truth_of(played, one)) == 1
    assert {(row["actor"], row["accused"]) for row in claims} == {
        (row["accused"], row["actor"]) for row in claims
    }
    assert sum(row["source_kind"] == "post" for row in rows) >= 1
    place = played.true_incidents.filter(
        pc.equal(played.true_incidents["incident"], next(iter(truth_of(played, one))))
    )
    at = np.array([[place["lon_udeg"][0].as_py() / 1e6, place["lat_udeg"][0].as_py() / 1e6]])
    assert abs(float(line_of(played).signed_distance_m(at)[0])) < 100


def test_ten_outlets_retell_one_statement(played: Exercise) -> None:
    one = story(played, told.OUTLETS)
    rows = rows_of(played, one)
    media = [row for row in rows if row["source_kind"] == "media"]
    assert len({row["source_id"] for row in media}) == 10
    assert 0 < sum(row["copy_of"] is None for row in media) < 10
    assert truth_of(played, one) == {""}


def test_a_stubble_fire_burns_beside_a_claim(played: Exercise) -> None:
    one = story(played, told.STUBBLE)
    assert [row["source_kind"] for row in rows_of(played, one)] == ["satellite", "satellite", "party"]
    assert truth_of(played, one) == {""}


def test_the_quiet_night_was_neither_watched_nor_quiet(played: Exercise) -> None:
    one = story(played, told.QUIET_NIGHT)
    quiet = [row for row in rows_of(played, one) if row["stance"] == "quiet"]
    assert len(quiet) == 2
    words = coverage.silence(
        exposure_of(played), int(quiet[0]["observed_from_ms"]) + 2 * HOUR_MS, int(quiet[0]["observed_to_ms"]),
        sector_id=str(quiet[0]["area_id"]),
    )  # fmt: skip
    assert words["word"].to_pylist() == ["not watched"]
    happened = truth_of(played, one) - {""}
    assert len(happened) == 2
    when = played.true_incidents.filter(
        pc.is_in(played.true_incidents["incident"], value_set=_array(happened))
    )["at_ms"]
    assert all(
        int(quiet[0]["observed_from_ms"]) < at < int(quiet[0]["observed_to_ms"]) for at in when.to_pylist()
    )


def _array(values: set[str]) -> object:

    return pa.array(sorted(values))


def test_the_gun_measures_100_mm_and_stands_inside_15_km(played: Exercise) -> None:
    rows = rows_of(played, story(played, told.GUN))
    assert {row["calibre_um"] for row in rows} == {100_000}
    at = np.array([[int(row["lon_udeg"]) / 1e6, int(row["lat_udeg"]) / 1e6] for row in rows])
    distance = np.abs(line_of(played).signed_distance_m(at))
    assert ((distance > 12_000) & (distance < 12_800)).all()


def test_consent_is_withdrawn_on_day_30_and_pulls_coverage_guarantee_and_step_along(played: Exercise) -> None:
    one = story(played, told.WITHDRAWAL)
    withdrawn = [body for _, _, body in played.records if isinstance(body, Consent) and not body.given]
    assert {body.consent_id for body in withdrawn} <= set(one.record_ids)
    assert len({body.party for body in withdrawn}) == 1
    party = withdrawn[0].party
    given = [
        body
        for at, _, body in played.records
        if isinstance(body, Consent) and body.given and at < played.start_ms
    ]
    assert {body.party for body in given} == {p.id for p in played.parties}
    cut = played.start_ms + 29 * 24 * HOUR_MS + 6 * HOUR_MS
    steps = [body for _, _, body in played.records if isinstance(body, PlanStep)]
    assert {body.step_id for body in steps} & set(one.record_ids)
    assert not {body.state for body in steps} & {"suspended", "overdue", "open", "waiting"}, (
        "these are computed"
    )
    late = [row for row in played.watches.to_pylist() if row["from_ms"] >= cut and row["blocked_by"] == party]
    assert late
    assert all(
        row["outcome"] == "access_denied" for row in late if "withdrawn" in (row["quoted_reason"] or "")
    )
    table = exposure_of(played)
    rows = table.filter(pc.equal(table["source_kind"], coverage.ANY))
    share = rows["watched_e4"].to_numpy() * rows["line_m"].to_numpy()
    after = rows["hour_ms"].to_numpy() >= cut
    assert share[after].mean() < 0.92 * share[~after].mean()


def test_what_the_system_got_wrong_was_no_incident(played: Exercise) -> None:
    one = story(played, told.WRONG)
    rows = rows_of(played, one)
    assert truth_of(played, one) == {""}
    assert {"post", "uav", "complaint", "party"} <= {str(row["source_kind"]) for row in rows}
    assert rows[-1]["stance"] == "denial"


def test_a_third_of_the_line_hours_is_watched_and_an_eighth_at_night(exercise: Exercise) -> None:
    table = exposure_of(exercise)
    rows = table.filter(pc.equal(table["source_kind"], coverage.ANY))
    metres, night = rows["line_m"].to_numpy().astype(np.float64), rows["night"].to_numpy(zero_copy_only=False)
    share = rows["watched_e4"].to_numpy() / 1e4 * metres
    assert metres[: len(set(rows["sector_id"].to_pylist()))].sum() == pytest.approx(180_000, abs=200)
    assert share.sum() / metres.sum() == pytest.approx(1 / 3, abs=0.03)
    assert share[night].sum() / metres[night].sum() == pytest.approx(1 / 8, abs=0.03)
