"""What people write into the open: EXERCISE on it in a simulated mission, ids for their acts, and no place finer than a sector."""

from __future__ import annotations

import re
import secrets
from typing import Final

from truceline.errors import UsageError
from truceline.mission.mission import Mission

MARK: Final = "EXERCISE"
_FINE: Final = re.compile(
    r"\d{1,3}[.,]\d{3,}\s*°?|\d{1,3}\s*°\s*\d|\b\d{1,2}[C-HJ-NP-X]\s?[A-Z]{2}\s?\d{4,}", re.IGNORECASE
)


def said(mission: Mission, text: str) -> str:
    """The text as it is recorded."""
    text = text.strip()
    return f"{MARK}: {text}" if text and mission.genesis.exercise and not text.startswith(MARK) else text


def new_id(mission: Mission, kind: str) -> str:
    """An id that nobody has."""
    return f"{f'{MARK}-' if mission.genesis.exercise else ''}{kind}-{secrets.token_hex(6)}"


def refuse_fine(text: str, where: str) -> None:
    """What stands in the open names no coordinates. Raises UsageError MIS-221."""
    found = _FINE.search(text)
    if found:
        raise UsageError(
            "MIS-221", "what stands in the open must be coarse: no coordinates", where=where, value=found[0],
            remedy="Name the sector; precise places stay in the mission.",
        )  # fmt: skip
