"""One line of a benchmark: what was measured, against what, and whether it meets its goal."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """met: None where there is no goal. value: the figure that the goal speaks of."""

    what: str
    measured: str
    against: str = ""
    goal: str = ""
    value: float | None = None
    met: bool | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def at_least(
    what: str, value: float, goal: float, against: str = "", unit: str = "", measured: str = ""
) -> Line:
    """A line whose value should be no lower than the goal."""
    return Line(
        what, measured or f"{value:,.3g}{unit}", against, f">= {goal:g}{unit}", value, bool(value >= goal)
    )


def at_most(
    what: str, value: float, goal: float, against: str = "", unit: str = "", measured: str = ""
) -> Line:
    """A line whose value should be no higher than the goal."""
    return Line(
        what, measured or f"{value:,.3g}{unit}", against, f"<= {goal:g}{unit}", value, bool(value <= goal)
    )
