"""Writing while a sequencer runs: entries go through its socket, so that several programs work on one mission at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from truceline.errors import EnvironmentFailure
from truceline.log.authors import Place
from truceline.log.door import running
from truceline.log.log import Log
from truceline.log.submitting import Outcome


def through_sequencer(
    log: Log, notes: Sequence[bytes] = (), sign: Callable[[Place], Sequence[bytes]] | None = None
) -> list[Outcome] | None:
    """Hand notes to the sequencer that runs for a log; None where none does, or this program is itself writing.

    Where it ends meanwhile, the same notes can be appended by this program: what was recorded keeps its index.

    Args:
        sign: makes the notes, by the numbers that the sequencer says; nobody else signs meanwhile.
    Raises:
        EnvironmentFailure: ENV-001, ENV-003 others did not let go in time; ENV-033 the sequencer ended before it said where its
            authors stand.
    """
    way = None if log.is_held else running(log.folder)
    if way is None:
        return None
    with way:
        if sign is None:
            return way.submit_all(notes)
        with way.turn():
            log.refresh()  # keys may have changed
            made = sign(way)
            try:
                return way.submit_all(made)
            except EnvironmentFailure as problem:
                if problem.code != "ENV-033" or not log.can_append:
                    raise
                with log.writing():  # what it did record is held now
                    return [Outcome("", index) for index in log.append(made)]
