"""`truceline log sign`, `submit`, `bracket`: entries that several sign or that were signed elsewhere, and when that was."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from truceline.cli.common import AsJson, Folder, Keys, emit
from truceline.log import brackets
from truceline.log.entries import missing_signers
from truceline.log.files import write_durably
from truceline.log.levels import known_cosigners
from truceline.log.log import Log
from truceline.mission import cosigned, handing_in
from truceline.mission.clock import iso
from truceline.mission.mission import Mission


def sign(
    folder: Folder,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="An entry that waits for signatures.", show_default=False)],
    as_: Annotated[str, typer.Option("--as", metavar="NAME", help="Who signs.", show_default=False)],
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Add a signature to an entry that others prepared (`--out`); the file is replaced."""
    note = handing_in.sign(Mission.open(folder, keys), file.read_bytes(), as_)
    write_durably(file, note)
    missing = missing_signers(note)
    emit(
        {"file": str(file), "missing": missing}, as_json,
        f"{file}: " + (f"to be signed by {', '.join(missing)}." if missing else "everybody has signed."),
    )  # fmt: skip


def submit(
    folder: Folder,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False, help="Signed entries, one a file.", show_default=False)],
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Hand signed entries in. One that is there already gets the index it had; a refused one that was signed is named on the log."""
    outcomes = handing_in.submit(Mission.open(folder, keys), [one.read_bytes() for one in files])
    rows = [
        {
            "file": str(path), "id": one.id, "index": one.index, "unsigned": one.unsigned,
            "refused": None if one.problem is None else one.problem.as_dict(),
        }
        for path, one in zip(files, outcomes, strict=True)
    ]  # fmt: skip
    lines = [
        f"{path}: " + (f"entry {one.index}" if one.problem is None else f"refused. {one.problem}")
        for path, one in zip(files, outcomes, strict=True)
    ]
    emit({"submitted": rows}, as_json, "\n".join(lines))
    if any(one.problem is not None for one in outcomes):
        raise typer.Exit(1)


def bracket(
    folder: Folder,
    index: Annotated[int, typer.Argument(metavar="INDEX", min=0, help="Index of the entry.", show_default=False)],
    held: Annotated[list[Path] | None, typer.Option("--held", metavar="FILE", exists=True, dir_okay=False, help="A cosigned checkpoint that somebody kept; repeat. The more, the narrower.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """When an entry was made, as far as cosignatures bound it. Back-dating shows as a wide bracket."""
    log = Log.open(folder)
    notes = [*cosigned.notes(folder), *((str(one), one.read_bytes()) for one in held or [])]
    made = brackets.bracket(log, index, notes, known_cosigners(folder))
    width = "unknown" if made.width_s is None else f"{made.width_s:,} s"
    lines = [
        f"Entry {index} says {made.says}.",
        f"Not before {_time(made.not_before_s)}: its author had seen {made.seen_size:,} entries.",
        f"Not after {_time(made.not_after_s)}: the first cosigned checkpoint that holds it.",
        f"Width: {width}.",
    ]
    emit(asdict(made) | {"width_s": made.width_s}, as_json, "\n".join(lines))


def _time(at_s: int | None) -> str:
    return "(nobody vouches for it)" if at_s is None else iso(at_s * 1000)
