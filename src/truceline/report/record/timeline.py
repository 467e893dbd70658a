"""The whole record in one drawing: a column a day, a row a kind of record, marks that lead to their day. No claim of cause."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from truceline.records.kinds import AgreedText, Appeal, Kind, Signal, Statement
from truceline.report.record.book import CLAIMS, Book
from truceline.report.record.times import day_words, when
from truceline.report.words import plural, rotated

LABELS, WIDTH, TOP, STEP, PAD, DEEPEST = 178, 960, 30, 9, 6, 6
_INK, _SOFT, _RULE, _SAND, _DEEP = "#23251f", "#5d5c52", "#e4dfd2", "#cbb98f", "#6d5523"
_FONT: Final = "'Source Sans 3','Noto Sans','Liberation Sans','DejaVu Sans',Arial,sans-serif"

Row = tuple[str, list[tuple[dt.date, str, str]]]
"""A label, and its marks: day, look (text, appeal, signal, said, claim), words."""


def timeline(book: Book) -> str:
    """SVG, self-contained; every mark is a link to the day on the page."""
    rows = _rows(book)
    every = [day for _, marks in rows for day, _, _ in marks]
    if not every:
        return ""
    first, last = min(every), max(every)
    wide = (WIDTH - LABELS - 8) / ((last - first).days + 1)
    parts: list[str] = []
    y = float(TOP)
    for label, marks in rows:
        counts = Counter(day for day, _, _ in marks)
        height = min(DEEPEST, max(counts.values(), default=1)) * STEP + 2 * PAD
        parts.append(
            f'<line x1="0" x2="{WIDTH}" y1="{y + height:.1f}" y2="{y + height:.1f}" stroke="{_RULE}"/>'
        )
        parts.append(
            f'<text x="0" y="{y + height / 2 + 4:.1f}" font-size="12" fill="{_INK}">{escape(label)}</text>'
        )
        seen: Counter[dt.date] = Counter()
        for day, look, words in marks:
            column, level = divmod(seen[day], DEEPEST)
            columns = -(-counts[day] // DEEPEST)
            x = LABELS + ((day - first).days + 0.5) * wide + (column - (columns - 1) / 2) * (STEP + 0.5)
            at = y + height - PAD - STEP * (level + 0.5)
            seen[day] += 1
            parts.append(
                f'<a href="#day-{day.isoformat()}"><title>{escape(words)}</title>{_mark(look, x, at)}</a>'
            )
        y += height
    axis = [
        _tick(first, first + dt.timedelta(days=at), wide, y) for at in range(0, (last - first).days + 1, 7)
    ]
    forces = [_force(body, first, wide, y) for _, body in book.all_of(AgreedText)]
    title = f"Timeline of the record, {day_words(first)} to {day_words(last)}"
    return (
        f'<svg viewBox="0 0 {WIDTH} {y + 6:.0f}" role="img" aria-label={quoteattr(title)} font-family="{_FONT}">'
        + "".join((*axis, *forces, *parts)) + "</svg>"
    )  # fmt: skip


def _rows(book: Book) -> list[Row]:
    parties = rotated(book.view.parties, 0)
    known = {party.id for party in parties}
    said = [(fact, body) for fact, body in book.statements()]

    def of(bodies: list[Kind], look: str) -> list[tuple[dt.date, str, str]]:
        return [(when(body).day, look, book.label(body)) for body in bodies]

    def spoken(chosen: list[Statement]) -> list[tuple[dt.date, str, str]]:
        ordered = sorted(chosen, key=lambda body: body.act in CLAIMS)
        return [(when(b).day, "claim" if b.act in CLAIMS else "said", book.label(b)) for b in ordered]

    calls = [body for _, body in book.all_of(Signal)]
    return [
        ("Agreed, in force from", of([body for _, body in book.all_of(AgreedText)], "text")),
        ("Appeals to stop", of([body for _, body in book.all_of(Appeal)], "appeal")),
        *(
            (f"Signals, {book.short(party.id)}", of([one for one in calls if party.id in (one.from_actor, one.to_actor)], "signal"))
            for party in parties
        ),
        *(
            (f"Said by {book.short(party.id)}", spoken([body for _, body in said if body.on_behalf_of == party.id]))
            for party in parties
        ),
        ("Said by others", spoken([body for _, body in said if body.on_behalf_of not in known])),
    ]  # fmt: skip


def _mark(look: str, x: float, y: float) -> str:
    match look:
        case "text":
            return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="{_DEEP}"/>'
        case "appeal":
            return f'<path d="M{x:.1f} {y - 4.5:.1f}l4.5 4.5l-4.5 4.5l-4.5-4.5z" fill="{_INK}"/>'
        case "signal":
            return (
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.6" fill="#fff" stroke="{_INK}" stroke-width="1.5"/>'
            )
        case "claim":
            return f'<rect x="{x - 3.4:.1f}" y="{y - 3.1:.1f}" width="6.8" height="6.2" fill="#fff" stroke="{_DEEP}" stroke-width="1.2"/>'
        case _:
            return f'<rect x="{x - 4:.1f}" y="{y - 3.7:.1f}" width="8" height="7.4" fill="{_SAND}"/>'


def _tick(first: dt.date, day: dt.date, wide: float, bottom: float) -> str:
    x = LABELS + (day - first).days * wide
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{bottom:.1f}" stroke="{_RULE}"/>'
        f'<text x="{x:.1f}" y="{TOP - 12}" font-size="11.5" fill="{_SOFT}">{day.day} {day_words(day).split()[1][:3]}</text>'
    )


def _force(body: AgreedText, first: dt.date, wide: float, bottom: float) -> str:
    x = LABELS + ((when(body).day - first).days + 0.5) * wide
    return f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom:.1f}" stroke="{_DEEP}" stroke-dasharray="2 3"/>'


LEGEND: Final = (
    ("text", "a text is in force from this day (dotted)"), ("appeal", "an appeal to stop"), ("signal", "a signal between capitals"),
    ("said", "a statement"), ("claim", "an accusation, denial or claim"),
)  # fmt: skip


def legend() -> list[tuple[str, str]]:
    """Each mark as a small drawing, and what it means."""
    return [
        (
            f'<svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">{_mark(look, 6, 6)}</svg>',
            words,
        )
        for look, words in LEGEND
    ]


def total(book: Book) -> str:
    """What the drawing shows, in one sentence."""
    marks = [mark for _, row in _rows(book) for mark in row]
    return f"{plural(len(marks), 'mark')}, each a record and a link to its day. What stands near in time is not said to be a cause."
