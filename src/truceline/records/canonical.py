"""Canonical bytes: RFC 8785 JSON without floats, and digests over it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import rfc8785

from truceline.errors import RecordError

MAX_INTEGER = 2**53 - 1


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes of `value`.

    Raises:
        RecordError: REC-001 a float, REC-002 an integer beyond 2^53-1, REC-003 a type JSON does not have.
    """
    _refuse(value, "$")
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError) as problem:
        raise RecordError(
            "REC-003",
            "a record must be plain JSON",
            value=str(problem),
            remedy="Give text, whole numbers, true, false, null, lists and maps with text as keys.",
        ) from problem


def parse_canonical(raw: bytes) -> Any:
    """Parse strictly: no duplicate keys, no floats, and the same bytes when serialised again.

    Raises:
        RecordError: REC-004 not JSON, REC-005 duplicate key, REC-006 not in canonical form; REC-001, REC-002.
    """
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as problem:
        raise RecordError(
            "REC-004",
            "a record must be UTF-8 JSON",
            value=str(problem),
            remedy="Save the file as UTF-8 JSON.",
        ) from problem
    if canonical(value) != raw:
        raise RecordError(
            "REC-006",
            "a record must be in RFC 8785 canonical form",
            value=raw[:60],
            remedy="Write it with this program, which sorts the keys.",
        )
    return value


def digest(value: Any) -> str:
    """Hex SHA-256 over the canonical bytes."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise RecordError("REC-005", "a key must appear once", value=key, remedy="Remove one of the two.")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise RecordError(
        "REC-001", "numbers must be integers", value=name, remedy="Give a whole number in a smaller unit."
    )


def _refuse(value: Any, where: str) -> None:
    match value:
        case None | bool() | str():
            return
        case int():
            if abs(value) > MAX_INTEGER:
                raise RecordError(
                    "REC-002",
                    "integers must lie within 2^53-1",
                    where=where,
                    value=value,
                    remedy="Give a smaller number, or text.",
                )
        case float():
            raise RecordError(
                "REC-001", "numbers must be integers", where=where, value=value,
                remedy="Use micro-degrees, metres or milliseconds.",
            )  # fmt: skip
        case list() | tuple():
            for index, item in enumerate(value):
                _refuse(item, f"{where}[{index}]")
        case dict():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise RecordError(
                        "REC-003",
                        "keys must be strings",
                        where=where,
                        value=key,
                        remedy="Give text, whole numbers, true, false, null, lists and maps with text as keys.",
                    )
                _refuse(item, f"{where}.{key}")
        case _:
            raise RecordError(
                "REC-003",
                "a record must be plain JSON",
                where=where,
                value=value,
                remedy="Give text, whole numbers, true, false, null, lists and maps with text as keys.",
            )
