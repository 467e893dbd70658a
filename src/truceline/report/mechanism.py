"""What is agreed about the mechanism and what is not, as one HTML file; from what `truceline mechanism status --json` prints."""

from __future__ import annotations

from typing import Any

import jinja2

from truceline.report.html import TEMPLATES

WORDS = {
    "principle": "That there is a mechanism", "composition": "Composition: whose observers", "mandate": "Mandate: what it may do and publish",
    "access": "Access: where it may go", "quorum": "Quorum: how many make a team",
}  # fmt: skip


def page(told: dict[str, Any]) -> str:
    """The page's text; no script, nothing from elsewhere."""
    house = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    parties = told["parties"]
    # the order of the parties turns from table to table, so that none stands first everywhere
    tables = [
        element
        | {"title": WORDS.get(element["element"], element["element"]), "order": _turned(parties, number)}
        for number, element in enumerate(told["elements"])
    ]
    return house.get_template("mechanism.html").render(told | {"tables": tables, "words": WORDS})


def _turned(parties: list[str], by: int) -> list[str]:
    cut = by % len(parties) if parties else 0
    return [*parties[cut:], *parties[:cut]]
