"""The envelope: what a device seals to the mission the moment it is entered, and cannot open again.

HPKE in base mode (RFC 9180: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM), with the device and the envelope's id
as `info`. Inside: two lengths, a head in JSON, a payload, and zeros up to a bucket, so that size says little.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from truceline.errors import EvidenceError

SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
SMALLEST_BUCKET: Final = 2048


@dataclass(frozen=True, slots=True)
class Opened:
    """What was inside: `head["kind"]` says what it is, `payload` are its bytes."""

    head: dict[str, Any]
    payload: bytes


def seal_envelope(
    public: X25519PublicKey, device: str, ident: str, head: dict[str, Any], payload: bytes
) -> bytes:
    """What a device does; for programs that stand in for one."""
    said = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    whole = len(said).to_bytes(4, "big") + len(payload).to_bytes(4, "big") + said + payload
    bucket = max(SMALLEST_BUCKET, 1 << (len(whole) - 1).bit_length())
    return SUITE.encrypt(whole.ljust(bucket, b"\x00"), public, info=_info(device, ident))


def open_envelope(private: X25519PrivateKey, device: str, ident: str, raw: bytes) -> Opened:
    """The inverse of `seal_envelope`.

    Raises:
        EvidenceError: EVI-060, it was not sealed to this key by this device under this id, or is not whole.
    """
    try:
        plain = SUITE.decrypt(raw, private, info=_info(device, ident))
        said, paid = int.from_bytes(plain[:4], "big"), int.from_bytes(plain[4:8], "big")
        if 8 + said + paid > len(plain):
            raise ValueError("shorter than it says")
        head = json.loads(plain[8 : 8 + said])
        if not isinstance(head, dict):
            raise TypeError("the head is no object")
        return Opened(head, plain[8 + said : 8 + said + paid])
    except (InvalidTag, ValueError, TypeError, RecursionError) as problem:
        raise EvidenceError(
            "EVI-060", "an envelope must have been sealed to the mission by the device that brings it", where=ident,
            value=type(problem).__name__, remedy="It is kept as it came. If a device sends many, pair it anew.",
        ) from problem  # fmt: skip


def _info(device: str, ident: str) -> bytes:
    return f"truceline/field/v1\n{device}\n{ident}".encode()
