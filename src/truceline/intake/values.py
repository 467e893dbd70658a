"""Strings to numbers, times and codes, over columns; what cannot be read becomes null and a fault of its row."""

from __future__ import annotations

import re
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.errors import IntakeError
from truceline.intake.chunks import BoolArray, Faults, Int64Array, mask_of

I32_MAX: Final = 2**31 - 1
SAFE_MAX: Final = 2**53 - 1
DAY_MS: Final = 86_400_000
EARLIEST_MS: Final = -2_208_988_800_000  # 1900-01-01
LATEST_MS: Final = 4_102_444_800_000  # 2100-01-01

_WHOLE = r"^-?\d{1,18}$"
_DECIMAL = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$"
_ISO = (
    r"^(?P<y>\d{4})-(?P<mo>\d{2})-(?P<d>\d{2})"
    r"(?:[T ](?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?)?"
    r" ?(?P<z>Z|z|[+-]\d{2}(?::?\d{2})?)?$"
)
_TRUE = ("true", "t", "yes", "y", "1")
_FALSE = ("false", "f", "no", "n", "0")
_QUARTER_MS: Final = 900_000


def whole(
    array: pa.Array, faults: Faults, name: str, *, low: int = -I32_MAX, high: int = I32_MAX, unit: str = ""
) -> pa.Array:
    """Whole numbers as int64 (n,); a cell that is not one, or lies outside low..high, is fault INT-106."""
    rule = f"{name} must be a whole number from {low} to {high}{' ' + unit if unit else ''}"
    if pa.types.is_integer(array.type) and not pa.types.is_uint64(array.type):
        numbers = array.cast(pa.int64())
        unreadable = np.zeros(len(array), np.bool_)
    elif pa.types.is_floating(array.type):
        numbers, unreadable = _whole_floats(array.cast(pa.float64()))
    else:
        array = array.cast(pa.string())
        numbers, unreadable = _numbers(array, pa.int64(), _WHOLE)
    outside = mask_of(pc.or_(pc.less(numbers, low), pc.greater(numbers, high)))
    bad = unreadable | outside
    if bad.any():
        faults.add(bad, "INT-106", rule, array, "Correct the cell or leave it empty.")
        numbers = pc.if_else(pa.array(~bad), numbers, pa.scalar(None, pa.int64()))
    return numbers


def decimal(array: pa.Array, faults: Faults, name: str) -> pa.Array:
    """Decimal numbers as float64 (n,); anything else is fault INT-106."""
    if pa.types.is_floating(array.type) or pa.types.is_integer(array.type):
        numbers, bad = array.cast(pa.float64()), np.zeros(len(array), np.bool_)
    else:
        array = array.cast(pa.string())
        numbers, bad = _numbers(array, pa.float64(), _DECIMAL)
    bad = bad | mask_of(pc.invert(pc.is_finite(numbers)))
    if bad.any():
        faults.add(bad, "INT-106", f"{name} must be a decimal number", array, "Use a point, e.g. 48.6333.")
        numbers = pc.if_else(pa.array(~bad), numbers, pa.scalar(None, pa.float64()))
    return numbers


def micro_degrees(array: pa.Array, faults: Faults, name: str, limit: int) -> pa.Array:
    """Decimal degrees to int64 micro-degrees; beyond +-limit is fault INT-108."""
    degrees = decimal(array, faults, name)
    outside = mask_of(pc.greater(pc.abs(degrees), float(limit)))
    if outside.any():
        faults.add(
            outside, "INT-108", f"{name} must lie within {-limit} and {limit} degrees", array,
            "Check that longitude and latitude are not swapped.",
        )  # fmt: skip
        degrees = pc.if_else(pa.array(~outside), degrees, pa.scalar(None, pa.float64()))
    return scaled(degrees, 1e6)


def scaled(numbers: pa.Array, factor: float) -> pa.Array:
    """float64 times factor, rounded to the nearest whole number: int64, nulls kept."""
    return pc.round(pc.multiply(numbers, factor), round_mode="half_to_even").cast(pa.int64())


def truth(array: pa.Array, faults: Faults, name: str) -> pa.Array:
    """Booleans from true/false, yes/no, t/f, y/n, 1/0; anything else is fault INT-112."""
    if pa.types.is_boolean(array.type):
        return array
    array = array.cast(pa.string())
    lower = pc.ascii_lower(pc.utf8_trim_whitespace(array))
    yes = pc.is_in(lower, pa.array(_TRUE))
    no = pc.is_in(lower, pa.array(_FALSE))
    bad = ~mask_of(yes) & ~mask_of(no) & mask_of(array.is_valid())
    faults.add(bad, "INT-112", f"{name} must be true or false", array, "Write true or false.")
    return pc.if_else(pc.or_(yes, no), yes, pa.scalar(None, pa.bool_()))


def code(
    array: pa.Array, table: dict[str, str], faults: Faults | None, name: str, rest: str = ""
) -> pa.Array:
    """Words of a source to words of ours, by a table with lower-case keys.

    A word outside the table becomes `rest`, or where `rest` is empty fault INT-107; empty cells stay null.
    """
    lower = pc.utf8_lower(pc.utf8_trim_whitespace(array))
    at = pc.index_in(lower, pa.array(list(table), pa.string()))
    found = pc.take(pa.array(list(table.values()), pa.string()), at)
    missed = pc.and_(pc.is_null(at), array.is_valid())
    if rest:
        return pc.if_else(missed, pa.scalar(rest), found)
    if faults is not None:
        faults.add(
            mask_of(missed), "INT-107", f"{name} must be a word of its code list", array,
            f"Known: {', '.join(sorted(table))}."[:300],
        )  # fmt: skip
    return found


def each(array: pa.Array, function: Any, kind: Any) -> pa.Array:
    """`function` of each different text once, spread over the rows; null stays null.

    Args:
        function: str -> value of Arrow type `kind`, or None.
    """
    coded = array.dictionary_encode()
    mapped = pa.array([function(word) for word in coded.dictionary.to_pylist()], kind)
    return pc.take(mapped, coded.indices)


def zone_of(name: str, where: str = "zone") -> ZoneInfo:
    """The time zone of an IANA name.

    Raises:
        IntakeError: INT-010, no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise IntakeError(
            "INT-010",
            "a zone must be an IANA time zone",
            where=where,
            value=name,
            remedy="E.g. Asia/Baku or UTC.",
        ) from problem


def offsets_ms(local_ms: Int64Array, zone: ZoneInfo, fold: int) -> Int64Array:
    """Offset from UTC (n,) in ms of local times given as ms since 1970 on the local clock.

    `fold` 0 reads a repeated hour as the first, 1 as the second. Looked up by quarter hours.
    """
    import datetime as dt

    quarters, back = np.unique(np.asarray(local_ms) // _QUARTER_MS, return_inverse=True)
    epoch = dt.datetime(1970, 1, 1)
    found = np.zeros(len(quarters), np.int64)
    for index, quarter in enumerate(quarters.tolist()):
        moment = (epoch + dt.timedelta(milliseconds=quarter * _QUARTER_MS)).replace(tzinfo=zone, fold=fold)
        offset = moment.utcoffset()
        assert offset is not None
        found[index] = round(offset.total_seconds() * 1000)
    spread: Int64Array = found[back]
    return spread


def to_utc(local_ms: Int64Array, zone: ZoneInfo) -> tuple[Int64Array, Int64Array]:
    """Local clock to UTC: the first and the last reading, different only in a repeated hour."""
    one, two = local_ms - offsets_ms(local_ms, zone, 0), local_ms - offsets_ms(local_ms, zone, 1)
    return np.minimum(one, two), np.maximum(one, two)


def moments(
    array: pa.Array, faults: Faults, name: str, zone: ZoneInfo | None
) -> tuple[pa.Array, pa.Array, BoolArray]:
    """ISO 8601 dates and times to UTC.

    Args:
        zone: of times that carry no offset; None refuses those.
    Returns:
        from, to: int64 ms (n,), the same unless the local hour is repeated or only a date is given (then the whole
        day, last millisecond included); dated: which rows gave a date only.
    """
    text = pc.utf8_trim_whitespace(array)
    parts = pc.extract_regex(text, pattern=_ISO)
    bad = mask_of(array.is_valid()) & ~mask_of(parts.is_valid())
    remedy = "Write e.g. 2026-11-23T14:05:00Z."
    local, wrong = _local_ms(parts)
    have = mask_of(parts.is_valid())
    bad |= have & wrong
    dated = have & ~mask_of(pc.not_equal(parts.field("h"), ""))
    offset_text = parts.field("z")
    fixed = have & mask_of(pc.not_equal(offset_text, ""))
    starts, ends = local.copy(), local + np.where(dated, DAY_MS - 1, 0)
    if fixed.any():
        offset = _offset_ms(offset_text)
        starts, ends = np.where(fixed, starts - offset, starts), np.where(fixed, ends - offset, ends)
    open_rows = np.flatnonzero(have & ~fixed & ~bad)
    if len(open_rows):
        if zone is None:
            lacking = np.zeros(len(array), np.bool_)
            lacking[open_rows] = True
            faults.add(lacking, "INT-109", f"{name} must carry an offset from UTC", array, remedy)
            bad |= lacking
        else:
            starts[open_rows] = to_utc(starts[open_rows], zone)[0]
            ends[open_rows] = to_utc(ends[open_rows], zone)[1]
    faults.add(bad, "INT-109", f"{name} must be an ISO 8601 date or time", array, remedy)
    gone = bad | ~have
    return pa.array(starts, mask=gone), pa.array(ends, mask=gone), dated & ~bad


def civil_ms(year: Int64Array, month: Int64Array, day: Int64Array) -> tuple[Int64Array, BoolArray]:
    """Midnight of calendar days as ms since 1970, and which days do not exist."""
    wrong = (year < 1) | (year > 9999) | (month < 1) | (month > 12) | (day < 1) | (day > 31)
    y, m = np.where(wrong, 1970, year), np.where(wrong, 1, month)
    months = (y - 1970) * 12 + (m - 1)
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    following = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    wrong |= day > following - first
    return (first + np.where(wrong, 1, day) - 1) * DAY_MS, wrong


def number_field(parts: Any, name: str) -> Int64Array:
    """A group of digits of `extract_regex` as int64 (n,); empty and null count as 0."""
    text = parts.field(name)
    text = pc.if_else(pc.fill_null(pc.equal(text, ""), True), pa.scalar("0"), text)
    numbers: Int64Array = text.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return numbers


def _local_ms(parts: Any) -> tuple[Int64Array, BoolArray]:
    days, wrong = civil_ms(number_field(parts, "y"), number_field(parts, "mo"), number_field(parts, "d"))
    hour, minute, second = (number_field(parts, name) for name in ("h", "mi", "s"))
    fraction = pc.utf8_slice_codeunits(pc.utf8_rpad(parts.field("f"), 3, "0"), 0, 3)
    milli = pc.fill_null(fraction, "000").cast(pa.int64()).to_numpy(zero_copy_only=False)
    wrong |= (hour > 23) | (minute > 59) | (second > 59)
    return days + hour * 3_600_000 + minute * 60_000 + second * 1000 + milli, wrong


def _offset_ms(text: pa.Array) -> Int64Array:
    def one(word: str) -> int:
        found = re.fullmatch(r"([+-])(\d{2}):?(\d{2})?", word)
        if found is None:
            return 0
        size = int(found[2]) * 3_600_000 + int(found[3] or 0) * 60_000
        return -size if found[1] == "-" else size

    offsets: Int64Array = pc.fill_null(each(text, one, pa.int64()), 0).to_numpy(zero_copy_only=False)
    return offsets


def _whole_floats(array: pa.Array) -> tuple[pa.Array, BoolArray]:
    """Floats that are whole numbers, as tables with gaps often have them; nan is a gap."""
    given = mask_of(array.is_valid()) & ~mask_of(pc.is_nan(array))
    fits = (
        given
        & mask_of(pc.equal(array, pc.floor(array)))
        & mask_of(pc.less_equal(pc.abs(array), float(SAFE_MAX)))
    )
    numbers = pc.if_else(pa.array(fits), array, pa.scalar(None, pa.float64())).cast(pa.int64())
    return numbers, given & ~fits


def _numbers(array: pa.Array, kind: Any, pattern: str) -> tuple[pa.Array, BoolArray]:
    """Cast at once where every cell is plain; else cell by cell against `pattern`. Both ways agree on every cell."""
    none = np.zeros(len(array), np.bool_)
    if not _has_x(array):  # Arrow reads 0x1F as a number
        try:
            return array.cast(kind), none
        except pa.ArrowInvalid:
            pass
    text = pc.utf8_trim_whitespace(array)
    fits = pc.match_substring_regex(text, pattern)
    plain = pc.replace_substring_regex(text, r"^\+", "")
    numbers = pc.if_else(fits, plain, pa.scalar(None, pa.string())).cast(kind)
    return numbers, mask_of(array.is_valid()) & ~mask_of(fits)


def _has_x(array: pa.Array) -> bool:
    """Whether x or X may occur in the text of the array, or near it in its buffer."""
    buffer = array.buffers()[2]
    return buffer is not None and bool(((np.frombuffer(buffer, np.uint8) | 32) == ord("x")).any())
