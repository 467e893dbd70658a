"""The log's benchmark: each figure beside the limit that the same machine showed in the same run."""

from __future__ import annotations

import hashlib
import os
import queue
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair

from truceline.log import auditing, proving
from truceline.log.authors import Author
from truceline.log.benching_figures import Measured
from truceline.log.benching_receipts import receipts
from truceline.log.entries import Entry, Seen, entry_id, sign_entry, unchecked
from truceline.log.files import write_durably
from truceline.log.log import Log
from truceline.log.merkle import leaf_hash
from truceline.log.notes import SigningKey, split_note
from truceline.log.policies import Policy
from truceline.log.sequencer import Sequencer
from truceline.log.submitting import Outcome

AT = "2031-03-03T00:00:00Z"
APPEND_GOAL, AUDIT_GOAL, START_GOAL_S, MEMORY_GOAL = 0.6, 2.0, 2.0, 1.25
_LOG_KEY = SigningKey("EXERCISE.bench/log", b"\x01" * 32)
_PEAK = """
import sys, time
from pathlib import Path
from truceline.log.log import Log
started = time.perf_counter()
log = Log.open(Path(sys.argv[1]))
log.chain
found = log.index_of(log.entry(log.size // 2)[1])
assert found == log.size // 2
seconds = time.perf_counter() - started
peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024
print(seconds, peak)
"""


def run(
    entries: int, seconds: float, folder: Path | None = None, say: Callable[[str, float], None] = lambda step, share: None
) -> dict[str, Any]:  # fmt: skip
    """Measure in a temporary folder, under `folder` where the disk to be measured is there.

    Returns:
        {"results": [Measured as dict], "within_goals": bool, "entries": int}.
    """
    made: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="EXERCISE-truceline-log-", dir=folder) as name:
        root = Path(name)
        say("limits", 0.02)
        verify_s, chain_s, hash_s = _verifications(), _durable_writes(root), _hashes()
        made += [
            Measured("Ed25519 verifications, one core", verify_s, "/s"),
            Measured("SHA-256 of 64 bytes, one core", hash_s, "/s"),
            Measured("write, fsync, rename, fsync of the folder", chain_s, "/s"),
        ]
        for number, submitters in enumerate((1, 100, 1000)):
            say(f"appends of {submitters:,} submitters", 0.1 + 0.1 * number)
            made += _appends(root / f"append-{submitters}", submitters, seconds, chain_s)
        say("receipts", 0.4)
        made += _receipts(root / "receipts" / "log", seconds, chain_s)
        say("writing a log", 0.45)
        small, large = root / "small", root / "large"
        _fill(small, max(entries // 10, 512))
        notes = _fill(large, entries)
        say("audit", 0.65)
        made += _audit(large, entries, notes)
        say("proofs, start-up", 0.9)
        made += _proofs(large, verify_s, hash_s) + _starts(small, large, entries)
    say("done", 1.0)
    return {
        "entries": entries,
        "results": [asdict(one) for one in made],
        "within_goals": all(one.good for one in made),
    }


def _verifications() -> float:
    """Verifications a second of notes as long as ours, by the library alone."""
    public, secret = crypto_sign_seed_keypair(b"\x02" * 32)
    signed = crypto_sign(b"x" * 500, secret)
    return _rate(lambda: crypto_sign_open(signed, public), 0.7)


def _hashes() -> float:
    node = b"\x01" + b"y" * 64
    return _rate(lambda: hashlib.sha256(node).digest(), 0.3)


def _durable_writes(root: Path) -> float:
    return _rate(lambda: write_durably(root / "one", b"z" * 500), 0.7)


def _rate(act: Callable[[], object], seconds: float) -> float:
    """The best of three stretches, since others may be at work on the machine."""
    best = 0.0
    for _ in range(3):
        started, count = time.perf_counter(), 0
        while time.perf_counter() - started < seconds / 3:
            act()
            count += 1
        best = max(best, count / (time.perf_counter() - started))
    return best


def _begin(folder: Path, authors: Sequence[SigningKey]) -> Log:
    log = Log.create(folder, _LOG_KEY)
    own = Author(_LOG_KEY, log)
    log.append([own.note("genesis", {"keys": {one.name: str(one.vkey) for one in authors[:400]}}, AT)])
    enrolments = [
        own.note("key", {"act": "enrol", "author": one.name, "vkey": str(one.vkey)}, AT, new_key=one)
        for one in authors[400:]  # an entry holds no more
    ]
    log.append(enrolments)
    return log


def _notes(key: SigningKey, seen: Seen, count: int) -> Iterator[bytes]:
    """Requests signed beforehand, of about 500 bytes."""
    prev = ""
    for seq in range(count):
        body = {"n": seq, "text": "heard from the ridge, twice, then silence until the patrol had passed"}
        note = sign_entry(_LOG_KEY.name, Entry("decision", key.name, seq, prev, seen, AT, body), key)
        prev = entry_id(note)
        yield note


def _appends(folder: Path, submitters: int, seconds: float, chain_s: float) -> list[Measured]:
    """Each submitter hands in the next note when the one before is durable.

    The limit is measured right before and right after, since others may be at work on the machine.
    """
    verify_s = _verifications()
    keys = [SigningKey(f"author-{n}", hashlib.sha256(b"%d" % n).digest()) for n in range(submitters)]
    log = _begin(folder, keys)
    each = max(4, int(verify_s * seconds * 1.2 / submitters)) if submitters > 1 else int(40 * seconds) + 4
    waiting = [iter(list(_notes(key, log.seen(), each))) for key in keys]
    done: queue.SimpleQueue[tuple[int, float, Future[Outcome]]] = queue.SimpleQueue()
    taken: list[float] = []

    def hand_in(number: int) -> bool:
        note = next(waiting[number], None)
        if note is None:
            return False
        started = time.perf_counter()
        sequencer.submit(note).add_done_callback(lambda future: done.put((number, started, future)))
        return True

    with Sequencer(log, _LOG_KEY, lambda: AT) as sequencer:
        started = time.perf_counter()
        out = sum(hand_in(number) for number in range(submitters))
        while out:
            number, begun, future = done.get()
            out -= 1
            if future.result().problem is not None:
                raise AssertionError(future.result().problem)
            taken.append(time.perf_counter() - begun)
            if time.perf_counter() - started < seconds:
                out += hand_in(number)
        spent = time.perf_counter() - started
    rate = len(taken) / spent
    verify_s = (verify_s + _verifications()) / 2
    goal = submitters >= 1000
    limit, name = (
        (chain_s, "writes made durable") if submitters == 1 else (verify_s, "Ed25519 verifications, one core")
    )
    name_of = f"appends, {submitters:,} submitters"
    return [
        Measured(name_of, rate, "/s", limit, name, rate / limit, f">= {APPEND_GOAL}" if goal else "", not goal or rate / limit >= APPEND_GOAL),
        Measured(f"{name_of}: latency p50", statistics.median(taken) * 1000, "ms"),
        Measured(f"{name_of}: latency p99", sorted(taken)[int(len(taken) * 0.99) - 1] * 1000, "ms"),
    ]  # fmt: skip


def _fill(folder: Path, entries: int) -> int:
    """A log of so many entries; what signing and admitting them costs is measured elsewhere."""
    keys = [SigningKey(f"author-{n}", hashlib.sha256(b"%d" % n).digest()) for n in range(8)]
    log = _begin(folder, keys)
    sources = [_notes(key, log.seen(), entries // 8 + 2) for key in keys]
    with log.writing():
        while log.size < entries:
            batch = [next(sources[n % 8]) for n in range(min(16_384, entries - log.size))]
            pairs = [(entry_id(note), unchecked(log.origin, note)) for note in batch]
            chain = log.chain.copy()
            for note in batch:
                chain.follow(note)
            log.append_admitted(batch, pairs, chain)
    return entries


def _audit(folder: Path, entries: int, _: int) -> list[Measured]:
    policy = Policy.parse(f"log {_LOG_KEY.vkey}\nquorum none\n".encode())
    cores = os.cpu_count() or 1
    started = time.perf_counter()
    made = auditing.audit(str(folder), policy, cores=cores)
    spent = time.perf_counter() - started
    if not made.ok:
        raise AssertionError(made.problems[:3])
    log = Log.open(folder)
    keys = {name: key.key for name, key in log.chain.keys.items()}
    bundles = range(-(-entries // 256))
    started = time.perf_counter()
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        bare = sum(
            pool.map(_bare, (log.bundle(number) for number in bundles), [keys] * len(bundles), chunksize=4)
        )
    limit = time.perf_counter() - started
    if bare != entries:
        raise AssertionError(bare)
    ratio = spent / limit
    return [
        Measured(f"audit of {entries:,} entries, {cores} cores", entries / spent, "/s", entries / limit, "hashing and verifying them alone, same cores", ratio, f"<= {AUDIT_GOAL}", ratio <= AUDIT_GOAL),
    ]  # fmt: skip


def _bare(notes: Sequence[bytes], keys: dict[str, bytes]) -> int:
    """Leaf hashes and signatures, and nothing else."""
    for note in notes:
        leaf_hash(note)
        text, (line,) = split_note(note)
        crypto_sign_open(line.signature + text, keys[line.name])
    return len(notes)


def _proofs(folder: Path, verify_s: float, hash_s: float) -> list[Measured]:
    log = Log.open(folder)
    policy = Policy.parse(f"log {_LOG_KEY.vkey}\nquorum none\n".encode())
    step = max(1, log.size // 97)
    indices = range(0, log.size, step)
    made = [proving.prove(log, str(index)).proof.dump() for index in indices]
    least = statistics.mean(
        len(log.notes[index]) + 32 * len(log.prove_inclusion(index)) + len(log.checkpoint)
        for index in indices
    )
    levels = -(-(log.size.bit_length()) // 8)
    size, reads = statistics.mean(map(len, made)), hash_s / (255 * levels)
    rate = _rate(lambda: proving.prove(log, str(log.size // 3)), 0.5)
    checked = _rate(lambda: proving.verify(made[-1], policy), 0.5)
    return [
        Measured("proof bundle, with its entry", size, "bytes", least, "entry, checkpoint and hashes alone", size / least),
        Measured("proofs made", rate, "/s", reads, f"hashing {levels} tiles of 256 each", rate / reads),
        Measured("proofs verified", checked, "/s", verify_s, "Ed25519 verifications, one core", checked / verify_s),
    ]  # fmt: skip


def _receipts(folder: Path, seconds: float, chain_s: float) -> list[Measured]:
    keys = [SigningKey(f"author-{n}", hashlib.sha256(b"%d" % n).digest()) for n in range(8)]
    log = _begin(folder, keys)
    sources = [iter(list(_notes(key, log.seen(), int(20 * seconds) + 4))) for key in keys]
    return receipts(log, _LOG_KEY, AT, sources, seconds, chain_s)


def _starts(small: Path, large: Path, entries: int) -> list[Measured]:
    (first, first_peak), (second, second_peak) = (_start(one) for one in (small, large))
    size = Log.open(small).size
    ratio = second_peak / first_peak
    return [
        Measured(f"start-up on {size:,} entries", first, "s"),
        Measured(f"start-up on {entries:,} entries", second, "s", START_GOAL_S, "goal", second / START_GOAL_S, f"<= {START_GOAL_S:g} s", second <= START_GOAL_S),
        Measured(f"peak memory on {entries:,} entries", second_peak / 1e6, "MB", first_peak / 1e6, f"the same on {size:,}", ratio, f"<= {MEMORY_GOAL}", ratio <= MEMORY_GOAL),
    ]  # fmt: skip


def _start(folder: Path) -> tuple[float, int]:
    done = subprocess.run(  # noqa: S603 - our own text
        [sys.executable, "-c", _PEAK, str(folder)], capture_output=True, text=True, check=True
    )
    seconds, peak = done.stdout.split()[-2:]
    return float(seconds), int(peak)
