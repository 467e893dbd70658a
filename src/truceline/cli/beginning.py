"""`truceline agreement new`: an agreement to start from, by questions or by a file of answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import yaml

from truceline import agreement as agreements
from truceline.agreement.begin import answered, begin, questions
from truceline.agreement.documents import parse
from truceline.cli.common import PROGRAM, AsJson, emit, note
from truceline.errors import AgreementError, UsageError


def new(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to; it must not be there yet, or be empty.", show_default=False)],
    answers: Annotated[Path | None, typer.Option(metavar="FILE", help="Answers as YAML, question: answer; asked one by one unless given.", show_default=False)] = None,
    blank: Annotated[bool, typer.Option("--questions", help="Only print the questions as YAML, to be filled in.")] = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Start an agreement from the questions a mediator would ask; what has no answer is left to be agreed, and says so."""
    if blank:
        for one in questions():
            typer.echo(
                f"# {one.ask}\n#   {one.why}\n{one.id}: {yaml.safe_dump(one.default, allow_unicode=True).splitlines()[0]}"
            )
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("CLI-067", "a file that stands is not written over", value=str(folder), remedy="Give another name, or move it away.")  # fmt: skip
    given = _from_file(answers) if answers else _asked()
    for name, text in begin(given).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    made = agreements.load(folder)
    problems = [str(one) for one in agreements.check(made)]
    emit(
        {"folder": str(folder), "articles": len(made.articles), "cases": len(made.cases), "open": problems}, as_json,
        "\n".join([f"{len(made.articles)} articles and {len(made.cases)} cases in {folder}.", *problems, f"Next: {PROGRAM} agreement test {folder}",
            f"For an editor to complete the fields: `{PROGRAM} agreement schema > {folder.parent / 'agreement.schema.json'}`, and `schema cases` likewise."]),
    )  # fmt: skip


def _from_file(path: Path) -> dict[str, str]:
    try:
        value = parse(path.name, path.read_text(encoding="utf-8")).value
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError("CLI-068", "the file must be there and be text", value=str(path), remedy="Check the path.") from problem  # fmt: skip
    if not isinstance(value, dict):
        raise UsageError("CLI-068", "the file must hold what this command wrote", value=str(path), remedy=f"Start from `{PROGRAM} agreement new FOLDER --questions`.")  # fmt: skip
    words = {True: "yes", False: "no", None: ""}
    return {
        name: words[one] if isinstance(one, bool) or one is None else str(one) for name, one in value.items()
    }


def _asked() -> dict[str, str]:
    made: dict[str, str] = {}
    for one in questions():
        note(f"\n{one.why}")
        while True:
            text = typer.prompt(one.ask, default=one.default, show_default=bool(one.default), err=True)
            try:
                answered(one, text)
            except AgreementError as problem:
                note(f"{problem.remedy}")
                continue
            made[one.id] = text
            break
    return made
