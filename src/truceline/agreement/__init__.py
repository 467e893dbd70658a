"""An agreement as a folder of code: articles, verdicts, linter, cases."""

from __future__ import annotations

from truceline.agreement.assess import assess
from truceline.agreement.cases import CaseReport, CaseResult, run_cases
from truceline.agreement.duties import Duty, duties, state_of
from truceline.agreement.factfile import read_facts, utc_ms
from truceline.agreement.facts import Fact
from truceline.agreement.folder import Agreement, library, load, pack, unpack
from truceline.agreement.linter import check
from truceline.agreement.models import Article, Case
from truceline.agreement.mutations import Mutant, Survey, mutants, survey
from truceline.agreement.problems import Problem
from truceline.agreement.schema import case_schema, plan_schema, schema
from truceline.agreement.temporal import Facts, Signal, signal_of
from truceline.agreement.words import encoded

__all__ = [
    "Agreement", "Article", "Case", "CaseReport", "CaseResult", "Duty", "Fact", "Facts", "Mutant", "Problem", "Signal", "Survey", "assess",
    "case_schema", "check", "duties", "encoded", "library", "load", "mutants", "pack", "plan_schema", "read_facts",
    "run_cases", "schema", "signal_of", "state_of", "survey", "unpack", "utc_ms",
]  # fmt: skip
