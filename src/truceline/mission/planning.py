"""The plan of a mission: steps of the agreement in force and of the log, and their states computed from what was recorded.

A mission of record computes nothing about real parties: what its sources said is told, with the amendments.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from truceline import agreement as agreements
from truceline.agreement import plan as plans
from truceline.agreement.moments import Bounds
from truceline.errors import UsageError
from truceline.mission import computing
from truceline.mission.clock import earliest_ms, from_iso, iso, latest_ms
from truceline.mission.consents import consents_of
from truceline.mission.facts import sealed_from
from truceline.mission.mission import Mission, Recorded
from truceline.records.kinds import AgreementVersion, PlanStep

DEFINES = ("waiting", "open", "not_agreed")


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with all that was recorded about it before some entry of the log."""

    plan: plans.Plan
    facts: tuple[plans.Fact, ...]
    consents: tuple[plans.ConsentFact, ...]
    known: agreements.Facts | None = None  # what conditions over facts look at
    hidden: frozenset[str] = frozenset()  # conditions that nobody without a key can tell

    def signals(self, known_ms: int) -> dict[str, agreements.Signal]:
        """The plan's conditions over facts, by their words, from what was known by then."""
        if self.known is None:
            return {}
        heard = self.known.known_by(known_ms)
        return {
            words: agreements.signal_of(formula, heard) for words, formula in self.plan.conditions().items()
            if words not in self.hidden
        }  # fmt: skip

    def status(self, as_of_ms: int, known_ms: int | None = None) -> tuple[plans.StepStatus, ...]:
        """As `agreement.plan.status`."""
        signals = self.signals(as_of_ms if known_ms is None else known_ms)
        return plans.status(self.plan, self.facts, self.consents, as_of_ms, known_ms, signals)

    def as_first_agreed(self, as_of_ms: int, known_ms: int | None = None) -> dict[str, plans.StepStatus]:
        """The same facts under the terms before any amendment, by step."""
        signals = self.signals(as_of_ms if known_ms is None else known_ms)
        told = plans.status(
            self.plan.without_amendments(), self.facts, self.consents, as_of_ms, known_ms, signals
        )
        return {one.step.id: one for one in told}


def planned(mission: Mission, before: int | None = None, known: agreements.Facts | None = None) -> Planned:
    """The plan as the log held it before the entry `before`.

    Args:
        known: what its conditions over facts look at, where a caller has it; else it is computed if they need it.
    Raises:
        AgreementError: AGR-060, AGR-061 the steps on the log do not fit together.
    """
    parties = tuple(party.id for party in mission.genesis.parties)
    told = mission.of(PlanStep, before)
    versions = mission.of(AgreementVersion, before)
    accord = agreements.unpack(mission.blobs.read(versions[-1][1].blob)) if versions else None
    own = None if accord is None else accord.plan
    steps = {one.id: one for one in (own.steps if own else ())}
    for _, body in told:
        if body.state in DEFINES and body.step_id not in steps:
            steps[body.step_id] = _defined(body)
    for entry, body in told:
        if body.state == "amended" and body.step_id in steps:
            steps[body.step_id] = _amended(steps[body.step_id], entry, body)
    ids = steps.keys()
    facts = tuple(
        plans.Fact(body.step_id, body.state, _at(body, entry), from_iso(entry.at), entry.author, body.because)
        for entry, body in told if body.state in plans.ACTS and body.step_id in ids
    )  # fmt: skip
    plan = plans.checked(list(steps.values()), {}, parties, own.title if own else mission.genesis.name)
    over = plan.conditions()
    if accord is not None and over and known is None:
        known = computing.facts_now(mission, accord, before)
    closed = (
        frozenset()
        if mission.vault.can_open
        else frozenset(name for name, one in over.items() if sealed_from(one))
    )
    return Planned(plan, facts, consents_of(mission, before), known, closed)


def rests_on_sealed(mission: Mission, before: int | None = None) -> bool:
    """Whether a state of the plan depends on what only holders of a key can see, so that the public cannot recompute it."""
    versions = mission.of(AgreementVersion, before)
    plan = agreements.unpack(mission.blobs.read(versions[-1][1].blob)).plan if versions else None
    return plan is not None and any(sealed_from(one) for one in plan.conditions().values())


def steps_of(
    mission: Mission, as_of_ms: int, before: int, facts: agreements.Facts | None = None
) -> tuple[PlanStep, ...]:
    """Every step with its computed state, as the report shows it; `facts` as `planned` takes them."""
    known = planned(mission, before, facts)
    first = known.as_first_agreed(as_of_ms)
    return tuple(_shown(one, first[one.step.id], as_of_ms) for one in known.status(as_of_ms))


def record_act(
    mission: Mission, step_id: str, act: str, *, role: str = "registrar", because: str = "", at: str = "", deadline: str = "",
    evidence: tuple[str, ...] = (),
) -> Recorded:  # fmt: skip
    """Record an act about a step, or new terms (`amended`).

    Raises:
        UsageError: MIS-080 no such step, MIS-081 a state that is computed, MIS-082 new terms without a date.
    """
    known = {one.id: one for one in planned(mission).plan.steps}
    if step_id not in known:
        raise UsageError(
            "MIS-080", "the step must be one of the plan", value=step_id,
            remedy=f"Known: {', '.join(known) or 'none; adopt an agreement with plan.yaml'}.",
        )  # fmt: skip
    if act not in (*plans.ACTS, "amended"):
        raise UsageError(
            "MIS-081", "what is recorded of a step must be an act; its state is computed", value=act,
            remedy=f"Known: {', '.join(plans.ACTS)}, amended.",
        )  # fmt: skip
    if act == "amended" and not deadline:
        raise UsageError(
            "MIS-082", "new terms must give a deadline", where=step_id, remedy="Give --deadline."
        )
    step = known[step_id]
    body = PlanStep(
        step_id, step.title, step.object, step.owner, act, deadline, because=because, at=at, evidence=evidence
    )
    return mission.record(body, role)


def told_rows(mission: Mission, as_of_ms: int) -> list[dict[str, Any]]:
    """The steps of a mission of record: what the newest source said by that day, and terms that were replaced. No state is computed."""
    rows: dict[str, dict[str, Any]] = {}
    for entry, body in mission.of(PlanStep):
        if from_iso(entry.at) > as_of_ms:
            continue
        source = {"title": body.source.title, "url": body.source.url}
        if body.step_id in rows and body.state == "amended":
            row = rows[body.step_id]
            row["amendments"].append(
                {
                    "at": body.at, "before": row["deadline"], "after": body.deadline or row["deadline"],
                    "because": body.because, "source": source,
                }
            )  # fmt: skip
            row["deadline"] = body.deadline or row["deadline"]
            continue
        rows[body.step_id] = {
            "id": body.step_id, "title": body.title, "object": body.object, "owner": body.owner, "state": body.state,
            "computed": False, "deadline": body.deadline or None, "after": list(body.preconditions),
            "while": list(body.while_holds), "because": body.because, "source": source, "amendments": [],
        }  # fmt: skip
    return list(rows.values())


def rows_of(known: Planned, as_of_ms: int, known_ms: int | None = None) -> list[dict[str, Any]]:
    """Every step as plain JSON, in the plan's order."""
    told = known.status(as_of_ms, known_ms)
    first = known.as_first_agreed(as_of_ms, known_ms)
    return [
        _row(one, first[one.step.id], as_of_ms if known_ms is None else known_ms, as_of_ms) for one in told
    ]


def what_if(known: Planned, as_of_ms: int, moved: Mapping[str, int]) -> list[dict[str, Any]]:
    """Expected completion of each step, as things stand and with some moved.

    Raises:
        UsageError: MIS-080 no such step.
    """
    ids = [one.id for one in known.plan.steps]
    for name in moved:
        if name not in ids:
            raise UsageError(
                "MIS-080", "the step must be one of the plan", value=name, remedy=f"Known: {', '.join(ids)}."
            )
    told = known.status(as_of_ms)
    now = plans.expected(known.plan, told, as_of_ms)
    then = plans.expected(known.plan, told, as_of_ms, moved)
    return [
        {
            "id": one.step, "expected": iso(one.done_ms), "if_moved": iso(other.done_ms), "late_days": _days(one.late_ms),
            "late_days_if_moved": _days(other.late_ms), "slack_days": _days(one.slack_ms), "decided_by": one.decided_by,
            "critical": one.critical, "critical_if_moved": other.critical,
        }
        for one, other in zip(now, then, strict=True)
    ]  # fmt: skip


def terms_before(one: plans.StepStatus, as_of_ms: int, known_ms: int) -> list[plans.Terms]:
    """The terms of a step, oldest first, that had been agreed and had come to hold by then; the last one holds."""
    made = [
        one.step.terms_at(since, known_ms)
        for since in sorted(
            {a.from_ms or 0 for a in one.step.amendments if (a.made_ms or 0) <= known_ms and (a.from_ms or 0) <= as_of_ms}
        )
    ]  # fmt: skip
    return [one.step.terms, *made]


def _row(one: plans.StepStatus, first: plans.StepStatus, known_ms: int, as_of_ms: int) -> dict[str, Any]:
    terms = terms_before(one, as_of_ms, known_ms)
    return {
        "id": one.step.id, "title": one.step.title, "object": one.step.object, "owner": one.step.owner,
        "phase": one.step.phase, "guarantee": one.step.guarantee, "state": one.state, "computed": True,
        "since": iso(one.since_ms) if one.since_ms is not None else None,
        "deadline": iso(one.terms.deadline.latest_ms) if one.terms.deadline else None,
        "deadline_earliest": iso(one.terms.deadline.earliest_ms) if one.terms.deadline else None,
        "overdue": _word(one.overdue), "late": _word(one.late), "preconditions": _word(one.preconditions),
        "holds": _word(one.holds), "after": list(plans.named(one.terms.after)), "while": list(plans.named(one.terms.holds)),
        "waits_for": list(one.waits_for), "lapsed": list(one.lapsed), "out_of_order": one.out_of_order,
        "verified_by": list(one.step.verified_by), "evidence": list(one.step.evidence), "because": one.last.because if one.last else "",
        "conditions": [{"condition": words, "holds": _word(value)} for words, value in one.conditions],
        "article": one.step.article, "source": one.step.source, "stage": plans.stage(one) if one.state != "not_agreed" else None,
        "amendments": [
            {
                "at": iso(new.made_ms) if new.made_ms is not None else None, "from": iso(new.from_ms) if new.from_ms is not None else None,
                "before": iso(old.deadline.latest_ms) if old.deadline else None, "after": iso(new.deadline.latest_ms) if new.deadline else None,
                "because": new.because, "state": "amended",
            }
            for old, new in itertools.pairwise(terms)
        ],
        "state_as_first_agreed": first.state if len(terms) > 1 else None,
        "history": [{"at": iso(at), "state": state} for at, state in one.history],
    }  # fmt: skip


def _shown(one: plans.StepStatus, first: plans.StepStatus, as_of_ms: int) -> PlanStep:
    why = []
    terms = terms_before(one, as_of_ms, as_of_ms)
    if len(terms) > 1 and terms[-1].deadline and terms[-2].deadline:
        old, new = (iso(each.deadline.latest_ms)[:10] for each in terms[-2:] if each.deadline)
        why.append(
            f"amended: {old} before, {new} now; under the earlier terms it would be {first.state.replace('_', ' ')}"
        )
    if one.state == "suspended" and one.lapsed:
        why.append(f"lapsed: {', '.join(one.lapsed)}")
    if one.overdue is None:
        why.append("whether its deadline has passed depends on how the text is read")
    if one.last is not None and one.last.because:
        why.append(one.last.because)
    return PlanStep(
        one.step.id, one.step.title, one.step.object, one.step.owner, one.state,
        iso(one.terms.deadline.latest_ms) if one.terms.deadline else "",
        tuple(dict.fromkeys(plans.named(one.terms.after))), tuple(dict.fromkeys(plans.named(one.terms.holds))),
        "; ".join(why), iso(one.since_ms) if one.since_ms is not None else "",
    )  # fmt: skip


def _defined(body: PlanStep) -> plans.Step:
    return plans.Step(
        body.step_id, body.title, plans.Terms(
            _deadline(body.deadline), _all(body.preconditions), _all(body.while_holds), deadline_text=body.deadline
        ),
        object=body.object, owner=body.owner, agreed=body.state != "not_agreed", source=body.source.url or body.source.title,
    )  # fmt: skip


def _amended(step: plans.Step, entry: Recorded, body: PlanStep) -> plans.Step:
    terms = plans.Terms(
        _deadline(body.deadline), _all(body.preconditions), _all(body.while_holds), from_iso(entry.at), _at(body, entry),
        body.because, body.deadline,
    )  # fmt: skip
    return plans.Step(
        **{name: getattr(step, name) for name in plans.Step.__slots__}
        | {"amendments": (*step.amendments, terms)}
    )


def _all(names: tuple[str, ...]) -> plans.Condition | None:
    return plans.AllOf(tuple(map(plans.Done, names))) if names else None


def _deadline(text: str) -> Bounds | None:
    return Bounds(earliest_ms(text), latest_ms(text)) if text else None


def _at(body: PlanStep, entry: Recorded) -> int:
    return latest_ms(body.at) if body.at else from_iso(entry.at)


def _word(value: bool | None) -> str:
    return {True: "yes", False: "no", None: "undetermined"}[value]


def _days(ms: int | None) -> float | None:
    return None if ms is None else round(ms / 86_400_000, 1)
