"""An author at work: one key, whose entries follow each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from truceline.log.entries import Entry, Seen, entry_id, sign_entry
from truceline.log.notes import SigningKey


class Place(Protocol):
    """Where entries go: a log, or the sequencer that writes it."""

    @property
    def origin(self) -> str: ...
    def next_of(self, author: str) -> tuple[int, str]:
        """`seq` and `prev` of an author's next entry."""

    def seen(self) -> Seen:
        """What an author may say to have seen."""


class Author:
    """Signs records for one key and keeps its `seq` and `prev`."""

    def __init__(self, key: SigningKey, place: Place) -> None:
        self._key, self._place = key, place
        self._seq, self._prev = place.next_of(key.name)

    def note(
        self, kind: str, body: dict[str, Any], at: str, beside: Sequence[SigningKey] = (),
        new_key: SigningKey | None = None,
    ) -> bytes:  # fmt: skip
        """The next signed note of this author; append it at once.

        Args:
            beside: who signs too.
            new_key: the key that a key entry brings in, which signs last.
        """
        entry = self.entry(kind, body, at, [one.name for one in beside])
        last = () if new_key is None else (new_key,)
        note = sign_entry(self._place.origin, entry, self._key, *beside, *last)
        self._seq, self._prev = self._seq + 1, entry_id(note)
        return note

    def entry(self, kind: str, body: dict[str, Any], at: str, signers: Sequence[str] = ()) -> Entry:
        """The next entry of this author, unsigned."""
        return Entry(
            kind, self._key.name, self._seq, self._prev, self._place.seen(), at, body, tuple(signers)
        )
