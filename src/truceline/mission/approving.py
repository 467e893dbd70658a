"""A party's mirror that recomputes what the party is cleared for before it cosigns.

The published log names originals and disclosed rows by digest. They are fetched from wherever somebody has them, each
checked by its digest; then the copy is replayed at the clearance of the keys at hand, mostly none: the public's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from truceline.errors import EvidenceError, LogError
from truceline.evidence import Blobs
from truceline.log.http import Client, is_url
from truceline.mission.mission import Mission
from truceline.mission.replaying import replay
from truceline.mission.verifying import digests_of

MAX_ORIGINAL_BYTES = 1 << 28


def approver(
    copy: Path, originals: str, say: Callable[[str], None] = lambda said: None
) -> Callable[[], None]:
    """What a mirror calls before it cosigns.

    Args:
        copy: the mirror's folder.
        originals: a mission's or a stick's folder with `blobs/`, or a URL prefix under which `<2 digits>/<digest>` stand.
    """

    def approve() -> None:
        mission = Mission.open(copy)
        came = fetch(mission, originals)
        made = replay(mission)
        if not made.identical:
            raise LogError(
                "LOG-146", "what is cosigned after a replay must come out as logged", where=str(copy), value=made.difference,
                remedy="The entries are stored, and not cosigned. Keep the copy, and put the question to operator and auditor.",
            )  # fmt: skip
        say(
            f"replayed {mission.log.size:,} entries; {came:,} originals fetched: {'; '.join(made.compared[-3:])}"
        )

    return approve


def fetch(mission: Mission, originals: str) -> int:
    """Fetch the public originals that the entries name and the folder lacks; how many came.

    Raises:
        EvidenceError: EVI-001 one is nowhere, EVI-002 it is not what its name says. EnvironmentFailure: ENV-001, ENV-030, ENV-031.
    """
    client, came = Client() if is_url(originals) else None, 0
    wanted = dict.fromkeys(
        digest for one in mission.entries() for place, digest in digests_of(one.body) if place == "blobs"
    )
    for digest in wanted:
        if mission.blobs.path(digest).is_file():
            continue
        content = _read(originals, digest, client)
        if hashlib.sha256(content).hexdigest() != digest:
            raise EvidenceError(
                "EVI-002", "stored bytes must hash to their name", where=originals, value=digest,
                remedy="Fetch the file of that name from another copy.",
            )  # fmt: skip
        mission.blobs.put(content)
        came += 1
    if client is not None:
        client.close()
    return came


def _read(originals: str, digest: str, client: Client | None) -> bytes:
    if client is not None:
        reply = client.get(f"{originals.rstrip('/')}/{digest[:2]}/{digest}", MAX_ORIGINAL_BYTES)
        if reply.status == 200:
            return reply.body
    else:
        folder = Path(originals)
        path = Blobs(folder / "blobs" if (folder / "blobs").is_dir() else folder).path(digest)
        if path.is_file():
            return path.read_bytes()
    raise EvidenceError(
        "EVI-001", "the log names bytes that must be in the folder", where=originals, value=digest,
        remedy="Fetch them from another copy.",
    )  # fmt: skip
