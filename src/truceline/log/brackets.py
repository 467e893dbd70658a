"""When an entry was made, as far as cosignatures bound it: not before what its author had seen, not after what holds it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from truceline.errors import LogError
from truceline.log.checkpoints import read_checkpoint
from truceline.log.cosignatures import CosignerKey, check_cosignatures
from truceline.log.log import Log


@dataclass(frozen=True, slots=True)
class Bracket:
    """What an entry says of its time, and what others vouch for, in seconds since 1970; None where nothing bounds it."""

    index: int
    says: str
    seen_size: int
    not_before_s: int | None
    not_after_s: int | None

    @property
    def width_s(self) -> int | None:
        """How far apart the bounds are; a wide bracket is what back-dating looks like."""
        if self.not_before_s is None or self.not_after_s is None:
            return None
        return self.not_after_s - self.not_before_s


def bracket(
    log: Log, index: int, notes: Iterable[tuple[str, bytes]], cosigners: Iterable[CosignerKey]
) -> Bracket:
    """The bracket of an entry.

    Args:
        notes: cosigned checkpoints of this log that anybody kept: a name for messages, and the note. The more, the narrower.
    Raises:
        LogError: LOG-001 no such entry; LOG-011..013, LOG-031, LOG-051, a note that is none; LOG-044, one of another history.
    """
    if not 0 <= index < log.size:
        raise LogError(
            "LOG-001",
            "a bracket needs an entry of the log",
            value=index,
            remedy="`truceline log show` lists them.",
        )
    known, entry = list(cosigners), log.entry(index)[2]
    before: list[int] = []
    after: dict[int, list[int]] = {}
    for where, note in notes:
        at, text, lines = read_checkpoint(note, log.key, where)
        if at.size <= log.size and log.root_at(at.size) != at.root:
            raise LogError(
                "LOG-044", "the log must extend the checkpoint that was held", where=where, value="another root",
                remedy="Somebody was shown another history. Keep both, and put them side by side with the other parties.",
            )  # fmt: skip
        times = [one.time_s for one in check_cosignatures(text, lines, known)]
        if times and at.size == entry.seen.size:
            before += times
        if times and at.size > index:
            after.setdefault(at.size, []).extend(times)
    return Bracket(
        index, entry.at, entry.seen.size, min(before, default=None), min(after[min(after)]) if after else None
    )  # fmt: skip
