"""`truceline withdraw`: observations that no longer stand."""

from __future__ import annotations

from typing import Annotated

import typer

from truceline.cli.common import PROGRAM, AsJson, Folder, Keys, emit
from truceline.errors import UsageError
from truceline.mission import withdrawing
from truceline.mission.mission import Mission


def withdraw(
    folder: Folder,
    observations: Annotated[list[str] | None, typer.Argument(metavar="OBS...", help="Their obs_id.", show_default=False)] = None,
    reason: Annotated[str, typer.Option(metavar="WORDS", help="Why; sealed.")] = "",
    restore: Annotated[str, typer.Option(metavar="WITHDRAWAL", help="Instead: take a withdrawal back.")] = "",
    role: Annotated[str, typer.Option("--as", metavar="ROLE", help="The officer whose key signs.")] = "officer-1",
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say that observations no longer stand: their source took them back. They stay on the log; the next fuse leaves them out."""
    if bool(observations) == bool(restore):
        raise UsageError("CLI-046", "withdraw needs observations, or --restore with a withdrawal", remedy="E.g. truceline withdraw FOLDER OBS --reason WORDS.")  # fmt: skip
    mission = Mission.open(folder, keys)
    made = (
        withdrawing.restore(mission, restore, role=role, reason=reason) if restore
        else withdrawing.withdraw(mission, observations or [], role=role, reason=reason)
    )  # fmt: skip
    name = made.body.withdrawal_id  # type: ignore[attr-defined]
    what = (
        f"{restore} taken back"
        if restore
        else f"{len(set(observations or [])):,} observations no longer stand"
    )
    emit(
        {"log_entry": made.index, "withdrawal_id": name, "restored": restore}, as_json,
        f"Entry {made.index}: {name}, {what}.\nNext: {PROGRAM} fuse {folder}",
    )  # fmt: skip
