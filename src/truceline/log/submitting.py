"""What others hand in: admitted, known already, refused on the record, or not signed by anybody and only counted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from truceline.errors import LogError, TrucelineError
from truceline.log.authors import Author
from truceline.log.chain import Facts, check_note
from truceline.log.entries import REFUSED_KIND, Entry, entry_id
from truceline.log.log import Log
from truceline.log.notes import SigningKey

Judge = Callable[[Entry], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one submission: its index, or why it has none. `unsigned`: by nobody the log knows."""

    id: str
    index: int | None = None
    problem: TrucelineError | None = None
    unsigned: bool = False


def submit(
    log: Log, notes: Sequence[bytes], log_key: SigningKey, at: str, judge: Judge = lambda entry: None,
    checked: Sequence[Facts | None] = (), recorded: Callable[[list[Outcome]], None] = lambda outcomes: None,
) -> list[Outcome]:  # fmt: skip
    """Append what may be appended, in one step of the sequencer, with one entry about what was refused.

    A submission that was admitted before gets the index that it had. One that its authors signed and the log refuses
    is named on the log, by digest and reason, once; whatever nobody signed is counted there and no more.

    Args:
        log_key: the log's own key, which signs the entry about refusals.
        judge: further rules, e.g. of what an entry says; raises TrucelineError.
        checked: of each note, what `check_note` found against this log's keys; None where it is yet to be asked.
        recorded: called with the outcomes once they are durable, before the new tiles are published.
    Raises:
        LogError: LOG-034. EnvironmentFailure: ENV-001, ENV-003.
    """
    with log.writing():
        chain, first = log.chain.copy(), log.size
        outcomes: list[Outcome] = []
        fresh: dict[str, tuple[bytes, Entry]] = {}
        places: dict[str, int] = {}
        refusals, unsigned = [], 0
        for note, known in zip_longest(notes, checked):
            try:
                facts = known or check_note(log.origin, note, chain.ever)
            except LogError as problem:
                outcomes.append(Outcome(entry_id(note), problem=problem, unsigned=True))
                unsigned += 1
                continue
            ident, entry = facts.id, facts.entry
            place = places.get(ident)
            if place is None and entry.seq < chain.next_of(entry.author)[0]:
                place = log.index_of(ident)  # only what the author has gone on from can stand here already
            if place is None:
                try:
                    _refuse_own(entry, log)
                    judge(entry)
                    chain.take(facts)
                except TrucelineError as problem:
                    outcomes.append(Outcome(ident, problem=problem))
                    digest = hashlib.sha256(note).hexdigest()
                    if not chain.has_refused(digest):
                        refusals.append({"digest": digest, "author": entry.author, "code": problem.code})
                    continue
                place = places[ident] = first + len(fresh)
                fresh[ident] = note, entry
            outcomes.append(Outcome(ident, place))
        if refusals:
            body = {"refused": refusals, "unsigned": unsigned}
            said = Author(log_key, log).note(REFUSED_KIND, body, at)
            fresh[entry_id(said)] = said, chain.admit(said)
        log.append_admitted(
            [note for note, _ in fresh.values()],
            [(ident, entry) for ident, (_, entry) in fresh.items()],
            chain,
            recorded=lambda: recorded(outcomes),
        )
        return outcomes


def _refuse_own(entry: Entry, log: Log) -> None:
    if entry.author == log.origin:
        raise LogError(
            "LOG-118", "what the log itself says must not be handed in", value=entry.kind,
            remedy="Only the log's sequencer signs with the log's key: whoever did this has a copy of it.",
        )  # fmt: skip
