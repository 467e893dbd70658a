"""Page 4: the articles with their counts by verdict, the plan, and what was notified and answered."""

from __future__ import annotations

from typing import Any, Final

from truceline.report.figures import VERDICT_WORDS
from truceline.report.pages.common import Day
from truceline.report.words import change, code, is_late, listed, number, plain, rotated, when

NOTICES_SHOWN: Final = 6


def agreement_page(day: Day) -> dict[str, Any]:
    """Counts, steps and notices in words."""
    numbers = list(dict.fromkeys(str(n) for n in day.view.findings["article"].to_pylist()))
    articles = []
    for article in day.view.articles:
        own = [n for n in numbers if n == article.number or n.startswith(f"{article.number}/")] or [
            article.number
        ]
        articles += [_article(day, n, article.title, article.restatement if n == own[0] else "") for n in own]
    shown = {one["number"] for one in articles}
    articles += [_article(day, n, "", "") for n in sorted(numbers) if n not in shown]
    return {
        "title": day.view.agreement_title,
        "verdicts": list(VERDICT_WORDS.values()),
        "articles": articles,
        "steps": [_step(day, step) for step in day.view.plan],
        "owed": [_owed(day, one) for one in day.view.owed],
        "notices": _notices(day),
        "earlier": max(0, len(day.view.notices) - NOTICES_SHOWN),
        "note": "Findings of the day, by verdict. A breach stays alleged until two reviewers verify it. A provision that "
        "the text leaves undefined gives undetermined, never compliance. Our wording of the articles is not authoritative.",
        "sides": _sides(day),
    }


def _article(day: Day, number_: str, title: str, restatement: str) -> dict[str, Any]:
    keys = [f"article {number_}: {word}" for word in VERDICT_WORDS]
    counts = [day.figures[key]["value"] if key in day.figures else None for key in keys]
    breach = day.figures.get(keys[0])
    return {
        "number": number_, "title": title, "restatement": restatement,
        "counts": ["–" if count is None else number(count) for count in counts],
        "change": change(breach["change"]) if breach else "not assessed",
    }  # fmt: skip


def _step(day: Day, step: Any) -> dict[str, str]:
    waits = [f"waits for {listed([plain(one) for one in step.preconditions])}"] if step.preconditions else []
    holds = (
        [
            f"holds while {listed([plain(one) for one in step.while_holds])} {'holds' if len(step.while_holds) == 1 else 'hold'}"
        ]
        if step.while_holds
        else []
    )
    return {
        "id": plain(step.step_id), "title": plain(step.title), "object": f"concerns {plain(step.object)}" if step.object else "", "owner": day.owner(step.owner),
        "state": code(step.state), "deadline": when(step.deadline, day.view.zone) if step.deadline else "none set",
        "because": "; ".join([*waits, *holds, *([plain(step.because)] if step.because else [])]),
        "grave": "yes" if step.state in {"overdue", "disputed", "suspended"} else "",
    }  # fmt: skip


def _owed(day: Day, one: Any) -> dict[str, str]:
    states = [f"{code(state)}{f' {count}' if count > 1 else ''}" for state, count in one.states]
    return {
        "number": plain(one.article), "title": plain(one.title), "owner": day.owner(one.owner) if one.owner else "not said",
        "states": ", ".join(states),
    }  # fmt: skip


def _notices(day: Day) -> list[dict[str, Any]]:
    """The newest first, `NOTICES_SHOWN` at most."""
    rows, zone = [], day.view.zone
    for notice in sorted(day.view.notices, key=lambda n: (n.released, n.notice_id), reverse=True)[
        :NOTICES_SHOWN
    ]:
        answers = sorted(
            (r for r in day.view.replies if r.to == notice.notice_id),
            key=lambda r: (r.replied, day.rank(r.party)),
        )
        silent = [p for p in day.parties() if p in notice.to and p not in {r.party for r in answers}]
        rows.append(
            {
                "id": plain(notice.notice_id),
                "to": _receivers(day, notice.to),
                "released": when(notice.released, zone), "answer_by": when(notice.answer_by, zone) if notice.answer_by else "none set",
                "urgent": "urgent" if notice.urgent else "",
                "answers": [{"party": plain(day.party(r.party)), "position": r.position, "replied": when(r.replied, zone), "late": "late" if is_late(r.replied, notice.answer_by) else ""} for r in answers],
                "silent": listed([plain(day.party(p)) for p in silent]),
            }
        )  # fmt: skip
    return rows


def _receivers(day: Day, to: tuple[str, ...]) -> str:
    if set(to) == set(day.parties()):
        return "all parties"
    return listed([plain(day.party(p)) for p in sorted(to, key=lambda p: (day.rank(p), to.index(p)))])


def _sides(day: Day) -> list[list[str]]:
    if not day.view.publish_sides:
        return []
    names = [*rotated([one.id for one in day.view.alignments], day.ordinal), "undetermined"]
    return [[name, number(day.value(f"side {name}")), change(day.change(f"side {name}"))] for name in names]
