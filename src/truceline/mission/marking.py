"""EXERCISE on what people write into a simulated mission, and ids for their acts."""

from __future__ import annotations

import secrets

from truceline.mission.mission import Mission

MARK = "EXERCISE"


def said(mission: Mission, text: str) -> str:
    """The text as it is recorded."""
    text = text.strip()
    return f"{MARK}: {text}" if text and mission.genesis.exercise and not text.startswith(MARK) else text


def new_id(mission: Mission, kind: str) -> str:
    """An id that nobody has."""
    return f"{f'{MARK}-' if mission.genesis.exercise else ''}{kind}-{secrets.token_hex(6)}"
