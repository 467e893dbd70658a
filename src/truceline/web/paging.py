"""Where the next page of a list begins: the key of the last row, as one word of a link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import HTTPException


def position(row: Mapping[str, Any], name: str) -> str:
    """The link's word for a row: its time and its id."""
    return f"{row['midpoint_ms']}~{row[name]}"


def read_position(word: str) -> tuple[int, str] | None:
    """The key of a link's word; None for the first page."""
    if not word:
        return None
    at, mark, ident = word.partition("~")
    if not mark or not at.lstrip("-").isdecimal() or len(at) > 15:
        raise HTTPException(400, "The page to go on from is not one of ours.")
    return int(at), ident
