"""Proofs for anybody: made from the folder of a log, checked with a policy and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from truceline.errors import LogError
from truceline.log.checkpoints import Checkpoint
from truceline.log.entries import entry_id, unchecked
from truceline.log.levels import levels
from truceline.log.log import Log
from truceline.log.merkle import leaf_hash, verify_inclusion
from truceline.log.policies import Policy
from truceline.log.proofs import Proof


@dataclass(frozen=True, slots=True)
class Made:
    """A proof, the size of its checkpoint, and how far that was cosigned."""

    proof: Proof
    size: int
    level: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a proof shows: an entry as its author signed it (that signature needs the log's keys), and who cosigned."""

    origin: str
    index: int
    id: str
    kind: str
    author: str
    at: str
    size: int
    witnesses: tuple[str, ...]


def prove(log: Log, entry: str) -> Made:
    """The proof of an entry, by id or index, under the best checkpoint that covers it: final, receipt, recorded.

    Raises:
        LogError: LOG-063, no such entry; LOG-030, LOG-037, LOG-039, the log was altered.
    """
    index = log.index_of(entry) if re.fullmatch("[0-9a-f]{64}", entry) else None
    if index is None and re.fullmatch("[0-9]{1,18}", entry):
        index = int(entry)
    if index is None or index >= log.size:
        raise LogError(
            "LOG-063", "a proof must be of an entry of this log", where=str(log.folder), value=entry,
            remedy="`truceline log show` lists index and, with --json, id.",
        )  # fmt: skip
    at, note, name = _best(log, index)
    hashes = log.tree.prove_inclusion(index, at.size)
    found = log.notes[index]
    verify_inclusion(leaf_hash(found), index, at.size, hashes, at.root)
    return Made(Proof(found, index, tuple(hashes), note), at.size, name)


def _best(log: Log, index: int) -> tuple[Checkpoint, bytes, str]:
    for level in reversed(levels(log.folder, log.key)):
        if level.reached is not None and index < level.reached.checkpoint.size <= log.size:
            return level.reached.checkpoint, level.reached.checkpoint.note, level.name
    return log.at, log.cosigned_note(), "recorded"


def verify(raw: bytes, policy: Policy, own: str = "") -> Shown:
    """Check a proof bundle; needs no network.

    Raises:
        LogError: LOG-002, LOG-011..013, LOG-022, LOG-031, LOG-051, LOG-053..056.
    """
    proof = Proof.parse(raw)
    judged = proof.verify(policy, own)
    origin = judged.checkpoint.note.partition(b"\n")[0].decode()
    entry = unchecked(origin, proof.entry)
    return Shown(
        origin, proof.index, entry_id(proof.entry), entry.kind, entry.author, entry.at, judged.checkpoint.size,
        tuple(sorted(judged.witnesses)),
    )  # fmt: skip
