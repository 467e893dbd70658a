"""`truceline trends` on an exercise: a page for the mission, marked and sealed; clear refusals."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from truceline.cli.main import main


def test_trends_of_an_exercise(
    small_exercise: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["truceline", *map(str, words)])
        return (main(), *capsys.readouterr())

    out = tmp_path / "out"
    code, said, err = run("trends", small_exercise, "--out", out, "--decision", "2031-04-01", "--json")
    assert (code, err) == (0, "")
    made = json.loads(said)
    assert made["sealed"]
    assert len(made["hot_spots"]) == 24
    assert all(path.name.startswith("EXERCISE-") for path in out.iterdir())
    page = (out / "EXERCISE-trends-page.html").read_text()
    assert "EXERCISE" in page
    assert "never published" in page
    assert "<script" not in page
    assert (out / "EXERCISE-trends-daily.png").read_bytes().startswith(b"\x89PNG")
    assert "lon" not in (out / "EXERCISE-trends-totals.csv").read_text()
    code, said, _ = run("trends", small_exercise)
    assert code == 0
    assert "watched" in said or "coverage" in said
    code, _, err = run("trends", small_exercise, "--decision", "yesterday")
    assert code == 2
    assert "MIS-191" in err
