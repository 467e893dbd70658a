"""`truceline log settings`: what the log pins about itself, and how operator and commission change it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.cli.common import PROGRAM, AsJson, Folder, Keys, emit, table
from truceline.log.entries import missing_signers
from truceline.log.files import write_durably
from truceline.mission import settings as acts
from truceline.mission.handing_in import hand_in
from truceline.mission.mission import DEFAULTS, Mission
from truceline.mission.pinning import change

PolicyText = Annotated[
    Path | None,
    typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Policy that is to be pinned (c2sp.org/tlog-policy).", show_default=False),
]  # fmt: skip


def settings(
    folder: Folder,
    receipt: PolicyText = None,
    final: PolicyText = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help=f"A setting: {', '.join(acts.CHANGEABLE)}. May be repeated.", show_default=False)] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands on the log.")] = "",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the entry to a file for others to sign, and submit nothing.", show_default=False)] = None,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Show the settings and policies that the log pins, or change some. A change takes the keys of operator and commission."""
    mission = Mission.open(folder, keys)
    given = {name: path for name, path in (("receipt", receipt), ("final", final)) if path is not None}
    if not given and not set_:
        _show(mission, as_json)
        return
    note = change(
        mission, acts.parse(set_ or []), {name: path.read_text("utf-8", "surrogateescape") for name, path in given.items()}, reason
    )  # fmt: skip
    if out is not None:
        write_durably(out, note)
        missing = missing_signers(note)
        emit(
            {"file": str(out), "missing": missing}, as_json,
            f"{out}: " + (f"to be signed by {', '.join(missing)} (`{PROGRAM} log sign`)." if missing else f"whole; `{PROGRAM} log submit` hands it in."),
        )  # fmt: skip
        return
    index = hand_in(mission, note)
    emit({"entry": index, "policies": sorted(given)}, as_json, f"Changed by entry {index}.")


def _show(mission: Mission, as_json: bool) -> None:
    pinned, laid = mission.log.chain.pinned, acts.lay_out(mission)
    rows = [(name, str(mission.setting(name))) for name in sorted(DEFAULTS)]
    policies = {name: {"entry": at, "text": text} for name, (at, text) in pinned.entries.items()}
    said = [f"{name} policy, entry {at}:\n{text}" for name, (at, text) in pinned.entries.items()]
    said += [f"policy/{name}.policy was not the pinned one; it is now." for name in laid]
    emit(
        {"settings": {name: mission.setting(name) for name in sorted(DEFAULTS)}, "policies": policies, "laid_out": laid}, as_json,
        table(rows, ("setting", "value")) + "\n\n" + ("\n".join(said) or "No policy is pinned: anybody who audits needs one of their own."),
    )  # fmt: skip
