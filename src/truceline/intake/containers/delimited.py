"""Delimited text (CSV) to blocks, a few megabytes at a time.

A row ends where its line ends, unless a quoted cell runs on. Each physical line is judged by itself first, so one lone
quote costs one line and never the rest of the file: lines are joined only when the quotes then close where RFC 4180
allows and no line between is a whole row of its own. What cannot be a row becomes `Rejected`; line numbers are physical.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv

from truceline.errors import IntakeError
from truceline.intake.chunks import RAW_LIMIT, Block, BoolArray, Int64Array, Rejected, UInt8Array

BLOCK_BYTES: Final = 8 << 20
LINE_LIMIT: Final = 32 << 20
JOIN_LINES: Final = 500
JOIN_BYTES: Final = 1 << 20
SNIFF_BYTES: Final = 1 << 20
_READ_BYTES: Final = 1 << 21
_DELIMITERS: Final = (",", ";", "\t", "|")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Delimited:
    """A delimited file whose header has been read.

    Args:
        names: the header, stripped, lower case.
        encoding: of the file.
    """

    path: Path
    names: tuple[str, ...]
    delimiter: str
    encoding: str

    def blocks(self) -> Iterator[Block]:
        """The rows, a block at a time. Raises IntakeError INT-014 at a line that has no end."""
        line, held, header = 1, b"", True
        for piece, last in _pieces(self.path, self.encoding):
            held += piece
            if header:
                cut = held.find(b"\n")
                if cut < 0 and not last:
                    _limit(self.path, held, line)
                    continue
                held, line, header = (held[cut + 1 :] if cut >= 0 else b""), 2, False
            if not held:
                continue
            cutting = _Cut(held, self.names, self.delimiter, last, line, self.encoding != "utf-8")
            if not cutting.used:
                _limit(self.path, held, line)
                continue
            yield cutting.block()
            line += cutting.lines_used
            held = held[cutting.used :]


def look(path: Path, encoding: str = "auto", delimiter: str = "auto") -> Delimited:
    """Read the header.

    Raises:
        IntakeError: INT-002 empty, INT-003 binary, INT-004 not in the encoding, INT-005 a column twice or nameless,
            INT-010 unknown encoding or delimiter, INT-014 no end of line.
    """
    with path.open("rb") as stream:
        start = stream.read(SNIFF_BYTES)
    if not start.strip(b" \t\r\n\xef\xbb\xbf\xff\xfe\x00"):
        raise IntakeError(
            "INT-002", "a file must hold at least a header", where=path.name, remedy="Export it again."
        )
    encoding = _encoding(path, start, encoding)
    first = b""
    for piece, last in _pieces(path, encoding, SNIFF_BYTES):
        first += piece
        if b"\n" in first or last:
            break
        _limit(path, first, 1)
    header = first.split(b"\n", 1)[0].rstrip(b"\r")
    text = _header_text(path, header)
    if delimiter == "auto":
        bare = "".join(text.split('"')[::2])
        delimiter = max(_DELIMITERS, key=bare.count)
    elif len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\0':
        raise IntakeError(
            "INT-010",
            "a delimiter must be one ASCII character",
            where=path.name,
            value=delimiter,
            remedy="Correct the setting in the mapping.",
        )
    return Delimited(path, _names(path, text, delimiter), delimiter, encoding)


def names_of(path: Path, cells: list[str]) -> tuple[str, ...]:
    """Header cells as column names: stripped, lower case, single spaces; each once.

    Raises:
        IntakeError: INT-005, a name is empty or stands twice.
    """
    names = tuple(" ".join(cell.split()).lower() for cell in cells)
    for index, name in enumerate(names):
        if not name or name in names[:index]:
            raise IntakeError(
                "INT-005", "every column must have a name of its own", where=f"{path.name}:1, column {index + 1}",
                value=name, remedy="Rename or remove the column.",
            )  # fmt: skip
    return names


def _names(path: Path, text: str, delimiter: str) -> tuple[str, ...]:
    try:
        cells = next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error as problem:
        raise IntakeError(
            "INT-005", "the header must be one line of names", where=f"{path.name}:1", value=str(problem),
            remedy="Close the quotes in the first line.",
        ) from problem  # fmt: skip
    while len(cells) > 1 and not cells[-1].strip():
        raise IntakeError(
            "INT-005", "every column must have a name of its own", where=f"{path.name}:1, column {len(cells)}",
            value="", remedy="Remove the empty column.",
        )  # fmt: skip
    return names_of(path, cells)


def _header_text(path: Path, header: bytes) -> str:
    control = sum(header.count(bytes([byte])) for byte in (*range(9), *range(14, 32)))
    if control:
        raise IntakeError(
            "INT-003", "the file must be text with a header line", where=f"{path.name}:1", value=header[:40],
            remedy="Export it as CSV (UTF-8); UTF-16 needs its byte order mark.",
        )  # fmt: skip
    try:
        return header.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise IntakeError(
            "INT-004", "the header must be UTF-8, or the encoding must be set", where=f"{path.name}:1",
            value=header[:40], remedy="Save as UTF-8, or pass the setting encoding, e.g. cp1252.",
        ) from problem  # fmt: skip


def _encoding(path: Path, start: bytes, wanted: str) -> str:
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    if wanted == "auto":
        return "utf-8"
    if wanted == "utf-8-or-cp1252":
        return _utf8_or_cp1252(path)
    try:
        return codecs.lookup(wanted).name
    except LookupError as problem:
        raise IntakeError(
            "INT-010",
            "an encoding must be known to Python",
            where=path.name,
            value=wanted,
            remedy="Correct the setting in the mapping.",
        ) from problem


def _utf8_or_cp1252(path: Path) -> str:
    """cp1252 where no line with letters beyond ASCII is UTF-8 and at least one is not; else UTF-8."""
    broken = False
    with path.open("rb") as stream:
        for line in stream:
            if not line.isascii():
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError:
                    broken = True
                else:
                    return "utf-8"
    return "cp1252" if broken else "utf-8"


def _limit(path: Path, held: bytes, line: int) -> None:
    if len(held) > LINE_LIMIT:
        raise IntakeError(
            "INT-014", f"a row must be shorter than {LINE_LIMIT} bytes", where=f"{path.name}:{line}",
            value=held[:40], remedy="The file has no line ends, or is not CSV.",
        )  # fmt: skip


def _pieces(path: Path, encoding: str, size: int = BLOCK_BYTES) -> Iterator[tuple[bytes, bool]]:
    """UTF-8 bytes of the file without byte order mark, and whether the piece is the last."""
    decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)("replace")
    with path.open("rb") as stream:
        piece, first, bare_returns = stream.read(size), True, False
        while True:
            following = stream.read(size) if piece else b""
            last = not following
            made = piece
            if first:
                made = made.removeprefix(codecs.BOM_UTF8) if encoding == "utf-8" else made
                bare_returns = encoding == "utf-8" and b"\r" in made and b"\n" not in made
            if decoder is not None:
                text = decoder.decode(made, last)
                made = (text.removeprefix("\ufeff") if first else text).encode("utf-8", "replace")
            elif bare_returns:
                made = made.replace(b"\r", b"\n")
            yield made, last
            if last:
                return
            piece, first = following, False


class _Cut:
    """One stretch of bytes cut into rows: those that pyarrow may read, and those that are refused."""

    def __init__(
        self, held: bytes, names: tuple[str, ...], delimiter: str, last: bool, line: int, recoded: bool
    ) -> None:
        self.held, self.names, self.columns, self.delimiter = held, names, len(names), delimiter
        self.last, self.line = last, line
        octets = np.frombuffer(held, np.uint8)
        ends = np.flatnonzero(octets == 10)
        if last and octets[-1] != 10:
            ends = np.append(ends, len(octets))
        self.rejected: list[Rejected] = []
        self.joined = False
        self.table: pa.Table | None = None
        self.used = self.lines_used = 0
        if not len(ends):
            return
        self.ends = ends
        self.starts = np.concatenate([[0], ends[:-1] + 1])
        self.lines_used, self.used = len(ends), min(int(ends[-1]) + 1, len(octets))
        within = octets[: int(ends[-1])]
        if self._looks_plain(within, recoded):
            self.table = self._read_plain()
        if self.table is None:
            self._judge(within, recoded)

    def _looks_plain(self, octets: UInt8Array, recoded: bool) -> bool:
        """Whether nothing here needs a line to be judged by itself: quotes in pairs within each line and where they may
        stand, no lone carriage return, no NUL, all of it text, no line that is blank or only delimiters."""
        content = self.held
        if b"\0" in content or (recoded and b"\xef\xbf\xbd" in content) or not _is_text(content[: self.used]):
            return False
        length = self.ends - self.starts
        if b"\r" in content:
            before = octets[np.maximum(self.ends - 1, 0)] == 13
            if int(before.sum()) != int((octets == 13).sum()):
                return False
            length -= before
        if ((length == 0) | (length == self.columns - 1)).any():
            return False
        quotes = np.flatnonzero(octets == 34)
        if not len(quotes):
            return True
        if len(quotes) % 2 or (np.searchsorted(quotes, self.ends) % 2).any():
            return False
        mark, opening, closing = ord(self.delimiter), quotes[0::2], quotes[1::2]
        prior = octets[opening - 1]
        good = (prior == mark) | (prior == 10) | (prior == 34) | (opening == 0)
        follows = octets[np.minimum(closing + 1, len(octets) - 1)]
        good &= (follows == mark) | (follows == 10) | (follows == 13) | (follows == 34)
        return bool(good.all())

    def _read_plain(self) -> pa.Table | None:
        """The rows as pyarrow reads them, where it finds exactly one in every line."""
        in_one = (
            int((self.ends - self.starts).max()) > _READ_BYTES // 2
        )  # pyarrow wants each row within two of its blocks
        table = _read(self.held[: self.used], self.names, self.delimiter, in_one)
        if table.num_rows != len(self.ends):
            return None
        self.keep = np.ones(len(self.ends), np.int8)
        return table

    def _judge(self, octets: UInt8Array, recoded: bool) -> None:
        lines = len(self.ends)
        if not len(octets):
            self.keep = np.zeros(lines, np.int8)
            return
        returned = (octets[np.maximum(self.ends - 1, 0)] == 13) & (self.ends > self.starts)
        length = self.ends - self.starts - returned
        cells, self.odd, misplaced = self._cells(octets)
        wanted = cells == self.columns
        empty = (length == 0) | (wanted & (length == self.columns - 1))
        self.whole = wanted & ~self.odd & ~misplaced & ~empty & ~self._inner_returns(octets)
        spoilt = self._spoilt(octets, recoded)
        keep = np.where(empty, 0, 1).astype(np.int8)  # 1 a row starts here, 2 it runs on, 0 not taken
        doubtful = np.flatnonzero((~self.whole & ~empty) | spoilt)
        after = 0
        for row in doubtful.tolist():
            if row < after:
                continue
            after = self._decide(row, keep, spoilt, lines)
            if after < 0:  # may run on into the next block
                self.lines_used, self.used = row, int(self.starts[row])
                keep = keep[:row]
                break
        self.keep = keep

    def _inner_returns(self, octets: UInt8Array) -> BoolArray:
        """Lines with a carriage return that is not at their end."""
        returns = np.flatnonzero(octets == 13)
        within = np.zeros(len(self.ends), np.bool_)
        at = np.searchsorted(self.ends, returns)
        within[at[returns + 1 != self.ends[at]]] = True
        return within

    def _cells(self, octets: UInt8Array) -> tuple[Int64Array, BoolArray, BoolArray]:
        """Cells of each line when it is read by itself; whether its quotes are odd; whether any stands wrongly."""
        mark = ord(self.delimiter)
        delimiters = np.flatnonzero(octets == mark)
        edges = np.searchsorted(delimiters, self.starts)
        counts = np.diff(np.append(edges, len(delimiters)))
        quotes = np.flatnonzero(octets == 34)
        if not len(quotes):
            none = np.zeros(len(self.ends), np.bool_)
            return counts + 1, none, none
        before = np.searchsorted(quotes, self.starts)
        quote_counts = np.diff(np.append(before, len(quotes)))
        odd = (quote_counts & 1).astype(np.bool_)
        parity = np.cumsum(octets == 34, dtype=np.uint8) & 1
        outside = (parity[delimiters] ^ np.repeat(before & 1, counts)) == 0
        running = np.concatenate([[0], np.cumsum(outside)])
        cells = running[np.append(edges[1:], len(delimiters))] - running[edges] + 1
        ordinal = np.arange(len(quotes)) - np.repeat(before, quote_counts)
        opening = (ordinal & 1) == 0
        prior = np.where(quotes > 0, octets[np.maximum(quotes - 1, 0)], 10)
        follows = np.where(quotes + 1 < len(octets), octets[np.minimum(quotes + 1, len(octets) - 1)], 10)
        starts_well = (prior == mark) | (prior == 10) | (prior == 34)
        ends_well = (follows == mark) | (follows == 10) | (follows == 13) | (follows == 34)
        wrong = np.where(opening, ~starts_well, ~ends_well)
        misplaced = np.zeros(len(self.ends), np.bool_)
        misplaced[np.repeat(np.arange(len(self.ends)), quote_counts)[wrong]] = True
        return cells, odd, misplaced

    def _spoilt(self, octets: UInt8Array, recoded: bool) -> BoolArray:
        """Lines with a NUL byte or with bytes that are not text."""
        spoilt = np.zeros(len(self.ends), np.bool_)
        nulls = np.flatnonzero(octets == 0)
        spoilt[np.searchsorted(self.ends, nulls)] = True
        try:
            self.held[: self.used].decode("utf-8")
        except UnicodeDecodeError:
            high = np.unique(np.searchsorted(self.ends, np.flatnonzero(octets >= 128)))
            for row in high.tolist():
                if not _is_text(self._bytes(row, row)):
                    spoilt[row] = True
        if recoded and b"\xef\xbf\xbd" in self.held:
            high = np.unique(np.searchsorted(self.ends, np.flatnonzero(octets == 0xEF)))
            for row in high.tolist():
                if b"\xef\xbf\xbd" in self._bytes(row, row):
                    spoilt[row] = True
        return spoilt

    def _bytes(self, first: int, until: int) -> bytes:
        return self.held[int(self.starts[first]) : int(self.ends[until])]

    def _decide(self, row: int, keep: npt.NDArray[np.int8], spoilt: BoolArray, lines: int) -> int:
        """Take, join or refuse the row that starts at a doubtful line; the first line after it, or -1 for 'later'."""
        until = row
        if self.odd[row]:
            closing = np.flatnonzero(self.odd[row + 1 : row + 1 + JOIN_LINES])
            if len(closing):
                until = row + 1 + int(closing[0])
            elif (
                not self.last
                and lines - row <= JOIN_LINES
                and len(self.held) - self.starts[row] <= JOIN_BYTES
            ):
                if not self.whole[row + 1 : lines].any() or lines - row < 3:
                    return -1
                until = row
        if until > row:
            between = self.whole[row + 1 : until].any()
            size = int(self.ends[until] - self.starts[row])
            if not between and size <= JOIN_BYTES and self._count(self._bytes(row, until)) == self.columns:
                if spoilt[row : until + 1].any():
                    keep[row : until + 1] = 0
                    self._refuse(row, until)
                else:
                    keep[row] = 1
                    keep[row + 1 : until + 1] = 2
                    self.joined = True
                return until + 1
        raw = self._bytes(row, row)
        if not spoilt[row] and self._count(raw) == self.columns:
            keep[row] = 1
            self.joined = self.joined or b"\r" in raw[:-1]
        else:
            keep[row] = 0
            self._refuse(row, row)
        return row + 1

    def _count(self, raw: bytes) -> int:
        """Cells of a row, 0 where its quotes are broken."""
        try:
            stream = io.StringIO(raw.decode("utf-8", "replace"), newline="")
            rows = list(csv.reader(stream, delimiter=self.delimiter, strict=True))
        except csv.Error:
            return 0
        return len(rows[0]) if len(rows) == 1 else 0

    def _refuse(self, row: int, until: int) -> None:
        raw = self._bytes(row, until)
        shown = raw[:RAW_LIMIT].decode("utf-8", "backslashreplace").rstrip("\r")
        if b"\0" in raw:
            code, rule, value = "INT-103", "a row must not hold NUL bytes", ""
            remedy = "The file is damaged here; export it again."
        elif not _is_text(raw) or "\ufffd" in shown:
            code, rule, value = "INT-102", "a row must be text in the encoding of the file", ""
            remedy = "Save the file as UTF-8, or set the encoding."
        else:
            cells = self._count(raw)
            if cells:
                code, value = "INT-101", str(cells)
                rule = f"a row must have {self.columns} cells as the header has"
                remedy = "Put quotes around cells that hold the delimiter."
            else:
                code, rule, value = "INT-104", "quotes in a row must come in pairs", ""
                remedy = "Double a quote inside a quoted cell and close the cell."
        self.rejected.append(Rejected(self.line + row, code, rule, value, remedy, shown))

    def block(self) -> Block:
        """The rows that stand, read by pyarrow."""
        if self.table is not None:
            return Block(self.table, np.arange(self.line, self.line + self.lines_used, dtype=np.int64))
        names = self.names
        rows = np.flatnonzero(self.keep == 1)
        lines = (rows + self.line).astype(np.int64)
        raw = self.held[: self.used] if (self.keep > 0).all() else self._compact()
        in_one = self.joined or int((self.ends - self.starts).max()) > _READ_BYTES // 2
        table = _read(raw, names, self.delimiter, in_one)
        if table.num_rows != len(rows):  # the two readings of a quote differ: read the rows one by one
            table = self._one_by_one(names, rows)
        return Block(table, lines, tuple(self.rejected))

    def _compact(self) -> bytes:
        taken = np.flatnonzero(self.keep > 0)
        if not len(taken):
            return b""
        breaks = np.flatnonzero(np.diff(taken) > 1)
        firsts = taken[np.concatenate([[0], breaks + 1])]
        lasts = taken[np.concatenate([breaks, [len(taken) - 1]])]
        return (
            b"\n".join(self._bytes(a, b) for a, b in zip(firsts.tolist(), lasts.tolist(), strict=True))
            + b"\n"
        )

    def _one_by_one(self, names: tuple[str, ...], rows: Int64Array) -> pa.Table:
        follows = np.append(np.flatnonzero(self.keep != 2), len(self.keep))
        cells = []
        for row in rows.tolist():
            until = int(follows[np.searchsorted(follows, row, side="right")]) - 1
            stream = io.StringIO(self._bytes(row, until).decode("utf-8").rstrip("\r"), newline="")
            reader = csv.reader(stream, delimiter=self.delimiter, strict=True)
            cells.append([cell or None for cell in next(reader)])
        columns = zip(*cells, strict=True)
        return pa.table([pa.array(column, pa.string()) for column in columns], names=list(names))


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _read(raw: bytes, names: tuple[str, ...], delimiter: str, joined: bool) -> pa.Table:
    if not raw.removeprefix(codecs.BOM_UTF8).strip(
        b"\r\n"
    ):  # pyarrow takes a mark at the start for none of the text
        return pa.table({name: pa.array([], pa.string()) for name in names})
    return pa_csv.read_csv(
        pa.BufferReader(raw),
        read_options=pa_csv.ReadOptions(
            column_names=list(names), block_size=max(len(raw) + 1, 1024) if joined else _READ_BYTES
        ),
        parse_options=pa_csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=joined, invalid_row_handler=lambda _row: "skip"
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types={name: pa.string() for name in names}, null_values=[""], strings_can_be_null=True,
            check_utf8=False,
        ),
    ).combine_chunks()  # fmt: skip
