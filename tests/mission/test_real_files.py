"""The shared data sets in one mission: what is taken, that a second reading adds nothing, that a replay agrees.

The counts are explained in docs/explanation/intake.md; the same counts in the formats alone: tests/intake.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from truceline.cli.init import create
from truceline.errors import IntakeError
from truceline.mission.importing import Imported, import_file
from truceline.mission.mission import Mission
from truceline.mission.verifying import verify
from truceline.mission.views import Views
from truceline.records.kinds import Import

SHARED = Path(__file__).parents[3] / "shared" / "data"
TAKEN = {
    "firms_viirs_ukraine/viirs_snpp_nrt_2023-02-24_07-31.csv": ("", 12_480, 0),
    "ged_donbas/ged_raw_cp1252.csv": ("", 855, 0),
    "viina/viina_incidents_202307.csv": ("", 8_465, 2_491),
    "karabakh_claims/claims_2020-10-10_11.csv": ("", 28, 0),
    "air_raid/official_2022_JJA.csv": ("air_raid_alerts_official", 5_438, 0),
    "air_raid/volunteer_2022_JJA.csv": ("air_raid_alerts_volunteer", 4_262, 0),
}
"""File -> mapping, accepted, duplicates; nothing is refused, nothing supersedes."""
CLAIMS = "karabakh_claims/claims_2020-10-10_11.csv"
PARTIES = {"parties": "AM=armenia,AZ=azerbaijan"}


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"shared data set {name} is not beside this checkout")
    return path


def counts(made: Imported) -> tuple[int, int, int, int]:
    return made.accepted, made.duplicates, made.superseded, made.rejected


def take(mission: Mission, name: str) -> Imported:
    return import_file(mission, shared(name), mapping=TAKEN[name][0] or None)


@pytest.fixture(scope="module")
def mission(tmp_path_factory: pytest.TempPathFactory) -> Mission:
    root = tmp_path_factory.mktemp("real") / "mission"
    made = create(root, parties=["armenia", "azerbaijan"], alignments=[])
    for name, (_, accepted, duplicates) in TAKEN.items():
        assert counts(take(made, name)) == (accepted, duplicates, 0, 0), name
    return made


def test_importing_every_file_again_adds_nothing(mission: Mission) -> None:
    size, before = mission.log.size, Views(mission).observed().observations
    for name, (_, accepted, duplicates) in TAKEN.items():
        again = take(Mission.open(mission.root), name)
        assert counts(again) == (0, accepted + duplicates, 0, 0), name
    reopened = Mission.open(mission.root)
    assert reopened.log.size == size == 1 + len(TAKEN)
    assert Views(reopened).observed().observations.equals(before)


def test_the_same_rows_in_another_file_are_all_duplicates(mission: Mission, tmp_path: Path) -> None:
    root = tmp_path / "mission"
    for suffix in ("", ".keys"):
        shutil.copytree(f"{mission.root}{suffix}", f"{root}{suffix}")
    copy, name = Mission.open(root), "firms_viirs_ukraine/viirs_snpp_nrt_2023-02-24_07-31.csv"
    head, *rows = shared(name).read_text().splitlines(keepends=True)
    other = tmp_path / "turned.csv"
    other.write_text(head + "".join(reversed(rows)))
    assert counts(import_file(copy, other)) == (0, TAKEN[name][1], 0, 0)


def test_from_the_originals_alone_the_same_observations_come_again(mission: Mission, tmp_path: Path) -> None:
    verify(mission.root)
    before = Views(mission).observed()
    again = Views(mission, tmp_path).observed()
    assert again.observations.equals(before.observations)
    assert before.observations.num_rows == sum(accepted for _, accepted, _ in TAKEN.values())


def test_statements_take_the_missions_names_of_parties_and_places(tmp_path: Path) -> None:
    """The file says AM and AZ, and places by name; settings say what they are here."""
    mission = create(tmp_path / "mission", parties=["armenia", "azerbaijan"], alignments=[])
    town = {
        "type": "Feature", "geometry": {"type": "Point", "coordinates": [46.75, 39.82]},
        "properties": {"id": "place-1", "role": "place", "names": {"en": "Stepanakert"}, "error_m": 2000},
    }  # fmt: skip
    drawn = tmp_path / "places.geojson"
    drawn.write_text(json.dumps({"type": "FeatureCollection", "features": [town]}))
    settings = {**PARTIES, "geometry": str(drawn)}
    assert counts(import_file(mission, shared(CLAIMS))) == (28, 0, 0, 0)
    made = import_file(mission, shared(CLAIMS), settings=settings)
    assert (made.accepted, made.rejected, made.duplicates + made.superseded) == (0, 0, 28)
    assert counts(import_file(mission, shared(CLAIMS), settings=settings)) == (0, 28, 0, 0)
    observed = Views(mission).observed().observations.to_pylist()
    assert len(observed) == 28
    assert Counter(row["accused"] for row in observed) == {"azerbaijan": 10, "armenia": 11, None: 7}
    assert {row["actor"] for row in observed} == {"armenia", "azerbaijan", "NK", None}
    placed = [row for row in observed if row["lon_udeg"] is not None]
    assert placed
    assert {row["lon_udeg"] for row in placed} == {46_750_000}
    assert len(mission.of(Import)) == 2
    shutil.rmtree(mission.root / "views")
    assert Views(Mission.open(mission.root)).observed().observations.to_pylist() == observed


@pytest.mark.parametrize("name", ["osce_smm/osce_smm_summaries_2020.csv", "ged_donbas/observations.csv"])
def test_what_is_no_observation_is_refused_and_says_so(tmp_path: Path, name: str) -> None:
    mission = create(tmp_path / "mission", parties=[], alignments=[])
    with pytest.raises(IntakeError, match="INT-006"):
        import_file(mission, shared(name))
    assert mission.log.size == 1
