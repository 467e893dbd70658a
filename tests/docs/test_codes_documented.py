"""The page of code lists says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from truceline.records import codes

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "codes.md").read_text(encoding="utf-8")
LISTS = {
    name: value
    for name, value in vars(codes).items()
    if name.isupper() and isinstance(value, (tuple, frozenset)) and name[0] != "_"
}
TABLES = {name: value for name, value in vars(codes).items() if name.isupper() and isinstance(value, dict)}


@pytest.mark.parametrize("name", sorted(LISTS))
def test_each_list_is_documented_with_exactly_its_values_and_an_origin(name: str) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
    _, _, values, origin, _ = row.split("|")
    assert re.findall(r"`(\w+)`", values) == list(LISTS[name]) or (
        isinstance(LISTS[name], frozenset) and set(re.findall(r"`(\w+)`", values)) == LISTS[name]
    )
    assert len(origin.strip()) > 2


@pytest.mark.parametrize("name", sorted(TABLES))
def test_each_table_is_documented_row_by_row(name: str) -> None:
    assert f"`{name}`" in PAGE
    for code, meaning in TABLES[name].items():
        assert f"| {code} | {meaning} |" in PAGE


def test_each_probability_word_is_documented_with_its_lower_edge() -> None:
    rows = re.findall(r"^\| (\d+) % \| (\d+) %[^|]*\| ([a-z ]+) \|$", PAGE, flags=re.MULTILINE)
    assert len(rows) == 7
    for low, high, word in rows:
        assert codes.probability_word(int(low) * 100) == word
        assert codes.probability_word(int(high) * 100 - 1) == word
