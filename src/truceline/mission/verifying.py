"""Every byte that the log vouches for: its own files, the originals, the payloads, the published reports."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from truceline import log
from truceline.errors import LogError
from truceline.evidence import Blobs
from truceline.log.log import Log, unchecked
from truceline.records.kinds import (
    AgreementVersion,
    Commitments,
    Disclosure,
    Genesis,
    Import,
    Incidents,
    Kind,
    Report,
    decode,
)  # fmt: skip


def verify(root: Path) -> int:
    """Check log, originals, payloads and reports; needs no key.

    Returns:
        the number of entries.
    Raises:
        LogError: LOG, the first entry or file that is wrong. EvidenceError: EVI-001, EVI-002. NotAMission: MIS-002.
    """
    log.log.verify(root)
    opened = Log.open(root)
    blobs = Blobs(root / "blobs")
    payloads, files = Blobs(root / "sealed" / "payloads"), Blobs(root / "sealed" / "files")
    for index, note in enumerate(opened.notes):
        entry = unchecked(opened.origin, note)
        body = decode(entry.kind, entry.body)
        for store, digest in _named(body, blobs, payloads, files):
            store.check(digest)
        if isinstance(body, Report):
            _reports(root, index, body, superseded=_later(opened, index, body.date))
    for store in (blobs, payloads, files):
        store.verify()
    return opened.size


def _named(body: Kind, blobs: Blobs, payloads: Blobs, files: Blobs) -> Iterator[tuple[Blobs, str]]:
    match body:
        case Genesis():
            if body.geometry:
                yield blobs, body.geometry
            if body.posts:
                yield files, body.posts
        case Import():
            store = files if body.sealed else blobs
            yield store, body.stored
            if body.rejected_stored:
                yield store, body.rejected_stored
            if body.mapping_digest:
                yield blobs, body.mapping_digest
        case Commitments():
            yield payloads, body.payloads_digest
        case Incidents():
            yield blobs, body.disclosed
        case Disclosure() | AgreementVersion():
            yield blobs, body.blob
        case Report():
            yield blobs, body.figures
        case _:
            return


def _reports(root: Path, index: int, body: Report, *, superseded: frozenset[str]) -> None:
    """A file that a later report of the same day replaced is vouched for by the later entry."""
    for name, digest in body.files.items():
        path = root / "reports" / body.date / name
        if name in superseded or not path.is_file():
            continue
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise LogError(
                    "LOG-041", "a published report must be what its entry says", where=f"entry {index}, {path}",
                    remedy="The file was altered: make it again with `truceline report`.",
                )  # fmt: skip


def _later(opened: Log, index: int, date: str) -> frozenset[str]:
    names: set[str] = set()
    for note in opened.notes[index + 1 :]:
        entry = unchecked(opened.origin, note)
        if entry.kind == "report" and entry.body["date"] == date:
            names |= set(entry.body["files"])
    return frozenset(names)
