"""The records of people: consents, the plan, calls between capitals, statements, appeals."""

from __future__ import annotations

import datetime as dt

from truceline.records.canonical import digest
from truceline.records.kinds import (
    Appeal,
    Consent,
    Kind,
    Notice,
    PlanStep,
    Proposal,
    Reply,
    Signal,
    Source,
    Stance,
    Statement,
)
from truceline.simulate.watches import withdrawing_party, withdrawn_from_ms
from truceline.simulate.world import DAY_MS, HOUR_MS, MINUTE_MS, World

Act = tuple[int, str, Kind]
"""When, in which role, what."""

REGISTRAR = "registrar"
TASKS = ("posts and patrols", "cameras and arrays", "drones")
LINE, GUARANTEE, PHASE_ONE = "EXERCISE-step-01", "EXERCISE-step-02", "EXERCISE-step-03"
CORRIDOR, PASSAGE = "EXERCISE-step-05", "EXERCISE-step-06"
_MADE_UP = Source(title="EXERCISE, written by the project", confidence="fictional")


def iso(at_ms: int) -> str:
    """UTC ms as ISO 8601 with Z, to the second."""
    return dt.datetime.fromtimestamp(at_ms // 1000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def content_digest(content: str) -> str:
    """What makes one notice the same for all."""
    return digest(content)


def state_records(world: World) -> tuple[Act, ...]:
    """All of them, by time."""
    made = [
        *_consents(world),
        *_plan(world),
        *_mechanism(world),
        *_signals(world),
        *_statements(world),
        *_notices(world),
    ]
    inside = [act for act in made if act[0] < world.end_ms]
    return tuple(sorted(inside, key=lambda act: act[0]))


def withdrawal_ids(world: World) -> tuple[str, ...]:
    """Ids of the records that tell of the withdrawal, and of the steps that it pulls along."""
    return (
        *(f"EXERCISE-consent-{_number(world)}-{n + 1}-withdrawn" for n in range(len(TASKS))),
        GUARANTEE,
        PHASE_ONE,
    )


def _at(world: World, day: int, hour: int, minute: int = 0) -> int:
    return world.start_ms + (day - 1) * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS


def _number(world: World) -> int:
    return [party.id for party in world.parties].index(withdrawing_party(world)) + 1


def _consents(world: World) -> list[Act]:
    made: list[Act] = []
    for number, party in enumerate(world.parties, 1):
        for turn, task in enumerate(TASKS, 1):
            at = world.start_ms - (3 * len(TASKS) - 2 * turn - number) * 5 * MINUTE_MS - 20 * MINUTE_MS
            made.append(
                (at, party.id, Consent(
                    f"EXERCISE-consent-{number}-{turn}", party.id, f"EXERCISE: {task}", True, iso(world.start_ms),
                    conditions="EXERCISE: flights announced a day ahead" if turn == 3 else "",
                ))
            )  # fmt: skip
    party_id, at = withdrawing_party(world), withdrawn_from_ms(world)
    for turn, task in enumerate(TASKS, 1):
        made.append(
            (at - 9 * HOUR_MS + turn * MINUTE_MS, party_id, Consent(
                f"EXERCISE-consent-{_number(world)}-{turn}-withdrawn", party_id, f"EXERCISE: {task}", False, iso(at),
            ))
        )  # fmt: skip
    return made


def _plan(world: World) -> list[Act]:
    """What was recorded about the steps of the accord's `plan.yaml`; what follows from it is computed."""
    guarantors = [actor.id for actor in world.actors if "guarantor" in actor.roles]
    left, right = (alignment.id for alignment in world.alignments)
    steps = {
        LINE: ("EXERCISE: fourteen verified days without heavy weapons", "EXERCISE-line", left),
        GUARANTEE: ("EXERCISE: guarantee of access for observers on both banks", "EXERCISE-guarantee-1", guarantors[0]),
        PHASE_ONE: ("EXERCISE: phase one, districts EXERCISE-D01 and EXERCISE-D02 change hands", "EXERCISE-D01", right),
        CORRIDOR: ("EXERCISE: a corridor of five kilometres, open by day", "EXERCISE-K01", left),
        PASSAGE: ("EXERCISE: guarantee of safe passage in the corridor", "EXERCISE-guarantee-2", guarantors[-1]),
    }  # fmt: skip
    # (when, step, act, why); nobody tells what is waiting, open, overdue or suspended
    course = (
        (_at(world, 4, 15), GUARANTEE, "reported", "EXERCISE: first patrols on both banks"),
        (_at(world, 6, 11), GUARANTEE, "verified", "EXERCISE: posts and patrols work on both banks"),
        (_at(world, 14, 18), LINE, "reported", "EXERCISE: no heavy weapon seen since the start"),
        (_at(world, 15, 10), LINE, "disputed", "EXERCISE: two sides count the days differently"),
        (_at(world, 19, 16), PASSAGE, "reported", "EXERCISE: escorts named"),
        (_at(world, 21, 12), LINE, "verified", "EXERCISE: agreed after review of the mission's count"),
        (_at(world, 22, 9), PHASE_ONE, "begun", "EXERCISE: first convoy left the first district"),
        (_at(world, 26, 17), PHASE_ONE, "reported", "EXERCISE: half of the first district handed over"),
        (_at(world, 37, 14), CORRIDOR, "amended", "EXERCISE: deadline moved by ten days at the request of both"),
    )  # fmt: skip
    moved = iso(_at(world, 37, 18))
    return [
        (at, REGISTRAR, PlanStep(step, *steps[step], act, moved if act == "amended" else "", because=why, at=iso(at), source=_MADE_UP))
        for at, step, act, why in course
    ]  # fmt: skip


def _mechanism(world: World) -> list[Act]:
    """What was proposed about the mechanism before it began: all of it agreed but the mandate, on which one side sets a condition."""
    mediator = next(actor.id for actor in world.actors if "mediator" in actor.roles)
    proposals: tuple[tuple[str, str, dict[str, list[str] | int | bool]], ...] = (
        ("principle", "EXERCISE: that there is a mechanism with observers", {}),
        ("composition", "EXERCISE: observers of two countries that border on neither bank", {"observers": ["EXERCISE-xa", "EXERCISE-xb"]}),
        ("mandate", "EXERCISE: reports may name sides", {"publish_sides": True}),
        ("access", "EXERCISE: every sector, announced to nobody", {}),
        ("quorum", "EXERCISE: two observers of two countries on each team", {"observers": 2, "nationalities": 2}),
    )  # fmt: skip
    made: list[Act] = []
    for number, (about, words, terms) in enumerate(proposals, 1):
        name, at = f"EXERCISE-proposal-{number}", world.start_ms - 46 * MINUTE_MS + number * MINUTE_MS
        made.append((at, REGISTRAR, Proposal(name, about, mediator, terms, words, iso(at), _MADE_UP)))
        for turn, party in enumerate(world.parties, 1):
            last = about == "mandate" and turn == len(world.parties)
            said = at + turn * 6 * MINUTE_MS
            made.append(
                (
                    said,
                    REGISTRAR,
                    Stance(name, about, party.id, "conditional" if last else "accepted", at=iso(said)),
                )
            )
    return made


def _signals(world: World) -> list[Act]:
    """The same message to every capital, by phone; not every side reads it out, and one gap is hours long."""
    mediator = next(actor.id for actor in world.actors if "mediator" in actor.roles)
    made: list[Act] = []
    contents = (
        (2, "EXERCISE: stop firing as of noon, and let observers in"),
        (12, "EXERCISE: one explosion, two accusations; hold your fire until it is looked into"),
        (30, "EXERCISE: give observers their access back; the guarantee rests on it"),
    )
    for call, (day, content) in enumerate(contents, 1):
        first = ""
        for turn, party in enumerate(world.parties):
            held = _at(world, day, 10, 20) + turn * (35 + 55 * (call == 3)) * MINUTE_MS
            name = f"EXERCISE-signal-{call}-{turn + 1}"
            told = (call + turn) % 3 != 0
            statement = f"EXERCISE-readout-{call}-{turn + 1}"
            made.append(
                (held + HOUR_MS, REGISTRAR, Signal(
                    name, mediator, party.id, "phone", iso(held), iso(held + 12 * MINUTE_MS), mediator, content,
                    {party.id: statement} if told else {}, "yes" if told else "unknown", first, _MADE_UP,
                ))
            )  # fmt: skip
            if told:
                made.append(
                    (held + 3 * HOUR_MS, REGISTRAR, Statement(
                        statement, "EXERCISE spokesperson", party.id, "agency-1", iso(held + 2 * HOUR_MS), iso(held + 2 * HOUR_MS),
                        "EXERCISE: says the call dealt with the other side's fire and mentions no request to itself"
                        if turn == 1 else "EXERCISE: says that both were asked to hold their fire",
                        hedged=turn == 1, act="states", source=_MADE_UP,
                    ))
                )  # fmt: skip
            first = first or name
    return made


def _statements(world: World) -> list[Act]:
    mediator = next(actor.id for actor in world.actors if "mediator" in actor.roles)
    parties = tuple(party.id for party in world.parties)
    left, right = (alignment.members[0] for alignment in world.alignments)
    appeals = ((2, 8, "EXERCISE: calls on all to stop by noon"), (13, 9, "EXERCISE: calls on all to step back"),
               (31, 7, "EXERCISE: calls for observers to be let back in"))  # fmt: skip
    made: list[Act] = []
    for number, (day, hour, words) in enumerate(appeals, 1):
        at = _at(world, day, hour)
        made.append(
            (at, REGISTRAR, Appeal(f"EXERCISE-appeal-{number}", (mediator,), parties, iso(at), iso(at + 4 * HOUR_MS), words, _MADE_UP))
        )  # fmt: skip
    spoken = (
        (3, left, "accepts", "EXERCISE: accepts observers on its ground, on conditions", True, (), (), "6"),
        (3, right, "accepts", "EXERCISE: accepts observers on its ground", False, (), (), "6"),
        (13, left, "accuses", "EXERCISE: accuses the other bank of the explosion at the line", False, (), (), "2"),
        (13, right, "denies", "EXERCISE: denies it and accuses in turn", False, (), ("EXERCISE-statement-3",), "2"),
        (24, right, "proposes", "EXERCISE: proposes two more posts near the quarry", True, (), (), "6"),
        (31, withdrawing_party(world), "states", "EXERCISE: says that consent was withdrawn for safety alone", True, (), (), "6"),
        (32, right, "rejects", "EXERCISE: rejects that reason", False, (), ("EXERCISE-statement-6",), "6"),
    )  # fmt: skip
    for number, (day, who, act, words, hedged, again, against, article) in enumerate(spoken, 1):
        at = _at(world, day, 17, 10 * number)
        made.append(
            (at + HOUR_MS, REGISTRAR, Statement(
                f"EXERCISE-statement-{number}", "EXERCISE spokesperson", who, "agency-1", iso(at), iso(at), words, hedged, act,
                again, against, article, right if who != right and act == "accuses" else "", source=_MADE_UP,
            ))
        )  # fmt: skip
    return made


def _notices(world: World) -> list[Act]:
    """Two notices that hang on no finding: the start, and the loss of access; one reply never comes."""
    parties = tuple(party.id for party in world.parties)
    made: list[Act] = []
    texts = (
        (world.start_ms + 7 * HOUR_MS, "EXERCISE notice: posts, cameras and arrays are in place. Coverage is told by week."),
        (withdrawn_from_ms(world) + HOUR_MS, "EXERCISE notice: access was refused on one bank from 06:00. Coverage falls from now on."),
    )  # fmt: skip
    for number, (at, content) in enumerate(texts, 1):
        name = f"EXERCISE-notice-{number:03d}"
        order = parties[number % len(parties) :] + parties[: number % len(parties)]
        made.append(
            (at, REGISTRAR, Notice(name, order, content, content_digest(content), iso(at), iso(at + 6 * HOUR_MS), number == 2))
        )  # fmt: skip
        for turn, party in enumerate(parties):
            if number == 2 and party == withdrawing_party(world):
                continue
            replied = at + (2 + 5 * turn) * HOUR_MS
            made.append(
                (replied, party, Reply(f"EXERCISE-reply-{number:03d}-{turn + 1}", name, party, "informs", "EXERCISE: received and read", iso(replied)))
            )  # fmt: skip
    return made
