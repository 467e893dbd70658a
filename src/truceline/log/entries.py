"""The entry: a signed note of the log's origin and one line of RFC 8785 JSON; the kind is an opaque word."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

import rfc8785

from truceline.errors import LogError
from truceline.log.notes import SigningKey, VerifierKey, open_note

MAX_ENTRY_BYTES = 65_535
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?Z")


@dataclass(frozen=True, slots=True)
class Entry:
    """The envelope. `seq` and `prev` of an author show suppression; `seen` bounds the time from below; `at` is UTC."""

    kind: str
    author: str
    seq: int
    prev: str
    seen: int
    at: str
    body: dict[str, Any]


def entry_text(origin: str, entry: Entry) -> bytes:
    """The text that is signed; its SHA-256 is the entry id.

    Raises:
        LogError: LOG-020 too long.
    """
    fields = {name: getattr(entry, name) for name in Entry.__slots__}
    text = f"{origin}/entry/v1\n".encode() + rfc8785.dumps(fields) + b"\n"
    if len(text) > MAX_ENTRY_BYTES:
        raise _too_long(len(text))
    return text


def sign_entry(origin: str, entry: Entry, key: SigningKey) -> bytes:
    """The signed note of an entry.

    Raises:
        LogError: LOG-020 too long.
    """
    note = key.sign(entry_text(origin, entry))
    if len(note) > MAX_ENTRY_BYTES:
        raise _too_long(len(note))
    return note


def entry_id(note: bytes) -> str:
    """Hex SHA-256 of the note's text."""
    return hashlib.sha256(note.rpartition(b"\n\n")[0] + b"\n").hexdigest()


def parse_entry(origin: str, note: bytes, keys: dict[str, VerifierKey]) -> Entry:
    """Check signature, origin and canonical form, then the entry.

    Raises:
        LogError: LOG-011..013 the note, LOG-021 another origin, LOG-022 not canonical or not an entry.
    """
    text, signer = open_note(note, keys)
    head, _, line = text.partition(b"\n")
    if head != f"{origin}/entry/v1".encode():
        raise LogError("LOG-021", "an entry must belong to this log", value=head)
    try:
        fields = json.loads(line)
        entry = Entry(**fields)
        same = _typed(entry) and entry_text(origin, entry) == text
    except (ValueError, TypeError, RecursionError, rfc8785.CanonicalizationError) as problem:
        raise LogError("LOG-022", "an entry must be canonical JSON", value=line[:60]) from problem
    if not same or entry.author != signer:
        raise LogError("LOG-022", "an entry must be canonical and signed by its author", value=signer)
    return entry


def unchecked(origin: str, note: bytes) -> Entry:
    """The entry of a note whose signature was checked before, or whose bytes a signed root covers.

    Raises:
        LogError: LOG-022, not an entry.
    """
    try:
        return Entry(**json.loads(note.rpartition(b"\n\n")[0].partition(b"\n")[2]))
    except (ValueError, TypeError, RecursionError) as problem:
        raise LogError(
            "LOG-022", "an entry must be canonical JSON", where=origin, value=note[:60]
        ) from problem


def _typed(entry: Entry) -> bool:
    words = (entry.kind, entry.author, entry.prev, entry.at)
    numbers = (entry.seq, entry.seen)
    return (
        all(type(one) is str for one in words)
        and all(type(one) is int and one >= 0 for one in numbers)
        and type(entry.body) is dict
        and _is_time(entry.at)
    )


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _too_long(length: int) -> LogError:
    return LogError(
        "LOG-020", f"an entry must be at most {MAX_ENTRY_BYTES:,} bytes", value=length,
        remedy="Say it shorter, or put it into a file and import that.",
    )  # fmt: skip
