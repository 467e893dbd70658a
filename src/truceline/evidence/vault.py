"""Sealed bytes: encrypted under keys of their own, which are wrapped (age, X25519) to the roles that may open them.

The wraps live apart, in `keys/`: to shred a batch is to delete its wrap, and copies of the ciphertext stay closed.
Batches are encrypted record by record with ChaCha20-Poly1305 (RFC 8439), files as age streams to a fresh identity.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyrage
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from pyrage import x25519

from truceline.errors import EnvironmentFailure, EvidenceError
from truceline.evidence.blobs import Blobs, is_unfinished, stray
from truceline.evidence.commitments import DUMMY, Opened, SealedRecord, commitment_of, leaf, padded, unpadded
from truceline.log.files import sync_folder, write_durably

_SECRET = 96  # of a record: key, salt of the sealed leaf, salt of the disclosed one
_WRAP = re.compile(r"[0-9a-f]{64}\.[0-9a-f]{64}\.age")


@dataclass(frozen=True, slots=True)
class SealedBatch:
    """What the log shows of a batch: its commitments in order, and the digest of the ciphertext."""

    commitments: tuple[str, ...]
    payloads_digest: str


class Vault:
    """`folder/payloads`, `folder/files` and `folder/keys` of one mission."""

    def __init__(self, folder: Path, recipients: Sequence[str], identity: str | None = None) -> None:
        """`recipients`: age public keys of the roles; `identity`: the age secret key of whoever opens."""
        self.payloads, self.files = Blobs(folder / "payloads"), Blobs(folder / "files")
        self.keys = folder / "keys"
        self._recipients = [x25519.Recipient.from_str(line) for line in recipients]
        self._identity = x25519.Identity.from_str(identity) if identity else None

    @property
    def can_open(self) -> bool:
        """Whether this copy holds an identity; whether it fits shows on opening."""
        return self._identity is not None

    def seal_batch(self, records: Sequence[SealedRecord], size: int) -> SealedBatch:
        """Seal up to `size` records as one batch of exactly `size` commitments; the rest are dummies.

        Raises:
            EvidenceError: EVI-010 more records than fit. EnvironmentFailure: ENV-001.
        """
        if len(records) > size:
            raise EvidenceError(
                "EVI-010",
                f"a batch holds at most {size} records",
                value=len(records),
                remedy="Seal fewer at once.",
            )
        whole = [*records, *[SealedRecord(DUMMY)] * (size - len(records))]
        commitments, ciphertexts, secrets = [], [], []
        for number in range(size):
            record, key, salts = (
                whole[number],
                ChaCha20Poly1305.generate_key(),
                (os.urandom(32), os.urandom(32)),
            )
            commitments.append(commitment_of(leaf(salts[0], record.sealed), leaf(salts[1], record.disclosed)))
            plain = padded(len(record.sealed).to_bytes(4, "big") + record.sealed + record.disclosed)
            nonce = number.to_bytes(12, "big")  # the key is used once
            ciphertexts.append(ChaCha20Poly1305(key).encrypt(nonce, plain, None))
            secrets.append(key + salts[0] + salts[1])
        body = b"".join(len(one).to_bytes(4, "big") + one for one in ciphertexts)
        digest = self.payloads.put(body)
        self._wrap(digest, b"".join(secrets))
        return SealedBatch(tuple(commitments), digest)

    def open_batch(
        self, payloads_digest: str, commitments: Sequence[str], shredded: Collection[int] = ()
    ) -> list[Opened]:
        """Open a batch and check every record against the commitments of the log, dummies too.

        Args:
            shredded: numbers of the records that the log says were shredded; they stay closed.
        Raises:
            EvidenceError: EVI-001, EVI-002, EVI-011 no key for it, EVI-012 a payload is not what was committed.
        """
        gone = set(shredded) >= set(range(len(commitments)))
        secrets = b"" if gone else self._unwrap(payloads_digest)
        body, at, opened = self.payloads.read(payloads_digest), 0, []
        for number, committed in enumerate(commitments):
            if number in shredded:
                at += 4 + int.from_bytes(body[at : at + 4], "big")
                opened.append(Opened(committed, SealedRecord(b""), b"", b"", is_shredded=True))
                continue
            size = int.from_bytes(body[at : at + 4], "big")
            cipher, at = body[at + 4 : at + 4 + size], at + 4 + size
            own = secrets[_SECRET * number : _SECRET * (number + 1)]
            try:
                plain = unpadded(ChaCha20Poly1305(own[:32]).decrypt(number.to_bytes(12, "big"), cipher, None))
            except (InvalidTag, ValueError) as problem:
                raise self._not_committed(payloads_digest, number) from problem
            split = 4 + int.from_bytes(plain[:4], "big")
            record = SealedRecord(plain[4:split], plain[split:])
            sealed_leaf = leaf(own[32:64], record.sealed)
            if commitment_of(sealed_leaf, leaf(own[64:], record.disclosed)) != committed:
                raise self._not_committed(payloads_digest, number)
            opened.append(Opened(committed, record, sealed_leaf, own[64:]))
        return opened

    def seal_file(self, source: Path | bytes, secret: bytes = b"") -> str:
        """Encrypt a file with `secret` beside its key (e.g. the salt of its rows); the digest of the ciphertext.

        Raises:
            EnvironmentFailure: ENV-001, the disk refused; nothing half-written stays.
        """
        identity = x25519.Identity.generate()
        self.files.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.files.folder / f".{os.getpid()}-sealing.new"
        try:
            opened = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
            with opened as plain, temporary.open("wb") as out:
                pyrage.encrypt_io(plain, out, [identity.to_public()])
            digest = self.files.put(temporary)
        except (OSError, pyrage.EncryptError) as problem:  # pyrage says of a full disk that it cannot encrypt
            raise EnvironmentFailure(
                "ENV-001", "the disk must take the file", where=str(temporary), value=str(problem),
                remedy="Free space or fix the folder, then run the same command again.",
            ) from problem  # fmt: skip
        finally:
            temporary.unlink(missing_ok=True)
        self._wrap(digest, json.dumps({"identity": str(identity), "secret": secret.hex()}).encode())
        return digest

    def open_file(self, digest: str, target: Path) -> bytes:
        """Decrypt a sealed file to `target`; the secret that was sealed beside it.

        Raises:
            EvidenceError: EVI-001, EVI-002, EVI-011.
        """
        wrapped = json.loads(self._unwrap(digest))
        with self.files.open(digest) as cipher, target.open("wb") as out:
            pyrage.decrypt_io(cipher, out, [x25519.Identity.from_str(wrapped["identity"])])
        return bytes.fromhex(wrapped["secret"])

    def read_file(self, digest: str) -> bytes:
        """Decrypt a small sealed file. Raises as `open_file`."""
        wrapped = json.loads(self._unwrap(digest))
        out = io.BytesIO()
        with self.files.open(digest) as cipher:
            pyrage.decrypt_io(_whole(cipher), out, [x25519.Identity.from_str(wrapped["identity"])])
        return out.getvalue()

    def lock(self, content: bytes) -> bytes:
        """Bytes that the roles may open, and that are kept for a while only."""
        return bytes(pyrage.encrypt(content, self._recipients))

    def unlock(self, raw: bytes) -> bytes:
        """The inverse of `lock`. Raises EvidenceError EVI-011."""
        try:
            return bytes(pyrage.decrypt(raw, [self._identity] if self._identity is not None else []))
        except (pyrage.DecryptError, ValueError) as problem:
            raise self._closed(self.keys) from problem

    def shred(self, digest: str, records: Collection[int] = (), size: int = 0) -> None:
        """Delete what opens a file or a batch, or overwrite the keys and salts of some of its records.

        Whoever opened it before may have kept a copy; a disk may keep what it was told to overwrite.

        Args:
            records: numbers within a batch of `size`; all when empty.
        Raises:
            EvidenceError: EVI-011, EVI-013. EnvironmentFailure: ENV-001.
        """
        old = sorted(self.keys.glob(f"{digest}.*.age"))
        if records and set(records) < set(range(size)) and old:
            secrets = bytearray(self._unwrap(digest))
            for number in records:
                secrets[_SECRET * number : _SECRET * (number + 1)] = bytes(_SECRET)
            if bytes(secrets) == self._unwrap(digest):
                return
            if any(secrets):
                self._wrap(digest, bytes(secrets))
        for path in old:
            _wipe(path)

    def is_shredded(self, digest: str, records: Collection[int] = (), size: int = 0) -> bool:
        """Whether nothing is left here that opens it, or those records of it. Raises EvidenceError EVI-013."""
        if not any(self.keys.glob(f"{digest}.*.age")):
            return True
        if not records or set(records) >= set(range(size)):
            return False
        secrets = self._unwrap(digest)
        return not any(any(secrets[_SECRET * number : _SECRET * (number + 1)]) for number in records)

    def sweep(self) -> None:
        """Remove what programs that have ended left half-written; nobody else may be sealing."""
        self.payloads.sweep()
        self.files.sweep()
        for path in self.keys.glob(".*.new"):
            path.unlink(missing_ok=True)

    def _wrap(self, digest: str, secret: bytes) -> None:
        wrapped = pyrage.encrypt(secret, self._recipients)
        write_durably(self.keys / f"{digest}.{hashlib.sha256(wrapped).hexdigest()}.age", wrapped)

    def _unwrap(self, digest: str) -> bytes:
        """What was sealed beside `digest`. Raises EvidenceError EVI-011, EVI-013."""
        found = sorted(self.keys.glob(f"{digest}.*.age")) if self._identity is not None else []
        for path in found:
            try:
                return bytes(pyrage.decrypt(_checked(path), [self._identity]))
            except pyrage.DecryptError:
                continue
        raise self._closed(self.keys / f"{digest}.*.age")

    @staticmethod
    def _closed(path: Path) -> EvidenceError:
        return EvidenceError(
            "EVI-011", "a sealed payload needs a key it is wrapped to", where=str(path),
            remedy="Give the folder of keys of the mission or of its auditor with --keys; a shredded payload stays closed.",
        )  # fmt: skip

    @staticmethod
    def _not_committed(digest: str, number: int) -> EvidenceError:
        return EvidenceError(
            "EVI-012", "a payload must be what was committed to", where=f"payloads {digest}, record {number}",
            remedy="The payload or its key was altered: compare with another copy.",
        )  # fmt: skip


def _wipe(path: Path) -> None:
    """Overwrite, sync, remove. Raises EnvironmentFailure ENV-001."""
    try:
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        sync_folder(path.parent)
    except OSError as problem:
        raise EnvironmentFailure(
            "ENV-001", "the disk must take the change", where=str(path), value=problem.strerror,
            remedy="Check the folder and its rights, then run the same command again: it goes on where it stopped.",
        ) from problem  # fmt: skip


def _whole(file: BinaryIO) -> BinaryIO:
    return io.BytesIO(file.read())


def verify_wraps(keys: Path, sealed: Collection[str]) -> None:
    """Check the wrapped keys in a folder byte for byte, without opening any.

    The name of a wrap is the digest of what it opens and its own. A copy that holds no wraps at all, such as a party's, is whole.

    Args:
        sealed: digests of the ciphertexts that the log names, without those that were shredded whole.
    Raises:
        EvidenceError: EVI-001 a wrap is missing, EVI-003 something else stands there, EVI-013 a wrap was altered.
    """
    if not keys.is_dir():
        return
    held = set()
    for path in sorted(keys.rglob("*")):
        if is_unfinished(path):
            continue
        if path.is_symlink() or not _WRAP.fullmatch(path.name) or not path.is_file() or path.parent != keys:
            raise stray(path)
        _checked(path)
        held.add(path.name.partition(".")[0])
    for digest in sorted(set(sealed) - held):
        raise EvidenceError(
            "EVI-001", "the log names bytes that must be in the folder", where=str(keys / f"{digest}.*.age"),
            remedy="Fetch the wrapped key from another copy of the mission's own.",
        )  # fmt: skip


def _checked(path: Path) -> bytes:
    wrapped = path.read_bytes()
    if f".{hashlib.sha256(wrapped).hexdigest()}.age" not in path.name:
        raise EvidenceError(
            "EVI-013", "a wrapped key must hash to its name", where=str(path),
            remedy="The file was altered: fetch it from another copy of the mission's own.",
        )  # fmt: skip
    return wrapped
