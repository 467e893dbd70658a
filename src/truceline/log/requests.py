"""What a log sends to a witness and what the witness answers (C2SP tlog-witness), as bytes.

old <size>
<base64 of a hash> ...        the consistency proof, at most 63 lines

<checkpoint>
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from truceline.errors import LogError
from truceline.log.proofs import MAX_HASHES, hash_line

MAX_BYTES = 65_536
SIZE_TYPE = "text/x.tlog.size"
_OLD = re.compile(rb"old (0|[1-9][0-9]{0,18})")
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request to cosign `checkpoint`, which extends the one of `old_size`."""

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    def dump(self) -> bytes:
        lines = [b"old %d" % self.old_size, *map(base64.b64encode, self.proof), b"", self.checkpoint]
        return b"\n".join(lines)

    @classmethod
    def parse(cls, raw: bytes) -> AddCheckpoint:
        """Read a request body.

        Raises:
            LogError: LOG-057, not of that form.
        """
        if len(raw) > MAX_BYTES:
            raise _malformed("a request must be at most 64 KiB", len(raw))
        head, blank, checkpoint = raw.partition(b"\n\n")
        old, *lines = head.split(b"\n")
        found = _OLD.fullmatch(old)
        if not blank or found is None:
            raise _malformed("a request must begin with the old size, without leading zeros", old[:40])
        if len(lines) > MAX_HASHES:
            raise _malformed(f"a proof must have at most {MAX_HASHES} hashes", len(lines))
        try:
            return cls(int(found.group(1)), tuple(map(hash_line, lines)), checkpoint)
        except LogError as problem:
            raise _malformed(problem.rule, problem.value) from problem


def parse_size(raw: bytes) -> int:
    """The size in an answer of 409. Raises LogError LOG-057."""
    found = _SIZE.fullmatch(raw)
    if found is None:
        raise _malformed("an answer of 409 must be a size without leading zeros", raw[:40])
    return int(found.group(1))


def dump_size(size: int) -> bytes:
    return b"%d\n" % size


def _malformed(rule: str, value: object) -> LogError:
    return LogError(
        "LOG-057", rule, value=value, remedy="See c2sp.org/tlog-witness for the form of a request.",
    )  # fmt: skip
