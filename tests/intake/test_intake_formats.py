"""What the columns of each source mean, on rows made up for the purpose."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from truceline import intake
from truceline.errors import IntakeError
from truceline.records.columns import OBSERVATIONS


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


# own table ----------------------------------------------------------------------------------------------------------


def test_hand_written_columns_stand_for_whole_numbers(write, take):
    rows = (
        "source_id,observed_from,observed_to,lon_deg,lat_deg,count_min\n"
        "post,2026-03-01T12:00:00+04:00,2026-03-01T08:05:00Z,46.75,39.8201,3\n"
    )
    found = take(write(rows)).rows[0]
    assert found["observed_from_ms"] == ms("2026-03-01 08:00")
    assert found["observed_to_ms"] == ms("2026-03-01 08:05")
    assert (found["lon_udeg"], found["lat_udeg"]) == (46_750_000, 39_820_100)
    assert found["place_kind"] == "point"
    assert found["obs_id"].startswith("truceline-")


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("lon_udeg=181000000", "INT-108"), ("lat_udeg=-90000001", "INT-108"), ("lon_udeg=", "INT-108"),
        ("act=boom", "INT-107"), ("place_kind=nowhere", "INT-107"), ("count_min=9", "INT-111"),
        ("bearing_mdeg=360000", "INT-106"), ("error_m=-1", "INT-106"), ("exercise=maybe", "INT-112"),
        ("place_kind=area", "INT-113"), ("count_max=3000000000", "INT-106"), ("observed_from_ms=", "INT-105"),
    ],
)  # fmt: skip
def test_what_no_observation_may_say(write, take, cell, code):
    row = {
        "obs_id": "o1", "source_id": "post", "observed_from_ms": "1600000000000", "observed_to_ms": "1600000000000",
        "lon_udeg": "46000000", "lat_udeg": "39000000", "count_min": "1", "count_max": "2", "act": "shot",
        "place_kind": "point", "bearing_mdeg": "0", "error_m": "5", "exercise": "true",
    }  # fmt: skip
    name, value = cell.split("=")
    broken = row | {name: value, "obs_id": "o2"}
    text = "\n".join(",".join(cells) for cells in (row, row.values(), broken.values())) + "\n"
    found = take(write(text))
    assert found.refusals() == [(3, code)]
    assert [one["obs_id"] for one in found.rows] == ["o1"]


def example() -> pa.Table:
    rows = [
        {
            "obs_id": f"o{number}", "source_id": "camera", "source_kind": "camera", "stance": "report",
            "observed_from_ms": 1_600_000_000_000 + number, "observed_to_ms": 1_600_000_000_500 + number,
            "time_precision": "exact", "place_kind": "point", "lon_udeg": 46_000_000 + number, "lat_udeg": 39_000_000,
            "means": "recorded", "act": "explosion", "description": "undetermined", "weapon": "unknown",
            "count_min": number, "intent": "unknown", "live_fire_exercise": "unknown",
            "in_disengagement_area": "unknown", "text": 'say "yes", twice\nor not', "exercise": True,
        }
        for number in range(5)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=OBSERVATIONS)


def test_the_same_rows_by_csv_geojson_and_parquet_are_duplicates(tmp_path, sift):
    import pyarrow.csv as pa_csv

    from truceline.intake.ledger import Ledger

    table, ledger = example(), Ledger()
    pa_csv.write_csv(table, tmp_path / "a.csv")
    pq.write_table(table, tmp_path / "a.parquet")
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [row["lon_udeg"] / 1e6, row["lat_udeg"] / 1e6]},
            "properties": {name: cell for name, cell in row.items() if not name.endswith("_udeg")},
        }
        for row in table.to_pylist()
    ]
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    assert sift(tmp_path / "a.csv", ledger)["fresh"] == 5
    assert sift(tmp_path / "a.parquet", ledger) == {
        "fresh": 0,
        "duplicate": 5,
        "superseding": 0,
        "rejected": 0,
    }
    assert sift(tmp_path / "a.geojson", ledger) == {
        "fresh": 0,
        "duplicate": 5,
        "superseding": 0,
        "rejected": 0,
    }


def test_a_corrected_row_supersedes(write, sift):
    from truceline.intake.ledger import Ledger

    head, ledger = "obs_id,source_id,observed_from_ms,count_min\n", Ledger()
    path = write(head + "o1,post,1600000000000,1\no2,post,1600000000000,1\no2,post,1600000000000,2\n")
    assert sift(path, ledger) == {"fresh": 2, "duplicate": 0, "superseding": 1, "rejected": 0}
    assert sift(path, ledger) == {"fresh": 0, "duplicate": 3, "superseding": 0, "rejected": 0}
    path = write(head + "o1,post,1600000000000,7\n")
    assert sift(path, ledger)["superseding"] == 1


def test_parquet_floats_that_are_whole_and_times_are_read(tmp_path, take):
    moment = pa.array([1_600_000_000_000, None], pa.timestamp("ms", "UTC"))
    table = pa.table({"source_id": ["a", "b"], "observed_from_ms": moment, "count_min": pa.array([3.0, 3.5])})
    pq.write_table(table, tmp_path / "f.parquet")
    found = take(tmp_path / "f.parquet")
    assert found.rows[0]["count_min"] == 3
    assert found.rows[0]["observed_from_ms"] == 1_600_000_000_000
    assert found.refusals() == [(2, "INT-106")]


def test_a_parquet_column_of_lists_is_refused(tmp_path):
    pq.write_table(pa.table({"source_id": [["a"]]}), tmp_path / "f.parquet")
    with pytest.raises(IntakeError, match="INT-016"):
        intake.open_file(tmp_path / "f.parquet")


def test_a_cut_off_parquet_file_is_refused(tmp_path):
    pq.write_table(example(), tmp_path / "f.parquet")
    whole = (tmp_path / "f.parquet").read_bytes()
    (tmp_path / "f.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(IntakeError, match="INT-016"):
        intake.open_file(tmp_path / "f.parquet")


@pytest.mark.parametrize("name", ["truceline-csv", "truceline-geojson", "truceline-parquet"])
def test_a_template_holds_one_row_that_says_exercise(write, take, name):
    found = take(write(intake.template(name), "template"), format=name)
    assert found.rejected == []
    [row] = found.rows
    assert row["exercise"]
    assert row["source_id"].startswith("EXERCISE")
    assert (row["place_kind"], row["lon_udeg"], row["observed_to_ms"] - row["observed_from_ms"]) == (
        "sector", -29_950_000, 300_000,
    )  # fmt: skip


@pytest.mark.parametrize("name", sorted(intake.FORMATS))
def test_every_format_has_a_template_of_its_columns(name):
    assert intake.template(name)


def test_every_derived_id_is_unique_and_settings_are_recorded(write, take):
    path = write(FIRMS + "47.1,35.1,330,0.5,0.5,2023-07-01,0005,N,VIIRS,n,2.0NRT,290,1.5,N\n" * 2)
    found = take(path)
    assert found.reader.format == "firms-csv"
    assert found.reader.public
    assert found.reader.settings == {"encoding": "utf-8", "delimiter": ","}
    assert len({row["obs_id"] for row in found.rows}) == 1


# FIRMS --------------------------------------------------------------------------------------------------------------

FIRMS = (
    "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,instrument,confidence,version,bright_t31,"
    "frp,daynight\n"
)


def test_viirs_pixels_are_footprints(write, take):
    row = take(
        write(FIRMS + "47.62075,35.71787,344.94,0.52,0.5,2023-02-24,1106,N,VIIRS,n,2.0NRT,269.52,7.75,D\n")
    ).rows[0]
    assert row["source_id"] == "viirs-suomi-npp"
    assert row["act"] == "thermal_anomaly"
    assert row["place_kind"] == "footprint"
    assert (row["scan_m"], row["track_m"]) == (520, 500)
    assert row["observed_from_ms"] == ms("2023-02-24 11:06")
    assert row["observed_to_ms"] == ms("2023-02-24 11:07") - 1
    assert row["grade"] == "nominal"
    assert row["accused"] is None


def test_modis_pixels_and_times_that_lost_their_zeros(write, take):
    found = take(write(FIRMS + "47.1,35.1,330.2,1.4,1.2,2020-10-10,5,Terra,MODIS,62,6.03,290,12.5,N\n"))
    assert found.rows[0]["source_id"] == "modis-terra"
    assert found.rows[0]["observed_from_ms"] == ms("2020-10-10 00:05")
    assert found.rows[0]["grade"] == "62"


@pytest.mark.parametrize(
    ("date", "time"), [("2023-02-29", "0005"), ("2023-02-28", "0960"), ("2023-02-28", "2400")]
)
def test_days_and_times_that_do_not_exist(write, take, date, time):
    found = take(write(FIRMS + f"47.1,35.1,330,0.5,0.5,{date},{time},N,VIIRS,n,2.0NRT,290,1.5,N\n"))
    assert found.rows == []
    assert found.rejected[0].code in ("INT-109", "INT-106")


# GED ----------------------------------------------------------------------------------------------------------------

GED = (
    "id,type_of_violence,side_a,side_b,where_prec,where_coordinates,latitude,longitude,date_prec,date_start,date_end,"
    "best,high,low,event_clarity,source_headline\n"
)


@pytest.mark.parametrize(
    "day", ["2/3/2015 12:00:00 AM", "02/03/2015 00:00", "2015-02-03 00:00:00.000", "2015-02-03"]
)
def test_ged_days_in_every_shape(write, take, day):
    row = take(write(GED + f"7,1,A,B,2,Somewhere,48.6,38.4,1,{day},{day},2,4,1,1,Two killed\n")).rows[0]
    assert (row["observed_from_ms"], row["observed_to_ms"]) == (ms("2015-02-03"), ms("2015-02-04") - 1)
    assert row["time_precision"] == "day"
    assert row["obs_id"] == "ged-7"
    assert (row["killed_min"], row["killed_max"]) == (1, 4)
    assert row["place_precision"] == 2
    assert row["accused"] is None


def test_ged_days_first_when_told(write, take):
    line = "7,1,A,B,2,Somewhere,48.6,38.4,1,02/03/2015 00:00,02/03/2015 00:00,2,4,1,1,Two killed\n"
    row = take(write(GED + line), settings={"date_order": "dmy"}).rows[0]
    assert row["observed_from_ms"] == ms("2015-03-02")


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_ged_in_both_encodings(write, take, encoding):
    line = "7,1,A,B,2,Somewhere,48.6,38.4,1,2015-02-03,2015-02-03,2,4,1,1,The mayor’s office\n"
    found = take(write((GED + line).encode(encoding)))
    assert found.rows[0]["text"].startswith("The mayor’s office")
    assert found.reader.settings["encoding"] == encoding
    again = take(found.reader.path, settings=dict(found.reader.settings))
    assert again.rows == found.rows


def test_ged_numbers_out_of_order_give_the_widest_range(write, take):
    row = take(write(GED + "7,1,A,B,2,Somewhere,48.6,38.4,1,2015-02-03,2015-02-03,2,1,3,1,x\n")).rows[0]
    assert (row["killed_min"], row["killed_max"]) == (1, 3)


# VIINA --------------------------------------------------------------------------------------------------------------

VIINA = "\ufeff" + '"datetime","lon","lat","place_name","event_type","headline"\n'


def test_viina_midnight_is_a_day_and_other_times_look_back(write, take):
    rows = (
        '"2023-07-01 00:00:00","32.8","46.8","Inhulets","artillery|loc","headline"\n'
        '"2023-07-01 14:30:00","32.8","46.8","Inhulets","loc|uav","headline"\n'
    )
    first, second = take(write(VIINA + rows)).rows
    assert first["time_precision"] == "day"
    assert (first["observed_from_ms"], first["observed_to_ms"]) == (
        ms("2023-06-30 21:00"),
        ms("2023-07-01 21:00") - 1,
    )
    assert second["time_precision"] == "interval"
    assert (second["observed_from_ms"], second["observed_to_ms"]) == (
        ms("2023-07-01 08:30"),
        ms("2023-07-01 11:31") - 1,
    )
    assert (first["act"], first["weapon"]) == ("shelling", "artillery")
    assert (second["act"], second["weapon"]) == ("other", "uav")


@pytest.mark.parametrize(
    "types", ["airstrike|artillery|loc", "artillery|airstrike", "loc|artillery|airstrike|civcas"]
)
def test_viina_takes_the_same_act_in_any_order_of_types(write, take, types):
    row = take(write(VIINA + f'"2023-07-01 14:30:00","32.8","46.8","Inhulets","{types}","h"\n')).rows[0]
    assert row["act"] == "air_strike"


def test_a_setting_out_of_range_is_refused(write, take):
    path = write(VIINA + '"2023-07-01 14:30:00","32.8","46.8","Inhulets","loc","h"\n')
    with pytest.raises(IntakeError, match="INT-010"):
        take(path, settings={"lag_hours": "-1"})
    with pytest.raises(IntakeError, match="INT-010"):
        take(path, settings={"zone": "Europe/Atlantis"})
    with pytest.raises(IntakeError, match="INT-010"):
        take(path, settings={"colour": "blue"})


# ACLED --------------------------------------------------------------------------------------------------------------

ACLED = {
    "event_id_cnty": "XXX1", "event_date": "2020-10-10", "time_precision": "1", "event_type": "Battles",
    "sub_event_type": "Armed clash", "actor1": "A", "actor2": "B", "location": "Town", "latitude": "39.9",
    "longitude": "46.7", "geo_precision": "2", "notes": "as noted", "fatalities": "0",
}  # fmt: skip


def test_acled_by_csv_and_json_are_the_same_rows(write, sift):
    from truceline.intake.ledger import Ledger

    ledger = Ledger()
    csv_rows = ",".join(ACLED) + "\n" + ",".join(ACLED.values()) + "\n"
    assert sift(write(csv_rows), ledger)["fresh"] == 1
    answer = {"status": 200, "success": True, "data": [ACLED | {"fatalities": 0, "latitude": 39.9}]}
    assert sift(write(json.dumps(answer), "a.json"), ledger)["duplicate"] == 1


def test_acled_actors_accuse_nobody_and_no_dead_is_not_none_dead(write, take):
    row = take(write(json.dumps([ACLED]), "a.json")).rows[0]
    assert row["accused"] is None
    assert (row["killed_min"], row["killed_max"]) == (0, None)
    assert row["act"] == "clash"
    assert row["place_precision"] == 2


@pytest.mark.parametrize(
    ("precision", "start", "end"),
    [("1", "2020-10-10", "2020-10-11"), ("2", "2020-10-04", "2020-10-17"), ("3", "2020-10-01", "2020-11-01")],
)
def test_acled_time_precision_widens_the_interval(write, take, precision, start, end):
    row = take(write(json.dumps([ACLED | {"time_precision": precision}]), "a.json")).rows[0]
    assert (row["observed_from_ms"], row["observed_to_ms"]) == (ms(start), ms(end) - 1)


# statements ---------------------------------------------------------------------------------------------------------

CLAIMS = (
    "doc_id,outlet,claimant,accused_side,stance,event_date,event_time_local,place,weapon,killed,injured,url\n"
)


def test_a_claim_accuses_and_a_denial_does_not(write, take):
    rows = (
        "D1,x.org,AA MoD,BB,claim,2020-10-10,12:05,Town,shelling,5,30+,u\n"
        "D2,x.org,BB MoD,BB,denial,2020-10-10,,Town,,,,u\n"
        "D3,x.org,AGY reporter,BB,third-party observation,2020-10-10,evening,Town,explosions (about 15),,casualties,u\n"
    )
    claim, denial, seen = take(write(CLAIMS + rows), settings={"parties": "AA=first,BB=second"}).rows
    assert (claim["actor"], claim["accused"], claim["source_kind"]) == ("first", "second", "party")
    assert (denial["actor"], denial["accused"]) == ("second", None)
    assert (seen["actor"], seen["accused"], seen["source_kind"]) == (None, None, "media")
    assert (claim["killed_min"], claim["killed_max"], claim["injured_min"], claim["injured_max"]) == (
        5,
        5,
        30,
        None,
    )
    assert (seen["count_min"], seen["count_max"], seen["injured_min"]) == (14, 16, 1)
    assert claim["observed_from_ms"] == ms("2020-10-10 08:05")  # Asia/Baku is the default


def test_relabelled_parties_change_labels_only(write, take):
    row = "D1,x.org,AA MoD,BB,claim,2020-10-10,12:05,Town,shelling,5,30+,u\n"
    one = take(write(CLAIMS + row)).rows[0]
    two = take(write(CLAIMS + row.replace("AA", "QQ").replace("BB", "AA").replace("QQ", "BB"))).rows[0]
    swap = {"AA": "BB", "BB": "AA", "AA MoD": "BB MoD"}
    assert {name: swap.get(cell, cell) for name, cell in one.items()} == two


def test_places_come_from_the_geometry_given(write, take):
    point = {"type": "Point", "coordinates": [46.36, 40.68]}
    names = {"role": "place", "id": "p1", "names": {"az": "Gəncə", "en": "Ganja"}, "error_m": 3000}
    geometry = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "geometry": point, "properties": names}],
    }
    rows = (
        "D1,x,AA,BB,claim,2020-10-10,,gəncə,missile,,,u\nD2,x,AA,BB,claim,2020-10-10,,Elsewhere,missile,,,u\n"
    )
    known, unknown = take(write(CLAIMS + rows), settings={"geometry": geometry}).rows
    assert (known["lon_udeg"], known["lat_udeg"], known["error_m"]) == (46_360_000, 40_680_000, 3000)
    assert (unknown["lon_udeg"], unknown["place_name"], unknown["place_kind"]) == (None, "Elsewhere", "named")


# observer missions --------------------------------------------------------------------------------------------------

SMM = ("Position", "Event location", "Means", "Number", "Observation", "Description", "Weapon", "Date, time")


def posts() -> dict[str, object]:
    post = {"role": "post", "id": "alpha", "names": {"en": "Post Alpha"}}
    feature = {
        "type": "Feature",
        "properties": post,
        "geometry": {"type": "Point", "coordinates": [38.1, 48.5]},
    }
    return {"type": "FeatureCollection", "features": [feature]}


def test_smm_rows_by_workbook_are_sectors_from_the_post(tmp_path, take):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Table of ceasefire violations"])
    sheet.append(SMM)
    sheet.append(
        ["Post Alpha (north)", "2-7km NNE", "Heard", 48, "Explosion", "Undetermined", "N/K", "19-Jul, 20:35"]
    )
    sheet.append(
        ["Post Alpha", "N/K", "Heard", "N/K", "Bursts", "Outgoing", "Mortar (120mm)", "19-Jul, 20:35-20:50"]
    )
    book.save(tmp_path / "smm.xlsx")
    settings = {"zone": "Europe/Kyiv", "year": "2020", "geometry": posts()}
    found = take(tmp_path / "smm.xlsx", settings=settings)
    first, second = found.rows
    assert found.reader.public is False
    assert found.lines == [3, 4]
    assert (first["place_kind"], first["bearing_mdeg"], first["bearing_step_mdeg"]) == (
        "sector",
        22_500,
        22_500,
    )
    assert (first["lon_udeg"], first["range_min_m"], first["range_max_m"]) == (38_100_000, 2000, 7000)
    assert (first["count_min"], first["count_max"], first["weapon"]) == (48, 48, "unknown")
    assert first["observed_from_ms"] == ms("2020-07-19 17:35")
    assert (second["place_kind"], second["bearing_mdeg"], second["description"]) == (
        "unknown",
        None,
        "outgoing",
    )
    assert (second["count_min"], second["count_max"], second["calibre_um"]) == (2, None, 120_000)


def smm_csv(*rows: str) -> str:
    return ",".join(f'"{name}"' for name in SMM) + "\n" + "\n".join(rows) + "\n"


def test_a_zone_that_must_be_given_is_one_clear_refusal(write):
    path = write(smm_csv('Post,1km N,Heard,1,Shot,,N/K,"2020-07-19, 20:35"'))
    with pytest.raises(IntakeError) as caught:
        intake.open_file(path)
    assert caught.value.code == "INT-009"
    assert "zone" in str(caught.value)


def test_a_repeated_hour_is_an_interval_of_both_readings(write, take):
    path = write(smm_csv('Post,1km N,Heard,1,Shot,,N/K,"2020-10-25, 03:30"'))
    row = take(path, settings={"zone": "Europe/Kyiv"}).rows[0]
    assert row["observed_to_ms"] - row["observed_from_ms"] == 3_600_000 + 59_999


def test_rows_without_a_known_post_have_no_coordinates(write, take):
    path = write(smm_csv('Post Beta,2km N,Heard,1,Shot,,N/K,"2020-07-19, 20:35"'))
    row = take(path, settings={"zone": "UTC", "geometry": posts()}).rows[0]
    assert (row["lon_udeg"], row["range_min_m"], row["bearing_mdeg"]) == (None, 2000, 0)


def test_days_without_a_year_need_one(write, take):
    path = write(smm_csv('Post,2km N,Heard,1,Shot,,N/K,"19-Jul, 20:35"'))
    assert take(path, settings={"zone": "UTC"}).refusals() == [(2, "INT-109")]


def test_a_workbook_that_is_none_is_refused(write):
    with pytest.raises(IntakeError, match="INT-017"):
        intake.open_file(write(b"PK\x03\x04" + b"x" * 100, "a.xlsx"))


def test_files_that_are_not_there_and_formats_that_are_not_known(tmp_path, write):
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(IntakeError, match="INT-001"):
            intake.open_file(path)
    with pytest.raises(IntakeError, match="INT-011"):
        intake.open_file(write("a,b\n1,2\n"), format="telex")
    with pytest.raises(IntakeError, match="INT-007"):
        intake.open_file(write("a,b\n1,2\n"), format="ged-csv")
    with pytest.raises(IntakeError, match="INT-003"):
        intake.open_file(write("[{}]"), format="ged-csv")
