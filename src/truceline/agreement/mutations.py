"""Change one threshold, sign or date of an agreement at a time, and see whether a case notices.

A change that no case notices is an edge that drafters never looked at: two readers may read it differently and not know.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from truceline.agreement.cases import run_cases
from truceline.agreement.clauses import rules_of, versions_of
from truceline.agreement.folder import Agreement, changed
from truceline.errors import TrucelineError

_SIGNS = {">=": ">", "<=": "<", ">": ">=", "<": "<="}
_METRES = re.compile(r"\b(within_m|beyond_m|distance_m|width_m): (\d+)")
_BY_SIDE = re.compile(r"\bdistance_m: \{([^}]*)\}")
_SIGN = re.compile(r'"?(>=|<=|>|<) ?(\d+(?:\.\d+)?) ?mm"?')
_COUNT = re.compile(r"\bat_most: (\d+)")
_DURATION = re.compile(
    r"\b(takes|total|within|together_within|before|report_within|answer_within|every|term|renews|objection_before|for): "
    r'"?(\d+) (min|h|d|months|years)'
)
_TIME = re.compile(r'local: "?(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})')
_CLOCK = re.compile(r'\b(from|until): "?(\d{2}):(\d{2})"?(?=[,}\s])')
_UNNOTICED = ("total",)
"""`total` binds nobody by itself: the linter holds the stages against it."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of agreement.yaml.

    Attributes:
        where: file and line; kind: distance, sign, calibre, number, duration, hour, day or clock.
        text: the whole file as changed.
    """

    where: str
    kind: str
    old: str
    new: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.kind}: {self.old} to {self.new}"


@dataclass(frozen=True, slots=True)
class Survey:
    """What became of all mutants: `noticed` by a case, `refused` when read, `idle`, or `survivors`.

    Idle ones change nothing that could be seen: an article whose parameters were never agreed is undetermined from the
    first reading of its start on, and a later reading decides nothing.
    """

    noticed: int
    refused: int
    idle: int
    survivors: tuple[Mutant, ...]


def mutants(agreement: Agreement) -> tuple[Mutant, ...]:
    """Every change, in the order of the file: distances, comparisons, calibres, numbers, durations, hours, days."""
    lines = agreement.files["agreement.yaml"].splitlines(keepends=True)
    found: list[Mutant] = []
    for index, line in enumerate(lines):
        if line.lstrip().startswith(("#", "note:", "restatement:", "title:", "dated:")):
            continue
        for start, end, kind, new in _changes(line):
            text = "".join([*lines[:index], line[:start] + new + line[end:], *lines[index + 1 :]])
            found.append(
                Mutant(f"agreement.yaml:{index + 1}", kind, line[start:end].strip(), new.strip(), text)
            )
    return tuple(found)


def survey(agreement: Agreement, say: Callable[[str, float], None] = lambda what, share: None) -> Survey:
    """Run the cases of each mutant.

    Raises:
        AgreementError: as `assess`, for the agreement itself.
    """
    noticed = refused = idle = 0
    left: list[Mutant] = []
    every = mutants(agreement)
    for number, mutant in enumerate(every):
        say(str(mutant), number / len(every))
        try:
            other = changed(agreement, mutant.text)
            failed = bool(run_cases(other, stop_early=True).failures)
        except TrucelineError:
            refused += 1
            continue
        noticed += failed
        if not failed and _idle(agreement, other):
            idle += 1
        elif not failed:
            left.append(mutant)
    return Survey(noticed, refused, idle, tuple(left))


def _idle(one: Agreement, other: Agreement) -> bool:
    def seen(agreement: Agreement) -> list[object]:
        rules = rules_of(agreement, 2**52)
        shown: list[object] = []
        for clause in (clause for rule in rules for clause in rule.clauses):
            first = None if clause.start is None else clause.start.earliest_ms
            shown.append((clause.acts, first, clause.end) if clause.missing else clause)
        shown += [version for version in versions_of(agreement, 2**52) if version.article.obliges]
        return shown

    return seen(one) == seen(other)


def _changes(line: str) -> Iterator[tuple[int, int, str, str]]:
    """(start, end, kind, replacement) of every change of one line."""
    for match in _METRES.finditer(line):
        metres = int(match[2])
        step = max(1, min(1000 if match[1] == "width_m" else 500, metres // 10))
        for other in (metres - step, metres + step):
            yield match.start(2), match.end(2), "distance", str(other)
    for match in _BY_SIDE.finditer(line):
        for number in re.finditer(r": (\d+)", match[1]):
            metres, at = int(number[1]), match.start(1) + number.start(1)
            for other in (metres - max(1, min(500, metres // 10)), metres + max(1, min(500, metres // 10))):
                yield at, at + len(number[1]), "distance", str(other)
    for match in _SIGN.finditer(line):
        yield match.start(1), match.end(1), "sign", _SIGNS[match[1]]
        if "." not in match[2]:
            for other in (int(match[2]) - 1, int(match[2]) + 1):
                yield match.start(2), match.end(2), "calibre", str(other)
    for match in _COUNT.finditer(line):
        for other in (int(match[1]) - 1, int(match[1]) + 1):
            if other >= 0:
                yield match.start(1), match.end(1), "number", str(other)
    for match in _DURATION.finditer(line):
        for other in (int(match[2]) - 1, int(match[2]) + 1):
            if other >= 1 and match[1] not in _UNNOTICED:
                yield match.start(2), match.end(2), "duration", str(other)
    for match in _TIME.finditer(line):
        told = dt.datetime.fromisoformat(match[1])
        for kind, step_by in (("hour", dt.timedelta(hours=1)), ("day", dt.timedelta(days=1))):
            for moved in (told - step_by, told + step_by):
                yield match.start(1), match.end(1), kind, moved.strftime("%Y-%m-%dT%H:%M")
    for match in _CLOCK.finditer(line):
        for other in ((int(match[2]) - 1) % 24, (int(match[2]) + 1) % 24):
            yield match.start(2), match.end(2), "clock", f"{other:02d}"
