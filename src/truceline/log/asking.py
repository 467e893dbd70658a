"""Ask witnesses and mirrors how far they cosigned, before a log that was lost is resumed.

A request with old size 0 changes nothing at whoever has cosigned: the answer is 409 and the size. A mirror also publishes
what it holds. What is asked for is only believed as a lower bound; entries are checked where they are read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from truceline.errors import EnvironmentFailure, LogError, TrucelineError
from truceline.log.checkpoints import Checkpoint, read_checkpoint
from truceline.log.cosignatures import CosignerKey
from truceline.log.http import MAX_CHECKPOINT_BYTES, Reply
from truceline.log.notes import VerifierKey
from truceline.log.policies import Policy, PolicyWitness
from truceline.log.requests import AddCheckpoint, parse_size


class Sender(Protocol):
    """Sends one request; `log/http.py` has the one for the network."""

    def post(self, url: str, body: bytes) -> Reply: ...
    def get(self, url: str, cap: int) -> Reply: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What one cosigner said: the size that it cosigned or holds; where it publishes a copy; or why nothing is known."""

    key: CosignerKey
    size: int = 0
    prefix: str = ""
    published: Checkpoint | None = None
    silent: str = ""


def ask(
    known: Iterable[Policy], key: VerifierKey, have: Checkpoint, sender: Sender, say: Callable[[str], None] = lambda said: None
) -> list[Asked]:  # fmt: skip
    """Ask every cosigner of some policies that has an address, once each.

    Args:
        have: a checkpoint that this log signed, whatever its size.
    """
    found = {one.key: one for policy in known for one in policy.witnesses.values() if one.url}
    made = []
    for one in found.values():
        try:
            made.append(_ask(one, key, have, sender))
        except TrucelineError as problem:
            why = (
                str(problem.value)
                if isinstance(problem, EnvironmentFailure)
                else f"{problem.rule}: {problem.value}"
            )
            made.append(Asked(one.key, silent=why))
        say(f"{one.key.name}: {made[-1].silent or f'{made[-1].size:,} entries'}")
    return made


def _ask(one: PolicyWitness, key: VerifierKey, have: Checkpoint, sender: Sender) -> Asked:
    prefix = one.url.rstrip("/")
    reply = sender.post(f"{prefix}/add-checkpoint", AddCheckpoint(0, (), have.note).dump())
    if reply.status == 409:
        size = parse_size(reply.body)
    elif reply.status == 200:  # it had cosigned nothing, and has now
        size = have.size
    else:
        raise LogError(
            "LOG-060", "a witness must say what it cosigned", value=f"{reply.status}: {reply.body[:120].decode('utf-8', 'replace').strip()}",
            remedy="Ask its operator.",
        )  # fmt: skip
    copy = f"{prefix}/{hashlib.sha256(key.name.encode()).hexdigest()}"
    shown = sender.get(f"{copy}/checkpoint", MAX_CHECKPOINT_BYTES)
    if shown.status != 200:
        return Asked(one.key, size)
    at = read_checkpoint(shown.body, key, f"{copy}/checkpoint")[0]
    return Asked(one.key, max(size, at.size), copy, at)
