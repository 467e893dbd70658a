"""A mission with a cadence: one batch a tick, of one size, whoever reported or not; nothing is lost on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from truceline.cli.init import CADENCE_MINUTES, create
from truceline.mission import auditing, sealing
from truceline.mission.mission import Mission
from truceline.mission.verifying import verify
from truceline.mission.views import Views
from truceline.records.columns import NEVER_NULL
from truceline.records.kinds import Commitments, Genesis, Observation
from truceline.records.parties import Party


@pytest.fixture
def mission(tmp_path: Path) -> Mission:
    parties = tuple(Party(one, {"en": one}) for one in ("north", "south"))
    settings: dict[str, str | int | bool] = {"commit_cadence_ms": 600_000, "batch_size": 4}
    return Mission.create(tmp_path / "m", Genesis("m", False, parties, (), (), {}, settings))


def seen(number: int, source: str = "team-1") -> Observation:
    row: dict[str, str | int | bool] = dict.fromkeys(NEVER_NULL, "unknown")
    row |= {
        "obs_id": f"o{number}",
        "source_id": source,
        "observed_from_ms": 1,
        "observed_to_ms": 2,
        "exercise": False,
    }
    return Observation(row)


def ids(mission: Mission) -> list[str]:
    return sorted(Views(mission).observed().observations.column("obs_id").to_pylist())


def test_records_wait_and_each_tick_makes_one_batch_of_one_size(mission: Mission) -> None:
    assert mission.seal([seen(n) for n in range(5)]) == 0
    assert mission.of(Commitments) == []
    assert len(sealing.waiting(mission)) == 5
    entry = sealing.commit(mission)
    assert entry is not None
    assert sealing.commit(mission) is None  # the tick has had its batch
    assert ids(mission) == ["o0", "o1", "o2"]  # the enrolment takes a place
    for _ in range(2):
        assert sealing.commit(mission, now=True) is not None
    assert ids(mission) == ["o0", "o1", "o2", "o3", "o4"]
    assert sealing.waiting(mission) == []
    assert [len(body.commitments) for _, body in mission.of(Commitments)] == [4, 4, 4]
    sizes = {
        mission.vault.payloads.path(body.payloads_digest).stat().st_size
        for _, body in mission.of(Commitments)
    }
    assert len(sizes) == 1  # the last one is all dummies
    verify(mission.root)
    assert auditing.audit(Mission.open(mission.root)).problems == []


def test_what_waits_is_closed_to_whoever_has_the_folder(mission: Mission) -> None:
    mission.seal([seen(1, "team-77")])
    for path in (one for one in mission.root.rglob("*") if one.is_file()):
        assert b"team-77" not in path.read_bytes()
        assert "team-77" not in path.name


@pytest.mark.parametrize("step", ["pending", "kept", "marked", "recorded"])
def test_a_kill_on_the_way_loses_nothing_and_doubles_nothing(
    mission: Mission, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mission.seal([seen(0)])

    class Killed(BaseException):
        pass

    def die(*arguments: object, **named: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):  # noqa: PT012  four ways to die, one check
        if step == "pending":
            patch.setattr(sealing, "write_durably", die)
            mission.seal([seen(1)])
        elif step == "kept":
            patch.setattr(sealing.Observers, "keep", die)
            mission.seal([seen(1)])
        elif step == "marked":
            patch.setattr(Mission, "record", die)
            sealing.commit(mission)
        else:
            whole = Mission.record

            def record_and_die(*arguments: object, **named: object) -> None:
                whole(*arguments, **named)  # type: ignore[arg-type]
                raise Killed

            patch.setattr(Mission, "record", record_and_die)
            sealing.commit(mission)
    again = Mission.open(mission.root)
    again.seal([seen(2)])
    for _ in range(2):
        sealing.commit(again, now=True)
    expected = {"pending": ["o0", "o2"], "kept": ["o0", "o1", "o2"]}.get(step, ["o0", "o2"])
    assert ids(again) == expected
    assert sealing.waiting(again) == []
    assert auditing.audit(Mission.open(mission.root)).problems == []


def test_a_real_mission_has_a_cadence_unless_it_was_switched_off_and_an_exercise_has_none(
    tmp_path: Path,
) -> None:
    def cadence_ms(name: str, **said: bool | int) -> object:
        return create(tmp_path / name, parties=["north", "south"], alignments=[], **said).setting(
            "commit_cadence_ms"
        )  # type: ignore[arg-type]

    assert cadence_ms("real") == CADENCE_MINUTES * 60_000 > 0
    assert cadence_ms("off", cadence_minutes=0) == 0
    assert cadence_ms("exercise", exercise=True) == 0
    assert cadence_ms("own", exercise=True, cadence_minutes=3) == 180_000
