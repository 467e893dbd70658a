"""The pages of a mission of record: nothing found, no dead link, no other's words, and both parties treated alike."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from markupsafe import escape

from truceline.errors import ReportError
from truceline.mission.record_facts import facts, record_id
from truceline.records.kinds import (
    AgreedText,
    Appeal,
    Kind,
    Passage,
    PlanStep,
    Signal,
    Source,
    Stance,
    Statement,
    decode,
    encode,
    word_of,
)  # fmt: skip
from truceline.records.parties import Actor, Party
from truceline.report.record import Fact, Place, Provision, RecordView, anchor, render_record, summary
from truceline.report.record.times import when

SWAP = {
    "am": "az", "az": "am", "Armenia": "Azerbaijan", "Azerbaijan": "Armenia", "Armenian": "Azerbaijani",
    "Azerbaijani": "Armenian",
}  # fmt: skip
WORD = re.compile(r"(?<![A-Za-z])(" + "|".join(sorted(SWAP, key=len, reverse=True)) + r")(?![A-Za-z])")


def swapped(text: str) -> str:
    """Every whole word that names one of the two parties replaced by the other's."""
    return WORD.sub(lambda found: SWAP[found.group()], text)


def swapped_plain(value: Any) -> Any:
    if isinstance(value, str):
        return swapped(value)
    if isinstance(value, dict):
        return {swapped_plain(key): swapped_plain(one) for key, one in value.items()}
    return [swapped_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def swapped_struct(body: Any) -> Any:
    return msgspec.convert(swapped_plain(msgspec.to_builtins(body)), type(body))


@pytest.fixture(scope="module")
def view() -> RecordView:
    known = facts()
    bodies: list[Kind] = [*known.texts, *(body for _, body in known.records), *known.founding]
    return RecordView(
        mission=known.name, parties=known.parties, actors=known.actors,
        facts=tuple(Fact(number, record_id(body), body) for number, body in enumerate(bodies, 1)),
        agreement_id="moscow-2020-10-10",
        provisions=(
            Provision("1", "Ceasefire", "entry_into_force", (), ("noon here", "noon there")),
            Provision("2", "Parameters", "undefined", ("the line", "the acts")), Provision("3", "Talks", "declaration"),
        ),
        places=tuple(
            Place(one["properties"]["id"], one["properties"]["kind"], tuple(sorted(one["properties"]["names"].items())), Source(**one["properties"]["source"]))
            for one in known.geometry["features"]
        ),
        computed=0, log_size=len(bodies) + 1, version="0",
    )  # fmt: skip


@pytest.fixture(scope="module")
def pages(view: RecordView) -> dict[str, str]:
    return render_record(view)


class Page(HTMLParser):
    """Ids, links with the id under which they stand, and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.tags: Counter[str] = Counter()
        self._words: list[str] = []
        self._quiet = 0
        self.feed(text)
        self.text = re.sub(r"\s+", " ", " ".join(self._words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self._quiet += tag == "style"
        given = dict(attrs)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if given.get("href"):
            self.links.append((self.ids[-1] if self.ids else "", str(given["href"])))

    def handle_endtag(self, tag: str) -> None:
        self._quiet -= tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._quiet:
            self._words.append(data)


@pytest.fixture(scope="module")
def read(pages: dict[str, str]) -> dict[str, Page]:
    return {name: Page(text) for name, text in pages.items() if name.endswith(".html")}


def test_every_link_within_the_pages_leads_to_an_anchor(read: dict[str, Page]) -> None:
    for name, page in read.items():
        assert len(page.ids) == len(set(page.ids)), [
            one for one, count in Counter(page.ids).items() if count > 1
        ]
        for _, href in page.links:
            if href.startswith("http"):
                continue
            target, _, mark = href.partition("#")
            there = read[target or name]
            assert mark in there.ids or (target and not mark), (name, href)


def test_every_record_has_one_anchor_on_the_record_and_every_sentence_one_on_the_way_to_it(
    view: RecordView, read: dict[str, Page]
) -> None:
    for fact in view.facts:
        page = "founding.html" if isinstance(fact.body, Passage) else "record.html"
        assert read[page].ids.count(anchor(fact.id)) == 1, fact.id


def test_every_sentence_of_the_founding_text_links_to_each_of_its_records(
    view: RecordView, read: dict[str, Page]
) -> None:
    passages = [fact.body for fact in view.facts if isinstance(fact.body, Passage)]
    assert len(passages) == 13
    links: dict[str, list[str]] = {}
    for stands_under, href in read["founding.html"].links:
        links.setdefault(stands_under, []).append(href)
    for passage in passages:
        mine = links[anchor(passage.passage_id)]
        for name in passage.carried_by:
            assert f"record.html#{anchor(name)}" in mine
            assert anchor(name) in read["record.html"].ids
        assert passage.restatement in read["founding.html"].text


def test_swapped_parties_are_relabelled_and_nothing_else_changes(
    view: RecordView, pages: dict[str, str]
) -> None:
    other = dataclasses.replace(
        view,
        mission=swapped(view.mission), agreement_id=swapped(view.agreement_id),
        parties=tuple(swapped_struct(one) for one in view.parties), actors=tuple(swapped_struct(one) for one in view.actors),
        facts=tuple(Fact(one.number, swapped(one.id), swapped_struct(one.body)) for one in view.facts),
        places=tuple(
            Place(one.id, one.kind, tuple((swapped(tag), swapped(name)) for tag, name in one.names), swapped_struct(one.source))
            for one in view.places
        ),
    )  # fmt: skip
    again = render_record(other)
    assert again != pages
    for name, text in pages.items():
        assert swapped(text) == again[name]


def test_the_parties_columns_rotate_and_have_one_form(pages: dict[str, str]) -> None:
    named = re.findall(r"<h4>([^<]+)</h4>", pages["record.html"])
    heads = list(zip(named[::2], named[1::2], strict=True))
    assert len(heads) >= 10
    first = Counter(one[0] for one in heads)
    assert set(first) == {"Republic of Armenia", "Republic of Azerbaijan"}
    assert abs(first["Republic of Armenia"] - first["Republic of Azerbaijan"]) <= 2
    assert all(sorted(one) == ["Republic of Armenia", "Republic of Azerbaijan"] for one in heads)


def test_nothing_is_simulated_observed_found_or_scored(read: dict[str, Page], pages: dict[str, str]) -> None:
    for page in read.values():
        assert not re.search(r"EXERCISE|simulat|breach|violat|probab|likel|\d\s?%|per cent", page.text)
        assert {"img", "script", "iframe", "form", "link"} & set(page.tags) == set()
    assert "EXERCISE" not in pages["record.csv"]
    assert " 0 hours of coverage by the mission" in read["record.html"].text
    assert "undetermined never agreed: the line and the acts" in read["record.html"].text


def test_a_reader_sees_who_said_it_and_who_reported_it(view: RecordView, pages: dict[str, str]) -> None:
    for fact in view.facts:
        if not isinstance(fact.body, Statement) or fact.body.act == "accepts":
            continue
        card = pages["record.html"].partition(f'id="{anchor(fact.id)}"')[2][:2500].lower()
        assert str(escape(fact.body.speaker)).lower() in card
        assert "reported by <a href=" + f'"{escape(fact.body.source.url).lower()}"' in card
        assert ("hedged</span>" in card.partition("entry")[0]) == fact.body.hedged


def test_a_call_says_which_readouts_are_missing(view: RecordView, read: dict[str, Page]) -> None:
    ends = Counter[int]()
    for fact in view.facts:
        if isinstance(fact.body, Signal):
            ends[len({fact.body.from_actor, fact.body.to_actor} & set(fact.body.readouts))] += 1
    counts = summary(view)
    assert (counts["signals_no_readout"], counts["signals_one_readout"], counts["signals_both_readouts"]) == (ends[0], ends[1], ends[2])  # fmt: skip
    found = len(re.findall(r"No readout by [\w ]+ found", read["record.html"].text))
    assert found == 2 * ends[0] + ends[1]


def test_the_table_holds_every_record_once(view: RecordView, pages: dict[str, str]) -> None:
    rows = list(csv.DictReader(io.StringIO(pages["record.csv"], newline="")))
    shown = [fact for fact in view.facts if not isinstance(fact.body, Passage)]
    assert [(row["entry"], row["id"]) for row in rows] == [(str(fact.number), fact.id) for fact in shown]
    assert all(row["source"].startswith("http") or row["kind"] == "stance" for row in rows)


def test_a_cell_that_a_spreadsheet_would_run_is_disarmed(view: RecordView) -> None:
    poisoned = replaced(view, Appeal, restatement='=HYPERLINK("x")')
    assert '"\'=HYPERLINK(""x"")"' in render_record(poisoned)["record.csv"]


def test_what_a_source_says_cannot_become_markup(view: RecordView) -> None:
    for kind, field in ((Statement, "speaker"), (Statement, "restatement"), (Signal, "content"), (Appeal, "restatement"), (PlanStep, "title"), (AgreedText, "title"), (Passage, "restatement")):  # fmt: skip
        for name, text in render_record(replaced(view, kind, **{field: "<script>x</script>"})).items():
            assert name == "record.csv" or "<script" not in text


def replaced(view: RecordView, kind: type[Kind], **change: Any) -> RecordView:
    """The view with the first record of a kind altered."""
    at = next(number for number, fact in enumerate(view.facts) if isinstance(fact.body, kind))
    fact = view.facts[at]
    body = decode(word_of(fact.body), encode(fact.body) | change)
    return dataclasses.replace(
        view, facts=(*view.facts[:at], Fact(fact.number, fact.id, body), *view.facts[at + 1 :])
    )


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("RPT-021", (Statement, {"rejects": ["st-nothing"]})), ("RPT-021", (Signal, {"mirrors": "sg-nothing"})),
        ("RPT-021", (Stance, {"statement_id": "st-nothing"})), ("RPT-021", (PlanStep, {"while_holds": ["nothing"]})),
        ("RPT-021", (Passage, {"carried_by": ["nothing"]})), ("RPT-022", (Appeal, {"source": {"url": "javascript:x"}})),
        ("RPT-022", (Statement, {"source": {}})),
    ],
)  # fmt: skip
def test_a_record_that_leads_nowhere_is_refused(
    view: RecordView, code: str, change: tuple[type[Kind], dict[str, Any]]
) -> None:
    with pytest.raises(ReportError) as caught:
        render_record(replaced(view, change[0], **change[1]))
    assert caught.value.code == code


def test_two_records_of_one_name_and_anything_computed_are_refused(view: RecordView) -> None:
    with pytest.raises(ReportError, match="RPT-021"):
        render_record(dataclasses.replace(view, facts=(*view.facts, view.facts[0])))
    with pytest.raises(ReportError, match="RPT-020"):
        render_record(dataclasses.replace(view, computed=1))


def test_a_record_of_another_place_and_an_empty_one_have_pages_too() -> None:
    empty = RecordView("M", (), (), (), "", (), (), 0, 1, "0")
    assert "M" in render_record(empty)["record.html"]
    parties = tuple(Party(one, {"en": one.upper()}) for one in ("p", "q", "r"))
    said = Statement("s1", "office of P", "p", "agency", "2031-03-03", "2031-03-03", "Says so.", act="denies", article="t/1", source=Source("https://example.org/", "T", "Agency"))  # fmt: skip
    call = Signal("c1", "m", "q", "phone", "2031-03-03T10:00:00+05:30", "2031-03-03T10:30:00+05:30", "m", "Asked.", source=said.source)  # fmt: skip
    three = RecordView("M", parties, (Actor("m", {"en": "M"}, ("mediator",)),), (Fact(1, "s1", said), Fact(2, "c1", call)), "t", (), (), 0, 3, "0")  # fmt: skip
    text = Page(render_record(three)["record.html"]).text
    assert text.count("No claim on record for this day.") == 2
    assert "between 10:00 and 10:30, UTC+5:30" in text
    assert "article 1 of t" in text


def test_an_interval_keeps_the_clock_of_its_source() -> None:
    call = Signal("c", "a", "b", "phone", "2020-10-13T00:00:00+03:00", "2020-10-14T11:59:59+03:00", "a", "x")
    assert when(call).words == "between 13 October 00:00 and 14 October 11:59, UTC+3"
    assert when(call).day.isoformat() == "2020-10-14"
    day = Signal("c", "a", "b", "phone", "2020-10-14T00:00:00-04:00", "2020-10-14T23:59:59-04:00", "a", "x")
    assert (when(day).words, when(day).from_ms) == ("", 1_602_648_000_000)
