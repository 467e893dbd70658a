"""Step 4 of the order of durability: what others read, tiles before the checkpoint that needs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from truceline.errors import EnvironmentFailure
from truceline.log.files import write_all_durably, write_durably


def publish(published: Path, files: Mapping[str, bytes], checkpoint: bytes) -> None:
    """Tiles, then the checkpoint; then the partial tiles that a full one replaced can go. Raises EnvironmentFailure ENV-001."""
    write_all_durably({published / name: content for name, content in files.items()})
    write_durably(published / "checkpoint", checkpoint)
    drop_replaced(published, files)


def drop_replaced(published: Path, names: Iterable[str]) -> None:
    """Remove the partial tiles of which the full one is among `names`. Raises EnvironmentFailure ENV-001."""
    with disk(published):
        for name in names:
            stale = published / f"{name}.p"
            if not name.rpartition("/")[0].endswith(".p") and stale.is_dir():
                for part in stale.iterdir():
                    part.unlink()
                stale.rmdir()


@contextmanager
def disk(path: Path) -> Iterator[None]:
    """Tell a fault of the disk as what it is. Raises EnvironmentFailure ENV-001."""
    try:
        yield
    except OSError as problem:
        raise EnvironmentFailure(
            "ENV-001", "the disk must take the change", where=str(path), value=problem.strerror,
            remedy="Check the folder and its rights, then run the same command again.",
        ) from problem  # fmt: skip
