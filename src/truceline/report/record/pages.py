"""The files of a mission of record: the record, the way from each sentence of the founding text to it, and a table."""

from __future__ import annotations

import csv
import io
import re
from typing import Any, Final

import jinja2
from markupsafe import Markup

from truceline.records.kinds import (
    AgreedText,
    Appeal,
    Kind,
    Passage,
    PlanStep,
    Proposal,
    Signal,
    Stance,
    Statement,
    word_of,
)  # fmt: skip
from truceline.report.html import TEMPLATES
from truceline.report.record import sections
from truceline.report.record.book import Book
from truceline.report.record.timeline import legend, timeline, total
from truceline.report.record.times import day_words, when
from truceline.report.record.view import RecordView, anchor
from truceline.report.words import code, listed

SCREENS: Final = {
    "Situation": "summary", "Agreement": "texts", "Notices and hotline": "signals", "Observers and consent": "positions",
    "Statements": "days", "Plan": "plan",
}  # fmt: skip
"""The section of the record that shows what a screen of the product shows."""
COLUMNS: Final = ("entry", "id", "kind", "day", "from_utc_ms", "to_utc_ms", "who", "on_behalf_of", "act", "article", "restatement", "reported_by", "source", "publisher")  # fmt: skip


def render_record(view: RecordView) -> dict[str, str]:
    """All files by name: `record.html`, `founding.html`, `record.csv`.

    Raises:
        ReportError: RPT-020, RPT-021, RPT-022, see `RecordView.check`.
    """
    counts, book = summary(view), Book.of(view)
    house = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    style = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "record.css"))
    style = re.sub(
        r"^\.exercise .*\n", "", style, flags=re.M
    )  # the mark of simulated missions has no place here
    shared = {"view": view, "style": Markup(style), "summary": counts}  # noqa: S704 our own files
    pages = {"record.html": _record(book), "founding.html": _founding(book)}
    made = {name: house.get_template(name).render(shared | content) for name, content in pages.items()}
    return made | {"record.csv": _table(book)}


def summary(view: RecordView) -> dict[str, int]:
    """The counts of a record; anyone can recompute them from the log.

    Raises:
        ReportError: RPT-020, RPT-021, RPT-022.
    """
    view.check()
    book = Book.of(view)
    ends = sections.readouts(book)
    said = [body for _, body in book.statements()]
    return {
        "texts": len(book.all_of(AgreedText)), "appeals": len(book.all_of(Appeal)), "signals": len(book.all_of(Signal)),
        "statements": len(said), "speakers": len({body.speaker for body in said}), "positions": len(book.all_of(Stance)),
        "steps": len({body.step_id for _, body in book.all_of(PlanStep)}), "passages": len(book.all_of(Passage)), "sources": len(book.sources),
        "provisions": len(view.provisions), "provisions_undetermined": sum(one.shape == "undefined" for one in view.provisions),
        "signals_both_readouts": ends[2], "signals_one_readout": ends[1], "signals_no_readout": ends[0],
        "coverage_hours": 0, "findings": 0,  # the check refuses every entry that could hold a watch or a finding
    }  # fmt: skip


def _record(book: Book) -> dict[str, Any]:
    days = sections.days(book)
    return {
        "texts": sections.texts(book), "signals": sections.signals(book), "claims": sections.claims(book),
        "positions": sections.positions(book), "steps": sections.steps(book), "days": days,
        "span": _span(book),
        "places": sections.places(book), "sources": _with_pages(sections.sources(book), book),
        "parties": [
            {"id": one.id, "names": sections.names(tuple(one.names.items()), place), "by": one.names_by}
            for place, one in enumerate(book.view.parties)
        ],
        "actors": [{"name": book.name(one.id), "roles": book.roles[one.id]} for one in book.view.actors],
        "timeline": Markup(timeline(book)),  # noqa: S704 drawn by us from numbers and escaped text
        "legend": [(Markup(mark), words) for mark, words in legend()], "timeline_note": total(book),  # noqa: S704
    }  # fmt: skip


def _span(book: Book) -> str:
    """First and last day on which something was said or agreed; a step whose date moved later on prolongs nothing."""
    said = [when(fact.body).day for fact in book.view.facts if not isinstance(fact.body, (Passage, PlanStep))]
    said = said or [when(fact.body).day for fact in book.view.facts if isinstance(fact.body, PlanStep)]
    return f"{day_words(min(said))} to {day_words(max(said))} {_year(book)}" if said else "no day"


def _year(book: Book) -> int:
    return max(when(fact.body).day.year for fact in book.view.facts if not isinstance(fact.body, Passage))


def _with_pages(rows: list[dict[str, Any]], book: Book) -> list[dict[str, Any]]:
    """Passages stand on the other page."""
    there = {anchor(fact.id) for fact, _ in book.all_of(Passage)}
    for row in rows:
        for one in row["used"]:
            one["href"] = f"founding.html#{one['href']}" if one["href"] in there else f"#{one['href']}"
    return rows


def _founding(book: Book) -> dict[str, Any]:
    passages = sorted(book.all_of(Passage), key=lambda one: one[1].number)
    return {
        "source_of_text": book.source(passages[0][1].source) if passages else None,
        "passages": [
            {
                "anchor": anchor(fact.id), "number": body.number, "text": body.restatement, "entry": fact.number,
                "screen": body.screen, "section": SCREENS.get(body.screen, "days"), "command": body.command,
                "records": [_carrier(name, book) for name in body.carried_by],
            }
            for fact, body in passages
        ],
    }  # fmt: skip


def _carrier(name: str, book: Book) -> dict[str, Any]:
    """A record that carries a sentence; a position shows the words on which it rests."""
    fact = book.facts[name]
    rests_on = book.facts[fact.body.statement_id].body if isinstance(fact.body, Stance) else fact.body
    source = getattr(rests_on, "source", None)
    kind = "position" if isinstance(fact.body, Stance) else code(word_of(fact.body))
    return {
        "href": anchor(name), "kind": kind, "words": book.link(name)["words"], "number": fact.number, "said": _said(rests_on),
        "source": book.source(source) if source is not None else None,
    }  # fmt: skip


def _said(body: Kind) -> str:
    match body:
        case Statement() | Appeal() | Proposal():
            return body.restatement
        case Signal():
            return body.content
        case PlanStep():
            return body.because
        case _:
            return ""


def _table(book: Book) -> str:
    """One row a record, RFC 4180, UTF-8; a cell that a spreadsheet would run as a formula begins with a quote mark."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for fact in book.view.facts:
        body = fact.body
        if isinstance(body, Passage):
            continue
        time, source = when(body), getattr(body, "source", None)
        cells = (
            fact.number, fact.id, word_of(body), time.day.isoformat(), time.from_ms, time.to_ms, _who(body, book),
            getattr(body, "on_behalf_of", ""), getattr(body, "act", getattr(body, "stance", getattr(body, "state", ""))),
            getattr(body, "article", ""), _said(body) or book.label(body), getattr(body, "reported_by", ""),
            source.url if source else "", source.publisher if source else "",
        )  # fmt: skip
        writer.writerow([f"'{one}" if str(one)[:1] in ("=", "+", "-", "@") else one for one in cells])
    return out.getvalue()


def _who(body: Kind, book: Book) -> str:
    match body:
        case Statement():
            return body.speaker
        case Signal():
            return f"{book.name(body.from_actor)} to {book.name(body.to_actor)}"
        case Appeal():
            return listed([book.name(one) for one in body.by])
        case Proposal():
            return book.name(body.by)
        case Stance():
            return book.name(body.party)
        case PlanStep():
            return book.name(body.owner)
        case _:
            return ""
