"""Replay at each clearance, with views that lie, on machines that round otherwise, and by another version."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from truceline import fusion
from truceline.errors import EvidenceError
from truceline.mission import computing
from truceline.mission.exercise import run_exercise
from truceline.mission.mission import Mission
from truceline.mission.replaying import replay
from truceline.mission.verifying import verify
from truceline.store import read_metadata, read_table, write_table


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("replay") / "EXERCISE"
    run_exercise(root, formats=("csv",), seed=3, scale=0.05)
    return root


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Callable[..., Path]:
    def of(*without: str) -> Path:
        root = tmp_path / made.name
        shutil.copytree(made, root, ignore=lambda folder, names: [n for n in names if n in without])
        if "keys" not in without:
            shutil.copytree(made.with_name(f"{made.name}.keys"), tmp_path / f"{made.name}.keys")
        return root

    return of


def moved(table: pa.Table, column: str, by: int) -> pa.Table:
    """The table with the first value of a column changed."""
    values = table[column].to_pylist()
    values[0] += by
    place = table.schema.get_field_index(column)
    return table.set_column(
        place, table.schema.field(place), pa.array(values, table.schema.field(place).type)
    )


def test_a_copy_without_what_is_sealed_is_verified_and_replayed_by_the_public(
    copy: Callable[..., Path],
) -> None:
    root = copy("sealed", "views", "keys")
    with pytest.raises(EvidenceError, match="--disclosed-only"):
        verify(root)
    checked = verify(root, disclosed_only=True)
    assert any("not in this copy" in remark for remark in checked.remarks)
    result = replay(Mission.open(root))
    assert (result.clearance, result.identical) == ("public", True)
    assert any("public figures" in one for one in result.compared)
    assert any("auditor" in one for one in result.not_compared)


def test_one_missing_payload_is_found_even_where_the_rest_may_be_missing(copy: Callable[..., Path]) -> None:
    root = copy()
    next(path for path in sorted((root / "sealed" / "payloads").rglob("*")) if path.is_file()).unlink()
    with pytest.raises(EvidenceError, match="EVI-001"):
        verify(root, disclosed_only=True)


def test_a_view_that_lies_is_not_used(copy: Callable[..., Path]) -> None:
    mission = Mission.open(copy())
    path = mission.root / "views" / "incidents.parquet"
    true, metadata = read_table(path), read_metadata(path)
    write_table(path, moved(true, "probability_e4", -1), metadata)
    assert computing.newest_incidents(mission).table.to_pylist() == true.to_pylist()
    assert read_table(path).to_pylist() == true.to_pylist()


@pytest.mark.parametrize(("by", "identical"), [(1, True), (2, False)])
def test_rounding_is_tolerated_and_named_and_change_is_not(
    copy: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, by: int, identical: bool
) -> None:
    mission = Mission.open(copy())
    compute = computing.recompute_incidents
    monkeypatch.setattr(
        computing, "recompute_incidents", lambda *given: moved(compute(*given), "probability_e4", by)
    )
    result = replay(mission)
    assert result.identical is identical
    assert bool(result.tolerated) is identical
    if not identical:
        assert "probability_e4" in result.difference
        assert "RPL-010" in result.difference


def test_what_another_version_made_is_not_recomputed_by_this_one(
    copy: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    mission = Mission.open(copy())
    monkeypatch.setattr(fusion, "VERSION", f"{fusion.VERSION}-other")
    result = replay(mission)
    assert not result.identical
    assert "RPL-011" in result.difference
    assert "Install the Truceline" in result.difference
