"""Every byte that the log vouches for: its own files, the originals, the payloads and their keys, the reports."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from truceline.errors import EvidenceError, LogError, NotAMission
from truceline.evidence import Blobs, verify_wraps
from truceline.log.entries import Entry
from truceline.log.verifying import verify as verify_log
from truceline.mission.mission import NAMES_KEY
from truceline.records.kinds import (
    AgreementVersion,
    Anchor,
    Assignment,
    Commitments,
    Disclosure,
    Fact,
    Genesis,
    Grouping,
    Import,
    Incidents,
    Kind,
    Reply,
    Report,
    SealedSignal,
    Shred,
    Withdrawal,
    decode,
)  # fmt: skip

GEOMETRY_STORED = "geometry_stored"


@dataclass(slots=True)
class Verified:
    """What was checked, and what deserves a look without being wrong."""

    log_size: int
    originals: int = 0
    sealed: int = 0
    reports: int = 0
    remarks: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Named:
    """The digests that the entries name, by the place where their bytes stand."""

    blobs: set[str] = field(default_factory=set)
    payloads: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    shredded: set[str] = field(default_factory=set)  # ciphertexts that nothing opens any more


def verify(root: Path, *, disclosed_only: bool = False, held: bytes | None = None) -> Verified:
    """Check log, originals, payloads, wrapped keys and reports; needs no key.

    Args:
        disclosed_only: the copy may lack `sealed/`, as those of the parties and the public do.
        held: a checkpoint kept from earlier, which the log must extend.
    Raises:
        LogError: LOG, the first entry or file that is wrong. EvidenceError: EVI-001, EVI-002, EVI-003, EVI-013.
        RecordError: REC, a signed body that is no record. NotAMission: MIS-002. EnvironmentFailure: ENV-001, ENV-003.
    """
    if not (root / "state").is_dir() and not (root / "log").is_dir():
        raise NotAMission(
            "MIS-002", "the folder must hold a mission", where=str(root),
            remedy="Check the path, or make one with `truceline init` or `truceline demo --out FOLDER`.",
        )  # fmt: skip
    made, named = Verified(0), _Named()
    published: dict[Path, list[str]] = defaultdict(list)

    def visit(entry: Entry) -> None:
        body = decode(entry.kind, entry.body)
        for place, digest in digests_of(body):
            place_of: set[str] = getattr(named, place)
            place_of.add(digest)
        if isinstance(body, Shred):
            named.shredded.update(body.closed)
        if isinstance(body, Report):
            for name, digest in body.files.items():
                published[root / "reports" / body.date / name].append(digest)

    made.log_size = verify_log(root, held, visit)
    made.originals, made.sealed = len(named.blobs), len(named.payloads) + len(named.files)
    places = [("blobs", named.blobs)]
    if disclosed_only and not (root / "sealed").exists():
        made.remarks.append(f"{made.sealed} sealed files are not in this copy and were not checked.")
        made.sealed = 0
    elif made.sealed and not (root / "sealed").exists():
        raise EvidenceError(
            "EVI-001", "the log names bytes that must be in the folder", where=str(root / "sealed"),
            remedy="Fetch them from another copy. Copies for a party or the public have no sealed/: verify those with --disclosed-only.",
        )  # fmt: skip
    else:
        places += [("sealed/payloads", named.payloads), ("sealed/files", named.files)]
        verify_wraps(root / "sealed" / "keys", (named.payloads | named.files) - named.shredded)
    for place, digests in places:
        folder = root / place
        extra = Blobs(folder).verify(digests)
        if extra:
            made.remarks.append(
                f"{len(extra)} whole files in {place} are named by no entry: a program that ended early left them."
            )
    _reports(root / "reports", published, made)
    return made


def digests_of(body: Kind) -> Iterator[tuple[str, str]]:
    """Place and digest of all bytes that a record names."""
    match body:
        case Genesis():
            named = [
                ("blobs", body.geometry),
                ("files", body.posts),
                ("files", str(body.settings.get(NAMES_KEY, ""))),
            ]
        case Import():
            place = "files" if body.sealed else "blobs"
            named = [
                (place, body.stored), (place, body.rejected_stored), ("blobs", body.mapping_digest),
                ("files", body.settings.get(GEOMETRY_STORED, "")),
            ]  # fmt: skip
        case Shred():
            named = [("files", body.sealed)]
        case Anchor():
            named = [("blobs", body.checkpoint), ("blobs", body.response)]
        case Assignment() | SealedSignal() | Grouping() | Withdrawal() | Reply() | Fact():
            named = [("files", body.sealed)]
        case Commitments():
            named = [("payloads", body.payloads_digest)]
        case Incidents():
            named = [("blobs", body.disclosed)]
        case Disclosure() | AgreementVersion():
            named = [("blobs", body.blob)]
        case Report():
            named = [("blobs", body.figures), *(("blobs", digest) for digest in body.files.values())]
        case _:
            named = []
    return ((place, digest) for place, digest in named if digest)


def _reports(folder: Path, published: dict[Path, list[str]], made: Verified) -> None:
    """What stands in `reports/` is what an entry says; the same bytes stand among the originals."""
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        digests = published.pop(path, [])
        if not digests:
            made.remarks.append(f"{path} is vouched for by no entry.")
            continue
        with path.open("rb") as file:
            seen = hashlib.file_digest(file, "sha256").hexdigest()
        if seen not in digests:
            raise LogError(
                "LOG-041", "a published report must be what its entry says", where=str(path),
                remedy=f"The file was altered; as it was published it stands in blobs/{digests[-1][:2]}/{digests[-1]}.",
            )  # fmt: skip
        if seen != digests[-1]:
            made.remarks.append(f"{path} is an earlier version: a newer one of the same day is on the log.")
        made.reports += 1
    for path, digests in sorted(published.items()):
        made.remarks.append(f"{path} is not here; its bytes stand in blobs/{digests[-1][:2]}/{digests[-1]}.")
