"""Canonical bytes and digests of rows, over columns.

A row is the RFC 8785 object of its non-null columns: keys sorted, integers in decimal, text escaped as section 3.2.2.2
says. Nulls are omitted, so a column added to the schema later changes no old digest.
"""

from __future__ import annotations

from binascii import hexlify
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.errors import RecordError
from truceline.intake.chunks import UInt8Array, UInt64Array
from truceline.records import digests

_SHORT = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"'}
_SLICE = 65_536


def canonical_rows(table: pa.Table) -> pa.Array:
    """RFC 8785 object of each row, nulls omitted.

    Args:
        table: columns of text, whole numbers and booleans.
    Returns:
        large_binary array (n,).
    Raises:
        RecordError: REC-003, a column of another type.
    Source: RFC 8785, sections 3.2.2 and 3.2.3.
    """
    pieces = [_joined(table.slice(at, _SLICE)) for at in range(0, table.num_rows, _SLICE)]
    return pa.concat_arrays(pieces) if pieces else pa.array([], pa.large_binary())


def row_digests(table: pa.Table) -> UInt8Array:
    """SHA-256 of the canonical bytes of each row: uint8 (n, 32)."""
    parts = [
        hash_each(_joined(table.slice(at, _SLICE)), 32) for at in range(0, table.num_rows, _SLICE)
    ]  # slice by slice, so the canonical text of a large table never stands in memory at once
    return np.concatenate(parts) if parts else np.zeros((0, 32), np.uint8)


def hash_each(array: pa.Array, width: int) -> UInt8Array:
    """The first `width` bytes of SHA-256 of each element (text or bytes, no nulls): uint8 (n, width)."""
    if array.type in (pa.string(), pa.binary()):
        array = array.cast(pa.large_binary())
    offsets = np.frombuffer(array.buffers()[1], np.int64)[array.offset : array.offset + len(array) + 1]
    buffer = array.buffers()[2]
    return digests.hash_each(buffer if buffer is not None else b"", offsets)[:, :width]


def row_keys(family: str, names: pa.Array) -> UInt64Array:
    """128-bit keys of what rows are about: uint64 (n, 2), from SHA-256 of family, a zero byte, and the name."""
    whole = pc.binary_join_element_wise(pa.scalar(family + "\0"), names, "")
    return digest_keys(hash_each(whole, 16))


def digest_keys(whole: UInt8Array) -> UInt64Array:
    """The first 16 bytes of digests (n, 16 or more) as uint64 (n, 2), big-endian words."""
    packed = np.ascontiguousarray(whole[:, :16]).view(">u8")
    return packed.astype(np.uint64)


def hex_ids(prefix: str, whole: UInt8Array) -> pa.Array:
    """Ids made of a prefix and the first 16 bytes of each digest in hex."""
    rows = len(whole)
    text = hexlify(np.ascontiguousarray(whole[:, :16]).tobytes())
    offsets = pa.py_buffer(np.arange(0, 32 * rows + 1, 32, dtype=np.int32).tobytes())
    hexes = pa.Array.from_buffers(pa.string(), rows, [None, offsets, pa.py_buffer(text)])
    return pc.binary_join_element_wise(pa.scalar(prefix), hexes, "")


def _joined(table: pa.Table) -> pa.Array:
    rows = table.num_rows
    names = [name for name in sorted(table.column_names, key=_utf16) if table.column(name).null_count < rows]
    pivot = next((name for name in names if table.column(name).null_count == 0), None)
    if pivot is None:
        return _sparse(table)
    parts: list[Any] = []
    past, text = False, "{"  # `text` is what stands between two columns; one scalar costs less than three
    for name in names:
        column = table.column(name)
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        head, middle, tail = _shape(name, column)
        if name == pivot:
            past = True
        elif past:
            head = "," + head
        else:
            tail += ","
        if column.null_count:
            parts += [_big(text), pc.binary_join_element_wise(_big(head), middle, _big(tail), _big(""))]
            text = ""
        else:
            parts += [_big(text + head), middle]
            text = tail
    parts.append(_big(text + "}"))
    joined = pc.binary_join_element_wise(*parts, _big(""), null_handling="replace", null_replacement="")
    return joined.cast(pa.large_binary())


def _sparse(table: pa.Table) -> pa.Array:
    """No column is filled in every row: add one that is, and cut it off again."""
    marked = table.append_column(
        "", pa.repeat(pa.scalar(0), table.num_rows)
    )  # sorts first: {"":0,...} or {"":0}
    joined = _joined(marked).cast(pa.large_string())
    return pc.replace_substring_regex(joined, r'\A\{"":0,?', "{").cast(pa.large_binary())


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be")  # RFC 8785 sorts keys by UTF-16 code units


def _big(text: str) -> Any:
    return pa.scalar(text, pa.large_string())


def _shape(name: str, column: pa.Array) -> tuple[str, pa.Array, str]:
    key = _escape_one(name)
    if pa.types.is_boolean(column.type) or pa.types.is_integer(column.type):
        return f'"{key}":', column.cast(pa.string()).cast(pa.large_string()), ""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return f'"{key}":"', _escaped(column), '"'
    raise RecordError(
        "REC-003",
        "a row holds text, whole numbers and booleans",
        where=name,
        value=str(column.type),
        remedy="Convert the column before.",
    )


def _escaped(column: pa.Array) -> pa.Array:
    large = column.cast(pa.large_string())
    present = _bytes_present(large)
    if present[92]:
        large = pc.replace_substring(large, "\\", "\\\\")
    for byte in (*range(32), 34):
        if present[byte]:
            large = pc.replace_substring(large, chr(byte), _SHORT.get(byte, f"\\u{byte:04x}"))
    return large


def _bytes_present(array: pa.Array) -> Any:
    """Which of the 256 byte values occur in the text of the array."""
    buffer = array.buffers()[2]
    if buffer is None or len(array) == 0:
        return np.zeros(256, np.bool_)
    offsets = np.frombuffer(array.buffers()[1], np.int64)
    content = np.frombuffer(buffer, np.uint8)[offsets[array.offset] : offsets[array.offset + len(array)]]
    present = np.zeros(256, np.bool_)
    if ((content < 32) | (content == 34) | (content == 92)).any():
        present[np.unique(content)] = True
    return present


def _escape_one(text: str) -> str:
    text = text.replace("\\", "\\\\")
    for byte in (*range(32), 34):
        text = text.replace(chr(byte), _SHORT.get(byte, f"\\u{byte:04x}"))
    return text
