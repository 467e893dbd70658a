"""Durable files: temporary file, fsync, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from pathlib import Path

from truceline.errors import EnvironmentFailure

_AT_ONCE, _SYNCS = 64, 16  # files open at a time; how many are synced at once


def write_durably(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Replace `path` by `content`, atomically and on the disk when this returns.

    Args:
        mode: rights of a new file, before the umask.
    Raises:
        EnvironmentFailure: ENV-001, the disk refused; nothing that was there before is lost.
    """
    _replace([(path, content)], mode)


def write_all_durably(files: Mapping[Path, bytes]) -> None:
    """Put several files on the disk; each is whole or not there, and all are there when this returns.

    Raises:
        EnvironmentFailure: ENV-001, the disk refused.
    """
    waiting = iter(files.items())
    while some := list(islice(waiting, _AT_ONCE)):
        _replace(some, 0o666)


def _replace(files: Sequence[tuple[Path, bytes]], mode: int) -> None:
    """Write all, sync all, rename all, sync the folders; what can be synced together costs the disk one turn."""
    folders: set[Path] = set()
    opened: list[tuple[int, Path]] = []
    path = files[0][0]
    try:
        for parent in {path.parent for path, _ in files}:
            folders |= _make_folder(parent)
        for path, content in files:
            temporary = path.with_name(f".{path.name}.new")
            opened.append((_new_file(temporary, mode), temporary))
            _write(opened[-1][0], content)
        _sync([file for file, _ in opened])
        for (_, temporary), (path, _) in zip(opened, files, strict=True):
            temporary.replace(path)
        _sync_folders(sorted(folders))
    except OSError as problem:
        for _, temporary in opened:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        raise _refused(path, problem) from problem
    finally:
        for file, _ in opened:
            os.close(file)


def _new_file(path: Path, mode: int) -> int:
    how = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        return os.open(path, how, mode)
    except FileExistsError:  # a program that ended early left it
        path.unlink()
        return os.open(path, how, mode)


def _sync(files: Sequence[int]) -> None:
    """Raises OSError."""
    if len(files) == 1:
        os.fsync(files[0])
        return
    for _ in _pool(os.getpid()).map(os.fsync, files):
        pass


@lru_cache(maxsize=1)
def _pool(process: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_SYNCS, "syncs")


def _sync_folders(folders: Sequence[Path]) -> None:
    opened = [os.open(folder, os.O_RDONLY) for folder in folders]
    try:
        _sync(opened)
    finally:
        for file in opened:
            os.close(file)


def _write(opened: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(opened, rest) :]


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
    _sync_folders([folder])


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
