"""A slow reference for the plan's states: every question is asked anew of all facts, nothing is carried along.

Written from docs/reference/plan-format.md, not from the program.
"""

from __future__ import annotations

from collections.abc import Sequence

from truceline.agreement.plan import (
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
    Together,
)

ORDER = ("begun", "reported", "verified", "disputed", "retracted", "lapsed", "restored")


class Slow:
    """Asks by definition."""

    def __init__(
        self, plan: Plan, facts: Sequence[Fact], consents: Sequence[ConsentFact], as_of: int, known: int,
        over: dict[str, list[int]],
    ):  # fmt: skip
        self.over = over  # words -> value (0 no, 1 unknown, 2 yes) at -1, 0, 1, ...
        self.plan, self.as_of, self.known = plan, as_of, known
        self.facts = [f for f in facts if f.known_ms <= known and f.at_ms <= as_of]
        self.consents = [c for c in consents if c.known_ms <= known and c.from_ms <= as_of]
        self.steps = {step.id: step for step in plan.steps}

    def word(self, step: Step, at: int) -> str:
        told = [f for f in self.facts if f.step == step.id and f.at_ms <= at]
        told = [f for f in told if f.act != "verified" or not step.verified_by or f.by in step.verified_by]
        told.sort(key=lambda f: (f.at_ms, f.known_ms, ORDER.index(f.act), f.by, f.because))
        word = ""
        for fact in told:
            if fact.act in ("reported", "verified", "disputed"):
                word = fact.act
            if fact.act == "retracted":
                word = ""
            if fact.act == "lapsed" and step.guarantee and word == "verified":
                word = "lapsed"
            if fact.act == "restored" and step.guarantee and word == "lapsed":
                word = "verified"
        return word

    def value(self, name: str, at: int) -> int:
        """0 no, 1 unknown, 2 yes: Kleene's logic is the smallest and the largest."""
        step = self.steps[name]
        word = self.word(step, at)
        if not step.agreed or word == "disputed":
            return 1
        if word != "verified":
            return 0
        return self.truth(step.terms_at(at, self.known).holds, at) if step.guarantee else 2

    def truth(self, condition: Condition | None, at: int) -> int:
        if condition is None:
            return 2
        if isinstance(condition, Done):
            return self.value(condition.step, at)
        if isinstance(condition, AllOf):
            return min(self.truth(one, at) for one in condition.of)
        if isinstance(condition, AnyOf):
            return max(self.truth(one, at) for one in condition.of)
        if isinstance(condition, From):
            return (at >= condition.moment.earliest_ms) + (at >= condition.moment.latest_ms)
        if isinstance(condition, Over):
            return self.over[condition.words][at + 1]
        if isinstance(condition, Together):
            words = [self.word(self.steps[name], at) for name in condition.steps]
            if "disputed" in words:
                return 1
            if set(words) != {"verified"}:
                return 0
            done = [self.done(name, at) for name in condition.steps]
            return 2 * (max(done) - min(done) <= condition.within_ms)
        assert isinstance(condition, Consented)
        return 2 * all(self.consents_to(party, condition.task, at) for party in condition.parties or self.plan.parties)  # fmt: skip

    def done(self, name: str, at: int) -> int:
        told = [f for f in self.facts if f.step == name and f.at_ms <= at]
        told = [
            f
            for f in told
            if f.act != "verified" or not self.steps[name].verified_by or f.by in self.steps[name].verified_by
        ]
        reported = [f.at_ms for f in told if f.act == "reported"]
        return max(reported) if reported else max(f.at_ms for f in told if f.act == "verified")

    def opened(self, step: Step) -> int | None:
        """Since when it has been open; frozen while it is reported or verified."""
        since = None
        for at in range(self.as_of + 1):
            terms = step.terms_at(at, self.known)
            ready = min(self.truth(terms.after, at), self.truth(terms.holds, at)) == 2
            if self.word(step, at) in ("reported", "verified"):
                continue
            since = (at if since is None else since) if ready else None
        return since

    def due(self, step: Step) -> int | None:
        terms = step.terms_at(self.as_of, self.known)
        if terms.deadline is not None:
            return terms.deadline.latest_ms
        since = self.opened(step)
        return None if terms.within is None or since is None else since + terms.within[0]

    def consents_to(self, party: str, task: str, at: int) -> bool:
        said = [c for c in self.consents if c.party == party and c.task == task and c.from_ms <= at]
        newest = [c for c in said if c.from_ms == max(s.from_ms for s in said)]
        newest = [c for c in newest if c.known_ms == max(s.known_ms for s in newest)]
        if not newest or not all(c.given for c in newest):
            return False
        return all(c.until_ms is None or at < c.until_ms for c in newest)

    def ever_held(self, step: Step) -> bool:
        return any(
            self.truth(step.terms_at(at, self.known).holds, at) == 2 for at in range(-1, self.as_of + 1)
        )

    def state(self, step: Step) -> str:
        at = self.as_of
        terms, word = step.terms_at(at, self.known), self.word(step, at)
        holds = self.truth(terms.holds, at)
        if not step.agreed:
            return "not_agreed"
        if word == "verified" and not step.guarantee:
            return "verified"
        if word == "disputed":
            return "disputed"
        if word == "lapsed" or (holds == 0 and (word == "verified" or self.ever_held(step))):
            return "suspended"
        if word:
            return word
        due = self.due(step)
        if due is not None and at >= due:
            return "overdue"
        return "open" if min(holds, self.truth(terms.after, at)) == 2 else "waiting"
