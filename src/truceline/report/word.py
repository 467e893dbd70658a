"""An agreement as a Word document with numbered articles and comments, and back in again with the changes shown.

Lawyers never meet YAML: a heading an article, below it the restatement as text to work on, and as a comment what was encoded.
What comes back is compared, never applied: a word cannot change a rule without somebody encoding it. Needs the extra `word`.
"""

from __future__ import annotations

import difflib
import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from truceline.errors import EnvironmentFailure, ReportError

AUTHOR: Final = "Truceline"
MAX_BYTES: Final = 20_000_000
_HEAD: Final = re.compile(r"Article (\S+)\. (.*)", re.S)
_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@dataclass(frozen=True, slots=True)
class Paper:
    """One article on paper. `words`: the rule in plain words, generated; goes into the comment with the source."""

    key: str
    title: str
    text: str
    words: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between what went out and what came back; `kind`: text, title, added, dropped, comment."""

    kind: str
    article: str
    before: str
    after: str
    by: str = ""
    numbers: tuple[str, ...] = ()  # numbers that appear on one side only: a rule may have to change


def write_word(papers: Sequence[Paper], *, title: str, note: str, exercise: bool) -> bytes:
    """The .docx bytes.

    Raises:
        EnvironmentFailure: ENV-004, the extra is not installed.
    """
    docx = _docx()
    document = docx.Document()
    if exercise:
        document.sections[0].header.paragraphs[0].text = "EXERCISE"
    document.add_heading(title, level=0)
    document.add_paragraph(note)
    for paper in papers:
        document.add_heading(f"Article {paper.key}. {paper.title}", level=2)
        for number, text in enumerate(paper.text.split("\n\n")):
            run = document.add_paragraph().add_run(text)
            if number == 0:
                source = f"\nSource: {paper.source}" if paper.source else "\nNo source is given."
                document.add_comment(
                    run, text=f"As encoded: {paper.words}{source}", author=AUTHOR, initials="TL"
                )
    out = io.BytesIO()
    document.core_properties.author = AUTHOR
    document.save(out)
    return out.getvalue()


def read_word(raw: bytes, papers: Sequence[Paper]) -> list[Change]:
    """What differs from `papers`: text as it stands with tracked changes accepted, and comments of others.

    Raises:
        ReportError: RPT-030, not a Word document made by `write_word`. EnvironmentFailure: ENV-004.
    """
    document = _opened(raw)
    found, by = _articles(document)
    if not found:
        raise _refused("it has no heading such as `Article 2. Title`")
    sent = {paper.key: paper for paper in papers}
    changes: list[Change] = []
    for key in [*sent, *(key for key in found if key not in sent)]:
        if key not in found:
            changes.append(Change("dropped", key, sent[key].text, ""))
        elif key not in sent:
            changes.append(Change("added", key, "", found[key][1], by.get(key, "")))
        else:
            title, text = found[key]
            for kind, before, after in (("title", sent[key].title, title), ("text", sent[key].text, text)):
                if _plain(before) != _plain(after):
                    changes.append(Change(kind, key, before, after, by.get(key, ""), _numbers(before, after)))
    return changes + _comments(document, found)


def marked(before: str, after: str) -> str:
    """Both as one text: [-what went-] {+what came+}."""
    one, other = before.split(), after.split()
    parts: list[str] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            parts.append(" ".join(one[a:b]))
            continue
        parts += [f"[-{' '.join(one[a:b])}-]"] * (b > a) + [f"{{+{' '.join(other[c:d])}+}}"] * (d > c)
    return " ".join(parts)


def _articles(document: Any) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """Article -> (title, text), and who tracked changes in it."""
    found: dict[str, tuple[str, list[str]]] = {}
    by: dict[str, list[str]] = {}
    key = ""
    for paragraph in document.element.body.iter(f"{_W}p"):
        text = _standing(paragraph)
        head = _HEAD.fullmatch(text.strip())
        if head:
            key = head[1]
            if key in found:
                raise _refused(f"article {key} stands twice")
            found[key] = (head[2].strip(), [])
        elif key and text.strip():
            found[key][1].append(text.strip())
        if key:
            by.setdefault(key, []).extend(_trackers(paragraph))
    return (
        {name: (title, "\n\n".join(parts)) for name, (title, parts) in found.items()},
        {name: ", ".join(dict.fromkeys(people)) for name, people in by.items() if people},
    )


def _standing(paragraph: Any) -> str:
    """The text with insertions accepted and deletions gone; a deleted run holds w:delText, never w:t."""
    parts = []
    for node in paragraph.iter(f"{_W}t", f"{_W}tab", f"{_W}br"):
        gone = any(parent.tag in (f"{_W}del", f"{_W}moveFrom") for parent in node.iterancestors())
        if not gone:
            parts.append(node.text or "" if node.tag == f"{_W}t" else " ")
    return "".join(parts)


def _trackers(paragraph: Any) -> list[str]:
    return [
        str(node.get(f"{_W}author") or "somebody")
        for node in paragraph.iter(f"{_W}ins", f"{_W}del", f"{_W}moveTo")
    ]


def _comments(document: Any, found: dict[str, tuple[str, str]]) -> list[Change]:
    """Comments of others, each with the article in which it is anchored."""
    where: dict[str, str] = {}
    key = ""
    for paragraph in document.element.body.iter(f"{_W}p"):
        head = _HEAD.fullmatch(_standing(paragraph).strip())
        key = head[1] if head else key
        for anchor in paragraph.iter(f"{_W}commentRangeStart", f"{_W}commentReference"):
            where.setdefault(str(anchor.get(f"{_W}id")), key if key in found else "")
    return [
        Change("comment", where.get(str(one.comment_id), ""), "", one.text.strip(), one.author or "somebody")
        for one in document.comments if one.author != AUTHOR
    ]  # fmt: skip


def _numbers(before: str, after: str) -> tuple[str, ...]:
    one, other = (re.findall(r"\d+(?:[.,:]\d+)*", text) for text in (before, after))
    return tuple(sorted({*one} ^ {*other}))


def _plain(text: str) -> str:
    return " ".join(text.split())


def _opened(raw: bytes) -> Any:
    docx = _docx()
    if len(raw) > MAX_BYTES:
        raise _refused(f"it is larger than {MAX_BYTES} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as parts:
            if sum(one.file_size for one in parts.infolist()) > 10 * MAX_BYTES:
                raise _refused("it unpacks to too much")
        return docx.Document(io.BytesIO(raw))
    except ReportError:
        raise
    except Exception as problem:
        raise _refused(str(problem) or type(problem).__name__) from problem


def _docx() -> Any:
    try:
        import docx
    except ImportError as problem:
        raise EnvironmentFailure(
            "ENV-004", "Word documents need an extra package", value=str(problem), remedy="Install it: pip install 'truceline[word]'."
        ) from problem  # fmt: skip
    return docx


def _refused(why: str) -> ReportError:
    return ReportError(
        "RPT-030", "the file must be a Word document that `truceline agreement word` wrote", value=why,
        remedy="Write it again, and let drafters work on that file; headings of articles must stay.",
    )  # fmt: skip
