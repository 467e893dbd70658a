"""What the benchmark measures is what it says."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.csv
import pytest

from truceline.cli.init import create
from truceline.mission import benching
from truceline.mission.importing import import_file


def test_a_file_in_pieces_has_every_row_once_and_all_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benching, "PIECE_ROWS", 400)
    path = tmp_path / "rows.csv"
    benching._write(path, 1000)
    table = pyarrow.csv.read_csv(path)
    assert pc.count_distinct(table.column("obs_id")).as_py() == table.num_rows == 1000
    assert import_file(create(tmp_path / "mission", parties=[], alignments=[]), path).accepted == 1000


def test_seconds_and_peak_memory_are_those_of_the_process_and_not_of_its_parent() -> None:
    held = bytearray(300_000_000)
    held[::4096] = b"x" * len(held[::4096])
    seconds, peak = benching._measure("import time\nheld = bytearray(80_000_000)\ntime.sleep(0.2)")
    assert seconds >= 0.2
    assert 80_000_000 < peak < 200_000_000 < len(held)
