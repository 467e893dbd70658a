"""What people do about findings: notices, replies, reviews, decisions, and the one correction.

The ids of findings are known only when incidents were fused and assessed, so the mission calls `cases` afterwards. Who
answers how is drawn by chance from the finding's id: some never answer, some late, some contest, and reviewers differ.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from truceline.records.codes import probability_word
from truceline.records.kinds import Correction, Decision, Notice, Reply, Review
from truceline.records.parties import alignment_of
from truceline.simulate.chance import uniform
from truceline.simulate.exercise import Exercise
from truceline.simulate.statecraft import REGISTRAR, Act, content_digest, iso
from truceline.simulate.stories import WRONG, Story
from truceline.simulate.world import DAY_MS, HOUR_MS

OFFICERS = ("officer-1", "officer-2")
COMMISSION = "commission"
_MOST = 24
_ANSWER_MS = 72 * HOUR_MS
_URGENT_MS = 6 * HOUR_MS
_REASONS = {
    "accepts": "EXERCISE: an accident; the crew was relieved",
    "contests": "EXERCISE: our people were not within ten kilometres of it",
    "partly": "EXERCISE: it happened, and we answered fire",
    "informs": "EXERCISE: we are looking into it",
}


def cases(exercise: Exercise, incidents: pa.Table, findings: pa.Table) -> tuple[Act, ...]:
    """Notices, replies, reviews, decisions and the correction about actual findings.

    Args:
        incidents, findings: as fused and assessed from this exercise (`records.columns`).
    Returns:
        (at_ms, role, body) by time, none later than the end of the exercise. Replies are in the role of their party,
        reviews of officer-1 and officer-2, decisions of the commission, the rest of the registrar. Every story that
        an incident holds has its case; others are chosen by day, never by party.
    """
    held = {obs: row["incident_id"] for row in incidents.to_pylist() for obs in row["members"]}
    by_incident = {row["incident_id"]: row for row in incidents.to_pylist()}
    breaches = findings.filter(pc.equal(findings["verdict"], "breach")).to_pylist()
    told = {place: story for story in exercise.stories if (place := _incident_of(story, held)) is not None}
    wrong = next((place for place, story in told.items() if story.title == WRONG), None)
    made: list[Act] = []
    for number, finding in enumerate(_chosen(exercise, breaches, by_incident, told), 1):
        incident = by_incident[finding["incident_id"]]
        if finding["incident_id"] == wrong:
            story = told[finding["incident_id"]]
            made += _corrected(exercise, number, finding, incident, story)
        else:
            made += _ordinary(exercise, number, finding, incident)
    inside = [act for act in made if act[0] < exercise.end_ms]
    return tuple(sorted(inside, key=lambda act: act[0]))


def _incident_of(story: Story, held: dict[str, str]) -> str | None:
    """The incident that holds most of a story's rows; the lowest id among equals."""
    counted = Counter(held[obs] for obs in story.obs_ids if obs in held)
    return min(counted, key=lambda place: (-counted[place], place)) if counted else None


def _chosen(
    exercise: Exercise,
    breaches: list[dict[str, Any]],
    incidents: dict[str, dict[str, Any]],
    told: dict[str, Story],
) -> list[dict[str, Any]]:
    """The findings of the stories, and the surest finding of every second day, in order of time."""

    def when(finding: dict[str, Any]) -> int:
        return int(incidents[finding["incident_id"]]["midpoint_ms"])

    surest: dict[int, dict[str, Any]] = {}
    stories: dict[str, dict[str, Any]] = {}
    for finding in sorted(breaches, key=lambda f: (-(f["probability_e4"] or 0), f["finding_id"])):
        if finding["incident_id"] in told:
            stories.setdefault(finding["incident_id"], finding)
        elif incidents[finding["incident_id"]]["word"] == "corroborated":
            surest.setdefault((when(finding) - exercise.start_ms) // (2 * DAY_MS), finding)
    room = max(_MOST - len(stories), 0)
    chosen = [*stories.values(), *(surest[day] for day in sorted(surest)[:room])]
    return sorted(chosen, key=lambda f: (when(f), f["finding_id"]))


def _ordinary(
    exercise: Exercise, number: int, finding: dict[str, Any], incident: dict[str, Any]
) -> list[Act]:
    u = _draws(exercise.seed, finding["finding_id"])
    urgent = u[0] < 0.2
    released = int(incident["midpoint_ms"]) + (6 if urgent else 20 + int(18 * u[1])) * HOUR_MS
    notice = _notice(exercise, number, finding, incident, released, urgent)
    made: list[Act] = [(released, REGISTRAR, notice)]
    positions = []
    for turn, party in enumerate(_asked(exercise, finding, released)):
        if u[2 + turn] < 0.27:
            continue
        position = ("contests", "partly", "accepts", "informs")[min(int(4 * u[5 + turn] ** 1.3), 3)]
        limit = _URGENT_MS if urgent else _ANSWER_MS
        replied = released + int(limit * (0.15 + 1.15 * u[8 + turn]))  # about one in four comes late
        name = f"EXERCISE-reply-{number + 100}-{turn + 1}"
        reply = Reply(name, notice.notice_id, party, position, _REASONS[position], iso(replied))
        made.append((replied, party, reply))
        positions.append(position)
    contested = "contests" in positions
    words = [
        "verified" if v < (0.62 if contested else 0.8) else "needs_more" if v < 0.92 else "unverifiable"
        for v in u[11:13]
    ]
    at = released + _ANSWER_MS + int(20 * u[13]) * HOUR_MS
    for turn, (role, word) in enumerate(zip(OFFICERS, words, strict=True), 1):
        reviewed = at + turn * 3 * HOUR_MS
        made.append((reviewed, role, _review(number, turn, finding, role, word, reviewed)))
    if words == ["verified", "verified"] and u[14] < 0.75:
        made.append(_decision(exercise, number, finding, at + 50 * HOUR_MS, u[15], "upheld"))
    return made


def _corrected(
    exercise: Exercise, number: int, finding: dict[str, Any], incident: dict[str, Any], story: Story
) -> list[Act]:
    """Notice, one side contests with the quarry's book, reviewers first differ, then refute, and it is said in public."""
    released = int(incident["midpoint_ms"]) + 21 * HOUR_MS
    notice = _notice(exercise, number, finding, incident, released, False)
    made: list[Act] = [(released, REGISTRAR, notice)]
    denial = story.obs_ids[-1:]
    for turn, party in enumerate(_asked(exercise, finding, released)[:1]):
        replied = released + 22 * HOUR_MS
        text = "EXERCISE: that was the quarry; its blasting book lists three charges for this hour"
        name = f"EXERCISE-reply-{number + 100}-{turn + 1}"
        made.append(
            (replied, party, Reply(name, notice.notice_id, party, "contests", text, iso(replied), denial))
        )
    at = released + 40 * HOUR_MS
    course = (
        (OFFICERS[0], "needs_more", 1), (OFFICERS[1], "needs_more", 2), (OFFICERS[0], "refuted", 30), (OFFICERS[1], "refuted", 33),
    )  # fmt: skip
    for turn, (role, word, hours) in enumerate(course, 1):
        reviewed = at + hours * HOUR_MS
        made.append((reviewed, role, _review(number, turn, finding, role, word, reviewed)))
    was = f"{incident['word']}, {probability_word(int(incident['probability_e4']))}; alleged breach of article {finding['article']}"
    corrected = at + 40 * HOUR_MS
    made.append(
        (corrected, OFFICERS[0], Correction(
            "EXERCISE-correction-1", finding["finding_id"], f"EXERCISE: {was}", "EXERCISE: no incident: blasting in a quarry",
            "EXERCISE: three sources were independent of each other and all of them right about a bang; none knew of the quarry."
            " The system held agreement on a sound for agreement on its cause.", OFFICERS[0], iso(corrected),
        ))
    )  # fmt: skip
    made.append(_decision(exercise, number, finding, corrected + 20 * HOUR_MS, 0.99, "withdrawn"))
    return made


def _notice(
    exercise: Exercise,
    number: int,
    finding: dict[str, Any],
    incident: dict[str, Any],
    released: int,
    urgent: bool,
) -> Notice:
    """The same words to all, coarse: sector and day, no place, no source."""
    parties = tuple(party.id for party in exercise.parties)
    order = parties[number % len(parties) :] + parties[: number % len(parties)]
    day = 1 + (int(incident["midpoint_ms"]) - exercise.start_ms) // DAY_MS
    content = (
        f"EXERCISE notice: on day {day}, in {incident['sector_id'] or 'no sector'}, an alleged breach of article {finding['article']}"
        f" ({incident['act'].replace('_', ' ')}, {incident['word']}). Every side may answer."
    )
    answer_by = iso(released + (_URGENT_MS if urgent else _ANSWER_MS))
    return Notice(
        f"EXERCISE-notice-{number + 100}", order, content, content_digest(content), iso(released), answer_by, urgent,
        (finding["finding_id"],),
    )  # fmt: skip


def _asked(exercise: Exercise, finding: dict[str, Any], at_ms: int) -> list[str]:
    """The parties a finding is about: of one alignment, or all where the side is undetermined."""
    about = finding["about"] or "undetermined"
    parties = [party.id for party in exercise.parties]
    mine = [p for p in parties if about in (p, alignment_of(exercise.alignments, p, at_ms))]
    return (mine or parties)[:3]


def _review(number: int, turn: int, finding: dict[str, Any], role: str, word: str, reviewed: int) -> Review:
    reasons = {
        "verified": "EXERCISE: members, place and article read and agreed with",
        "needs_more": "EXERCISE: wait for the reply and for a second look at the sounds",
        "unverifiable": "EXERCISE: too few sources saw it, and access has gone",
        "refuted": "EXERCISE: the blasting book names the hour and the number of charges",
    }
    name = f"EXERCISE-review-{number + 100}-{turn}"
    return Review(name, finding["finding_id"], role, word, reasons[word], iso(reviewed))


def _decision(
    exercise: Exercise, number: int, finding: dict[str, Any], at: int, draw: float, outcome: str
) -> Act:
    """The parties vote; those the finding is about sometimes dissent, and their reason stands beside the decision."""
    asked = _asked(exercise, finding, at)
    dissents = asked[:1] if draw < 0.5 else []
    votes = {party.id: "against" if party.id in dissents else "for" for party in exercise.parties}
    dissent = dict.fromkeys(dissents, "EXERCISE: we do not share the reading of the sounds")
    name = f"EXERCISE-decision-{number + 100}"
    return at, COMMISSION, Decision(name, finding["finding_id"], outcome, votes, dissent, iso(at))


def _draws(seed: int, finding_id: str) -> list[float]:
    word = int.from_bytes(hashlib.sha256(finding_id.encode()).digest()[:7], "big")
    drawn: list[float] = uniform(seed, 800, word, list(range(16))).tolist()
    return drawn
