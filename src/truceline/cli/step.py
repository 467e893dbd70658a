"""`truceline step`: record an act about a step of the plan; its state is computed."""

from __future__ import annotations

from typing import Annotated

import typer

from truceline.agreement.plan import ACTS
from truceline.cli.common import AsJson, Folder, Keys, emit
from truceline.cli.plan import moment
from truceline.mission import planning
from truceline.mission.clock import iso
from truceline.mission.mission import Mission


def step(
    folder: Folder,
    step_id: Annotated[str, typer.Argument(metavar="STEP", help="Id of the step.", show_default=False)],
    act: Annotated[str, typer.Argument(metavar="ACT", help=f"Of {', '.join(ACTS)}, amended.", show_default=False)],
    because: Annotated[str, typer.Option(help="Why, in a line.")] = "",
    at: Annotated[str, typer.Option(metavar="TIME", help="When it took place, or since when new terms hold; now unless given.", show_default=False)] = "",
    deadline: Annotated[str, typer.Option(metavar="TIME", help="The new deadline, for amended.", show_default=False)] = "",
    evidence: Annotated[list[str] | None, typer.Option(help="Id of a record that shows it; repeat.", show_default=False)] = None,
    role: Annotated[str, typer.Option(help="Whose key signs; a verification counts from those whom the plan names.")] = "registrar",
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Record that a step was begun, reported, verified, disputed, retracted, amended; or that a guarantee lapsed or was restored."""
    mission = Mission.open(folder, keys)
    when = iso(moment(at, "--at", 0)) if at else ""
    ends = iso(moment(deadline, "--deadline", 0)) if deadline else ""
    entry = planning.record_act(
        mission,
        step_id,
        act,
        role=role,
        because=because,
        at=when,
        deadline=ends,
        evidence=tuple(evidence or ()),
    )
    state = next(one.state for one in planning.planned(mission).status(mission.clock_ms()) if one.step.id == step_id)  # fmt: skip
    emit(
        {"log_entry": entry.index, "step": step_id, "act": act, "state": state}, as_json,
        f"Entry {entry.index}: {step_id} {act}; it is now {state.replace('_', ' ')}.",
    )  # fmt: skip
