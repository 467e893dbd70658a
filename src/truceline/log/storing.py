"""A copy that is being extended: a mark while files are written that the commit point does not cover yet.

Whoever finds the mark after a crash drops what the commit point does not cover, and it is as if nothing had come.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from truceline.errors import TrucelineError
from truceline.log.checkpoints import CommitPoint
from truceline.log.files import write_durably
from truceline.log.locking import locked
from truceline.log.notes import VerifierKey
from truceline.log.tiles import WIDTH

MARK = Path("pending") / "storing"


@contextmanager
def storing(folder: Path, key: VerifierKey) -> Iterator[None]:
    """Write tiles and move the commit point, under the log's lock; what a fault leaves over is dropped.

    Raises:
        EnvironmentFailure: ENV-001.
    """
    write_durably(folder / MARK, b"")
    try:
        yield
    except TrucelineError:
        _drop(folder, key)
        raise
    (folder / MARK).unlink()


def settle(folder: Path, key: VerifierKey) -> None:
    """Drop what a killed process left over. Raises LogError LOG-031; EnvironmentFailure ENV-001, ENV-003."""
    if (folder / MARK).exists():
        with locked(folder / "state" / "origin"):
            if (folder / MARK).exists():
                _drop(folder, key)


def _drop(folder: Path, key: VerifierKey) -> None:
    size = CommitPoint(folder / "state" / "commit", key).read().size
    for path in [one for one in (folder / "log" / "tile").rglob("*") if one.is_file()]:
        if not _is_covered(path.relative_to(folder / "log" / "tile").parts, size):
            path.unlink()
    for one in sorted((folder / "log").rglob("*"), reverse=True):
        if one.is_dir() and not any(one.iterdir()):
            one.rmdir()
    (folder / MARK).unlink(missing_ok=True)


def _is_covered(name: tuple[str, ...], size: int) -> bool:
    """Whether a tile or bundle of that name belongs to a log of that size: full, or partial and not yet replaced."""
    height = 0 if name[0] == "entries" else int(name[0])
    partial = name[-2].endswith(".p")
    digits = (*name[1:-2], name[-2].removesuffix(".p")) if partial else name[1:]
    width = (size >> (8 * height)) - WIDTH * int("".join(part.removeprefix("x") for part in digits))
    return int(name[-1]) <= width < WIDTH if partial else width >= WIDTH
