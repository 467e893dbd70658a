"""Policies that a log pins about itself: a fold over its genesis and its `settings` entries.

    genesis    body["policies"]   name -> text of a policy (c2sp.org/tlog-policy)
    settings   body["policies"]   the same; a name that stands in it is changed, the others stay; by the authorities, all of them

So nobody can be told later that another quorum was agreed, and whoever audits without a policy of its own has the
agreed one. It binds the operator; a party's own policy, which needs the party's own witness, remains the stronger one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from truceline.errors import LogError
from truceline.log.notes import VerifierKey
from truceline.log.policies import NONE, Policy

SETTINGS_KIND = "settings"
NAMES = ("receipt", "final")


@dataclass(frozen=True, slots=True)
class Pinned:
    """The policies after so many entries: name -> index of the entry that pinned it, and its text."""

    entries: Mapping[str, tuple[int, str]] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """The text of a policy, or None where it was never pinned."""
        return self.entries[name][1] if name in self.entries else None

    def since(self, name: str) -> int:
        """The entry that pinned it. Raises KeyError."""
        return self.entries[name][0]

    def policies(self) -> dict[str, Policy]:
        """Name -> policy."""
        return {name: Policy.parse(text.encode(), f"{name} policy of entry {at}") for name, (at, text) in self.entries.items()}  # fmt: skip

    def cosigners(self) -> frozenset[bytes]:
        """The public keys of all witnesses and mirrors."""
        return frozenset(one.key.key for policy in self.policies().values() for one in policy.witnesses.values())  # fmt: skip

    def take(self, body: Mapping[str, Any], index: int, log: VerifierKey, used: Collection[bytes]) -> Pinned:
        """What is pinned after entry `index`.

        Args:
            used: public keys that serve a purpose on the log already.
        Raises:
            LogError: LOG-140, not policies of this log; LOG-141, a cosigner has the key of somebody who signs entries.
        """
        given = body.get("policies") or {}
        if not isinstance(given, Mapping):
            raise _wrong(index, "policies", "policies must be a map of name to text")
        made = dict(self.entries)
        for name, text in given.items():
            made[name] = index, _checked(index, name, text, log, used)
        return Pinned(made)

    def dump(self) -> dict[str, Any]:
        """As plain JSON."""
        return {name: [at, text] for name, (at, text) in self.entries.items()}

    @classmethod
    def load(cls, kept: Mapping[str, Any]) -> Pinned:
        """The inverse of `dump`. Raises ValueError, TypeError: not what was dumped."""
        return cls({str(name): (int(at), str(text)) for name, (at, text) in kept.items()})


def refuse_shared(policy: Policy, used: Collection[bytes], where: str = "") -> None:
    """No key serves two purposes: a cosigner's is nobody's who signs entries. Raises LogError LOG-141."""
    for one in policy.witnesses.values():
        if one.key.key in used:
            raise LogError(
                "LOG-141", "a cosigner must have a key of its own, that signs no entries", where=where, value=one.key.name,
                remedy="Start the witness or mirror with a new folder of keys, and enter the key that it prints.",
            )  # fmt: skip


def _checked(index: int, name: object, text: object, log: VerifierKey, used: Collection[bytes]) -> str:
    if name not in NAMES or not isinstance(text, str):
        raise _wrong(index, name, f"only the texts of {' and '.join(NAMES)} can be pinned")
    where = f"{name} policy of entry {index}"
    policy = Policy.parse(text.encode("utf-8", "surrogatepass"), where)
    if [one.key for one in policy.logs] != [log]:
        raise _wrong(index, name, "a pinned policy must know this log, by its key, and no other")
    if policy.quorum == NONE:
        raise _wrong(index, name, "a pinned policy must want somebody's cosignature")
    refuse_shared(policy, used, where)
    return text


def _wrong(index: int, value: object, rule: str) -> LogError:
    return LogError(
        "LOG-140", rule, where=f"entry {index}", value=value,
        remedy="`truceline log settings` writes such an entry; the page on cosigning has an example of a policy.",
    )  # fmt: skip
