from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from truceline.mission.exercise import run_exercise


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
