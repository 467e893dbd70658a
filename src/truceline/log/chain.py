"""Who may sign what comes next: valid keys, each author's `seq` and `prev`, and what each had seen."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from truceline.errors import LogError
from truceline.log.entries import KEY_KIND, REFUSED_KIND, Entry, check_lines, entry_id, read_entry, unchecked
from truceline.log.keys import Enrolled, Keys
from truceline.log.notes import VerifierKey
from truceline.log.pinned import SETTINGS_KIND, Pinned

RootAt = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the fold needs of an entry. `entry` has its body only where the fold reads it; `unchecked` is the note as long as
    its signatures were not checked, because a key was not known yet."""

    id: str
    entry: Entry
    key_ids: tuple[bytes, ...]
    unchecked: bytes = b""

    def __reduce__(self) -> tuple[Any, ...]:
        return Facts, (self.id, self.entry, self.key_ids, self.unchecked)


def check_note(origin: str, note: bytes, ever: Mapping[str, Sequence[VerifierKey]]) -> Facts:
    """Form, origin and signatures of a note, by keys that were ever enrolled; the entry keeps its body.

    Raises:
        LogError: LOG-010..013, LOG-020..022, LOG-110.
    """
    entry, text, lines = read_entry(origin, note)
    check_lines(entry, text, lines, ever)
    return Facts(hashlib.sha256(text).hexdigest(), entry, tuple(line.key_id for line in lines))


def facts_of(origin: str, note: bytes, ever: Mapping[str, Sequence[VerifierKey]]) -> Facts:
    """Check the form of an entry, and its signatures where all keys are known; needs no order, so many can be done at once.

    Raises:
        LogError: LOG-010..013, LOG-020..022, LOG-110.
    """
    entry, text, lines = read_entry(origin, note)
    known = all(any(key.id == line.key_id for key in ever.get(line.name, ())) for line in lines)
    if known:
        check_lines(entry, text, lines, ever)
    light = entry
    if entry.kind not in (KEY_KIND, REFUSED_KIND, SETTINGS_KIND) and "keys" not in entry.body:
        light = replace(entry, body={})
    return Facts(entry_id(note), light, tuple(line.key_id for line in lines), b"" if known else note)


class Chain:
    """A fold over entries; the same one admits an entry to the log and verifies it afterwards."""

    def __init__(self, log_key: VerifierKey, root_at: RootAt) -> None:
        """`root_at`: the root over the first so many entries, asked for sizes that are admitted already."""
        self._log_key, self._origin, self._root_at = log_key, log_key.name, root_at
        self._keys = Keys(log_key)
        self._pinned = Pinned()
        self._last: dict[str, tuple[int, str]] = {}
        self._roots: dict[int, str] = {}
        self._version = 1
        self._refused: set[str] = set()
        self.size = 0

    @property
    def keys(self) -> Mapping[str, VerifierKey]:
        """Name -> the key that it may sign the next entry with."""
        return self._keys.valid

    @property
    def authorities(self) -> tuple[str, ...]:
        """Who enrols keys and revokes those of others: all of them together."""
        return self._keys.authorities()

    def history(self) -> tuple[Enrolled, ...]:
        """Every key that was ever valid, and from which entry to which."""
        return self._keys.history()

    @property
    def pinned(self) -> Pinned:
        """The policies that the log pins for itself."""
        return self._pinned

    @property
    def keys_used(self) -> Collection[bytes]:
        """Every public key that signs entries, or did."""
        return self._keys.ever_used

    def next_of(self, author: str) -> tuple[int, str]:
        """`seq` and `prev` of the author's next entry."""
        return self._last.get(author, (0, ""))

    def has_refused(self, digest: str) -> bool:
        """Whether an entry says already that the submission of that digest was refused."""
        return digest in self._refused

    @property
    def ever(self) -> Mapping[str, Sequence[VerifierKey]]:
        """Name -> every key that it had."""
        return self._keys.ever

    def check(self, note: bytes) -> Entry:
        """Form, origin and signatures of a note, by keys that were ever enrolled, wherever it stands.

        Raises:
            LogError: LOG-010..013, LOG-020..022, LOG-110.
        """
        return check_note(self._origin, note, self._keys.ever).entry

    def admit(self, note: bytes) -> Entry:
        """Check a note as the next one.

        Raises:
            LogError: as `check` and `take`.
        """
        facts = check_note(self._origin, note, self._keys.ever)
        self.take(facts)
        return facts.entry

    def take(self, facts: Facts) -> None:
        """Check an entry as the next one, whose form, and perhaps whose signatures, were checked elsewhere.

        Raises:
            LogError: LOG-012, LOG-013, LOG-110 where its keys were not known there; LOG-115 a key that is not valid any more;
                LOG-040 the author's sequence is broken; LOG-116 a checkpoint that this log never had; LOG-117 an older form;
                LOG-111..114 keys; LOG-140, LOG-141 policies.
        """
        if facts.unchecked:
            check_note(self._origin, facts.unchecked, self._keys.ever)
        self._must_be_valid(facts.entry, facts.key_ids)
        self._check_seen(facts.entry)
        self._follow(facts.entry, facts.id)

    def _must_be_valid(self, entry: Entry, key_ids: Sequence[bytes]) -> None:
        for name, key_id in zip((entry.author, *entry.signers), key_ids, strict=False):
            valid = self._keys.valid.get(name)
            if valid is None or valid.id != key_id:
                raise LogError(
                    "LOG-115", "a key must be valid where it signs", where=f"entry {self.size}", value=name,
                    remedy="It was rotated or revoked before: `truceline key list` shows when.",
                )  # fmt: skip

    def follow(self, note: bytes) -> None:
        """Go on over a note that the signed root covers. Raises LogError LOG-022, LOG-040, LOG-111..114, LOG-140, LOG-141."""
        self._follow(unchecked(self._origin, note), entry_id(note))

    def _check_seen(self, entry: Entry) -> None:
        if entry.version == 1:
            return
        size, root = entry.seen.size, entry.seen.root
        if size <= self.size and size not in self._roots:
            if len(self._roots) > 256:
                self._roots.clear()
            self._roots[size] = self._root_at(size).hex() if size else ""
        if size > self.size or self._roots[size] != root:
            raise LogError(
                "LOG-116", "what an author has seen must be a checkpoint of this log", where=f"entry {self.size}",
                value=f"size {size}, root {root[:16]}",
                remedy="The author was shown another history: compare both checkpoints before anything else.",
            )  # fmt: skip

    def _follow(self, entry: Entry, ident: str) -> Entry:
        seq, prev = self._last.get(entry.author, (0, ""))
        if (entry.seq, entry.prev) != (seq, prev):
            raise LogError(
                "LOG-040", "an author's entries must follow each other", where=f"{entry.author}, number {seq}",
                value=entry.seq, remedy="An entry was left out or repeated: ask its author.",
            )  # fmt: skip
        if entry.version < self._version:
            raise LogError(
                "LOG-117", "an entry must not be of an older form than those before it", where=f"entry {self.size}",
                value=f"v{entry.version}", remedy="Sign it again with this version of the program.",
            )  # fmt: skip
        if self.size == 0:
            self._keys.begin(entry)
            self._pin(entry)
        elif entry.kind == KEY_KIND:
            self._keys.act(entry, self.size, self._pinned.cosigners())
        elif entry.kind == SETTINGS_KIND:
            self._keys.must_be_authorities(entry, self.size)
            self._pin(entry)
        elif entry.kind == REFUSED_KIND and entry.author == self._origin:
            self._refused |= {str(one.get("digest")) for one in entry.body.get("refused", ())}
        self._version = entry.version
        self._last[entry.author] = (seq + 1, ident)
        self.size += 1
        return entry

    def _pin(self, entry: Entry) -> None:
        self._pinned = self._pinned.take(entry.body, self.size, self._log_key, self._keys.ever_used)

    def copy(self) -> Chain:
        """The same state, to try what comes next."""
        made = Chain(self._log_key, self._root_at)
        made._keys, made._pinned = self._keys.copy(), self._pinned
        made._last, made._roots, made._refused = dict(self._last), dict(self._roots), set(self._refused)
        made._version, made.size = self._version, self.size
        return made

    def ask(self, root_at: RootAt) -> None:
        """Ask another tree for roots; it must extend the one before."""
        self._root_at = root_at

    def dump(self) -> dict[str, Any]:
        """The state as plain JSON, so that it need not be folded again."""
        last = {name: list(one) for name, one in self._last.items()}
        own = {"size": self.size, "version": self._version, "last": last, "refused": sorted(self._refused)}
        own["pinned"] = self._pinned.dump()
        return own | self._keys.dump()

    @classmethod
    def load(cls, log_key: VerifierKey, root_at: RootAt, kept: Mapping[str, Any]) -> Chain:
        """The inverse of `dump`. Raises ValueError, KeyError, TypeError, LogError: not what was dumped."""
        made = cls(log_key, root_at)
        made._keys = Keys.load(log_key, kept)
        made._pinned = Pinned.load(kept.get("pinned", {}))
        made._last = {str(name): (int(seq), str(prev)) for name, (seq, prev) in kept["last"].items()}
        made._refused = set(map(str, kept["refused"]))
        made.size, made._version = int(kept["size"]), int(kept["version"])
        return made
