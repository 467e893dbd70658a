"""What is pushed to a mirror (C2SP tlog-mirror, add-entries), as bytes: a header, then packages of at most 256 entries.

    uint16 length, log origin; uint64 upload_start; uint64 upload_end; uint16 length, ticket; packages
    package: each entry behind its length (uint16); uint8 count; so many hashes of 32 bytes

Package boundaries lie at multiples of 256. A request may end after any package; what is cut short is not read.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from truceline.errors import LogError
from truceline.log.proofs import MAX_HASHES
from truceline.log.tiles import WIDTH, join_bundle

INFO_TYPE = "text/x.tlog.mirror-info"
ENTRIES_TYPE = "application/octet-stream"
MOST_PACKAGES = 32
MAX_PACKAGE_BYTES = WIDTH * 65_537 + 1 + MAX_HASHES * 32
MAX_BODY_BYTES = MAX_PACKAGE_BYTES + 4 * 65_536
"""Of a request that is read at once: room for any package, or for many of ordinary size."""
_LARGEST = 2**63 - 1
_INFO = re.compile(rb"(0|[1-9][0-9]{0,18})\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/=]{0,87384})\n")


@dataclass(frozen=True, slots=True)
class Upload:
    """The header: which entries of which log, and under which checkpoint they are proven."""

    origin: str
    start: int
    end: int
    ticket: bytes = b""

    def dump(self) -> bytes:
        name = self.origin.encode()
        head = (
            struct.pack(">H", len(name)) + name + struct.pack(">QQH", self.start, self.end, len(self.ticket))
        )
        return head + self.ticket

    @classmethod
    def read(cls, raw: bytes) -> tuple[Upload, int]:
        """The header, and where the packages begin. Raises LogError LOG-148."""
        try:
            (length,) = struct.unpack_from(">H", raw)
            origin = raw[2 : 2 + length].decode()
            start, end, ticket = struct.unpack_from(">QQH", raw, 2 + length)
        except (struct.error, UnicodeDecodeError) as problem:
            raise _malformed("a header must be whole, its origin in UTF-8", str(problem)) from problem
        at = 2 + length + 18
        if len(raw) < at + ticket:
            raise _malformed("a ticket must be as long as the header says", ticket)
        if not start <= end <= _LARGEST:
            raise _malformed("an upload must not end before it starts", (start, end))
        return cls(origin, start, end, raw[at : at + ticket]), at + ticket


@dataclass(frozen=True, slots=True)
class Package:
    """Entries [start, end), and the proof of the subtree [aligned, end)."""

    start: int
    notes: tuple[bytes, ...]
    proof: tuple[bytes, ...]

    @property
    def end(self) -> int:
        return self.start + len(self.notes)

    @property
    def aligned(self) -> int:
        """Where the subtree begins, a multiple of 256."""
        return self.start // WIDTH * WIDTH

    def dump(self) -> bytes:
        return join_bundle(self.notes) + bytes([len(self.proof)]) + b"".join(self.proof)


def spans(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The canonical sequence: [start, end) of each package."""
    while start < end:
        following = min(end, (start // WIDTH + 1) * WIDTH)
        yield start, following
        start = following


def read_packages(raw: bytes, at: int, upload: Upload) -> Iterator[Package]:
    """The whole packages of a body, in order; the rest of one that was cut short is left out.

    Raises:
        LogError: LOG-148, too many hashes, or bytes after the last package.
    """
    for start, end in spans(upload.start, upload.end):
        notes: list[bytes] = []
        while len(notes) < end - start:
            if at + 2 > len(raw):
                return
            (length,) = struct.unpack_from(">H", raw, at)
            if at + 2 + length > len(raw):
                return
            notes.append(raw[at + 2 : at + 2 + length])
            at += 2 + length
        if at >= len(raw):
            return
        count = raw[at]
        if count > MAX_HASHES:
            raise _malformed(f"a proof must have at most {MAX_HASHES} hashes", count)
        if at + 1 + 32 * count > len(raw):
            return
        hashes = tuple(raw[at + 1 + 32 * n : at + 33 + 32 * n] for n in range(count))
        at += 1 + 32 * count
        yield Package(start, tuple(notes), hashes)
    if at < len(raw):
        raise _malformed("nothing may follow the last package", len(raw) - at)


def dump_upload(upload: Upload, packages: Sequence[Package]) -> bytes:
    """A request body."""
    return upload.dump() + b"".join(one.dump() for one in packages)


@dataclass(frozen=True, slots=True)
class Info:
    """Where a mirror stands, in answers of 202 and 409: a pending checkpoint's size, the next entry it wants, a ticket."""

    size: int
    following: int
    ticket: bytes = b""

    def dump(self) -> bytes:
        return b"%d\n%d\n%s\n" % (self.size, self.following, base64.b64encode(self.ticket))

    @classmethod
    def parse(cls, raw: bytes) -> Info:
        """Raises LogError LOG-148."""
        found = _INFO.fullmatch(raw)
        try:
            if found is None:
                raise ValueError("three lines")
            ticket = base64.b64decode(found[3], validate=True)
        except (ValueError, binascii.Error) as problem:
            raise _malformed("a mirror's answer must be two sizes and a ticket, a line each", raw[:80]) from problem  # fmt: skip
        if len(ticket) > 65_535 or base64.b64encode(ticket) != found[3]:
            raise _malformed("a ticket must be at most 65,535 bytes of canonical base64", len(ticket))
        return cls(int(found[1]), int(found[2]), ticket)


def _malformed(rule: str, value: object) -> LogError:
    return LogError(
        "LOG-148", rule, value=value, remedy="See c2sp.org/tlog-mirror for the form of requests and answers.",
    )  # fmt: skip
