"""The log over HTTP: published files fetched, requests sent, small services run. Needs the extra `serve`.

Everything else in this room is bytes in and bytes out; httpx, starlette and uvicorn are imported here alone.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from truceline.errors import EnvironmentFailure, LogError
from truceline.log.tiles import WIDTH, path_of

TIMEOUT_S = 10.0
MAX_FILE_BYTES = 256 * 65_537 + 1024
MAX_CHECKPOINT_BYTES = 1_048_576
T = TypeVar("T")
Handler = Callable[[str, str, bytes], "Reply"]


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, body, content type."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"


class Client:
    """One kept-open client; each answer has a cap of bytes and of time."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        """Raises EnvironmentFailure ENV-030, the extra is not installed."""
        httpx = _needs("httpx")
        self._httpx, self._timeout_s = httpx, timeout_s
        self._client = httpx.Client(timeout=timeout_s, follow_redirects=False, trust_env=False)

    def get(self, url: str, cap: int) -> Reply:
        """Raises EnvironmentFailure ENV-031, no answer in time, or one above the cap."""
        return self._send("GET", url, None, cap)

    def post(self, url: str, body: bytes, cap: int = MAX_CHECKPOINT_BYTES) -> Reply:
        """Raises EnvironmentFailure ENV-031."""
        return self._send("POST", url, body, cap)

    def upload(self, url: str, body: bytes) -> Reply:
        """Send entries to a mirror, compressed. Raises EnvironmentFailure ENV-031."""
        import gzip

        headers = {"content-type": "application/octet-stream", "content-encoding": "gzip"}
        return self._send("POST", url, gzip.compress(body, 1), MAX_CHECKPOINT_BYTES, headers)

    def close(self) -> None:
        self._client.close()

    def _send(
        self, method: str, url: str, body: bytes | None, cap: int, headers: Mapping[str, str] | None = None
    ) -> Reply:
        until, held = time.monotonic() + self._timeout_s, bytearray()
        try:
            with self._client.stream(method, url, content=body, headers=headers) as answer:
                for piece in answer.iter_bytes():
                    held += piece
                    if len(held) > cap:
                        raise _unreachable(url, f"more than {cap:,} bytes")
                    if time.monotonic() > until:
                        raise _unreachable(url, f"not done after {self._timeout_s:g} s")
                return Reply(answer.status_code, bytes(held), answer.headers.get("content-type", ""))
        except (self._httpx.HTTPError, self._httpx.InvalidURL) as problem:
            raise _unreachable(url, f"{type(problem).__name__}: {problem}") from problem


class HttpSource:
    """Published files of a log under a URL prefix."""

    def __init__(self, prefix: str, client: Client | None = None) -> None:
        """Raises EnvironmentFailure ENV-030."""
        self._prefix, self._client = prefix.rstrip("/"), client or Client()

    def checkpoint(self) -> bytes:
        """Raises LogError LOG-037, EnvironmentFailure ENV-031."""
        made = self._get("checkpoint", MAX_CHECKPOINT_BYTES)
        if made is None:
            raise _missing(f"{self._prefix}/checkpoint")
        return made

    def tile(self, level: str, number: int, width: int) -> bytes:
        """The file of that width, or the full one. Raises LogError LOG-037, EnvironmentFailure ENV-031."""
        for held in dict.fromkeys((width, WIDTH)):
            made = self._get(path_of(level, number, held), MAX_FILE_BYTES)
            if made is not None:
                return made
        raise _missing(f"{self._prefix}/{path_of(level, number, width)}")

    def _get(self, name: str, cap: int) -> bytes | None:
        url = f"{self._prefix}/{name}"
        reply = self._client.get(url, cap)
        if reply.status in (404, 410):
            return None
        if reply.status != 200:
            raise _unreachable(url, f"status {reply.status}")
        return reply.body


def is_url(where: str) -> bool:
    """Whether it names a web server rather than a folder."""
    return urlsplit(where).scheme in ("http", "https")


class Body:
    """What came of a request's body, at most `cap` bytes, unpacked as it comes."""

    def __init__(self, cap: int) -> None:
        self.held, self.overflows = bytearray(), False
        self._cap, self._unpacking = cap, zlib.decompressobj(wbits=31)

    def add(self, piece: bytes, *, gzipped: bool) -> None:
        """Raises zlib.error, it is not gzip."""
        if self.overflows:
            return
        room = self._cap + 1 - len(self.held)
        self.held += self._unpacking.decompress(piece, room) if gzipped else piece[:room]
        if len(self.held) > self._cap:
            self.overflows = True
            del self.held[self._cap :]


def serve(
    handler: Handler, host: str, port: int, caps: Mapping[str, int], started: Callable[[int], None] = lambda port: None,
    *, cut: Collection[str] = (),
) -> None:  # fmt: skip
    """Answer requests with `handler(method, path, body)` until the process is told to end.

    Args:
        caps: path -> largest body, bytes, after decompression; "" for all others. Above it the answer is 413.
        cut: paths whose bodies are handed over as far as they came when they are larger, slow, or broken off.
        port: 0 for any free one; `started` is told which.
    Raises:
        EnvironmentFailure: ENV-030 the extra is not installed, ENV-032 the address cannot be had.
    """
    import asyncio
    import socket

    uvicorn, applications = _needs("uvicorn"), _needs("starlette.applications")
    requests, responses, routing = (
        _needs(f"starlette.{name}") for name in ("requests", "responses", "routing")
    )
    concurrency = _needs("starlette.concurrency")

    async def answer(request: Any) -> Any:
        path = request.url.path
        read = Body(caps.get(path, caps[""]))
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip"):
            return responses.Response(b"only gzip\n", 415, headers={"accept-encoding": "gzip"})
        try:
            async with asyncio.timeout(TIMEOUT_S):
                async for piece in request.stream():
                    read.add(piece, gzipped=encoding == "gzip")
                    if read.overflows and path not in cut:
                        return responses.Response(b"too large\n", 413)
        except TimeoutError:
            if path not in cut:
                return responses.Response(b"too slow\n", 408)
        except requests.ClientDisconnect:
            if path not in cut:
                return responses.Response(b"", 400)
        except zlib.error:
            return responses.Response(b"not gzip\n", 400)
        body = bytes(read.held)
        made = await concurrency.run_in_threadpool(handler, request.method, path, body)
        return responses.Response(
            made.body,
            made.status,
            media_type=None,
            headers={"content-type": made.content_type, "accept-encoding": "gzip"},
        )

    app = applications.Starlette(routes=[routing.Route("/{path:path}", answer, methods=["GET", "POST"])])
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except OSError as problem:
        listening.close()
        raise EnvironmentFailure(
            "ENV-032", "the address must be free to listen on", where=f"{host}:{port}", value=problem.strerror,
            remedy="Another program listens there: end it, or choose another with --port.",
        ) from problem  # fmt: skip
    started(listening.getsockname()[1])
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, limit_concurrency=64, timeout_keep_alive=15
    )
    uvicorn.Server(config).run(sockets=[listening])


def static(folder: Path, name: str) -> Reply:
    """A published file: `checkpoint` or one under `tile/`, and nothing else that stands anywhere."""
    parts = name.split("/")
    if any(not part or part.startswith(".") for part in parts) or parts[0] not in ("checkpoint", "tile"):
        return Reply(404, b"not found\n")
    path = folder.joinpath(*parts)
    try:
        if path.is_symlink() or not path.is_file():
            return Reply(404, b"not found\n")
        kind = "text/plain; charset=utf-8" if name == "checkpoint" else "application/octet-stream"
        return Reply(200, path.read_bytes(), kind)
    except (OSError, ValueError):
        return Reply(404, b"not found\n")


def _needs(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as problem:
        raise EnvironmentFailure(
            "ENV-030", "the log over HTTP needs an optional package", value=name.partition(".")[0],
            remedy="Install it: pip install 'truceline[serve]'",
        ) from problem  # fmt: skip


def _unreachable(url: str, why: str) -> EnvironmentFailure:
    return EnvironmentFailure(
        "ENV-031", "the server must answer in time", where=url, value=why,
        remedy="Check the address and the connection; nothing was lost, run the same command again.",
    )  # fmt: skip


def _missing(where: str) -> LogError:
    return LogError(
        "LOG-037", "every tile and bundle must be there and full", where=where,
        remedy="Fetch the file from another copy.",
    )  # fmt: skip
