"""Take in what devices send: each envelope once, in the device's own sequence, and never lost silently.

An answer is one of four words. `taken`: it is durable here and goes on the log; `again`: it was taken before, same receipt;
`later`: an earlier record must come first, keep it; `kept`: it cannot go on the log, and the mission holds it for an officer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from truceline.errors import CheckFailed, EvidenceError, LogError, TrucelineError, UsageError
from truceline.evidence import SealedRecord
from truceline.field import Chain, Opened, open_envelope
from truceline.log.entries import entry_id, parse_entry
from truceline.log.files import write_durably
from truceline.log.notes import VerifierKey
from truceline.mission import sealing
from truceline.mission.clock import iso
from truceline.mission.coarse import coarse_rows
from truceline.mission.device_list import Device, all_devices
from truceline.mission.heard import heard
from truceline.mission.mission import Mission, alone
from truceline.records.kinds import Clock

MOST_MEDIA_BYTES: Final = 64 << 20
MOST_KEPT: Final = 1000
_HEX: Final = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one envelope. `receipt` is the id of its entry; `code` the rule that a record broke."""

    id: str
    status: str  # taken, again, later, kept
    receipt: str = ""
    code: str = ""


@dataclass(slots=True)
class Received:
    """What a device is told after it sent something."""

    answers: list[Answer] = field(default_factory=list)
    next_seq: int = 0
    seen: dict[str, Any] = field(default_factory=dict)
    now_ms: int = 0
    revoked: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@alone
def receive(mission: Mission, device: Device, envelopes: Sequence[tuple[str, bytes]]) -> Received:
    """Take envelopes, in the order given; durable when this returns.

    Raises:
        EnvironmentFailure: ENV-001, ENV-003: nothing was answered, send them all again. UsageError: MIS-003, MIS-007, MIS-020.
    """
    mission.refuse_record()
    sealing.settle(mission)
    device = next(one for one in all_devices(mission) if one.name == device.name)
    folder = sealing.field_folder(mission)
    taking = _Taking(mission, device, Chain(folder, device.name))
    for ident, raw in envelopes:
        taking.one(ident, raw)
    taking.keep()
    if taking.took and not int(mission.setting("commit_cadence_ms")):
        sealing.commit(mission, now=True)
    _touch(mission, device, taking.status)
    return Received(
        taking.answers,
        len(taking.chain),
        asdict(mission.log.seen()),
        mission.clock_ms(),
        bool(device.revoked),
    )


class _Taking:
    """One visit of one device."""

    def __init__(self, mission: Mission, device: Device, chain: Chain) -> None:
        self._mission, self._device, self.chain = mission, device, chain
        self._folder = sealing.field_folder(mission)
        self._key = mission.keys.field_key()
        self._vkey = VerifierKey.parse(device.vkey)
        self._fresh: list[tuple[SealedRecord, str]] = []
        self._ids: list[str] = []
        self._size = int(mission.setting("batch_size"))
        self.answers: list[Answer] = []
        self.took = False
        self.status: dict[str, Any] = {}

    def one(self, ident: str, raw: bytes) -> None:
        """Take one envelope."""
        try:
            opened = open_envelope(self._key, self._device.name, ident, raw)
            act = {
                "record": self._record,
                "draft": self._draft,
                "checkin": self._checkin,
                "piece": self._piece,
            }.get(str(opened.head.get("kind")))
            if act is None:
                raise EvidenceError(
                    "EVI-061", "an envelope must hold a record, a draft, a check-in or a piece of a file", where=ident,
                    value=opened.head.get("kind"), remedy="Use the field form of this version.",
                )  # fmt: skip
            self.answers.append(act(ident, opened))
        except CheckFailed as problem:
            self._set_aside(ident, raw, problem)

    def keep(self) -> None:
        """Let the records that were taken wait for the log."""
        if not self._fresh:
            return
        name = sealing.next_name(self._mission)
        self.chain.begin(sealing.waiting_path(self._mission, name), self._ids)
        sealing.put_waiting(self._mission, name, self._fresh)
        self.chain.finish()
        self._fresh, self._ids, self.took = [], [], True

    def _record(self, ident: str, opened: Opened) -> Answer:
        note, mission, device = opened.payload, self._mission, self._device
        entry = parse_entry(mission.log.origin, note, {device.name: self._vkey})
        receipt, expected = entry_id(note), len(self.chain) + len(self._ids)
        if entry.seq < expected:
            held = self.chain.at(entry.seq) or self._ids[entry.seq - len(self.chain)]
            if held == receipt:
                return Answer(ident, "again", receipt)
            raise _forked(device, entry.seq)
        if device.lost and entry.at > device.lost:
            raise EvidenceError(
                "EVI-063", "a device that is lost says nothing more", where=device.name, value=entry.at,
                remedy="Read what is kept with `truceline device kept`, and judge it as from an unknown hand.",
            )  # fmt: skip
        if entry.seq > expected:
            return Answer(ident, "later")
        if entry.prev != (self._ids[-1] if self._ids else self.chain.last):
            raise _forked(device, entry.seq)
        code, shown = "", b""
        try:
            body = heard(entry, exercise=mission.genesis.exercise)
            if not isinstance(body, Clock):
                secret = {device.observer: bytes.fromhex(device.pseudonyms)}
                (shown,) = coarse_rows([body], mission.sectors, secret)
                if body.duress == "1":
                    self.status["duress_at"] = iso(mission.clock_ms())
        except CheckFailed as problem:
            code = problem.code
        self._fresh.append((SealedRecord(note, shown), entry.at))
        self._ids.append(receipt)
        if len(self._fresh) >= self._size:
            self.keep()
        return Answer(ident, "taken", receipt, code)

    def _draft(self, ident: str, opened: Opened) -> Answer:
        """What somebody had begun to enter when the phone went dark; no record, for an officer to ask about."""
        return self._hold("drafts", ident, opened.payload)

    def _checkin(self, ident: str, opened: Opened) -> Answer:
        text, _, signature = opened.payload.partition(b"\x00")
        if not self._vkey.verify(text, signature):
            raise LogError(
                "LOG-013", f"the signature of {self._device.name} must fit the text", where=ident,
                remedy="It is kept as it came: somebody else may hold the device's token.",
            )  # fmt: skip
        told = json.loads(text)
        at_ms, seen_ms = (
            int(told["at_ms"]),
            int(self.status.get("at_ms", last(self._mission, self._device).get("at_ms", 0))),
        )
        if at_ms >= seen_ms:
            self.status |= {"at_ms": at_ms, "next_ms": told.get("next_ms"), "place": told.get("place")}
        if told.get("duress") == "1":
            self.status["duress_at"] = iso(self._mission.clock_ms())
        return Answer(ident, "taken")

    def _piece(self, ident: str, opened: Opened) -> Answer:
        """A piece of a photo or a voice note; whole, it is kept under the digest of its original bytes."""
        digest, part, parts = (opened.head.get(name) for name in ("media", "part", "parts"))
        good = isinstance(digest, str) and len(digest) == 64 and set(digest) <= _HEX and isinstance(part, int) and isinstance(parts, int)  # fmt: skip
        if not good or not 0 <= part < parts <= MOST_MEDIA_BYTES // len(opened.payload or b"0"):  # type: ignore[operator]
            raise EvidenceError(
                "EVI-062", f"a file is sent in numbered pieces, {MOST_MEDIA_BYTES >> 20} MiB together", where=ident,
                value=(digest, part, parts), remedy="Take a smaller photo or a shorter voice note.",
            )  # fmt: skip
        media = media_path(self._mission, str(digest))
        if media.exists():
            return Answer(ident, "again")
        piece = self._folder / "pieces" / self._device.name / f"{digest}.{part:05d}"
        write_durably(piece, self._mission.vault.lock(opened.payload), mode=0o600)
        held = sorted(piece.parent.glob(f"{digest}.*"))
        if len(held) == parts:
            whole = b"".join(self._mission.vault.unlock(one.read_bytes()) for one in held)
            if hashlib.sha256(whole).hexdigest() != digest:
                for one in held:
                    one.rename(_aside(self._folder, self._device.name, one.name))
                raise EvidenceError(
                    "EVI-064", "a file must hash to what the device said before it sent it", where=self._device.name, value=digest,
                    remedy="The pieces are kept. The record stands; ask the observer for the original.",
                )  # fmt: skip
            write_durably(media, self._mission.vault.lock(whole), mode=0o600)
            for one in held:
                one.unlink()
        return Answer(ident, "taken")

    def _set_aside(self, ident: str, raw: bytes, problem: TrucelineError) -> None:
        done = keep_aside(self._mission, self._device, ident, raw, problem)
        self.answers.append(
            Answer(ident, "kept", code=problem.code) if done else Answer(ident, "later", code="EVI-065")
        )

    def _hold(self, place: str, ident: str, content: bytes) -> Answer:
        done = _hold(self._mission, self._device, place, ident, content)
        return Answer(ident, "taken") if done else Answer(ident, "later", code="EVI-065")


def keep_aside(mission: Mission, device: Device, ident: str, raw: bytes, problem: TrucelineError) -> bool:
    """Keep what cannot go on the log, with the reason, for an officer; False where too much is kept already."""
    told = {
        "id": ident,
        "code": problem.code,
        "rule": problem.rule,
        "at": iso(mission.clock_ms()),
        "raw": raw.hex(),
    }
    return _hold(mission, device, "kept", ident, json.dumps(told).encode())


def _hold(mission: Mission, device: Device, place: str, ident: str, content: bytes) -> bool:
    folder = sealing.field_folder(mission) / place / device.name
    path = folder / f"{hashlib.sha256(ident.encode()).hexdigest()[:32]}.age"
    if not path.exists() and folder.is_dir() and sum(1 for _ in folder.iterdir()) >= MOST_KEPT:
        return False
    write_durably(path, mission.vault.lock(content), mode=0o600)
    return True


def held(mission: Mission, place: str) -> list[tuple[str, dict[str, Any]]]:
    """What is kept beside the log: (device, content) of `kept` envelopes or `drafts`, for an officer's eyes.

    Raises:
        EvidenceError: EVI-011.
    """
    found = sorted((sealing.field_folder(mission) / place).glob("*/*.age"))
    return [(one.parent.name, json.loads(mission.vault.unlock(one.read_bytes()))) for one in found]


def media_path(mission: Mission, digest: str) -> Path:
    """Where the original bytes of a photo or a voice note stand, sealed."""
    return sealing.field_folder(mission) / "media" / f"{digest}.age"


def media(mission: Mission, digest: str) -> bytes:
    """The original bytes of a photo or a voice note. Raises UsageError FLD-008, EvidenceError EVI-011."""
    path = media_path(mission, digest)
    if not set(digest) <= _HEX or not path.is_file():
        raise UsageError(
            "FLD-008", "the file must have come whole", where="media", value=digest,
            remedy="A device sends files after its records; `truceline device list` shows when it was last heard.",
        )  # fmt: skip
    return mission.vault.unlock(path.read_bytes())


def last(mission: Mission, device: Device) -> dict[str, Any]:
    """When a device was last heard, what it said of itself; nothing before its first visit. Raises EvidenceError EVI-011."""
    path = _last_path(mission, device)
    told: dict[str, Any] = json.loads(mission.vault.unlock(path.read_bytes())) if path.exists() else {}
    return told


def is_overdue(device: Device, told: dict[str, Any], now_ms: int) -> bool:
    """Whether a device that must check in has not done so in time."""
    due = told.get("next_ms")
    return device.state == "paired" and bool(device.checkin_min) and isinstance(due, int) and now_ms > due


def taken(mission: Mission, device: Device) -> int:
    """How many records were taken from a device."""
    return len(Chain(sealing.field_folder(mission), device.name))


def _touch(mission: Mission, device: Device, status: dict[str, Any]) -> None:
    told = last(mission, device) | {"heard_ms": mission.clock_ms()} | status
    write_durably(_last_path(mission, device), mission.vault.lock(json.dumps(told).encode()), mode=0o600)


def _last_path(mission: Mission, device: Device) -> Path:
    return sealing.field_folder(mission) / f"{device.name}.last"


def _aside(folder: Path, device: str, name: str) -> Path:
    path = folder / "broken" / device / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _forked(device: Device, seq: int) -> EvidenceError:
    return EvidenceError(
        "EVI-066", "a device must say one thing under one number", where=device.name, value=seq,
        remedy="Revoke the device: its key may be in two hands. What came second is kept for an officer.",
    )  # fmt: skip
