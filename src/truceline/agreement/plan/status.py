"""The state of every step at one moment, from what had been recorded by another.

Pure and deterministic; independent of the order in which facts and steps are given. Conditions are three-valued
(Kleene): what is disputed, or lies between the readings of a text, is unknown, and nothing opens on what is unknown.
Rules, one by one: docs/reference/plan-format.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush

from truceline.agreement.moments import Bounds, later_by
from truceline.agreement.plan.steps import (
    ACTS,
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
    in_order,
    parts_of,
)  # fmt: skip
from truceline.agreement.temporal import Signal

Truth = bool | None


@dataclass(frozen=True, slots=True)
class StepStatus:
    """One step at the moment asked for.

    Attributes:
        state: of `steps.STATES`.
        since_ms: when the step came into that state, by what is known.
        overdue: whether its deadline passed before it was met; None where the text can be read both ways.
        late: for a step that was reported or verified, whether that was after its deadline.
        preconditions, holds: of its terms; None unknown.
        waits_for, lapsed: ids of steps, or `consent of P to T`, that are not there yet, and that are gone.
        history: (ms, state), each change.
        out_of_order: reported or verified before it was open.
        conditions: the conditions over facts among its terms, in words, and whether they hold.
    """

    step: Step
    terms: Terms
    state: str
    since_ms: int | None
    overdue: Truth
    late: Truth
    preconditions: Truth
    holds: Truth
    waits_for: tuple[str, ...]
    lapsed: tuple[str, ...]
    last: Fact | None
    begun: bool
    history: tuple[tuple[int, str], ...]
    out_of_order: bool
    conditions: tuple[tuple[str, Truth], ...] = ()


def both(values: Iterable[Truth]) -> Truth:
    """Kleene's conjunction; True of nothing."""
    seen = list(values)
    return False if False in seen else None if None in seen else True


def either(values: Iterable[Truth]) -> Truth:
    """Kleene's disjunction; False of nothing."""
    seen = list(values)
    return True if True in seen else None if None in seen else False


def passed(moment: Bounds, at_ms: int) -> Truth:
    """Whether the moment has come by every reading, by none, or by some."""
    return True if at_ms >= moment.latest_ms else False if at_ms < moment.earliest_ms else None


def status(
    plan: Plan, facts: Sequence[Fact], consents: Sequence[ConsentFact], as_of_ms: int, known_ms: int | None = None,
    signals: Mapping[str, Signal] | None = None,
) -> tuple[StepStatus, ...]:  # fmt: skip
    """Every step at `as_of_ms`, from what had been recorded by `known_ms` (the same moment unless given), in the plan's order.

    Args:
        signals: of the plan's conditions over facts, by their words; what is not there is unknown.
    """
    known = as_of_ms if known_ms is None else known_ms
    course = _Course(plan, facts, consents, as_of_ms, known, signals or {})
    course.start()
    ahead = course.moments()
    heapify(ahead)
    last: int | None = None
    while ahead:
        at = heappop(ahead)
        if at != last:
            course.pass_to(at)
            for due in course.fell_due(at):
                heappush(ahead, due)
        last = at
    return tuple(course.told(step) for step in plan.steps)


class _Course:
    """A walk through the moments at which something can change, from the first to the one asked for."""

    def __init__(
        self, plan: Plan, facts: Sequence[Fact], consents: Sequence[ConsentFact], as_of_ms: int, known_ms: int,
        signals: Mapping[str, Signal],
    ) -> None:  # fmt: skip
        self.signals = signals
        self.plan, self.as_of, self.known = plan, as_of_ms, known_ms
        self.order = in_order(plan.steps)[0]
        self.facts: dict[str, list[Fact]] = {step.id: [] for step in plan.steps}
        allowed = {step.id: step.verified_by for step in plan.steps}
        for fact in sorted(facts, key=_fact_order):
            counts = fact.act != "verified" or not allowed.get(fact.step) or fact.by in allowed[fact.step]
            if fact.step in self.facts and fact.known_ms <= known_ms and fact.at_ms <= as_of_ms and counts:
                self.facts[fact.step].append(fact)
        self.consents = sorted(
            (one for one in consents if one.known_ms <= known_ms and one.from_ms <= as_of_ms),
            key=_consent_order,
        )
        self.held: set[str] = set()  # steps whose `while` was true at some moment
        self.opened: set[str] = set()
        self.out_of_order: set[str] = set()
        self.values: dict[str, Truth] = {}
        self.holds: dict[str, Truth] = {}
        self.after: dict[str, Truth] = {}
        self.state: dict[str, str] = {}
        self.history: dict[str, list[tuple[int, str]]] = {step.id: [] for step in plan.steps}
        self.terms: dict[str, Terms] = {}
        self.clock: dict[str, int] = {}  # since when a step has been open
        self.at = as_of_ms

    def moments(self) -> list[int]:
        """Everything at which the state of a step can change, up to the moment asked for, which comes last."""
        found = {self.as_of}
        for facts in self.facts.values():
            found |= {fact.at_ms for fact in facts}
        for consent in self.consents:
            found.add(consent.from_ms)
            if consent.until_ms is not None:
                found.add(consent.until_ms)
        for step in self.plan.steps:
            for terms in (step.terms, *step.amendments):
                if terms.from_ms is not None:
                    found.add(terms.from_ms)
                ends = [terms.deadline] if terms.deadline else []
                for moment in [*ends, *_moments(terms.after), *_moments(terms.holds)]:
                    found |= {moment.earliest_ms, moment.latest_ms}
        for words in self.plan.conditions():
            signal = self.signals.get(words)
            found |= set() if signal is None else set(signal.times[1:].tolist())
        return sorted(one for one in found if one <= self.as_of)

    def start(self) -> None:
        """What held before anything changed; it has no place in the history."""
        self.pass_to(self.moments()[0] - 1)
        self.state, self.clock = {}, {}
        self.history = {step.id: [] for step in self.plan.steps}

    def pass_to(self, at: int) -> None:
        """Judge every step at the moment `at`, prerequisites first."""
        self.at = at
        for step in self.order:
            terms, word = step.terms_at(at, self.known), self._word(step)
            holds, after = self._truth(terms.holds), self._truth(terms.after)
            self.holds[step.id], self.after[step.id] = holds, after
            if holds is True:
                self.held.add(step.id)
            ready = both((after, holds)) is True
            if word in ("reported", "verified") and not ready and step.id not in self.opened:
                self.out_of_order.add(step.id)
            if ready:
                self.opened.add(step.id)
                if word not in ("reported", "verified"):
                    self.clock.setdefault(step.id, at)
            elif word not in ("reported", "verified"):
                self.clock.pop(step.id, None)
            self.values[step.id] = _value(step, word, holds)
            terms = self.terms[step.id] = self._due(step, terms)
            state = self._state(step, terms, word, ready)
            if self.state.get(step.id) != state:
                self.history[step.id].append((at, state))
                self.state[step.id] = state

    def _state(self, step: Step, terms: Terms, word: str, ready: bool) -> str:
        if not step.agreed:
            return "not_agreed"
        if word == "verified" and not step.guarantee:
            return "verified"
        if word == "disputed":
            return "disputed"
        gone = self.holds[step.id] is False and (step.id in self.held or word == "verified")
        if gone or word == "lapsed":
            return "suspended"
        if word in ("verified", "reported"):
            return word
        if terms.deadline is not None and passed(terms.deadline, self.at) is True:
            return "overdue"
        return "open" if ready else "waiting"

    def _due(self, step: Step, terms: Terms) -> Terms:
        """The terms with the deadline of a step whose time runs from its opening."""
        since = self.clock.get(step.id)
        if terms.within is None or terms.deadline is not None or since is None:
            return terms
        return replace(terms, deadline=later_by(Bounds(since, since), terms.within))

    def fell_due(self, at: int) -> Iterator[int]:
        """Moments after `at`, up to the one asked for, at which clocks that began to run now run out."""
        for name, since in self.clock.items():
            due = self.terms[name].deadline
            if since == at and due is not None and at < due.latest_ms <= self.as_of:
                yield due.latest_ms

    def _word(self, step: Step) -> str:
        """The last act that counts; a guarantee restored is as it was when verified."""
        word = ""
        for fact in self.facts[step.id]:
            if fact.at_ms > self.at:
                break
            if fact.act in ("reported", "verified", "disputed"):
                word = fact.act
            elif fact.act == "retracted":
                word = ""
            elif step.guarantee and (fact.act, word) == ("lapsed", "verified"):
                word = "lapsed"
            elif step.guarantee and (fact.act, word) == ("restored", "lapsed"):
                word = "verified"
        return word

    def _truth(self, condition: Condition | None) -> Truth:
        match condition:
            case None:
                return True
            case Done(name):
                return self.values[name]
            case AllOf(of):
                return both(self._truth(one) for one in of)
            case AnyOf(of):
                return either(self._truth(one) for one in of)
            case From(moment):
                return passed(moment, self.at)
            case Together(names, within):
                return self._together(names, within)
            case Over(words):
                signal = self.signals.get(words)
                return None if signal is None else {1: True, -1: False, 0: None}[int(signal.at(self.at))]
            case Consented(task, parties):
                return all(self.consented(party, task) for party in parties or self.plan.parties)

    def _together(self, names: Sequence[str], within_ms: int) -> Truth:
        words = [self._word(step) for step in self.plan.steps if step.id in names]
        if any(word != "verified" for word in words):
            return None if "disputed" in words else False
        done = [_completed([fact for fact in self.facts[name] if fact.at_ms <= self.at]) for name in names]
        return max(done) - min(done) <= within_ms

    def consented(self, party: str, task: str) -> bool:
        """The last word of that party on that task; silence is no consent."""
        return consented(self.consents, party, task, self.at)

    def _missing(self, condition: Condition | None) -> Iterator[str]:
        """What keeps a condition from being true, in words or ids."""
        match condition:
            case Done(name) if self.values[name] is not True:
                yield name
            case AllOf(of):
                for one in of:
                    yield from self._missing(one)
            case AnyOf(of) if self._truth(condition) is not True:
                for one in of:
                    yield from self._missing(one)
            case From(moment) if passed(moment, self.at) is not True:
                yield "its date"
            case Together(names, _) if self._truth(condition) is not True:
                yield f"{', '.join(names)} together"
            case Over(words) if self._truth(condition) is not True:
                yield words
            case Consented(task, parties):
                for party in parties or self.plan.parties:
                    if not self.consented(party, task):
                        yield f"consent of {party} to {task}"

    def told(self, step: Step) -> StepStatus:
        """What is to be told about a step at the last moment."""
        terms, word, facts = self.terms[step.id], self._word(step), self.facts[step.id]
        over = {part.words: self._truth(part) for side in (terms.after, terms.holds) for part in parts_of(side) if isinstance(part, Over)}  # fmt: skip
        missed = passed(terms.deadline, self.at) if terms.deadline else False
        met = word in ("reported", "verified")
        done = [fact.at_ms for fact in facts if fact.act in ("reported", "verified")]
        history = self.history[step.id]
        return StepStatus(
            step=step, terms=terms, state=self.state[step.id], since_ms=history[-1][0],
            overdue=False if met or not step.agreed else missed,
            late=passed(terms.deadline, done[-1] if word == "reported" else _completed(facts)) if met and terms.deadline else False,
            preconditions=self.after[step.id], holds=self.holds[step.id],
            waits_for=tuple(dict.fromkeys(self._missing(terms.after))), lapsed=tuple(dict.fromkeys(self._missing(terms.holds))),
            last=facts[-1] if facts else None, begun=bool(facts), history=tuple(history),
            out_of_order=step.id in self.out_of_order, conditions=tuple(over.items()),
        )  # fmt: skip


def consented(consents: Iterable[ConsentFact], party: str, task: str, at_ms: int) -> bool:
    """Whether the party's last word on the task, of those that had effect by `at_ms`, is consent; silence is not."""
    said = [one for one in consents if one.party == party and one.task == task and one.from_ms <= at_ms]
    if not said:
        return False
    last = max(said, key=_consent_order)
    return last.given and (last.until_ms is None or at_ms < last.until_ms)


def _value(step: Step, word: str, holds: Truth) -> Truth:
    if not step.agreed:
        return None
    if word == "verified":
        return holds if step.guarantee else True
    return None if word == "disputed" else False


def _completed(facts: Sequence[Fact]) -> int:
    """When a verified step was met: at the report on which the verification rests, or at the verification itself."""
    reported = [fact.at_ms for fact in facts if fact.act == "reported"]
    return (
        reported[-1] if reported else next(fact.at_ms for fact in reversed(facts) if fact.act == "verified")
    )


def _fact_order(fact: Fact) -> tuple[int, int, int, str, str]:
    return fact.at_ms, fact.known_ms, ACTS.index(fact.act), fact.by, fact.because


def _consent_order(one: ConsentFact) -> tuple[int, int, bool, int]:
    # of two words with one effect and one time the withdrawal counts
    return one.from_ms, one.known_ms, not one.given, -1 if one.until_ms is None else -one.until_ms


def _moments(condition: Condition | None) -> Iterator[Bounds]:
    match condition:
        case From(moment):
            yield moment
        case AllOf(of) | AnyOf(of):
            for one in of:
                yield from _moments(one)
