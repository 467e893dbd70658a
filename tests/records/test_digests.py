"""Many digests at once are the digests one by one, by either way."""

from __future__ import annotations

import hashlib
import itertools

import numpy as np
import pytest

from truceline.records import digests

LENGTHS = [0, 1, 31, 32, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1000, 5000]


@pytest.fixture(params=["hashlib", "kernel"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "hashlib":
        monkeypatch.setattr(digests, "_kernel", None)
    elif not digests.prepare():
        pytest.skip("this processor has no SHA instructions that the kernel knows")
    return str(request.param)


def test_every_length_around_a_block_is_hashed_as_hashlib_does(way: str) -> None:
    rng = np.random.default_rng(7)
    lengths = np.array(LENGTHS + rng.integers(0, 300, 2000).tolist())
    offsets = np.concatenate([[3], 3 + np.cumsum(lengths)]).astype(np.int64)
    content = rng.integers(0, 256, int(offsets[-1]) + 5, dtype=np.uint8).tobytes()
    made = digests.hash_each(content, offsets)
    expected = [hashlib.sha256(content[a:b]).digest() for a, b in itertools.pairwise(offsets)]
    assert [row.tobytes() for row in made] == expected


def test_the_vectors_of_fips_180_4(way: str) -> None:
    messages = [b"", b"abc", b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"]
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in messages])]).astype(np.int64)
    assert [row.tobytes().hex() for row in digests.hash_each(b"".join(messages), offsets)] == [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ]


def test_nothing_gives_nothing_and_only_empty_messages_are_hashed(way: str) -> None:
    assert digests.hash_each(b"", np.zeros(1, np.int64)).shape == (0, 32)
    assert digests.hash_each(b"", np.zeros(0, np.int64)).shape == (0, 32)
    empty = digests.hash_each(b"", np.zeros(3, np.int64))
    assert {row.tobytes() for row in empty} == {hashlib.sha256().digest()}
    rows = np.arange(130, dtype=np.uint8).reshape(2, 65)
    assert [row.tobytes() for row in digests.hash_rows(rows)] == [
        hashlib.sha256(row.tobytes()).digest() for row in rows
    ]


@pytest.mark.parametrize(
    "problem", [ImportError("no numba"), RuntimeError("no place for a cache"), TypeError("another numba")]
)
def test_where_no_kernel_can_be_made_hashlib_does_it(
    problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise problem

    sha256_kernel = pytest.importorskip("truceline.records.sha256_kernel")
    monkeypatch.setattr(digests, "_kernel", None)
    monkeypatch.setattr(sha256_kernel, "compiled", fail)
    assert not digests.prepare()
    assert digests.hash_each(b"abc", np.array([0, 3]))[0].tobytes() == hashlib.sha256(b"abc").digest()


def test_a_kernel_that_errs_in_one_length_is_never_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(content: digests.UInt8Array, offsets: digests.Int64Array, made: digests.UInt8Array) -> None:
        for row, (start, end) in enumerate(itertools.pairwise(offsets.tolist())):
            made[row] = np.frombuffer(hashlib.sha256(content[start:end].tobytes()).digest(), np.uint8)
        made[119, 31] ^= 1

    sha256_kernel = pytest.importorskip("truceline.records.sha256_kernel")
    monkeypatch.setattr(digests, "_kernel", None)
    monkeypatch.setattr(sha256_kernel, "compiled", lambda: wrong)
    assert not digests.prepare()
