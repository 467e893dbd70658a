"""Which cosignatures make a checkpoint good (C2SP tlog-policy): logs, witnesses, groups, one quorum.

log <vkey> [<url>]
witness <name> <vkey> [<url>]
group <name> all|any|<k> <name>...
quorum <name>|none
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from truceline.errors import LogError
from truceline.log.checkpoints import Checkpoint, read_checkpoint
from truceline.log.cosignatures import Cosignature, CosignerKey, check_cosignatures
from truceline.log.notes import VerifierKey

MAX_BYTES, MAX_LINES = 262_144, 4096
NONE = "none"
_FORBIDDEN = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_COUNT = re.compile(r"[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A log whose checkpoints are accepted."""

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class PolicyWitness:
    """A cosigner, by the name that the policy gives it."""

    name: str
    key: CosignerKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A checkpoint that a policy accepts or not, and whose cosignatures it bears."""

    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...]
    witnesses: frozenset[str]
    satisfied: bool
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Use `parse` or `load`."""

    logs: tuple[PolicyLog, ...]
    witnesses: Mapping[str, PolicyWitness]
    groups: Mapping[str, tuple[int, tuple[str, ...]]]
    quorum: str

    @classmethod
    def load(cls, path: Path) -> Policy:
        """Raises LogError LOG-052."""
        try:
            return cls.parse(path.read_bytes(), str(path))
        except OSError as problem:
            raise LogError(
                "LOG-052", "the file must hold a policy", where=str(path), value=problem.strerror,
                remedy="Check the path and its rights.",
            ) from problem  # fmt: skip

    @classmethod
    def parse(cls, raw: bytes, where: str = "policy") -> Policy:
        """Read a policy.

        Raises:
            LogError: LOG-052, a line that the format does not allow, a name or a key that is there twice.
        """
        if len(raw) > MAX_BYTES or raw.count(b"\n") > MAX_LINES:
            raise _wrong(where, "a policy must be at most 256 KiB and 4,096 lines", len(raw))
        found = _FORBIDDEN.search(raw)
        if found:
            raise _wrong(where, "a policy must hold no control characters", found.group())
        if raw and not raw.endswith(b"\n"):
            raise _wrong(where, "every line of a policy must end in a newline", raw[-40:])
        reading = _Reading()
        for number, line in enumerate(raw.split(b"\n")[:-1], 1):
            words = [one for one in re.split(r"[ \t]+", line.decode("utf-8", "surrogateescape")) if one]
            if words and not words[0].startswith("#"):
                try:
                    reading.take(words)
                except LogError as problem:
                    raise _wrong(f"{where}:{number}", problem.rule, problem.value) from problem
        if reading.quorum is None:
            raise _wrong(where, "a policy must have exactly one quorum", None)
        return cls(tuple(reading.logs), reading.witnesses, reading.groups, reading.quorum)

    def log(self, origin: str) -> PolicyLog:
        """The log of that origin. Raises LogError LOG-053."""
        for one in self.logs:
            if one.key.name == origin:
                return one
        raise LogError(
            "LOG-053", "the policy must know the log", value=origin,
            remedy="The policy is for another mission, or lacks the line `log <vkey>`.",
        )  # fmt: skip

    def is_satisfied(self, signed: Collection[str]) -> bool:
        """Whether these witnesses are enough."""
        return self.quorum == NONE or self._holds(self.quorum, frozenset(signed))

    def needs(self, name: str) -> bool:
        """Whether no quorum comes about without that witness: a party's own policy must need its own."""
        return name in self.witnesses and not self.is_satisfied(self.witnesses.keys() - {name})

    def meaning(self) -> tuple[frozenset[str], object]:
        """Which logs, and which keys in which groups: equal for two policies that accept the same, whatever their names are."""
        return frozenset(str(one.key) for one in self.logs), self._meant(self.quorum)

    def judge(self, note: bytes, where: str = "") -> Judged:
        """Check a checkpoint's signature and cosignatures; whether the quorum is there is said, not raised.

        Raises:
            LogError: LOG-011..013, LOG-031, LOG-051, LOG-053.
        """
        origin = note.partition(b"\n")[0].decode("utf-8", "replace")
        checkpoint, text, lines = read_checkpoint(note, self.log(origin).key, where)
        made = check_cosignatures(text, lines, [one.key for one in self.witnesses.values()])
        keys = {one.key: name for name, one in self.witnesses.items()}
        signed = frozenset(keys[one.key] for one in made)
        missing = () if self.is_satisfied(signed) else tuple(sorted(self._wanted(self.quorum) - signed))
        return Judged(checkpoint, tuple(made), signed, self.is_satisfied(signed), missing)

    def accept(self, note: bytes, where: str = "", own: str = "") -> Judged:
        """Check that a checkpoint has its quorum.

        Args:
            own: the name of the reader's own witness, without which nothing may be accepted.
        Raises:
            LogError: as `judge`; LOG-054 no quorum; LOG-055 the policy would accept without `own`.
        """
        if own and not self.needs(own):
            raise LogError(
                "LOG-055", "a party's policy must need the party's own witness", where=where, value=own,
                remedy="Otherwise the operator and the others could show this party a history of its own. Add it to the quorum.",
            )  # fmt: skip
        judged = self.judge(note, where)
        if not judged.satisfied:
            raise LogError(
                "LOG-054", "a checkpoint must bear the cosignatures that the policy wants", where=where,
                value=f"{', '.join(sorted(judged.witnesses)) or 'none'}",
                remedy=f"Missing: {', '.join(judged.missing)}. Ask why they do not cosign; until then it is not final.",
            )  # fmt: skip
        return judged

    def _holds(self, name: str, signed: frozenset[str]) -> bool:
        if name in self.witnesses:
            return name in signed
        wanted, members = self.groups[name]
        return sum(self._holds(one, signed) for one in members) >= wanted

    def _meant(self, name: str) -> object:
        if name == NONE:
            return None
        if name in self.witnesses:
            return str(self.witnesses[name].key)
        wanted, members = self.groups[name]
        return wanted, frozenset(map(self._meant, members))

    def _wanted(self, name: str) -> set[str]:
        if name in self.witnesses:
            return {name}
        return set().union(*(self._wanted(one) for one in self.groups[name][1]))


class _Reading:
    def __init__(self) -> None:
        self.logs: list[PolicyLog] = []
        self.witnesses: dict[str, PolicyWitness] = {}
        self.groups: dict[str, tuple[int, tuple[str, ...]]] = {}
        self.quorum: str | None = None
        self._members: set[str] = set()
        self._keys: set[bytes] = set()

    def take(self, words: list[str]) -> None:
        match words:
            case ["log", vkey, *url] if len(url) < 2:
                key = VerifierKey.parse(vkey)
                self._once(key.key)
                self.logs.append(PolicyLog(key, "".join(url)))
            case ["witness", name, vkey, *url] if len(url) < 2:
                self._free(name)
                cosigner = CosignerKey.parse(vkey)
                self._once(cosigner.key)
                self.witnesses[name] = PolicyWitness(name, cosigner, "".join(url))
            case ["group", name, count, *members] if members:
                self._free(name)
                for one in members:
                    self._known(one)
                    if one in self._members:
                        raise _rule("a name must be a member of at most one group, once", one)
                    self._members.add(one)
                self.groups[name] = (_count(count, len(members)), tuple(members))
            case ["quorum", name]:
                if self.quorum is not None:
                    raise _rule("a policy must have exactly one quorum", name)
                if name != NONE:
                    self._known(name)
                self.quorum = name
            case _:
                raise _rule(
                    "a line must be log, witness, group or quorum, with its words", " ".join(words)[:60]
                )

    def _free(self, name: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise _rule("a name must be defined once, and not be `none`", name)

    def _known(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise _rule("a name must be defined on a line before", name)

    def _once(self, key: bytes) -> None:
        if key in self._keys:
            raise _rule("a public key must stand in a policy once: it would count twice", key.hex())
        self._keys.add(key)


def _count(word: str, members: int) -> int:
    if word in ("all", "any"):
        return members if word == "all" else 1
    if not _COUNT.fullmatch(word) or int(word) > members:
        raise _rule("a group must want all, any, or a number from 1 to that of its members", word)
    return int(word)


def _rule(rule: str, value: object) -> LogError:
    return LogError(
        "LOG-052",
        rule,
        value=value,
        remedy="See c2sp.org/tlog-policy; the page on log formats has an example.",
    )


def _wrong(where: str, rule: str, value: object) -> LogError:
    return LogError(
        "LOG-052", rule, where=where, value=value,
        remedy="See c2sp.org/tlog-policy; the page on log formats has an example.",
    )  # fmt: skip
