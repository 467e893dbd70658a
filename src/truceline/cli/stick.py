"""`truceline stick`: witnessing for a party without servers, by a stick that travels."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Annotated

import typer

from truceline.cli.common import PROGRAM, AsJson, Folder, emit
from truceline.log import stick as sticks
from truceline.log.checkpoints import read_checkpoint
from truceline.log.cosignatures import CosignerKey
from truceline.log.fingerprint import compare, fingerprint
from truceline.log.log import read_origin
from truceline.log.notes import SigningKey, VerifierKey
from truceline.log.policies import Policy
from truceline.log.sources import DiskSource
from truceline.mission.cosigned import keep

app = typer.Typer(
    help="Witness the log without a server: export, pin, check, cosign, collect.", no_args_is_help=True
)
Stick = Annotated[Path, typer.Argument(metavar="STICK", help="Folder on the stick.", show_default=False)]
Held = Annotated[Path, typer.Option("--held", metavar="FOLDER", help="What your party holds: pin, key, last checkpoint. Never on the stick.", show_default=False)]  # fmt: skip


@app.command()
def export(folder: Folder, stick: Stick, as_json: AsJson = False) -> None:
    """Put the published log on a stick, for a party to check and cosign."""
    made = sticks.export(folder, stick)
    digits = fingerprint(read_origin(folder).name, made.size, made.root)
    emit(
        {"size": made.size, "root": made.root.hex(), "fingerprint": digits},
        as_json,
        f"{made.size:,} entries on {stick}.\nFingerprint: {digits}",
    )


@app.command()
def pin(
    held: Held,
    log_key: Annotated[str, typer.Option(metavar="LINE", help="The log's public key, told by another way than the stick.", show_default=False)],
    genesis: Annotated[str, typer.Option(metavar="HEX", help="The hash of the log's first entry, told in the same way.", show_default=False)],
    name: Annotated[str, typer.Option(help="Name of your cosigner, e.g. north.example/witness.", show_default=False)],
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Begin to witness a log: fix its key and first entry, make your cosigner key, print its public line."""
    sticks.pin(held, VerifierKey.parse(log_key), genesis, SigningKey(name, secrets.token_bytes(32)))
    line = str(CosignerKey.of(sticks.signer_of(held)))
    emit({"cosigner": line}, as_json, line)


@app.command("show-pin")
def show_pin(folder: Folder, as_json: AsJson = False) -> None:
    """What a mission tells every party, in person: the log's key, and the hash of its first entry."""
    key = read_origin(folder)
    from truceline.log.log import Log

    genesis = Log.open(folder).tree.leaf(0).hex()
    emit({"log_key": str(key), "genesis": genesis}, as_json, f"--log-key {key}\n--genesis {genesis}")


@app.command()
def check(stick: Stick, held: Held, as_json: AsJson = False) -> None:
    """Recompute everything on the stick, and that it extends what you cosigned last. Signs nothing."""
    made = sticks.check(stick, held)
    digits = fingerprint(made.key.name, made.checkpoint.size, made.checkpoint.root)
    emit(
        {"size": made.checkpoint.size, "before": made.before, "entries": made.entries, "fingerprint": digits}, as_json,
        f"{made.entries:,} entries recomputed; it extends the {made.before:,} that you cosigned.\nFingerprint: {digits}",
    )  # fmt: skip


@app.command()
def cosign(stick: Stick, held: Held, as_json: AsJson = False) -> None:
    """Check the stick, remember its checkpoint, and leave your cosignature on it."""
    made = sticks.cosign_stick(stick, held, int(time.time()))
    digits = fingerprint(made.key.name, made.checkpoint.size, made.checkpoint.root)
    emit(
        {"size": made.checkpoint.size, "before": made.before, "entries": made.entries, "fingerprint": digits}, as_json,
        f"Cosigned {made.checkpoint.size:,} entries (before: {made.before:,}). Fingerprint: {digits}\n"
        f"Carry the stick back: `{PROGRAM} stick collect`.",
    )  # fmt: skip


@app.command()
def collect(
    folder: Folder,
    stick: Stick,
    policy: Annotated[
        Path, typer.Option(metavar="FILE", help="The policy that names the cosigners.", show_default=False)
    ],
    as_json: AsJson = False,
) -> None:
    """Take back the cosignatures that a stick brings, and keep them beside the log."""
    rule, key = Policy.load(policy), read_origin(folder)
    found = sticks.collect(stick, key, [one.key for one in rule.witnesses.values()])
    kept = [keep(folder, key, checkpoint, line) for checkpoint, _, line in found]
    rows = [{"size": one.size, "cosigner": who.name} for one, who, _ in found]
    judged = [rule.judge(path.read_bytes(), str(path)) for path in kept]
    lines = [
        f"{row['cosigner']} cosigned {row['size']:,} entries: " + ("the policy is satisfied." if one.satisfied else f"still missing {', '.join(one.missing)}.")
        for row, one in zip(rows, judged, strict=True)
    ]  # fmt: skip
    emit(
        {"cosignatures": rows, "satisfied": [one.satisfied for one in judged]},
        as_json,
        "\n".join(lines) or "The stick brings no cosignature.",
    )


@app.command("fingerprint")
def fingerprint_(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A mission, or a stick.", show_default=False)],
    heard: Annotated[str, typer.Option(metavar="DIGITS", help="What the other side read out, to compare.")] = "",
    log_key: Annotated[str, typer.Option(metavar="LINE", help="The log's key, for a stick.")] = "",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """The checkpoint as eight groups of six digits, to read to each other over the hotline."""
    key = VerifierKey.parse(log_key) if log_key else read_origin(folder)
    at, _, _ = read_checkpoint(DiskSource(folder / "log").checkpoint(), key, str(folder))
    digits = fingerprint(key.name, at.size, at.root)
    if heard:
        compare(digits, heard)
    emit(
        {"size": at.size, "fingerprint": digits, "same": bool(heard)}, as_json,
        f"Size {at.size:,}\n{digits}" + ("\nThe same: both hold this checkpoint." if heard else ""),
    )  # fmt: skip
