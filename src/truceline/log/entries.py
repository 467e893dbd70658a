"""The entry: a signed note of the log's origin and one line of RFC 8785 JSON; the kind is an opaque word.

    <origin>/entry/v2
    {"at":...,"author":...,"body":{...},"kind":...,"prev":...,"seen":{"root":...,"size":...},"seq":...,"signers":[...]}

    - <author> <base64>
    - <each of signers, in their order> <base64>
    - <the key that a key entry brings in> <base64>

The first version (`entry/v1`) had one signer, and of `seen` the size alone; it is read for ever (docs/adr/0011).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785

from truceline.errors import LogError
from truceline.log.notes import SignatureLine, SigningKey, VerifierKey, split_note

MAX_ENTRY_BYTES = 65_535
VERSION = 2
KEY_KIND = "key"
REFUSED_KIND = "refused"
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?Z")
_ROOT = re.compile(r"([0-9a-f]{64})?")
_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
_LONG = re.compile("[0-9]{16}")
_FIELDS = frozenset({"kind", "author", "seq", "prev", "seen", "at", "body"})


@dataclass(frozen=True, slots=True)
class Seen:
    """A checkpoint that an author held: the entry is not older than it. `root` is hex, empty where version 1 named none."""

    size: int
    root: str


NOTHING_SEEN = Seen(0, "")


@dataclass(frozen=True, slots=True)
class Entry:
    """The envelope. `seq` and `prev` of an author show suppression; `seen` bounds the time from below; `at` is UTC.

    `signers` names those who must sign beside the author.
    """

    kind: str
    author: str
    seq: int
    prev: str
    seen: Seen
    at: str
    body: dict[str, Any]
    signers: tuple[str, ...] = ()
    version: int = VERSION

    def __reduce__(self) -> tuple[Any, ...]:  # an audit moves millions of them between processes
        seen = (self.seen.size, self.seen.root)
        said = (
            self.kind,
            self.author,
            self.seq,
            self.prev,
            *seen,
            self.at,
            self.body,
            self.signers,
            self.version,
        )
        return _again, said


def _again(
    kind: str, author: str, seq: int, prev: str, size: int, root: str, at: str, body: dict[str, Any],
    signers: tuple[str, ...], version: int,
) -> Entry:  # fmt: skip
    return Entry(kind, author, seq, prev, Seen(size, root), at, body, signers, version)


def entry_text(origin: str, entry: Entry) -> bytes:
    """The text that is signed; its SHA-256 is the entry id.

    Raises:
        LogError: LOG-020 too long.
    """
    fields = {name: getattr(entry, name) for name in _FIELDS}
    if entry.version == 1:
        fields["seen"] = entry.seen.size
    else:
        fields["seen"] = {"size": entry.seen.size, "root": entry.seen.root}
        fields["signers"] = list(entry.signers)
    text = f"{origin}/entry/v{entry.version}\n".encode() + rfc8785.dumps(fields) + b"\n"
    if len(text) > MAX_ENTRY_BYTES:
        raise _too_long(len(text))
    return text


def sign_entry(origin: str, entry: Entry, key: SigningKey, *beside: SigningKey) -> bytes:
    """The signed note of an entry, with the lines of those who sign beside the author, in their order.

    Raises:
        LogError: LOG-020 too long.
    """
    note = key.sign(entry_text(origin, entry))
    for one in beside:
        note = add_signature(note, one)
    if len(note) > MAX_ENTRY_BYTES:
        raise _too_long(len(note))
    return note


def add_signature(note: bytes, key: SigningKey) -> bytes:
    """The note with one signature line more."""
    text = note.rpartition(b"\n\n")[0] + b"\n"
    return note + key.sign(text)[len(text) + 1 :]


def countersign(note: bytes, key: SigningKey) -> bytes:
    """The note with the line of one who must sign it too, all lines in the order in which they must stand.

    Raises:
        LogError: LOG-011 the note, LOG-022 not an entry, LOG-119 that name and key need not sign it.
    """
    text, lines = split_note(note)
    entry = unchecked("", note)
    rank = {name: number for number, name in enumerate((entry.author, *entry.signers))}
    new = VerifierKey.parse(str(entry.body.get("vkey"))) if brings_a_key(entry) else None
    if (new is None or key.vkey != new) and key.name not in rank:
        raise LogError(
            "LOG-119", "only those whom an entry lists sign it", where=entry.author, value=key.name,
            remedy=f"Wanted: {', '.join(signing_lines(entry))}.",
        )  # fmt: skip
    whole = (
        add_signature(note, key)
        if (key.name, key.vkey.id) not in {(one.name, one.key_id) for one in lines}
        else note
    )
    _, ready = split_note(whole)
    bare = whole[len(text) + 1 :].decode().splitlines(keepends=True)

    def place(line: SignatureLine) -> int:
        return (
            len(rank)
            if new is not None and (line.name, line.key_id) == (new.name, new.id)
            else rank.get(line.name, -1)
        )

    order = sorted(range(len(ready)), key=lambda number: place(ready[number]))
    return text + b"\n" + "".join(bare[number] for number in order).encode()


def missing_signers(note: bytes) -> list[str]:
    """Who has yet to sign: names, the key that a key entry brings in last.

    Raises:
        LogError: LOG-011 the note, LOG-022 not an entry.
    """
    _, lines = split_note(note)
    wanted, there = list(signing_lines(unchecked("", note))), [line.name for line in lines]
    for name in there:
        if name in wanted:
            wanted.remove(name)
    return wanted


def entry_id(note: bytes) -> str:
    """Hex SHA-256 of the note's text."""
    return hashlib.sha256(note.rpartition(b"\n\n")[0] + b"\n").hexdigest()


def read_entry(origin: str, note: bytes) -> tuple[Entry, bytes, tuple[SignatureLine, ...]]:
    """Entry, text and signature lines of a note whose form is right; the signatures are not checked.

    Raises:
        LogError: LOG-011 the note, LOG-020 too long, LOG-021 another origin, LOG-022 not canonical or not an entry.
    """
    if len(note) > MAX_ENTRY_BYTES:
        raise _too_long(len(note))
    text, lines = split_note(note)
    head, _, line = text.partition(b"\n")
    version = next((v for v in (2, 1) if head == f"{origin}/entry/v{v}".encode()), 0)
    if not version:
        raise LogError(
            "LOG-021",
            "an entry must belong to this log",
            value=head,
            remedy="Submit it to the log that it names, or sign it again for this one.",
        )
    try:
        fields = _DECODER.decode(line.decode())
        entry = _entry(version, fields)
        same = _is_canonical(fields, line) or entry_text(origin, entry) == text
    except (ValueError, TypeError, KeyError, RecursionError, rfc8785.CanonicalizationError) as problem:
        raise LogError(
            "LOG-022",
            "an entry must be canonical JSON",
            value=line[:60],
            remedy="Fetch the entry from another copy, or sign it again with this program.",
        ) from problem
    if not same:
        raise LogError(
            "LOG-022",
            "an entry must be canonical JSON",
            value=line[:60],
            remedy="Fetch the entry from another copy, or sign it again with this program.",
        )
    return entry, text, lines


def _is_canonical(fields: Any, line: bytes) -> bool:
    """Whether it surely is: the encoder of the standard library, in C, agrees with RFC 8785 on what has no character above
    U+D7FF (order of names, surrogates) and no number of 16 digits (2^53). Where it is not sure, the slow one decides."""
    made = _ENCODE(fields)
    return (
        made.encode() + b"\n" == line and not _LONG.search(made) and (made.isascii() or max(made) < "\ud800")
    )


def signing_lines(entry: Entry) -> tuple[str, ...]:
    """The names of the signature lines that an entry must have, in their order."""
    names = (entry.author, *entry.signers)
    return (*names, str(entry.body.get("author"))) if brings_a_key(entry) else names


def brings_a_key(entry: Entry) -> bool:
    """Whether it is a key entry that a new key must sign too, to show that somebody holds it."""
    return entry.kind == KEY_KIND and entry.version > 1 and entry.body.get("act") in ("enrol", "rotate")


def check_lines(
    entry: Entry, text: bytes, lines: Sequence[SignatureLine], keys: Mapping[str, Sequence[VerifierKey]]
) -> None:
    """Every line that must be there, in order, by a key of that name, and no other.

    Args:
        keys: the keys that a name may have signed with.
    Raises:
        LogError: LOG-110 the wrong lines, LOG-012 an unknown signer, LOG-013 a signature does not fit.
    """
    wanted = signing_lines(entry)
    if tuple(line.name for line in lines) != wanted:
        raise LogError(
            "LOG-110", "an entry must be signed by its author and by those it lists, and by nobody else",
            where=entry.author, value=[line.name for line in lines], remedy=f"Wanted, in this order: {', '.join(wanted)}.",
        )  # fmt: skip
    for number, line in enumerate(lines):
        known: Sequence[VerifierKey] = keys.get(line.name, ())
        if brings_a_key(entry) and number == len(wanted) - 1:
            known = [VerifierKey.parse(str(entry.body.get("vkey")))]
        key = next((one for one in known if one.id == line.key_id), None)
        if key is None:
            raise LogError(
                "LOG-012",
                "the signer must be enrolled",
                value=line.name,
                remedy="Enrol the key first, or fetch the entry from another copy.",
            )
        if not key.verify(text, line.signature):
            raise LogError(
                "LOG-013",
                f"the signature of {line.name} must fit the text",
                remedy="Fetch the entry from another copy, or have it signed again.",
            )


def parse_entry(origin: str, note: bytes, keys: Mapping[str, VerifierKey]) -> Entry:
    """Check form, origin and signatures of an entry.

    Raises:
        LogError: as `read_entry` and `check_lines`.
    """
    entry, text, lines = read_entry(origin, note)
    check_lines(entry, text, lines, {name: (key,) for name, key in keys.items()})
    return entry


def unchecked(origin: str, note: bytes) -> Entry:
    """The entry of a note whose signature was checked before, or whose bytes a signed root covers.

    Raises:
        LogError: LOG-022, not an entry.
    """
    head, _, line = note.rpartition(b"\n\n")[0].partition(b"\n")
    try:
        return _entry(1 if head.endswith(b"/v1") else VERSION, json.loads(line))
    except (ValueError, TypeError, KeyError, RecursionError) as problem:
        raise LogError(
            "LOG-022",
            "an entry must be canonical JSON",
            where=origin,
            value=note[:60],
            remedy="Fetch the entry from another copy, or sign it again with this program.",
        ) from problem


def _entry(version: int, fields: dict[str, Any]) -> Entry:
    """Raises ValueError, TypeError, KeyError: not the fields of an entry."""
    if version == 1:
        entry = Entry(**(fields | {"seen": Seen(fields["seen"], "")}), version=1)
    else:
        seen, signers = Seen(**fields["seen"]), tuple(fields["signers"])
        entry = Entry(**(fields | {"seen": seen, "signers": signers}), version=version)
    words = (entry.kind, entry.author, entry.prev, entry.at, entry.seen.root, *entry.signers)
    numbers = (entry.seq, entry.seen.size)
    if (
        not all(type(one) is str for one in words)
        or not all(type(one) is int and one >= 0 for one in numbers)
        or type(entry.body) is not dict
        or not _ROOT.fullmatch(entry.seen.root)
        or not _is_time(entry.at)
        or len({entry.author, *entry.signers}) != 1 + len(entry.signers)
    ):
        raise ValueError("a field is of another type")
    return entry


def _no_float(number: str) -> Any:
    raise ValueError(f"{number} is not an integer")


_DECODER = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float)


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
