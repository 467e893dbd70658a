"""Witnessing without a server: the published log on a stick, and cosignatures that travel back.

    STICK/log/             checkpoint and tile/..., as published
    STICK/cosignatures/    <name>: the checkpoint with that party's cosignature

What a party holds lies in a folder of its own, never on the stick:

    HELD/pin               the log's key, and the hash of its first entry: given by another way, never taken from a stick
    HELD/held              the checkpoint that was cosigned last; replaced before a cosignature leaves
    HELD/ring, cosigner.key  the party's key, encrypted (log/keystore.py)
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from truceline.errors import EnvironmentFailure, LogError, UsageError
from truceline.log.chain import Chain
from truceline.log.checkpoints import EMPTY, Checkpoint, read_checkpoint
from truceline.log.cosignatures import CosignerKey, check_cosignatures, cosign
from truceline.log.entries import Entry
from truceline.log.files import write_durably
from truceline.log.keystore import KeyStore
from truceline.log.locking import locked
from truceline.log.notes import SigningKey, VerifierKey
from truceline.log.sources import DiskSource
from truceline.log.tiles import WIDTH
from truceline.log.tree import TileTree

PIN, HELD, KEY = "pin", "held", "cosigner.key"
MOST = 64
"""Cosignatures that are read from one stick."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a stick holds: a log that extends the one held, every new entry recomputed."""

    checkpoint: Checkpoint
    text: bytes
    key: VerifierKey
    before: int  # size of the checkpoint held
    entries: int  # recomputed now


def export(folder: Path, stick: Path) -> Checkpoint:
    """Put the published log of a mission on a stick; what is there already is not copied again.

    Raises:
        EnvironmentFailure: ENV-001. LogError: LOG-036, LOG-037, LOG-031.
    """
    from truceline.log.log import read_origin

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


def pin(held: Path, key: VerifierKey, genesis: str, signer: SigningKey) -> None:
    """Begin to witness a log: whose key and first entry were told by another way than the stick.

    Args:
        genesis: hex, the hash of the first entry's leaf.
    Raises:
        UsageError: LOG-132, another log is pinned there. EnvironmentFailure: ENV-001.
    """
    text = f"{key}\n{genesis}\n".encode()
    path = held / PIN
    if path.exists() and path.read_bytes() != text:
        raise UsageError(
            "LOG-132", "a folder of what a party holds is for one log", where=str(path),
            remedy="Choose another folder. If the log was closed and has a successor, that is another log.",
        )  # fmt: skip
    store = KeyStore(held)
    store.create()
    if not (held / KEY).exists():
        store.write(KEY, signer.line())
    write_durably(path, text)


def pinned(held: Path) -> tuple[VerifierKey, str]:
    """The log's key and the hash of its first entry. Raises UsageError LOG-133."""
    try:
        line, genesis, end = (held / PIN).read_text(encoding="utf-8").split("\n")
        if end or len(bytes.fromhex(genesis)) != 32:
            raise ValueError
        return VerifierKey.parse(line), genesis
    except (OSError, ValueError, LogError) as problem:
        raise UsageError(
            "LOG-133", "a party must have pinned the log before", where=str(held / PIN),
            remedy="Run `truceline stick pin` with the log's key and genesis, as the mission gave them to all parties.",
        ) from problem  # fmt: skip


def signer_of(held: Path) -> SigningKey:
    """The party's own cosigner key. Raises UsageError LOG-120..122, LogError LOG-014."""
    return SigningKey.from_line(KeyStore(held).read(KEY))


def check(stick: Path, held: Path, visit: Callable[[Entry], None] = lambda entry: None) -> Checked:
    """Check what a stick holds against what this party pinned and cosigned before; changes nothing.

    Every entry is recomputed: signatures, authors, keys, bundles, tiles, root.

    Raises:
        UsageError: LOG-133. LogError: LOG-134, another first entry; LOG-044, it does not extend what was cosigned;
            LOG-043, it is older; as `log verify` finds.
    """
    key, genesis = pinned(held)
    source = DiskSource(stick / "log")
    note = source.checkpoint()
    checkpoint, text, _ = read_checkpoint(note, key, str(stick / "log" / "checkpoint"))
    before = _held(held, key)
    tree = TileTree.load(source, checkpoint.size, checkpoint.root)
    if tree.leaf(0).hex() != genesis:
        raise LogError(
            "LOG-134", "the log must begin with the entry that was pinned", where=str(stick), value=tree.leaf(0).hex()[:16],
            remedy="It is another log under the same name: compare with the mission and the other parties.",
        )  # fmt: skip
    if before.size > checkpoint.size:
        raise LogError(
            "LOG-043", "the log may only grow", where=str(stick), value=checkpoint.size,
            remedy=f"You cosigned {before.size} entries: ask for a newer stick, and why this one is older.",
        )  # fmt: skip
    if before.size and tree.root_at(before.size) != before.root:
        raise LogError(
            "LOG-044", "the log must extend the checkpoint that was held", where=f"size {before.size}", value="another root",
            remedy="You were shown another history. Keep the stick, sign nothing, and compare with the other parties.",
        )  # fmt: skip
    chain = Chain(key, tree.root_at)
    for number in range(-(-checkpoint.size // WIDTH)):
        for one in tree.bundle(number):
            visit(chain.admit(one))
    return Checked(checkpoint, text, key, before.size, checkpoint.size)


def cosign_stick(stick: Path, held: Path, time_s: int) -> Checked:
    """Check a stick, remember its checkpoint, and leave a cosignature on it.

    What is remembered is on the disk before the signature is on the stick, and compared under a lock.

    Raises:
        as `check`; UsageError: LOG-120..122. EnvironmentFailure: ENV-001, ENV-003.
    """
    signer = signer_of(held)
    with locked(held):
        made = check(stick, held)
        write_durably(held / HELD, made.checkpoint.note)
        line = cosign(made.text, signer, time_s)
        own, _ = made.checkpoint.note.split(b"\n\n", 1)
        log_lines = [
            raw for raw in made.checkpoint.note[len(own) + 2 :].splitlines(keepends=True)
            if raw.decode().split(" ")[1] == made.key.name
        ]  # fmt: skip
        write_durably(
            stick / "cosignatures" / signer_file(signer.name), own + b"\n\n" + b"".join(log_lines) + line
        )
    return made


def collect(
    stick: Path, key: VerifierKey, cosigners: list[CosignerKey]
) -> list[tuple[Checkpoint, CosignerKey, bytes]]:
    """The cosignatures that a stick brings back, checked: checkpoint, whose, and the signature line.

    Raises:
        LogError: LOG-011, LOG-012, LOG-013, LOG-031, LOG-051, one that is none; LOG-135, of somebody unknown.
    """
    found = []
    for path in sorted((stick / "cosignatures").glob("*.cosigned"))[:MOST]:
        checkpoint, text, lines = read_checkpoint(path.read_bytes(), key, str(path))
        made = check_cosignatures(text, lines, cosigners)
        if not made:
            raise LogError(
                "LOG-135", "a cosignature must be of somebody whom the policy knows", where=str(path),
                remedy="Enter the party's cosigner key, as the party gives it, into the policy.",
            )  # fmt: skip
        found += [(checkpoint, one.key, one.line) for one in made]
    return found


def signer_file(name: str) -> str:
    """A file name for a cosigner's name."""
    return "".join(letter if letter.isalnum() or letter in "-._" else "_" for letter in name) + ".cosigned"


def _held(held: Path, key: VerifierKey) -> Checkpoint:
    path = held / HELD
    return read_checkpoint(path.read_bytes(), key, str(path))[0] if path.exists() else EMPTY


def _mirror_files(source: Path, target: Path) -> None:
    """Full tiles never change; the partial ones of this size replace those of the last."""
    wanted = {
        path.relative_to(source)
        for path in source.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    for name in sorted(wanted):
        there = target / name
        if not (
            there.is_file()
            and there.stat().st_size == (source / name).stat().st_size
            and ".p" not in str(name)
        ):
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, there)
    for path in [one for one in target.rglob("*") if one.is_file()]:
        if path.relative_to(target) not in wanted and path.name != "checkpoint":
            path.unlink()
