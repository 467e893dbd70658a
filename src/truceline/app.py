"""Wires the edges together: the entry point of `truceline` and of `python -m truceline`."""

from __future__ import annotations

from pathlib import Path

from truceline.cli.main import main as run_command_line
from truceline.cli.serve import said, start_with


def main() -> int:
    """Run the command line; the exit code."""
    start_with(_serve)
    return run_command_line()


def _serve(folder: Path, keys: Path | None, database: str | None, host: str, port: int) -> None:
    from truceline.mission.desk import Desk
    from truceline.web.serving import listen

    desk = Desk(folder, keys, database)
    try:
        desk.refresh()
        listen(desk, host, port, said)
    finally:
        desk.close()
