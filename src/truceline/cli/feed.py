"""`truceline feed`: sources that publish again and again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.cli.common import AsJson, Folder, Keys, emit, table
from truceline.intake.feeds import read_feeds
from truceline.mission.clock import iso
from truceline.mission.feeding import run_feeds
from truceline.mission.mission import Mission

app = typer.Typer(help="Feeds: ask sources that publish again and again.", no_args_is_help=True)


@app.command()
def run(
    folder: Folder,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The list of feeds, YAML.", show_default=False)],
    now: Annotated[bool, typer.Option("--now", help="Ask whether due or not.")] = False,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Ask every feed that is due, take in what is new, and say what a revision touches. Exit 1 where one failed."""
    done = run_feeds(Mission.open(folder, keys), read_feeds(file), now=now)
    rows = [
        (f"{one.feed} {one.part}".strip(), one.status, str(one.accepted), str(one.superseded), str(len(one.withdrawn)), str(one.rejected), iso(one.next_ms)[:16])
        for one in done
    ]  # fmt: skip
    lines = [table(rows, ("feed", "status", "new", "revised", "withdrawn", "rejected", "next"))]
    lines += [f"{one.feed}: {one.problem}" for one in done if one.problem]
    lines += [
        f"{one.feed}: withdrawn by the source: {', '.join(one.withdrawn[:20])}"
        for one in done
        if one.withdrawn
    ]
    lines += [f"{one.feed}: look again at {what}" for one in done for what in one.touched]
    emit({"feeds": [one.as_dict() for one in done]}, as_json, "\n".join(lines))
    if any(one.status == "failed" for one in done):
        raise typer.Exit(1)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The list of feeds, YAML.", show_default=False)],
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Read the list of feeds and ask nobody."""
    held = read_feeds(file)
    emit(
        {"feeds": [one.model_dump() for one in held]}, as_json,
        table([(one.id, one.source, one.format or "recognised", f"{one.every_min}", one.url) for one in held], ("feed", "source", "format", "minutes", "url")),
    )  # fmt: skip
