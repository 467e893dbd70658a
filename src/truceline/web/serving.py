"""Listen: one process, a graceful stop, logs as one JSON object a line without addresses or names."""

from __future__ import annotations

import json
import logging
import socket
import sys
from collections.abc import Callable

import uvicorn

from truceline.errors import EnvironmentFailure
from truceline.mission.desk import Desk
from truceline.web.application import create_app


class _Lines(logging.Formatter):
    """What happened, and nothing about who asked."""

    def format(self, record: logging.LogRecord) -> str:
        told = {"at": self.formatTime(record), "level": record.levelname.lower(), "said": record.getMessage()}
        told |= {name: getattr(record, name) for name in ("route", "status", "ms") if hasattr(record, name)}
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


def listen(desk: Desk, host: str, port: int, said: Callable[[str], None]) -> None:
    """Serve until a signal ends it.

    Raises:
        EnvironmentFailure: ENV-042, the address is not to be had.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    for name in ("truceline", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO if name == "truceline" else logging.WARNING)
    try:
        held = socket.create_server((host, port))
    except OSError as problem:
        raise EnvironmentFailure(
            "ENV-042", "the address must be free", where=f"{host}:{port}", value=problem.strerror,
            remedy="Choose another with --host and --port.",
        ) from problem  # fmt: skip
    with held:
        address, taken = held.getsockname()[:2]
        said(f"http://{address}:{taken}/")
        config = uvicorn.Config(
            create_app(desk),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        uvicorn.Server(config).run(sockets=[held])
