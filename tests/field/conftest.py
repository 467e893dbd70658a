"""A mission with a sector, and a stand-in for a phone that speaks the device's side of the protocol."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from truceline.field import seal_envelope
from truceline.log.entries import Entry, Seen, entry_id, sign_entry
from truceline.log.notes import SigningKey
from truceline.mission import devices, receiving
from truceline.mission.clock import iso
from truceline.mission.device_list import by_token
from truceline.mission.mission import Mission
from truceline.records.kinds import Genesis
from truceline.records.parties import Party

GEOMETRY = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature", "properties": {"id": "S1", "role": "sector"},
            "geometry": {"type": "Polygon", "coordinates": [[[-30.2, 45.8], [-29.8, 45.8], [-29.8, 46.2], [-30.2, 46.2], [-30.2, 45.8]]]},
        },
        {
            "type": "Feature", "properties": {"id": "EXERCISE-post-01", "role": "post"},
            "geometry": {"type": "Point", "coordinates": [-30.0, 46.0]},
        },
    ],
}  # fmt: skip


@dataclass
class Phone:
    """What a phone does: it signs, seals, keeps a queue, and sends."""

    mission: Mission
    token: str
    seed: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    seq: int = 0
    prev: str = ""
    queue: list[tuple[str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        device = by_token(self.mission, self.token)
        assert device
        self.profile = devices.profile(self.mission, device)
        self.name = str(self.profile["device"])
        self.key = SigningKey(self.name, self.seed)

    def pair(self) -> None:
        device = by_token(self.mission, self.token)
        assert device
        text = devices.enrolment(self.mission, device, self.key.vkey.key)
        signature = self.key.sign(text).rpartition(b" ")[2]
        devices.pair(self.mission, device, text, base64.b64decode(signature)[4:])

    def sign(self, kind: str, body: dict[str, Any], *, at: str = "", seq: int | None = None) -> bytes:
        number = self.seq if seq is None else seq
        entry = Entry(
            kind,
            self.name,
            number,
            self.prev,
            Seen(**self.profile["seen"]),
            at or iso(self.mission.clock_ms()),
            body,
        )
        note = sign_entry(self.mission.log.origin, entry, self.key)
        if seq is None:
            self.seq, self.prev = self.seq + 1, entry_id(note)
        return note

    def put(self, head: dict[str, Any], payload: bytes) -> str:
        ident = secrets.token_hex(16)
        public = X25519PublicKey.from_public_bytes(bytes.fromhex(self.profile["key"]))
        self.queue.append((ident, seal_envelope(public, self.name, ident, head, payload)))
        return ident

    def say(self, kind: str, body: dict[str, Any], **named: Any) -> bytes:
        note = self.sign(kind, body, **named)
        self.put({"kind": "record"}, note)
        return note

    def heard(self, *, count: int = 3, duress: str = "0", **row: Any) -> dict[str, Any]:
        now = self.mission.clock_ms()
        return {
            "row": {
                "obs_id": f"EXERCISE-{secrets.token_hex(16)}", "source_id": self.profile["source_id"], "source_kind": "patrol",
                "stance": "report", "observed_from_ms": now - 60_000, "observed_to_ms": now, "time_precision": "interval",
                "place_kind": "sector", "lon_udeg": -30_000_000, "lat_udeg": 46_000_000, "range_min_m": 2000, "range_max_m": 5000,
                "bearing_mdeg": 45_000, "bearing_step_mdeg": 22_500, "means": "heard", "act": "explosion", "count_min": count,
                "exercise": True, "actor": "unknown",
            } | row,
            "duress": duress, "capture": {"clock": "server", "clock_age_ms": 1000},
        }  # fmt: skip

    def watch(self, *, minutes: int = 10, outcome: str = "watched", **row: Any) -> dict[str, Any]:
        now = self.mission.clock_ms()
        return {
            "row": {
                "watch_id": f"EXERCISE-{secrets.token_hex(16)}", "source_id": self.profile["source_id"], "source_kind": "patrol",
                "from_ms": now - minutes * 60_000, "to_ms": now, "outcome": outcome, "lon_udeg": -30_000_000,
                "lat_udeg": 46_000_000, "radius_m": 3000, "exercise": True,
            } | row,
            "duress": "0",
        }  # fmt: skip

    def send(self, *, forget: bool = True) -> receiving.Received:
        device = by_token(self.mission, self.token)
        assert device
        told = receiving.receive(self.mission, device, self.queue)
        if forget:
            done = {one.id for one in told.answers if one.status != "later"}
            self.queue = [one for one in self.queue if one[0] not in done]
        return told


@pytest.fixture
def mission(tmp_path: Path) -> Mission:
    parties = (Party("party-1", {"en": "One"}), Party("party-2", {"en": "Two"}))
    genesis = Genesis(
        "EXERCISE: field", True, parties, (), (), {}, {"batch_size": 8, "disclosure_delay_ms": 0}
    )
    return Mission.create(tmp_path / "mission", genesis, geometry=GEOMETRY)


@pytest.fixture
def phone_of(mission: Mission) -> Callable[[str], Phone]:
    """The phone that opened a link and is not paired yet."""
    return lambda token: Phone(mission, token)


@pytest.fixture
def new_phone(mission: Mission) -> Callable[..., Phone]:
    """A paired phone of an observer."""

    def make(observer: str = "EXERCISE-team-1", **named: Any) -> Phone:
        _, token = devices.add(mission, observer, "patrol", **named)
        phone = Phone(mission, token)
        phone.pair()
        return phone

    return make
