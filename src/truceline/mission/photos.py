"""Photos that devices sent: looked at, copied for others, compared with each other. The originals stay sealed as they came."""

from __future__ import annotations

from dataclasses import dataclass

from truceline.errors import EvidenceError
from truceline.evidence.pictures import Picture, alike, clean_copy, look
from truceline.mission import sealing
from truceline.mission.mission import Mission
from truceline.mission.receiving import media


@dataclass(frozen=True, slots=True)
class Alike:
    """Pairs of digests that are perhaps one picture, with the bits they differ in; how many were looked at; what could not be."""

    pairs: list[tuple[str, str, int]]
    looked_at: int
    unread: dict[str, str]


def look_at(mission: Mission, digest: str) -> Picture:
    """Raises UsageError FLD-008, EvidenceError EVI-011, EVI-070, EVI-071, EnvironmentFailure EVI-072."""
    return look(media(mission, digest))


def copy_of(mission: Mission, digest: str, longest: int | None = None) -> bytes:
    """A JPEG without metadata. Raises as `look_at`."""
    return clean_copy(media(mission, digest), longest)


def same_again(mission: Mission) -> Alike:
    """Compare all photos; voice notes and what is no picture are told apart. Raises EvidenceError EVI-011, EnvironmentFailure EVI-072."""
    hashes: dict[str, str] = {}
    unread: dict[str, str] = {}
    for path in sorted((sealing.field_folder(mission) / "media").glob("*.age")):
        try:
            hashes[path.stem] = look_at(mission, path.stem).perceptual
        except EvidenceError as problem:
            if problem.code == "EVI-011":
                raise
            unread[path.stem] = problem.code
    return Alike(alike(hashes), len(hashes), unread)
