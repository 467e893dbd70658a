"""The log's side of cosigning: ask every witness and mirror of the policies, after the commit, each on its own.

A witness that is slow, absent or refuses holds nothing up: its line is missing from the checkpoint, and its row says
since when and why.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

from truceline.errors import EnvironmentFailure, LogError, TrucelineError
from truceline.log.checkpoints import Checkpoint
from truceline.log.cosignatures import Cosignature, read_cosignatures
from truceline.log.files import write_durably
from truceline.log.http import MAX_CHECKPOINT_BYTES, Reply
from truceline.log.levels import known_cosigners, policies, split
from truceline.log.log import Log
from truceline.log.pinned import refuse_shared
from truceline.log.policies import PolicyWitness
from truceline.log.pushing import push
from truceline.log.requests import AddCheckpoint, parse_size


class Sender(Protocol):
    """Sends one request; `log/http.py` has the one for the network."""

    def post(self, url: str, body: bytes) -> Reply: ...
    def get(self, url: str, cap: int) -> Reply: ...
    def upload(self, url: str, body: bytes) -> Reply: ...


@dataclass(frozen=True, slots=True)
class WitnessState:
    """How one cosigner stands to the log: the size it cosigned last, since when it is silent, why it refused."""

    name: str
    url: str
    size: int = 0
    cosigned_s: int = 0
    silent_since_s: int = 0
    refused: str = ""

    def as_dict(self, size: int) -> dict[str, object]:
        """For people; `behind` counts entries."""
        return asdict(self) | {"behind": max(0, size - self.size)}


class Collector:
    """Asks for cosignatures over what a log has committed."""

    def __init__(
        self, log: Log, sender: Sender, clock: Callable[[], float] = time.time,
        archive: Callable[[Checkpoint, list[Cosignature]], None] = lambda at, made: None,
    ) -> None:  # fmt: skip
        """Args: archive: called after a round that reached a level, with all cosignatures that came in it."""
        self._log, self._sender, self._clock, self._archive = log, sender, clock, archive
        self._path = log.folder / "views" / "witnesses.json"
        self._reading = threading.Lock()  # one upload at a time: they read the same tree

    def states(self) -> list[WitnessState]:
        """Every cosigner of the policies, as it stood last. Raises LogError LOG-052, LOG-141."""
        kept = {(one.name, one.url): one for one in _load(self._path)}
        return [
            kept.get((one.key.name, one.url), WitnessState(one.key.name, one.url)) for one in self._asked()
        ]

    def collect(self, wait_s: float = 15.0) -> list[str]:
        """One round over the newest checkpoint: each cosignature is published as it comes.

        Returns:
            the levels that the checkpoint has reached.
        Raises:
            LogError: LOG-052, LOG-141, a policy; as `Log.open`. EnvironmentFailure: ENV-001, ENV-003.
        """
        self._log.refresh()
        at, asked = self._log.at, self._asked()
        reached = self._log.attach(at, [])
        if not at.size:
            return reached
        states = {(one.name, one.url): one for one in self.states()}
        came: list[Cosignature] = []
        pool = ThreadPoolExecutor(max(1, len(asked)), thread_name_prefix="witness")
        try:
            waiting = {pool.submit(self._ask, one, states[one.key.name, one.url], at): one for one in asked}
            try:
                for done in as_completed(waiting, timeout=wait_s):
                    state, made = done.result()
                    states[state.name, state.url] = state
                    if made:
                        came += made
                        reached = self._log.attach(at, made)
            except TimeoutError:
                pass
            for future, one in waiting.items():
                if not future.done():
                    states[one.key.name, one.url] = self._silent(
                        states[one.key.name, one.url], "no answer in time"
                    )
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        self._save(list(states.values()))
        if reached and came:
            self._archive(at, came)
        return reached

    def _asked(self) -> list[PolicyWitness]:
        found = [
            one
            for policy in policies(self._log.folder).values()
            for one in policy.witnesses.values()
            if one.url
        ]
        for policy in policies(self._log.folder).values():
            refuse_shared(policy, self._log.chain.keys_used, str(self._log.folder / "policy"))
        return list({one.key: one for one in found}.values())

    def _ask(
        self, one: PolicyWitness, state: WitnessState, at: Checkpoint
    ) -> tuple[WitnessState, list[Cosignature]]:
        text = at.note.partition(b"\n\n")[0] + b"\n"
        try:
            made = self._cosigned(one, state, at, text)
        except EnvironmentFailure as problem:
            return self._silent(state, str(problem.value)), []
        except TrucelineError as problem:
            return replace(state, refused=f"{problem.rule}: {problem.value}", silent_since_s=0), []
        if not made:
            return replace(
                state, refused="it answered without a cosignature of its key", silent_since_s=0
            ), []
        when = max(mark.time_s for mark in made)
        return WitnessState(state.name, state.url, at.size, when), made

    def _cosigned(
        self, one: PolicyWitness, state: WitnessState, at: Checkpoint, text: bytes
    ) -> list[Cosignature]:
        old = min(state.size, at.size)
        for _ in range(2):
            proof = tuple(self._log.prove_between(old, at)) if 0 < old < at.size else ()
            reply = self._sender.post(
                f"{one.url.rstrip('/')}/add-checkpoint", AddCheckpoint(old, proof, at.note).dump()
            )
            if reply.status == 200:
                return read_cosignatures(text, reply.body, [one.key]) or self._from_mirror(one, at, text)
            if reply.status != 409:
                break
            seen = parse_size(reply.body)
            if seen > at.size:
                raise _refusal(
                    f"409: it has cosigned size {seen:,} of this log, above {at.size:,}: the log was put back"
                )
            if seen < state.size:
                raise _refusal(
                    f"409: it is at {seen:,} and had cosigned {state.size:,}: its state was put back"
                )
            if seen == old:
                raise _refusal(
                    f"409: it has another root at size {seen:,}: one of the two histories is a fork"
                )
            old = seen
        raise _refusal(f"{reply.status}: {reply.body[:120].decode('utf-8', 'replace').strip()}")

    def _from_mirror(self, one: PolicyWitness, at: Checkpoint, text: bytes) -> list[Cosignature]:
        """A mirror answers without a cosignature: it has fetched the entries meanwhile, or they are uploaded to it."""
        origin = hashlib.sha256(self._log.origin.encode()).hexdigest()
        reply = self._sender.get(f"{one.url.rstrip('/')}/{origin}/checkpoint", MAX_CHECKPOINT_BYTES)
        head, blank, lines = reply.body.partition(b"\n\n")
        if reply.status == 200 and blank and head + b"\n" == text:
            made = read_cosignatures(text, lines, [one.key])
            if made:
                return made
        with self._reading:
            lines = push(self._log.tree, self._log.origin, at, one.url, self._sender)
        return read_cosignatures(text, lines, [one.key])

    def _silent(self, state: WitnessState, why: str) -> WitnessState:
        return replace(state, silent_since_s=state.silent_since_s or int(self._clock()), refused=why)

    def _save(self, states: Sequence[WitnessState]) -> None:
        write_durably(self._path, json.dumps([asdict(one) for one in states], indent=1).encode())


def _load(path: Path) -> list[WitnessState]:
    try:
        return [WitnessState(**one) for one in json.loads(path.read_bytes())]
    except (OSError, ValueError, TypeError):
        return []  # it can be asked again


def _refusal(why: str) -> LogError:
    return LogError(
        "LOG-060",
        "a witness must cosign what extends its checkpoint",
        value=why,
        remedy="Read what the witness said; ask its operator.",
    )


def published(log: Log) -> tuple[Checkpoint, list[Cosignature]]:
    """The published checkpoint and its cosignatures. Raises LogError LOG-011..013, LOG-031, LOG-037, LOG-038, LOG-051."""
    return split(
        log.source.checkpoint(), log.key, known_cosigners(log.folder), str(log.folder / "log" / "checkpoint")
    )
