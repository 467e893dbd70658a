"""`truceline mechanism`: compare proposed mechanisms, check one, start from a template, print the form's JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from truceline import mechanism as mechanisms
from truceline.cli.common import PROGRAM, AsJson, Progress, emit, table
from truceline.errors import UsageError
from truceline.mechanism.pictures import label

app = typer.Typer(help="Work out a mechanism: proposals foretold and compared.", no_args_is_help=True)


@app.command()
def compare(
    proposals: Annotated[list[Path], typer.Argument(metavar="A.yaml [B.yaml ...]", help="Proposals on the same ground.", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="Folder for a page, a table, numbers and pictures.", show_default=False)] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed.")] = 1,
    replications: Annotated[int, typer.Option(min=20, max=5_000, help="How often the month is drawn.")] = 100,
    one_more: Annotated[bool, typer.Option(help="Also tell what one more post, camera or team would add, and where.")] = True,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Foretell what proposed mechanisms would watch, notice, verify and attribute, and how fast, with intervals."""
    progress = Progress(not as_json)
    read = [mechanisms.load(path) for path in proposals]
    made = mechanisms.compare(read, seed=seed, replications=replications, more=one_more, say=progress.step)
    progress.done()
    files = mechanisms.write(made, out) if out is not None else {}
    result = mechanisms.as_dict(made) | {"files": {name: str(path) for name, path in files.items()}}
    heads = ("measure", "", *(f"{label(i)} {one.proposal.name}" for i, one in enumerate(made.foretold)))
    lines = [
        (row["words"], row["unit"], *(cell["said"] for cell in row["cells"])) for row in mechanisms.rows(made)
    ]
    if any(one.cost is not None for one in made.foretold):
        lines.append(
            ("A month costs", "", *("–" if one.cost is None else f"{one.cost:,.0f}" for one in made.foretold))
        )
    text = [
        f"{result['mark']}: mean, and the band of nine in ten of {replications} replications",
        table(lines, heads),
        "",
    ]
    text += mechanisms.sentences(made)
    if files:
        text += ["", f"Written: {', '.join(str(path) for path in files.values())}"]
    emit(result, as_json, "\n".join(text))


@app.command()
def check(
    proposal: Annotated[Path, typer.Argument(metavar="FILE", help="A proposal.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Check that a file is a proposal, and say what it holds."""
    one = mechanisms.load(proposal)
    from truceline.mechanism.ground import Terrain

    land = Terrain.of(one)
    result = {
        "name": one.name, "exercise": one.exercise, "line_km": round(land.length_m / 1000, 1), "days": one.days,
        "posts": len(one.posts), "cameras": len(one.cameras), "arrays": len(one.arrays), "teams": len(one.teams),
        "drones": len(one.drones),
    }  # fmt: skip
    emit(result, as_json, ", ".join(f"{name}: {value}" for name, value in result.items()))


@app.command()
def template(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="A template; without a name, their list.", show_default=False)] = "",
    out: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="File to write; stdout unless given.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Write a proposal to start from."""
    if not name:
        names = mechanisms.templates()
        emit({"templates": list(names)}, as_json, "\n".join(names))
        return
    text = mechanisms.template(name)
    if out is None:
        emit({"name": name, "text": text}, as_json, text)
        return
    if out.exists():
        raise UsageError(
            "CLI-030", "a template must not overwrite a file", where=str(out), remedy="Give another name."
        )
    out.write_text(text, encoding="utf-8")
    emit(
        {"file": str(out)},
        as_json,
        f"Written: {out}\nNext: {PROGRAM} mechanism compare {out} OTHER.yaml --out comparison",
    )


@app.command()
def schema() -> None:
    """Print the JSON Schema of a proposal."""
    typer.echo(json.dumps(mechanisms.schema(), ensure_ascii=False, indent=2))
