"""Wires the edges together: the entry point of `truceline` and of `python -m truceline`."""

from __future__ import annotations

from truceline.cli.main import main as run_command_line


def main() -> int:
    """Run the command line; the exit code."""
    return run_command_line()
