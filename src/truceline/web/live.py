"""Live: a thread watches the log and fills the views; open pages hear that something changed, never what."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from truceline.errors import TrucelineError
from truceline.mission.desk import Desk

router = APIRouter()
EVERY_S: Final = 0.5
BEAT_S: Final = 15.0


class Watcher:
    """Refreshes the desk while it runs; `number` grows with each change that readers could see."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self.number = desk, 0
        self.problem = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the end."""
        self._stop.set()
        self._thread.join(timeout=30)

    @property
    def ending(self) -> bool:
        return self._stop.is_set()

    def _run(self) -> None:
        size = self._desk.mission.log.size
        while not self._stop.wait(EVERY_S):
            try:
                filled = self._desk.refresh()
                filled = self._desk.keep_up() or filled
                self.problem = ""
            except TrucelineError as problem:  # a program that writes just now: the next turn sees it
                self.problem = str(problem)
                continue
            if filled or self._desk.mission.log.size != size:
                size, self.number = self._desk.mission.log.size, self.number + 1


@router.get("/live", name="live")
async def live(request: Request) -> StreamingResponse:
    """Server-sent events: `changed` with a number, and a comment now and then so that the line stays open."""
    watcher: Watcher = request.app.state.watcher

    async def events() -> AsyncIterator[str]:
        told, waited = watcher.number, 0.0
        yield f"retry: 3000\nevent: changed\ndata: {told}\n\n"
        while not watcher.ending:
            await asyncio.sleep(0.5)
            waited += 0.5
            if watcher.number != told:
                told = watcher.number
                yield f"event: changed\ndata: {told}\n\n"
            elif waited >= BEAT_S:
                waited = 0.0
                yield ": still here\n\n"

    return StreamingResponse(
        events(),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
