"""Durable files: temporary file, fsync, rename, fsync of the folder."""

from __future__ import annotations

import os
from pathlib import Path

from truceline.errors import EnvironmentFailure


def write_durably(path: Path, content: bytes) -> None:
    """Replace `path` by `content`, atomically and on the disk when this returns.

    Raises:
        EnvironmentFailure: ENV-001, the disk refused; nothing that was there before is lost.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.new")
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as problem:
        raise EnvironmentFailure(
            "ENV-001", "the disk must take the file", where=str(path), value=problem.strerror,
            remedy="Free space or fix the folder, then run the same command again.",
        ) from problem  # fmt: skip
