"""Mapping files: any table to observations without code, and errors that name the line."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from truceline import intake
from truceline.errors import IntakeError
from truceline.intake import mapping

TOWN = """
truceline_mapping: 1
id: town-log
version: 3
public: false
key: nr
time: { date: tag, clock: uhr, formats: ["%d.%m.%Y"], zone: Europe/Berlin }
constants: { source_kind: registry, stance: report }
fields:
  source_id: [melder, stelle]
  act: { columns: art, table: { Knall: explosion, Schuss: shot }, otherwise: other }
  count: zahl
  error_m: { columns: fehler_km, scale: 1000 }
  lon_deg: x
  lat_deg: y
place:
  lookup: ort
  places: { Altdorf: [11.5, 49.1, 800] }
"""
HEAD = "Nr;Tag;Uhr;Melder;Stelle;Art;Zahl;Fehler_km;X;Y;Ort\n"


def test_a_foreign_table_is_read_as_the_mapping_says(write, take, tmp_path):
    how = tmp_path / "town.yaml"
    how.write_text(TOWN)
    rows = (
        "7;01.07.2026;nach;Wache;;Knall;1;;;;Altdorf\n"
        "8;01.07.2026;14:05;;Amt;Schuss;5-7;0.25;11.25;49.5;Neudorf\n"
        "9;01.07.2026;;Wache;;Rauch;;;;;\n"
        "9;31.06.2026;;Wache;;Rauch;;;;;\n"
    )
    found = take(write(HEAD + rows), mapping=how)
    assert found.refusals() == [(2, "INT-109"), (5, "INT-109")]
    shot, smoke = found.rows
    assert shot["obs_id"] == "town-log-8"
    assert (shot["source_id"], shot["act"], shot["count_min"], shot["count_max"]) == ("Amt", "shot", 5, 7)
    assert (shot["lon_udeg"], shot["lat_udeg"], shot["error_m"]) == (11_250_000, 49_500_000, 250)
    assert shot["observed_from_ms"] == 1_782_907_500_000  # 12:05 UTC
    assert (smoke["act"], smoke["time_precision"], smoke["place_kind"]) == ("other", "day", "unknown")
    assert found.reader.format_version == 3
    assert len(found.reader.mapping_digest) == 64


def test_places_of_the_mapping_are_looked_up(write, take, tmp_path):
    how = tmp_path / "town.yaml"
    how.write_text(TOWN)
    row = take(write(HEAD + "7;01.07.2026;evening;Wache;;Knall;1;;;;ALTDORF\n"), mapping=how).rows[0]
    assert (row["lon_udeg"], row["lat_udeg"], row["error_m"]) == (11_500_000, 49_100_000, 800)
    assert row["place_name"] == "ALTDORF"


def test_a_mapping_reads_workbooks_too(take, tmp_path):
    how = tmp_path / "town.yaml"
    how.write_text(TOWN)
    book = openpyxl.Workbook()
    book.active.append(HEAD.strip().split(";"))
    book.active.append([7, "01.07.2026", "14:05", "Wache", None, "Knall", 2, 1.5, 11.25, 49.5, "Altdorf"])
    book.save(tmp_path / "town.xlsx")
    row = take(tmp_path / "town.xlsx", mapping=how).rows[0]
    assert (row["obs_id"], row["error_m"], row["count_max"]) == ("town-log-7", 1500, 2)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("act: { columns: art", "akt: { columns: art", "town.yaml:"),
        ("explosion", "boom", "town.yaml:"),
        ("version: 3", "version: three", "town.yaml:4, version"),
        ("id: town-log", "id: Town Log", "town.yaml:3, id"),
        ("formats:", "formate:", "town.yaml:7, time.formate"),
        ("source_id: [melder, stelle]", "", "town.yaml"),
        ("key: nr", "kee: nr", "town.yaml:6, kee"),
        ("truceline_mapping: 1", "truceline_mapping: 2", "town.yaml:2, truceline_mapping"),
        ("{ source_kind: registry", "{ source_kind: gossip", "town.yaml"),
        ("{ columns: fehler_km, scale: 1000 }", "{ columns: [] }", "town.yaml:13, fields.error_m.columns"),
        ("time: {", "time: [", "town.yaml:7"),
    ],
)
def test_a_wrong_mapping_says_where(tmp_path, old, new, where):
    path = tmp_path / "town.yaml"
    assert old in TOWN
    path.write_text(TOWN.replace(old, new))
    with pytest.raises(IntakeError) as caught:
        mapping.load(path)
    assert caught.value.code == "INT-012"
    assert caught.value.where.startswith(where)


def test_a_column_that_the_file_lacks_is_named(write, tmp_path):
    how = tmp_path / "town.yaml"
    how.write_text(TOWN)
    with pytest.raises(IntakeError, match="INT-013") as caught:
        intake.open_file(write("nr,tag\n1,2\n"), mapping=how)
    assert "melder" in str(caught.value)


def test_a_zone_that_the_mapping_leaves_open_must_be_given(write, tmp_path, take):
    how = tmp_path / "town.yaml"
    how.write_text(TOWN.replace(", zone: Europe/Berlin", ""))
    path = write(HEAD + "7;01.07.2026;14:05;Wache;;Knall;1;;;;Altdorf\n")
    with pytest.raises(IntakeError, match="INT-009"):
        intake.open_file(path, mapping=how)
    assert take(path, mapping=how, settings={"zone": "UTC"}).rows[0]["observed_from_ms"] == 1_782_914_700_000


def test_a_mapping_that_is_not_there():
    with pytest.raises(IntakeError, match="INT-001") as caught:
        mapping.load("air_raid_alerts_of_nowhere")
    assert "air_raid_alerts_official" in str(caught.value)


def test_a_format_and_a_mapping_do_not_go_together(write):
    with pytest.raises(IntakeError, match="INT-010"):
        intake.open_file(write("a\n1\n"), format="ged-csv", mapping="air_raid_alerts_official")


@pytest.mark.parametrize("name", mapping.shipped())
def test_every_shipped_mapping_is_valid_and_named_for_its_file(name):
    assert mapping.load(name).id == name.replace("_", "-")


def test_an_alert_is_a_warning_and_accuses_nobody(write, take):
    rows = "region,started_at,finished_at,naive\nSome oblast,2022-06-01 00:16:14+00:00,2022-06-01 00:32:13+00:00,True\n"
    row = take(write(rows), mapping="air_raid_alerts_volunteer").rows[0]
    assert (row["act"], row["source_kind"], row["accused"]) == ("air_raid_alert", "civil_alert", None)
    assert row["observed_to_ms"] - row["observed_from_ms"] == 959_000
    assert row["grade"] == "end assumed"


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(alphabet=st.sampled_from(list(TOWN) + list("{}[]:&*!|>'\"\0%@")), max_size=200))
def test_no_text_raises_anything_but_our_errors(tmp_path, text):
    path: Path = tmp_path / "fuzz.yaml"
    path.write_text(text)
    with pytest.raises(IntakeError):
        mapping.load(path)
