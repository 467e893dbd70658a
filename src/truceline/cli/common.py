"""What all commands share: options, results on stdout, messages on stderr, errors to exit codes."""

from __future__ import annotations

import getpass
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from truceline.errors import UsageError

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The mission's folder.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Keys = Annotated[
    Path | None,
    typer.Option("--keys", metavar="FOLDER", envvar="TRUCELINE_KEYS", help="Folder of private keys; beside the mission unless given.", show_default=False),
]  # fmt: skip


PROGRAM = os.environ.get("TRUCELINE_PROGRAM", "truceline")
"""What to type for this program: `./dev run` says so when it was started by that."""


def emit(result: Mapping[str, Any], as_json: bool, text: str) -> None:
    """Print a result: the object, or its sentence."""
    typer.echo(json.dumps(result, ensure_ascii=False, indent=2, default=str) if as_json else text)


def note(message: str) -> None:
    """A message for a person, on stderr."""
    typer.echo(message, err=True)


def ask_new_passphrase() -> str:
    """A new passphrase: from TRUCELINE_NEW_PASSPHRASE, or from the person at the terminal, twice.

    Raises:
        UsageError: CLI-020, nobody is there to ask, or both were not the same.
    """
    given = os.environ.get("TRUCELINE_NEW_PASSPHRASE")
    if given:
        return given
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "CLI-020", "a new passphrase must come from somewhere", where="TRUCELINE_NEW_PASSPHRASE",
            remedy="Set that variable, or run the command at a terminal.",
        )  # fmt: skip
    typed, again = (getpass.getpass(text, stream=sys.stderr) for text in ("New passphrase: ", "Again: "))
    if not typed or typed != again:
        raise UsageError(
            "CLI-020", "the passphrase must be typed the same twice", remedy="Nothing was changed: try again."
        )
    return typed


def table(rows: Sequence[tuple[str, ...]], header: tuple[str, ...]) -> str:
    """Columns of text, the numbers to the right."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]

    def line(row: tuple[str, ...]) -> str:
        cells = [
            cell.rjust(width) if cell.replace(",", "").lstrip("+-").isdigit() else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        ]
        return "  ".join(cells).rstrip()

    return "\n".join([line(header), "  ".join("-" * width for width in widths), *map(line, rows)])


class Progress:
    """A bar on a terminal, nothing elsewhere."""

    def __init__(self, enabled: bool = True) -> None:
        self._shown = enabled and sys.stderr.isatty()
        self._started = time.monotonic()

    def step(self, name: str, share: float) -> None:
        """Show the step and the share done, 0 to 1."""
        if self._shown:
            filled = round(24 * share)
            seconds = time.monotonic() - self._started
            sys.stderr.write(f"\r\x1b[2K[{'#' * filled}{'.' * (24 - filled)}] {seconds:4.1f} s  {name}")
            if share >= 1.0:
                sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()

    def rows(self, count: int) -> None:
        """Show a number of rows read."""
        if self._shown:
            sys.stderr.write(f"\r\x1b[2K{count:,} rows read")
            sys.stderr.flush()

    def say(self, name: str) -> None:
        """Show what is being done, with no share known."""
        if self._shown:
            sys.stderr.write(f"\r\x1b[2K{name}")
            sys.stderr.flush()

    def done(self) -> None:
        """Clear the line."""
        if self._shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
