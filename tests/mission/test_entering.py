"""What people write: judged first, recorded whole, never twice, each signed by whom it speaks for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.csv
import pytest

from truceline.errors import TrucelineError, UsageError
from truceline.mission.entering import enter
from truceline.mission.exercise import open_exercise
from truceline.mission.mission import Mission
from truceline.mission.verifying import verify
from truceline.mission.views import Views
from truceline.mission.writing import BY_HAND, roster
from truceline.records.kinds import KINDS, Alignment, Consent, Genesis, Notice, Party, Reply, Watch
from truceline.simulate.exercise import build

ROOT = Path(__file__).parents[2]


@pytest.fixture
def mission(tmp_path: Path) -> Mission:
    """Two parties, nothing recorded."""
    parties = tuple(Party(name, {"en": name}) for name in ("north-1", "south-1"))
    sides = (Alignment("north", ("north-1",)), Alignment("south", ("south-1",)))
    return Mission.create(tmp_path / "mission", Genesis("test", False, parties, sides, (), {}, {}))


def write(tmp_path: Path, *records: dict[str, Any], name: str = "acts.json") -> Path:
    path = tmp_path / name
    path.write_text(json.dumps(list(records)))
    return path


def watch(**more: Any) -> dict[str, Any]:
    return {
        "kind": "watch", "watch_id": "w1", "source_id": "post-3", "source_kind": "post", "from": "2026-03-12T06:00:00+04:00",
        "to": "2026-03-12T18:00:00+04:00", "outcome": "watched", "lon_deg": -29.95, "lat_deg": "46.08", "radius_m": 7000,
    } | more  # fmt: skip


NOTICE = {
    "kind": "notice",
    "notice_id": "n1",
    "content": "Please answer.",
    "answer_by": "2026-03-13T12:00:00+04:00",
}
REPLY = {
    "kind": "reply",
    "reply_id": "r1",
    "to": "n1",
    "party": "south-1",
    "position": "contests",
    "text": "No.",
}
CONSENT = {
    "kind": "consent",
    "consent_id": "k1",
    "party": "north-1",
    "task": "flights",
    "given": True,
    "from_time": "2026-03-14T00:00:00Z",
}
COMPLAINT = {
    "kind": "complaint", "complaint_id": "c1", "by": "north-1", "about": "south", "claim": "three rounds", "occurred_from": "2026-03-12",
    "occurred_to": "2026-03-12",
}  # fmt: skip
OBSERVATION = {
    "kind": "observation", "obs_id": "o1", "source_id": "post-3", "source_kind": "post", "observed_from": "2026-03-12T09:00:00+04:00",
    "observed_to": "2026-03-12T09:01:00+04:00", "act": "explosion", "means": "heard", "text": "one\nexplosion",
}  # fmt: skip


def test_each_is_signed_by_whom_it_speaks_for_and_what_observers_do_is_sealed(
    mission: Mission, tmp_path: Path
) -> None:
    made = enter(mission, write(tmp_path, watch(), OBSERVATION, COMPLAINT, NOTICE, REPLY, CONSENT))
    assert (made.recorded, made.sealed, made.duplicates) == (4, 2, 0)
    signed = {type(one.body).__name__: one.author for one in mission.entries()[1:]}
    assert signed == {
        "Commitments": "intake", "Complaint": "north-1", "Notice": "registrar", "Reply": "south-1", "Consent": "north-1",
    }  # fmt: skip
    (notice,) = (body for _, body in mission.of(Notice))
    assert notice.to == ("north-1", "south-1")
    (row,) = Views(mission).watches().to_pylist()
    assert (row["lon_udeg"], row["lat_udeg"], row["to_ms"] - row["from_ms"], row["exercise"]) == (
        -29_950_000,
        46_080_000,
        43_200_000,
        False,
    )
    assert Views(mission).observed().observations.column("text").to_pylist() == ["one\nexplosion"]
    assert b"post-3" not in b"".join(
        path.read_bytes() for path in (mission.root / "log").rglob("*") if path.is_file()
    )
    verify(mission.root)


def test_what_stands_already_adds_nothing(mission: Mission, tmp_path: Path) -> None:
    path = write(tmp_path, watch(), OBSERVATION, COMPLAINT, NOTICE, REPLY, CONSENT)
    enter(mission, path)
    size = mission.log.size
    made = enter(Mission.open(mission.root), path)
    assert (made.recorded, made.sealed, made.duplicates) == (0, 0, 6)
    assert Mission.open(mission.root).log.size == size


def test_yaml_says_the_same_as_json(mission: Mission, tmp_path: Path) -> None:
    path = tmp_path / "acts.yaml"
    path.write_text(
        "kind: consent\nconsent_id: k1\nparty: north-1\ntask: flights\ngiven: true\nfrom_time: 2026-03-14T00:00:00Z\n"
    )
    enter(mission, path)
    assert enter(mission, write(tmp_path, CONSENT)).duplicates == 1
    assert [body.given for _, body in mission.of(Consent)] == [True]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"kind": "genesis"}, "MIS-111"), ({"kind": "report"}, "truceline report"), ({"kind": "rumour"}, "MIS-111"), ({}, "MIS-111"),
        (watch(outcome="asleep"), "MIS-112"), (watch(to="2026-03-12T05:00:00+04:00"), "end after"),
        (watch(to="2026-03-12T18:00:00"), "offset"), (watch(lon_deg=190), "at most 180"), (watch(lat_deg="nan"), "MIS-112"),
        (watch(lat_deg=None), "lon_deg and lat_deg"), (watch(lon_deg=None, lat_deg=None), "where"), (watch(radius_m=-1), "radius_m"),
        (watch(radius_m=10**12), "radius_m"), (watch(lon_udeg=5), "known fields"), (watch(source_id=None), "`source_id`"),
        (watch(source_id=7), "text"), ({**OBSERVATION, "act": "banana"}, "INT-107"), ({**OBSERVATION, "observed_from": "soon"}, "INT-109"),
        ({**CONSENT, "party": "east-1"}, "north-1, south-1"), ({**CONSENT, "from_time": "2026-03-14"}, "offset"),
        ({**CONSENT, "given": "yes"}, "REC-011"), ({**CONSENT, "author": "south-1"}, "MIS-005"), ({**CONSENT, "extra": 1}, "REC-011"),
        ({**NOTICE, "to": ["north-1"]}, "all parties alike"), ({**NOTICE, "content_digest": "0" * 64}, "SHA-256"),
        ({**REPLY, "to": "n9"}, "none yet"), ({**REPLY, "position": "maybe"}, "accepts"), ({**COMPLAINT, "by": "x"}, "known"),
        ({**COMPLAINT, "occurred_from": "2026-02-30"}, "date"),
        ({"kind": "review", "review_id": "v", "finding_id": "f", "reviewer_role": "officer-1", "word": "verified", "reason": ""}, "finding_id"),
    ],
)  # fmt: skip
def test_one_wrong_field_stops_the_whole_file(
    mission: Mission, tmp_path: Path, record: dict[str, Any], said: str
) -> None:
    with pytest.raises(TrucelineError) as caught:
        enter(
            mission,
            write(
                tmp_path,
                watch(watch_id="w0"),
                OBSERVATION | {"obs_id": "o0"},
                CONSENT | {"consent_id": "k0"},
                record,
            ),
        )
    assert said in str(caught.value)
    assert Mission.open(mission.root).log.size == 1
    assert Views(Mission.open(mission.root)).watches().num_rows == 0


@pytest.mark.parametrize(("first", "then"), [(CONSENT, CONSENT | {"given": False}), (watch(), watch(outcome="jammed")), (NOTICE, NOTICE | {"urgent": True})])  # fmt: skip
def test_an_id_never_names_other_words(
    mission: Mission, tmp_path: Path, first: dict[str, Any], then: dict[str, Any]
) -> None:
    enter(mission, write(tmp_path, first))
    with pytest.raises(UsageError, match="MIS-113"):
        enter(mission, write(tmp_path, then))
    with pytest.raises(UsageError, match="MIS-113"):
        enter(
            mission,
            write(tmp_path, first | {f"{first['kind']}_id": "new"}, then | {f"{first['kind']}_id": "new"}),
        )


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        b"7",
        b"- 7",
        b"just words",
        b"[{]",
        b"kind: notice\nkind: reply\n",
        b"&a [*a]",
        b"\0" * 40,
    ],
)
def test_a_file_that_holds_no_records_is_one_error(mission: Mission, tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "x.yaml").write_bytes(raw)
    with pytest.raises(TrucelineError):
        enter(mission, tmp_path / "x.yaml")
    assert mission.log.size == 1


def test_a_key_that_is_not_there_is_told_before_anything_is_written(mission: Mission, tmp_path: Path) -> None:
    (tmp_path / "mission.keys" / "south-1.key").unlink()
    with pytest.raises(UsageError, match="MIS-003"):
        enter(Mission.open(mission.root), write(tmp_path, watch(), NOTICE, REPLY))
    assert Mission.open(mission.root).log.size == 1


def test_a_party_that_answers_twice_is_heard_twice_and_a_reply_may_come_later(
    mission: Mission, tmp_path: Path
) -> None:
    enter(mission, write(tmp_path, NOTICE))
    enter(
        mission, write(tmp_path, REPLY, REPLY | {"reply_id": "r2", "party": "north-1", "position": "accepts"})
    )
    assert sorted(body.party for _, body in mission.of(Reply)) == ["north-1", "south-1"]


def test_a_roster_of_watches_comes_back_as_it_was(tmp_path: Path) -> None:
    made = build(7, 0.02)
    mission = open_exercise(tmp_path / "mission", made)
    some = made.watches.slice(0, 300)
    pyarrow.csv.write_csv(roster(some), tmp_path / "watches.csv")
    assert enter(mission, tmp_path / "watches.csv").sealed == 300
    got = Views(mission).watches().to_pylist()
    assert sorted(got, key=lambda row: row["watch_id"]) == sorted(
        some.to_pylist(), key=lambda row: row["watch_id"]
    )
    assert enter(mission, tmp_path / "watches.csv").duplicates == 300


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("a,b\n1,2\n", "roster"), ("watch_id,watch_id\nw,w\n", "roster"), ("watch_id,source_id\nw\n", "2 cells"), ('watch_id\n"w\n', "CSV"),
        ("watch_id,source_id\nw,p\n", "source_kind"), ("watch_id,exercise\nw,true\n", "never meet"), ("watch_id,kind\nw,notice\n", "known fields"),
    ],
)  # fmt: skip
def test_a_bad_roster_is_one_error(mission: Mission, tmp_path: Path, table: str, said: str) -> None:
    (tmp_path / "w.csv").write_text(table)
    with pytest.raises(UsageError, match=said):
        enter(mission, tmp_path / "w.csv")
    assert mission.log.size == 1


def test_the_fields_that_the_reference_lists_are_those_of_the_kinds() -> None:
    rows = {
        row.split("|")[1].strip(" `"): row
        for row in (ROOT / "docs/reference/records.md").read_text(encoding="utf-8").splitlines()
        if row.startswith("| `")
    }
    assert set(rows) == set(BY_HAND)
    for kind in set(BY_HAND) - {"observation", "watch"}:
        for one in msgspec.structs.fields(KINDS[kind]):
            assert f"`{one.name}`" in rows[kind], (kind, one.name)
    assert Watch in KINDS.values()
