"""The plan: steps that open when what they wait for is verified, and are suspended when a guarantee lapses."""

from __future__ import annotations

from truceline.agreement.plan.figures import STAGES, stage, stages
from truceline.agreement.plan.path import Expected, expected
from truceline.agreement.plan.reading import checked, read_plan
from truceline.agreement.plan.status import StepStatus, consented, status
from truceline.agreement.plan.steps import (
    ACTS,
    STATES,
    AllOf,
    AnyOf,
    Condition,
    Consented,
    ConsentFact,
    Done,
    Fact,
    From,
    Over,
    Plan,
    Step,
    Terms,
    Together,
    named,
)  # fmt: skip

__all__ = [
    "ACTS", "STAGES", "STATES", "AllOf", "AnyOf", "Condition", "ConsentFact", "Consented", "Done", "Expected", "Fact", "From",
    "Over", "Plan", "Step", "StepStatus", "Terms", "Together", "checked", "consented", "expected", "named", "read_plan", "stage", "stages", "status",
]  # fmt: skip
