"""`truceline agreement word`: out to Word for lawyers, and back in with the changes shown."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from truceline import agreement as agreements
from truceline.agreement.restate import note as note_in
from truceline.agreement.restate import restate
from truceline.cli.agreement import Which, found
from truceline.cli.common import AsJson, emit
from truceline.cli.drafting import Language
from truceline.errors import UsageError
from truceline.report import word as papers


def word(
    which: Which,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the agreement as .docx.", show_default=False)] = None,
    back: Annotated[Path | None, typer.Option("--in", metavar="FILE", help="Read one that came back, and show what changed.", show_default=False)] = None,
    language: Language = "en", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Articles as numbered paragraphs with comments, as a Word document; or what drafters changed in one. Needs the extra `word`."""
    agreement = found(which)
    sent = _papers(agreement, language)
    if (out is None) == (back is None):
        raise UsageError("CLI-069", "the command writes a document or reads one back", where="--out, --in", remedy="Give one of the two.")  # fmt: skip
    if out is not None:
        if out.exists():
            raise UsageError("CLI-067", "a file that stands is not written over", value=str(out), remedy="Give another name, or move it away.")  # fmt: skip
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(
            papers.write_word(
                sent, title=agreement.title, note=note_in(language), exercise=agreement.exercise
            )
        )
        emit({"file": str(out), "articles": len(sent)}, as_json, f"{len(sent)} articles in {out}.")
        return
    assert back is not None
    try:
        raw = back.read_bytes()
    except OSError as problem:
        raise UsageError("CLI-068", "the file must be there and be text", value=str(back), remedy="Check the path.") from problem  # fmt: skip
    changes = papers.read_word(raw, sent)
    emit(
        {"agreement": agreement.id, "changes": [asdict(one) for one in changes]}, as_json,
        "\n".join([_line(one) for one in changes] or ["No change."])
        + ("\nNothing was changed here: encode what was agreed, then run the cases." if changes else ""),
    )  # fmt: skip


def _papers(agreement: agreements.Agreement, language: str) -> list[papers.Paper]:
    seen: dict[str, int] = {}
    made = []
    for one in agreement.articles:
        seen[one.key] = seen.get(one.key, 0) + 1
        key = one.key if seen[one.key] == 1 else f"{one.key}#{seen[one.key]}"
        made.append(
            papers.Paper(
                key,
                one.title,
                one.restatement.strip(),
                restate(one, language),
                one.source.url or one.source.title if one.source else "",
            )
        )
    return made


def _line(one: papers.Change) -> str:
    who = f" ({one.by})" if one.by else ""
    if one.kind == "comment":
        return f"article {one.article or 'none'}, comment{who}: {one.after}"
    numbers = (
        f" Numbers differ: {', '.join(one.numbers)}; the rule may have to change." if one.numbers else ""
    )
    return f"article {one.article}, {one.kind}{who}: {papers.marked(one.before, one.after)}.{numbers}"
