"""An agreement as a folder of code: articles, verdicts, linter, cases."""

from truceline.agreement.assess import assess
from truceline.agreement.cases import CaseReport, CaseResult, run_cases
from truceline.agreement.folder import Agreement, library, load, pack, unpack
from truceline.agreement.linter import Problem, check
from truceline.agreement.models import Article, Case
from truceline.agreement.words import encoded

__all__ = [
    "Agreement", "Article", "Case", "CaseReport", "CaseResult", "Problem", "assess", "check", "encoded", "library",
    "load", "pack", "run_cases", "unpack",
]  # fmt: skip
