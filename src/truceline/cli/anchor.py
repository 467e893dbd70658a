"""`truceline anchor`: time stamps of others over checkpoints (the extra `anchor`)."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from truceline.cli.common import AsJson, Folder, Keys, emit
from truceline.log.files import write_durably
from truceline.mission import anchoring
from truceline.mission.mission import Mission

app = typer.Typer(
    help="Time stamps by others (RFC 3161) over checkpoints: request, accept, check.", no_args_is_help=True
)
Roots = Annotated[
    list[Path],
    typer.Option("--root", metavar="PEM", exists=True, dir_okay=False, help="Root certificate of the authority; repeat.", show_default=False),
]  # fmt: skip
Intermediates = Annotated[
    list[Path] | None,
    typer.Option("--intermediate", metavar="PEM", exists=True, dir_okay=False, help="Intermediate certificate; repeat.", show_default=False),
]  # fmt: skip


@app.command()
def request(
    folder: Folder,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write the request, e.g. day.tsq; the checkpoint goes beside it.", show_default=False)],
    checkpoint: Annotated[Path | None, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="A (cosigned) checkpoint; the published one unless given.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Write a request for a time stamp over a checkpoint, to send to an authority."""
    note = (checkpoint or folder / "log" / "checkpoint").read_bytes()
    write_durably(out, anchoring.request(note))
    beside = out.with_suffix(".checkpoint")
    write_durably(beside, note)
    emit(
        {"request": str(out), "checkpoint": str(beside)}, as_json,
        f"{out} goes to the authority, e.g. curl -H 'Content-Type: application/timestamp-query' --data-binary @{out} URL > {out.with_suffix('.tsr')}\n"
        f"Keep {beside}: it is what will be stamped.",
    )  # fmt: skip


@app.command()
def accept(
    folder: Folder,
    response: Annotated[Path, typer.Argument(metavar="RESPONSE", exists=True, dir_okay=False, help="The authority's answer (.tsr).", show_default=False)],
    checkpoint: Annotated[Path, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="The checkpoint that was sent.", show_default=False)],
    root: Roots,
    intermediate: Intermediates = None,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Check an authority's answer and put it on the log."""
    made = anchoring.accept(
        Mission.open(folder, keys), checkpoint.read_bytes(), response.read_bytes(), [one.read_bytes() for one in root],
        [one.read_bytes() for one in intermediate or []],
    )  # fmt: skip
    emit({"entry": made.index, "stamped": made.body.stamped}, as_json, f"Anchored: entry {made.index}.")  # type: ignore[attr-defined]


@app.command()
def check(folder: Folder, root: Roots, intermediate: Intermediates = None, as_json: AsJson = False) -> None:
    """Check every anchor on the log: what stood when, at the latest."""
    made = anchoring.check(
        Mission.open(folder),
        [one.read_bytes() for one in root],
        [one.read_bytes() for one in intermediate or []],
    )
    lines = [f"The first {one.size:,} entries stood at {one.stamped} (entry {one.entry})." for one in made]
    emit({"anchors": [asdict(one) for one in made]}, as_json, "\n".join(lines) or "The log holds no anchor.")
