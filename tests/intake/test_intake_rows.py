"""Canonical rows, digests and the ledger of what a mission holds."""

from __future__ import annotations

import hashlib
import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import RecordError
from truceline.intake.chunks import Chunk
from truceline.intake.ledger import Ledger, newest
from truceline.intake.rows import canonical_rows, hex_ids, row_digests, row_keys
from truceline.records.canonical import canonical

texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.none() | st.integers(-(2**53) + 1, 2**53 - 1)
rows_of_cells = st.lists(st.tuples(texts, numbers, texts, st.none() | st.booleans()), max_size=8)


@settings(max_examples=150, deadline=None)
@given(rows_of_cells)
def test_canonical_rows_are_rfc_8785_without_nulls(rows):
    names = ("text", "count", "ключ", "exercise")
    kinds = (pa.string(), pa.int64(), pa.string(), pa.bool_())
    table = pa.table({name: pa.array([row[i] for row in rows], kinds[i]) for i, name in enumerate(names)})
    expected = [
        canonical({name: cell for name, cell in zip(names, row, strict=True) if cell is not None})
        for row in rows
    ]
    assert canonical_rows(table).to_pylist() == expected
    assert [bytes(digest) for digest in row_digests(table)] == [
        hashlib.sha256(one).digest() for one in expected
    ]


def test_a_float_has_no_canonical_form():
    with pytest.raises(RecordError, match="REC-003"):
        canonical_rows(pa.table({"a": [1.5]}))


def test_ids_are_hex_of_the_digest():
    digests = np.arange(64, dtype=np.uint8).reshape(2, 32)
    assert hex_ids("x-", digests).to_pylist() == ["x-" + bytes(row[:16]).hex() for row in digests]


def chunk_of(pairs: list[tuple[str, str]]) -> Chunk:
    columns = {"name": [name for name, _ in pairs], "content": [content for _, content in pairs]}
    table = pa.table(columns, schema=pa.schema([("name", pa.string()), ("content", pa.string())]))
    keys = row_keys("family", table.column("name").combine_chunks())
    return Chunk(table, keys, row_digests(table), np.arange(len(pairs)), [])


def test_reading_again_adds_nothing():
    ledger, chunk = Ledger(), chunk_of([("a", "1"), ("b", "2")])
    assert ledger.sift(chunk).fresh.tolist() == [True, True]
    again = ledger.sift(chunk)
    assert again.duplicate.tolist() == [True, True]
    assert len(ledger) == 2


def test_a_new_content_of_a_known_key_supersedes():
    ledger = Ledger()
    ledger.sift(chunk_of([("a", "1")]))
    later = ledger.sift(chunk_of([("a", "2"), ("a", "1"), ("b", "1")]))
    assert later.superseding.tolist() == [True, False, False]
    assert later.duplicate.tolist() == [False, True, False]
    assert later.fresh.tolist() == [False, False, True]


def test_within_one_chunk_the_last_of_a_key_is_newest():
    chunk = chunk_of([("a", "1"), ("a", "2"), ("a", "2")])
    sifted = Ledger().sift(chunk)
    assert sifted.fresh.tolist() == [True, False, False]
    assert sifted.superseding.tolist() == [False, True, False]
    assert newest(chunk.keys[:2]).tolist() == [False, True]


names = st.sampled_from("abcd")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.tuples(names, st.sampled_from("123")), max_size=6), max_size=5))
def test_the_ledger_agrees_with_a_dictionary(batches):
    ledger, held, contents = Ledger(), set(), set()
    for batch in batches:
        sifted = ledger.sift(chunk_of(batch))
        for row, (name, content) in enumerate(batch):
            if (name, content) in contents:
                expected = "duplicate"
            else:
                expected = "superseding" if name in held else "fresh"
            contents.add((name, content))
            held.add(name)
            masks = {"fresh": sifted.fresh, "duplicate": sifted.duplicate, "superseding": sifted.superseding}
            assert [word for word, mask in masks.items() if mask[row]] == [expected]


def test_a_hundred_thousand_rows_are_sifted_in_a_moment():
    digests = np.random.default_rng(1).integers(0, 256, (100_000, 32), dtype=np.uint8)
    keys = np.arange(200_000, dtype=np.uint64).reshape(-1, 2)
    chunk = Chunk(pa.table({}), keys, digests, np.arange(100_000), [])
    ledger, start = Ledger(), time.process_time()
    assert ledger.sift(chunk).fresh.all()
    assert ledger.sift(chunk).duplicate.all()
    assert time.process_time() - start < 10
