"""Reading ahead changes nothing but the time it takes."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from truceline.mission.ahead import ahead


def test_the_order_is_kept_and_everything_comes_once() -> None:
    assert list(ahead(range(1000), depth=3)) == list(range(1000))
    assert list(ahead([])) == []


def test_an_error_comes_after_the_items_before_it() -> None:
    def source() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("gone")

    reading = ahead(source())
    assert [next(reading), next(reading)] == [1, 2]
    with pytest.raises(OSError, match="gone"):
        next(reading)


def test_whoever_stops_early_leaves_no_thread_and_no_open_source() -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            yield from range(1_000_000)
        finally:
            closed.set()

    for item in (reading := ahead(source())):
        if item == 5:
            break
    reading.close()
    assert closed.wait(5)
    assert not [one for one in threading.enumerate() if one.name == "truceline-ahead"]


def test_no_more_is_held_than_was_asked_for() -> None:
    made = []

    def source() -> Iterator[int]:
        for number in range(50):
            made.append(number)
            yield number

    for used, _ in enumerate(ahead(source(), depth=1)):
        assert len(made) <= used + 3
