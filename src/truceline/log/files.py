"""Durable files: temporary file, fsync, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
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
        made = _make_folder(path.parent)
        temporary.unlink(missing_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        for folder in made:
            sync_folder(folder)
    except OSError as problem:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise _refused(path, problem) from problem


def write_all_durably(files: Mapping[Path, bytes]) -> None:
    """Put several files on the disk; each is whole or not there, and all are there when this returns.

    Raises:
        EnvironmentFailure: ENV-001, the disk refused.
    """
    folders: set[Path] = set()
    for path, content in files.items():
        temporary = path.with_name(f".{path.name}.new")
        try:
            folders |= _make_folder(path.parent)
            temporary.unlink(missing_ok=True)
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as problem:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise _refused(path, problem) from problem
    for folder in sorted(folders):
        try:
            sync_folder(folder)
        except OSError as problem:
            raise _refused(folder, problem) from problem


def _make_folder(folder: Path) -> set[Path]:
    """Make a folder; those that must be synced so that the file's name is found after a power loss."""
    made = {folder}
    while not folder.is_dir():
        made.add(folder.parent)
        try:
            folder.mkdir()
        except FileNotFoundError:
            made |= _make_folder(folder.parent)
    return made


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


def _refused(path: Path, problem: OSError) -> EnvironmentFailure:
    return EnvironmentFailure(
        "ENV-001", "the disk must take the file", where=str(path), value=problem.strerror,
        remedy="Free space or fix the folder, then run the same command again.",
    )  # fmt: skip
