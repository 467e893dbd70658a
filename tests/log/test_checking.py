"""Many notes checked by several processes at once: the same answers as one by one, in order, whatever happens to a process."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from truceline.log.chain import Facts, check_note
from truceline.log.checking import TOGETHER, Checkers
from truceline.log.entries import Entry, Seen, entry_id, sign_entry
from truceline.log.notes import SigningKey
from truceline.log.waiting import Waiting

ORIGIN = "truceline.test/one"
AUTHORS = [SigningKey(f"author-{n}", bytes([n + 2]) * 32) for n in range(4)]
EVER = {one.name: (one.vkey,) for one in AUTHORS}


def notes(count: int) -> list[bytes]:
    made, prev = [], dict.fromkeys(range(len(AUTHORS)), "")
    for n in range(count):
        which, key = n % len(AUTHORS), AUTHORS[n % len(AUTHORS)]
        entry = Entry(
            "decision",
            key.name,
            n // len(AUTHORS),
            prev[which],
            Seen(0, ""),
            "2031-03-03T00:00:00Z",
            {"n": n, "text": "Ծ 𐐷"},
        )
        made.append(sign_entry(ORIGIN, entry, key))
        prev[which] = entry_id(made[-1])
    return made


def spoiled(count: int) -> list[bytes]:
    """Every seventh is altered, by an unknown author, of another origin, not canonical or no note at all."""
    made = notes(count)
    stranger = SigningKey("stranger", b"\x63" * 32)
    bad = [
        lambda note: note[:-4] + (b"A" if note[-4:-3] != b"A" else b"B") + note[-3:],
        lambda note: sign_entry(ORIGIN, Entry("decision", "stranger", 0, "", Seen(0, ""), "2031-03-03T00:00:00Z", {}), stranger),
        lambda note: note.replace(b"/one/", b"/two/"),
        lambda note: note.replace(b'{"at"', b'{ "at"'),
        lambda note: b"no note",
        lambda note: b"",
        lambda note: b"\xff\xfe\n\n\xe2\x80\x94 author-0 AAAA\n",
    ]  # fmt: skip
    for turn, at in enumerate(range(0, count, 7)):
        made[at] = bad[turn % len(bad)](made[at])
    return made


def one_by_one(some: list[bytes]) -> list[Facts | None]:
    with Checkers(ORIGIN, 1) as here:
        return here.check(some, EVER)


def test_processes_find_what_one_finds_by_itself() -> None:
    some = spoiled(5 * TOGETHER + 3)
    with Checkers(ORIGIN, 2) as checkers:
        found = checkers.check(some, EVER)
        again = checkers.check(some, EVER)
    assert found == again == one_by_one(some)
    good = [note for note, facts in zip(some, found, strict=True) if facts is not None]
    assert len(good) == len(some) - len(range(0, len(some), 7))
    assert [one for one in found if one is not None] == [check_note(ORIGIN, note, EVER) for note in good]


def test_a_process_that_is_killed_costs_time_and_no_answer() -> None:
    some = notes(4 * TOGETHER)
    with Checkers(ORIGIN, 2) as checkers:
        checkers.check(some, EVER)
        os.kill(checkers._running[0].pid, signal.SIGKILL)
        checkers._running[0].wait()
        assert checkers.check(some, EVER) == one_by_one(some)


def test_processes_end_with_whoever_started_them() -> None:
    with Checkers(ORIGIN, 2) as checkers:
        checkers.check(notes(4 * TOGETHER), EVER)
        running = list(checkers._running)
        assert len(running) == 2
    assert [one.returncode for one in running] == [0, 0]


def test_what_waits_is_taken_in_the_order_in_which_it_came_and_a_full_row_holds_up_whoever_puts() -> None:
    row: Waiting[int] = Waiting(4)
    with ThreadPoolExecutor(1) as pool:
        putting = pool.submit(lambda: [row.put(n) for n in range(50)])
        taken: list[int] = []
        while len(taken) < 50:
            some = row.take(3)
            assert 0 < len(some) <= 3
            taken += some
        putting.result()
    assert taken == list(range(50))


def test_a_closed_row_gives_what_is_there_and_then_nothing() -> None:
    row: Waiting[int] = Waiting(4)
    assert row.take(3, time.monotonic()) == ()
    row.put(1, 2)
    threading.Timer(0.05, row.close).start()
    assert list(row.take(5)) == [1, 2]
    assert list(row.take(5)) == []
    assert row.is_closed
