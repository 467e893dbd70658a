"""The documents say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import truceline.intake
from truceline import intake
from truceline.intake import mapping
from truceline.records.columns import OBSERVATIONS

ROOT = Path(__file__).parents[2]
FORMATS = ROOT / "docs" / "reference" / "formats.md"
ERRORS = ROOT / "docs" / "reference" / "errors" / "intake.md"


def test_every_error_code_is_explained_and_every_explained_code_is_raised():
    sources = Path(truceline.intake.__file__).parents[1].rglob("*.py")
    raised = {
        code for path in sources for code in re.findall(r'"(INT-\d{3})"', path.read_text(encoding="utf-8"))
    }
    explained = set(re.findall(r"^## (INT-\d{3})$", ERRORS.read_text(encoding="utf-8"), re.MULTILINE))
    assert raised == explained


@pytest.mark.parametrize("name", sorted(intake.FORMATS))
def test_every_format_and_setting_is_in_the_reference(name):
    rows = [
        line for line in FORMATS.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}`")
    ]
    assert len(rows) == 1
    for setting in intake.FORMATS[name].settings:
        assert f"`{setting}`" in rows[0]
    assert ("public" in rows[0]) == intake.FORMATS[name].public


def test_every_column_is_in_the_reference():
    text = FORMATS.read_text(encoding="utf-8")
    for column in OBSERVATIONS:
        assert f"| `{column.name}` | {column.type} | {column.metadata[b'layer'].decode()} |" in text


def test_the_mapping_of_the_reference_is_valid():
    example = re.search(r"```yaml\n(.*?)```", FORMATS.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    assert yaml.safe_load(example[1])["key"] == "nr"
    assert mapping.parse(example[1].encode(), "formats.md").id == "town-log"


def test_every_shipped_mapping_is_in_the_reference():
    text = FORMATS.read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in mapping.shipped())
