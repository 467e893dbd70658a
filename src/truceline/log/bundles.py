"""The notes of a log as a sequence: a bundle is read, authenticated and held when one of its notes is asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import overload

from truceline.log.tiles import WIDTH

_HELD = 4


class Notes(Sequence[bytes]):
    """As many notes as `size` says now."""

    def __init__(self, size: Callable[[], int], read: Callable[[int], list[bytes]]) -> None:
        """`read`: the notes of a bundle, by its number."""
        self._size, self._read = size, read
        self._held: OrderedDict[int, list[bytes]] = OrderedDict()

    def __len__(self) -> int:
        return self._size()

    @overload
    def __getitem__(self, at: int) -> bytes: ...
    @overload
    def __getitem__(self, at: slice) -> list[bytes]: ...
    def __getitem__(self, at: int | slice) -> bytes | list[bytes]:
        """Raises LogError LOG-030, LOG-037, LOG-039."""
        if isinstance(at, slice):
            return [self[index] for index in range(*at.indices(len(self)))]
        index = range(len(self))[at]
        return self._bundle(index // WIDTH)[index % WIDTH]

    def _bundle(self, number: int) -> list[bytes]:
        wanted = min(WIDTH, len(self) - number * WIDTH)
        held = self._held.get(number)
        if held is None or len(held) < wanted:
            held = self._held[number] = self._read(number)
            if len(self._held) > _HELD:
                self._held.popitem(last=False)
        self._held.move_to_end(number)
        return held

    def forget(self) -> None:
        """Read everything again."""
        self._held.clear()
