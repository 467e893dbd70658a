"""Cosignatures (C2SP tlog-cosignature, Ed25519, type 0x04): what a witness or a mirror puts under a checkpoint.

Signed is `cosignature/v1`, a line with the time in seconds, and the whole text of the checkpoint; the signature line
holds four bytes that name the key, eight of the time, and the signature.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from truceline.errors import LogError
from truceline.log import ed25519
from truceline.log.notes import DASH, SignatureLine, SigningKey, split_note

_TYPE = b"\x04"
MAX_TIME_S = 2**63 - 1


@dataclass(frozen=True, slots=True)
class CosignerKey:
    """A cosigner's public key by name: `<name>+<hash>+<base64 of 0x04 and the key>`."""

    name: str
    key: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + _TYPE + self.key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_TYPE + self.key).decode()}"

    @classmethod
    def parse(cls, line: str) -> CosignerKey:
        """Parse a verifier key line of type 0x04.

        Raises:
            LogError: LOG-050, not such a line, its hash differs, or the key is weak.
        """
        name, _, rest = line.partition("+")
        try:
            raw = base64.b64decode(rest.partition("+")[2], validate=True)
            key = cls(name, raw[1:])
            good = len(raw) == 33 and raw[:1] == _TYPE and str(key) == line and ed25519.is_strong(raw[1:])
        except ValueError:
            good = False
        if not good or not name or any(one.isspace() for one in name):
            raise LogError(
                "LOG-050", "a cosigner's key must be name+hash+base64, of type 4, and not weak", value=line,
                remedy="Copy the line whole; `truceline log witness` prints it. The key of a log or an author is of type 1.",
            )  # fmt: skip
        return key

    @classmethod
    def of(cls, signer: SigningKey) -> CosignerKey:
        """The public half of a key that cosigns."""
        return cls(signer.name, signer.vkey.key)


@dataclass(frozen=True, slots=True)
class Cosignature:
    """One that was checked: whose, and at which time in seconds since 1970."""

    key: CosignerKey
    time_s: int
    line: bytes


def cosign(text: bytes, signer: SigningKey, time_s: int) -> bytes:
    """The signature line over the text of a checkpoint, which ends in a newline."""
    signature = Ed25519PrivateKey.from_private_bytes(signer.seed).sign(_message(text, time_s))
    raw = CosignerKey.of(signer).id + struct.pack(">Q", time_s) + signature
    return f"{DASH}{signer.name} {base64.b64encode(raw).decode()}\n".encode()


def check_cosignatures(
    text: bytes, lines: Sequence[SignatureLine], keys: Iterable[CosignerKey]
) -> list[Cosignature]:
    """Those of known keys, in order; lines of other keys are passed over.

    Raises:
        LogError: LOG-051, one of a known key does not fit the text: it was altered.
    """
    known = {(key.name, key.id): key for key in keys}
    made = []
    for line in lines:
        key = known.get((line.name, line.key_id))
        if key is None:
            continue
        if len(line.signature) == 72:
            (time_s,) = struct.unpack_from(">Q", line.signature)
            if time_s <= MAX_TIME_S and ed25519.verify(key.key, _message(text, time_s), line.signature[8:]):
                made.append(Cosignature(key, time_s, line.raw()))
                continue
        raise LogError(
            "LOG-051", "a cosignature must fit the checkpoint", value=line.name,
            remedy="It was altered, or made over another checkpoint: fetch it again, and compare with another copy.",
        )  # fmt: skip
    return made


def read_cosignatures(text: bytes, raw: bytes, keys: Iterable[CosignerKey]) -> list[Cosignature]:
    """What a witness answered: signature lines and nothing else. Raises LogError LOG-011, LOG-051."""
    if not raw:
        return []
    return (
        check_cosignatures(text, split_note(text + b"\n" + raw)[1], keys)
        if raw.startswith(DASH.encode())
        else _no(raw)
    )


def _no(raw: bytes) -> list[Cosignature]:
    raise LogError(
        "LOG-011",
        "a signature line must be a dash, a name and base64",
        value=raw[:60],
        remedy="Ask the witness again.",
    )


def _message(text: bytes, time_s: int) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n".encode() + text
