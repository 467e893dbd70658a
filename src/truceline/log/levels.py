"""What a log has been cosigned to: recorded, receipt, final; kept beside the commit point, and never failing open.

    recorded   the commit point has it
    receipt    policy/receipt.policy is satisfied: the mediator and any one party, say
    final      policy/final.policy is satisfied: every party's mirror and the mediator, say

A level without its policy file is never reached. `state/receipt` and `state/final` are the newest checkpoints of each,
with their cosignatures; `log/checkpoint` is the newest one of all, with what arrived for it so far.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from truceline.errors import LogError
from truceline.log.checkpoints import Checkpoint, read_checkpoint
from truceline.log.cosignatures import Cosignature, CosignerKey, check_cosignatures
from truceline.log.files import write_durably
from truceline.log.notes import VerifierKey
from truceline.log.pinned import NAMES, Pinned
from truceline.log.policies import NONE, Judged, Policy

LEVELS = NAMES
BEFORE = Path("policy") / "before"


@dataclass(frozen=True, slots=True)
class Level:
    """The newest checkpoint of a level; None where none was reached."""

    name: str
    policy: Policy | None
    reached: Judged | None


def policies(folder: Path) -> dict[str, Policy]:
    """Name -> policy of every `policy/*.policy` of a folder. Raises LogError LOG-052."""
    return {path.stem: Policy.load(path) for path in sorted((folder / "policy").glob("*.policy"))}


def cosigners(known: Iterable[Policy]) -> list[CosignerKey]:
    """The keys of all witnesses and mirrors in some policies, once each."""
    return list(dict.fromkeys(one.key for policy in known for one in policy.witnesses.values()))


def known_cosigners(folder: Path) -> list[CosignerKey]:
    """The keys of all witnesses and mirrors in the policies of a folder, those that were replaced included.

    Raises:
        LogError: LOG-052.
    """
    before = [Policy.load(path) for path in sorted((folder / BEFORE).glob("*.policy"))]
    return cosigners([*policies(folder).values(), *before])


def lay_out(folder: Path, pinned: Pinned) -> list[str]:
    """Put the policies that the log pins where they are used, `policy/NAME.policy`; those that they replace go to `policy/before`.

    What the replaced ones counted still verifies, since their cosigners stay known.

    Returns:
        the names that changed.
    Raises:
        EnvironmentFailure: ENV-001.
    """
    changed = []
    for name in pinned.entries:
        path, text = folder / "policy" / f"{name}.policy", (pinned.text(name) or "").encode()
        held = path.read_bytes() if path.is_file() else None
        if held == text:
            continue
        if held is not None:
            digest = hashlib.sha256(held).hexdigest()[:16]
            write_durably(folder / BEFORE / f"{name}-{digest}.policy", held)
        write_durably(path, text)
        changed.append(name)
    return changed


def refuse_unpinned(folder: Path, pinned: Pinned) -> None:
    """A policy file that is used must be the one that the log pins, where it pins one. Raises LogError LOG-142."""
    for name in pinned.entries:
        path = folder / "policy" / f"{name}.policy"
        if path.is_file() and path.read_bytes() != (pinned.text(name) or "").encode():
            raise LogError(
                "LOG-142", "a policy in use must be the one that the log pins", where=str(path),
                value=f"entry {pinned.since(name)} pins another",
                remedy=f"`truceline log settings {folder}` takes it from the log; to change it, give it to that command.",
            )  # fmt: skip


def merge(text_and_log: bytes, lines: Iterable[Cosignature], known: Iterable[CosignerKey]) -> bytes:
    """The checkpoint with one cosignature of each cosigner, the newest, in the order of the policies."""
    newest: dict[CosignerKey, Cosignature] = {}
    for one in lines:
        if one.key not in newest or one.time_s > newest[one.key].time_s:
            newest[one.key] = one
    return text_and_log + b"".join(newest[key].line for key in known if key in newest)


def split(
    note: bytes, key: VerifierKey, known: Iterable[CosignerKey], where: str
) -> tuple[Checkpoint, list[Cosignature]]:
    """A checkpoint that bears the log's signature, then cosignatures of known cosigners, and nothing else.

    Returns:
        the checkpoint, with the note that the log alone signed, and the cosignatures.
    Raises:
        LogError: LOG-011..013, LOG-031, LOG-051; LOG-038 a line of somebody unknown, or one that is there twice.
    """
    checkpoint, text, lines = read_checkpoint(note, key, where)
    made = check_cosignatures(text, lines[1:], known)
    if (
        lines[0].name != key.name
        or len(made) != len(lines) - 1
        or len({one.key for one in made}) != len(made)
    ):
        raise LogError(
            "LOG-038", "a published checkpoint must bear the log's signature and known cosignatures only", where=where,
            remedy="The log was altered, or a policy file was removed: compare with another copy.",
        )  # fmt: skip
    return Checkpoint(checkpoint.size, checkpoint.root, text + b"\n" + lines[0].raw()), made


def levels(folder: Path, key: VerifierKey) -> list[Level]:
    """What `state/receipt` and `state/final` say, checked against the policies as they are now.

    Raises:
        LogError: LOG-011..013, LOG-031, LOG-051..053.
    """
    known = policies(folder)
    made = []
    for name in LEVELS:
        path, policy, reached = folder / "state" / name, known.get(name), None
        if policy is not None and policy.quorum != NONE and path.is_file():
            judged = policy.judge(path.read_bytes(), str(path))
            reached = judged if judged.satisfied else None
        made.append(Level(name, policy, reached))
    return made


def keep_levels(folder: Path, note: bytes) -> list[str]:
    """Keep a checkpoint, with its cosignatures, as the newest of each level that it reaches and that is not ahead of it.

    Returns:
        the levels that it reaches.
    Raises:
        LogError: LOG-051..053. EnvironmentFailure: ENV-001.
    """
    reached = []
    for name, policy in policies(folder).items():
        if name not in LEVELS or policy.quorum == NONE:  # nobody's cosignature is no assurance
            continue
        judged = policy.judge(note, "log/checkpoint")
        if not judged.satisfied:
            continue
        reached.append(name)
        path = folder / "state" / name
        held = policy.judge(path.read_bytes(), str(path)).checkpoint.size if path.is_file() else 0
        if held <= judged.checkpoint.size and (not path.is_file() or path.read_bytes() != note):
            write_durably(path, note)
    return reached
