"""Where published files come from: the `log/` of a folder, or a web server that serves it."""

from __future__ import annotations

from pathlib import Path

from truceline.errors import EnvironmentFailure, LogError
from truceline.log.http import HttpSource, is_url
from truceline.log.tiles import WIDTH, path_of
from truceline.log.tree import Source


class DiskSource:
    """A folder that holds `checkpoint` and `tile/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def checkpoint(self) -> bytes:
        """Raises LogError LOG-037, EnvironmentFailure ENV-001."""
        return self._bytes(self.folder / "checkpoint")

    def tile(self, level: str, number: int, width: int) -> bytes:
        """The file of that width, or the smallest fuller one. Raises LogError LOG-037, EnvironmentFailure ENV-001."""
        exact = self.folder / path_of(level, number, width)
        if exact.is_file():
            return self._bytes(exact)
        whole = self.folder / path_of(level, number, WIDTH)
        parts = whole.parent.glob(f"{whole.name}.p/*")
        fuller = sorted(int(one.name) for one in parts if one.name.isdecimal() and one.is_file())
        for held in (*fuller, WIDTH):
            path = self.folder / path_of(level, number, held)
            if held > width and path.is_file():
                return self._bytes(path)
        raise _missing(exact)

    def _bytes(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except FileNotFoundError as problem:
            raise _missing(path) from problem
        except OSError as problem:
            raise EnvironmentFailure(
                "ENV-001", "the file must be open to this program", where=str(path), value=problem.strerror,
                remedy="Check the rights of the folder, then run the same command again.",
            ) from problem  # fmt: skip


def open_source(where: str) -> Source:
    """The published files of a mission, a mirror, a published folder, or a URL prefix.

    Raises:
        LogError: LOG-037, nothing is published there. EnvironmentFailure: ENV-030.
    """
    if is_url(where):
        return HttpSource(where)
    folder = Path(where)
    for one in (folder / "log", folder):
        if (one / "checkpoint").is_file() or (one / "tile").is_dir():
            return DiskSource(one)
    raise _missing(folder / "checkpoint")


def _missing(path: Path) -> LogError:
    return LogError(
        "LOG-037", "every tile and bundle must be there and full", where=str(path),
        remedy="Fetch the file from another copy.",
    )  # fmt: skip
