"""What a device sends is taken once, in sequence, sealed, and nothing is lost silently."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from truceline.errors import CheckFailed, UsageError
from truceline.field import Chain
from truceline.mission import auditing, devices, receiving, sealing
from truceline.mission.clock import iso
from truceline.mission.device_list import all_devices, by_token
from truceline.mission.mission import Mission
from truceline.mission.views import Views
from truceline.records.kinds import Commitments

NewPhone = Callable[..., Any]


def statuses(told: receiving.Received) -> list[str]:
    return [one.status for one in told.answers]


def rows(mission: Mission) -> list[dict[str, Any]]:
    return Views(mission).observed().observations.to_pylist()


def test_a_report_goes_on_the_log_sealed_and_signed_by_the_device(
    mission: Mission, new_phone: NewPhone
) -> None:
    phone = new_phone()
    note = phone.say("observation", phone.heard(count=7))
    phone.say("watch", phone.watch())
    told = phone.send()
    assert statuses(told) == ["taken", "taken"]
    assert told.answers[0].receipt == hashlib.sha256(note.rpartition(b"\n\n")[0] + b"\n").hexdigest()
    (row,) = rows(mission)
    assert (row["count_min"], row["source_id"], row["act"]) == (7, "EXERCISE-team-1", "explosion")
    assert Views(mission).watches().num_rows == 1
    audit = auditing.audit(mission)
    assert audit.problems == []
    assert audit.sources == {"EXERCISE-team-1~1": 2, "registrar": 1}
    for path in (mission.root / "log").rglob("*"):
        assert not path.is_file() or b"explosion" not in path.read_bytes()


def test_the_same_envelope_any_number_of_times_is_one_record(mission: Mission, new_phone: NewPhone) -> None:
    phone = new_phone()
    phone.say("observation", phone.heard())
    first = phone.send(forget=False)
    again = phone.send(forget=False)
    assert (statuses(first), statuses(again)) == (["taken"], ["again"])
    assert first.answers[0].receipt == again.answers[0].receipt
    assert len(rows(mission)) == 1


def test_what_overtook_an_earlier_record_waits_on_the_phone(mission: Mission, new_phone: NewPhone) -> None:
    phone = new_phone()
    for _ in range(3):
        phone.say("observation", phone.heard())
    phone.queue.reverse()
    assert statuses(phone.send()) == ["later", "later", "taken"]
    assert statuses(phone.send()) == ["later", "taken"]
    assert statuses(phone.send()) == ["taken"]
    assert phone.queue == []
    assert len(rows(mission)) == 3


def test_more_than_a_batch_at_once_keeps_its_order(mission: Mission, new_phone: NewPhone) -> None:
    phone = new_phone()
    for number in range(20):
        phone.say("observation", phone.heard(count=number + 1))
    assert set(statuses(phone.send())) == {"taken"}
    while sealing.waiting(mission):
        sealing.commit(mission, now=True)
    assert sorted(row["count_min"] for row in rows(mission)) == list(range(1, 21))


@pytest.mark.parametrize("moment", ["before the file", "after the file"])
def test_a_crash_between_the_steps_takes_nothing_twice(
    mission: Mission, new_phone: NewPhone, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = new_phone()
    phone.say("observation", phone.heard())

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(
            *((sealing, "put_waiting", stop) if moment == "before the file" else (Chain, "finish", stop))
        )
        with pytest.raises(KeyboardInterrupt):
            phone.send()
    assert statuses(phone.send()) == (["taken"] if moment == "before the file" else ["again"])
    sealing.commit(mission, now=True)
    assert len(rows(mission)) == 1


def test_a_record_that_breaks_a_rule_is_sealed_and_set_aside_and_the_next_is_taken(
    mission: Mission, new_phone: NewPhone
) -> None:
    phone = new_phone()
    phone.say("observation", phone.heard(act="earthquake"))
    phone.say("watch", phone.watch(minutes=-1))
    phone.say("observation", phone.heard(lon_udeg=2**40))
    phone.say("observation", phone.heard() | {"poem": "unknown field"})
    phone.say("observation", phone.heard(source_id="EXERCISE-team-9"))
    phone.say("statement", {"statement_id": "x"})
    phone.say("observation", phone.heard())
    told = phone.send()
    assert statuses(told) == ["taken"] * 7
    assert [one.code for one in told.answers] == [
        "INT-107",
        "INT-030",
        "REC-011",
        "REC-011",
        "INT-031",
        "REC-011",
        "",
    ]
    assert len(rows(mission)) == 1
    assert {one["code"] for one in auditing.audit(mission).problems} == {
        "INT-107",
        "INT-030",
        "REC-011",
        "INT-031",
    }


def test_a_device_cannot_take_the_id_of_anothers_report(mission: Mission, new_phone: NewPhone) -> None:
    one, two = new_phone(), new_phone("EXERCISE-team-2")
    body = one.heard(count=5)
    one.say("observation", body)
    one.send()
    two.say("observation", two.heard(obs_id=body["row"]["obs_id"], count=9))
    two.send()
    assert [row["count_min"] for row in rows(mission)] == [5]


def test_a_report_under_force_looks_like_any_other_and_is_never_counted(
    mission: Mission, new_phone: NewPhone
) -> None:
    phone = new_phone()
    free, forced = phone.heard(duress="0"), phone.heard(duress="1")
    phone.say("observation", free)
    phone.say("observation", forced)
    assert len({len(raw) for _, raw in phone.queue}) == 1
    assert [(one.status, one.code) for one in phone.send().answers] == [("taken", "")] * 2
    assert [row["obs_id"] for row in rows(mission)] == [free["row"]["obs_id"]]
    assert "duress_at" in receiving.last(mission, all_devices(mission)[0])
    assert len(auditing.audit(mission).duress) == 1


def test_a_lost_device_is_heard_up_to_its_loss_and_no_further(mission: Mission, new_phone: NewPhone) -> None:
    phone = new_phone()
    phone.say("observation", phone.heard(count=1))
    lost = iso(mission.clock_ms())
    time.sleep(0.01)
    devices.revoke(mission, phone.name, lost=lost)
    phone.say("observation", phone.heard(count=2))
    told = phone.send()
    assert statuses(told) == ["taken", "kept"]
    assert told.answers[1].code == "EVI-063"
    assert told.revoked
    sealing.commit(mission, now=True)
    assert [row["count_min"] for row in rows(mission)] == [1]
    assert [held["code"] for _, held in receiving.held(mission, "kept")] == ["EVI-063"]
    assert auditing.audit(mission).problems == []


def test_a_number_said_twice_with_other_words_is_kept_for_an_officer(
    mission: Mission, new_phone: NewPhone
) -> None:
    phone = new_phone()
    phone.say("observation", phone.heard())
    phone.send()
    phone.say("observation", phone.heard(count=99), seq=0)
    told = phone.send()
    assert (statuses(told), told.answers[0].code) == (["kept"], "EVI-066")
    assert len(rows(mission)) == 1


def test_what_another_key_signed_or_nobody_sealed_is_kept(mission: Mission, new_phone: NewPhone) -> None:
    phone, thief = new_phone(), new_phone("EXERCISE-team-2")
    thief.say("observation", thief.heard())
    ident, raw = thief.queue[0]
    phone.queue.append((ident, raw))
    phone.put({"kind": "record"}, thief.sign("observation", thief.heard()))
    phone.put({"kind": "poem"}, b"")
    phone.queue.append(("noise", b"\x00" * 60))
    told = phone.send()
    assert [(one.status, one.code) for one in told.answers] == [
        ("kept", "EVI-060"), ("kept", "LOG-012"), ("kept", "EVI-061"), ("kept", "EVI-060"),
    ]  # fmt: skip
    assert len(receiving.held(mission, "kept")) == 4


def test_a_photo_comes_in_pieces_in_any_order_and_keeps_its_bytes(
    mission: Mission, new_phone: NewPhone
) -> None:
    phone, photo = new_phone(), bytes(range(256)) * 3000
    digest = hashlib.sha256(photo).hexdigest()
    pieces = [photo[start : start + 200_000] for start in range(0, len(photo), 200_000)]
    for part in reversed(range(len(pieces))):
        phone.put({"kind": "piece", "media": digest, "part": part, "parts": len(pieces)}, pieces[part])
    with pytest.raises(UsageError, match="FLD-008"):
        receiving.media(mission, digest)
    assert statuses(phone.send(forget=False)) == ["taken"] * 4
    assert statuses(phone.send()) == ["again"] * 4
    assert receiving.media(mission, digest) == photo
    assert photo[:64] not in receiving.media_path(mission, digest).read_bytes()
    phone.put({"kind": "piece", "media": "0" * 64, "part": 0, "parts": 1}, b"other bytes")
    assert phone.send().answers[0].code == "EVI-064"


def test_a_clock_that_was_off_widens_reports_and_narrows_watches(
    mission: Mission, new_phone: NewPhone
) -> None:
    phone = new_phone()
    phone.say("observation", phone.heard())
    before, patrol = phone.heard(), phone.watch(minutes=10)
    phone.say("observation", before)
    phone.say("watch", patrol)
    phone.say("clock", {"since_seq": 1, "off_ms": -120_000})
    after = phone.heard()
    phone.say("observation", after)
    assert {one.code for one in phone.send().answers} == {""}
    held = {row["obs_id"]: row for row in rows(mission)}
    widened, exact = held[before["row"]["obs_id"]], held[after["row"]["obs_id"]]
    assert widened["observed_from_ms"] == before["row"]["observed_from_ms"] - 120_000
    assert widened["observed_to_ms"] == before["row"]["observed_to_ms"]
    assert exact["observed_from_ms"] == after["row"]["observed_from_ms"]
    (watch,) = Views(mission).watches().to_pylist()
    assert (watch["from_ms"], watch["to_ms"]) == (patrol["row"]["from_ms"], patrol["row"]["to_ms"] - 120_000)
    assert auditing.audit(mission).problems == []


def test_a_second_phone_of_an_observer_is_no_second_witness(mission: Mission, new_phone: NewPhone) -> None:
    one, two = new_phone(), new_phone()
    assert (one.name, two.name) == ("EXERCISE-team-1~1", "EXERCISE-team-1~2")
    for phone in (one, two):
        phone.say("observation", phone.heard())
        phone.send()
    assert {row["source_id"] for row in rows(mission)} == {"EXERCISE-team-1"}
    assert len({one.pseudonyms for one in all_devices(mission)}) == 1
    assert auditing.audit(mission).problems == []


def test_a_check_in_is_awaited_and_one_that_is_late_shows(mission: Mission, new_phone: NewPhone) -> None:
    phone = new_phone(checkin_min=30)
    device = all_devices(mission)[0]
    now = mission.clock_ms()
    text = json.dumps({"at_ms": now, "next_ms": now + 1000, "duress": "0"}).encode()
    signed = phone.key.sign(text + b"\n")
    phone.put({"kind": "checkin"}, text + b"\n\x00" + base64.b64decode(signed.rpartition(b" ")[2])[4:])
    assert statuses(phone.send()) == ["taken"]
    told = receiving.last(mission, device)
    assert not receiving.is_overdue(device, told, now + 1000)
    assert receiving.is_overdue(device, told, now + 1001)
    phone.put({"kind": "checkin"}, text + b"\n\x00" + bytes(64))
    assert phone.send().answers[0].code == "LOG-013"


def test_with_a_cadence_nothing_on_the_log_tells_when_a_device_reported(
    mission: Mission, new_phone: NewPhone
) -> None:
    phone = new_phone()
    mission.genesis.settings["commit_cadence_ms"] = 60_000
    phone.say("observation", phone.heard())
    size = mission.log.size
    assert statuses(phone.send()) == ["taken"]
    assert mission.log.size == size
    sealing.commit(mission, now=True)
    assert len(mission.of(Commitments)) >= 1
    assert len(rows(mission)) == 1


def test_a_link_pairs_one_phone(mission: Mission, new_phone: NewPhone) -> None:
    phone = new_phone()
    with pytest.raises(UsageError, match="FLD-006"):
        phone.pair()
    device = by_token(mission, phone.token)
    assert device
    assert device.state == "paired"
    assert phone.token not in (mission.keys.folder / "devices.json").read_bytes().decode("latin-1")


def test_pairing_needs_the_text_that_was_given_and_the_key_behind_it(
    mission: Mission, phone_of: Callable[[str], Any]
) -> None:
    device, token = devices.add(mission, "EXERCISE-team-1", "patrol")
    phone = phone_of(token)
    text = devices.enrolment(mission, device, phone.key.vkey.key)
    with pytest.raises(CheckFailed, match="LOG-013"):
        devices.pair(mission, device, text, bytes(64))
    with pytest.raises(UsageError, match="FLD-007"):
        devices.pair(mission, device, text.replace(b"EXERCISE-team-1~1", b"EXERCISE-team-7~1"), bytes(64))
    phone.pair()
    other = phone_of(devices.add(mission, "EXERCISE-team-2", "patrol")[1])
    with pytest.raises(UsageError, match="FLD-007"):
        devices.pair(mission, by_token(mission, other.token), text, bytes(64))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({"observer": "Ann Smith"}, "FLD-001"), ({"observer": "team-1"}, "FLD-001"), ({"observer": "EXERCISE-a~1"}, "FLD-001"),
        ({"kind": "tank"}, "FLD-002"), ({"facing_deg": 360}, "FLD-002"), ({"post": "nowhere"}, "FLD-003"),
    ],
)  # fmt: skip
def test_a_device_that_makes_no_sense_is_refused(mission: Mission, named: dict[str, Any], code: str) -> None:
    told = {"observer": "EXERCISE-team-1", "kind": "patrol"} | named
    with pytest.raises(UsageError, match=code):
        devices.add(mission, told.pop("observer"), told.pop("kind"), **told)
    assert all_devices(mission) == []


def test_revoking_names_a_known_device_once(mission: Mission, new_phone: NewPhone) -> None:
    phone = new_phone()
    with pytest.raises(UsageError, match="FLD-004"):
        devices.revoke(mission, "EXERCISE-team-3~1")
    with pytest.raises(UsageError, match="FLD-005"):
        devices.revoke(mission, phone.name, lost="2999-01-01T00:00:00Z")
    devices.revoke(mission, phone.name)
    with pytest.raises(UsageError, match="FLD-005"):
        devices.revoke(mission, phone.name)


def test_photos_are_looked_at_and_found_again(mission: Mission, new_phone: NewPhone) -> None:
    pytest.importorskip(
        "imagehash", reason="the extra `media` is not installed: pip install 'truceline[media]'"
    )
    import io

    import numpy as np
    from PIL import Image

    from truceline.mission import photos

    coarse = np.random.default_rng(1).integers(0, 255, (8, 10, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC)
    phone, digests = new_phone(), []
    for quality in (90, 50):
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality)
        raw = out.getvalue()
        digests.append(hashlib.sha256(raw).hexdigest())
        phone.put({"kind": "piece", "media": digests[-1], "part": 0, "parts": 1}, raw)
    voice = b"a voice note"
    phone.put({"kind": "piece", "media": hashlib.sha256(voice).hexdigest(), "part": 0, "parts": 1}, voice)
    phone.send()
    assert photos.look_at(mission, digests[0]).width == 640
    assert photos.copy_of(mission, digests[0], 64)[:2] == b"\xff\xd8"
    found = photos.same_again(mission)
    assert [sorted(pair[:2]) for pair in found.pairs] == [sorted(digests)]
    assert found.unread == {hashlib.sha256(voice).hexdigest(): "EVI-070"}
