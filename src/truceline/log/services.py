"""The small services that a party runs: a witness, a mirror; requests in, replies out, no network in here."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Callable

from truceline.errors import EnvironmentFailure, LogError, TrucelineError
from truceline.log.checkpoints import read_checkpoint
from truceline.log.http import Reply, static
from truceline.log.keystore import KeyStore
from truceline.log.mirroring import Mirror
from truceline.log.notes import SigningKey
from truceline.log.requests import MAX_BYTES, SIZE_TYPE, AddCheckpoint, dump_size
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

    cap = MAX_BYTES

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
    """The copy under /<SHA-256 of the origin>/, and POST /add-checkpoint as an announcement of what is new.

    An announcement is answered once the entries are stored; the cosignature is in the published checkpoint.
    """

    cap = MAX_BYTES

    def __init__(self, mirror: Mirror, source: Source, say: Say = lambda said: None) -> None:
        self._mirror, self._source, self._say = mirror, source, say
        self._prefix = "/" + hashlib.sha256(mirror.log.origin.encode()).hexdigest() + "/"
        self._one = threading.Lock()

    def update(self) -> None:
        """Fetch what is new. Raises LogError, EnvironmentFailure as `Mirror.update`."""
        with self._one:
            made = self._mirror.update(self._source)
            if made.new:
                self._say(f"stored {made.new:,} entries, size {made.size:,}")

    def repeat(self, every_s: float) -> None:
        """Look again and again; what is wrong is said."""
        while True:
            try:
                self.update()
            except TrucelineError as problem:
                self._say(str(problem))
            time.sleep(every_s)

    def __call__(self, method: str, path: str, body: bytes) -> Reply:
        if (method, path) == ("POST", "/add-checkpoint"):
            return self._announced(body)
        if method == "GET" and path.startswith(self._prefix):
            return static(self._mirror.folder / "log", path.removeprefix(self._prefix))
        return Reply(404, b"not found\n")

    def _announced(self, body: bytes) -> Reply:
        try:
            request = AddCheckpoint.parse(body)
        except LogError as problem:
            return Reply(400, f"{problem.rule} ({problem.code})\n".encode())
        log = self._mirror.log
        if request.checkpoint.partition(b"\n")[0] != log.origin.encode():
            return Reply(404, b"unknown log\n")
        try:
            new, _, _ = read_checkpoint(request.checkpoint, log.key)
        except LogError as problem:
            return Reply(403 if problem.code in ("LOG-012", "LOG-013") else 400, f"{problem.rule}\n".encode())
        if new.size < log.size:
            return Reply(409, dump_size(log.size), SIZE_TYPE)
        try:
            self.update()
        except LogError as problem:
            self._say(str(problem))
            return Reply(422, f"{problem.rule} ({problem.code})\n".encode())
        except EnvironmentFailure as problem:
            self._say(str(problem))
            return Reply(503, f"{problem.rule} ({problem.code})\n".encode())
        with contextlib.suppress(LogError):
            if new.size <= log.size and log.root_at(new.size) == new.root:
                return Reply(200, b"")
        return Reply(422, b"another history than the one that is published\n")
