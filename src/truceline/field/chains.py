"""The numbers of a device: the ids of all records that were taken from it, in order, 32 bytes each.

The position of an id is its record's `seq`, the last one is the next record's `prev`. A record is taken in three steps
(`begin`, write what waits, `finish`); `settle` finishes or forgets what a crash cut short, so nothing is taken twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from truceline.log.files import write_durably

_ID = 32
_SUFFIX = ".chain"
_NEXT = ".next"


class Chain:
    """The records of one device, in `folder`."""

    def __init__(self, folder: Path, device: str) -> None:
        self._path = folder / f"{device}{_SUFFIX}"
        self._mark = folder / f"{device}{_NEXT}"
        self._raw = self._path.read_bytes() if self._path.exists() else b""

    def __len__(self) -> int:
        """How many were taken: the number that the next one must have."""
        return len(self._raw) // _ID

    @property
    def last(self) -> str:
        """The id of the newest record, empty before the first."""
        return self._raw[-_ID:].hex()

    def at(self, seq: int) -> str:
        """The id of the record with that number."""
        return self._raw[_ID * seq : _ID * (seq + 1)].hex()

    def begin(self, waiting: Path, ids: Sequence[str]) -> None:
        """Say that the file `waiting`, once it exists, holds the next records. Raises EnvironmentFailure ENV-001."""
        told = {"start": len(self), "waiting": waiting.name, "ids": list(ids)}
        write_durably(self._mark, json.dumps(told).encode(), mode=0o600)

    def finish(self) -> None:
        """The file is there. Raises EnvironmentFailure ENV-001."""
        told = json.loads(self._mark.read_bytes())
        whole = self._raw[: _ID * told["start"]] + b"".join(map(bytes.fromhex, told["ids"]))
        write_durably(self._path, whole, mode=0o600)
        self._mark.unlink()
        self._raw = whole


def settle(folder: Path, waiting: Path) -> None:
    """Finish what was written, forget what was not; before anything else is taken from, or added to, what waits.

    Args:
        folder: of the chains. waiting: folder of the files that `begin` named.
    """
    for mark in sorted(folder.glob(f"*{_NEXT}")):
        chain = Chain(folder, mark.name.removesuffix(_NEXT))
        if (waiting / json.loads(mark.read_bytes())["waiting"]).exists():
            chain.finish()
        else:
            mark.unlink()
