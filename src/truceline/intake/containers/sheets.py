"""XLSX workbooks to blocks: one sheet, read row by row; every cell becomes text."""

from __future__ import annotations

import datetime as dt
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from truceline.errors import IntakeError
from truceline.intake.chunks import Block, Rejected
from truceline.intake.containers.delimited import names_of

BLOCK_ROWS: Final = 5_000
HEADER_ROWS: Final = 20
UNPACKED_LIMIT: Final = 4 << 30


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet whose header has been found. Lines are row numbers of the sheet.

    Args:
        header: row number of the header, 1 the first.
    """

    path: Path
    sheet: str
    names: tuple[str, ...]
    header: int

    def blocks(self) -> Iterator[Block]:
        """The rows below the header; wholly empty rows are skipped."""
        rows: list[list[str | None]] = []
        lines: list[int] = []
        rejected: list[Rejected] = []
        width = len(self.names)
        for line, cells in enumerate(_rows(self.path, self.sheet), 1):
            if line <= self.header or not any(cells):
                continue
            if any(cells[width:]):
                shown = ",".join(cell or "" for cell in cells)
                rule = f"a row must have {width} cells as the header has"
                rejected.append(Rejected(line, "INT-101", rule, str(len(cells)), "Move the cell.", shown))
                continue
            rows.append((cells + [None] * width)[:width])
            lines.append(line)
            if len(rows) >= BLOCK_ROWS:
                yield self._block(rows, lines, rejected)
                rows, lines, rejected = [], [], []
        if rows or rejected:
            yield self._block(rows, lines, rejected)

    def _block(self, rows: list[list[str | None]], lines: list[int], rejected: list[Rejected]) -> Block:
        columns = [pa.array([row[index] for row in rows], pa.string()) for index in range(len(self.names))]
        return Block(pa.table(columns, names=list(self.names)), np.asarray(lines, np.int64), tuple(rejected))


def look(path: Path, sheet: str = "") -> Sheet:
    """Find the header: the first of the first 20 rows with the most filled cells.

    Raises:
        IntakeError: INT-002 no rows, INT-005 header names, INT-010 no such sheet, INT-017 not a readable workbook.
    """
    _guard(path)
    names = _sheet_names(path)
    if sheet and sheet not in names:
        raise IntakeError(
            "INT-010", "the sheet must be in the workbook", where=path.name, value=sheet,
            remedy=f"Sheets: {', '.join(names)}."[:200],
        )  # fmt: skip
    sheet = sheet or names[0]
    best: list[str | None] = []
    header, filled = 0, 0
    for line, cells in enumerate(_rows(path, sheet), 1):
        if line > HEADER_ROWS:
            break
        count = sum(cell is not None for cell in cells)
        if count > filled:
            best, header, filled = cells, line, count
    if not filled:
        raise IntakeError(
            "INT-002",
            "a file must hold at least a header",
            where=f"{path.name}, sheet {sheet}",
            remedy="Name a sheet that has rows.",
        )
    while best and best[-1] is None:
        best = best[:-1]
    return Sheet(path, sheet, names_of(path, [cell or "" for cell in best]), header)


def _guard(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError) as problem:
        raise _unreadable(path, str(problem)) from problem
    if unpacked > UNPACKED_LIMIT:
        raise _unreadable(path, f"{unpacked} bytes unpacked")


def _open(path: Path) -> Any:
    import openpyxl  # slow to import, and few files are workbooks
    from openpyxl.utils.exceptions import InvalidFileException

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles and drawings that do not matter here
        try:
            return openpyxl.load_workbook(path, read_only=True, data_only=True)
        except (
            InvalidFileException,
            KeyError,
            ValueError,
            OSError,
            zipfile.BadZipFile,
            SyntaxError,
        ) as problem:
            raise _unreadable(path, str(problem)) from problem


def _sheet_names(path: Path) -> list[str]:
    book = _open(path)
    try:
        names = [sheet.title for sheet in book.worksheets]
    finally:
        book.close()
    if not names:
        raise _unreadable(path, "no sheet")
    return names


def _rows(path: Path, sheet: str) -> Iterator[list[str | None]]:
    book = _open(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for row in book[sheet].iter_rows(values_only=True):
                yield [_text(value) for value in row]
    except (ValueError, KeyError, SyntaxError, zipfile.BadZipFile, OSError) as problem:
        raise _unreadable(path, str(problem)) from problem
    finally:
        book.close()


def _text(value: Any) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case dt.datetime():
            midnight = value.time() == dt.time()
            return value.date().isoformat() if midnight else value.isoformat(timespec="seconds")
        case dt.date() | dt.time():
            return value.isoformat()
        case _:
            return str(value).strip() or None


def _unreadable(path: Path, what: str) -> IntakeError:
    return IntakeError(
        "INT-017", "a workbook must be a readable XLSX file", where=path.name, value=what[:80],
        remedy="Save it again as XLSX without a password, or export the sheet as CSV.",
    )  # fmt: skip
