"""One sequencer for many submitters: what arrives within a short while is one step of the log.

Three steps at once, each for the whole row of what waits: forms and signatures are checked (`log/checking.py`), one thread
makes a batch durable, another does what follows from it (`after`). A submission is answered as soon as it is recorded. Other
programs of the same machine submit through a local socket (`log/door.py`); only one process can be the sequencer of a
folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from pathlib import Path

from truceline.errors import EnvironmentFailure, TrucelineError
from truceline.log.chain import Chain, Facts
from truceline.log.checking import Checkers
from truceline.log.entries import Seen
from truceline.log.log import Log
from truceline.log.notes import SigningKey
from truceline.log.submitting import Judge, Outcome, submit
from truceline.log.tiles import WIDTH
from truceline.log.waiting import Waiting

BATCH_S, MAX_BATCH = 0.1, 4096
ENOUGH = WIDTH  # a batch that fills a bundle waits for nobody
_ROW = 512


@dataclass(slots=True)
class _Submission:
    note: bytes
    answer: Future[Outcome]
    came: float
    facts: Facts | None = None


@dataclass(frozen=True, slots=True)
class _Held:
    """What the log held after the last batch."""

    chain: Chain
    seen: Seen
    note: bytes  # the checkpoint


class Sequencer:
    """Appends for everybody, in batches; use it as a context."""

    def __init__(
        self, log: Log, log_key: SigningKey, clock: Callable[[], str], *, judge: Judge = lambda entry: None,
        batch_s: float = BATCH_S, after: Callable[[], None] = lambda: None, cores: int | None = None,
    ) -> None:  # fmt: skip
        """
        Args:
            clock: the time that an entry about refusals says.
            batch_s: how long the first submission of a batch waits for others, seconds.
            after: called after each batch, in a thread of its own; a slow one holds nothing up.
            cores: processes that check signatures; one a core when None.
        """
        self.log, self._key, self._clock, self._judge = log, log_key, clock, judge
        self._batch_s, self._after = batch_s, after
        self._cores = cores or os.cpu_count() or 1
        self._came: Waiting[_Submission] = Waiting(4 * MAX_BATCH)
        self._checked: Waiting[_Submission] = Waiting(4 * MAX_BATCH)
        self._appended = threading.Event()
        self._ended = threading.Event()
        self._broken: TrucelineError | None = None
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Sequencer:
        self._alone = open_alone(self.log.folder)
        try:
            with self.log.writing():
                self._hold()
        except BaseException:
            os.close(self._alone)
            raise
        self._threads = [
            threading.Thread(target=self._check, name="checks", daemon=True),
            threading.Thread(target=self._run, name="sequencer", daemon=True),
            threading.Thread(target=self._follow, name="after", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._came.close()
        self._threads[1].join()
        self._ended.set()
        self._appended.set()
        self._threads[2].join(timeout=1)
        os.close(self._alone)

    def submit(self, note: bytes) -> Future[Outcome]:
        """Hand in a note; the outcome is there when it is durable, refused, or the disk refused."""
        answer: Future[Outcome] = Future()
        if self._broken is not None:
            answer.set_exception(self._broken)
        else:
            self._came.put(_Submission(note, answer, time.monotonic()))
        return answer

    def next_of(self, author: str) -> tuple[int, str]:
        """`seq` and `prev` of an author's next entry."""
        if self.log.commit_point.raw() != self._held.note:  # a batch ends just now, or another program wrote
            with self.log.writing():
                self._hold()
        return self._held.chain.next_of(author)

    def seen(self) -> Seen:
        """What an author may say to have seen."""
        return self._held.seen

    def _hold(self) -> None:
        self._held = _Held(self.log.chain, self.log.seen(), self.log.at.note)

    def _check(self) -> None:
        """Form and signatures as submissions come, while the batch before is made durable."""
        with Checkers(self.log.origin, self._cores) as checkers:
            while row := self._came.take(_ROW):
                found = checkers.check([one.note for one in row], self._held.chain.ever)
                for one, facts in zip(row, found, strict=True):
                    one.facts = facts  # where there are none, `submit` says what is wrong
                self._checked.put(*row)
        self._checked.close()

    def _run(self) -> None:
        while batch := list(self._checked.take(MAX_BATCH)):
            until = batch[0].came + self._batch_s
            while len(batch) < ENOUGH and time.monotonic() < until and not self._checked.is_closed:
                batch += self._checked.take(MAX_BATCH - len(batch), until)
            self._append(batch)

    def _append(self, batch: Sequence[_Submission]) -> None:
        def answer(outcomes: Sequence[Outcome]) -> None:
            self._hold()
            for one, outcome in zip(batch, outcomes, strict=True):
                with contextlib.suppress(InvalidStateError):  # whoever handed it in waits no more
                    one.answer.set_result(outcome)

        try:
            if self._broken is not None:
                raise self._broken
            notes, facts = [one.note for one in batch], [one.facts for one in batch]
            submit(self.log, notes, self._key, self._clock(), self._judge, facts, answer)
        except TrucelineError as problem:
            if isinstance(problem, EnvironmentFailure) and problem.code == "ENV-001":
                self._broken = (
                    problem  # a disk that refused once is not asked again: the next start looks what counts
                )
            for one in batch:
                if not one.answer.done():
                    one.answer.set_exception(problem)
            return
        self._appended.set()

    def _follow(self) -> None:
        while True:
            self._appended.wait()
            self._appended.clear()
            if self._ended.is_set():
                return
            with contextlib.suppress(TrucelineError):  # its own state says what is wrong
                self._after()

    def repeat(self, every_s: float, until: threading.Event) -> None:
        """Call `after` again every so many seconds, since a witness may be back."""
        while not until.wait(every_s):
            self._appended.set()


def open_alone(folder: Path) -> int:
    """Become the one sequencer of a folder; the file stays locked as long as it is open.

    Raises:
        EnvironmentFailure: ENV-003, there is one.
    """
    (folder / "views").mkdir(exist_ok=True)
    file = os.open(folder / "views" / "sequencer.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        os.close(file)
        raise EnvironmentFailure(
            "ENV-003", "only one sequencer may run for a folder", where=str(folder),
            remedy="Another one runs: submit through it, or end it first.",
        ) from problem  # fmt: skip
    return file
