"""C2SP signed notes with Ed25519 keys (type 0x01): text, blank line, signature lines."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from truceline.errors import LogError
from truceline.log import ed25519
from truceline.log.files import write_durably

DASH = "— "
MAX_NOTE_BYTES, MAX_SIGNATURES = 1_048_576, 100
_CONTROL = bytes(byte for byte in range(32) if byte != 10)


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key by name: `<name>+<hash>+<base64 of 0x01 and the key>`."""

    name: str
    key: bytes

    @property
    def id(self) -> bytes:
        return _key_id(self.name, self.key)

    def __str__(self) -> str:
        encoded = base64.b64encode(b"\x01" + self.key).decode()
        return f"{self.name}+{self.id.hex()}+{encoded}"

    @classmethod
    def parse(cls, line: str) -> VerifierKey:
        """Parse a verifier key line.

        Raises:
            LogError: LOG-010, not a verifier key line or its hash differs.
        """
        name, _, rest = line.partition("+")
        _, _, encoded = rest.partition("+")
        try:
            raw = base64.b64decode(encoded, validate=True)
            key = cls(name, raw[1:])
            good = len(raw) == 33 and raw[0] == 1 and is_name(name) and str(key) == line
        except ValueError:  # also a name that is no UTF-8
            good = False
        if not good:
            raise LogError(
                "LOG-010",
                "a verifier key must be name+hash+base64",
                value=line,
                remedy="Copy the whole line again: name, hash and key, with plus signs between.",
            )
        return key

    def verify(self, text: bytes, signature: bytes) -> bool:
        """Whether `signature` over `text` is good; `log/ed25519.py` says what good is."""
        return ed25519.verify(self.key, text, signature)


@lru_cache(maxsize=16_384)
def _key_id(name: str, key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n\x01" + key).digest()[:4]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key with the name it signs under; its seed is never shown."""

    name: str
    seed: bytes = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> SigningKey:
        """Read what `save` kept.

        Raises:
            LogError: LOG-014, not a signing key.
        """
        try:
            return cls.from_line(path.read_bytes())
        except (OSError, LogError) as problem:
            raise _not_a_key(str(path)) from problem

    def save(self, path: Path) -> None:
        """Keep the key in a file that its owner alone may read. Raises EnvironmentFailure ENV-001."""
        write_durably(path, self.line(), mode=0o600)

    def line(self) -> bytes:
        """Name and seed: the secret itself."""
        return f"{self.name} {self.seed.hex()}\n".encode()

    @classmethod
    def from_line(cls, line: bytes) -> SigningKey:
        """The inverse of `line`. Raises LogError LOG-014."""
        try:
            name, _, seed = line.decode().removesuffix("\n").rpartition(" ")
            key = cls(name, bytes.fromhex(seed))
        except ValueError as problem:
            raise _not_a_key("") from problem
        if len(key.seed) != 32:
            raise _not_a_key("")
        return key

    @property
    def vkey(self) -> VerifierKey:
        private = Ed25519PrivateKey.from_private_bytes(self.seed)
        return VerifierKey(self.name, private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, text: bytes) -> bytes:
        """The signed note over `text`, which ends in a newline."""
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text)
        line = base64.b64encode(self.vkey.id + signature).decode()
        return text + f"\n{DASH}{self.name} {line}\n".encode()


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature line: who, the four bytes that name the key, and the signature."""

    name: str
    key_id: bytes
    signature: bytes

    def raw(self) -> bytes:
        """The line, with its newline."""
        return f"{DASH}{self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n".encode()


def is_name(name: str) -> bool:
    """Whether a key may be called so: not empty, no spaces of any script, no plus."""
    return bool(name) and "+" not in name and not any(map(str.isspace, name))


def split_note(note: bytes) -> tuple[bytes, tuple[SignatureLine, ...]]:
    """Text and signature lines of a note, unchecked but for their form.

    Raises:
        LogError: LOG-011 malformed.
    """
    if len(note) > MAX_NOTE_BYTES:
        raise LogError(
            "LOG-011",
            f"a note must be at most {MAX_NOTE_BYTES:,} bytes",
            value=len(note),
            remedy="Fetch the file again, from another copy.",
        )
    if len(note.translate(None, _CONTROL)) != len(note):
        raise LogError(
            "LOG-011",
            "a note must hold no control characters",
            value=note[:40],
            remedy="Fetch the file again, from another copy.",
        )
    text, blank, tail = note.rpartition(b"\n\n")
    try:
        text.decode()
        lines = tail.decode().split("\n")
    except UnicodeDecodeError as problem:
        raise LogError(
            "LOG-011", "a note must be UTF-8", value=tail[:40], remedy="Fetch the file from another copy."
        ) from problem
    if len(lines) > MAX_SIGNATURES + 1:
        raise LogError(
            "LOG-011",
            f"a note must have at most {MAX_SIGNATURES} signatures",
            value=len(lines) - 1,
            remedy="Fetch the file again, from another copy.",
        )
    if not blank or lines.pop() or not lines:
        raise LogError(
            "LOG-011",
            "a note must be text, a blank line and signature lines",
            value=note[-60:],
            remedy="Fetch the file again, from another copy.",
        )
    return text + b"\n", tuple(map(_signature_line, lines))


def _signature_line(line: str) -> SignatureLine:
    parts = line.removeprefix(DASH).split(" ")
    if not line.startswith(DASH) or len(parts) != 2 or not is_name(parts[0]):
        raise LogError(
            "LOG-011",
            "a signature line must be a dash, a name and base64",
            value=line,
            remedy="Fetch the file again, from another copy.",
        )
    try:
        raw = base64.b64decode(parts[1], validate=True)
    except ValueError as problem:
        raise LogError(
            "LOG-011",
            "a signature must be base64",
            value=line,
            remedy="Fetch the file again, from another copy.",
        ) from problem
    if base64.b64encode(raw).decode() != parts[1] or len(raw) < 5:
        raise LogError(
            "LOG-011",
            "a signature must be canonical base64",
            value=line,
            remedy="Fetch the file again, from another copy.",
        )
    return SignatureLine(parts[0], raw[:4], raw[4:])


def open_note(note: bytes, keys: Mapping[str, VerifierKey]) -> tuple[bytes, str]:
    """Text and signer of a note with exactly one signature line, by a known key.

    Raises:
        LogError: LOG-011 malformed, LOG-012 unknown signer, LOG-013 bad signature.
    """
    text, lines = split_note(note)
    if len(lines) != 1:
        raise LogError(
            "LOG-011",
            "a note must be text, a blank line and one signature line",
            value=note[-60:],
            remedy="Fetch the file again, from another copy.",
        )
    (line,) = lines
    key = keys.get(line.name)
    if key is None or line.key_id != key.id:
        raise LogError(
            "LOG-012",
            "the signer must be enrolled",
            value=line.name,
            remedy="Give the key of the signer, or fetch the note from another copy.",
        )
    if not key.verify(text, line.signature):
        raise LogError(
            "LOG-013",
            f"the signature of {line.name} must fit the text",
            remedy="Fetch the file again, from another copy.",
        )
    return text, line.name


def _not_a_key(where: str) -> LogError:
    return LogError(
        "LOG-014", "a file of a signing key must hold a name and 64 hex digits", where=where,
        remedy="Restore the file from the copy that was kept apart.",
    )  # fmt: skip
