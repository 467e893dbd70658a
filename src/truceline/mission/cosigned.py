"""Checkpoints that sticks brought back or that were cosigned over the network, kept beside the log: `cosigned/<size>`, one a size, with every line that came."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from truceline.errors import LogError
from truceline.log.checkpoints import Checkpoint
from truceline.log.cosignatures import Cosignature, CosignerKey
from truceline.log.files import write_durably
from truceline.log.levels import known_cosigners, merge, split
from truceline.log.notes import VerifierKey

FOLDER = "cosigned"


def keep(
    root: Path, key: VerifierKey, checkpoint: Checkpoint, made: Sequence[Cosignature], known: Iterable[CosignerKey]
) -> list[Cosignature]:  # fmt: skip
    """Add checked cosignatures to what is kept of that size; all that came so far.

    Raises:
        LogError: LOG-137, another root of that size was cosigned: two histories. EnvironmentFailure: ENV-001.
    """
    path, cosigners = root / FOLDER / f"{checkpoint.size:019d}", list(known)
    held: list[Cosignature] = []
    if path.exists():
        before, held = split(path.read_bytes(), key, cosigners, str(path))
        if before.root != checkpoint.root:
            raise LogError(
                "LOG-137", "two cosigned checkpoints of one size must have one root", where=str(path), value=checkpoint.size,
                remedy="The log showed two histories. Keep both notes: they prove it to everybody.",
            )  # fmt: skip
    write_durably(path, merge(checkpoint.note, [*held, *made], cosigners))
    return [*held, *made]


def archiver(root: Path, key: VerifierKey) -> Callable[[Checkpoint, Sequence[Cosignature]], None]:
    """Keeps each checkpoint that reached a level over the network, under a kilobyte each: `log bracket` bounds entries by them."""

    def keep_one(at: Checkpoint, made: Sequence[Cosignature]) -> None:
        keep(root, key, at, made, known_cosigners(root))

    return keep_one


def notes(root: Path) -> Iterator[tuple[str, bytes]]:
    """Every cosigned checkpoint that a mission's folder holds: from sticks, the newest of each level, the published one."""
    places = [
        *sorted((root / FOLDER).glob("*")),
        root / "state" / "receipt",
        root / "state" / "final",
        root / "log" / "checkpoint",
    ]
    for path in places:
        if path.is_file():
            yield str(path), path.read_bytes()
