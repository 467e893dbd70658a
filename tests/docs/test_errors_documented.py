"""Every error code that the source can raise is documented once, and nothing is documented that cannot be raised."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "truceline"
PAGES = ROOT / "docs" / "reference" / "errors"
CODE = re.compile(r"^[A-Z]{3}-\d{3}$")


def codes_in(module: Path) -> Iterator[tuple[str, int]]:
    """Code literals that reach an error: every string constant of that form outside docstrings."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.match(node.value):
            yield node.value, node.lineno


@cache
def raised() -> dict[str, list[str]]:
    places: dict[str, list[str]] = defaultdict(list)
    for module in sorted(SOURCE.rglob("*.py")):
        for code, line in codes_in(module):
            places[code].append(f"{module.relative_to(SOURCE)}:{line}")
    return dict(places)


@cache
def documented() -> dict[str, list[str]]:
    places: dict[str, list[str]] = defaultdict(list)
    for page in sorted(PAGES.glob("*.md")):
        for code in re.findall(
            r"^## ([A-Z]{3}-\d{3})\b", page.read_text(encoding="utf-8"), flags=re.MULTILINE
        ):
            places[code].append(page.name)
    return dict(places)


ROOMS = sorted(
    {path.name for path in SOURCE.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    | {path.name for path in SOURCE.glob("*.py")}
)


@pytest.mark.parametrize("room", ROOMS)
def test_every_code_that_a_room_can_raise_is_documented(room: str) -> None:
    known = documented()
    missing = {
        code: places
        for code, places in raised().items()
        if code not in known and any(place.split("/")[0].split(":")[0] == room for place in places)
    }
    assert not missing


def test_no_code_is_documented_twice() -> None:
    assert {code: pages for code, pages in documented().items() if len(pages) > 1} == {}


def test_no_code_is_documented_that_nothing_raises() -> None:
    assert sorted(set(documented()) - set(raised())) == []


def test_each_documented_code_says_something() -> None:
    for page in sorted(PAGES.glob("*.md")):
        sections = re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
        for section in sections:
            code, _, body = section.partition("\n")
            assert len(body.strip()) > 20, f"{page.name}, {code}"
