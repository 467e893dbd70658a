"""Weeks of the mission's zone, nights by the sun, and sentences that give nobody away."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from truceline import coverage
from truceline.coverage.sun import elevation_deg
from truceline.errors import UsageError
from truceline.geo import Line, Sectors
from truceline.records.columns import WATCHES

HOUR = 3_600_000
LINE = Line("EXERCISE-line", [[30.0, 50.0], [30.4, 50.0]], "north", "south")  # type: ignore[arg-type]
RING = [[29.9, 49.8], [30.5, 49.8], [30.5, 50.2], [29.9, 50.2], [29.9, 49.8]]
SECTORS = Sectors.from_geojson(
    {"features": [{"properties": {"id": "S1", "role": "sector"}, "geometry": {"type": "Polygon", "coordinates": [RING]}}]}
)  # fmt: skip


def ms(*local: int, zone: str = "Europe/Kyiv") -> int:
    return int(dt.datetime(*local, tzinfo=ZoneInfo(zone)).timestamp() * 1000)  # type: ignore[misc,arg-type]


def exposed(begin: int, end: int, *spans: tuple[int, int, str], zone: str = "Europe/Kyiv") -> pa.Table:
    rows = [
        {"watch_id": f"w{i}", "source_id": "EXERCISE-post-7", "source_kind": "post", "from_ms": a, "to_ms": b,
         "outcome": word, "sector_id": "S1", "exercise": True}
        for i, (a, b, word) in enumerate(spans)
    ]  # fmt: skip
    watches = pa.Table.from_pylist(rows, schema=WATCHES)
    return coverage.exposure(watches, sectors=SECTORS, line=LINE, from_ms=begin, to_ms=end, zone=zone)


@pytest.mark.parametrize(
    ("monday", "hours"), [((2020, 10, 19), 169), ((2020, 3, 23), 167), ((2020, 6, 1), 168)]
)
def test_a_week_in_which_the_clocks_change_has_an_hour_more_or_less(
    monday: tuple[int, int, int], hours: int
) -> None:
    begin = ms(*monday)
    following = dt.date(*monday) + dt.timedelta(days=7)
    end = ms(following.year, following.month, following.day)
    assert end - begin == hours * HOUR
    table = coverage.summary(exposed(begin, end, (begin, end, "watched")))
    assert table["hours_total_e1"].to_pylist() == [10 * hours]
    assert table["hours_watched_e1"].to_pylist() == [10 * hours]
    assert len(table) == 1


def test_an_hour_belongs_to_the_week_of_the_missions_zone() -> None:
    sunday_late = ms(2020, 6, 7, 23)
    table = exposed(sunday_late, sunday_late + 2 * HOUR)
    assert coverage.summary(table)["week"].to_pylist() == ["2020-W23", "2020-W24"]
    assert coverage.summary(table, zone="UTC")["week"].to_pylist() == ["2020-W23"]


def test_the_week_of_new_year_is_the_iso_week() -> None:
    begin = ms(2021, 1, 1)
    assert coverage.summary(exposed(begin, begin + HOUR))["week"].to_pylist() == ["2020-W53"]


def test_only_weeks_that_are_over_are_published() -> None:
    begin, end = ms(2020, 6, 1), ms(2020, 6, 12)
    table = exposed(begin, end, (begin, end, "watched"))
    assert coverage.summary(table, until_ms=end)["week"].to_pylist() == ["2020-W23"]
    assert coverage.summary(table, until_ms=ms(2020, 6, 8) - 1).num_rows == 0
    assert coverage.summary(table)["week"].to_pylist() == ["2020-W23", "2020-W24"]


def test_summary_adds_up_what_exposure_says() -> None:
    begin, end = ms(2020, 6, 1), ms(2020, 6, 8)
    table = exposed(
        begin, end, (begin, begin + 10 * HOUR + HOUR // 2, "watched"), (end - HOUR, end, "access_denied")
    )
    row = coverage.summary(table).to_pylist()[0]
    assert row["hours_watched_e1"] == 105
    assert row["access_denied"] == 1
    night = table.filter(pc.equal(table["source_kind"], coverage.ANY))["night"].to_pylist()
    assert row["night_total_e1"] == 10 * sum(night)
    assert 0 < row["night_watched_e1"] < 105


@pytest.mark.parametrize(
    ("when", "lon", "lat", "degrees"),
    [
        ("2020-06-20T12:02", 0.0, 51.48, 61.96),  # solstice, noon: 90 - latitude + obliquity
        ("2020-12-21T11:58", 0.0, 51.48, 15.08),
        ("2020-03-20T12:07", 0.0, 0.0, 90.0),  # equinox, noon, equator
        ("2020-03-20T00:07", 0.0, 0.0, -90.0),
    ],
)
def test_the_sun_stands_where_the_almanac_puts_it(when: str, lon: float, lat: float, degrees: float) -> None:
    at = dt.datetime.fromisoformat(when + "+00:00").timestamp() * 1000
    assert float(elevation_deg(at, lon, lat)) == pytest.approx(degrees, abs=0.5)


def test_a_night_follows_the_sun_and_the_season() -> None:
    def nights(month: int) -> int:
        begin = ms(2020, month, 15)
        table = exposed(begin, begin + 24 * HOUR)
        return sum(table["night"].to_pylist())

    assert 5 <= nights(6) <= 7
    assert 14 <= nights(12) <= 15


def test_polar_day_has_no_night() -> None:
    at = ms(2020, 6, 20, zone="UTC") + np.arange(24) * HOUR
    assert (elevation_deg(at, 25.0, 71.0) > 0).all()


def test_sentences_speak_of_a_week_that_is_over_and_give_no_post_away() -> None:
    begin, end = ms(2020, 6, 1), ms(2020, 6, 12)
    table = exposed(begin, end, (begin, begin + 40 * HOUR, "watched"), (begin, begin + HOUR, "access_denied"))
    said = coverage.could_not_see(table, ms(2020, 6, 10), ms(2020, 6, 11))
    text = " ".join(said)
    assert "2020-W23" in said[0]
    assert "about 75 %" in said[0]
    assert "denied once" in text
    assert "post" not in text
    assert not re.search(r"\d\d:\d\d|2020-06", text)
    assert "2020-W24" not in text


def test_before_the_first_week_is_over_no_figure_is_given() -> None:
    begin = ms(2020, 6, 1)
    said = coverage.could_not_see(exposed(begin, begin + 72 * HOUR), begin, begin + 24 * HOUR)
    assert "when the week is over" in said[0]
    assert "%" not in " ".join(said)


def test_what_comes_after_the_day_changes_no_sentence() -> None:
    """In arrears: the present gap does not show."""
    begin, end, day = ms(2020, 6, 1), ms(2020, 6, 15), ms(2020, 6, 11)
    calm = exposed(begin, end, (begin, begin + 40 * HOUR, "watched"))
    busy = exposed(begin, end, (begin, begin + 40 * HOUR, "watched"), (ms(2020, 6, 9), end, "watched"))
    assert coverage.could_not_see(calm, day - 24 * HOUR, day) == coverage.could_not_see(
        busy, day - 24 * HOUR, day
    )


def test_silence_is_quiet_only_where_somebody_watched() -> None:
    begin = ms(2020, 6, 1)
    table = exposed(begin, begin + 40 * HOUR, (begin, begin + 8 * HOUR, "watched"))

    def word(a: int, b: int, **more: object) -> str:
        rows = coverage.silence(table, begin + a * HOUR, begin + b * HOUR, **more)  # type: ignore[arg-type]
        return str(rows["word"].to_pylist()[0])

    assert word(0, 8) == "silent, watched"
    assert word(0, 16) == "silent, watched"
    assert word(0, 30) == "silent, partly watched"
    assert word(0, 8, quiet=("S1",)) == "quiet, watched and reported so"
    assert word(0, 30, quiet=("S1",)) == "silent, partly watched"
    assert word(8, 16, quiet=("S1",)) == "not watched"  # whoever says so
    assert word(8, 16) == "not watched"
    assert word(0, 8, observed=("S1",)) == "not quiet"
    assert word(100, 120) == "not watched"  # outside what is known
    assert word(0, 8, sector_id="S9") == "not watched"


def test_silence_counts_parts_of_hours() -> None:
    begin = ms(2020, 6, 1)
    table = exposed(begin, begin + 4 * HOUR, (begin, begin + HOUR, "watched"))
    rows = coverage.silence(table, begin + HOUR // 2, begin + 2 * HOUR + HOUR // 2)
    assert rows["watched_e4"].to_pylist() == [2_500]


def test_a_table_of_unknown_origin_is_refused() -> None:
    table = exposed(0, HOUR).replace_schema_metadata(None)
    for ask in (
        coverage.summary,
        lambda t: coverage.could_not_see(t, 0, 1),
        lambda t: coverage.silence(t, 0, 1),
    ):
        with pytest.raises(UsageError, match="COV-005"):
            ask(table)
    with pytest.raises(UsageError, match="COV-002"):
        coverage.silence(exposed(0, HOUR), 5, 5)
    with pytest.raises(UsageError, match="COV-002"):
        coverage.could_not_see(exposed(0, HOUR), 5, 5)
