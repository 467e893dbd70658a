"""Two results side by side: the first value that differs, and whether all differences stay within the tolerance.

Results are whole numbers in small units, so equal machines give equal bytes. Other processors may round a sum of
floats otherwise and move a value by one unit of the last place that is kept; words, ids and members must never differ.
Documented in docs/explanation/replay.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

TOLERANCE: Final[Mapping[str, int]] = {"_e4": 1, "_e6": 100, "_udeg": 10, "_m": 1, "_ms": 1}
"""By the unit at the end of a field's name: how far a value may lie from the logged one on another architecture."""
VARIANCE_SHARE: Final = 1e-6
"""The same for variances (`_m2`), as a share of the value; at least 1 square metre."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that came out otherwise."""

    where: str
    again: object
    logged: object
    within: bool

    def __str__(self) -> str:
        return f"{self.where}: {self.logged!r} on the log, {self.again!r} now"


def differences(
    again: Sequence[Mapping[str, Any]], logged: Sequence[Mapping[str, Any]], name: str
) -> Iterator[Difference]:
    """Every difference of two tables, row by row.

    Args:
        again, logged: rows in the order of the result.
        name: field that names a row, e.g. incident_id.
    """
    for row, was in zip(again, logged, strict=False):
        if row[name] != was[name]:
            yield Difference(name, row[name], was[name], False)
            return  # everything after it is shifted
        for key in sorted({*row, *was}):
            yield from _of(row.get(key), was.get(key), f"{row[name]} {key}", key)
    if len(again) != len(logged):
        yield Difference("number of rows", len(again), len(logged), False)


def _of(again: Any, logged: Any, where: str, unit: str) -> Iterator[Difference]:
    if again == logged:
        return
    if isinstance(again, dict) and isinstance(logged, dict) and again.keys() == logged.keys():
        for key in sorted(again):
            yield from _of(again[key], logged[key], f"{where}.{key}", key)
    elif isinstance(again, list) and isinstance(logged, list) and len(again) == len(logged):
        for place, (one, was) in enumerate(zip(again, logged, strict=True)):
            yield from _of(one, was, f"{where}[{place}]", unit)
    else:
        yield Difference(where, again, logged, _near(again, logged, unit))


def _near(again: Any, logged: Any, field: str) -> bool:
    if type(again) is not int or type(logged) is not int:
        return False
    if field.endswith("_m2"):
        return abs(again - logged) <= max(1.0, VARIANCE_SHARE * abs(logged))
    ends = "_" + field.rpartition("_")[2]
    return ends in TOLERANCE and abs(again - logged) <= TOLERANCE[ends]
