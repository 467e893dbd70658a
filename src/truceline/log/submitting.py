"""What others hand in: admitted, known already, refused on the record, or not signed by anybody and only counted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from truceline.errors import LogError, TrucelineError
from truceline.log.chain import Facts, check_note
from truceline.log.entries import REFUSED_KIND, Entry, entry_id
from truceline.log.log import Author, Log
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
    checked: Mapping[bytes, Facts] | None = None,
) -> list[Outcome]:  # fmt: skip
    """Append what may be appended, in one step of the sequencer, with one entry about what was refused.

    A submission that was admitted before gets the index that it had. One that its authors signed and the log refuses
    is named on the log, by digest and reason, once; whatever nobody signed is counted there and no more.

    Args:
        log_key: the log's own key, which signs the entry about refusals.
        judge: further rules, e.g. of what an entry says; raises TrucelineError.
        checked: notes whose form and signatures `check_note` has found good, against this log's keys.
    Raises:
        LogError: LOG-034. EnvironmentFailure: ENV-001, ENV-003.
    """
    with log.writing():
        chain = log.chain.copy()
        outcomes: list[Outcome | str] = []
        fresh: dict[str, tuple[bytes, Entry]] = {}
        refusals, unsigned = [], 0
        for note in notes:
            ident = entry_id(note)
            try:
                facts = (checked or {}).get(note) or check_note(log.origin, note, chain.ever)
            except LogError as problem:
                outcomes.append(Outcome(ident, problem=problem, unsigned=True))
                unsigned += 1
                continue
            if ident in fresh or log.index_of(ident) is not None:
                outcomes.append(ident)
                continue
            try:
                _refuse_own(facts.entry, log)
                judge(facts.entry)
                chain.take(facts)
            except TrucelineError as problem:
                outcomes.append(Outcome(ident, problem=problem))
                digest = hashlib.sha256(note).hexdigest()
                if not chain.has_refused(digest):
                    refusals.append({"digest": digest, "author": facts.entry.author, "code": problem.code})
            else:
                fresh[ident] = note, facts.entry
                outcomes.append(ident)
        if refusals:
            body = {"refused": refusals, "unsigned": unsigned}
            said = Author(log_key, log).note(REFUSED_KIND, body, at)
            fresh[entry_id(said)] = said, chain.admit(said)
        first = log.size
        log.append_admitted(
            [note for note, _ in fresh.values()],
            [(ident, entry) for ident, (_, entry) in fresh.items()],
            chain,
        )
        placed = {ident: first + number for number, ident in enumerate(fresh)}
        return [
            one
            if isinstance(one, Outcome)
            else Outcome(one, placed[one] if one in placed else log.index_of(one))
            for one in outcomes
        ]


def _refuse_own(entry: Entry, log: Log) -> None:
    if entry.author == log.origin:
        raise LogError(
            "LOG-118", "what the log itself says must not be handed in", value=entry.kind,
            remedy="Only the log's sequencer signs with the log's key: whoever did this has a copy of it.",
        )  # fmt: skip
