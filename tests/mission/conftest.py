from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from truceline.mission.exercise import run_exercise
from truceline.simulate.exercise import build


@pytest.fixture(scope="session")
def small_exercise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole exercise mission, one twentieth as busy, with its keys beside it; copy it before you change it."""
    root = tmp_path_factory.mktemp("small-exercise") / "mission"
    run_exercise(root, formats=("csv", "html"), scale=0.05)
    return root


@pytest.fixture
def own_copy(small_exercise: Path, tmp_path: Path) -> Path:
    """A copy of that mission and of its keys, to do with as one likes."""
    shutil.copytree(small_exercise, tmp_path / "mission")
    shutil.copytree(small_exercise.with_name("mission.keys"), tmp_path / "mission.keys")
    return tmp_path / "mission"


@pytest.fixture(scope="session")
def tiny_exercise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few batches of it: some hundred records, one import, one report; for what is about entries, not about numbers."""
    root = tmp_path_factory.mktemp("tiny-exercise") / "mission"
    whole = build(1, 0.02)
    watches = whole.watches.take(list(range(0, whole.watches.num_rows, 20)))
    few = {name: rows.slice(0, 60) for name, rows in whole.feeds.items()}
    tiny = replace(whole, observer_rows=whole.observer_rows.slice(0, 100), watches=watches, feeds=few)
    run_exercise(root, formats=("csv",), exercise=tiny)
    return root


@pytest.fixture
def tiny(tiny_exercise: Path, tmp_path: Path) -> Path:
    """A copy of that mission and of its keys, to do with as one likes."""
    shutil.copytree(tiny_exercise, tmp_path / "mission")
    shutil.copytree(tiny_exercise.with_name("mission.keys"), tmp_path / "mission.keys")
    return tmp_path / "mission"
