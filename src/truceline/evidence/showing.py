"""Disclosures of single records: what is shown is what was committed, and the rest stays closed.

One line of canonical JSON a record: {"disclosed":{...},"record":n,"salt":hex,"sealed_leaf":hex}.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from truceline.errors import EvidenceError
from truceline.evidence.commitments import Opened, commitment_of, leaf
from truceline.records.canonical import canonical, parse_canonical


def show_records(opened: Sequence[Opened]) -> bytes:
    """The lines for every record of a batch that has a disclosed form; watches, enrolments, dummies have none."""
    lines = [
        canonical(
            {
                "record": number, "salt": one.disclosed_salt.hex(), "sealed_leaf": one.sealed_leaf.hex(),
                "disclosed": json.loads(one.record.disclosed),
            }
        )
        for number, one in enumerate(opened)
        if one.record.disclosed
    ]  # fmt: skip
    return b"".join(line + b"\n" for line in lines)


def read_shown(raw: bytes, commitments: Sequence[str], where: str) -> dict[int, dict[str, Any]]:
    """The disclosed rows by the number of their record, each checked against its commitment.

    Raises:
        EvidenceError: EVI-030, a line is not what was committed, or is no line of a disclosure.
    """
    shown: dict[int, dict[str, Any]] = {}
    for number, line in enumerate(raw.splitlines()):
        try:
            said = parse_canonical(line)
            record, row = int(said["record"]), said["disclosed"]
            salt, sealed_leaf = bytes.fromhex(said["salt"]), bytes.fromhex(said["sealed_leaf"])
            committed = commitments[record] if record >= 0 else ""
        except (EvidenceError, KeyError, IndexError, TypeError, ValueError) as problem:
            raise _not_shown(where, number) from problem
        if (
            record in shown
            or type(row) is not dict
            or (len(salt), len(sealed_leaf)) != (32, 32)
            or commitment_of(sealed_leaf, leaf(salt, canonical(row))) != committed
        ):
            raise _not_shown(where, number)
        shown[record] = row
    return shown


def digest_of(raw: bytes) -> str:
    """Hex SHA-256 of the lines."""
    return hashlib.sha256(raw).hexdigest()


def _not_shown(where: str, line: int) -> EvidenceError:
    return EvidenceError(
        "EVI-030", "what is disclosed must be what was committed to", where=f"{where}, line {line + 1}",
        remedy="The disclosure was altered, or shows something else than the observer reported: keep it, and ask the auditor.",
    )  # fmt: skip
