"""Reading ahead in a second thread: order, results and errors are those of plain iteration."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from queue import Full, Queue
from typing import TypeVar, cast

T = TypeVar("T")
_END = object()
_PATIENCE_S = 0.1


def ahead(source: Iterable[T], depth: int = 1) -> Iterator[T]:
    """The items of `source`, made in a thread of their own while the caller uses those before.

    Args:
        depth: finished items that may wait; one more is being made and one used.
    Raises:
        whatever `source` raises, at the place where it raised it.
    """
    waiting: Queue[object] = Queue(depth)
    stopped = threading.Event()
    problems: list[BaseException] = []

    def put(item: object) -> None:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=_PATIENCE_S)
            except Full:
                continue
            return

    def make() -> None:
        try:
            for item in source:
                put(item)
                if stopped.is_set():
                    return
        except BaseException as problem:  # noqa: BLE001 - raised again in the caller's thread
            problems.append(problem)
        put(_END)

    maker = threading.Thread(target=make, name="truceline-ahead", daemon=True)
    maker.start()
    try:
        while (item := waiting.get()) is not _END:
            yield cast("T", item)
    finally:
        stopped.set()
        maker.join()
    if problems:
        raise problems[0]
