"""Witnessing without a server: the published log on a stick, and cosignatures that travel back.

    STICK/log/             checkpoint and tile/..., as published
    STICK/cosignatures/    <name>.cosigned: the checkpoint with that party's cosignature

The party's own state and key lie elsewhere, never on the stick. They are those of `log/witness.py`: a party may take a
stick today and run the service tomorrow, and one memory guards both.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from truceline.errors import EnvironmentFailure, LogError
from truceline.log.chain import Chain
from truceline.log.checkpoints import Checkpoint, read_checkpoint
from truceline.log.cosignatures import Cosignature, CosignerKey, check_cosignatures
from truceline.log.files import write_durably
from truceline.log.locking import locked
from truceline.log.notes import VerifierKey
from truceline.log.origins import read_origin
from truceline.log.refilling import bare_note
from truceline.log.requests import AddCheckpoint
from truceline.log.sources import DiskSource
from truceline.log.tiles import WIDTH
from truceline.log.tree import TileTree
from truceline.log.witness import Watched, Witness

MOST = 64
"""Cosignatures that are read from one stick."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a stick holds: a log that extends what was cosigned, every entry recomputed."""

    checkpoint: Checkpoint  # its note bears the log's signature alone
    tree: TileTree
    before: int  # size that was cosigned before; 1 is the genesis that was pinned


def export(folder: Path, stick: Path) -> Checkpoint:
    """Put the published log of a mission on a stick; full tiles that are there already are not copied again.

    Raises:
        EnvironmentFailure: ENV-001. LogError: LOG-036, LOG-037, LOG-031.
    """
    key = read_origin(folder)
    with locked(folder / "state" / "origin", shared=True):
        note = DiskSource(folder / "log").checkpoint()
        checkpoint, _, _ = read_checkpoint(note, key, str(folder / "log" / "checkpoint"))
        try:
            _mirror_files(folder / "log", stick / "log")
        except OSError as problem:
            raise EnvironmentFailure(
                "ENV-001", "the stick must take the files", where=str(problem.filename or stick), value=problem.strerror,
                remedy="Free space on it, then run the same command again.",
            ) from problem  # fmt: skip
        write_durably(stick / "log" / "checkpoint", note)
    return checkpoint


def check(stick: Path, held: Watched) -> Checked:
    """Check what a stick holds against what this party pinned and cosigned; changes nothing.

    Every entry is recomputed: signatures, authors, keys, bundles, tiles, root.

    Raises:
        LogError: LOG-044, it does not extend what was cosigned, or begins with another entry; LOG-043, it is older; and
            what `log verify` finds.
    """
    source = DiskSource(stick / "log")
    where = str(stick / "log" / "checkpoint")
    signed, _, _ = read_checkpoint(source.checkpoint(), held.key, where)
    checkpoint = Checkpoint(signed.size, signed.root, bare_note(signed.note, held.key.name))
    tree = TileTree.load(source, checkpoint.size, checkpoint.root)
    if held.size > checkpoint.size:
        raise LogError(
            "LOG-043", "the log may only grow", where=str(stick), value=checkpoint.size,
            remedy=f"You cosigned {held.size} entries: ask for a newer stick, and why this one is older.",
        )  # fmt: skip
    if tree.root_at(held.size) != held.root:
        raise LogError(
            "LOG-044", "the log must extend the checkpoint that was held", where=f"size {held.size}", value="another root",
            remedy="You were shown another history. Keep the stick, sign nothing, and compare with the other parties.",
        )  # fmt: skip
    chain = Chain(held.key, tree.root_at)
    for number in range(-(-checkpoint.size // WIDTH)):
        for one in tree.bundle(number):
            chain.admit(one)
    return Checked(checkpoint, tree, held.size)


def cosign_stick(stick: Path, witness: Witness, origin: str) -> Checked:
    """Check a stick, and leave this witness's cosignature on it; the witness remembers before it signs.

    Raises:
        LogError: as `check`; LOG-058 the log is not watched, LOG-059 the state was put back, LOG-060 the witness refused.
        EnvironmentFailure: ENV-001.
    """
    witness.refuse_rollback()
    made = check(stick, watched(witness, origin))
    proof = tuple(made.tree.prove_consistency(made.before)) if made.before < made.checkpoint.size else ()
    answer = witness.add_checkpoint(AddCheckpoint(made.before, proof, made.checkpoint.note).dump())
    if answer.status != 200:
        raise LogError(
            "LOG-060", "a witness must cosign what extends its checkpoint", value=answer.why,
            remedy="Somebody else used this state meanwhile: run the same command again.",
        )  # fmt: skip
    name = signer_file(witness.key.name)
    write_durably(stick / "cosignatures" / name, made.checkpoint.note + answer.body)
    return made


def watched(witness: Witness, origin: str) -> Watched:
    """What a witness holds of a log. Raises LogError LOG-058."""
    for one in witness.watched():
        if one.key.name == origin:
            return one
    raise LogError(
        "LOG-058",
        "a log must be watched before it is cosigned",
        value=origin,
        remedy="Add it with --log and --genesis.",
    )


def collect(
    stick: Path, key: VerifierKey, cosigners: list[CosignerKey]
) -> list[tuple[Checkpoint, list[Cosignature]]]:
    """The cosignatures that a stick brings back, checked, with the checkpoint that each is over.

    Raises:
        LogError: LOG-011..013, LOG-031, LOG-051, one that is none; LOG-135, of somebody unknown.
    """
    found = []
    for path in sorted((stick / "cosignatures").glob("*.cosigned"))[:MOST]:
        signed, text, lines = read_checkpoint(path.read_bytes(), key, str(path))
        made = check_cosignatures(text, lines, cosigners)
        if not made:
            raise LogError(
                "LOG-135", "a cosignature must be of somebody whom a policy knows", where=str(path),
                remedy="Enter the party's cosigner key, as the party gives it, into policy/receipt.policy and policy/final.policy.",
            )  # fmt: skip
        found.append((Checkpoint(signed.size, signed.root, bare_note(signed.note, key.name)), made))
    return found


def signer_file(name: str) -> str:
    """A file name for a cosigner's name."""
    return "".join(letter if letter.isalnum() or letter in "-._" else "_" for letter in name) + ".cosigned"


def _mirror_files(source: Path, target: Path) -> None:
    """Full tiles never change; the partial ones of this size replace those of the last."""
    wanted = {
        path.relative_to(source)
        for path in source.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    for name in sorted(wanted):
        here, there = source / name, target / name
        if ".p" in str(name) or not there.is_file() or there.stat().st_size != here.stat().st_size:
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(here, there)
    for path in [one for one in target.rglob("*") if one.is_file()]:
        if path.relative_to(target) not in wanted:
            path.unlink()
