"""Who may sign what comes next: the keys of the genesis entry, and each author's `seq` and `prev`."""

from __future__ import annotations

from truceline.errors import LogError
from truceline.log.entries import Entry, entry_id, parse_entry, unchecked
from truceline.log.notes import VerifierKey


class Chain:
    """A fold over entries; the same one admits an entry to the log and verifies it afterwards."""

    def __init__(self, log_key: VerifierKey) -> None:
        self._origin = log_key.name
        self._keys = {log_key.name: log_key}
        self._last: dict[str, tuple[int, str]] = {}
        self.size = 0

    def check(self, note: bytes) -> Entry:
        """Signature, signer, origin and form of a note, wherever it stands.

        Raises:
            LogError: LOG-011..013, LOG-021, LOG-022.
        """
        return parse_entry(self._origin, note, self._keys)

    def admit(self, note: bytes) -> Entry:
        """Check a note as the next one.

        Raises:
            LogError: as `check`; LOG-010, LOG-022 keys of the genesis entry; LOG-040 the author's sequence is broken.
        """
        return self._follow(self.check(note), note)

    def follow(self, note: bytes) -> None:
        """Go on over a note that the signed root covers. Raises LogError LOG-022, LOG-040."""
        self._follow(unchecked(self._origin, note), note)

    def _follow(self, entry: Entry, note: bytes) -> Entry:
        seq, prev = self._last.get(entry.author, (0, ""))
        if (entry.seq, entry.prev) != (seq, prev):
            raise LogError(
                "LOG-040", "an author's entries must follow each other", where=f"{entry.author}, number {seq}",
                value=entry.seq, remedy="An entry was left out or repeated: ask its author.",
            )  # fmt: skip
        if self.size == 0:
            self._enrol(entry)
        self._last[entry.author] = (seq + 1, entry_id(note))
        self.size += 1
        return entry

    def _enrol(self, genesis: Entry) -> None:
        try:
            lines = {str(name): str(line) for name, line in genesis.body["keys"].items()}
        except (KeyError, AttributeError, TypeError) as problem:
            raise LogError("LOG-022", "the genesis entry must list the keys", where="entry 0") from problem
        self._keys |= {name: VerifierKey.parse(line) for name, line in lines.items() if name != self._origin}
