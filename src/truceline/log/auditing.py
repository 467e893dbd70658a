"""Audit a published log by itself: every file, signature, author and key, the policy, checkpoints that were kept.

Signatures and canonical forms are checked by one process a core; the fold over authors and keys follows in order. The
state of one audit lets the next one look at what is new only. It is the reader's own file: whoever can write it can lie
to the reader.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from truceline.errors import LogError, TrucelineError, UsageError
from truceline.log.chain import Chain, Facts, facts_of
from truceline.log.checkpoints import read_checkpoint
from truceline.log.files import write_durably
from truceline.log.http import is_url
from truceline.log.merkle import leaf_hash
from truceline.log.notes import VerifierKey
from truceline.log.origins import read_origin
from truceline.log.pinned import NAMES, refuse_shared
from truceline.log.policies import NONE, Policy
from truceline.log.sources import open_source
from truceline.log.tiles import WIDTH, path_of, split_bundle
from truceline.log.tree import Source, TileTree

MAX_PROBLEMS = 1000


@dataclass(slots=True)
class Audit:
    """What an audit found.

    `new` entries were looked at this time; `judged_by` names the policy; `levels`: whether the published checkpoint reaches
    the policies that the log pins; `problems` say where, which rule, and what was found.
    """

    origin: str = ""
    entries: int = 0
    new: int = 0
    witnesses: tuple[str, ...] = ()
    judged_by: str = ""
    levels: dict[str, bool] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    problems: list[dict[str, str]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems

    def add(self, problem: TrucelineError, where: str = "") -> None:
        """Remember a problem, up to `MAX_PROBLEMS`."""
        if len(self.problems) < MAX_PROBLEMS:
            said = problem.as_dict()
            self.problems.append(said | {"where": where or said["where"]})


def audit(
    where: str, policy: Policy | None = None, *, key: VerifierKey | None = None, own: str = "", held: Sequence[bytes] = (), state: Path | None = None,
    cores: int | None = None, say: Callable[[int, int], None] = lambda done, size: None,
) -> Audit:  # fmt: skip
    """Audit the log at a folder (a mission, a mirror, or what a web server publishes) or a URL.

    Args:
        policy: whose signatures make a checkpoint good; the one that the log pins when None.
        key: the log's key, needed without a policy; where the folder is a mission or a mirror, its own unless given.
        own: the name of the reader's own witness, without which no checkpoint may be accepted.
        held: checkpoints that were kept from earlier or came from others; the log must extend each.
        state: where the state of the last audit stands, and that of this one goes when it found nothing.
        cores: processes to use; all when None.
    Raises:
        EnvironmentFailure: ENV-001, ENV-030, ENV-031, the log cannot be reached. LogError: LOG-062, the state is not whole.
        UsageError: LOG-143, neither policy nor key.
    """
    made, source = Audit(), open_source(where)
    trusted = policy or _trusting(_key_of(where, key))
    try:
        note = source.checkpoint()
    except LogError as problem:
        made.add(problem)
        return made
    try:
        judged = trusted.judge(note, "checkpoint")
    except LogError as problem:
        made.add(problem)
        return made
    at = judged.checkpoint
    made.origin = key_name = note.partition(b"\n")[0].decode()
    key, made.witnesses = trusted.log(key_name).key, tuple(sorted(judged.witnesses))
    try:
        whole = TileTree.load(source, at.size, at.root)
    except LogError as problem:
        made.add(problem)
        return made
    before = _Before.load(state, key) if state is not None else None
    _compare_held(made, whole, key, held, before)
    if before is not None and made.problems and before.size > at.size:
        return made
    fold = _Fold(made, source, key, before)
    fold.run(at.size, cores or os.cpu_count() or 1, say)
    if fold.tree.size == at.size and fold.tree.root() != at.root:
        made.add(
            LogError(
                "LOG-039", "the entries must hash to the signed root", where=f"size {at.size}",
                remedy="Keep this copy as it is, and compare with another one.",
            )
        )  # fmt: skip
    _judge(made, fold.chain, note, policy, own)
    made.entries, made.new = at.size, at.size - (before.size if before else 0)
    if state is not None and made.ok:
        _Before(at.size, at.root, fold.chain.dump()).save(state, key)
    return made


def _key_of(where: str, key: VerifierKey | None) -> VerifierKey:
    if key is not None:
        return key
    if not is_url(where) and (Path(where) / "state" / "origin").is_file():
        return read_origin(Path(where))
    raise UsageError(
        "LOG-143", "an audit without a policy must know the log's key", where=where,
        remedy="Give --log VKEY, as `truceline log identity` printed it to you in person, or --policy FILE.",
    )  # fmt: skip


def _trusting(key: VerifierKey) -> Policy:
    """Which log, and not yet whose cosignatures: those are judged once the entries are known."""
    return Policy.parse(f"log {key}\nquorum {NONE}\n".encode())


def _judge(made: Audit, chain: Chain, note: bytes, given: Policy | None, own: str) -> None:
    """Whether the checkpoint has its quorum: by the policy that was given, else by the one that the log pins."""
    pinned = chain.pinned.policies()
    policy, made.judged_by = given, "the given policy" if given else ""
    if given is None:
        name = next((name for name in NAMES if name in pinned), "")
        if not name:
            made.add(
                LogError(
                    "LOG-144", "a log that is audited without a policy must pin one", where="the entries",
                    remedy="Give your own with --policy, or have operator and commission pin one: `truceline log settings`.",
                )
            )  # fmt: skip
            return
        policy, made.judged_by = pinned[name], f"the {name} policy of entry {chain.pinned.since(name)}"
    elif pinned and given.meaning() not in [one.meaning() for one in pinned.values()]:
        names = ", ".join(f"{name} of entry {chain.pinned.since(name)}" for name in pinned)
        made.remarks.append(f"The given policy is none of those that the log pins ({names}).")
    assert policy is not None
    try:
        refuse_shared(policy, chain.keys_used, made.judged_by)
        judged = policy.accept(note, "checkpoint", own)
        made.witnesses = tuple(sorted(judged.witnesses))
    except LogError as problem:
        made.add(problem)
    for name, one in pinned.items():
        try:
            made.levels[name] = one.judge(note, "checkpoint").satisfied
        except LogError:  # a cosignature is not whole; said already where it counts
            made.levels[name] = False


def _compare_held(
    made: Audit, whole: TileTree, key: VerifierKey, held: Sequence[bytes], before: _Before | None
) -> None:
    kept = [(before.size, before.root, "the audit before")] if before else []
    for number, note in enumerate(held, 1):
        try:
            old = read_checkpoint(note, key, f"checkpoint {number} that was held")[0]
        except LogError as problem:
            made.add(problem)
            continue
        kept.append((old.size, old.root, f"checkpoint {number} that was held"))
    for size, root, name in kept:
        if size > whole.size or whole.root_at(size) != root:
            made.add(
                LogError(
                    "LOG-044", "the log must extend the checkpoint that was held", where=name,
                    value=f"size {size}, the log {whole.size}",
                    remedy="Somebody was shown another history. Keep both, and put them side by side with the other parties.",
                )
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Before:
    """What the audit before ended with."""

    size: int
    root: bytes
    chain: Mapping[str, Any]

    @classmethod
    def load(cls, path: Path, key: VerifierKey) -> _Before | None:
        """Raises LogError LOG-062."""
        if not path.exists():
            return None
        try:
            kept = json.loads(path.read_bytes())
            if kept["log"] != str(key):
                raise ValueError("another log")
            made = cls(int(kept["size"]), bytes.fromhex(kept["root"]), kept["chain"])
            Chain.load(key, lambda size: b"", made.chain)
        except (OSError, ValueError, KeyError, TypeError, LogError) as problem:
            raise LogError(
                "LOG-062", "the state of an audit must be whole and of the same log", where=str(path), value=str(problem),
                remedy="Remove the file: the next audit looks at everything again.",
            ) from problem  # fmt: skip
        return made

    def save(self, path: Path, key: VerifierKey) -> None:
        kept = {"log": str(key), "size": self.size, "root": self.root.hex(), "chain": self.chain}
        write_durably(path, json.dumps(kept).encode())


class _Fold:
    """Bundles in order: what the processes found in each, then authors, keys and tiles."""

    def __init__(self, made: Audit, source: Source, key: VerifierKey, before: _Before | None) -> None:
        self._made, self._source, self._key = made, source, key
        self.tree = TileTree.edge_at(source, before.size) if before else TileTree(source)
        if before is not None and self.tree.root() != before.root:
            self.tree = TileTree(source)  # said already; look at everything
            before = None
        self._first = self.tree.size
        self.chain = Chain.load(key, self._root_at, before.chain) if before else Chain(key, self._root_at)
        self._broken = False

    def run(self, size: int, cores: int, say: Callable[[int, int], None]) -> None:
        numbers = iter(range(self._first // WIDTH, -(-size // WIDTH)))
        if cores < 2 or size - self._first < 4 * WIDTH:
            for number in numbers:
                self._take(number, size, _look(self._key.name, self._raw(number, size), self._ever()))
                say(number, size)
            return
        with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
            waiting: list[tuple[int, Future[_Look]]] = []
            for number in self._windowed(numbers, pool, waiting, size, 4 * cores):
                say(number * WIDTH, size)

    def _windowed(
        self, numbers: Iterator[int], pool: ProcessPoolExecutor, waiting: list[tuple[int, Future[_Look]]],
        size: int, window: int,
    ) -> Iterator[int]:  # fmt: skip
        while True:
            for number in islice(numbers, window - len(waiting)):
                raw = self._raw(number, size)
                waiting.append((number, pool.submit(_look, self._key.name, raw, self._ever())))
            if not waiting:
                return
            number, future = waiting.pop(0)
            self._take(number, size, future.result())
            yield number

    def _ever(self) -> dict[str, tuple[str, ...]]:
        return {name: tuple(map(str, keys)) for name, keys in self.chain.ever.items()}

    def _raw(self, number: int, size: int) -> bytes | TrucelineError:
        try:
            return self._source.tile("entries", number, min(WIDTH, size - number * WIDTH))
        except LogError as problem:
            return problem

    def _take(self, number: int, size: int, look: _Look) -> None:
        """Entries of one bundle, and then the tiles that they fill."""
        width = min(WIDTH, size - number * WIDTH)
        where = path_of("entries", number, width)
        if look.problem is not None or len(look.leaves) < width:
            absent = LogError(
                "LOG-037",
                "every tile and bundle must be there and full",
                value=len(look.leaves),
                remedy="Fetch what is missing from another copy.",
            )
            self._made.add(look.problem or absent, where)
            self._broken = True
        start = self.tree.size - number * WIDTH
        for at in range(max(0, start), min(width, len(look.leaves))):
            index, found = number * WIDTH + at, look.found[at]
            if isinstance(found, TrucelineError):
                self._made.add(found, f"entry {index}")
                self._broken = True
            elif not self._broken:  # after a broken entry every author's numbers would only repeat it
                try:
                    self.chain.take(found)
                except LogError as problem:
                    self._made.add(problem, f"entry {index}")
                    self._broken = True
            self._tiles(self.tree.push(look.leaves[at]))
        if number * WIDTH + width == size:
            self._tiles(self.tree.edge_files())

    def _tiles(self, files: Mapping[str, bytes]) -> None:
        for name, content in files.items():
            level, _, rest = name.removeprefix("tile/").partition("/")
            number = int("".join(part.removeprefix("x") for part in rest.partition(".p")[0].split("/")))
            try:
                held = self._source.tile(level, number, len(content) // 32)
            except LogError as problem:
                self._made.add(problem, name)
                continue
            if held[: len(content)] != content:
                self._made.add(
                    LogError(
                        "LOG-038", "a published file must be what the commit point implies", where=name,
                        remedy="Keep this copy as it is, and compare with another one.",
                    )
                )  # fmt: skip

    def _root_at(self, size: int) -> bytes:
        try:
            return self.tree.root_at(size)
        except LogError as problem:
            self._made.add(problem)
            return b""


@dataclass(frozen=True, slots=True)
class _Look:
    """What one process found in a bundle: leaf hashes, and of each entry the facts or what is wrong with it."""

    leaves: list[bytes]
    found: list[Facts | LogError]
    problem: TrucelineError | None = None


def _look(origin: str, raw: bytes | TrucelineError, ever: Mapping[str, Sequence[str]]) -> _Look:
    """Hash every entry, check its form, and its signatures as far as the keys are known already."""
    if not isinstance(raw, bytes):
        return _Look([], [], raw)
    try:
        notes = split_bundle(raw)
    except LogError as problem:
        return _Look([], [], problem)
    keys = {name: [VerifierKey.parse(line) for line in lines] for name, lines in ever.items()}
    found: list[Facts | LogError] = []
    for note in notes:
        try:
            found.append(facts_of(origin, note, keys))
        except LogError as problem:
            found.append(problem)
    return _Look(list(map(leaf_hash, notes)), found)
