"""The published JSON Schemas are what the models give, and every agreement that ships satisfies them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from truceline import agreement
from truceline.agreement.schema import FIELD_WORDS

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
MADE = {
    "agreement.schema.json": agreement.schema,
    "agreement-cases.schema.json": agreement.case_schema,
    "plan.schema.json": agreement.plan_schema,
}


@pytest.mark.parametrize("name", MADE)
def test_published_schema_is_current(name: str) -> None:
    kind = "cases" if "cases" in name else name.partition(".")[0]
    assert json.loads((REFERENCE / name).read_text(encoding="utf-8")) == MADE[name](), (
        f"make it again: truceline agreement schema {kind} > docs/reference/{name}"
    )


def test_editors_are_offered_the_words_of_the_code_lists() -> None:
    text = json.dumps(agreement.schema())
    for word in ("weapon_present", "artillery", "flow_limit", "report_and_answer"):
        assert f'"{word}"' in text


@pytest.mark.parametrize("name", MADE)
def test_editors_show_what_every_field_means(name: str) -> None:
    made = MADE[name]()
    for where, one in {**made["$defs"], "": made}.items():
        for field, about in one.get("properties", {}).items():
            assert about.get("description", "").endswith("."), (
                f"say what {where}.{field} means in field_words.yaml"
            )


def test_no_field_is_explained_that_does_not_exist() -> None:
    every = [made() for made in MADE.values()]
    known = {
        field
        for made in every
        for one in (*made["$defs"].values(), made)
        for field in one.get("properties", {})
    }
    explained = {key.rpartition(".")[2] for key in yaml.safe_load(FIELD_WORDS.read_text(encoding="utf-8"))}
    assert explained <= known


def test_every_shape_is_documented() -> None:
    page = (REFERENCE / "agreement-format.md").read_text(encoding="utf-8")
    shapes = [
        one["properties"]["shape"]["const"]
        for one in agreement.schema()["$defs"].values()
        if "shape" in one.get("properties", {})
    ]
    assert len(shapes) >= 18
    assert [shape for shape in shapes if f"| `{shape}` |" not in page] == []
