"""An adversary who mirrors the whole log, and has every ciphertext as well: what it learns, and what it does not.

It wants to know who reported, when, and how much. It has `log/`, `blobs/`, `reports/`, `sealed/payloads`, `sealed/files`
and the program; it lacks the keys of mission and auditor, and `sealed/keys`, which never leave.
"""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from truceline.errors import EvidenceError
from truceline.evidence.commitments import commitment_of, leaf
from truceline.log.log import Log
from truceline.mission import evidence
from truceline.mission.computing import read_shown
from truceline.mission.mission import Mission
from truceline.records.canonical import canonical
from truceline.records.columns import layer_of
from truceline.records.kinds import Commitments, Incidents, Observation, Watch, decode

Said = tuple[Observation | Watch, str]


def sealed_records(mission: Mission) -> list[Said]:
    """For the test to know what the adversary ought not to."""
    found: list[Said] = []
    for entry, batch in mission.of(Commitments):
        for one in evidence._said(mission, entry, batch).values():
            body = decode(one.kind, one.body)
            if isinstance(body, (Observation, Watch)):
                found.append((body, entry.at))
    return found


@pytest.fixture
def stolen(tiny: Path, tmp_path: Path) -> Path:
    """What the adversary has."""
    copy = tmp_path / "stolen"
    shutil.copytree(tiny, copy, ignore=lambda folder, names: [n for n in names if n in ("keys", "views")])
    return copy


def public_bytes(root: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file())


def test_it_finds_no_source_no_record_id_and_no_post(tiny: Path, stolen: Path) -> None:
    mission = Mission.open(tiny)
    seen = public_bytes(stolen)
    records = [
        body
        for body, _ in sealed_records(mission)
        if not str(body.row["source_id"]).startswith("EXERCISE-party")
    ]
    assert len(records) > 50
    incidents = {row["incident_id"] for _, body in mission.of(Incidents) for row in read_shown(mission, body)}
    for body in records:
        assert str(body.row["source_id"]).encode() not in seen
        name = str(body.row["watch_id" if isinstance(body, Watch) else "obs_id"])
        assert (
            name in incidents or name.encode() not in seen
        )  # in an exercise; of a real mission see test_naming.py
    posts = mission.posts()
    assert posts
    for post in posts:
        lon, lat = post["geometry"]["coordinates"]
        assert f"{lon}".encode() not in seen
        assert f"{round(lat * 1e6)}".encode() not in seen


def test_it_opens_nothing_without_the_keys(stolen: Path) -> None:
    there = Mission.open(stolen, stolen / "no-keys")
    entry, batch = there.of(Commitments)[0]
    with pytest.raises(EvidenceError, match="EVI-011"):
        there.vault.open_batch(batch.payloads_digest, batch.commitments)
    assert evidence.disclosed(there, entry, batch) == {}


def test_it_cannot_count_one_record_looks_like_a_full_batch(tiny: Path) -> None:
    """How much: entry and payload of one record are as long as those of as many as fit."""
    mission = Mission.open(tiny)
    observations = [body for body, _ in sealed_records(mission) if isinstance(body, Observation)]
    shapes = []
    for count in (1, 40):
        first, held = mission.log.size, set((tiny / "sealed" / "payloads").rglob("*"))
        again = [_renamed(body, f"{count}-{number}") for number, body in enumerate(observations[:count])]
        mission.seal(again)
        (payload,) = [
            one for one in (tiny / "sealed" / "payloads").rglob("*") if one not in held and one.is_file()
        ]
        entry = mission.log.entry(first)[2]
        shapes.append((len(entry.body["commitments"]), payload.stat().st_size, mission.log.size - first))
    assert shapes[0] == shapes[1]


def _renamed(body: Observation, mark: str) -> Observation:
    return Observation(body.row | {"obs_id": f"again-{mark}"})


def test_dictionary_every_place_and_hour_of_the_grid_matches_no_commitment(tiny: Path) -> None:
    """A party guesses coordinates from commitments: the salts are 256 bits, and equal values differ."""
    mission = Mission.open(tiny)
    body = next(one for one, _ in sealed_records(mission) if isinstance(one, Observation))
    first = mission.log.size
    mission.seal([_renamed(body, "a"), _renamed(body, "b")])
    batch = mission.of(Commitments)[-1][1]
    assert mission.log.size == first + 1
    assert len(set(batch.commitments)) == len(batch.commitments)
    opened = mission.vault.open_batch(batch.payloads_digest, batch.commitments)
    real = [one for one in opened if one.record.disclosed]
    assert real[0].record.disclosed == real[1].record.disclosed  # equal values
    truth = json.loads(real[0].record.disclosed)
    assert mission.sectors is not None
    guesses = 0
    salts = [bytes(32), b"\xff" * 32, *(bytes.fromhex(one) for one in batch.commitments[:2])]
    for sector in mission.sectors.ids:
        for hour in range(-24, 25):
            row = truth | {"area_id": sector}
            row |= {name: truth[name] + hour * 3_600_000 for name in ("observed_from_ms", "observed_to_ms")}
            for salt in salts:
                shown = leaf(salt, canonical(row))
                for other in (bytes(32), real[0].sealed_leaf):  # even with the other half known
                    guesses += 1
                    assert commitment_of(other, shown) not in batch.commitments
    assert guesses > 1_000
    assert (
        commitment_of(real[0].sealed_leaf, leaf(real[0].disclosed_salt, canonical(truth)))
        == real[0].commitment
    )


def test_after_the_delay_it_learns_the_coarse_form_and_nothing_finer(tiny: Path, tmp_path: Path) -> None:
    mission = Mission.open(tiny)
    evidence.disclose(mission)
    there = Log.open(tiny)
    assert there.size == mission.log.size
    rows = [
        row
        for entry, batch in mission.of(Commitments)
        for row in evidence.disclosed(mission, entry, batch).values()
    ]
    assert rows
    sources = {str(body.row["source_id"]) for body, _ in sealed_records(mission)}
    for row in rows:
        assert row["observed_from_ms"] % 3_600_000 == row["observed_to_ms"] % 3_600_000 == 0
        assert not {
            "obs_id",
            "text",
            "url",
            "lon_udeg",
            "lat_udeg",
            "bearing_mdeg",
            "range_min_m",
            "place_name",
        } & set(row)
        assert row["source_id"] not in sources
        sealed = {name for name in row if layer_of(name) == "sealed"} - {"source_id", "description"}
        assert not sealed
        assert row.get("description", "unknown") == "unknown"


def test_it_follows_a_pseudonym_for_a_week_and_loses_it_in_the_next(tiny: Path) -> None:
    mission = Mission.open(tiny)
    body = next(one for one, _ in sealed_records(mission) if isinstance(one, Observation))
    week = 7 * 86_400_000
    monday = (
        int(body.row["observed_from_ms"]) // week * week + 4 * 86_400_000
    )  # weeks since 1970 begin on a Thursday
    moments = [monday + 3_600_000, monday + 2 * 86_400_000, monday + week + 3_600_000]
    mission.seal([
        Observation(body.row | {"obs_id": f"w{n}", "observed_from_ms": at, "observed_to_ms": at + 1}) for n, at in enumerate(moments)
    ])  # fmt: skip
    batch = mission.of(Commitments)[-1][1]
    opened = mission.vault.open_batch(batch.payloads_digest, batch.commitments)
    names = [json.loads(one.record.disclosed)["source_id"] for one in opened if one.record.disclosed]
    assert names[0] == names[1] != names[2]


def test_watches_and_enrolments_are_never_told_from_dummies(tiny: Path) -> None:
    """Where somebody watched, and when, leaves no trace: not even after everything was disclosed."""
    mission = Mission.open(tiny)
    evidence.disclose(mission)
    kinds: dict[str, set[bool]] = defaultdict(set)
    for entry, batch in mission.of(Commitments):
        shown = evidence.disclosed(mission, entry, batch)
        opened = mission.vault.open_batch(batch.payloads_digest, batch.commitments)
        for number, one in enumerate(opened):
            kind = "dummy" if one.is_dummy else evidence._envelope(mission, one)["kind"]
            kinds[kind].add(number in shown)
    assert kinds["watch"] == kinds["dummy"] == kinds["key"] == {False}


def test_what_it_does_learn_is_when_batches_were_signed_and_how_many(tiny: Path, stolen: Path) -> None:
    there = Mission.open(stolen, stolen / "no-keys")
    truth = Mission.open(tiny)
    assert [(one.at, len(body.commitments)) for one, body in there.of(Commitments)] == [
        (one.at, 64) for one, _ in truth.of(Commitments)
    ]
