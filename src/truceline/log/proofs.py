"""Proof bundles (C2SP tlog-proof): an entry, its place, the path to the root, the cosigned checkpoint.

c2sp.org/tlog-proof@v1
extra <base64 of the entry>
index <n>
<base64 of a hash> ...

<checkpoint>
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from truceline.errors import LogError
from truceline.log.entries import MAX_ENTRY_BYTES, entry_id
from truceline.log.merkle import leaf_hash, verify_inclusion
from truceline.log.policies import Judged, Policy

HEAD = b"c2sp.org/tlog-proof@v1"
MAX_HASHES, MAX_BYTES = 63, 1_048_576
_NUMBER = re.compile(rb"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof bundle, unchecked."""

    entry: bytes
    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes

    @property
    def id(self) -> str:
        return entry_id(self.entry)

    def dump(self) -> bytes:
        """The bytes of a `.tlog-proof`."""
        lines = [
            HEAD,
            *([b"extra " + base64.b64encode(self.entry)] if self.entry else []),
            b"index %d" % self.index,
        ]
        return b"\n".join([*lines, *map(base64.b64encode, self.hashes), b"", self.checkpoint])

    @classmethod
    def parse(cls, raw: bytes) -> Proof:
        """Read a proof bundle.

        Raises:
            LogError: LOG-056, not of that form.
        """
        if len(raw) > MAX_BYTES:
            raise _malformed("a proof must be at most 1 MiB", len(raw))
        head, blank, checkpoint = raw.partition(b"\n\n")
        lines = head.split(b"\n")
        if not blank or lines.pop(0) != HEAD:
            raise _malformed("a proof must begin with its name and end with a checkpoint", raw[:40])
        entry = b""
        if lines and lines[0].startswith(b"extra "):
            entry = _base64(lines.pop(0).removeprefix(b"extra "))
        number = lines.pop(0) if lines else b""
        if not number.startswith(b"index ") or not _NUMBER.fullmatch(number[6:]):
            raise _malformed("a proof must give an index without leading zeros", number[:40])
        if len(lines) > MAX_HASHES:
            raise _malformed(f"a proof must have at most {MAX_HASHES} hashes", len(lines))
        return cls(entry, int(number[6:]), tuple(map(hash_line, lines)), checkpoint)

    def verify(self, policy: Policy, own: str = "") -> Judged:
        """Check that the entry stands at its index under a checkpoint that the policy accepts; needs no network.

        Raises:
            LogError: LOG-002 the path, LOG-056 no entry; as `Policy.accept`.
        """
        if not 0 < len(self.entry) <= MAX_ENTRY_BYTES:
            raise _malformed("a proof must bring its entry along", len(self.entry))
        judged = policy.accept(self.checkpoint, "checkpoint of the proof", own)
        at = judged.checkpoint
        verify_inclusion(leaf_hash(self.entry), self.index, at.size, self.hashes, at.root)
        return judged


def hash_line(line: bytes) -> bytes:
    """A SHA-256 hash in canonical base64. Raises LogError LOG-056."""
    made = _base64(line)
    if len(made) != 32:
        raise _malformed("a line of a proof must be a hash of 32 bytes", line[:60])
    return made


def _base64(line: bytes) -> bytes:
    try:
        made = base64.b64decode(line, validate=True)
    except ValueError as problem:
        raise _malformed("a proof must be in base64", line[:60]) from problem
    if base64.b64encode(made) != line or not made:
        raise _malformed("base64 must be canonical", line[:60])
    return made


def _malformed(rule: str, value: object) -> LogError:
    return LogError(
        "LOG-056", rule, value=value, remedy="The file was cut or altered, or is no proof: ask for it again.",
    )  # fmt: skip
