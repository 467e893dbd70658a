"""The small services that a party runs: a witness, a mirror; requests in, replies out, no network in here."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import ClassVar

from truceline.errors import EnvironmentFailure, LogError, TrucelineError
from truceline.log.http import Reply, static
from truceline.log.keystore import KeyStore
from truceline.log.mirroring import Mirror, bare
from truceline.log.notes import SigningKey
from truceline.log.packages import INFO_TYPE, MAX_BODY_BYTES, MOST_PACKAGES, Info, Upload, read_packages
from truceline.log.pending import Pending
from truceline.log.requests import MAX_BYTES, SIZE_TYPE, AddCheckpoint, dump_size
from truceline.log.tiles import WIDTH
from truceline.log.tree import Source
from truceline.log.witness import Witness

Say = Callable[[str], None]
_KEY = "cosigner.key"


def cosigner_key(store: KeyStore, name: str) -> SigningKey:
    """The key of a witness or mirror, made on first use; a folder holds one.

    Raises:
        LogError: LOG-014; LOG-058, the folder holds the key of another name. EnvironmentFailure: ENV-001.
    """
    import secrets

    if not (store.folder / _KEY).exists():
        store.create()
        store.write(_KEY, SigningKey(name, secrets.token_bytes(32)).line())
    key = SigningKey.from_line(store.read(_KEY))
    if key.name != name:
        raise LogError(
            "LOG-058", "a folder of keys must hold one cosigner, with a key of its own", where=str(store.folder),
            value=name, remedy=f"It holds the key of {key.name}: choose another folder for another cosigner.",
        )  # fmt: skip
    return key


class WitnessService:
    """POST /add-checkpoint, and GET / for people: which logs, at which size."""

    caps: ClassVar[Mapping[str, int]] = {"": MAX_BYTES}
    cut: frozenset[str] = frozenset()

    def __init__(self, witness: Witness, say: Say = lambda said: None) -> None:
        self._witness, self._say = witness, say

    def __call__(self, method: str, path: str, body: bytes) -> Reply:
        if (method, path) == ("POST", "/add-checkpoint"):
            try:
                made = self._witness.add_checkpoint(body)
            except TrucelineError as problem:
                self._say(str(problem))
                return Reply(503, f"{problem.rule} ({problem.code})\n".encode())
            self._say(f"{made.status} {made.why}")
            return Reply(made.status, made.body, made.content_type)
        if (method, path) == ("GET", "/"):
            logs = [{"log": str(one.key), "size": one.size} for one in self._witness.watched()]
            return Reply(
                200, json.dumps({"vkey": str(self._witness.key), "logs": logs}).encode(), "application/json"
            )
        return Reply(404, b"not found\n")


class MirrorService:
    """The copy under /<SHA-256 of the origin>/, and the two requests of tlog-mirror.

    POST /add-checkpoint moves the pending checkpoint, as a witness would, without a cosignature; a mirror that knows where the
    log is published then fetches by itself. POST /add-entries brings entries that were not fetched; once they reach a
    pending checkpoint, and every rule holds, the copy is extended and the answer is the mirror's cosignature.
    """

    caps: ClassVar[Mapping[str, int]] = {"": MAX_BYTES, "/add-entries": MAX_BODY_BYTES}
    cut = frozenset({"/add-entries"})

    def __init__(self, mirror: Mirror, source: Source | None, say: Say = lambda said: None) -> None:
        self._mirror, self._source, self._say = mirror, source, say
        self._prefix = "/" + hashlib.sha256(mirror.log.origin.encode()).hexdigest() + "/"
        self._pending = Pending(mirror.log, mirror.genesis_root)
        self._one = threading.Lock()

    def update(self) -> None:
        """Fetch what is new. Raises LogError, EnvironmentFailure as `Mirror.update`."""
        with self._one:
            self._update()

    def repeat(self, every_s: float) -> None:
        """Look again and again; what is wrong is said."""
        while True:
            try:
                self.update()
            except TrucelineError as problem:
                self._say(str(problem))
            time.sleep(every_s)

    def __call__(self, method: str, path: str, body: bytes) -> Reply:
        answers = {"/add-checkpoint": self._announced, "/add-entries": self._uploaded}
        if method == "POST" and path in answers:
            try:
                with self._one:
                    return answers[path](body)
            except LogError as problem:
                self._say(str(problem))
                return _refused(422, problem)
            except EnvironmentFailure as problem:
                self._say(str(problem))
                return _refused(503, problem)
        if method == "GET" and path.startswith(self._prefix):
            return static(self._mirror.folder / "log", path.removeprefix(self._prefix))
        return Reply(404, b"not found\n")

    def _update(self) -> None:
        if self._source is None:
            return
        made = self._mirror.update(self._source)
        self._pending.clear()
        if made.new:
            self._say(f"stored {made.new:,} entries, size {made.size:,}")

    def _announced(self, body: bytes) -> Reply:
        try:
            request = AddCheckpoint.parse(body)
        except LogError as problem:
            return _refused(400, problem)
        log = self._mirror.log
        if request.checkpoint.partition(b"\n")[0] != log.origin.encode():
            return Reply(404, b"unknown log\n")
        try:
            new = bare(request.checkpoint, log.key, "the request")
        except LogError as problem:
            return _refused(403 if problem.code in ("LOG-012", "LOG-013") else 400, problem)
        if request.old_size > new.size:
            return Reply(400, b"the old size is above the new one\n")
        pending = self._pending.add(request, new)
        if pending is not None:
            return Reply(409, dump_size(pending), SIZE_TYPE)
        try:
            self._update()
        except TrucelineError as problem:
            self._say(str(problem))  # the checkpoint is pending: its entries can be uploaded
        return Reply(200, b"")

    def _uploaded(self, body: bytes) -> Reply:
        try:
            upload, at = Upload.read(body)
        except LogError as problem:
            return _refused(400, problem)
        if upload.origin != self._mirror.log.origin:
            return Reply(404, b"unknown log\n")
        pending, under = self._pending, self._pending.known(upload.end)
        following = pending.following()
        if under is None or not following - MOST_PACKAGES * WIDTH <= upload.start <= following:
            return self._where(409, upload.end if under else pending.newest()[0])
        kept = 0
        try:
            for package in read_packages(body, at, upload):
                pending.keep(package, under)
                kept += 1
        except LogError as problem:
            return _refused(400 if problem.code == "LOG-148" else 422, problem)
        if pending.following() < upload.end:
            return self._where(202, upload.end) if kept else Reply(400, b"no whole package\n")
        made, line = self._mirror.take(under, pending.bundle)
        pending.clear()
        if made.new:
            self._say(f"stored {made.new:,} uploaded entries, size {made.size:,}")
        return Reply(200, line)

    def _where(self, status: int, size: int) -> Reply:
        return Reply(status, Info(size, self._pending.following()).dump(), INFO_TYPE)


def _refused(status: int, problem: TrucelineError) -> Reply:
    return Reply(status, f"{problem.rule} ({problem.code})\n".encode())
