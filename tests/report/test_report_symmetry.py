"""R7: swapping the labels of the parties swaps them in every output and changes nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from truceline import report
from truceline.report import View
from truceline.report.words import rotated

SWAP = {
    "party-1": "party-2", "party-2": "party-1", "Party-1": "Party-2", "Party-2": "Party-1",
    "north": "south", "south": "north",
}  # fmt: skip


def swapped(text: str) -> str:
    return re.sub("|".join(SWAP), lambda found: SWAP[found.group()], text)


@pytest.mark.parametrize("sides", [False, True], ids=["sides-sealed", "sides-published"])
def test_swapped_labels_swap_and_change_nothing_else(
    build_view: Callable[..., View], tmp_path: Path, sides: bool
) -> None:
    one = build_view(publish_sides=sides)
    other = build_view(("party-2", "party-1"), ("south", "north"), publish_sides=sides)
    texts = []
    for at, view in enumerate((one, other)):
        found = report.write(view, tmp_path / str(at), ("html", "csv", "geojson"))
        figures = next((tmp_path / str(at)).glob("*-figures.csv"))
        texts.append([path.read_text(encoding="utf-8") for path in (*found.values(), figures)])
    for before, after in zip(*texts, strict=True):
        assert swapped(before) == after
    assert json.loads(swapped(json.dumps(report.figures(one)))) == report.figures(other)
    assert "Party-1" in texts[0][0]


def test_order_of_parties_rotates_by_date_and_position_only() -> None:
    assert [rotated(("b", "a", "c"), day) for day in (0, 1, 2, 3)] == [
        ("b", "a", "c"), ("a", "c", "b"), ("c", "b", "a"), ("b", "a", "c"),
    ]  # fmt: skip
    assert rotated((), 7) == ()


def test_sides_stay_out_unless_the_mandate_publishes_them(
    build_view: Callable[..., View], tmp_path: Path
) -> None:
    """R12: neither the side of an incident nor what a finding is about is printed otherwise."""
    view = build_view()
    found = report.write(view, tmp_path, ("html", "csv"))
    for path in (*found.values(), *tmp_path.glob("*-figures.csv")):
        text = path.read_text(encoding="utf-8")
        assert "north" not in text
        assert "side south" not in text
    open_view = build_view(publish_sides=True)
    assert "side north" in report.figures(open_view)["figures"]
