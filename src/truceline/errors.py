"""Every error that leaves Truceline, drawn as a tree.

    TrucelineError
    |-- UsageError          the call itself makes no sense                         exit 2
    |   `-- NotAMission     the folder is not a mission
    |-- EnvironmentFailure  disk full, missing optional package, lock held         exit 3
    `-- CheckFailed         something was checked and found wrong                  exit 1
        |-- RecordError     REC  a record or a canonical form
        |-- GeometryError   GEO  coordinates, lines, zones
        |-- LogError        LOG  notes, tree, tiles, checkpoints, proofs, sequencing
        |-- EvidenceError   EVI  payloads, commitments, disclosure
        |-- AgreementError  AGR  an agreement folder, its cases
        |-- FusionError     FUS  observations that cannot be fused, parameters
        |-- ScoreError      SCO  groupings and truths that cannot be compared
        |-- IntakeError     INT  a file that cannot be read at all
        |-- ReportError     RPT  a report that cannot be made
        |-- MechanismError  MEC  a proposed mechanism
        `-- ReplayError     RPL  recomputation differs

A message reads: where -> rule -> value seen -> remedy -> link. The code is stable and documented in
docs/reference/errors.md; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar


class TrucelineError(Exception):
    """One problem, said once.

    Args:
        code: stable, e.g. "AGR-014".
        rule: what must hold, as a sentence.
        where: file:line, entry or field; empty when there is no such place.
        value: what was found instead; shown with repr, cut at 80 characters.
        remedy: what the reader can do now; never left out.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, rule: str, *, remedy: str, where: str = "", value: object = None) -> None:
        self.code, self.rule, self.where, self.value, self.remedy = code, rule, where, value, remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f"{self.code} {self.where}: " if self.where else f"{self.code} "
        seen = "" if self.value is None else f", got {_short(self.value)}"
        return f"{head}{self.rule}{seen}. {self.remedy} See errors#{self.code.lower()}"

    def __reduce__(self) -> tuple[Callable[[], TrucelineError], tuple[()]]:
        """So that a problem found in another process arrives whole."""
        made = partial(
            type(self), self.code, self.rule, where=self.where, value=_plain(self.value), remedy=self.remedy
        )
        return made, ()

    def as_dict(self) -> dict[str, str]:
        """The same, for `--json`."""
        return {
            "code": self.code,
            "where": self.where,
            "rule": self.rule,
            "value": "" if self.value is None else _short(self.value),
            "remedy": self.remedy,
            "link": f"errors#{self.code.lower()}",
        }


def _plain(value: object) -> object:
    return value if isinstance(value, (str, bytes, int, float, tuple, list, dict, type(None))) else str(value)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


class UsageError(TrucelineError):
    """The call makes no sense as it stands."""

    exit_code = 2


class NotAMission(UsageError):
    """The folder holds no mission."""


class EnvironmentFailure(TrucelineError):
    """The machine cannot do it: disk, lock, missing optional package."""

    exit_code = 3


class CheckFailed(TrucelineError):
    """Something was checked and found wrong."""


class RecordError(CheckFailed):
    """A record, a code or a canonical form."""


class GeometryError(CheckFailed):
    """Coordinates, lines, zones."""


class LogError(CheckFailed):
    """Notes, tree, tiles, checkpoints, proofs, sequencing."""


class EvidenceError(CheckFailed):
    """Payloads, commitments, disclosure."""


class AgreementError(CheckFailed):
    """An agreement folder or its cases."""


class FusionError(CheckFailed):
    """Observations that cannot be fused, or parameters that do not fit."""


class ScoreError(CheckFailed):
    """A grouping or a truth that cannot be scored."""


class IntakeError(CheckFailed):
    """A file that cannot be read at all; single bad rows are `Rejected`, not raised."""


class ReportError(CheckFailed):
    """A report that cannot be made."""


class MechanismError(CheckFailed):
    """A proposed mechanism that cannot be read or compared."""


class ReplayError(CheckFailed):
    """Recomputation differs from what the log says."""
