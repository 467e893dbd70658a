"""`truceline stick`: witnessing for a party without servers, by a stick that travels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.cli.common import PROGRAM, AsJson, Folder, emit
from truceline.errors import UsageError
from truceline.log import stick as sticks
from truceline.log.checkpoints import read_checkpoint
from truceline.log.fingerprint import compare, fingerprint
from truceline.log.keystore import KeyStore
from truceline.log.levels import known_cosigners
from truceline.log.log import Log
from truceline.log.notes import VerifierKey
from truceline.log.origins import read_origin
from truceline.log.services import cosigner_key
from truceline.log.sources import DiskSource
from truceline.log.witness import Witness
from truceline.mission.cosigned import keep

app = typer.Typer(
    help="Witness the log without a server: export, check, cosign, collect; compare by telephone.",
    no_args_is_help=True,
)
Stick = Annotated[Path, typer.Argument(metavar="STICK", help="Folder on the stick.", show_default=False)]
State = Annotated[Path, typer.Option("--state", metavar="FOLDER", help="Folder of your witness's own state. Never on the stick.", show_default=False)]  # fmt: skip
WitnessKeys = Annotated[Path, typer.Option("--keys", metavar="FOLDER", help="Folder of your cosigner's private key. Never on the stick.", show_default=False)]  # fmt: skip
Cosigner = Annotated[
    str, typer.Option("--name", help="Name of your cosigner, e.g. north.example/witness.", show_default=False)
]
LogLine = Annotated[str, typer.Option("--log", metavar="VKEY", help="The log's key, as `truceline log identity` prints it; told in person, not by the stick.", show_default=False)]  # fmt: skip
Genesis = Annotated[str, typer.Option("--genesis", metavar="HEX", help="Hash of the log's first entry, told in the same way.", show_default=False)]  # fmt: skip


@app.command()
def export(folder: Folder, stick: Stick, as_json: AsJson = False) -> None:
    """Put the published log on a stick, for a party to check and cosign."""
    made = sticks.export(folder, stick)
    digits = fingerprint(read_origin(folder).name, made.size, made.root)
    emit(
        {"size": made.size, "root": made.root.hex(), "fingerprint": digits}, as_json,
        f"{made.size:,} entries on {stick}.\nFingerprint: {digits}",
    )  # fmt: skip


@app.command()
def check(
    stick: Stick,
    state: State,
    keys: WitnessKeys,
    name: Cosigner,
    log: LogLine,
    genesis: Genesis,
    as_json: AsJson = False,
) -> None:
    """Recompute everything on the stick, and that it extends what you cosigned last. Signs nothing."""
    witness, key = _witness(state, keys, name, log, genesis)
    made = sticks.check(stick, sticks.watched(witness, key.name))
    _say(
        made,
        key,
        str(witness.key),
        f"{made.checkpoint.size:,} entries recomputed; they extend the {made.before:,} that you hold.",
        as_json,
    )


@app.command()
def cosign(
    stick: Stick,
    state: State,
    keys: WitnessKeys,
    name: Cosigner,
    log: LogLine,
    genesis: Genesis,
    as_json: AsJson = False,
) -> None:
    """Check the stick, remember its checkpoint, and leave your cosignature on it."""
    witness, key = _witness(state, keys, name, log, genesis)
    made = sticks.cosign_stick(stick, witness, key.name)
    _say(
        made, key, str(witness.key),
        f"{made.checkpoint.size:,} entries cosigned (before: {made.before:,}). Carry the stick back: `{PROGRAM} stick collect`.", as_json,
    )  # fmt: skip


@app.command()
def collect(folder: Folder, stick: Stick, as_json: AsJson = False) -> None:
    """Take back the cosignatures that a stick brings; the policies in `policy/` say whose count."""
    log = Log.open(folder)
    known = known_cosigners(folder)
    rows: list[dict[str, object]] = []
    lines: list[str] = []
    for checkpoint, made in sticks.collect(stick, log.key, known):
        reached = log.attach(checkpoint, keep(folder, log.key, checkpoint, made, known))
        names = [one.key.name for one in made]
        rows.append({"size": checkpoint.size, "cosigners": names, "reached": reached})
        lines.append(
            f"{', '.join(names)} cosigned {checkpoint.size:,} entries; reached: {', '.join(reached) or 'no level yet'}."
        )
    emit({"collected": rows}, as_json, "\n".join(lines) or "The stick brings no cosignature.")


@app.command("fingerprint")
def fingerprint_(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A mission, or a stick (with --log).", show_default=False)],
    heard: Annotated[str, typer.Option(metavar="DIGITS", help="What the other side read out, to compare.")] = "",
    log: Annotated[str, typer.Option("--log", metavar="VKEY", help="The log's key, for a stick.")] = "",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """The checkpoint as eight groups of six digits, to read to each other over the hotline."""
    key = VerifierKey.parse(log) if log else read_origin(folder)
    at, _, _ = read_checkpoint(DiskSource(folder / "log").checkpoint(), key, str(folder))
    digits = fingerprint(key.name, at.size, at.root)
    if heard:
        compare(digits, heard)
    emit(
        {"size": at.size, "fingerprint": digits, "same": bool(heard)}, as_json,
        f"Size {at.size:,}\n{digits}" + ("\nThe same: both hold this checkpoint." if heard else ""),
    )  # fmt: skip


def _witness(state: Path, keys: Path, name: str, log: str, genesis: str) -> tuple[Witness, VerifierKey]:
    key = VerifierKey.parse(log)
    try:
        root = bytes.fromhex(genesis)
        if len(root) != 32:
            raise ValueError
    except ValueError as problem:
        raise UsageError(
            "LOG-134", "the hash of the first entry must be 64 hex digits", where="--genesis", value=genesis,
            remedy="Copy it from `truceline log identity`, as the mission gave it to all parties.",
        ) from problem  # fmt: skip
    witness = Witness(state, cosigner_key(KeyStore(keys), name), keys / "cosigned")
    witness.watch(key, root)
    return witness, key


def _say(made: sticks.Checked, key: VerifierKey, cosigner: str, text: str, as_json: bool) -> None:
    digits = fingerprint(key.name, made.checkpoint.size, made.checkpoint.root)
    emit(
        {"size": made.checkpoint.size, "before": made.before, "fingerprint": digits, "cosigner": cosigner}, as_json,
        f"{text}\nFingerprint: {digits}\nYour cosigner: {cosigner}",
    )  # fmt: skip
