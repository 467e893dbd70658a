"""The sections of the record as plain words: texts, signals, claims, positions, plan, days, places, sources.

Every record has one place with its anchor. Columns of parties have one form; their order rotates from one row of
columns to the next, by positions and never by names.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

from truceline.records.kinds import AgreedText, Appeal, PlanStep, Proposal, Signal, Stance, Statement
from truceline.report.record.book import CLAIMS, Book, article_number, is_article, proposal, sentence
from truceline.report.record.times import clock, day_words, when
from truceline.report.record.view import Fact, anchor
from truceline.report.words import code, listed, plural, rotated

HOUR_MS = 3_600_000


def texts(book: Book) -> list[dict[str, Any]]:
    """The agreed texts with their articles; the one that the mission adopted with what it left open."""
    made = []
    for fact, text in book.all_of(AgreedText):
        articles: dict[str, list[tuple[Fact, Statement]]] = defaultdict(list)
        for one, body in book.all_of(Statement):
            if is_article(body) and body.article.startswith(f"{text.text_id}/"):
                articles[body.article].append((one, body))
        made.append(
            _head(fact, book) | {
                "title": text.title, "from": clock(text.in_force_from), "zone_note": text.zone_note,
                "articles": [_article(key, said, book) for key, said in articles.items()],
                "provisions": [
                    {"number": one.number, "title": one.title, "missing": listed(one.missing), "readings": one.readings, "shape": one.shape}
                    for one in book.view.provisions
                ] if text.text_id == book.view.agreement_id else [],
            }
        )  # fmt: skip
    return made


def _article(key: str, said: list[tuple[Fact, Statement]], book: Book) -> dict[str, Any]:
    return {
        "number": article_number(key), "restatement": said[0][1].restatement,
        "said": [_head(fact, book) | {"speaker": body.speaker} for fact, body in said],
    }  # fmt: skip


def signals(book: Book) -> list[dict[str, Any]]:
    """Signals between capitals, those of one day or said to be the same side by side, a column a party."""
    groups: dict[Any, list[tuple[Fact, Signal, str]]] = defaultdict(list)
    thirds: dict[Any, str] = {}
    for fact, body in book.all_of(Signal):
        third, party = _ends(body, book)
        day = when(body).day
        key = tuple(sorted((body.signal_id, body.mirrors))) if body.mirrors else (day.isoformat(), third)
        groups[key].append((fact, body, party))
        thirds[key] = third
    made = []
    for place, (key, group) in enumerate(groups.items()):
        parties = rotated(book.view.parties, place)
        columns = [
            {"name": book.name(party.id), "signals": [_signal(fact, body, book) for fact, body, to in group if to == party.id]}
            for party in parties
        ]  # fmt: skip
        made.append(
            {
                "day": day_words(max(when(body).day for _, body, _ in group)), "third": book.name(thirds[key]),
                "roles": book.roles.get(thirds[key], ""), "columns": columns, "same": all(body.mirrors for _, body, _ in group),
                "gap": _gap([body for _, body, _ in group]) if all(one["signals"] for one in columns) else "",
            }
        )  # fmt: skip
    return made


def _ends(body: Signal, book: Book) -> tuple[str, str]:
    """Who is no party, and the party, whoever called; the caller first where both are parties."""
    parties = {party.id for party in book.view.parties}
    if body.from_actor in parties and body.to_actor not in parties:
        return body.to_actor, body.from_actor
    return body.from_actor, body.to_actor


def _signal(fact: Fact, body: Signal, book: Book) -> dict[str, Any]:
    readouts = []
    for end in _ends(body, book):
        name = body.readouts.get(end)
        said = book.facts[name].body if name else None
        readouts.append(
            {
                "name": book.short(end),
                "href": anchor(name) if name else "",
                "said": sentence(said.restatement.removeprefix("Readout: "))
                if isinstance(said, Statement)
                else "",
            }
        )
    return _head(fact, book) | {
        "from": book.short(body.from_actor), "to": book.short(body.to_actor), "channel": body.channel, "when": when(body).words,
        "content": body.content, "reported_by": body.reported_by, "readouts": readouts,
    }  # fmt: skip


def readouts(book: Book) -> dict[int, int]:
    """How many signals have a readout by none, one or both of their ends."""
    counts = {0: 0, 1: 0, 2: 0}
    for _, body in book.all_of(Signal):
        counts[len({body.from_actor, body.to_actor} & set(body.readouts))] += 1
    return counts


def _gap(bodies: list[Signal]) -> str:
    """By how much the two sides' signals were apart: bounds in whole hours that surely hold it."""
    times = [when(body) for body in bodies]
    least = max(0, *(one.from_ms - other.to_ms for one in times for other in times)) // HOUR_MS
    most = -(-(max(one.to_ms for one in times) - min(one.from_ms for one in times)) // HOUR_MS)
    if least:
        return f"At least {least} and at most {plural(most, 'hour')} apart."
    return f"Known to be at most {plural(most, 'hour')} apart; which came first is not on record."


def claims(book: Book) -> list[dict[str, Any]]:
    """Accusations, denials and claims by day, one equal column a party; whoever else speaks stands below both."""
    found: dict[dt.date, list[tuple[Fact, Statement]]] = defaultdict(list)
    for fact, body in book.statements():
        if body.act in CLAIMS:
            found[when(body).day].append((fact, body))
    parties = {party.id for party in book.view.parties}
    return [
        {
            "anchor": f"claims-{day.isoformat()}", "title": day_words(day),
            "columns": [
                {"name": book.name(party.id), "said": [statement(*one, book) for one in found[day] if one[1].on_behalf_of == party.id]}
                for party in rotated(book.view.parties, place)
            ],
            "others": [statement(*one, book) for one in found[day] if one[1].on_behalf_of not in parties],
        }
        for place, day in enumerate(sorted(found))
    ]  # fmt: skip


def statement(fact: Fact, body: Statement, book: Book) -> dict[str, Any]:
    """One statement: who, for whom, reported by whom, what, about what, against what."""
    answers = [one.id for one, other in book.statements() if fact.id in other.rejects]
    return _head(fact, book) | {
        "speaker": sentence(body.speaker), "for": book.name(body.on_behalf_of), "roles": book.roles.get(body.on_behalf_of, ""),
        "reported_by": body.reported_by, "act": "" if body.act == "states" else body.act, "accused": book.short(body.accused) if body.accused else "",
        "hedged": body.hedged, "restatement": body.restatement, "when": when(body).words,
        "article": _about(body.article, book) if body.article else None,
        "rejects": [book.link(name) for name in body.rejects], "reiterates": [book.link(name) for name in body.reiterates],
        "answered": [book.link(name) for name in answers],
    }  # fmt: skip


def _about(article: str, book: Book) -> dict[str, str]:
    """A link to the text of an article; no address where the text is not on record."""
    ident = article.rpartition("/")[0]
    return {"href": anchor(ident) if ident in book.facts else "", "words": book.about(article)}


def positions(book: Book) -> list[dict[str, Any]]:
    """One table a proposal: a row a day, a column a party, and one for whoever else took a position."""
    held: dict[str, list[tuple[Fact, Stance]]] = defaultdict(list)
    for fact, body in book.all_of(Stance):
        held[body.proposal].append((fact, body))
    known = {party.id for party in book.view.parties}
    made = []
    for place, (name, all_of) in enumerate(held.items()):
        parties = rotated(book.view.parties, place)
        rows = []
        for day in sorted({when(body).day for _, body in all_of}):
            then = [one for one in all_of if when(one[1]).day == day]
            cells = [[_stance(*one, book) for one in then if one[1].party == party.id] for party in parties]
            cells.append([_stance(*one, book) for one in then if one[1].party not in known])
            rows.append({"day": day_words(day), "cells": cells})
        made.append(
            {
                "name": sentence(proposal(name)), "about": all_of[0][1].about,
                "proposed": [
                    _head(fact, book) | {"by": book.name(body.by), "restatement": body.restatement, "day": day_words(when(body).day)}
                    for fact, body in book.all_of(Proposal) if body.proposal_id == name
                ],
                "columns": [*(book.name(one.id) for one in parties), "Others"], "rows": rows,
            }
        )  # fmt: skip
    return made


def _stance(fact: Fact, body: Stance, book: Book) -> dict[str, Any]:
    return {
        "anchor": anchor(fact.id), "number": fact.number, "who": book.name(body.party), "stance": body.stance,
        "shown_by": book.link(body.statement_id),
    }  # fmt: skip


def steps(book: Book) -> dict[str, list[dict[str, Any]]]:
    """The steps that were never agreed, and those that were, in the order of the log."""
    made: dict[str, list[dict[str, Any]]] = {"never": [], "agreed": []}
    for fact, body in book.all_of(PlanStep):
        made["never" if body.state == "not_agreed" else "agreed"].append(
            _head(fact, book) | {
                "title": body.title, "object": body.object, "owner": book.name(body.owner), "because": body.because,
                "state": "never agreed" if body.state == "not_agreed" else code(body.state),
                "deadline": _date(body.deadline), "waits": [book.link(one) for one in body.preconditions],
                "holds": [book.link(one) for one in body.while_holds],
            }
        )  # fmt: skip
    return made


def days(book: Book) -> list[dict[str, Any]]:
    """Every day on which a record stands: appeals and statements in full, the rest as links to their sections."""
    found: dict[dt.date, list[Fact]] = defaultdict(list)
    for fact in book.view.facts:
        if isinstance(fact.body, (AgreedText, Appeal, Signal, Statement, Proposal, Stance, PlanStep)):
            found[when(fact.body).day].append(fact)
    return [_day(day, found[day], place, book) for place, day in enumerate(sorted(found))]


def _day(day: dt.date, facts: list[Fact], place: int, book: Book) -> dict[str, Any]:
    rank = {party.id: order for order, party in enumerate(rotated(book.view.parties, place), 1)}
    said = [
        (fact, fact.body) for fact in facts if isinstance(fact.body, Statement) and not is_article(fact.body)
    ]
    spoken = [one for one in said if one[1].act not in CLAIMS]
    agreed = dict.fromkeys(
        fact.body.article.rpartition("/")[0] for fact in facts if isinstance(fact.body, Statement) and is_article(fact.body)
    )  # fmt: skip
    spoken.sort(key=lambda one: (when(one[1]).to_ms, rank.get(one[1].on_behalf_of, 0)))
    return {
        "anchor": f"day-{day.isoformat()}", "title": day_words(day),
        "agreed": [book.link(one, dated=False) for one in agreed if one in book.facts],
        "texts": [book.link(fact.id, dated=False) for fact in facts if isinstance(fact.body, AgreedText)],
        "appeals": [_appeal(fact, fact.body, book) for fact in facts if isinstance(fact.body, Appeal)],
        "statements": _roles_once([statement(*one, book) for one in spoken]), "claims": sum(one[1].act in CLAIMS for one in said),
        "claims_href": f"claims-{day.isoformat()}",
        "signals": [book.link(fact.id, dated=False) for fact in facts if isinstance(fact.body, Signal)],
        "stances": [book.link(fact.id, dated=False) for fact in facts if isinstance(fact.body, (Proposal, Stance))],
        "steps": [book.link(fact.id, dated=False) for fact in facts if isinstance(fact.body, PlanStep)],
    }  # fmt: skip


def _roles_once(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The roles of an actor beside the first statement of a day only."""
    seen: set[str] = set()
    for one in said:
        one["roles"] = "" if one["for"] in seen else one["roles"]
        seen.add(one["for"])
    return said


def _appeal(fact: Fact, body: Appeal, book: Book) -> dict[str, Any]:
    return _head(fact, book) | {
        "by": listed([book.short(one) for one in body.by]), "to": listed([book.short(one) for one in body.to]),
        "to_all": {party.id for party in book.view.parties} <= set(body.to), "restatement": body.restatement,
        "effective": clock(body.effective) if body.effective else "",
    }  # fmt: skip


def places(book: Book) -> list[dict[str, Any]]:
    """Every place under its neutral id with all its names; the language that stands first rotates."""
    return [
        {"id": one.id, "kind": one.kind, "names": names(one.names, place), "source": book.source(one.source)}
        for place, one in enumerate(book.view.places)
    ]


def names(given: tuple[tuple[str, str], ...], place: int) -> list[tuple[str, str]]:
    """Names by language; the scripts of one language stay together."""
    turn = rotated(list(dict.fromkeys(tag.partition("-")[0] for tag, _ in given)), place)
    return sorted(given, key=lambda one: turn.index(one[0].partition("-")[0]))


def sources(book: Book) -> list[dict[str, Any]]:
    """Every source with the records that rest on it."""
    used: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for fact in book.view.facts:
        source = getattr(fact.body, "source", None)
        if source in book.sources:
            used[book.sources[source]].append({"href": anchor(fact.id), "number": fact.number})
    return [book.source(one) | {"used": used[number]} for one, number in book.sources.items()]


def _head(fact: Fact, book: Book) -> dict[str, Any]:
    source = getattr(fact.body, "source", None)
    return {
        "anchor": anchor(fact.id), "number": fact.number, "source": book.source(source) if source is not None else None,
    }  # fmt: skip


def _date(text: str) -> str:
    return day_words(dt.date.fromisoformat(text)) if len(text) == 10 else text
