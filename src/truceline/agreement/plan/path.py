"""When steps may be expected to be done, which chain decides the end, and what follows if a date moves.

The expectation is arithmetic on the texts, not a forecast: a step takes the days that the plan gives it, or else is
expected at its deadline, never before what it waits for and never in the past.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from truceline.agreement.moments import Bounds, later_by
from truceline.agreement.plan.status import StepStatus
from truceline.agreement.plan.steps import From, Plan, in_order, named

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Expected:
    """One step. `late_ms`: by how much it would miss its deadline (0 in time, None without a deadline). `decided_by`: what it waits for longest."""

    step: str
    done_ms: int
    late_ms: int | None
    slack_ms: int | None
    decided_by: str
    critical: bool


def expected(
    plan: Plan, told: Sequence[StepStatus], as_of_ms: int, moved: Mapping[str, int] | None = None
) -> tuple[Expected, ...]:
    """Expected completion of all agreed steps, in the plan's order.

    Args:
        moved: step id -> ms UTC at which it is assumed to be done, for what-if.
    """
    moved = moved or {}
    by_id = {one.step.id: one for one in told if one.state != "not_agreed"}
    done: dict[str, int] = {}
    why: dict[str, str] = {}
    for step in in_order(plan.steps)[0]:
        one = by_id.get(step.id)
        if one is None:
            continue
        waits = [name for part in (one.terms.after, one.terms.holds) for name in named(part) if name in done]
        last = max(waits, key=lambda name: (done[name], name), default="")
        begin = max([as_of_ms, *(done[name] for name in waits), *_dates(one.terms.after)])
        why[step.id] = last if last and begin == done[last] else ""
        if step.id in moved:
            done[step.id] = moved[step.id]
        elif one.state == "verified":
            done[step.id] = next(ms for ms, state in reversed(one.history) if state == "verified")
            why[step.id] = ""
        elif one.state == "reported":
            done[step.id] = begin  # only its verification is awaited
        elif one.terms.within is not None and one.terms.deadline is None and step.takes_days is None:
            done[step.id] = later_by(Bounds(begin, begin), one.terms.within).latest_ms
        elif step.takes_days is not None:
            done[step.id] = begin + step.takes_days * DAY_MS
        else:
            done[step.id] = max(begin, one.terms.deadline.latest_ms if one.terms.deadline else begin)
            if one.terms.deadline and done[step.id] > begin:
                why[step.id] = ""  # its own date decides
    critical = _chain(done, why)
    return tuple(
        Expected(
            step.id, done[step.id], max(0, done[step.id] - end) if end is not None else None,
            max(0, end - done[step.id]) if end is not None else None, why[step.id], step.id in critical,
        )
        for step in plan.steps if step.id in done
        for end in [_end(by_id[step.id])]
    )  # fmt: skip


def _end(one: StepStatus) -> int | None:
    return one.terms.deadline.latest_ms if one.terms.deadline else None


def _dates(condition: object) -> list[int]:
    if isinstance(condition, From):
        return [condition.moment.latest_ms]
    return [ms for one in getattr(condition, "of", ()) for ms in _dates(one)]


def _chain(done: Mapping[str, int], why: Mapping[str, str]) -> set[str]:
    """From the step that is done last, back along what decided."""
    chain: set[str] = set()
    at = max(done, key=lambda name: (done[name], name), default="")
    while at and at not in chain:
        chain.add(at)
        at = why[at]
    return chain
