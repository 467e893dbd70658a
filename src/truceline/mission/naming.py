"""The names of incidents, which go everywhere: nobody without the mission's secret can tell which observation one begins with.

Fusion names an incident by its lowest observation, and an observation bears its source's own id, or a digest of what it
says: whoever guesses either would know the source, how much it reports, or what exactly. So what leaves fusion bears a
keyed digest of that name (HMAC-SHA-256, of which 80 bits are shown). The key is sealed to mission and auditor, and the
genesis entry names it, so that the same observations give the same names for ever, and to whoever replays.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa

from truceline.fusion import Fused
from truceline.mission.mission import NAMES_KEY, Mission

_SHOWN_BYTES = 10
_MARK = b"truceline/incident/v1\n"
Name = Callable[[str], str]


def named_by(mission: Mission) -> Name:
    """Name of the incident whose lowest observation this is. Raises EvidenceError EVI-011, EVI-012: the key is closed."""
    digest = str(mission.genesis.settings.get(NAMES_KEY, ""))
    if not digest:
        return lambda lowest: lowest
    return with_key(mission.vault.read_file(digest))


def with_key(key: bytes) -> Name:
    """The same for a key of 32 bytes."""

    def name(lowest: str) -> str:
        made = hmac.digest(key, _MARK + lowest.encode(), "sha256")[:_SHOWN_BYTES]
        return "i-" + base64.b32encode(made).decode().lower()

    return name


def renamed(made: Fused, name: Name) -> Fused:
    """A fusion whose incidents bear these names."""
    return replace(made, incidents=named(made.incidents, name), membership=named(made.membership, name))


def named(table: pa.Table, name: Name) -> pa.Table:
    """A table with a column `incident_id`, which fusion filled, with these names instead."""
    held = table.column("incident_id").to_pylist()
    made = pa.array([None if one is None else name(one) for one in held], pa.string())
    column = table.schema.get_field_index("incident_id")
    return table.set_column(column, table.schema.field(column), made)
