"""Bytes by digest: written once, durable when `put` returns, never changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from truceline.errors import EnvironmentFailure, EvidenceError

_BLOCK = 1 << 20


class Blobs:
    """A folder of files named by the hex SHA-256 of their content, in 256 subfolders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        """Where `digest` stands or would stand."""
        return self.folder / digest[:2] / digest

    def put(self, content: bytes | Path | BinaryIO) -> str:
        """Store bytes, a file or a stream; the same content twice is stored once.

        Raises:
            EnvironmentFailure: ENV-001, the disk refused; no half-written file stays.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f".{os.getpid()}-{id(content):x}.new"
        try:
            sha = hashlib.sha256()
            with temporary.open("wb") as out:
                for block in _blocks(content):
                    sha.update(block)
                    out.write(block)
                out.flush()
                os.fsync(out.fileno())
            digest = sha.hexdigest()
            target = self.path(digest)
            target.parent.mkdir(exist_ok=True)
            temporary.replace(target)
            _sync_folder(target.parent)
        except OSError as problem:
            temporary.unlink(missing_ok=True)
            raise EnvironmentFailure(
                "ENV-001", "the disk must take the file", where=str(self.folder), value=problem.strerror,
                remedy="Free space or fix the folder, then run the same command again.",
            ) from problem  # fmt: skip
        return digest

    def open(self, digest: str) -> BinaryIO:
        """The bytes of `digest`, checked while nobody has used them yet.

        Raises:
            EvidenceError: EVI-001 absent, EVI-002 altered.
        """
        self.check(digest)
        return self.path(digest).open("rb")

    def read(self, digest: str) -> bytes:
        """The bytes of `digest`, checked. Raises as `open`."""
        with self.open(digest) as file:
            return file.read()

    def check(self, digest: str) -> None:
        """Raise EvidenceError EVI-001 when `digest` is absent, EVI-002 when its bytes are others."""
        path = self.path(digest)
        if not path.is_file():
            raise EvidenceError(
                "EVI-001", "the log names bytes that must be in the folder", where=str(path), value=digest,
                remedy="Fetch the file from another copy of the mission.",
            )  # fmt: skip
        with path.open("rb") as file:
            seen = hashlib.file_digest(file, "sha256").hexdigest()
        if seen != digest:
            raise EvidenceError(
                "EVI-002", "stored bytes must hash to their name", where=str(path), value=seen,
                remedy="The file was altered: fetch it from another copy of the mission.",
            )  # fmt: skip

    def verify(self) -> int:
        """Check every file that stands here; the number of them. Raises EvidenceError EVI-002."""
        names = [path.name for path in sorted(self.folder.glob("??/*")) if path.is_file()]
        for name in names:
            self.check(name)
        return len(names)


def _blocks(content: bytes | Path | BinaryIO) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
    elif isinstance(content, Path):
        with content.open("rb") as file:
            yield from iter(lambda: file.read(_BLOCK), b"")
    else:
        yield from iter(lambda: content.read(_BLOCK), b"")


def _sync_folder(path: Path) -> None:
    if os.name == "nt":  # pragma: no cover - folders cannot be synced there
        return
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
