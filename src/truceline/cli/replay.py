"""`truceline replay`: everything again, compared with what was logged."""

from __future__ import annotations

import typer

from truceline.cli.common import AsJson, Folder, Keys, Progress, emit
from truceline.mission.replaying import replay_folder


def replay(folder: Folder, keys: Keys = None, as_json: AsJson = False) -> None:
    """Recompute incidents, findings and figures from the log, at the clearance of the keys at hand."""
    progress = Progress(not as_json)
    made = replay_folder(folder, keys, lambda step: progress.say(f"recomputing: {step}"))
    progress.done()
    lines = [f"compared: {one}" for one in made.compared] + [
        f"not compared: {one}" for one in made.not_compared
    ]
    lines += [f"within the tolerance: {one}" for one in made.tolerated]
    lines.append("identical" if made.identical else f"DIFFERENT: {made.difference}")
    emit(made.as_dict(), as_json, "\n".join([f"clearance: {made.clearance}", *lines]))
    if not made.identical:
        raise typer.Exit(1)
