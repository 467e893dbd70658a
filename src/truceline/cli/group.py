"""`truceline group`: officers merge incidents, split one, take it back; later fusions obey."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.cli.common import PROGRAM, AsJson, Folder, Keys, emit, note, table
from truceline.mission import regrouping
from truceline.mission.mission import Mission, Recorded
from truceline.records.kinds import Grouping

app = typer.Typer(
    help="What officers decide about which observations belong together: merge, split, undo, show. Sealed but for the fact.",
    no_args_is_help=True,
)
Reason = Annotated[str, typer.Option("--reason", metavar="WORDS", help="Why; sealed.", show_default=False)]
Role = Annotated[str, typer.Option("--as", metavar="ROLE", help="The officer whose key signs.")]


@app.command()
def merge(
    folder: Folder,
    incidents: Annotated[list[str], typer.Argument(metavar="INCIDENT...", help="Two or more, by their ids or that of any observation in them.", show_default=False)],
    reason: Reason, role: Role = "officer-1", keys: Keys = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """These incidents are one from now on."""
    made = regrouping.merge(Mission.open(folder, keys), incidents, role=role, reason=reason)
    _say(made, folder, as_json)


@app.command()
def split(
    folder: Folder,
    apart: Annotated[list[str], typer.Option(metavar="OBS,OBS...", help="Observations of one incident; give it twice or more.", show_default=False)],
    reason: Reason, role: Role = "officer-1", keys: Keys = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """These sets of observations are about different incidents; what is in no set goes where it fits better."""
    sets = [[name.strip() for name in part.split(",") if name.strip()] for part in apart]
    made = regrouping.split(Mission.open(folder, keys), sets, role=role, reason=reason)
    _say(made, folder, as_json)


@app.command()
def undo(
    folder: Folder,
    grouping: Annotated[str, typer.Argument(metavar="GROUPING", help="Id of a merge, a split or an undo.", show_default=False)],
    reason: Reason, role: Role = "officer-1", keys: Keys = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """What an officer merged or split holds no longer."""
    _say(regrouping.undo(Mission.open(folder, keys), grouping, role=role, reason=reason), folder, as_json)


@app.command()
def show(folder: Folder, keys: Keys = None, as_json: AsJson = False) -> None:
    """All merges and splits with their reasons; sealed, so it needs the mission's keys."""
    rows = regrouping.as_rows(Mission.open(folder, keys))
    lines = [
        (
            one["grouping_id"], one["act"], " | ".join(", ".join(part) for part in one["sets"]) or one["undoes"], one["by_role"],
            "yes" if one["stands"] else "undone", one["reason"],
        )
        for one in rows
    ]  # fmt: skip
    header = ("grouping", "act", "of", "by", "stands", "why")
    emit({"groupings": rows}, as_json, table(lines, header) if lines else "No officer has grouped anything.")


@app.command()
def template(
    folder: Folder,
    incident: Annotated[str, typer.Argument(metavar="INCIDENT", help="Id of the incident to be split, or of any observation in it.", show_default=False)],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it; finish it, then `truceline record FOLDER FILE`.", show_default=False)],
    role: Role = "officer-1", keys: Keys = None,
) -> None:  # fmt: skip
    """A split to finish: the incident's observations with what is known of each. The file is sealed information: remove it afterwards."""
    found = regrouping.members(Mission.open(folder, keys), incident)
    file.write_text(regrouping.template(found, role), encoding="utf-8")
    note(f"Wrote {file}: {len(found['observations'])} observations. Say why, put them in sets, then: {PROGRAM} record {folder} {file}")  # fmt: skip


def _say(made: Recorded, folder: Path, as_json: bool) -> None:
    body = made.body
    assert isinstance(body, Grouping)
    emit(
        {"log_entry": made.index, "grouping_id": body.grouping_id, "act": body.act, "by_role": body.by_role}, as_json,
        f"Entry {made.index}: {body.grouping_id}, {body.act} by {body.by_role}.\nNext: {PROGRAM} fuse {folder}",
    )  # fmt: skip
