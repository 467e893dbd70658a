"""Which key of whom is valid: a fold over key entries.

    enrol   by the authorities, and signed by the new key      a name gets a key
    rotate  by the holder's old key, and signed by the new one the name changes its key
    revoke  by the holder, or by the authorities               the name has no key any more; nothing that it signed goes

The authorities are the operator and the commission, both of them, as far as the genesis entry lists them; where it lists
neither, the log's own key. A public key is used once in a log: for one name, for one purpose, and never again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from truceline.errors import LogError
from truceline.log.ed25519 import is_strong
from truceline.log.entries import Entry
from truceline.log.notes import VerifierKey

AUTHORITIES = ("operator", "commission")
_NAME = re.compile(r"[^\s+]{1,128}")


@dataclass(frozen=True, slots=True)
class Enrolled:
    """One key of one name, valid for entries with since <= index < until (None: still)."""

    name: str
    vkey: str
    role: str
    since: int
    until: int | None = None
    ended: str = ""  # rotated, revoked


class Keys:
    """The keys of a log, after so many entries."""

    def __init__(self, log_key: VerifierKey) -> None:
        self._origin = log_key.name
        self._all: dict[str, tuple[VerifierKey, ...]] = {log_key.name: (log_key,)}
        self._valid: dict[str, VerifierKey] = {log_key.name: log_key}
        self._history: list[Enrolled] = [Enrolled(log_key.name, str(log_key), "log", 0)]
        self._used = {log_key.key}
        self._authorities: tuple[str, ...] = (log_key.name,)

    @property
    def ever(self) -> Mapping[str, tuple[VerifierKey, ...]]:
        """Name -> every key it had."""
        return self._all

    @property
    def valid(self) -> Mapping[str, VerifierKey]:
        """Name -> its key now."""
        return self._valid

    def history(self) -> tuple[Enrolled, ...]:
        """Every key, in the order in which they came."""
        return tuple(self._history)

    def authorities(self) -> tuple[str, ...]:
        """Who enrols, and revokes for others: all of them together."""
        return tuple(name for name in self._authorities if name in self._valid)

    def used(self, key: bytes) -> bool:
        """Whether the public key serves a purpose already, or did."""
        return key in self._used

    def begin(self, genesis: Entry) -> None:
        """Take the keys of the genesis entry. Raises LogError LOG-010, LOG-022, LOG-111, LOG-112."""
        try:
            lines = {str(name): str(line) for name, line in genesis.body["keys"].items()}
        except (KeyError, AttributeError, TypeError) as problem:
            raise LogError(
                "LOG-022",
                "the genesis entry must list the keys",
                where="entry 0",
                remedy="Fetch entry 0 from another copy.",
            ) from problem
        for name, line in lines.items():
            if name != self._origin:
                self._take(self._new(name, line, 0, strict=genesis.version > 1), name, 0)
        named = tuple(name for name in AUTHORITIES if name in lines)
        self._authorities = named or (self._origin,)

    @property
    def ever_used(self) -> Collection[bytes]:
        """Every public key that serves a purpose, or did."""
        return self._used

    def must_be_authorities(self, entry: Entry, index: int) -> None:
        """All authorities must have signed. Raises LogError LOG-114."""
        self._must(entry, index, self.authorities())

    def act(self, entry: Entry, index: int, cosigners: Collection[bytes] = ()) -> None:
        """Take a key entry as entry `index`.

        Args:
            cosigners: public keys of witnesses and mirrors, which sign no entries.
        Raises:
            LogError: LOG-010 no verifier key, LOG-141 a cosigner's, LOG-111 a weak key, LOG-112 a key that was used before, LOG-113 not a key
                entry or not in this state, LOG-114 not signed by those who may.
        """
        try:
            act, name, line = (str(entry.body[field]) for field in ("act", "author", "vkey"))
        except KeyError as problem:
            raise _wrong(index, entry.body, "a key entry must say act, author and vkey") from problem
        held = self._valid.get(name)
        if act != "revoke" and VerifierKey.parse(line).key in cosigners:
            raise LogError(
                "LOG-141", "a cosigner must have a key of its own, that signs no entries", where=f"entry {index}", value=name,
                remedy="Make a new key with `truceline key make`.",
            )  # fmt: skip
        if name == self._origin:
            raise _wrong(index, name, "the log's own key must stay: a log that changes it is another log")
        if act == "enrol":
            if held is not None:
                raise _wrong(index, name, "a name must be free to be enrolled")
            self._must(entry, index, self.authorities())
            self._take(self._new(name, line, index), str(entry.body.get("role", "")) or name, index + 1)
        elif act == "rotate":
            if held is None:
                raise _wrong(index, name, "only a valid key can be rotated")
            if entry.author != name:
                raise _not_theirs(index, name, (name,))
            role, key = self._newest(name).role, self._new(name, line, index)
            self._end(name, index + 1, "rotated")
            self._take(key, role, index + 1)
        elif act == "revoke":
            if held is None or str(held) != line:
                raise _wrong(index, name, "only a valid key can be revoked")
            if entry.author != name:
                self._must(entry, index, self.authorities())
            self._end(name, index + 1, "revoked")
        else:
            raise _wrong(index, act, "a key entry must enrol, rotate or revoke")

    def _must(self, entry: Entry, index: int, who: tuple[str, ...]) -> None:
        if not who or not set(who) <= {entry.author, *entry.signers}:
            raise _not_theirs(index, entry.author, who)

    def _new(self, name: str, line: str, index: int, *, strict: bool = True) -> VerifierKey:
        key = VerifierKey.parse(line)
        if key.name != name or not _NAME.fullmatch(name):
            raise _wrong(index, name, "a key must bear the name that it is enrolled for")
        if not is_strong(key.key):
            raise LogError(
                "LOG-111", "a key must be canonical and not of low order", where=name, value=line,
                remedy="Whoever made it did not make it by the standard: make another one.",
            )  # fmt: skip
        if strict and key.key in self._used:
            raise LogError(
                "LOG-112", "a key must serve one purpose and one name, once", where=name, value=line,
                remedy="Make a new key with `truceline key new` or `truceline key rotate`.",
            )  # fmt: skip
        return key

    def _take(self, key: VerifierKey, role: str, since: int) -> None:
        self._used.add(key.key)
        self._all[key.name] = (*self._all.get(key.name, ()), key)
        self._valid[key.name] = key
        self._history.append(Enrolled(key.name, str(key), role, since))

    def _newest(self, name: str) -> Enrolled:
        return next(one for one in reversed(self._history) if one.name == name)

    def _end(self, name: str, until: int, how: str) -> None:
        newest = self._newest(name)
        self._history[self._history.index(newest)] = replace(newest, until=until, ended=how)
        del self._valid[name]

    def copy(self) -> Keys:
        """The same state, to try what comes next."""
        made = Keys(self._all[self._origin][0])
        made._all, made._valid, made._used = dict(self._all), dict(self._valid), set(self._used)
        made._history, made._authorities = list(self._history), self._authorities
        return made

    def dump(self) -> dict[str, Any]:
        """The state as plain JSON."""
        return {
            "keys": [{name: getattr(one, name) for name in Enrolled.__slots__} for one in self._history],
            "authorities": list(self._authorities),
        }

    @classmethod
    def load(cls, log_key: VerifierKey, kept: Mapping[str, Any]) -> Keys:
        """The inverse of `dump`. Raises ValueError, KeyError, TypeError, LogError: not what was dumped."""
        made = cls(log_key)
        made._history = [Enrolled(**one) for one in kept["keys"]]
        made._authorities = tuple(kept["authorities"])
        made._all, made._valid = {}, {}
        for one in made._history:
            key = VerifierKey.parse(one.vkey)
            made._used.add(key.key)
            made._all[one.name] = (*made._all.get(one.name, ()), key)
            if one.until is None:
                made._valid[one.name] = key
        return made


def _wrong(index: int, value: object, rule: str) -> LogError:
    return LogError(
        "LOG-113", rule, where=f"entry {index}", value=value,
        remedy="`truceline key list` shows which keys are valid.",
    )  # fmt: skip


def _not_theirs(index: int, value: str, who: tuple[str, ...]) -> LogError:
    return LogError(
        "LOG-114", "a key entry must be signed by those who may", where=f"entry {index}", value=value,
        remedy=f"Wanted: {' and '.join(who) or 'the holder; no authority is left'}.",
    )  # fmt: skip
