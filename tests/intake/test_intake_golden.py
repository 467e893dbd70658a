"""The shared data sets, whole: how many rows are taken, repeated or refused (docs/reference/formats.md says why)."""

from __future__ import annotations

from collections import Counter

import pytest

from truceline import intake
from truceline.errors import IntakeError
from truceline.intake.ledger import Ledger

GOLDEN = {
    "firms_viirs_ukraine/viirs_snpp_nrt_2023-02-24_07-31.csv": ("firms-csv", None, 12_480, 0, 0),
    "ged_donbas/ged_raw_cp1252.csv": ("ged-csv", None, 855, 0, 0),
    "viina/viina_incidents_202307.csv": ("viina-csv", None, 8_465, 2_491, 0),
    "karabakh_claims/claims_2020-10-10_11.csv": ("claims-csv", None, 28, 0, 0),
    "air_raid/official_2022_JJA.csv": ("air-raid-alerts-official", "air_raid_alerts_official", 5_438, 0, 0),
    "air_raid/volunteer_2022_JJA.csv": (
        "air-raid-alerts-volunteer",
        "air_raid_alerts_volunteer",
        4_262,
        0,
        0,
    ),
}


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_each_data_set_imports_without_options(shared, sift, name):
    path = shared(name)
    fmt, how, fresh, duplicate, rejected = GOLDEN[name]
    assert intake.open_file(path, mapping=how).format == fmt
    ledger = Ledger()
    expected = {"fresh": fresh, "duplicate": duplicate, "superseding": 0, "rejected": rejected}
    assert sift(path, ledger, mapping=how) == expected
    assert sift(path, ledger, mapping=how) == {
        "fresh": 0, "duplicate": fresh + duplicate, "superseding": 0, "rejected": rejected,
    }  # fmt: skip


def test_no_accusation_comes_from_a_registry_sensor_or_alert(shared, take):
    for name, (_fmt, how, *_counts) in GOLDEN.items():
        if not name.startswith("karabakh"):
            table = take(shared(name), mapping=how).table
            assert table.column("accused").null_count == table.num_rows


def test_statements_of_the_reference_case(shared, take):
    found = take(shared("karabakh_claims/claims_2020-10-10_11.csv"))
    assert Counter(row["stance"] for row in found.rows) == {"claim": 21, "denial": 4, "third_party": 3}
    by_id = {row["obs_id"]: row for row in found.rows}
    after_noon = by_id["claims-D004"]
    assert after_noon["time_precision"] == "interval"
    assert after_noon["observed_from_ms"] == 1_602_316_800_000  # 10 October 2020, 12:00 in Baku
    assert (by_id["claims-D024"]["injured_min"], by_id["claims-D024"]["injured_max"]) == (30, None)
    assert (by_id["claims-D010"]["injured_min"], by_id["claims-D010"]["injured_max"]) == (1, None)
    tolls = [by_id[f"claims-D0{number}"]["killed_max"] for number in (20, 22, 23, 25)]
    assert tolls == [5, 7, 9, 10]
    assert all(row["accused"] is None for row in found.rows if row["stance"] != "claim")


def test_summaries_of_whole_days_are_not_observations(shared):
    with pytest.raises(IntakeError, match="INT-006"):
        intake.open_file(shared("osce_smm/osce_smm_summaries_2020.csv"))


def test_half_of_the_reports_of_viina_are_days(shared, take):
    found = take(shared("viina/viina_incidents_202307.csv"))
    assert Counter(row["time_precision"] for row in found.rows) == {"day": 5_359, "interval": 5_597}
