"""`truceline backup`, `restore`, `succeed`, `upgrade`: a copy, the way back from it, the way on without it, and up to date."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from truceline.cli.common import PROGRAM, AsJson, Folder, Keys, emit, note
from truceline.log.http import Client
from truceline.log.levels import policies
from truceline.mission import backing_up, upgrading

HeldFiles = Annotated[
    list[Path] | None,
    typer.Option("--held", metavar="FILE", exists=True, dir_okay=False, help="A checkpoint that a witness or a party holds; repeat.", show_default=False),
]  # fmt: skip


def backup(
    folder: Folder,
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="Empty folder, or an older backup of this mission.", show_default=False)],
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Copy log, originals, ciphertexts, reports and policies. Never private keys, never `sealed/keys`, no views."""
    made = backing_up.backup(folder, target)
    emit(
        asdict(made),
        as_json,
        f"{made.log_size:,} entries and what they name in {target}; {made.copied:,} files copied now. It verifies.",
    )


def restore(
    saved: Annotated[Path, typer.Argument(metavar="BACKUP", help="A backup.", show_default=False)],
    target: Annotated[Path, typer.Argument(metavar="FOLDER", help="Empty folder for the mission.", show_default=False)],
    held: HeldFiles = None,
    mirror: Annotated[list[str] | None, typer.Option(metavar="DIR|URL", help="A copy of the log that somebody holds, e.g. a party's stick, or where its mirror is published; repeat.", show_default=False)] = None,
    without: Annotated[list[str] | None, typer.Option(metavar="NAME", help="A cosigner that does not answer and was asked in another way, or is gone for good; repeat.", show_default=False)] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody over the network: what counts is given with --held and --mirror.")] = False,
    nobody_cosigned: Annotated[bool, typer.Option("--nobody-cosigned", help="Nobody ever cosigned this log.")] = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Make a mission from a backup. Refuses to resume behind what somebody cosigned; refills from mirrors.

    Witnesses and mirrors that the backup's policies name with an address are asked how far they cosigned. Needs the extra `serve`.
    """
    client = None if offline or nobody_cosigned or not _has_addresses(saved) else Client()
    made = backing_up.restore(
        saved, target, held=[(str(one), one.read_bytes()) for one in held or []], mirrors=mirror or [], nobody_cosigned=nobody_cosigned,
        sender=client, without=without or [], say=note,
    )  # fmt: skip
    lines = [
        f"{made.log_size:,} entries stand in {target}: {made.backup_size:,} from the backup, {made.refilled:,} from mirrors; "
        f"the newest that somebody cosigned is {made.cosigned_size:,}.",
        *(f"missing: {one}" for one in made.missing),
        f"Put `sealed/keys` back from its own copy, and give the keys with --keys. Then: {PROGRAM} log verify {target}",
    ]
    emit(asdict(made), as_json, "\n".join(lines))


def _has_addresses(saved: Path) -> bool:
    return any(one.url for policy in policies(saved).values() for one in policy.witnesses.values())


def succeed(
    old: Annotated[
        Path, typer.Argument(metavar="OLD", help="What is left of the old mission.", show_default=False)
    ],
    target: Annotated[
        Path, typer.Argument(metavar="NEW", help="Empty folder for the new one.", show_default=False)
    ],
    held: HeldFiles = None,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:
    """Close a log whose end is lost: begin a new one whose first entry embeds the checkpoints that others hold of it."""
    mission = backing_up.succeed(
        old, target, held=[(str(one), one.read_bytes()) for one in held or []], keys=keys
    )
    embedded = len(mission.genesis.succeeds)
    emit(
        {"folder": str(target), "origin": mission.log.origin, "embedded": embedded, "keys": str(mission.keys.folder)}, as_json,
        f"A new log stands in {target}; its first entry embeds {embedded} checkpoints of the old one. "
        f"New keys are in {mission.keys.folder}.",
    )  # fmt: skip


def upgrade(folder: Folder, keys: Keys = None, as_json: AsJson = False) -> None:
    """Bring a mission that an older version made up to date. What is on its log stays, and stays verifiable."""
    made = upgrading.upgrade(folder, keys)
    lines = [*(f"done: {one}" for one in made.done), *(f"left to do: {one}" for one in made.left)]
    emit(
        asdict(made),
        as_json,
        "\n".join([*(lines or ["Nothing to do."]), f"{made.log_size:,} entries verify."]),
    )
