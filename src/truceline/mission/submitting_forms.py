"""Submissions of ODK clients: each instance once, with its files, signed by the mission for the source.

A client of ODK neither signs nor seals. What it sends is protected by the line and by whatever the phone does; the record says
`capture.form`. An instance may come in parts (`*isIncomplete*`) and any number of times.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from truceline.errors import CheckFailed, EvidenceError, IntakeError
from truceline.field.forms import BANDS, CONFIDENCE, Form, forms
from truceline.field.openrosa import Instance, instance
from truceline.log.files import write_durably
from truceline.mission import sealing
from truceline.mission.clock import from_iso
from truceline.mission.device_list import Device
from truceline.mission.heard import judge
from truceline.mission.mission import Mission, alone
from truceline.mission.receiving import MOST_MEDIA_BYTES, keep_aside, media_path
from truceline.records.kinds import Observation, Watch

_FILES: Final = ("photo", "voice")
_UNKNOWN_BAND: Final = (0, 15_000)


def forms_of(mission: Mission, *, validate: bool = False) -> dict[str, Form]:
    """The mission's forms by id. Raises EnvironmentFailure FLD-020."""
    parties = {
        one.id: one.names.get("en") or next(iter(one.names.values()), one.id)
        for one in mission.genesis.parties
    }
    return forms(parties, exercise=mission.genesis.exercise, validate=validate)


@alone
def submit(
    mission: Mission, device: Device, raw: bytes, files: Mapping[str, bytes], *, complete: bool = True
) -> str:
    """Take a submission, or a part of one.

    Returns:
        "created" something new is durable here, "again" all of it was there, "kept" it breaks a rule and waits for an officer.
    Raises:
        IntakeError: INT-032 not an instance; INT-033 the same instance with other answers. UsageError: MIS-003, MIS-020.
        EnvironmentFailure: ENV-001, ENV-003.
    """
    mission.refuse_record()
    said = instance(raw)
    place = sealing.field_folder(mission) / "openrosa" / device.name / _digest(said.instance_id.encode())
    done, digest = place.with_suffix(".done"), _digest(raw)
    first = _first(place.with_suffix(".digest"), digest, said)
    fresh = {name: content for name, content in files.items() if _keep_file(mission, place, name, content)}
    if done.exists():
        return "created" if fresh else "again"
    if not complete:
        return "created" if first or fresh else "again"
    try:
        body = _body(mission, device, said, _held(place))
        judge(body, device.observer, exercise=mission.genesis.exercise, where=device.name)
    except CheckFailed as problem:
        keep_aside(mission, device, said.instance_id, raw, problem)
        write_durably(done, problem.code.encode(), mode=0o600)
        return "kept"
    mission.seal([body])
    write_durably(done, b"", mode=0o600)
    return "created"


def _first(path: Path, digest: str, said: Instance) -> bool:
    if not path.exists():
        write_durably(path, digest.encode(), mode=0o600)
        return True
    if path.read_text() != digest:
        raise IntakeError(
            "INT-033", "an instance must say the same each time it is sent", where=said.form, value=said.instance_id,
            remedy="Fill in a new form: what was sent is never rewritten.",
        )  # fmt: skip
    return False


def _keep_file(mission: Mission, place: Path, name: str, content: bytes) -> bool:
    """Hash the original bytes before anything else, and keep them sealed. Whether they are new."""
    if len(content) > MOST_MEDIA_BYTES:
        raise EvidenceError(
            "EVI-062", f"a file may have at most {MOST_MEDIA_BYTES >> 20} MiB", where=name, value=len(content),
            remedy="Take a smaller photo or a shorter voice note.",
        )  # fmt: skip
    digest = _digest(content)
    link = place.with_suffix(".files") / _digest(name.encode())
    if link.exists():
        return False
    if not media_path(mission, digest).exists():
        write_durably(media_path(mission, digest), mission.vault.lock(content), mode=0o600)
    write_durably(link, json.dumps({"name": name, "media": digest}).encode(), mode=0o600)
    return True


def _held(place: Path) -> dict[str, str]:
    told = [json.loads(one.read_bytes()) for one in sorted(place.with_suffix(".files").glob("*"))]
    return {one["name"]: one["media"] for one in told}


def _body(mission: Mission, device: Device, said: Instance, held: Mapping[str, str]) -> Observation | Watch:
    answers, exercise = said.answers, mission.genesis.exercise
    mark = "EXERCISE-" if exercise else ""
    ident = f"{mark}{_digest(f'{device.observer}/{said.instance_id}'.encode())[:32]}"
    capture: dict[str, str | int | bool] = {
        "form": "odk",
        "clock": "device",
        "received_ms": mission.clock_ms(),
    }
    lon, lat, error = _position(answers.get("position", ""))
    row: dict[str, Any] = {"source_id": device.observer, "source_kind": device.kind, "exercise": exercise}
    if lon is not None:
        row |= {"lon_udeg": lon, "lat_udeg": lat}
        capture |= {"place_by": "gps", "gps_error_m": error}
    if said.form == "watch":
        row |= {
            "watch_id": ident, "from_ms": _moment(answers, "from"), "to_ms": _moment(answers, "to"),
            "outcome": answers.get("outcome", ""), "radius_m": device.radius_m,
        }  # fmt: skip
        row |= {
            name: answers[answer]
            for name, answer in (("blocked_by", "blocked_by"), ("quoted_reason", "reason"))
            if answer in answers
        }
        return Watch(row, "0", capture)
    if said.form != "observation":
        raise IntakeError("INT-032", "a submission must be of a form of the mission", value=said.form, remedy="Fetch the forms again.")  # fmt: skip
    when, count, bearing = _moment(answers, "when"), _whole(answers, "count"), _whole(answers, "bearing")
    near, far = BANDS.get(answers.get("distance", ""), _UNKNOWN_BAND)
    row |= {
        "obs_id": ident, "stance": "report", "observed_from_ms": when, "observed_to_ms": when, "time_precision": "exact",
        "means": answers.get("means", ""), "act": answers.get("act", ""), "description": answers.get("description", "unknown"),
        "weapon": answers.get("weapon", "unknown"), "count_min": 1 if count is None else count,
        "place_kind": "unknown" if lon is None else "point" if bearing is None else "sector",
    }  # fmt: skip
    if count is not None:
        row["count_max"] = count
    if lon is not None and bearing is not None:
        row |= {
            "bearing_mdeg": bearing * 1000,
            "bearing_step_mdeg": 15_000,
            "range_min_m": near,
            "range_max_m": far,
        }
    elif lon is not None:
        row["error_m"] = far * 7 // 10 + error
    if "text" in answers:
        row["text"] = f"EXERCISE: {answers['text']}" if exercise else answers["text"]
    if answers.get("confidence") in CONFIDENCE:
        capture["confidence"] = answers["confidence"]
    named = [answers[name] for name in _FILES if name in answers]
    absent = sorted(set(named) - set(held))
    if absent:
        capture["files_missing"] = len(absent)
    return Observation(row, "0", tuple(held[name] for name in named if name in held), capture)


def _position(text: str) -> tuple[int | None, int, int]:
    """Micro-degrees and metres of a geopoint: latitude, longitude, altitude, accuracy."""
    if not text:
        return None, 0, 0
    try:
        lat, lon, *more = (float(one) for one in text.split())
        return round(lon * 1e6), round(lat * 1e6), round(more[1]) if len(more) > 1 else 0
    except (ValueError, OverflowError) as problem:
        raise IntakeError("INT-108", "a geopoint must be latitude, longitude, altitude and accuracy", value=text, remedy="Correct the answer.") from problem  # fmt: skip


def _moment(answers: Mapping[str, str], name: str) -> int:
    try:
        return from_iso(answers[name])
    except (KeyError, ValueError, OverflowError) as problem:
        raise IntakeError("INT-109", f"{name} must be a time with its offset", value=answers.get(name), remedy="Correct the answer.") from problem  # fmt: skip


def _whole(answers: Mapping[str, str], name: str) -> int | None:
    try:
        return int(answers[name]) if name in answers else None
    except ValueError as problem:
        raise IntakeError("INT-106", f"{name} must be a whole number", value=answers[name], remedy="Correct the answer.") from problem  # fmt: skip


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
