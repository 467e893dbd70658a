"""How long until an entry has a receipt: recorded, then cosigned by a mediator and a party, each a witness that persists first.

The witnesses are asked without a network, so what is measured is their work and the log's. Its limit is the same run's:
recording the entry, and one write made durable for each witness that must answer.
"""

from __future__ import annotations

import queue
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from truceline.errors import EnvironmentFailure
from truceline.log.benching_figures import Measured
from truceline.log.collecting import Collector
from truceline.log.cosignatures import CosignerKey
from truceline.log.files import write_durably
from truceline.log.http import Reply
from truceline.log.levels import levels
from truceline.log.log import Log
from truceline.log.notes import SigningKey
from truceline.log.sequencer import Sequencer
from truceline.log.services import WitnessService
from truceline.log.witness import Witness

PARTIES = ("mediator", "north", "south")
_WAIT_S = 60.0


class _Near:
    """Witnesses of this process, asked as the network would ask them."""

    def __init__(self, services: dict[str, WitnessService]) -> None:
        self._services = services

    def post(self, url: str, body: bytes) -> Reply:
        host, _, path = url.removeprefix("http://").partition("/")
        return self._services[host]("POST", f"/{path}", body)

    def get(self, url: str, cap: int) -> Reply:
        raise EnvironmentFailure("ENV-031", "the server must answer in time", where=url, remedy="Start it.")

    def upload(self, url: str, body: bytes) -> Reply:
        return self.post(url, body)


def receipts(
    log: Log, key: SigningKey, at: str, sources: Sequence[Iterator[bytes]], seconds: float, chain_s: float
) -> list[Measured]:
    """Each of the submitters hands in its next entry when the one before has its receipt.

    Args:
        log: at least its genesis entry. sources: the signed notes of each submitter.
        chain_s: writes made durable a second.
    """
    signers = {name: SigningKey(f"{name}.bench/w", name.encode().ljust(32, b".")) for name in PARTIES}
    services = {
        name: _witness(log, log.folder.parent / f"{name}-state", one) for name, one in signers.items()
    }
    _policy(log, signers)
    waiting: list[tuple[int, float]] = []
    lock, free = threading.Lock(), queue.SimpleQueue[int]()
    recorded: list[float] = []
    taken: list[float] = []
    open_: dict[int, int] = {}
    collector = Collector(Log.open(log.folder), _Near(services))

    def collect() -> None:
        collector.collect()
        reached = next(one.reached for one in levels(log.folder, log.key) if one.name == "receipt")
        now, size = time.perf_counter(), reached.checkpoint.size if reached else 0
        with lock:
            done = [one for one in waiting if one[0] < size]
            waiting[:] = [one for one in waiting if one[0] >= size]
        for index, begun in done:
            taken.append(now - begun)
            free.put(open_.pop(index))

    with Sequencer(log, key, lambda: at, after=collect) as sequencer:
        ended = threading.Event()
        threading.Thread(target=sequencer.repeat, args=(0.2, ended), daemon=True).start()

        def hand_in(number: int) -> None:
            note = next(sources[number], None)
            if note is None:
                return
            begun = time.perf_counter()
            made = sequencer.submit(note).result()
            if made.problem is not None or made.index is None:
                raise AssertionError(made.problem)
            recorded.append(time.perf_counter() - begun)
            with lock:
                open_[made.index] = number
                waiting.append((made.index, begun))

        hands = [threading.Thread(target=hand_in, args=(number,)) for number in range(len(sources))]
        for one in hands:
            one.start()
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            try:
                number = free.get(timeout=0.2)
            except queue.Empty:
                continue
            hands.append(threading.Thread(target=hand_in, args=(number,)))
            hands[-1].start()
        for one in hands:
            one.join(_WAIT_S)
        ended.set()
    if not taken:
        raise AssertionError("no receipt came")
    p50, p99 = statistics.median(taken), sorted(taken)[int(len(taken) * 0.99) - 1]
    limit = statistics.median(recorded) + 2 / chain_s
    name, of = (
        f"receipt by mediator and a party, {len(sources)} submitters",
        "recording it, and two writes made durable",
    )
    return [
        Measured(f"{name}: latency p50", p50 * 1000, "ms", limit * 1000, of, p50 / limit),
        Measured(f"{name}: latency p99", p99 * 1000, "ms"),
    ]


def _witness(log: Log, folder: Path, signer: SigningKey) -> WitnessService:
    witness = Witness(folder, signer, folder.with_suffix(".mark"))
    witness.watch(log.key, log.tree.leaf(0))
    return WitnessService(witness, lambda said: None)


def _policy(log: Log, signers: dict[str, SigningKey]) -> None:
    lines = [f"log {log.key}"]
    lines += [f"witness {name} {CosignerKey.of(one)} http://{name}/" for name, one in signers.items()]
    lines += ["group parties any north south", "group all all mediator parties", "quorum all"]
    write_durably(log.folder / "policy" / "receipt.policy", ("\n".join(lines) + "\n").encode())
