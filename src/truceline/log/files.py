"""Durable files: temporary file, fsync, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from truceline.errors import EnvironmentFailure


def write_durably(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Replace `path` by `content`, atomically and on the disk when this returns.

    Args:
        mode: rights of a new file, before the umask.
    Raises:
        EnvironmentFailure: ENV-001, the disk refused; nothing that was there before is lost.
    """
    temporary = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as problem:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise EnvironmentFailure(
            "ENV-001", "the disk must take the file", where=str(path), value=problem.strerror,
            remedy="Free space or fix the folder, then run the same command again.",
        ) from problem  # fmt: skip


def sync_folder(folder: Path) -> None:
    """Put the names of a folder on the disk. Raises OSError."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def unfinished(folder: Path) -> Iterator[Path]:
    """What a `write_durably` that was cut short left behind under `folder`."""
    for path in folder.rglob(".*.new"):
        if path.is_file() and not path.is_symlink():
            yield path
