"""What the linter finds: one defect of a text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One defect of a text.

    Attributes:
        severity: "error" where the article cannot mean what it says, "warning" where it leaves something open.
    """

    code: str
    where: str
    rule: str
    value: str
    remedy: str
    severity: str

    def __str__(self) -> str:
        seen = f", got {self.value}" if self.value else ""
        return f"{self.code} {self.where}: {self.rule}{seen}. {self.remedy} See errors#{self.code.lower()}"
