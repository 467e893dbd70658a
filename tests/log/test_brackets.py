"""The operator back-dates: the bracket shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from truceline.errors import LogError
from truceline.log.authors import Author
from truceline.log.brackets import bracket
from truceline.log.cosignatures import CosignerKey, check_cosignatures, cosign
from truceline.log.log import Log
from truceline.log.notes import SigningKey, split_note

LOG, OFFICER, NORTH = (
    SigningKey(name, bytes([n]) * 32) for n, name in enumerate(("truceline.test/b", "officer", "north"), 1)
)
DAY_S = 86_400
KNOWN = [CosignerKey.of(NORTH)]


def at(day: int) -> str:
    return f"2031-03-{day:02d}T12:00:00Z"


def cosigned(log: Log, day: int) -> bytes:
    """North cosigns what the log has, on that day."""
    text, lines = split_note(log.checkpoint)
    note = log.checkpoint + cosign(text, NORTH, day * DAY_S)
    log.attach(log.at, check_cosignatures(*split_note(note), KNOWN))
    assert lines
    return note


@pytest.fixture
def log(tmp_path: Path) -> Log:
    made = Log.create(tmp_path, LOG)
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "receipt.policy").write_text(
        f"log {LOG.vkey}\nwitness north {KNOWN[0]}\nquorum north\n"
    )
    made.append([Author(LOG, made).note("genesis", {"keys": {"officer": str(OFFICER.vkey)}}, at(1))])
    return made


def test_back_dating_shows_as_a_wide_bracket(log: Log) -> None:
    notes = [("day 1", cosigned(log, 1))]
    prompt = Author(OFFICER, log).note("decision", {"n": 1}, at(1))
    log.append([prompt])
    notes.append(("day 2", cosigned(log, 2)))
    honest = bracket(log, 1, notes, KNOWN)
    assert (honest.not_before_s, honest.not_after_s, honest.width_s) == (DAY_S, 2 * DAY_S, DAY_S)
    # made on day 9, and said to be of day 1: it either names what was seen since, or nothing newer than day 1
    (log.folder / "state" / "receipt").write_bytes(notes[0][1])
    late = Author(OFFICER, log).note("decision", {"n": 2}, at(1))
    notes += [(f"day {day}", cosigned(log, day)) for day in range(3, 9)]
    log.append([late])
    notes.append(("day 9", cosigned(log, 9)))
    made = bracket(log, 2, notes, KNOWN)
    assert made.says == at(1)
    assert (made.not_before_s, made.not_after_s, made.width_s) == (DAY_S, 9 * DAY_S, 8 * DAY_S)


def test_who_names_a_later_checkpoint_cannot_have_been_earlier(log: Log) -> None:
    cosigned(log, 1)
    log.append([Author(OFFICER, log).note("decision", {}, at(1))])
    notes = [("day 5", cosigned(log, 5))]
    log.append([Author(OFFICER, log).note("decision", {"says": "day 1"}, at(1))])
    made = bracket(log, 2, notes, KNOWN)
    assert (made.not_before_s, made.not_after_s, made.seen_size) == (5 * DAY_S, None, 2)


def test_without_witnesses_nothing_is_bounded(log: Log) -> None:
    log.append([Author(OFFICER, log).note("decision", {}, at(1))])
    made = bracket(log, 1, [("own", log.checkpoint)], KNOWN)
    assert (made.not_before_s, made.not_after_s, made.width_s, made.seen_size) == (None, None, None, 1)
    with pytest.raises(LogError, match="LOG-001"):
        bracket(log, 2, [], KNOWN)
