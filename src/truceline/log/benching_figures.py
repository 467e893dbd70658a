"""A figure of the log's benchmark, beside the limit or peer of the same run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """What, its value and unit, the limit or peer of the same run, their ratio and the goal for it."""

    what: str
    value: float
    unit: str
    limit: float | None = None
    limit_of: str = ""
    ratio: float | None = None
    goal: str = ""
    good: bool = True
