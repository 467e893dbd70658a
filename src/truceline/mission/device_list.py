"""The list of devices in the field, encrypted among the mission's keys."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from truceline.mission.mission import Mission

DEVICES: Final = "devices.json"


@dataclass(frozen=True, slots=True)
class Device:
    """One device. `name` signs; `observer` is the source it reports as; only the digest of its token is kept."""

    name: str
    observer: str
    kind: str  # patrol, post
    token_digest: str
    pseudonyms: str  # hex; the same for all devices of an observer
    vkey: str = ""  # empty until it is paired
    post: str = ""  # id of the declared post
    facing_deg: int = 0  # where 12 o'clock lies on the dial
    radius_m: int = 3000  # how far it watches
    checkin_min: int = 0  # 0: no check-in is wanted
    added: str = ""
    revoked: str = ""  # when
    lost: str = ""  # since when it may be in other hands

    @property
    def state(self) -> str:
        """new, paired or revoked."""
        return "revoked" if self.revoked else "paired" if self.vkey else "new"


def all_devices(mission: Mission) -> list[Device]:
    """Every device ever added. Raises UsageError MIS-007, LOG-120..122."""
    if not (mission.keys.folder / DEVICES).is_file():
        return []
    return [Device(**one) for one in json.loads(mission.keys.store.read(DEVICES))]


def keep_devices(mission: Mission, devices: list[Device]) -> None:
    """Replace the list. Raises EnvironmentFailure ENV-001."""
    mission.keys.store.write(DEVICES, json.dumps([asdict(one) for one in devices]).encode())


def by_token(mission: Mission, token: str) -> Device | None:
    """The device of a token, revoked or not."""
    digest = token_digest(token)
    return next(
        (one for one in all_devices(mission) if secrets.compare_digest(one.token_digest, digest)), None
    )


def token_digest(token: str) -> str:
    """SHA-256 of a token: all that is kept of it."""
    return hashlib.sha256(token.encode()).hexdigest()
