"""`truceline log`: verify and read the log."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from truceline.cli import network
from truceline.cli.common import AsJson, Folder, emit
from truceline.mission.mission import Mission
from truceline.mission.verifying import verify as verify_folder
from truceline.records.kinds import encode, word_of

app = typer.Typer(help="Verify, read, prove and share the log.", no_args_is_help=True)
for _name, _act in (
    ("identity", network.identity), ("audit", network.audit), ("prove", network.prove), ("witness", network.witness),
    ("mirror", network.mirror), ("cosigned", network.cosigned), ("sequence", network.sequence),
):  # fmt: skip
    app.command(_name)(_act)


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER|FILE", help="The mission's folder, or a .tlog-proof with --policy.", show_default=False)],
    disclosed_only: Annotated[bool, typer.Option("--disclosed-only", help="The copy may lack `sealed/`, as those of the parties and the public do.")] = False,
    held: Annotated[Path | None, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="A checkpoint that you kept or got from somebody else; the log must extend it.", show_default=False)] = None,
    policy: Annotated[Path | None, typer.Option("--policy", metavar="FILE", exists=True, dir_okay=False, help="For a proof: whose signatures make its checkpoint good.", show_default=False)] = None,
    own: Annotated[str, typer.Option("--own", metavar="NAME", help="For a proof: your own witness in the policy.")] = "",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Check every byte that the log vouches for; exits 1 and names the entry or the file when one was altered.

    With a proof (.tlog-proof), check offline that its entry stands on the log, under a checkpoint that the policy accepts.
    """
    if folder.is_file():
        network.verify_proof(folder, policy, own, as_json)
        return
    made = verify_folder(folder, disclosed_only=disclosed_only, held=held.read_bytes() if held else None)
    lines = [
        f"{made.log_size:,} entries verified: signatures, sequences, root, tiles; {made.originals:,} originals, "
        f"{made.sealed:,} sealed files, {made.reports:,} report files.",
        *([f"It extends the checkpoint in {held}."] if held else []),
        *(f"note: {remark}" for remark in made.remarks),
    ]
    emit({"verified": True} | asdict(made), as_json, "\n".join(lines))


@app.command()
def show(
    folder: Folder,
    kind: Annotated[str, typer.Option(help="Only entries of this kind.")] = "",
    last: Annotated[int, typer.Option(min=1, help="Only the last so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List entries: index, time, author, kind; with --json also what they say."""
    rows = [
        {
            "index": one.index,
            "id": one.id,
            "at": one.at,
            "author": one.author,
            "kind": word_of(one.body),
            "body": encode(one.body),
        }
        for one in Mission.open(folder).entries()
        if not kind or word_of(one.body) == kind
    ][-last:]
    text = "\n".join(f"{row['index']:>7}  {row['at']}  {row['author']:<24}  {row['kind']}" for row in rows)
    emit({"entries": rows}, as_json, text or f"The log holds no entry of the kind {kind!r}.")


@app.command()
def checkpoint(folder: Folder) -> None:
    """Print the signed checkpoint: origin, size, root, signature."""
    typer.echo(Mission.open(folder).log.checkpoint.decode(), nl=False)
