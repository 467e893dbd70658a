"""Broken rows cost themselves and nothing else."""

from __future__ import annotations

import contextlib
import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from truceline import intake
from truceline.errors import IntakeError
from truceline.intake.containers import delimited

HEAD = "obs_id,source_id,observed_from_ms,observed_to_ms,text\n"


def good(number: int, text: str = "heard") -> str:
    return f"o{number},post,{1_600_000_000_000 + number},{1_600_000_000_000 + number},{text}\n"


def test_good_rows_keep_their_physical_lines(write, take):
    found = take(write(HEAD + good(1) + good(2)))
    assert [row["obs_id"] for row in found.rows] == ["o1", "o2"]
    assert found.lines == [2, 3]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ("o2,post,1\n", "INT-101"),
        ("o2,post,1,2,three,four\n", "INT-101"),
        (b"o2,post,1,2,\xff\xfe\n", "INT-102"),
        (b"o2,post,1,2,a\0b\n", "INT-103"),
        ('o2,post,1,2,"open\n', "INT-104"),
        ('o2,post,1,2,"closed" and on"\n', "INT-104"),
        ("o2,post,x,2,text\n", "INT-106"),
        ("o2,post,0x1F,2,text\n", "INT-106"),
        ("o2,,1600000000000,1600000000000,text\n", "INT-105"),
        ("o2,post,1600000000001,1600000000000,text\n", "INT-110"),
        ("o2,post,99999999999999,99999999999999,text\n", "INT-109"),
    ],
)
def test_one_bad_row_is_refused_alone(write, take, bad, code):
    raw = bad if isinstance(bad, bytes) else bad.encode()
    found = take(write((HEAD + good(1)).encode() + raw + (good(3) + good(4)).encode()))
    assert found.refusals() == [(3, code)]
    assert [row["obs_id"] for row in found.rows] == ["o1", "o3", "o4"]
    assert found.lines == [2, 4, 5]
    assert found.rejected[0].raw.startswith("o2")
    assert found.rejected[0].rule


def test_two_lone_quotes_far_apart_do_not_swallow_the_rows_between(write, take):
    rows = [good(number) for number in range(400)]
    rows[10] = 'o10,post,1,2,"open\n'
    rows[390] = 'o390,post,1,2,shut"\n'
    found = take(write(HEAD + "".join(rows)))
    assert found.refusals()[0][0] == 12
    assert len(found.rows) >= 398


def test_a_quoted_cell_may_run_over_lines(write, take):
    found = take(write(HEAD + good(1) + good(2, '"one\ntwo, ""three""\n\nfour"') + good(3)))
    assert found.rejected == []
    assert found.rows[1]["text"] == 'one\ntwo, "three"\n\nfour'
    assert found.lines == [2, 3, 7]


def test_a_quoted_cell_may_run_over_the_end_of_a_block(write, take, monkeypatch):
    monkeypatch.setattr(delimited._pieces, "__defaults__", (64,))
    rows = "".join(good(number, f'"line\nof {number}"') for number in range(40))
    found = take(write(HEAD + rows))
    assert found.rejected == []
    assert [row["text"] for row in found.rows] == [f"line\nof {number}" for number in range(40)]
    assert found.lines == [2 + 2 * number for number in range(40)]


def test_block_borders_change_nothing(write, take, monkeypatch):
    rows = [good(number, '"a, b"' if number % 3 else "plain") for number in range(300)]
    rows[77] = "short\n"
    path = write(HEAD + "".join(rows))
    whole = take(path)
    monkeypatch.setattr(delimited._pieces, "__defaults__", (101,))
    pieces = take(path)
    assert pieces.rows == whole.rows
    assert pieces.lines == whole.lines
    assert pieces.refusals() == whole.refusals() == [(79, "INT-101")]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system(write, take, ending):
    found = take(write((HEAD + good(1) + good(2)).replace("\n", ending)))
    assert [row["text"] for row in found.rows] == ["heard", "heard"]
    assert found.rejected == []


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_the_delimiter_is_found_in_the_header(write, take, mark):
    assert len(take(write((HEAD + good(1)).replace(",", mark))).rows) == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_byte_order_marks_are_understood(write, take, encoding):
    found = take(write((HEAD + good(1, "Ґ, ə").replace("Ґ, ə", '"Ґ, ə"')).encode(encoding)))
    assert found.rows[0]["text"] == "Ґ, ə"


def test_a_named_encoding_is_read(write, take):
    path = write((HEAD + good(1, "café")).encode("cp1252"))
    assert take(path, settings={"encoding": "cp1252"}).rows[0]["text"] == "café"
    assert take(path).refusals() == [(2, "INT-102")]


def test_blank_lines_and_rows_of_empty_cells_are_not_rows(write, take):
    found = take(write(HEAD + "\n" + good(1) + ",,,,\n\r\n" + good(2) + "\n"))
    assert found.lines == [3, 6]
    assert found.rejected == []


def test_a_header_alone_is_a_table_without_rows(write, take):
    assert take(write(HEAD)).rows == []
    assert take(write(HEAD.rstrip())).rows == []


def test_a_cut_off_last_row_is_refused(write, take):
    found = take(write(HEAD + good(1) + "o2,post,16"))
    assert found.refusals() == [(3, "INT-101")]
    assert len(found.rows) == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "INT-002"),
        (b"\n\n", "INT-002"),
        (b"\xef\xbb\xbf", "INT-002"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "INT-004"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03abc", "INT-003"),
        ((HEAD + good(1)).encode("utf-16-le"), "INT-003"),
        (b"obs_id,source_id,obs_id\n1,2,3\n", "INT-005"),
        (b"obs_id,,source_id\n1,2,3\n", "INT-005"),
        (b"a,b,c\n1,2,3\n", "INT-006"),
    ],
)
def test_files_that_are_not_tables_are_refused_whole(write, content, code):
    with pytest.raises(IntakeError) as caught:
        intake.open_file(write(content))
    assert caught.value.code == code


def test_a_file_without_line_ends_is_refused(write, monkeypatch):
    monkeypatch.setattr(delimited, "LINE_LIMIT", 1000)
    monkeypatch.setattr(delimited._pieces, "__defaults__", (256,))
    with pytest.raises(IntakeError) as caught:
        list(intake.open_file(write(HEAD + "x" * 5000), format="truceline-csv"))
    assert caught.value.code == "INT-014"


def test_a_misspelt_column_is_said(write):
    with pytest.raises(IntakeError, match="INT-008") as caught:
        intake.open_file(write(HEAD.replace("text", "txet") + good(1)), format="truceline-csv")
    assert "txet" in str(caught.value)


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=12))
def test_whatever_csv_writes_is_read_back(tmp_path, rows):
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows([("a", "b", "c"), *rows])
    path = tmp_path / "any.csv"
    path.write_bytes(stream.getvalue().encode())
    blocks = list(delimited.look(path, delimiter=",").blocks())
    found = [
        tuple(cell or "" for cell in row.values()) for block in blocks for row in block.table.to_pylist()
    ]
    refused = sum(len(block.rejected) for block in blocks)
    expected = [row for row in rows if any(row)]
    if refused == 0 and not any("\n" in cell for row in rows for cell in row):
        assert found == expected
    assert refused == 0 or any("\n" in cell for row in rows for cell in row)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    raw=st.binary(max_size=300),
    lead=st.sampled_from([b"", HEAD.encode(), b"[", b"{", b"PK\x03\x04", b"PAR1"]),
)
def test_no_bytes_raise_anything_but_our_errors(tmp_path, raw, lead):
    path = tmp_path / "fuzz"
    path.write_bytes(lead + raw)
    for name in (None, "truceline-csv"):
        with contextlib.suppress(IntakeError):
            for chunk in intake.open_file(path, format=name):
                assert chunk.observations.num_rows == len(chunk.keys) == len(chunk.digests)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.lists(st.sampled_from(["", "x", '"x"', '"x, y"', '"a ""b"""', 'a"b', '"', '""', "\r", "é", "\0", " "]), min_size=1, max_size=4),
        min_size=1, max_size=6,
    ),
    ending=st.sampled_from(["\n", "\r\n"]), tail=st.booleans(), raw=st.sampled_from([b"", b"\xff"]),
)  # fmt: skip
def test_the_quick_way_reads_what_the_careful_way_reads(tmp_path, lines, ending, tail, raw):
    text = ending.join(["a,b,c", *(",".join(cells) for cells in lines)]) + ending * tail
    path = tmp_path / "rows.csv"
    path.write_bytes(text.encode() + raw)
    opened = delimited.Delimited(path, ("a", "b", "c"), ",", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited._Cut, "_looks_plain", lambda *_: False)
        careful = list(opened.blocks())
    quick = list(opened.blocks())
    assert [block.table.to_pylist() for block in quick] == [block.table.to_pylist() for block in careful]
    assert [block.lines.tolist() for block in quick] == [block.lines.tolist() for block in careful]
    assert [block.rejected for block in quick] == [block.rejected for block in careful]


@pytest.mark.parametrize("size", [1 << 20, (1 << 21) - 100, (1 << 21) + 1, 5 << 20])
def test_a_very_long_cell_is_one_cell(write, take, size):
    rows = good(1) + good(2, "x" * size) + good(3)
    for bad in ("", "o4,post\n"):  # read whole, and line by line
        found = take(write(HEAD + rows + bad))
        assert [len(row["text"]) for row in found.rows] == [5, size, 5]
        assert found.lines == [2, 3, 4]


@pytest.mark.parametrize(
    "content", [b"text\n\xef\xbb\xbf", b"text\n\xef\xbb\xbf\n", b"text\n\xef\xbb\xbfx\n"]
)
def test_a_byte_order_mark_that_is_all_of_a_row(write, content):
    path = write(content)
    assert sum(block.table.num_rows for block in delimited.look(path).blocks()) == 1
