"""One writer at a time: an advisory lock on a file (POSIX flock), freed by the system when its process ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from truceline.errors import EnvironmentFailure

WAIT_S = 30.0
_STEP_S = 0.02


@contextmanager
def locked(path: Path, *, shared: bool = False, wait_s: float | None = None) -> Iterator[None]:
    """Hold the lock of an existing file or folder; several may share it, or one holds it alone.

    Args:
        wait_s: how long to wait for others, `WAIT_S` when None.
    Raises:
        EnvironmentFailure: ENV-003, others did not let go in time; ENV-001, the file may not be opened for writing.
    """
    until = time.monotonic() + (WAIT_S if wait_s is None else wait_s)
    with _opened(path, os.O_RDONLY if shared or path.is_dir() else os.O_RDWR) as file:
        while True:
            try:
                fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
                break
            except BlockingIOError as problem:
                if time.monotonic() > until:
                    raise EnvironmentFailure(
                        "ENV-003", "only one program at a time may write to a mission", where=str(path),
                        remedy="Another one is writing: wait until it has ended, then run the same command again.",
                    ) from problem  # fmt: skip
                time.sleep(_STEP_S)
        yield  # closing the file frees the lock


@contextmanager
def _opened(path: Path, how: int) -> Iterator[int]:
    try:
        file = os.open(path, how)
    except OSError as problem:
        raise EnvironmentFailure(
            "ENV-001", "the file must be open to this program", where=str(path), value=problem.strerror,
            remedy="Check the rights of the folder, then run the same command again.",
        ) from problem  # fmt: skip
    try:
        yield file
    finally:
        os.close(file)
