"""What an incident's name tells: nothing to whoever lacks the mission's key, always the same to whoever has it."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from truceline import agreement as agreements
from truceline.errors import EvidenceError
from truceline.mission import computing
from truceline.mission.living import Living
from truceline.mission.mission import NAMES_KEY, Mission
from truceline.mission.naming import named_by, with_key
from truceline.mission.regrouping import merge
from truceline.mission.replaying import replay
from truceline.mission.verifying import verify
from truceline.records.columns import NEVER_NULL
from truceline.records.kinds import Decision, Genesis, Incidents, Observation
from truceline.records.parties import Party

DAY_MS = 86_400_000
START_MS = 1_900_000_000_000


def begun(folder: Path, exercise: bool = False) -> Mission:
    parties = tuple(Party(one, {"en": one}) for one in ("north", "south"))
    return Mission.create(
        folder,
        Genesis("m", exercise, parties, (), (), {}, {"disclosure_delay_ms": 0}),
        keys=folder.with_suffix(".k"),
    )


def seen(number: int, day: int) -> Observation:
    row: dict[str, str | int | bool] = dict.fromkeys(NEVER_NULL, "unknown")
    at = START_MS + day * DAY_MS
    row |= {
        "obs_id": f"patrol-7-{number:04d}", "source_id": "patrol-7", "source_kind": "patrol", "act": "explosion", "exercise": False,
        "observed_from_ms": at, "observed_to_ms": at + 60_000, "received_at_ms": at, "lon_udeg": 46_000_000, "lat_udeg": 39_000_000,
        "radius_m": 500,
    }  # fmt: skip
    return Observation(row)


@pytest.fixture
def mission(tmp_path: Path) -> Mission:
    made = begun(tmp_path / "m")
    made.seal([seen(number, 10 * number) for number in range(5)])
    return made


def public_bytes(root: Path) -> bytes:
    return b"\n".join(
        path.read_bytes()
        for place in ("log", "blobs", "reports", "policy")
        for path in sorted((root / place).rglob("*"))
        if path.is_file()
    )


def test_an_adversary_with_the_whole_log_finds_no_name_of_a_source_in_what_is_published(
    mission: Mission,
) -> None:
    """It has the log and all that is disclosed, and knows how patrols name what they report: to no avail."""
    made = computing.fuse(mission)
    published = public_bytes(mission.root)
    names = made.table.column("incident_id").to_pylist()
    assert len(names) == 5
    assert all(name.encode() in published for name in names)
    assert b"patrol-7" not in published
    guesses = [f"patrol-{team}-{number:04d}" for team in range(1, 20) for number in range(50)]
    keys = [b"", bytes(32), mission.genesis.name.encode(), mission.log.origin.encode(), mission.log.key.key]
    keys += [bytes.fromhex(str(mission.genesis.settings[NAMES_KEY])), mission.log.tree.leaf(0)]
    assert not {with_key(key)(guess) for key in keys for guess in guesses} & set(names)


def test_the_order_and_the_shape_of_names_say_nothing(mission: Mission) -> None:
    named = with_key(bytes(range(32)))
    names = {name: named(name) for name in (f"patrol-7-{n:04d}" for n in range(200))}
    assert len(set(names.values())) == 200
    assert {len(one) for one in names.values()} == {18}
    ranks = [sorted(names.values()).index(one) for one in names.values()]
    rising = sum(a < b for a, b in pairwise(ranks))
    assert 60 < rising < 140  # about half, as of numbers drawn by lot
    computing.fuse(mission)
    shown = [row["incident_id"] for row in computing.read_shown(mission, mission.of(Incidents)[-1][1])]
    assert shown == sorted(shown)


def test_names_stay_and_that_of_a_merged_incident_leads_to_where_its_observation_is_now(
    mission: Mission,
) -> None:
    before = computing.fuse(mission).table.column("incident_id").to_pylist()
    mission.seal([seen(9, 42)])
    after = computing.fuse(mission).table.column("incident_id").to_pylist()
    name = named_by(mission)
    early, late = name("patrol-7-0004"), name("patrol-7-0009")
    assert set(after) == {*before, late}
    mission.record(Decision("d1", late, "noted", {}), "commission")
    merge(mission, [early, late], role="officer-1", reason="one and the same")
    made = computing.fuse(mission)
    assert late not in made.table.column("incident_id").to_pylist()
    assert made.decided is not None
    assert [(one["incident_id"], one["now"]) for one in made.decided.to_pylist()] == [(late, early)]


def test_a_replay_names_them_again_and_without_the_key_nobody_does(mission: Mission, tmp_path: Path) -> None:
    computing.fuse(mission)
    shutil.rmtree(mission.root / "views")
    again = Mission.open(mission.root, mission.keys.folder)
    assert replay(again).identical
    verify(mission.root)
    stolen = tmp_path / "stolen"
    shutil.copytree(mission.root, stolen, ignore=lambda folder, names: [n for n in names if n == "keys"])
    with pytest.raises(EvidenceError, match="EVI-01"):
        named_by(Mission.open(stolen, tmp_path / "none"))


def test_two_missions_name_the_same_observation_differently_and_an_exercise_by_its_own_id(
    tmp_path: Path,
) -> None:
    one, two = named_by(begun(tmp_path / "one")), named_by(begun(tmp_path / "two"))
    assert one("patrol-7-0001") != two("patrol-7-0001")
    assert named_by(begun(tmp_path / "three", exercise=True))("EXERCISE-1") == "EXERCISE-1"


def test_what_is_fused_live_bears_the_names_that_stand(mission: Mission) -> None:
    computing.adopt(mission, agreements.pack("exercise-accord"))
    computing.fuse(mission)
    living = Living(mission)
    assert (living.first.gone, living.first.incidents.num_rows) == ((), 0)
    mission.seal([seen(7, 77)])
    changed = living.take()
    assert changed is not None
    assert changed.incidents.column("incident_id").to_pylist() == [named_by(mission)("patrol-7-0007")]
