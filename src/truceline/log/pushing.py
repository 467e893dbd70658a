"""The log's side of tlog-mirror: upload entries to a mirror that cannot, or does not, fetch them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from truceline.errors import LogError
from truceline.log.checkpoints import Checkpoint
from truceline.log.http import Reply
from truceline.log.packages import MOST_PACKAGES, Info, Package, Upload, dump_upload, spans
from truceline.log.subtrees import prove_subtree
from truceline.log.tiles import WIDTH
from truceline.log.tree import TileTree

AIM_BYTES = 8 * 1024 * 1024
"""A request ends after the package that reaches this."""
TRIES = 4


class Sender(Protocol):
    """Sends one upload; `log/http.py` has the one for the network."""

    def upload(self, url: str, body: bytes) -> Reply: ...


def push(tree: TileTree, origin: str, at: Checkpoint, url: str, sender: Sender) -> bytes:
    """Upload what a mirror lacks up to the checkpoint `at`, which was announced to it by add-checkpoint.

    Args:
        tree: the log's own, at that size or beyond.
        url: the mirror's submission prefix.
    Returns:
        the signature lines that the mirror answered.
    Raises:
        LogError: LOG-060 it refused, or stands under another checkpoint; LOG-148 its answer is malformed; LOG-037, LOG-039.
        EnvironmentFailure: ENV-031.
    """
    start, ticket, stuck = at.size, b"", 0
    while True:
        body = dump_upload(Upload(origin, start, at.size, ticket), list(_packages(tree, start, at.size)))
        reply = sender.upload(f"{url.rstrip('/')}/add-entries", body)
        if reply.status == 200:
            return reply.body
        if reply.status not in (202, 409):
            raise _refused(f"{reply.status}: {reply.body[:120].decode('utf-8', 'replace').strip()}")
        info = Info.parse(reply.body)
        if info.size != at.size or info.following > at.size:
            raise _refused(f"{reply.status}: it waits for entries up to {info.size:,}, not {at.size:,}")
        stuck = 0 if reply.status == 202 and info.following > start else stuck + 1
        if stuck > TRIES:
            raise _refused(f"{reply.status}: it does not get beyond entry {info.following:,}")
        start, ticket = info.following, info.ticket


def _packages(tree: TileTree, start: int, end: int) -> Iterator[Package]:
    sent = 0
    for number, (first, following) in enumerate(spans(start, end)):
        if number >= MOST_PACKAGES or sent >= AIM_BYTES:
            return
        aligned = first // WIDTH * WIDTH
        notes = tree.bundle(first // WIDTH)[first - aligned : following - aligned]
        sent += sum(map(len, notes))
        yield Package(first, tuple(notes), tuple(prove_subtree(tree, aligned, following, end)))


def _refused(why: str) -> LogError:
    return LogError(
        "LOG-060", "a mirror must take the entries of a checkpoint that it was told of", value=why,
        remedy="Read what the mirror said; ask its operator.",
    )  # fmt: skip
