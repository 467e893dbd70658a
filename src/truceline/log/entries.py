"""The entry: a signed note of the log's origin and one line of RFC 8785 JSON; the kind is an opaque word."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import rfc8785

from truceline.errors import LogError
from truceline.log.notes import SigningKey, VerifierKey, open_note

MAX_ENTRY_BYTES = 65_535


@dataclass(frozen=True, slots=True)
class Entry:
    """The envelope. `seq` and `prev` of an author show suppression; `seen` bounds the time from below."""

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
        raise LogError("LOG-020", f"an entry must be at most {MAX_ENTRY_BYTES} bytes", value=len(text))
    return text


def sign_entry(origin: str, entry: Entry, key: SigningKey) -> bytes:
    """The signed note of an entry."""
    return key.sign(entry_text(origin, entry))


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
        same = entry_text(origin, entry) == text
    except (ValueError, TypeError, rfc8785.CanonicalizationError) as problem:
        raise LogError("LOG-022", "an entry must be canonical JSON", value=line[:60]) from problem
    if not same or entry.author != signer:
        raise LogError("LOG-022", "an entry must be canonical and signed by its author", value=signer)
    return entry
