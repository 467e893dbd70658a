"""`truceline agreement read`: blind reading by the parties' drafters; commit, then reveal."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from truceline.agreement import blind
from truceline.agreement.documents import parse
from truceline.cli.agreement import Which, found
from truceline.cli.common import AsJson, emit, table
from truceline.errors import UsageError
from truceline.records.canonical import canonical

app = typer.Typer(help="Blind reading: drafters answer the same cases, commit, then reveal where they differ.", no_args_is_help=True)  # fmt: skip
Folder = Annotated[Path, typer.Option("--folder", metavar="FOLDER", help="Where commitments and readings lie.", show_default=False)]  # fmt: skip


@app.command()
def sheet(which: Which, out: Annotated[Path, typer.Option(metavar="FILE", help="The sheet to fill in, .yaml.", show_default=False)], as_json: AsJson = False) -> None:  # fmt: skip
    """Write the sheet that every reader fills in: the cases, without what is expected of them."""
    made = blind.sheet(found(which))
    head = f"# For each case and article write one of: {', '.join(blind.ANSWERS)}. Notes are shown to all once revealed.\n"
    _new(out)
    out.write_text(head + yaml.safe_dump(made, allow_unicode=True, sort_keys=False), encoding="utf-8")
    emit(
        {"sheet": str(out), "cases": len(made["cases"])},
        as_json,
        f"{len(made['cases'])} cases to answer in {out}.",
    )


@app.command()
def commit(
    which: Which,
    filled: Annotated[Path, typer.Argument(metavar="SHEET", help="The sheet with your answers.", show_default=False)],
    party: Annotated[str, typer.Option(help="Who reads.", show_default=False)],
    folder: Folder,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Seal your answers: hand out PARTY.commitment.json now, PARTY.reading.json once all have committed."""
    made = blind.reading(_yaml(filled), found(which), party, secrets.token_hex(32))
    promise = blind.commitment(made)
    folder.mkdir(parents=True, exist_ok=True)
    secret, public = folder / f"{party}.reading.json", folder / f"{party}.commitment.json"
    for path in (secret, public):
        _new(path)
    secret.touch(mode=0o600)
    secret.write_bytes(canonical(made))
    public.write_bytes(canonical(promise))
    emit(
        {"commitment": promise["commitment"], "hand_out": str(public), "keep": str(secret)}, as_json,
        f"{promise['commitment']}\nHand out {public} now; keep {secret} to yourself until all have committed.",
    )  # fmt: skip


@app.command()
def compare(which: Which, folder: Folder, as_json: AsJson = False) -> None:
    """Show, article by article, where the readers differ; refused until everybody who committed has revealed."""
    agreement = found(which)
    promised = [_json(path) for path in sorted(folder.glob("*.commitment.json"))]
    told = [_json(path) for path in sorted(folder.glob("*.reading.json"))]
    differences, counts = blind.compare(agreement, promised, told)
    rows = [(article, *(str(one[name]) for name in ("asked", "agree", "differ", "none_can_say", "otherwise_encoded"))) for article, one in counts.items()]  # fmt: skip
    lines = [
        table(rows, ("article", "asked", "agree", "differ", "none can say", "agree, but otherwise encoded"))
    ]
    for one in differences:
        said = "; ".join(f"{party}: {word.replace('_', ' ')}{_note(one.notes.get(party))}" for party, word in one.answers.items())  # fmt: skip
        lines.append(
            f"article {one.article}, {one.case} ({one.title}): {said}; encoded: {' or '.join(one.encoded).replace('_', ' ')}"
        )
    emit({"agreement": agreement.id, "articles": counts, "differences": [asdict(one) for one in differences]}, as_json, "\n".join(lines))  # fmt: skip


def _note(words: str | None) -> str:
    return f" ({words})" if words else ""


def _new(path: Path) -> None:
    if path.exists():
        raise UsageError("CLI-067", "a file that stands is not written over", value=str(path), remedy="Give another name, or move it away.")  # fmt: skip


def _yaml(path: Path) -> Any:
    value = parse(path.name, _text(path)).value
    if not isinstance(value, dict):
        raise UsageError("CLI-068", "the file must hold what this command wrote", value=str(path), remedy="Make a new one.")  # fmt: skip
    return value


def _json(path: Path) -> Any:
    try:
        value = json.loads(_text(path))
    except (ValueError, RecursionError) as problem:
        raise UsageError("CLI-068", "the file must hold what this command wrote", value=str(path), remedy="Make a new one.") from problem  # fmt: skip
    if not isinstance(value, dict) or not all(
        isinstance(value.get(name, {}), dict) for name in ("answers", "notes")
    ):
        raise UsageError("CLI-068", "the file must hold what this command wrote", value=str(path), remedy="Make a new one.")  # fmt: skip
    return value


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError("CLI-068", "the file must be there and be text", value=str(path), remedy="Check the path.") from problem  # fmt: skip
