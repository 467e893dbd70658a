"""Anybody's columns: simulate, fuse, score without a mission, and one clear error for each thing that can be wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from truceline.cli.main import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["truceline", *map(str, words)])
        code = main()
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def simulated(run: Run, folder: Path, rows: int = 1_500) -> tuple[Path, Path]:
    code, out, _ = run(
        "simulate",
        "--observations",
        rows,
        "--seed",
        7,
        "--out",
        folder / "o.parquet",
        "--truth",
        folder / "t.parquet",
        "--json",
    )
    assert code == 0
    assert json.loads(out)["observations"] == rows
    return folder / "o.parquet", folder / "t.parquet"


def test_simulate_fuse_and_score(run: Run, tmp_path: Path) -> None:
    observations, truth = simulated(run, tmp_path)
    files = ("--out", tmp_path / "i.parquet", "--membership", tmp_path / "m.parquet")
    code, out, _ = run("fuse", "--in", observations, *files, "--parameters-out", tmp_path / "p.json")
    assert code == 0
    assert out.startswith("EXERCISE: 1,500 observations make ")
    membership, incidents = pq.read_table(tmp_path / "m.parquet"), pq.read_table(tmp_path / "i.parquet")
    assert membership.column_names == ["obs_id", "incident_id", "existence"]
    assert sorted(membership["obs_id"].to_pylist()) == sorted(
        pq.read_table(observations)["obs_id"].to_pylist()
    )
    assert {
        "incident_id",
        "existence",
        "lon_deg",
        "cov_en_m2",
        "at_ms",
        "type",
        "side",
        "side_probability",
    } <= set(incidents.column_names)
    assert set(membership["incident_id"].drop_null().to_pylist()) == set(incidents["incident_id"].to_pylist())
    for words in (("score",), ("score", "columns")):
        code, out, _ = run(*words, tmp_path / "m.parquet", truth, "--json")
        assert code == 0
        assert {"pairwise_f1", "b3_f1", "brier", "ece"} <= set(json.loads(out))
    again = ("--out", tmp_path / "i2.parquet", "--membership", tmp_path / "m2.parquet")
    assert run("fuse", "--in", observations, *again, "--parameters", tmp_path / "p.json", "--tiled")[0] == 0
    assert pq.read_table(tmp_path / "m2.parquet").equals(membership)


def test_bad_rows_are_set_aside_with_their_reasons(run: Run, tmp_path: Path) -> None:
    observations, _ = simulated(run, tmp_path, 300)
    table = pq.read_table(observations)
    lat = table["lat_udeg"].to_pylist()
    lat[4] = 99_000_000
    table = table.set_column(table.column_names.index("lat_udeg"), "lat_udeg", pa.array(lat, pa.int32()))
    ids = table["obs_id"].to_pylist()
    ids[9] = ids[10]
    pq.write_table(table.set_column(0, "obs_id", pa.array(ids)), tmp_path / "bad.parquet")
    code, out, _ = run(
        "fuse",
        "--in",
        tmp_path / "bad.parquet",
        "--out",
        tmp_path / "i.parquet",
        "--membership",
        tmp_path / "m.parquet",
        "--json",
    )
    assert code == 0
    made = json.loads(out)
    assert (made["observations"], made["rejected"]) == (298, 2)
    reasons = (tmp_path / "i.rejected.csv").read_text()
    assert "FUS-005" in reasons
    assert "99000000" in reasons


def test_a_wrong_call_or_file_gets_one_error_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    observations, truth = simulated(run, tmp_path, 50)
    table = pq.read_table(observations)
    real = [False, *[True] * 49]
    pq.write_table(
        table.set_column(table.column_names.index("exercise"), "exercise", pa.array(real)),
        tmp_path / "mixed.parquet",
    )
    pq.write_table(table.drop_columns(["source_id"]), tmp_path / "short.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    (tmp_path / "p.json").write_text("[1]")
    (tmp_path / "g.json").write_text('{"type": "FeatureCollection"}')
    out = ("--out", tmp_path / "i.parquet", "--membership", tmp_path / "m.parquet")
    calls = [
        (("fuse",), "CLI-046"), (("fuse", "--in", observations), "CLI-046"), (("fuse", "--in", tmp_path / "no.parquet", *out), "CLI-042"),
        (("fuse", "--in", tmp_path / "mixed.parquet", *out), "CLI-043"), (("fuse", "--in", observations, *out, "--geometry", tmp_path / "g.json"), "CLI-044"),
        (("fuse", "--in", observations, *out, "--parameters", tmp_path / "p.json"), "CLI-045"),
        (("fuse", "--in", observations, "--out", tmp_path / "i.parquet", "--membership", tmp_path / "i.parquet"), "CLI-041"),
        (("fuse", "--in", observations, *out, "--tiled", "--core-days", 1, "--halo-days", 2), "SCA-001"),
        (("fuse", "--in", tmp_path / "short.parquet", *out), "INT-"), (("fuse", "--in", tmp_path / "broken.parquet", *out), "INT-"),
        (("simulate",), "CLI-040"), (("simulate", "--observations", 5), "CLI-040"),
        (("simulate", "--observations", 5, "--out", tmp_path / "i.parquet", "--truth", tmp_path / "i.parquet"), "CLI-041"),
        (("simulate", "--observations", 5, "--out", tmp_path / "i.parquet", "--truth", tmp_path / "x.parquet", "--model", "no"), "SIM-009"),
        (("score", tmp_path / "no.parquet", truth), "CLI-042"), (("score", tmp_path / "broken.parquet", truth), "SCO-005"),
        (("score", truth, truth), "SCO-001"),
    ]  # fmt: skip
    for words, code in calls:
        exit_code, said, err = run(*words)
        assert exit_code in (1, 2), words
        assert said == "", words
        assert code in err, (words, err)
        assert err.count("truceline: ") == 1
    assert not (tmp_path / "i.parquet").exists()
    assert not (tmp_path / "m.parquet").exists()
