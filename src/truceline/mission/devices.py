"""Devices in the field: added, paired, revoked. Which device belongs to whom is sealed, and its list lies among the keys.

A device makes its own signing key and never shows it. The mission learns the public half when the device is paired: the
registrar enrols it inside a sealed payload, countersigned by the device.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import asdict, replace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from truceline.errors import LogError, RecordError, UsageError
from truceline.evidence import SealedRecord
from truceline.log.entries import Entry, check_lines, entry_id, entry_text, read_entry, sign_entry
from truceline.log.notes import SignatureLine, VerifierKey, is_name
from truceline.mission import sealing
from truceline.mission.clock import from_iso, iso
from truceline.mission.device_list import Device, all_devices, keep_devices, token_digest
from truceline.mission.heard import MARK
from truceline.mission.keyring import Observer
from truceline.mission.mission import Mission, alone
from truceline.records.kinds import Key, encode

KINDS: Final = ("patrol", "post")
_PAIRING_MS: Final = 10 * 60_000


@alone
def add(
    mission: Mission, observer: str, kind: str, *, post: str = "", facing_deg: int = 0, radius_m: int = 3000, checkin_min: int = 0
) -> tuple[Device, str]:  # fmt: skip
    """A place for one more device of an observer.

    Returns:
        the device and its token, which is shown once and kept nowhere.
    Raises:
        UsageError: FLD-001 the name, FLD-002 the kind or a number, FLD-003 no such post, MIS-020.
    """
    mission.refuse_record()
    exercise = mission.genesis.exercise
    if not is_name(observer) or MARK in observer or "/" in observer or observer.startswith(".") or exercise is not observer.startswith("EXERCISE"):  # fmt: skip
        raise UsageError(
            "FLD-001", "an observer's name must be one word, and begin with EXERCISE in an exercise and nowhere else", where="observer",
            value=observer, remedy="Name the team or the post, never a person.",
        )  # fmt: skip
    if (
        kind not in KINDS
        or not 0 <= facing_deg < 360
        or not 0 < radius_m <= 100_000
        or not 0 <= checkin_min <= 1440
    ):
        raise UsageError(
            "FLD-002", "a device must be of a patrol or a post, face 0 to 359 degrees, watch 1 to 100,000 m, and check in within a day",
            where=observer, value=(kind, facing_deg, radius_m, checkin_min), remedy="Correct the option.",
        )  # fmt: skip
    if post and post not in (known := [str(one["properties"].get("id")) for one in mission.posts()]):
        raise UsageError("FLD-003", "the post must be one of the mission's", where="--post", value=post, remedy=f"Known: {', '.join(known) or 'none'}.")  # fmt: skip
    held = all_devices(mission)
    own = [one for one in held if one.observer == observer]
    token = secrets.token_urlsafe(32)
    device = Device(
        f"{observer}{MARK}{len(own) + 1}", observer, kind, token_digest(token), own[0].pseudonyms if own else _secret(mission, observer),
        post=post, facing_deg=facing_deg, radius_m=radius_m, checkin_min=checkin_min, added=iso(mission.clock_ms()),
    )  # fmt: skip
    keep_devices(mission, [*held, device])
    return device, token


@alone
def revoke(mission: Mission, name: str, *, lost: str = "") -> Device:
    """End a device. What it had signed before `lost` (now unless given) is still taken when it arrives.

    Raises:
        UsageError: FLD-004 no such device, FLD-005 it is revoked already, or `lost` is no time; MIS-003.
    """
    held = all_devices(mission)
    device = next((one for one in held if one.name == name), None)
    if device is None:
        raise UsageError("FLD-004", "the device must be known", where="device", value=name, remedy="`truceline device list FOLDER` names them.")  # fmt: skip
    now = iso(mission.clock_ms())
    try:
        since = iso(from_iso(lost)) if lost else now
    except ValueError:
        since = ""
    if device.revoked or not since or since > now:
        raise UsageError(
            "FLD-005", "a device is revoked once, as lost since a time that has passed", where=name, value=device.revoked or lost,
            remedy="Give --lost as 2026-11-24T14:05:00+04:00, or leave it out.",
        )  # fmt: skip
    if device.vkey:
        observers = sealing.devices_of(mission)
        registrar = _registrar(mission, observers)
        body = Key("revoke", name, device.vkey, "observer", reason="device lost or given back")
        entry = _entry(mission, registrar, body, now)
        _enter(mission, observers, registrar, sign_entry(mission.log.origin, entry, registrar.key), now)
    gone = replace(device, revoked=now, lost=since)
    keep_devices(mission, [gone if one.name == name else one for one in held])
    return gone


def fingerprint(public: X25519PublicKey) -> str:
    """What a pairing link carries, so that nobody between can put another key in the mission's place."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:32]


def enrolment(mission: Mission, device: Device, public_key: bytes) -> bytes:
    """The text that a device must sign to be enrolled with its key.

    Raises:
        UsageError: FLD-006, the device was paired already, or revoked.
        LogError: LOG-014, not an Ed25519 key that may be enrolled.
    """
    _refuse_paired(device)
    registrar = _registrar(mission, sealing.devices_of(mission))
    vkey = VerifierKey(device.name, public_key)
    VerifierKey.parse(str(vkey))  # refuses what is no key, and low orders
    body = Key("enrol", device.name, str(vkey), "observer", pseudonyms=device.pseudonyms)
    return entry_text(mission.log.origin, _entry(mission, registrar, body, iso(mission.clock_ms())))


@alone
def pair(mission: Mission, device: Device, text: bytes, signature: bytes) -> Device:
    """Enrol a device that signed the text of its enrolment.

    Raises:
        UsageError: FLD-006 paired already, FLD-007 not the text that was given, or too late: ask for another.
        LogError: LOG-012, LOG-013 the signature does not fit.
    """
    sealing.settle(mission)
    device = next(one for one in all_devices(mission) if one.name == device.name)
    _refuse_paired(device)
    observers = sealing.devices_of(mission)
    registrar = _registrar(mission, observers)
    origin, now = mission.log.origin, mission.clock_ms()
    try:
        entry, _, _ = read_entry(origin, registrar.key.sign(text))
        vkey = VerifierKey.parse(str(entry.body.get("vkey")))
        body = Key("enrol", device.name, str(vkey), "observer", pseudonyms=device.pseudonyms)
        fits = entry == replace(_entry(mission, registrar, body, entry.at), seen=entry.seen)
        if vkey.name != device.name or not fits or not now - _PAIRING_MS <= from_iso(entry.at) <= now:
            raise ValueError("another text")
    except (LogError, RecordError, ValueError) as problem:
        raise UsageError(
            "FLD-007", "a device must sign the text of its enrolment within ten minutes", where=device.name, value=str(problem)[:60],
            remedy="Open the link again.",
        ) from problem  # fmt: skip
    note = registrar.key.sign(text) + SignatureLine(vkey.name, vkey.id, signature).raw()
    read, whole, lines = read_entry(origin, note)
    check_lines(read, whole, lines, {"registrar": (registrar.key.vkey,)})
    _enter(mission, observers, registrar, note, iso(now))
    paired = replace(device, vkey=str(vkey))
    keep_devices(mission, [paired if one.name == device.name else one for one in all_devices(mission)])
    return paired


def profile(mission: Mission, device: Device) -> dict[str, Any]:
    """What a device must know to work without a network; no report, no name, no other device."""
    public = mission.keys.field_key().public_key()
    seen = mission.log.seen()
    post = (
        next((one for one in mission.posts() if one["properties"].get("id") == device.post), None)
        if device.post
        else None
    )
    shown = ("line", "sector", "place", "zone")
    return {
        "origin": mission.log.origin, "mission": mission.genesis.name, "exercise": mission.genesis.exercise, "device": device.name,
        "source_id": device.observer, "source_kind": device.kind, "key": public.public_bytes_raw().hex(), "seen": asdict(seen),
        "parties": [{"id": one.id, "names": one.names} for one in mission.genesis.parties], "facing_deg": device.facing_deg,
        "radius_m": device.radius_m, "checkin_min": device.checkin_min, "post": post["geometry"]["coordinates"] if post else None,
        "features": [
            {"role": one["properties"].get("role"), "geometry": one["geometry"]}
            for one in mission.geometry["features"] if one["properties"].get("role") in shown
        ],
    }  # fmt: skip


def _entry(mission: Mission, registrar: Observer, body: Key, at: str) -> Entry:
    return Entry("key", "registrar", registrar.seq, registrar.prev, mission.log.seen(), at, encode(body))


def _registrar(mission: Mission, observers: Any) -> Observer:
    registrar: Observer = observers.of("registrar")
    registrar.key = mission.signing("registrar")
    return registrar


def _enter(mission: Mission, observers: Any, registrar: Observer, note: bytes, when: str) -> None:
    registrar.advance(entry_id(note))
    name = sealing.next_name(mission)
    observers.prepare([name])
    sealing.put_waiting(mission, name, [(SealedRecord(note), when)])
    observers.keep()


def _refuse_paired(device: Device) -> None:
    if device.state != "new":
        raise UsageError(
            "FLD-006", "a device is paired once, and not after it was revoked", where=device.name, value=device.state,
            remedy="Add another device for this observer with `truceline device add`.",
        )  # fmt: skip


def _secret(mission: Mission, observer: str) -> str:
    """The secret of an observer's pseudonyms: that of its records so far, if it has any."""
    return sealing.devices_of(mission).of(observer).pseudonyms.hex()
