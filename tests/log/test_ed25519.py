"""The pinned verifier against the published edge cases (C2SP/CCTV), and against RFC 8032 computed by hand here."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.log.ed25519 import FIELD, ORDER, is_strong, verify
from truceline.log.notes import SigningKey

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "ed25519" / "ed25519vectors.json"
D = -121665 * pow(121666, -1, FIELD) % FIELD
ROOT_OF_MINUS_ONE = pow(2, (FIELD - 1) // 4, FIELD)
PINNED = (
    43,
    "36521713b91ca5d28544f38cd646b5494f5911399bfe4635a8bf2f2a88f13bcf",
)  # how many, and SHA-256 of their numbers
Point = tuple[int, int]


def add(a: Point, b: Point) -> Point:
    both = D * a[0] * b[0] * a[1] * b[1] % FIELD
    x = (a[0] * b[1] + a[1] * b[0]) * pow(1 + both, -1, FIELD)
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - both, -1, FIELD)
    return x % FIELD, y % FIELD


def times(number: int, point: Point) -> Point:
    made = (0, 1)
    for bit in bin(number)[2:]:
        made = add(made, made)
        if bit == "1":
            made = add(made, point)
    return made


def decoded(raw: bytes) -> Point | None:
    number = int.from_bytes(raw, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    if y >= FIELD:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, FIELD) % FIELD
    x = pow(square, (FIELD + 3) // 8, FIELD)
    if x * x % FIELD != square:
        x = x * ROOT_OF_MINUS_ONE % FIELD
    if x * x % FIELD != square or (x == 0 and sign):
        return None
    return (x if x & 1 == sign else FIELD - x), y


BASE = decoded((4 * pow(5, -1, FIELD) % FIELD).to_bytes(32, "little"))


def by_hand(key: bytes, text: bytes, signature: bytes) -> bool:
    """The rule of the module, without any library: canonical points, none of low order, no cofactor."""
    a, r, s = decoded(key), decoded(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER or (0, 1) in (times(8, a), times(8, r)):
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % ORDER
    assert BASE is not None
    return times(s, BASE) == add(r, times(k, a))


def vectors() -> list[dict[str, Any]]:
    return list(json.loads(VECTORS.read_text()))


needs_vectors = pytest.mark.skipif(
    not VECTORS.exists(), reason="the published Ed25519 vectors are not on this machine"
)


@needs_vectors
def test_the_914_edge_cases_have_our_pinned_verdicts() -> None:
    accepted = [
        one["number"]
        for one in vectors()
        if verify(bytes.fromhex(one["key"]), one["msg"].encode(), bytes.fromhex(one["sig"]))
    ]
    digest = hashlib.sha256(",".join(map(str, accepted)).encode()).hexdigest()
    assert (len(accepted), digest) == PINNED


@needs_vectors
def test_the_verdicts_are_those_of_the_rule_computed_by_hand() -> None:
    for one in vectors()[::7]:
        key, text, signature = bytes.fromhex(one["key"]), one["msg"].encode(), bytes.fromhex(one["sig"])
        assert verify(key, text, signature) == by_hand(key, text, signature), one["number"]


@needs_vectors
def test_no_edge_case_is_accepted_that_libraries_disagree_on() -> None:
    seen: Counter[str] = Counter()
    for one in vectors():
        if verify(bytes.fromhex(one["key"]), one["msg"].encode(), bytes.fromhex(one["sig"])):
            seen.update(one["flags"] or ["none"])
    assert not {
        "low_order_A", "low_order_R", "non_canonical_A", "non_canonical_R", "low_order_residue", "reencoded_k",
    } & set(seen)  # fmt: skip


def test_the_points_of_low_order_are_those_that_eight_times_make_nothing() -> None:
    low = [
        y.to_bytes(32, "little")
        for y in (
            0, 1, FIELD - 1,
            2707385501144840649318225287225658788936804267575313519463743609750303402022,
            55188659117513257062467267217118295137698188065244968500265048394206261417927,
        )
    ]  # fmt: skip
    for raw in low:
        point = decoded(raw)
        assert point is not None
        assert times(8, point) == (0, 1)
        signed = raw[:31] + bytes([raw[31] | 0x80])
        assert not is_strong(raw)
        assert not is_strong(signed)
    for number in range(FIELD, 1 << 255):  # the 19 that are written in two ways
        assert not is_strong(number.to_bytes(32, "little"))


@given(
    st.binary(min_size=32, max_size=32),
    st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=40).map(str.encode),
    st.integers(0, 511),
)
def test_a_good_signature_is_accepted_and_a_flipped_bit_is_not(seed: bytes, text: bytes, bit: int) -> None:
    key = SigningKey("one", seed)
    note = key.sign(text + b"\n")
    from truceline.log.notes import split_note

    _, (line,) = split_note(note)
    assert verify(key.vkey.key, text + b"\n", line.signature)
    flipped = bytearray(line.signature)
    flipped[bit // 8] ^= 1 << bit % 8
    assert not verify(key.vkey.key, text + b"\n", bytes(flipped))


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_bytes_of_any_length_are_refused_without_a_fault(key: bytes, signature: bytes) -> None:
    assert not verify(key, b"text\n", signature)


def encoded(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def of_order_eight() -> Point:
    for y in range(2, 100):
        point = decoded(y.to_bytes(32, "little"))
        if point is not None:
            low = times(ORDER, point)
            if times(4, low) != (0, 1):
                return low
    raise AssertionError


def signed_by_hand(scalar: int, nonce: int, text: bytes, key_low: Point, r_low: Point) -> tuple[bytes, bytes]:
    """A key and a signature whose points bear a part of low order: good with the cofactor, not without."""
    assert BASE is not None
    key, r = encoded(add(times(scalar, BASE), key_low)), encoded(add(times(nonce, BASE), r_low))
    k = int.from_bytes(hashlib.sha512(r + key + text).digest(), "little") % ORDER
    return key, r + ((nonce + k * scalar) % ORDER).to_bytes(32, "little")


def test_a_part_of_low_order_is_not_multiplied_away() -> None:
    """On this libraries differ, and one library from version to version: with the cofactor all of these would be good."""
    low, nothing, text = of_order_eight(), (0, 1), b"text\n"
    assert times(8, low) == nothing
    key, good = signed_by_hand(1234567, 7654321, text, nothing, nothing)
    assert verify(key, text, good)
    for n in range(1, 8):
        key, mixed = signed_by_hand(1234567, 7654321, text, nothing, times(n, low))
        assert is_strong(key)
        assert is_strong(mixed[:32])
        assert not verify(key, text, mixed)
        key, mixed = signed_by_hand(1234567, 7654321, text, times(n, low), nothing)
        k = int.from_bytes(hashlib.sha512(mixed[:32] + key + text).digest(), "little") % ORDER
        assert verify(key, text, mixed) == (times(k * n, low) == nothing)
