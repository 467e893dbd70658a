"""Bytes by digest: written once, durable when `put` returns, never changed."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from truceline.errors import EnvironmentFailure, EvidenceError
from truceline.log.files import sync_folder

_BLOCK = 1 << 20
_DIGEST, _SUBFOLDER = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{2}")
_UNFINISHED = re.compile(r"\.\d+-\w+\.new|\.[0-9a-f]{64}\.[0-9a-f]{64}\.age\.new")


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
            if not target.parent.is_dir():
                target.parent.mkdir(exist_ok=True)
                sync_folder(self.folder)
            temporary.replace(target)
            sync_folder(target.parent)
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

    def verify(self, named: Iterable[str] = ()) -> list[str]:
        """Check every file that stands here, and that those the log names are there.

        Args:
            named: digests that the log names.
        Returns:
            the digests of whole files that the log does not name: a program that ended early may leave them.
        Raises:
            EvidenceError: EVI-001 absent, EVI-002 altered, EVI-003 something else stands here.
        """
        held = set()
        for path in sorted(self.folder.rglob("*")):
            if is_unfinished(path) or _is_subfolder(path, self.folder):
                continue
            if path.is_symlink() or path != self.path(path.name) or not _DIGEST.fullmatch(path.name):
                raise stray(path)
            self.check(path.name)
            held.add(path.name)
        wanted = set(named)
        for digest in sorted(wanted - held):
            self.check(digest)
        return sorted(held - wanted)

    def sweep(self) -> None:
        """Remove what programs that have ended left half-written; nobody else may be writing here."""
        for path in self.folder.glob(".*.new"):
            if is_unfinished(path) and not _is_running(int(path.name[1:].partition("-")[0])):
                path.unlink(missing_ok=True)


def is_unfinished(path: Path) -> bool:
    """Whether a file is half-written: `put` was cut short, or goes on elsewhere."""
    return _UNFINISHED.fullmatch(path.name) is not None and path.is_file()


def stray(path: Path) -> EvidenceError:
    """Something stands where only bytes by their digest may."""
    return EvidenceError(
        "EVI-003", "nothing may stand here but bytes under their digest", where=str(path),
        remedy="Somebody put it there: move it away, and ask where it came from.",
    )  # fmt: skip


def _is_subfolder(path: Path, folder: Path) -> bool:
    return path.is_dir() and path.parent == folder and _SUBFOLDER.fullmatch(path.name) is not None


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _blocks(content: bytes | Path | BinaryIO) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
    elif isinstance(content, Path):
        with content.open("rb") as file:
            yield from iter(lambda: file.read(_BLOCK), b"")
    else:
        yield from iter(lambda: content.read(_BLOCK), b"")
