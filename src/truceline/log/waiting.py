"""A bounded row of what waits: many put into it, one takes all that is there at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Waiting(Generic[T]):
    """First come, first taken. Whoever puts into a full row waits until there is room."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._row: list[T] = []
        self._closed = False
        lock = threading.Lock()
        self._filled, self._freed = threading.Condition(lock), threading.Condition(lock)

    def put(self, *ones: T) -> None:
        """Add in this order; more than fit are let in once there is any room."""
        with self._filled:
            while len(self._row) >= self._most and not self._closed:
                self._freed.wait()
            was_empty = not self._row
            self._row.extend(ones)
            if was_empty:
                self._filled.notify()

    def take(self, most: int, until: float | None = None) -> Sequence[T]:
        """What is there, at most so many; waits for the first.

        Args:
            until: monotonic time after which an empty row is an answer; for ever when None.
        Returns:
            nothing when the time is over, or the row was closed and is empty.
        """
        with self._filled:
            while not self._row and not self._closed:
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    return ()
                self._filled.wait(left)
            taken, self._row = self._row[:most], self._row[most:]
            self._freed.notify_all()
            return taken

    def close(self) -> None:
        """Let nobody wait any more; what is there can still be taken."""
        with self._filled:
            self._closed = True
            self._filled.notify_all()
            self._freed.notify_all()

    @property
    def is_closed(self) -> bool:
        """Whether nothing will come any more."""
        return self._closed
