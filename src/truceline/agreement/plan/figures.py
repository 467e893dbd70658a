"""Shares of the plan by stage, in the manner of the implementation scores of the Kroc Institute's Peace Accords Matrix.

Four stages: not begun, minimum (begun), intermediate (reported done, or done but contested or suspended), complete
(verified). Whether a beginning is viable is a judgement that no log makes; so a stage here is only what was recorded.
Source: Kroc Institute, Peace Accords Matrix codebook (levels 0 to 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from truceline.agreement.plan.status import StepStatus

STAGES: Final = ("not_begun", "minimum", "intermediate", "complete")


def stage(one: StepStatus) -> str:
    """The stage of one agreed step."""
    if one.state == "verified":
        return "complete"
    acts = one.last.act if one.last else ""
    if one.state in ("reported", "disputed") or (
        one.state == "suspended" and acts in ("reported", "verified", "lapsed")
    ):
        return "intermediate"
    return "minimum" if one.begun else "not_begun"


def stages(told: Sequence[StepStatus]) -> dict[str, dict[str, int]]:
    """Steps and share in hundredths of a percent (`share_e4`) by stage; steps that were never agreed are left out."""
    counted = [stage(one) for one in told if one.state != "not_agreed"]
    return {
        name: {
            "steps": counted.count(name),
            "share_e4": round(10_000 * counted.count(name) / len(counted)) if counted else 0,
        }
        for name in STAGES
    }
