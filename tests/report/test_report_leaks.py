"""R17, R19: nothing sealed or coarsened leaves in any format, whatever the view holds."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from truceline import report
from truceline.records.columns import OBSERVATIONS, layer_of
from truceline.report import View
from truceline.report.paper import paper

ODD_MINUTE = 43
HIDDEN = [name for name in OBSERVATIONS.names if layer_of(name) != "disclosed"]
NUMBERS = {name: 71_234_567 + 1_000_003 * at for at, name in enumerate(HIDDEN)}


INCIDENT_NUMBERS = (
    61_122_334, 62_233_445, 63_344_556, 64_455_667, 65_566_778, 66_677_889, 67_788_990, 68_899_001, 69_900_112, 70_011_223,
)  # fmt: skip


def canary(column: str, value: Any) -> Any:
    if column not in HIDDEN:
        return value
    if column.startswith("observed_"):  # a real time, but with a minute nobody else has
        return value // 3_600_000 * 3_600_000 + ODD_MINUTE * 60_000 + 123
    if column == "description":
        return "airburst"
    return f"CANARY-{column}" if OBSERVATIONS.field(column).type == pa.string() else NUMBERS[column]


def poisoned(table: pa.Table, **columns: Any) -> pa.Table:
    for name, value in columns.items():
        field = table.schema.field(name)
        table = table.set_column(
            table.schema.get_field_index(name), field, pa.array([value] * len(table), field.type)
        )
    return table


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory, build_view: Callable[..., View]) -> dict[str, str]:
    plain = build_view(canary=canary)
    view = dataclasses.replace(
        plain,
        incidents=poisoned(
            plain.incidents, place_name="CANARY-place", description="airburst", lon_udeg=61_122_334, lat_udeg=62_233_445,
            cov_ee_m2=63_344_556, cov_en_m2=64_455_667, cov_nn_m2=65_566_778, line_distance_m=66_677_889,
            line_distance_sd_m=67_788_990, side="CANARY-side",
            sides=[{"id": "CANARY-side", "e4": 9_871}], explanation=[{"term": "CANARY-term", "log_odds_e6": 68_899_001}],
        ),
        findings=poisoned(
            plain.findings, distance_m=69_900_112, distance_sd_m=70_011_223, reason="CANARY-reason", needs="CANARY-needs",
            about="CANARY-about",
        ),
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("report")
    found = report.write(view, folder, report.FORMATS)
    read = {name: path.read_text(encoding="utf-8") for name, path in found.items() if name != "pdf"}
    read["figures"] = next(folder.glob("*-figures.csv")).read_text(encoding="utf-8")
    if shutil.which("pdftotext"):
        run = subprocess.run(["pdftotext", "-layout", found["pdf"], "-"], capture_output=True, check=True)
        read["pdf"] = run.stdout.decode()
    return read


@pytest.mark.parametrize("kind", ["html", "csv", "figures", "geojson", "pdf"])
def test_no_sealed_or_coarsened_cell_is_printed(texts: dict[str, str], kind: str) -> None:
    if kind not in texts:
        pytest.skip("pdftotext is not installed")
    text = texts[kind]
    assert len(text) > 1_000
    for word in ("CANARY", "airburst", "a hamlet", "a sentence that an observer wrote", "post-7", "post-9"):
        assert word not in text, word
    for number in (*NUMBERS.values(), *INCIDENT_NUMBERS):
        for shown in (str(number), f"{number:,}", f"{number / 1e6:.6f}", f"{number / 1e6:.4f}"):
            assert shown not in text
    assert f":{ODD_MINUTE}" not in text
    assert "20.987654" not in text
    assert "0.812345" not in text


def test_the_canaries_would_be_found(build_view: Callable[..., View]) -> None:
    """The check can fail: a disclosed column with a canary does show."""
    view = build_view(canary=lambda column, value: "CANARY" if column == "actor" and value else value)
    assert "CANARY" in str(paper(view))
