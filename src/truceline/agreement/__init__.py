"""An agreement as a folder of code: articles, verdicts, linter, cases."""

from __future__ import annotations

from typing import Any

from truceline.agreement.assess import assess
from truceline.agreement.cases import CaseReport, CaseResult, run_cases
from truceline.agreement.folder import Agreement, library, load, pack, unpack
from truceline.agreement.linter import Problem, check
from truceline.agreement.models import AgreementFile, Article, Case
from truceline.agreement.words import encoded


def schema() -> dict[str, Any]:
    """JSON Schema of `agreement.yaml`, for completion in editors."""
    return AgreementFile.model_json_schema()


__all__ = [
    "Agreement", "Article", "Case", "CaseReport", "CaseResult", "Problem", "assess", "check", "encoded", "library",
    "load", "pack", "run_cases", "schema", "unpack",
]  # fmt: skip
