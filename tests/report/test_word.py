"""Word documents: what goes out comes back unchanged, every change is shown, and no file can pass for one."""

from __future__ import annotations

import copy
import io
import json
import random
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from truceline.cli.main import app
from truceline.errors import ReportError
from truceline.report.word import AUTHOR, Paper, marked, read_word, write_word

docx = pytest.importorskip("docx", reason="python-docx is not installed: pip install 'truceline[word]'")
PAPERS = [
    Paper("1", "Start", "It holds from noon.", "rule one", "https://example.org/a"),
    Paper("2/text-1", "Guns", "Guns of 100 mm stay 15 km away.\n\nOn each side.", "rule two"),
    Paper("3", "Գիծ və xətt", "Линия проведена.", "rule three"),
]
RAW = write_word(PAPERS, title="EXERCISE accord", note="binds nobody", exercise=True)


def edited(change: Any) -> bytes:
    document = docx.Document(io.BytesIO(RAW))
    change(document)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def paragraph(document: Any, text: str) -> Any:
    return next(one for one in document.paragraphs if one.text.startswith(text))


def test_what_goes_out_comes_back_unchanged_with_a_comment_an_article() -> None:
    assert read_word(RAW, PAPERS) == []
    document = docx.Document(io.BytesIO(RAW))
    comments = list(document.comments)
    assert [one.author for one in comments] == [AUTHOR] * 3
    assert "rule one" in comments[0].text
    assert "https://example.org/a" in comments[0].text
    assert document.sections[0].header.paragraphs[0].text == "EXERCISE"


def test_a_changed_number_is_shown_with_a_warning() -> None:
    def change(document: Any) -> None:
        paragraph(document, "Guns of").runs[0].text = "Guns of 120 mm stay 15 km away."

    [found] = read_word(edited(change), PAPERS)
    assert (found.kind, found.article, found.numbers) == ("text", "2/text-1", ("100", "120"))
    assert marked(found.before, found.after).startswith("Guns of [-100-] {+120+} mm stay")


def test_tracked_insertions_count_and_tracked_deletions_do_not_with_their_author() -> None:
    def change(document: Any) -> None:
        run = paragraph(document, "It holds").runs[0]._r
        w = run.nsmap["w"]
        added = run.makeelement(f"{{{w}}}ins", {f"{{{w}}}author": "Drafter A", f"{{{w}}}id": "900"})
        new = copy.deepcopy(run)
        new.find(f"{{{w}}}t").text = "It holds from midnight."
        added.append(new)
        run.addprevious(added)
        gone = run.makeelement(f"{{{w}}}del", {f"{{{w}}}author": "Drafter A", f"{{{w}}}id": "901"})
        run.addprevious(gone)
        gone.append(run)
        run.find(f"{{{w}}}t").tag = f"{{{w}}}delText"

    [found] = read_word(edited(change), PAPERS)
    assert (found.article, found.after, found.by) == ("1", "It holds from midnight.", "Drafter A")


def test_comments_of_others_are_shown_at_their_article() -> None:
    def change(document: Any) -> None:
        document.add_comment(
            paragraph(document, "Линия").runs[0], text="Which line?", author="Drafter B", initials="B"
        )

    [found] = read_word(edited(change), PAPERS)
    assert (found.kind, found.article, found.after, found.by) == ("comment", "3", "Which line?", "Drafter B")


def test_an_article_added_and_one_dropped_are_shown() -> None:
    def change(document: Any) -> None:
        for one in [paragraph(document, "Article 3"), paragraph(document, "Линия")]:
            one._p.getparent().remove(one._p)
        document.add_heading("Article 9. Flights", level=2)
        document.add_paragraph("Nothing flies.")

    found = {(one.kind, one.article): one.after for one in read_word(edited(change), PAPERS)}
    assert found == {("dropped", "3"): "", ("added", "9"): "Nothing flies."}


def test_a_retitled_article_is_shown() -> None:
    def change(document: Any) -> None:
        paragraph(document, "Article 1.").runs[0].text = "Article 1. Beginning"

    [found] = read_word(edited(change), PAPERS)
    assert (found.kind, found.before, found.after) == ("title", "Start", "Beginning")


def test_an_article_that_stands_twice_is_refused() -> None:
    def change(document: Any) -> None:
        document.add_heading("Article 1. Again", level=2)

    with pytest.raises(ReportError, match="RPT-030"):
        read_word(edited(change), PAPERS)


def test_no_other_file_passes_for_one() -> None:
    lots = random.Random(1)
    empty = io.BytesIO()
    docx.Document().save(empty)
    files = [b"", b"PK\x03\x04", b"<html>", empty.getvalue(), RAW[: len(RAW) // 2]]
    files += [bytes(lots.randrange(256) for _ in range(200))]
    for raw in files:
        with pytest.raises(ReportError, match="RPT-030"):
            read_word(raw, PAPERS)


def test_the_command_writes_and_reads_back(tmp_path: Path) -> None:
    run = CliRunner()
    path = tmp_path / "accord.docx"
    ran = run.invoke(
        app, ["agreement", "word", "exercise-accord", "--out", str(path), "--language", "ru", "--json"]
    )
    assert ran.exit_code == 0, ran.exception
    back = run.invoke(app, ["agreement", "word", "exercise-accord", "--in", str(path), "--json"])
    assert json.loads(back.stdout)["changes"] == []
    assert (
        getattr(
            run.invoke(app, ["agreement", "word", "exercise-accord", "--out", str(path)]).exception,
            "code",
            "",
        )
        == "CLI-067"
    )
    assert (
        getattr(run.invoke(app, ["agreement", "word", "exercise-accord"]).exception, "code", "") == "CLI-069"
    )
